"""Questions that take longer than a page may: they go on beside the pages, say what they do, and how they ended."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from fastapi import FastAPI

from case_world import NOW, SITE, keyed, shown, visitors
from console.signed_in import SignedIn, sign_in
from hedgerow.cases.core import counting
from hedgerow.cases.core.problems import CaseError
from hedgerow.console.access.roles import Role
from hedgerow.console.long_work import LongWork
from hedgerow.console.services import Services
from hedgerow.store.models.cases import CaseFigure
from written_ledger import Segment

PATIENCE_S = 60.0
Shared = Callable[[Services], FastAPI]


@dataclass
class Large:
    """A ledger that answers when it is told to."""

    answer: threading.Event = field(default_factory=threading.Event)
    asked: int = 0
    problem: str = ""

    def wrap(self, ask: Callable[..., object]) -> Callable[..., object]:
        def slow(*values: object) -> object:
            self.asked += 1
            step = values[-1]
            assert callable(step)
            step("reads a large ledger")
            assert self.answer.wait(PATIENCE_S)
            if self.problem:
                raise CaseError(self.problem)
            return ask(*values)

        return slow


@pytest.fixture
def hasty(services: Services) -> Services:
    """A console in which nobody waits."""
    rows = [shown(n, NOW - timedelta(hours=30, seconds=-20 * n), address="h", network="hn") for n in range(1, 41)]
    rows += [shown(n, NOW - timedelta(hours=29, seconds=-9 * n), address="h2", network="hn") for n in range(50, 60)]
    rows += visitors(40, 300, NOW - timedelta(days=5))
    Segment(services.folder.path, SITE).append(*sorted(rows, key=lambda r: int(r["t"])))
    return replace(services, page_patience_s=0.0, act_patience_s=0.0)


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> Large:
    made = Large()
    monkeypatch.setattr(counting, "ask", made.wrap(counting.ask))
    monkeypatch.setattr("hedgerow.console.pages.cases.look_for_others", made.wrap(counting.look_for_others))
    return made


def opened(app: FastAPI) -> tuple[SignedIn, str]:
    browser = sign_in(app, Role.OWNER)
    form = {
        "title": "A harvest",
        "site": SITE,
        "reason": "seen on Today",
        "since": (NOW - timedelta(days=7)).isoformat(),
    }
    answer = browser.post("/cases/new", **form, principals=f"address:{keyed('address', 'h')}")
    return browser, str(answer.headers["location"])


def ended(services: Services, subject: str) -> None:
    for work in services.long_work.of(subject):
        assert work.over.wait(PATIENCE_S)


def test_a_page_does_not_wait_for_a_large_ledger_and_shows_how_it_goes(
    hasty: Services, large: Large, shared_app: Shared
) -> None:
    browser, where = opened(shared_app(hasty))
    subject = f"case:{where.rpartition('/')[2]}"
    assert browser.post(f"{where}/count").status_code == 303
    page = browser.client.get(where).text
    note = re.search(r'hx-get="(/work/\w+)" hx-trigger="every 1s"', page)
    assert note
    assert "Asking the ledger who was affected" in page
    # The same question is not asked twice at once, and other pages are as they were.
    assert browser.post(f"{where}/count").status_code == 303
    assert large.asked <= 1
    assert browser.client.get("/cases").status_code == 200
    under_way = browser.client.get(note[1], headers={"hx-request": "true"})
    assert "hx-refresh" not in under_way.headers

    large.answer.set()
    ended(hasty, subject)
    assert large.asked == 1
    over = browser.client.get(note[1], headers={"hx-request": "true"})
    assert over.headers["hx-refresh"] == "true"
    assert "hx-trigger" not in over.text
    page = browser.client.get(where).text
    assert "<strong>40 people</strong>" in page
    assert "The ledger was asked." in page
    assert "It took" in page


def test_a_question_that_fails_beside_the_pages_says_why_and_keeps_nothing(
    hasty: Services, large: Large, shared_app: Shared
) -> None:
    large.problem = "the answer needs more memory than it may have; narrow the case down"
    browser, where = opened(shared_app(hasty))
    browser.post(f"{where}/count")
    large.answer.set()
    ended(hasty, f"case:{where.rpartition('/')[2]}")
    page = browser.client.get(where).text
    assert "The answer needs more memory than it may have; narrow the case down." in page
    assert "The ledger was not asked yet." in page
    with hasty.database.reading() as session:
        assert session.query(CaseFigure).count() == 0
    large.problem = ""
    browser.post(f"{where}/count")
    ended(hasty, f"case:{where.rpartition('/')[2]}")
    assert "<strong>40 people</strong>" in browser.client.get(where).text


def test_others_are_looked_for_beside_the_page_and_given_once(
    hasty: Services, large: Large, shared_app: Shared
) -> None:
    browser, where = opened(shared_app(hasty))
    waiting = browser.client.get(f"{where}/others").text
    assert 'hx-trigger="every 1s"' in waiting
    assert "The ledger is asked since" in waiting
    assert "Look again" in waiting
    large.answer.set()
    ended(hasty, f"others:{where.rpartition('/')[2]}")
    found = browser.client.get(f"{where}/others", headers={"hx-request": "true"}).text
    assert keyed("address", "h2")[:8] in found
    assert "hx-trigger" not in found
    assert large.asked == 1


def test_a_part_of_a_page_that_asks_again_and_again_stops_at_a_failure(
    hasty: Services, large: Large, shared_app: Shared
) -> None:
    large.problem = "the ledger cannot be read"
    browser, where = opened(shared_app(hasty))
    browser.client.get(f"{where}/others")
    large.answer.set()
    ended(hasty, f"others:{where.rpartition('/')[2]}")
    told = browser.client.get(f"{where}/others", headers={"hx-request": "true"})
    assert told.status_code == 200
    assert "The ledger cannot be read." in told.text
    assert "hx-trigger" not in told.text


def test_what_a_stopped_console_left_undone_is_said(hasty: Services, large: Large, shared_app: Shared) -> None:
    browser, where = opened(shared_app(hasty))
    browser.post(f"{where}/count")
    again = replace(hasty)
    assert again.long_work is not hasty.long_work
    page = sign_in(shared_app(again), Role.PRIVACY).client.get(where).text
    assert "The console was stopped before it ended. Nothing of it was kept; ask again." in page
    large.answer.set()
    ended(hasty, f"case:{where.rpartition('/')[2]}")
    # Said once: the note of it is gone.
    assert LongWork(hasty.folder.path, hasty.clock).of(f"case:{where.rpartition('/')[2]}") == []
