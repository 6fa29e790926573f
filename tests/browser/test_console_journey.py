"""The console in a real Chromium, as each role: from the first link to a closed case, by mouse and keyboard.

Time is virtual: sessions end, answers become overdue and looks fall due because the clock is told to go on. axe-core
looks at every page; whatever the browser itself complains of (refused content, scripts, other hosts) fails a test.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pyotp
import pypdfium2  # type: ignore[import-untyped]
import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from case_world import keyed
from console.filing_cases import DANA, state_all
from console.signed_in import START
from console.test_first_start import PASSWORD
from hedgerow.cases.filing import statements
from hedgerow.cases.notices.loading import shipped
from hedgerow.console.access import setup_links
from hedgerow.console.access.roles import Role
from tests.browser.console_running import PHONE, WIDE, Console, running, send

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("HEDGEROW_PICTURES")
"""A folder: every page that axe-core looks at is also pictured there, for people to look at."""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
HARVESTER = f"address:{keyed('address', 'h')}"


@pytest.fixture(scope="module")
def console(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """A console with the ledger of a harvest and some visitors."""
    with running(browser, tmp_path_factory.mktemp("console")) as running_console:
        running_console.with_harvest()
        yield running_console


@pytest.fixture(autouse=True)
def nothing_to_complain_of(console: Console) -> Iterator[None]:
    """The browser complains of nothing in any test."""
    console.complaints.clear()
    yield
    assert console.complaints == []


def picture(page: Page, name: str) -> None:
    """For people who want to look."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def violations(page: Page, *only: str) -> list[str]:
    """What axe-core finds on a page that has it, one line each."""
    options = {"resultTypes": ["violations"], "runOnly": list(only or TAGS)}
    found: dict[str, Any] = page.evaluate("options => axe.run(document, options)", options)
    return [f"{v['id']}: {v['help']}: {[n['html'][:200] for n in v['nodes']]}" for v in found["violations"]]


def opened_case(console: Console) -> str:
    """A case of the harvest, opened by an analyst; its path."""
    page = console.signed_in(Role.ANALYST)
    page.goto("/cases/new")
    send(
        page,
        "/cases/new",
        title="Pages of members read in order",
        reason="one address read forty members, one after the other",
        since=(START - timedelta(days=7)).strftime("%Y-%m-%dT%H:%M"),
        principals=HARVESTER,
    )
    path = page.url.removeprefix(console.base)
    assert re.fullmatch(r"/cases/[\w-]+", path), page.inner_text("main")
    page.context.close()
    return path


def test_from_the_first_link_to_signed_in_with_an_authenticator(console: Console) -> None:
    with console.services.database.session() as session:
        token = setup_links.first(session, console.clock())
    page = console.context().new_page()
    page.goto(f"/set-up/{token}")
    send(page, f"/set-up/{token}", name="ada@example.org", shown_name="Ada", password=PASSWORD)
    assert page.locator(".who").inner_text().startswith("Ada")
    page.goto("/account")
    send(page, "/account/authenticator")
    picture(page, "authenticator")
    key = page.locator("main code").first.inner_text()
    assert page.locator(".code-picture svg").bounding_box()["width"] > 100  # type: ignore[index]
    send(page, "/account/authenticator", code=pyotp.TOTP(key).at(console.clock()))
    assert page.locator("main li code").count() == 10
    send(page, "/sign-out")
    console.clock.forward(minutes=2)
    page.goto("/users")
    assert "/sign-in?next=" in page.url
    send(page, "/sign-in", name="ada@example.org", password=PASSWORD)
    send(page, "/sign-in/code", code=pyotp.TOTP(key).at(console.clock()))
    assert page.url == f"{console.base}/users"
    # The owner adds a colleague, who follows the link and sees what an auditor sees.
    send(page, "/users", name="eve@example.org", shown_name="Eve", roles="auditor")
    link = page.locator("pre").inner_text()
    theirs = console.context().new_page()
    theirs.goto(re.sub(r"^https?://[^/]+", "", link))
    send(theirs, link.rpartition("/")[2], password=PASSWORD)
    assert "auditor" in theirs.locator(".who").inner_text()
    assert "Users" not in theirs.locator("header nav").inner_text()
    page.context.close()
    theirs.context.close()


def _fill_in(page: Page, letter: str) -> int:
    """Fills the gaps of a draft, one after the other; gives the newest version."""
    for version in range(1, 30):
        page.goto(letter)
        article = page.locator("article.letter")
        gap = article.locator('[id^="part-"]', has_text="[to fill in").first
        if not gap.count():
            return version
        place = str(gap.get_attribute("id")).removeprefix("part-")
        send(page, f"/parts/{place}", text="As shown in the annex.")
    raise AssertionError("gaps are never all filled in")


