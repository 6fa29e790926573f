"""curl_cffi: the handshake, the HTTP/2 frames and the headers of Chrome; keeps its cookies."""

from __future__ import annotations

import asyncio

from curl_cffi.requests import AsyncSession
from curl_cffi.requests.exceptions import RequestException

from tests.harvest.doors import Answer, Walker
from tests.harvest.job import Clock, Job


async def visit(job: Job, source: int, clock: Clock) -> None:
    """One address."""
    workers = 8 if len(job.sources) == 1 else 1
    # HTTP/1.1, as Chrome speaks it without TLS; the default would ask to upgrade, which no browser does.
    async with AsyncSession(impersonate="chrome", http_version="v1", max_clients=workers) as client:

        async def fetch(url: str, fields: dict[str, str] | None) -> Answer:
            method = "GET" if fields is None else "POST"
            try:
                answer = await client.request(method, url, data=fields, interface=job.sources[source], timeout=10)
            except RequestException as e:
                return Answer(503, type(e).__name__)
            return Answer(answer.status_code, answer.text)

        await Walker(job, source, clock, fetch).walk(workers)


async def run(job: Job) -> None:
    """All addresses at once."""
    clock = Clock(job.budget_s)
    await asyncio.gather(*(visit(job, n, clock) for n in range(len(job.sources))))


if __name__ == "__main__":
    asyncio.run(run(Job.told()))
