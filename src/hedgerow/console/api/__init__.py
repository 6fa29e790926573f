"""The JSON twins of the pages, below /api/v1: one subject a module, each with `router(services)`."""
