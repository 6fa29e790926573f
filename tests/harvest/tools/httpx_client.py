"""httpx with a browser's headers that throws its cookies away, because a cookie can be counted against it."""

from __future__ import annotations

import asyncio

try:
    import httpx
except ModuleNotFoundError:
    # Where the harvest's own tools are not installed: the same client under its later name, which Hedgerow has.
    import httpx2 as httpx  # type: ignore[no-redef]

from tests.harvest.doors import Answer, Walker
from tests.harvest.job import BROWSER_HEADERS, Clock, Job


async def visit(job: Job, source: int, clock: Clock) -> None:
    """One address."""
    transport = httpx.AsyncHTTPTransport(local_address=job.sources[source], retries=0)
    async with httpx.AsyncClient(
        transport=transport, headers=BROWSER_HEADERS, timeout=10, follow_redirects=True
    ) as client:

        async def fetch(url: str, fields: dict[str, str] | None) -> Answer:
            try:
                answer = await (client.get(url) if fields is None else client.post(url, data=fields))
            except httpx.HTTPError as e:
                return Answer(503, type(e).__name__)
            # Kept for the challenge's own form, which is bound to the session, and thrown away after that.
            if answer.status_code != 403:
                client.cookies.clear()
            return Answer(answer.status_code, answer.text)

        await Walker(job, source, clock, fetch).walk(8 if len(job.sources) == 1 else 1)


async def run(job: Job) -> None:
    """All addresses at once."""
    clock = Clock(job.budget_s)
    await asyncio.gather(*(visit(job, n, clock) for n in range(len(job.sources))))


if __name__ == "__main__":
    asyncio.run(run(Job.told()))
