"""Scrapy: a spider with a cookie jar for each address, browser headers, and 32 requests at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urljoin

import scrapy
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.crawler import Crawler, CrawlerProcess
from scrapy.http import Response

from tests.harvest.forms import reveal_form, reveal_link
from tests.harvest.job import BROWSER_HEADERS, Job, Store


class OwnConnections(HTTP11DownloadHandler):
    """Scrapy keeps connections by host, whatever address they come from: without keeping, each request has its own."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._pool.persistent = False


class Riverbend(scrapy.Spider):
    """Takes the API's lists first, then each person by page and by API."""

    name = "riverbend"

    def __init__(self, job: Job, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job = job
        self.stores = [Store(job, n) for n in range(len(job.sources))]

    def _ask(self, source: int, path: str, fields: dict[str, str] | None = None) -> scrapy.Request:
        # `bindaddress` and `cookiejar` are Scrapy's own; a slot for each address spreads the concurrency over them.
        meta = {"bindaddress": (self.job.sources[source], 0), "cookiejar": source, "source": source}
        meta["download_slot"] = self.job.sources[source]
        url = urljoin(self.job.base, path)
        if fields is not None:
            return scrapy.FormRequest(url, formdata=fields, meta=meta, callback=self.parse, dont_filter=True)
        return scrapy.Request(url, meta=meta, callback=self.parse)

    async def start(self) -> AsyncIterator[scrapy.Request]:
        """The start requests, the addresses taking turns."""
        for n in range(len(self.job.sources)):
            for page in self.job.list_pages(n):
                yield self._ask(n, f"/api/members?page={page}")
        shares = [self.job.share(n) for n in range(len(self.job.sources))]
        for turn in range(len(shares[0])):
            for n, share in enumerate(shares):
                if turn < len(share):
                    yield self._ask(n, f"/members/{share[turn]}")
                    yield self._ask(n, f"/api/members/{share[turn]}")

    def parse(self, response: Response, **_: Any) -> Iterator[scrapy.Request]:
        """Stores the answer, and follows a reveal link and its button."""
        source = response.meta["source"]
        self.stores[source].add(response.body)
        page = response.body.decode("utf-8", "replace")
        link, form = reveal_link(page), reveal_form(page)
        if link:
            yield self._ask(source, link)
        if form:
            yield self._ask(source, form.action, form.fields)


def main() -> None:
    """Runs the spider until its time is over."""
    job = Job.told()
    single = len(job.sources) == 1
    settings: dict[str, Any] = {
        "CONCURRENT_REQUESTS": 32,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 32 if single else 2,
        "COOKIES_ENABLED": True,
        "ROBOTSTXT_OBEY": False,
        "RETRY_ENABLED": False,
        "HTTPERROR_ALLOW_ALL": True,
        "LOG_LEVEL": "ERROR",
        "TELNETCONSOLE_ENABLED": False,
        "DOWNLOAD_TIMEOUT": 10,
        "DOWNLOAD_DELAY": 0,
        "USER_AGENT": BROWSER_HEADERS["User-Agent"],
        "DEFAULT_REQUEST_HEADERS": {k: v for k, v in BROWSER_HEADERS.items() if k != "User-Agent"},
        "CLOSESPIDER_TIMEOUT": int(job.budget_s),
    }
    if not single:
        settings["DOWNLOAD_HANDLERS"] = {"http": OwnConnections}
    process = CrawlerProcess(settings)
    process.crawl(Riverbend, job=job)
    process.start()


if __name__ == "__main__":
    main()
