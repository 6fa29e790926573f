"""Real Chromium: solves every challenge, loads pages with all that belongs to them, and uses fetch for the rest."""

from __future__ import annotations

import asyncio
from typing import Final

from playwright.async_api import Browser as Chromium
from playwright.async_api import Error, Page, async_playwright

from tests.harvest.browser import agent, content, launch, pass_challenge
from tests.harvest.job import Clock, Job, Store
from tests.harvest.relay import relay

AT_ONCE: Final = 10
"""Pages that load at the same time; more only make each other wait on a small machine."""
BATCH: Final = 10
"""Addresses fetched in one go from inside a page."""
FETCH: Final = """urls => Promise.all(urls.map(async url => {
  try { const r = await fetch(url); return [r.status, await r.text()]; } catch (e) { return [0, String(e)]; }
}))"""


class Visit:
    """One tab of one address."""

    def __init__(self, job: Job, source: int, base: str, page: Page, turn: asyncio.Semaphore) -> None:
        self.base, self.page, self.turn = base, page, turn
        self.clock = Clock(0)
        self.store = Store(job, source)
        self.no_reveal = 0

    async def open(self, path: str) -> str:
        """Goes to a page, passes its challenge, and stores what is there."""
        async with self.turn:
            try:
                await self.page.goto(self.base + path, wait_until="domcontentloaded", timeout=15_000)
                await pass_challenge(self.page, min(20.0, self.clock.left_s))
            except Error:
                return ""
            page = await content(self.page)
        self.store.add(page)
        return page

    async def fetch(self, paths: list[str]) -> None:
        """Fetches from inside the page; whatever is refused is opened as a page once, to solve what may be solved."""
        async with self.turn:
            try:
                answers = await self.page.evaluate(FETCH, paths)
            except Error:
                return
        for _, text in answers:
            self.store.add(text)
        refused = [path for path, (status, _) in zip(paths, answers, strict=True) if status in {403, 429}]
        if refused:
            await self.open(refused[0])
            await asyncio.sleep(min(0.3, self.clock.left_s))

    async def reveal(self) -> None:
        """Presses what a person would press to see a contact."""
        if self.no_reveal > 3:
            return
        async with self.turn:
            try:
                await self.page.locator("a.hedgerow-reveal").first.click(timeout=2_000)
                await pass_challenge(self.page, min(20.0, self.clock.left_s))
                await self.page.locator("form[action$='/reveal'] button").first.click(timeout=2_000)
                await self.page.wait_for_load_state("domcontentloaded", timeout=5_000)
            except Error:
                self.no_reveal += 1
                return
            page = await content(self.page)
        self.store.add(page)
        self.no_reveal = 0 if "mailto:" in page else self.no_reveal + 1

    async def walk(self, clock: Clock, ids: list[int], pages: list[int]) -> None:
        """Everything, until the time is over."""
        self.clock = clock
        await self.open("/")
        for start in range(0, len(pages), BATCH):
            if self.clock.left_s:
                await self.fetch([f"/api/members?page={p}" for p in pages[start : start + BATCH]])
        for start in range(0, len(ids), BATCH):
            if not self.clock.left_s:
                return
            some = ids[start : start + BATCH]
            await self.fetch([f"/members/{n}" for n in some])
            await self.fetch([f"/api/members/{n}" for n in some])
            # One of each ten is looked at as a person would, in the hope of a contact.
            if "hedgerow-reveal" in await self.open(f"/members/{some[0]}"):
                await self.reveal()


async def prepare(job: Job, source: int, browser: Chromium, turn: asyncio.Semaphore) -> list[Visit]:
    """The tabs of one address: one, and four when it is the only one."""
    async with turn:
        _, base = await relay(job.base, job.sources[source])
        context = await browser.new_context(user_agent=agent(browser))
        tabs = 4 if len(job.sources) == 1 else 1
        return [Visit(job, source, base, await context.new_page(), turn) for _ in range(tabs)]


async def run(job: Job) -> None:
    """All addresses at once. The time begins when all tabs are open: starting a browser is not harvesting."""
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        turn = asyncio.Semaphore(AT_ONCE)
        visitors = await asyncio.gather(*(prepare(job, n, browser, turn) for n in range(len(job.sources))))
        clock = Clock(job.budget_s)
        await asyncio.gather(
            *(
                visit.walk(clock, job.share(n)[tab :: len(visits)], job.list_pages(n)[tab :: len(visits)])
                for n, visits in enumerate(visitors)
                for tab, visit in enumerate(visits)
            )
        )
        await browser.close()


if __name__ == "__main__":
    asyncio.run(run(Job.told()))
