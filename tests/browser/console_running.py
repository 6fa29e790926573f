"""A console that real browsers can reach: served on loopback, with a clock that only moves when told."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from case_world import SITE, shown, visitors
from console.signed_in import START, Clock, sign_in
from hedgerow.brain.folder import Folder
from hedgerow.console.access import sessions
from hedgerow.console.access.roles import Role
from hedgerow.console.app import create_app
from hedgerow.console.rounds import Rounds
from hedgerow.console.services import Services
from hedgerow.console.settings import ConsoleSettings
from hedgerow.control import Control
from hedgerow.store.database import Database
from tests.gateway.running import free_port
from written_ledger import Segment

POLICY = Path(__file__).parents[2] / "examples" / "directory" / "hedgerow.yaml"
WIDE, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=800)


@dataclass
class Console:
    """A running console and its surroundings."""

    base: str
    app: FastAPI
    services: Services
    clock: Clock
    browser: Browser
    complaints: list[str] = field(default_factory=list)
    """What any browser complained of: refused content, script errors, dialogs, requests to elsewhere."""
    others: tuple[str, ...] = ()
    """Hosts beside the console that its people are sent to on purpose, as an identity provider is."""
    _names: int = 0

    def with_harvest(self) -> None:
        """Has the policy of the example, and a ledger with a harvest and some visitors."""
        folder = self.services.folder
        folder.own_policy.write_bytes(POLICY.read_bytes())
        rows = [shown(n, START - timedelta(hours=30, seconds=-20 * n), address="h", network="hn") for n in range(1, 41)]
        rows += visitors(40, 300, START - timedelta(days=5))
        Segment(folder.path, SITE).append(*sorted(rows, key=lambda r: int(r["t"])))

    def round(self) -> None:
        """What the console does by the clock, once."""
        Rounds(self.services).once()

    def context(self, **more: Any) -> BrowserContext:
        """A browser of somebody who was never here."""
        context = self.browser.new_context(base_url=self.base, **{"viewport": WIDE, **more})
        context.set_default_timeout(10_000)
        context.on("page", self._watch)
        return context

    def signed_in(self, *roles: Role, name: str = "", **more: Any) -> Page:
        """A page of a new user with these roles."""
        self._names += 1
        token = sign_in(self.app, *roles, name=name or f"{'-'.join(roles)}-{self._names}").client.cookies
        context = self.context(**more)
        cookie = sessions.cookie_name(self.services.settings)
        context.add_cookies([{"name": cookie, "value": token[cookie], "url": self.base}])
        return context.new_page()

    def _watch(self, page: Page) -> None:
        def note(text: str) -> None:
            if "responded with a status of" not in text:
                self.complaints.append(f"{page.url}: {text}")

        page.on("console", lambda m: note(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: note(str(e)))
        ours = (self.base, "data:", *self.others)
        page.on("request", lambda r: None if r.url.startswith(ours) else note(f"asked for {r.url}"))

        def refuse(dialog: Any) -> None:
            note(f"dialog: {dialog.message}")
            dialog.dismiss()

        page.on("dialog", refuse)


@contextmanager
def running(
    browser: Browser,
    folder: Path,
    state: Path | None = None,
    *,
    clock: Clock | None = None,
    control: Any = None,
    settings: ConsoleSettings | None = None,
) -> Iterator[Console]:
    """Serves a console with a database of its own; with the state of a gateway that runs, it is that gateway's."""
    kept = Folder(state or folder / "state")
    kept.prepare()
    database = Database(f"sqlite:///{folder}/console.db")
    database.create_all()
    clock = clock or Clock()
    port = free_port() if settings is None else int(settings.listen.rpartition(":")[2])
    settings = settings or ConsoleSettings()
    services = Services(
        database, kept, control or Control(kept.control), clock, settings, page_patience_s=60, act_patience_s=60
    )
    app = create_app(services)
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", access_log=False, lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True, name="console")
    thread.start()
    end = time.monotonic() + 10
    while not server.started:
        assert thread.is_alive()
        assert time.monotonic() < end, "the console did not start"
        time.sleep(0.01)
    try:
        yield Console(f"http://127.0.0.1:{port}", app, services, clock, browser)
    finally:
        app.state.live.close()
        server.should_exit = True
        thread.join(timeout=20)
        database.close()


def send(page: Page, action: str, **values: str) -> None:
    """Fills in the first form whose action ends so, and presses its button, as somebody with a mouse would."""
    form = page.locator(f'form[action$="{action}"]').first
    form.evaluate("f => { for (let e = f; e; e = e.parentElement) if (e.tagName === 'DETAILS') e.open = true }")
    for name, value in values.items():
        item = form.locator(f'[name="{name}"]').first
        kind = item.evaluate("e => e.tagName === 'SELECT' ? 'select' : e.type")
        if kind == "select":
            item.select_option(value)
        elif kind in ("checkbox", "radio"):
            form.locator(f'[name="{name}"][value="{value}"]').first.check()
        elif kind == "hidden":
            raise AssertionError(f"{name} is not for people")
        else:
            item.fill(value)
    with page.expect_navigation():
        form.locator("button").last.click()
