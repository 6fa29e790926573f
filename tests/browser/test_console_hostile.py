"""Whatever intruders managed to have stored is opened in a real Chromium: nothing of it runs, on any page.

What is stored comes from the battery of tests/python/console/hostile.py, through every form there is.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from console.hostile import HOSTILE, MARK, crawl, fill_in, in_order
from console.signed_in import SignedIn, sign_in
from console.test_hostile_content import furnished, starts
from hedgerow.console.access import sessions
from hedgerow.console.access.roles import Role
from tests.browser.console_running import Console, running

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def store_hostile_words(console: Console, owner: SignedIn) -> int:
    """Sends every form with words that would run; gives how many were taken."""
    taken = 0
    value = HOSTILE["script"] + HOSTILE["address"]
    for form in in_order(crawl(owner, starts(console.app))):
        taken += fill_in(owner, form, value, everywhere=False).status_code == 303
    return taken


def test_nothing_stored_runs_in_a_browser(browser: Browser, tmp_path: Path) -> None:
    with running(browser, tmp_path) as console:
        console.with_harvest()
        owner = furnished(sign_in(console.app, Role.OWNER, name="owner@example.org"))
        assert store_hostile_words(console, owner) > 30
        pages = [
            path
            for path, answer in crawl(owner, starts(console.app)).items()
            if answer.headers.get("content-type", "").startswith("text/html")
        ]
        marked = 0
        context = console.context()
        cookie = sessions.cookie_name(console.services.settings)
        context.add_cookies([{"name": cookie, "value": owner.client.cookies[cookie], "url": console.base}])
        page = context.new_page()
        for path in pages:
            page.goto(path)
            page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            html = page.content()
            marked += MARK in html
            assert page.locator("a[href^='javascript:' i], form[action^='javascript:' i]").count() == 0, path
            assert page.locator("main script, main img[onerror], main [onload]").count() == 0, path
        context.close()
        assert len(pages) > 30
        assert marked > 10, "hostile words were stored and shown"
        assert console.complaints == []
