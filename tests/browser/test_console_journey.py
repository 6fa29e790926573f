"""The whole way of an incident in a real Chromium, behind the real gateway before the example site: nobody is played.

Each role does its part in a browser of its own. Time is the wall's, and goes on by days when it is told to: sessions
end, clocks of notices run out and answers become overdue by it. The privacy officer's browser runs no scripts.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pypdfium2  # type: ignore[import-untyped]
import pytest
import yaml
from playwright.sync_api import Browser, Page

from console.filing_cases import DANA, state_all
from console.signed_in import Clock
from hedgerow.cases.filing import statements
from hedgerow.cases.notices.loading import shipped
from hedgerow.console.access.roles import Role
from tests.browser.console_running import POLICY, Console, running, send
from tests.gateway.conftest import starter
from tests.gateway.running import Gateway
from tests.harvest import processes

pytestmark = [pytest.mark.browser, pytest.mark.gateway, pytest.mark.slow]
PATIENCE_MS: Final = 2_000
ASKED: Final = 90
"""Members that the harvester asks for."""


@dataclass
class Running(Clock):
    """The wall's time, and so much later as was told."""

    ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        """The moment."""
        return datetime.now(UTC) + self.ahead

    def forward(self, **by: float) -> None:
        """Goes on."""
        self.ahead += timedelta(**by)


@pytest.fixture
def protected(browser: Browser, tmp_path: Path) -> Iterator[tuple[Gateway, Console]]:
    """The example site behind `hedgerow protect --enforce` with the example's policy, and a console of its state."""
    with ExitStack() as stack:
        site = stack.enter_context(processes.site(300, 7))
        policy = yaml.safe_load(POLICY.read_text(encoding="utf-8"))
        policy["sites"][0]["upstream"] = site
        gateway = starter(stack)(policy, enforce=True)
        console = stack.enter_context(running(browser, tmp_path, gateway.state, clock=Running()))
        console.services.folder.own_policy.write_bytes(POLICY.read_bytes())
        yield gateway, console
        assert console.complaints == []


def harvest(gateway: Gateway) -> set[int]:
    """Asks for members one after the other, as a program would; the members whose page came."""
    got = set()
    with gateway.wire() as wire:
        for member in range(1, ASKED + 1):
            answer = wire.ask(f"/members/{member}", {"User-Agent": "python-requests/2.32"})
            if answer.status == 200:
                got.add(member)
    return got


def seen_at_once(gateway: Gateway, page: Page) -> set[int]:
    """The harvest runs while somebody looks at the first page; whom it got."""
    page.goto("/")
    page.wait_for_selector("html[data-gateway=running]")
    now = page.locator('section[aria-labelledby="now"]')
    assert "Nobody has been shown anybody" in now.inner_text()
    got: set[int] = set()
    program = threading.Thread(target=lambda: got.update(harvest(gateway)))
    program.start()
    program.join()
    assert 3 < len(got) < ASKED, "the budgets slowed it down"
    row = now.get_by_role("row", name=re.compile(rf"^address \w+ {len(got)}\b"))
    row.wait_for(timeout=PATIENCE_MS)
    assert "The agent names a programming library" in row.inner_text()
    row.get_by_role("link").click()
    page.wait_for_url("**/principals/directory/address/*")
    return got


def contained(gateway: Gateway, console: Console, page: Page, got: set[int]) -> str:
    """From the page of the principal: a case, and within it the step that stops it. The case's path."""
    principal = page.url.removeprefix(console.base)
    send(page, f"{principal}/case", title="Members read in order", reason="one after the other, by a program")
    case = page.url.removeprefix(console.base).partition("?")[0]
    assert re.fullmatch(r"/cases/\w+", case)
    with gateway.wire() as wire:
        assert wire.ask("/members/250", {"User-Agent": "another"}).status == 200, "under another name it goes on"
        got.add(250)
    target = page.locator('[name="targets"]').first.get_attribute("value")
    send(page, f"{case}/containment", step="refuse", hours="72", targets=str(target), reason="it goes on")
    assert "Nothing is decided yet" in page.locator("main").inner_text(), "first it is said who would be hit"
    assert gateway.get("/members/251").status == 200
    got.add(251)
    send(page, f"{case}/containment")
    assert gateway.get("/members/252").status == 403
    if page.locator(f'form[action^="{case}/containment/"][action$="/effective"]').count():
        send(page, "/effective")
    assert "contained" in page.locator("main .badge").first.inner_text()
    return case


