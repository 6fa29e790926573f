"""What needs a decision now, with its deadline: gathered from everywhere, the most urgent first.

A module of `console.pages` adds its own as `DUES = (gather,)`, where `gather(session, services)` gives `DueItem`s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from hedgerow.cases.filing import dues as filing
from hedgerow.cases.letters import telling
from hedgerow.console.case_parts import named
from hedgerow.console.months import due_of
from hedgerow.console.notice_acts import DUTY_WORDS, WHAT_WORDS
from hedgerow.console.services import Services
from hedgerow.review.months import Month
from hedgerow.store.models.appeals import Appeal
from hedgerow.store.models.cases import Case, CaseTask
from hedgerow.store.models.claims import Claim
from hedgerow.store.models.policy_versions import PolicyVersion

MOST: Final = 200
"""Of each kind; the pages of each have the rest."""
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class DueItem:
    """One thing that waits for a person."""

    what: str
    by: datetime | None
    """None = no date: at once, or when there is time."""
    href: str
    kind: str
    """In one word, as `letter`."""
    at_once: bool = False
    """Without a date, and the clock runs: comes first."""
    told: str = ""
    """What somebody outside is told before it is due and when it is late; nothing that was typed. Empty: nothing, or
    another part tells it (`hedgerow.console.reminding`)."""
    case: str = ""
    """Number of the case, as C-2026-0001."""


Gather = Callable[[Session, Services], Iterator[DueItem]]


def letters(session: Session, services: Services) -> Iterator[DueItem]:
    """Letters to approve, to send, to look after."""
    for item in telling.due_items(session, services.clock(), most=MOST):
        # That an answer did not come, and that it is time to look again, is told by the round of letters itself.
        told = f"Letter {item.number}: the answer is due" if item.what == telling.ANSWER_IS_DUE else ""
        what = f"Letter {item.number}: {item.what}"
        yield DueItem(what, item.due_at, f"/letters/{item.letter_id}", "letter", told=told)


def notices(session: Session, services: Services) -> Iterator[DueItem]:  # noqa: ARG001 - the face of all
    """Duties under a law."""
    found = filing.listed(session, most=MOST)
    asked = select(Case.id, Case.number).where(Case.id.in_({d.case_id for d in found}))
    numbers = {row.id: row.number for row in session.execute(asked)}
    for due in found:
        if due.what == "record" and due.due_at is None:
            # The register may be written when there is time; the page of the case names it.
            continue
        under = f" under {due.regime}" if due.regime else ""
        yield DueItem(
            f"{numbers.get(due.case_id, 'A case')}: {WHAT_WORDS[due.what]}{under}: {DUTY_WORDS[due.duty]}",
            due.due_at,
            f"/notices/cases/{due.case_id}",
            "notice",
            at_once=due.mandatory and due.running and due.due_at is None,
        )


def tasks(session: Session, services: Services) -> Iterator[DueItem]:  # noqa: ARG001
    """Tasks of cases that are not closed."""
    asked = (
        select(CaseTask.title, CaseTask.due_at, Case.id, Case.number)
        .join(Case, Case.id == CaseTask.case_id)
        .where(CaseTask.done_at.is_(None), Case.state != "closed")
        .order_by(CaseTask.due_at.is_(None), CaseTask.due_at, CaseTask.id)
        .limit(MOST)
    )
    for title, due_at, case_id, number in session.execute(asked):
        # Not the title: somebody typed it, and nothing that was typed leaves the house.
        where = f"/cases/{case_id}#tasks"
        yield DueItem(f"{number}: {title}", due_at, where, "case", told="A task of a case", case=number)


def claims(session: Session, services: Services) -> Iterator[DueItem]:  # noqa: ARG001
    """Claims to acknowledge and to examine."""
    asked = select(Claim).where(Claim.decided_at.is_(None)).order_by(Claim.examine_by).limit(MOST)
    for claim in session.scalars(asked):
        if claim.acknowledged_at is None:
            yield DueItem(
                f"Claim {claim.number}: tell whoever sent it that it arrived",
                claim.acknowledge_by,
                f"/claims/{claim.id}",
                "claim",
                told=f"Claim {claim.number}: tell whoever sent it that it arrived",
            )
        what = f"Claim {claim.number}: examine and decide"
        yield DueItem(what, claim.examine_by, f"/claims/{claim.id}", "claim", told=what)


def appeals(session: Session, services: Services) -> Iterator[DueItem]:  # noqa: ARG001
    """Appeals that nobody has answered."""
    asked = select(Appeal).where(Appeal.state == "open").order_by(Appeal.answer_by).limit(MOST)
    for appeal in session.scalars(asked):
        what = f"Appeal {appeal.number}: answer"
        yield DueItem(what, appeal.answer_by, f"/visitors/{appeal.id}", "appeal", told=what)


def policies(session: Session, services: Services) -> Iterator[DueItem]:  # noqa: ARG001
    """Changes of the policy that wait for a second person."""
    asked = select(PolicyVersion).where(PolicyVersion.state == "proposed").order_by(PolicyVersion.number).limit(MOST)
    for version in session.scalars(asked):
        where = f"/policy/versions/{version.id}"
        yield DueItem(f"Policy {version.number}: agree to the change or refuse it", None, where, "policy")


def reviews(session: Session, services: Services) -> Iterator[DueItem]:
    """The review of the month before, and the rehearsal of the quarter."""
    for due in due_of(session, Month.of(services.clock())):
        if due.done_at is None:
            yield DueItem(due.what, due.by, "/status", "review", told=due.what)


SOURCES: Final[tuple[Gather, ...]] = (notices, tasks, letters, claims, appeals, policies, reviews)


def due_items(session: Session, services: Services, ahead: timedelta = timedelta(days=14)) -> list[DueItem]:
    """Everything that waits: at once, then by deadline, then what has none; later than `ahead` is left out."""
    until = services.clock() + ahead
    found = [i for gather in (*SOURCES, *named("DUES")) for i in gather(session, services)]
    return sorted((i for i in found if i.by is None or i.by <= until), key=_urgency)


def _urgency(item: DueItem) -> tuple[datetime, str]:
    if item.by is not None:
        return item.by, item.what
    return _FIRST if item.at_once else _LAST, item.what
