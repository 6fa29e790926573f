"""The pages: one subject a module, each with `router(services)`; found by themselves (`hedgerow.console.app`)."""
