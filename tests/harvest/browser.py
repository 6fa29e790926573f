"""Chromium under Playwright: how it is started, and how a page of ours is passed by a browser that runs scripts."""

from __future__ import annotations

import asyncio
import shutil
import time
from typing import Final

from playwright.async_api import Browser as Chromium
from playwright.async_api import Error, Page, Playwright

FLAGS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-blink-features=AutomationControlled",
]


def program() -> str:
    """The browser on this machine.

    Raises:
        FileNotFoundError: if there is none.
    """
    found = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)
    if found is None:
        raise FileNotFoundError("no Chromium; on Debian: apt-get install chromium")
    return found


async def launch(playwright: Playwright) -> Chromium:
    """Starts it."""
    return await playwright.chromium.launch(executable_path=program(), args=FLAGS)


def agent(browser: Chromium) -> str:
    """Its name without the word that says that nobody is watching."""
    return (
        f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{browser.version.split('.')[0]}"
        ".0.0.0 Safari/537.36"
    )


async def content(page: Page) -> str:
    """The page as it stands, also while it is being left for another."""
    for _ in range(20):
        try:
            return await page.content()
        except Error:
            await asyncio.sleep(0.05)
    return ""


async def pass_challenge(page: Page, longest_s: float) -> bool:
    """Waits for a challenge, if there is one, to be solved by the page's own script; whether none is left."""
    end = time.monotonic() + longest_s
    while "/.hedgerow/prove" in await content(page):
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.1)
    return True
