"""Today, principals and the visitors' side in a real browser: live, for everybody, in both colours, on a phone."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.async_api import async_playwright

from tests.harvest.browser import launch
from tests.people.access import violations

sys.path.insert(0, str(Path(__file__).parent.parent / "python"))
from case_world import SITE
from console.signed_in import Clock, sign_in
from console.test_visitors import REFERENCE, VERDICT, put
from console.watched_world import HARVESTER, NETWORK, EdgeThatSays, top, watched
from hedgerow.brain.folder import Folder
from hedgerow.console import intake_round
from hedgerow.console.access import sessions
from hedgerow.console.access.roles import Role
from hedgerow.console.services import Services
from hedgerow.control import Control
from hedgerow.store.database import Database

pytestmark = pytest.mark.browser


@dataclass
class Served:
    """A console that is served, and a browser's cookie for it."""

    base: str
    cookie: dict[str, str]
    edge: EdgeThatSays
    paths: tuple[str, ...]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The console of the tests' world, on a socket."""
    folder = Folder(tmp_path_factory.mktemp("watching") / "state")
    folder.prepare()
    database = Database(f"sqlite:///{folder.path}/console.db")
    database.create_all()
    app, edge = watched(
        Services(database, folder, Control(folder.control), Clock(), page_patience_s=60, act_patience_s=60)
    )
    edge.explained = {REFERENCE: VERDICT}
    put(folder.path)
    intake_round.take_up(app.state.services)
    browser = sign_in(app, Role.OWNER)
    appeal = browser.client.get("/api/v1/visitors").json()["appeals"][0]["id"]
    name = sessions.cookie_name(app.state.services.settings)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", proxy_headers=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    one = f"/principals/{SITE}/address/{HARVESTER}"
    paths = ("/", "/principals", one, f"{one}/record", "/measures", "/visitors?state=all", f"/visitors/{appeal}")
    cookie = {"name": name, "value": str(browser.client.cookies.get(name)), "url": base}
    yield Served(base, cookie, edge, paths)
    app.state.live.close()
    server.should_exit = True
    thread.join(20)
    listening.close()
    database.close()


async def _look(served: Served, scheme: Any, width: int) -> tuple[dict[str, list[str]], list[str]]:
    """What axe finds by page; what the browser complains of, and pages that are wider than the screen."""
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        try:
            context = await browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
            await context.add_cookies([served.cookie])  # type: ignore[list-item]
            page = await context.new_page()
            said: list[str] = []
            wrong: dict[str, list[str]] = {}
            page.on("console", lambda m: said.append(m.text) if m.type in ("error", "warning") else None)
            page.on("pageerror", lambda e: said.append(str(e)))
            for path in served.paths:
                await page.goto(served.base + path)
                if path.startswith("/principals/"):
                    await page.wait_for_selector("#timeline")
                if path == "/":
                    await page.wait_for_selector(".course canvas")
                wide = int(await page.evaluate("document.documentElement.scrollWidth"))
                if wide > width:
                    said.append(f"{path} is {wide} pixels wide")
                if found := await violations(page):
                    wrong[path] = found
            return wrong, said
        finally:
            await browser.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390), ("light", 320)])
def test_everybody_can_read_the_pages(served: Served, scheme: str, width: int) -> None:
    wrong, said = asyncio.run(_look(served, scheme, width))
    assert wrong == {}
    assert said == [], "the policy of the page is kept, and nothing is wider than the screen"


async def _attack(served: Served) -> float:
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        try:
            context = await browser.new_context()
            await context.add_cookies([served.cookie])  # type: ignore[list-item]
            page = await context.new_page()
            await page.goto(served.base)
            await page.wait_for_selector("html[data-gateway=running]")
            begun = time.monotonic()
            served.edge.top = [top("ab" * 8, 99)]
            await page.wait_for_selector("text=address abababab", timeout=10_000)
            return time.monotonic() - begun
        finally:
            await browser.close()


def test_an_attack_is_on_the_open_page_within_two_seconds(served: Served) -> None:
    assert asyncio.run(_attack(served)) < 2


async def _without_scripts(served: Served) -> str:
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        try:
            context = await browser.new_context(java_script_enabled=False)
            await context.add_cookies([served.cookie])  # type: ignore[list-item]
            page = await context.new_page()
            await page.goto(f"{served.base}/principals/{SITE}/network/{NETWORK}")
            await page.select_option("#f-act", "refuse")
            await page.fill("#f-reason", "reads all of them")
            await page.click("form[action$='/measures'] button")
            await page.click("text=Do it all the same")
            return await page.inner_text("main")
        finally:
            await browser.close()


def test_a_network_is_refused_without_scripts_after_a_look_at_who_is_behind_it(served: Served) -> None:
    said = asyncio.run(_without_scripts(served))
    assert "Refuse, until" in said
    assert "reads all of them" in said