def fill_in(page: Page, letter: str) -> int:
    """Fills the gaps of a draft, one after the other; gives the newest version."""
    for version in range(1, 30):
        page.goto(letter)
        gap = page.locator('article.letter [id^="part-"]', has_text="[to fill in").first
        if not gap.count():
            return version
        place = str(gap.get_attribute("id")).removeprefix("part-")
        send(page, f"/parts/{place}", text="As shown in the annex.")
    raise AssertionError("gaps are never all filled in")


def looked_at(content: bytes) -> str:
    """The words of a PDF, after a look at every page: there is ink, and none of it is cut off by the edge."""
    words = ""
    with pypdfium2.PdfDocument(content) as pdf:
        for page in pdf:
            words += page.get_textpage().get_text_bounded()
            drawn = page.render(scale=1).to_numpy()
            dark = drawn.min(axis=2) < 128
            assert 0.002 < dark.mean() < 0.3, "neither blank nor black"
            for edge in (dark[:20], dark[-20:], dark[:, :20], dark[:, -20:]):
                assert not edge.any(), "something reaches into the edge of the page"
    return words


def written(console: Console, analyst: Page, counsel: Page, case: str, people: int) -> str:
    """A letter: drafted by one, approved by another, opened and looked at, sent. Its path."""
    analyst.goto(f"{case}/letters/new?kind=cease_and_desist")
    send(
        analyst,
        f"{case}/letters",
        language="en",
        recipient_name="Data Offers Ltd",
        recipient_address="1 High Street\nLondon",
        recipient_email="legal@offers.example",
        sender_organisation="Riverbend Club",
        sender_address="12 rue des Haies\n75001 Paris",
        sender_place="FR",
        sender_email="privacy@riverbend.example",
        sender_signatory="Carl Weiss",
        addressed_because="The account names your company as its owner.",
        terms="No automated collection (version of March 2026).",
    )
    letter = analyst.url.removeprefix(console.base).partition("?")[0]
    version = fill_in(analyst, letter)
    counsel.goto(letter)
    if counsel.locator('[name="sources_checked"]').count():
        counsel.locator('[name="sources_checked"]').check()
    send(counsel, f"{letter}/approve")
    with counsel.expect_download() as download:
        counsel.get_by_role("link", name="PDF").first.click()
    words = " ".join(looked_at(download.value.path().read_bytes()).split())
    for expected in ("Data Offers Ltd", "Riverbend Club", "Carl Weiss", f"whoever made the requests: {people}."):
        assert expected in words, expected
    assert "Draft, not approved" not in words
    assert "[to fill in" not in words
    send(counsel, f"{letter}/sent", channel="post", proof="RR 123 FR")
    assert f"Version\n{version}, approved by Carl" in counsel.locator("main").inner_text()
    return letter


def told_today(page: Page, words: str) -> str:
    """What the first page says of the deadline of one thing that waits."""
    page.goto("/")
    row = page.locator('section[aria-labelledby="due"]').get_by_role("row").filter(has_text=words).first
    return row.inner_text()


def signed(page: Page, notices: str, duty: str) -> None:
    """A decision under the European rule, with its reasons."""
    owed = shipped().get("EU").to_authority if duty == "authority" else shipped().get("EU").to_people
    assert owed is not None
    page.goto(f"{notices}/decide/EU/{duty}")
    factors = {f"factor.{name}": "yes, so" for name in owed.test.factors}
    send(page, f"/decide/EU/{duty}", outcome="notify", reasons="Names and towns of members.", **factors)