def _sign(page: Page, notices: str, duty: str) -> None:
    owed = shipped().get("EU").to_authority if duty == "authority" else shipped().get("EU").to_people
    assert owed is not None
    page.goto(f"{notices}/decide/EU/{duty}")
    factors = {f"factor.{name}": "yes, so" for name in owed.test.factors}
    send(page, f"/decide/EU/{duty}", outcome="notify", reasons="Names and towns of members.", **factors)


def test_a_harvest_is_contained_counted_written_about_notified_and_closed(console: Console) -> None:
    case = opened_case(console)
    analyst = console.signed_in(Role.ANALYST, name="ann")
    analyst.goto(case)
    send(analyst, f"{case}/containment", step="refuse", hours="24", targets=HARVESTER, reason="it goes on")
    send(analyst, "/effective")
    send(analyst, f"{case}/count")
    assert "40 people" in analyst.locator("#people").inner_text()
    assert "contained" in analyst.locator("main .badge").first.inner_text()
    send(analyst, f"{case}/evidence", reason="for counsel")
    picture(analyst, "case-contained")

    # Counsel judges how bad it is; the analyst may not.
    assert analyst.locator(f'form[action="{case}/severity"]').count() == 0
    counsel = console.signed_in(Role.COUNSEL, name="carl")
    counsel.goto(case)
    send(counsel, f"{case}/severity", context="simple", identification="maximum", reason="names and towns")

    # The letter: drafted by one, approved by another, looked at as a PDF.
    analyst.goto(f"{case}/letters/new?kind=cease_and_desist")
    send(
        analyst,
        f"{case}/letters",
        language="en",
        recipient_name="Data Offers Ltd",
        recipient_address="1 High Street\nLondon",
        recipient_email="legal@offers.example",
        sender_organisation="Example Club",
        sender_address="12 rue des Haies\n75001 Paris",
        sender_place="FR",
        sender_email="privacy@club.example",
        sender_signatory="Dana Example",
        addressed_because="The account names your company as its owner.",
        terms="No automated collection (version of March 2026).",
    )
    letter = analyst.url.removeprefix(console.base).partition("?")[0]
    version = _fill_in(analyst, letter)
    counsel.goto(letter)
    looked_up = counsel.locator('[name="sources_checked"]')
    if looked_up.count():
        looked_up.check()
    send(counsel, f"{letter}/approve")
    with counsel.expect_download() as download:
        counsel.get_by_role("link", name="PDF").first.click()
    with pypdfium2.PdfDocument(download.value.path().read_bytes()) as pdf:
        text = pdf[0].get_textpage().get_text_bounded()
        drawn = pdf[0].render(scale=1)
        inks = set(bytes(drawn.buffer))
    assert "Data Offers Ltd" in text
    assert "Draft, not approved" not in text
    assert len(inks) > 10, "a page is not blank"
    send(counsel, f"{letter}/sent", channel="post", proof="RR 123 FR")
    assert f"version {version}" in counsel.locator("main").inner_text().lower() or version == 1

    # The privacy officer states what the notices need, signs, and records what left.
    with console.services.database.session() as session:
        state_all(session, case.removeprefix("/cases/"), console.clock())
        aware = console.clock().isoformat()
        statements.state(session, case.removeprefix("/cases/"), "events.aware", aware, by=DANA, now=console.clock())
    notices = f"/notices{case}"
    privacy = console.signed_in(Role.PRIVACY, name="pia")
    privacy.goto(f"{notices}/worksheet")
    form = privacy.locator('form:has(input[value="residences"])')
    form.locator('[name="place"]').fill("FR")
    form.locator('[name="low"]').fill("40")
    form.locator('[name="method"]').fill("account")
    with privacy.expect_navigation():
        form.locator("button").click()
    picture(privacy, "worksheet")
    for duty in ("authority", "people"):
        _sign(privacy, notices, duty)
    picture(privacy, "signed")
    privacy.goto(f"{notices}/filings")
    left = console.clock().strftime("%Y-%m-%dT%H:%M")
    send(privacy, f"{notices}/filings", duty="EU/authority", kind="first", at=left, way="online form, receipt 42")
    send(privacy, f"{notices}/filings", duty="EU/people", kind="first", at=left, way="by mail to each of them")
    privacy.locator('[name="given"]').evaluate_all("all => all.forEach(e => e.checked = true)")
    send(privacy, f"{notices}/filings", duty="EU/authority", kind="supplement", at=left, way="online form, receipt 43")
    send(privacy, f"{notices}/register")
    assert "receipt 42" in privacy.locator("main").inner_text()
    for page in (analyst, counsel, privacy):
        page.context.close()

    # Days go by: sessions end, the letter's answer is late, and the pages say so without anybody asking.
    console.clock.forward(days=9)
    console.round()
    counsel = console.signed_in(Role.COUNSEL, name="carl-later")
    counsel.goto("/letters")
    assert "overdue" in counsel.locator("main").inner_text()
    picture(counsel, "letters-overdue")
    counsel.goto(letter)
    send(counsel, f"{letter}/answer", answer="refuses", summary="They say that all is public.")
    send(counsel, f"{letter}/close", reason="The authority has it.")

    # What keeps the case open is said; then it closes with its lesson.
    counsel.goto(f"{case}#closing")
    assert counsel.locator(f'form[action="{case}/close"]').count() == 0
    while counsel.locator('form[action$="/done"]').count():
        send(counsel, "/done", outcome="done")
    send(counsel, f"{case}/lessons", change="The list of members needs a sign-in.", kind="outside")
    closing = counsel.locator("#closing").inner_text()
    assert "Nothing keeps it open." in closing, closing
    send(counsel, f"{case}/close", reason="contained, told, learned")
    assert "closed" in counsel.locator("main .badge").first.inner_text()
    counsel.context.close()

    # The auditor sees all of it, and finds no form but the one to leave.
    auditor = console.signed_in(Role.AUDITOR)
    for path in (case, letter, notices, f"{notices}/worksheet", f"{notices}/filings", f"{notices}/decide/EU/people"):
        answer = auditor.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        assert auditor.locator('main form[method="post"]').count() == 0, path
    auditor.goto("/decisions")
    trail = auditor.locator("main").inner_text()
    for act in ("case.open", "case.close", "letter.approve"):
        assert act in trail, act
    auditor.context.close()


