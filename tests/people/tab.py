"""One tab of a real browser, with an eye on everything that could stop its visitor."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Locator, Page, Request, Response, async_playwright

from tests.harvest.browser import agent, launch
from tests.harvest.relay import relay
from tests.people.rows import MOST_IN_A_ROW, Row
from tests.people.setting import Setting


class Tab:
    """A page and what became of its requests."""

    def __init__(self, page: Page, base: str, setting: Setting, row: Row) -> None:
        self.page = page
        self._base = base
        self._setting = setting
        self._row = row
        self._people: set[str] = set()
        self._last = ("", 0)
        self._asides: set[asyncio.Task[None]] = set()
        page.on("request", self._asked)
        page.on("response", self._answered)

    def _asked(self, request: Request) -> None:
        """The same page again and again is a loop."""
        if not request.is_navigation_request() or request.frame != self.page.main_frame:
            return
        url, times = self._last
        self._last = (request.url, times + 1 if request.url == url and request.redirected_from else 1)
        if self._last[1] == MOST_IN_A_ROW + 1:
            self._row.looped += 1

    def _answered(self, response: Response) -> None:
        """Nothing that a page asks for may be refused either; pages themselves are counted when they are there."""
        if response.status in {403, 429} and not response.request.is_navigation_request():
            self._row.refused += 1
            self._row.failures.append(f"{urlsplit(response.url).path} was refused inside a page")

    async def open(self, path: str, *, compare: bool = True) -> str:
        """Goes to a page."""
        return await self._arrived(await self.page.goto(self._base + path), compare=compare)

    async def follow(self, what: Locator, *, compare: bool = True) -> str:
        """Clicks a link or presses a button that leads to a page."""
        async with self.page.expect_navigation() as navigation:
            await what.click()
        return await self._arrived(await navigation.value, compare=compare)

    async def back(self) -> None:
        """Presses Back; the page may come from the browser's memory."""
        await self.page.go_back()

    async def press(self, key: str, *, compare: bool = True) -> str:
        """Presses a key that leads to a page."""
        async with self.page.expect_navigation() as navigation:
            await self.page.keyboard.press(key)
        return await self._arrived(await navigation.value, compare=compare)

    async def _arrived(self, response: Response | None, *, compare: bool) -> str:
        if response is None:
            self._row.failures.append("a page that never came")
            return ""
        body = await response.body()
        text = body.decode("utf-8", "replace")
        self._row.count_status(response.status, text)
        there = urlsplit(self.page.url)
        path = there.path + (f"?{there.query}" if there.query else "")
        if compare and response.ok:
            self._row.compare(self._setting.bare, path, body)
        if there.path.startswith("/members/") and there.path not in self._people:
            self._people.add(there.path)
            self._row.people_read += 1
        return text


class Visitor:
    """A person with a browser of their own, who comes from one address."""

    def __init__(self, context: BrowserContext, base: str, setting: Setting, row: Row) -> None:
        self.context = context
        self.base = base
        self._setting = setting
        self._row = row
        row.visitors += 1

    async def tab(self) -> Tab:
        """A new tab."""
        return Tab(await self.context.new_page(), self.base, self._setting, self._row)


@asynccontextmanager
async def visitor(
    setting: Setting, row: Row, source: str, *, javascript: bool = True, bypass_csp: bool = False
) -> AsyncIterator[Visitor]:
    """A visitor who comes from `source`. `bypass_csp` lets a test's own scripts into the page."""
    server, base = await relay(setting.base, source)
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        context = await browser.new_context(
            user_agent=agent(browser), java_script_enabled=javascript, bypass_csp=bypass_csp
        )
        context.set_default_timeout(30_000)
        try:
            yield Visitor(context, base, setting, row)
        finally:
            await context.close()
            await browser.close()
            server.close()