def notified(console: Console, case: str, people: int) -> None:
    """The notices: what they need is stated, the clock runs out, they are decided, filed late and say why."""
    with console.services.database.session() as session:
        state_all(session, case.removeprefix("/cases/"), console.clock())
        statements.state(session, case.removeprefix("/cases/"), "events.aware", console.clock().isoformat(), by=DANA,
                         now=console.clock())  # fmt: skip
    notices = f"/notices{case}"
    privacy = console.signed_in(Role.PRIVACY, name="Pia", java_script_enabled=False)
    privacy.goto(f"{notices}/worksheet")
    form = privacy.locator('form:has(input[value="residences"])')
    for name, value in (("place", "FR"), ("low", str(people)), ("method", "account")):
        form.locator(f'[name="{name}"]').fill(value)
    with privacy.expect_navigation():
        form.locator("button").click()
    duty = "Decide under EU: tell the authority"
    console.round()
    assert re.search(r"due in (71|72) hours|due in [23] days", told_today(privacy, duty))
    privacy.context.close()

    console.clock.forward(hours=71)
    privacy = console.signed_in(Role.PRIVACY, name="Pia-2", java_script_enabled=False)
    assert re.search(r"due in \d\d minutes", told_today(privacy, duty))
    privacy.context.close()

    console.clock.forward(hours=2)
    privacy = console.signed_in(Role.PRIVACY, name="Pia-3", java_script_enabled=False)
    assert re.search(r"overdue by \d+ minutes", told_today(privacy, duty))
    for owed in ("authority", "people"):
        signed(privacy, notices, owed)
    privacy.goto(f"{notices}/filings")
    left = console.clock().strftime("%Y-%m-%dT%H:%M")
    send(privacy, f"{notices}/filings", duty="EU/authority", kind="first", at=left, way="online form, receipt 42")
    send(privacy, f"{notices}/filings", duty="EU/people", kind="first", at=left, way="by mail to each of them")
    privacy.get_by_text("Contents other than those of the form").click()
    for given in privacy.locator('[name="given"]').all():
        given.check()
    send(privacy, f"{notices}/filings", duty="EU/authority", kind="supplement", at=left, way="online form, receipt 43")
    privacy.goto(notices)
    while privacy.get_by_text("late: a reason is needed").count():
        send(privacy, f"{notices}/late", text="The figure was known only on the third day.")
    assert "late, with a reason" in privacy.locator("main").inner_text()
    privacy.goto(f"{notices}/filings")
    send(privacy, f"{notices}/register")
    assert "receipt 42" in privacy.locator("main").inner_text()
    privacy.context.close()


def test_an_attack_is_seen_contained_written_about_notified_and_closed_with_its_lesson(
    protected: tuple[Gateway, Console],
) -> None:
    gateway, console = protected
    analyst = console.signed_in(Role.ANALYST, name="Ann")
    got = seen_at_once(gateway, analyst)
    case = contained(gateway, console, analyst, got)
    send(analyst, f"{case}/count")
    assert f"{len(got)} people" in analyst.locator("#people").inner_text(), "as many as it really got"
    send(analyst, f"{case}/evidence", reason="for counsel")

    # Counsel judges how bad it is; the analyst may not.
    assert analyst.locator(f'form[action="{case}/severity"]').count() == 0
    counsel = console.signed_in(Role.COUNSEL, name="Carl")
    counsel.goto(case)
    send(counsel, f"{case}/severity", context="simple", identification="maximum", reason="names and towns")
    letter = written(console, analyst, counsel, case, len(got))
    for page in (analyst, counsel):
        page.context.close()
    notified(console, case, len(got))

    # Days go by: sessions end, the letter's answer is late, and the pages say so without anybody asking.
    console.clock.forward(days=9)
    console.round()
    counsel = console.signed_in(Role.COUNSEL, name="Carl-later")
    counsel.goto("/letters")
    assert "overdue" in counsel.locator("main").inner_text()
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
    assert "The list of members needs a sign-in." in counsel.locator("#closing").inner_text()
    counsel.context.close()

    # The auditor sees all of it, in its order, and finds no form but the one to leave.
    auditor = console.signed_in(Role.AUDITOR, name="Eve")
    notices = f"/notices{case}"
    for path in (case, letter, notices, f"{notices}/worksheet", f"{notices}/filings", f"{notices}/decide/EU/people"):
        answer = auditor.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        assert auditor.locator('main form[method="post"]').count() == 0, path
    auditor.goto("/decisions")
    trail = auditor.locator("main tbody td:nth-child(4)").all_inner_texts()
    while auditor.get_by_role("link", name="Older").count():
        auditor.get_by_role("link", name="Older").click()
        auditor.wait_for_load_state()
        trail += auditor.locator("main tbody td:nth-child(4)").all_inner_texts()
    acts = (
        "case.close",
        "case.lesson",
        "letter.answer",
        "notice.file",
        "notice.sign",
        "letter.approve",
        "case.step",
        "case.open",
    )
    places = [trail.index(act) for act in acts]
    assert places == sorted(places), "the newest first"
    auditor.context.close()
