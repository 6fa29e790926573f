"""A wrongly refused visitor appeals and is released: real browsers, the real gateway, its console, nobody played."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, expect

from console.test_first_start import PASSWORD
from tests.browser.console_running import WIDE, send
from tests.gateway.conftest import club, starter
from tests.gateway.pages import REFERENCE
from tests.gateway.policies import policy
from tests.gateway.running import Gateway, free_port, until
from tests.gateway.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.gateway, pytest.mark.slow]
WORDS = "I only looked for my aunt Quillfeather."
WHY = "reads member after member"
SORRY = "We are sorry: it was a mistake of ours."


@pytest.fixture
def protected() -> Iterator[tuple[Gateway, str]]:
    """`hedgerow protect --enforce` before a club's site, with its console; and the link of the first start."""
    with ExitStack() as stack:
        site = club(Site())
        stack.callback(site.close)
        gateway = starter(stack)(policy(site.url), enforce=True, console=f"127.0.0.1:{free_port()}")
        assert gateway.said.wait_for("first start: make the owner's account")
        link = re.search(r"http://\S+/set-up/\S{40,}", gateway.said.text)
        assert link
        yield gateway, link[0]


def path_of(link: str) -> str:
    """What follows the host, as forms have it in their action."""
    return re.sub(r"^https?://[^/]+", "", link)


def staff(browser: Browser, link: str) -> tuple[Page, Page]:
    """The owner makes an account by the link of the first start, and lets an analyst and an auditor in."""
    base = link.partition("/set-up/")[0]
    pages = [browser.new_context(viewport=WIDE, base_url=base).new_page() for _ in range(3)]
    owner, analyst, auditor = pages
    owner.goto(link)
    send(owner, path_of(link), name="ada@club.example", shown_name="Ada", password=PASSWORD)
    for page, name, role in ((analyst, "Ann", "analyst"), (auditor, "Eve", "auditor")):
        owner.goto("/users")
        send(owner, "/users", name=f"{name.lower()}@club.example", shown_name=name, roles=role)
        theirs = path_of(owner.locator("pre").inner_text())
        page.goto(theirs)
        send(page, theirs, password=PASSWORD)
    owner.context.close()
    return analyst, auditor


def status(page: Page, url: str) -> int:
    """Goes there; what the answer's status is."""
    answer = page.goto(url)
    assert answer is not None
    return answer.status


def appears(page: Page, path: str, words: str) -> bool:
    """Whether a page, asked for anew, has these words."""
    page.goto(path)
    return words in page.locator("main").inner_text()


def test_a_wrongly_refused_visitor_appeals_and_is_released(browser: Browser, protected: tuple[Gateway, str]) -> None:
    gateway, link = protected
    analyst, auditor = staff(browser, link)
    # The visitor's browser runs no scripts, and comes to the site by a name.
    site = f"http://members.example:{gateway.port}"
    visitor = browser.new_context(java_script_enabled=False).new_page()
    for person in range(1, 4):
        assert status(visitor, f"{site}/members/{person}") == 200
    assert "Name3x" in visitor.content()

    # The analyst comes upon the address, refuses it, and confirms after a look at who is behind it.
    analyst.goto("/principals")
    analyst.locator('section[aria-labelledby="now"]').get_by_role("link", name=re.compile("^address ")).click()
    analyst.wait_for_url("**/principals/club/address/*")
    principal = path_of(analyst.url)
    send(analyst, f"{principal}/measures", act="refuse", lasting="2d", reason=WHY)
    assert "Nothing is decided yet." in analyst.locator("main").inner_text()
    assert status(visitor, f"{site}/members/4") == 200
    with analyst.expect_navigation():
        analyst.get_by_role("button", name="Do it all the same").click()
    assert "The gateway has taken it up." in analyst.locator("body").inner_text()

    # The visitor is refused, is told what to do about it, and says that it was wrong.
    assert status(visitor, f"{site}/members/5") == 403
    refused = visitor.locator("main").inner_text()
    assert "It ends by itself on" in refused
    assert "Name5x" not in visitor.content()
    reference = REFERENCE.search(visitor.locator("body").inner_text())
    assert reference
    visitor.get_by_role("link", name="tell us so").click()
    expect(visitor.locator('[name="reference"]')).to_have_value(reference[0])
    visitor.locator('[name="message"]').fill(WORDS)
    visitor.locator('[name="no_script"]').check()
    with visitor.expect_navigation():
        visitor.locator('form[method="post"] button').click()
    thanks = visitor.locator("main").inner_text()
    assert "a person will read it" in thanks
    number = next(n for n in REFERENCE.findall(thanks) if n != reference[0])

    # The console's own round takes the letter up; a person reads it, beside the verdict in plain words, and answers.
    until(lambda: appears(analyst, "/visitors", number), "the appeal among those that wait", patience_s=20)
    analyst.get_by_role("link", name=number).click()
    analyst.wait_for_url("**/visitors/*")
    appeal = path_of(analyst.url)
    told = analyst.locator("main").inner_text()
    assert WORDS in told
    assert reference[0] in told
    assert "no JavaScript" in told
    verdict = analyst.locator('section[aria-labelledby="verdict"]').inner_text()
    assert "Refuse" in verdict
    assert "Somebody decided to refuse this principal, until it expires." in verdict
    assert "decided about its address" in verdict
    assert status(visitor, f"{site}/members/5") == 403, "until somebody has answered"
    send(analyst, f"{appeal}/answer", outcome="wrong", words=SORRY, reason="three pages are no harvest")
    assert "The visitor is released. The gateway has taken it up." in analyst.locator("body").inner_text()

    # The page they wanted comes back; whoever else is at that address is refused as before.
    assert status(visitor, f"{site}/members/5") == 200
    assert "Name5x" in visitor.content()
    assert gateway.get("/members/5").status == 403

    # The auditor sees all of it, and finds nothing to change it with.
    assert appears(auditor, "/visitors?state=all", number)
    for path in (appeal, principal, "/visitors", "/decisions"):
        assert status(auditor, path) == 200
        assert auditor.locator('main form[method="post"]').count() == 0, path
    assert appears(auditor, appeal, WORDS)
    seen = auditor.locator("main").inner_text()
    for words in (SORRY, "by Ann", "three pages are no harvest", "Released by measure"):
        assert words in seen, words
    assert appears(auditor, principal, WHY)
    auditor.goto("/decisions")
    trail = [row.locator("td").all_inner_texts() for row in auditor.locator("main tbody tr").all()]
    acts = [(who, act) for _, _, who, act, *_ in reversed(trail) if act.startswith(("measure.", "appeal."))]
    assert acts == [
        ("Ann", "measure.set"),
        ("Hedgerow (system)", "appeal.receive"),
        ("Ann", "appeal.answer"),
        ("Ann", "measure.set"),
    ]
    for page in (visitor, analyst, auditor):
        page.context.close()
