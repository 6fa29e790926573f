"""What a determined scraper does with any HTTP client: every door to a person, reveal links, challenges waited out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

from tests.harvest.forms import reveal_form, reveal_link, wait_form
from tests.harvest.job import Clock, Job, Store

LONGEST_WAIT_S: Final = 15.0
"""A challenge that asks for more is left."""
PATIENCE: Final = 8
"""Refusals in a row after which it slows down, as scrapers do that do not want to burn their address."""


@dataclass
class Answer:
    """Status and body."""

    status: int
    text: str


Fetch = Callable[[str, dict[str, str] | None], Awaitable[Answer]]
"""Fetches a URL; with fields, posts them."""


class Walker:
    """One source's visit to the site."""

    def __init__(self, job: Job, source: int, clock: Clock, fetch: Fetch) -> None:
        self.job = job
        self.source = source
        self._clock = clock
        self._fetch = fetch
        self._store = Store(job, source)
        self._refused = 0
        self._no_reveal = 0

    async def get(self, path: str) -> str:
        """One page, stored whatever it is; a challenge is waited out once."""
        url = urljoin(self.job.base, path)
        answer = await self._fetch(url, None)
        form = wait_form(answer.text) if answer.status == 403 else None
        if form and form.wait_s <= min(LONGEST_WAIT_S, self._clock.left_s):
            await asyncio.sleep(form.wait_s + 1)
            answer = await self._fetch(urljoin(url, form.action), form.fields)
        self._store.add(answer.text)
        self._refused = self._refused + 1 if answer.status in {403, 429, 503} else 0
        if self._refused > PATIENCE:
            await asyncio.sleep(min(0.5, self._clock.left_s))
        return answer.text

    async def reveal(self, page: str) -> None:
        """Follows the link behind a masked field and presses the button."""
        link = reveal_link(page)
        if link is None or self._no_reveal > 5:
            return
        asked = await self.get(link)
        form = reveal_form(asked)
        answer = await self._fetch(urljoin(self.job.base, form.action), form.fields) if form else None
        if answer:
            self._store.add(answer.text)
        shown = answer is not None and answer.status == 200 and "@example." in answer.text
        self._no_reveal = 0 if shown else self._no_reveal + 1

    async def walk(self, workers: int) -> None:
        """Everything, until the time is over: the API's list, then each person by page and by API."""
        waiting: asyncio.Queue[str] = asyncio.Queue()
        await self.get("/")
        for page in self.job.list_pages(self.source):
            waiting.put_nowait(f"/api/members?page={page}")
        for number in self.job.share(self.source):
            waiting.put_nowait(f"/members/{number}")
            waiting.put_nowait(f"/api/members/{number}")

        async def work() -> None:
            while self._clock.left_s and not waiting.empty():
                await self.reveal(await self.get(waiting.get_nowait()))

        await asyncio.gather(*(work() for _ in range(workers)))
