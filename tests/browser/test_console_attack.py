"""An attack on a real site behind the real gateway is on the first page, which nobody reloads, within two seconds."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser

from console.test_first_start import PASSWORD
from tests.browser.console_running import WIDE, send
from tests.gateway.conftest import club, starter
from tests.gateway.policies import policy
from tests.gateway.running import Gateway, free_port
from tests.gateway.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.gateway]
PATIENCE_MS = 2_000


@pytest.fixture(scope="module")
def protected() -> Iterator[tuple[Gateway, str]]:
    """`hedgerow protect` before a club's site, with its console; and the link of the first start."""
    with ExitStack() as stack:
        site = club(Site())
        stack.callback(site.close)
        gateway = starter(stack)(policy(site.url), console=f"127.0.0.1:{free_port()}")
        assert gateway.said.wait_for("first start: make the owner's account")
        link = re.search(r"http://\S+/set-up/\S{40,}", gateway.said.text)
        assert link
        yield gateway, link[0]


def test_a_scraping_loop_is_seen_within_two_seconds(browser: Browser, protected: tuple[Gateway, str]) -> None:
    gateway, link = protected
    context = browser.new_context(viewport=WIDE)
    page = context.new_page()
    page.goto(link)
    send(page, f"/set-up/{link.rpartition('/')[2]}", name="ada@club.example", shown_name="Ada", password=PASSWORD)
    page.goto(link.partition("/set-up/")[0])
    page.wait_for_selector("html[data-gateway=running]")
    now = page.locator("[data-live-on~=status]")
    assert "Nobody has been shown anybody" in now.inner_text()

    def scrape() -> None:
        with gateway.wire() as wire:
            for person in range(1, 61):
                assert wire.ask(f"/members/{person}", {}).status == 200

    loop = threading.Thread(target=scrape)
    loop.start()
    loop.join()
    row = now.get_by_role("row", name=re.compile(r"\b60\b")).first
    row.wait_for(timeout=PATIENCE_MS)
    assert now.locator("dl dd").first.inner_text().startswith("60")
    # From there to who it is, without a word of whom they read.
    row.get_by_role("link").click()
    page.wait_for_load_state()
    assert "/principals/club/" in page.url
    assert "Name1x" not in page.content()
    context.close()