def test_sign_in_and_an_act_by_keyboard_alone(console: Console) -> None:
    page = console.signed_in(Role.OWNER, name="kim@example.org")
    page.goto("/users")
    send(page, "/users", name="kay@example.org", shown_name="Kay", roles="privacy")
    link = page.locator("pre").inner_text()
    page.context.close()
    page = console.context().new_page()
    page.goto(re.sub(r"^https?://[^/]+", "", link))
    send(page, link.rpartition("/")[2], password=PASSWORD)
    send(page, "/sign-out")

    def tab_to(selector: str) -> None:
        for _ in range(80):
            page.keyboard.press("Tab")
            focused = page.locator(f"{selector}:focus")
            if focused.count():
                outline = focused.evaluate("e => getComputedStyle(e).outlineStyle + getComputedStyle(e).boxShadow")
                assert outline != "nonenone", f"nobody sees that {selector} has the focus"
                return
        raise AssertionError(f"{selector} is not reached with the Tab key")

    page.goto("/sign-in?next=/claims/new")
    page.keyboard.press("Tab")
    assert page.locator("a.skip:focus").count() == 1
    tab_to('input[name="name"]')
    page.keyboard.type("kay@example.org")
    tab_to('input[name="password"]')
    page.keyboard.type(PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.url.endswith("/claims/new"), page.inner_text("main")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    tab_to('[name="subject"]')
    page.keyboard.type("A list is offered")
    tab_to('[name="text"]')
    page.keyboard.type("Somebody offers the list of our members.")
    tab_to("main form button")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "A list is offered" in page.locator("main").inner_text()
    page.context.close()


def every_page(console: Console) -> list[str]:
    """Every page of the navigation, and of a case with all that hangs on it."""
    case = opened_case(console)
    navigation = [entry.path for entry in console.app.state.navigation]
    notices = f"/notices{case}"
    return [
        *navigation,
        "/account",
        "/cases/new",
        case,
        f"{case}/others",
        f"{case}/letters/new",
        f"{case}/letters/new?kind=cease_and_desist",
        "/claims/new",
        notices,
        f"{notices}/worksheet",
        f"{notices}/filings",
        f"{notices}/people",
        "/notices/regimes",
        "/notices/regimes/EU",
        "/notices/register",
        "/nowhere",
    ]


@pytest.mark.slow
def test_axe_finds_nothing_wrong_on_any_page_wide_or_small_light_or_dark(console: Console, axe: str) -> None:
    paths = every_page(console)
    wrong: dict[str, list[str]] = {}
    sizes: tuple[tuple[Literal["light", "dark"], ViewportSize], ...] = (("light", WIDE), ("dark", PHONE))
    for scheme, size in sizes:
        page = console.signed_in(Role.OWNER, color_scheme=scheme, viewport=size)
        for path in paths:
            page.goto(path)
            page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            # Evaluated by the browser's debugger, so the page's policy stays in force for the page.
            page.evaluate(axe)
            found = violations(page)
            page.emulate_media(color_scheme="dark" if scheme == "light" else "light")
            found += violations(page, "color-contrast")  # all else is the same in the other colours
            page.emulate_media(color_scheme=scheme)
            picture(page, f"{scheme}{path.partition('?')[0].replace('/', '_')}")
            across = page.evaluate("document.documentElement.scrollWidth")
            if across > size["width"]:
                found.append(f"{across} pixels wide on {size['width']}")
            if found:
                wrong[f"{path} {scheme} {size['width']}"] = found
        page.context.close()
    assert wrong == {}
