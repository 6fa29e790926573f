"""Our own pages for everybody: with a keyboard only, and by axe-core."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import time
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.async_api import Page

from tests.harvest.browser import content
from tests.people.rows import CHALLENGE, Row
from tests.people.setting import Setting
from tests.people.tab import Visitor, visitor

HERE: Final = Path(__file__).parent
MOST_TABS: Final = 30
"""Presses of the Tab key until anything on a page of ours must have been reached."""
MOST_ASKED: Final = 400
"""People asked for until every step of the ladder must have been met."""


@cache
def axe() -> str:
    """The source of axe-core, as locked; brought by npm when it is not here."""
    file = HERE / "node_modules" / "axe-core" / "axe.min.js"
    if not file.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise FileNotFoundError("axe-core is not here and npm is missing; on Debian: apt-get install npm")
        subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=HERE, check=True, capture_output=True)
    return file.read_text(encoding="utf-8")


async def violations(page: Page) -> list[str]:
    """What axe-core finds on a page, as sentences."""
    await page.evaluate(axe())
    found: dict[str, Any] = await page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
    )
    where = urlsplit(page.url).path
    heading = await page.title()
    return [f"axe on {where} ({heading}): {v['id']}, {v['nodes'][0]['html'][:120]}" for v in found["violations"]]


async def _spend(person: Visitor, setting: Setting, number: int) -> tuple[int, str]:
    """Asks for one more person in the name of this visitor, as their browser would."""
    answer = await person.context.request.get(
        f"{person.base}{setting.directory.members[number].path}",
        headers={"Accept": "text/html", "Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate"},
        max_redirects=0,
    )
    return answer.status, await answer.text()


async def _to_challenge(person: Visitor, setting: Setting) -> str | None:
    """Reads until a challenge comes; where it came."""
    for number in range(100, min(100 + MOST_ASKED, len(setting.directory.members)), 3):
        status, text = await _spend(person, setting, number)
        if status == 403 and CHALLENGE in text:
            return setting.directory.members[number].path
    return None


async def _tab_to(page: Page, selector: str) -> bool:
    """Presses Tab until the element has the focus, and it can be seen that it has."""
    for _ in range(MOST_TABS):
        await page.keyboard.press("Tab")
        if await page.locator(f"{selector}:focus").count():
            return True
    return False


async def _keyboard(setting: Setting, row: Row) -> None:
    aside = Row("aside")
    async with visitor(setting, row, "127.63.1.1", javascript=False) as person:
        tab = await person.tab()
        member = setting.directory.popular(1)[0]
        await tab.open(member.path)
        row.expect(await _tab_to(tab.page, "a.hedgerow-reveal"), "the reveal link cannot be reached with the keyboard")
        await tab.press("Enter", compare=False)
        row.expect(await _tab_to(tab.page, "form[action$='/reveal'] button"), "the reveal button cannot be reached")
        shown = await tab.press("Enter", compare=False)
        row.expect(member.email in shown or member.tel in shown, "the keyboard did not reveal the contact")
    async with visitor(setting, aside, "127.63.2.1", javascript=False) as person:
        path = await _to_challenge(person, setting)
        row.expect(path is not None, "no challenge came, so it could not be tried")
        if path is None:
            return
        page = await person.context.new_page()
        await page.goto(person.base + path)
        form = page.locator("form#wait")
        wait_s = float(await form.get_attribute("data-wait-s") or "0")
        ready = time.monotonic() + wait_s + 1
        row.expect(await _tab_to(page, "form#wait button"), "the button of the challenge cannot be reached")
        await asyncio.sleep(max(0.0, ready - time.monotonic()))
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        row.expect(CHALLENGE not in await content(page), "the challenge is still there after the wait and Enter")
        row.expect(urlsplit(page.url).path == path, "the challenge did not lead to the page that was meant")


def keyboard(setting: Setting) -> Row:
    """Through the reveal page and a challenge with the keyboard only, without scripts."""
    row = Row("keyboard only, no scripts")
    asyncio.run(_keyboard(setting, row))
    return row


async def _solve(setting: Setting, row: Row) -> None:
    """The challenge with scripts: nobody presses anything."""
    aside = Row("aside")
    async with visitor(setting, aside, "127.63.3.1") as person:
        path = await _to_challenge(person, setting)
        row.expect(path is not None, "no challenge came, so it could not be tried")
        if path is None:
            return
        tabs = [await person.context.new_page() for _ in range(3)]
        row.visitors += 1
        await asyncio.gather(*(t.goto(person.base + path, wait_until="commit") for t in tabs))
        for t in tabs:
            try:
                await t.wait_for_selector("article.profile, div.profile", timeout=60_000)
            except Exception as e:  # noqa: BLE001 - whatever it is, the visitor did not get through
                heading = re.search(r"<h1[^>]*>(.*?)</h1>", await content(t), re.DOTALL)
                row.failures.append(
                    f"a tab did not get through the challenge ({type(e).__name__}, {heading and heading[1]})"
                )
                return
            row.people_read += 1


def challenge_in_three_tabs(setting: Setting) -> Row:
    """A challenge that three tabs meet at once goes by itself in each of them."""
    row = Row("challenge, three tabs, scripts on")
    asyncio.run(_solve(setting, row))
    return row


async def _axe(setting: Setting, row: Row) -> None:
    async with visitor(setting, row, "127.63.4.1", bypass_csp=True) as person:
        page = await person.context.new_page()
        # The challenge's script would solve it and go on before axe has looked.
        await page.route("**/.hedgerow/assets/prove.js", lambda route: route.abort())
        looked: set[str] = set()

        async def look(path: str) -> None:
            await page.goto(person.base + path)
            row.failures += await violations(page)
            looked.add(await page.title())

        members = setting.directory.popular(3)
        for path in ("/", "/members", "/groups/choir", "/search?q=potter", "/sign-in", *(m.path for m in members)):
            await look(path)
        if not setting.protected:
            return
        await page.goto(person.base + members[0].path)
        link = await page.locator("a.hedgerow-reveal").first.get_attribute("href")
        row.expect(link is not None, "no reveal link to look at")
        if link:
            await look(link)
        for path in ("/.hedgerow/nothing", "/.hedgerow/why/0000-0000-0000", "/.hedgerow/reveal?t=wrong"):
            await look(path)
        await _axe_of_the_ladder(setting, row, person, page, look)
        row.people_read = 0
        row.masked_pages = row.identical_pages = 0
        row.journey += f" ({len(looked)} pages)"
        row.expect(len(looked) >= 12, f"only {len(looked)} different pages were met: {sorted(looked)}")


async def _axe_of_the_ladder(setting: Setting, row: Row, person: Visitor, page: Page, look: Any) -> None:
    """Every page that somebody meets who goes on and on."""
    met: set[str] = set()
    for number in range(min(MOST_ASKED, len(setting.directory.members))):
        status, text = await _spend(person, setting, number)
        found = re.search(r"<h1[^>]*>(.*?)</h1>", text, re.DOTALL)
        if status == 200 or found is None or found[1] in met:
            continue
        met.add(found[1])
        await look(setting.directory.members[number].path)
        why = page.locator("a.number")
        if await why.count():
            await look(str(await why.first.get_attribute("href")))
            await page.goto(person.base + setting.directory.members[number].path)
        if CHALLENGE in text and await page.locator("form#wait button").count():
            # Pressed too early, without the script that would prevent it.
            async with page.expect_navigation():
                await page.locator("form#wait button").click()
            row.failures += await violations(page)
    row.expect(bool(met), "no step of the ladder was met")


def accessibility(setting: Setting) -> Row:
    """axe-core on the site's pages with masks in them, and on every page of ours that can be brought about."""
    row = Row("axe-core")
    asyncio.run(_axe(setting, row))
    return row
