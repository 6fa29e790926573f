"""Ordinary visitors with real Chromium."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from examples.directory import Member
from tests.people.rows import Row
from tests.people.setting import Setting
from tests.people.tab import Tab, visitor


async def _look_around(tab: Tab, setting: Setting, row: Row) -> list[Member]:
    """The front page, four pages of the list, profiles of each, and back; gives who was looked at."""
    seen: list[Member] = []
    await tab.open("/")
    await tab.follow(tab.page.locator("nav[aria-label=Main] a", has_text="Members"))
    for turn in range(4):
        here = tab.page.url
        for n in range(-(-setting.profiles // 4)):
            if len(seen) == setting.profiles:
                break
            link = tab.page.locator("li.member a.name").nth(3 + 5 * n + turn)
            name = await link.inner_text()
            page = await tab.follow(link)
            row.expect(name in page, f"the profile of a member listed on page {turn + 1} does not say who it is")
            number = int(urlsplit(tab.page.url).path.rsplit("/", 1)[1])
            seen.append(setting.directory.members[number - 1])
            row.expect(seen[-1].biography in page, f"the biography of {tab.page.url} is missing")
            await tab.back()
            row.expect(tab.page.url == here, "Back did not lead back to the list")
        await tab.follow(tab.page.locator("nav.pager a[rel=next]"))
    return seen


async def _search(tab: Tab, setting: Setting, row: Row) -> None:
    """Types a name, with the suggestions that come meanwhile, and presses Enter."""
    wanted = setting.directory.popular(3)[2]
    await tab.page.locator("#q").press_sequentially(wanted.name, delay=25)
    await tab.page.wait_for_function("document.querySelectorAll('#suggestions option').length > 0")
    # Through the keyboard: a native list of suggestions would swallow a click on the button.
    found = await tab.press("Enter")
    row.expect(wanted.name in found, "the search did not find a member by name")


async def _reveal(tab: Tab, setting: Setting, row: Row, member: Member) -> None:
    """Asks for one contact: the link, the button, the address."""
    page = await tab.open(member.path)
    if not setting.protected:
        row.expect(member.email in page, "the bare site hides an address")
        return
    row.expect(member.email not in page, f"the e-mail address of {member.path} is shown unasked")
    link = tab.page.locator("a.hedgerow-reveal", has_text="mail")
    if await link.count() == 0:
        row.failures.append(f"no link on {member.path} shows the e-mail address")
        return
    await tab.follow(link.first, compare=False)
    shown = await tab.follow(tab.page.locator("form[action$='/reveal'] button"), compare=False)
    row.expect(member.email in shown, "the e-mail address is not shown after the button was pressed")
    row.expect(urlsplit(tab.page.url).path == member.path, "the button did not lead back to the profile")
    again = await tab.open(member.path, compare=False)
    row.expect(member.email in again, "an address that was revealed is hidden again")


async def _browse(setting: Setting, row: Row) -> None:
    async with visitor(setting, row, "127.60.1.1") as person:
        tab = await person.tab()
        seen = await _look_around(tab, setting, row)
        await _search(tab, setting, row)
        await _reveal(tab, setting, row, seen[0])


def browse(setting: Setting) -> Row:
    """Browse, search, open fifteen profiles, go back, reveal one contact."""
    row = Row("browse, search, reveal a contact")
    asyncio.run(_browse(setting, row))
    return row


async def _tabs(setting: Setting, row: Row) -> None:
    async with visitor(setting, row, "127.60.2.1") as person:
        first = await person.tab()
        await first.open("/")
        others = [first, await person.tab(), await person.tab()]
        popular = setting.directory.popular(9)
        for n in range(3):
            pages = await asyncio.gather(*(t.open(popular[n * 3 + k].path) for k, t in enumerate(others)))
            row.expect(all("<h1" in page for page in pages), "one of three tabs stayed empty")


def three_tabs(setting: Setting) -> Row:
    """Three tabs at once, three times, from a first visit on."""
    row = Row("three tabs at once")
    asyncio.run(_tabs(setting, row))
    return row


async def _member(setting: Setting, row: Row) -> None:
    async with visitor(setting, row, "127.60.3.1") as person:
        tab = await person.tab()
        await tab.open("/")
        await tab.follow(tab.page.locator("nav[aria-label=Main] a", has_text="Account"))
        await tab.page.locator("#name").fill("avery")
        await tab.page.locator("#password").fill("riverbend")
        await tab.follow(tab.page.locator("form.sheet button"), compare=False)
        row.expect(await tab.page.locator("#who").inner_text() == "avery", "signing in did not lead to the account")
        for member in setting.directory.popular(setting.profiles)[:10]:
            page = await tab.open(member.path)
            row.expect(member.email in page, f"a member of many years does not see the address on {member.path}")
        await tab.open("/account", compare=False)
        await tab.follow(tab.page.locator("main form button"), compare=False)
        row.expect(urlsplit(tab.page.url).path == "/", "signing out did not lead home")


def signed_in(setting: Setting) -> Row:
    """Signs in, reads ten people with their contacts, signs out."""
    row = Row("sign in, read, sign out")
    asyncio.run(_member(setting, row))
    return row
