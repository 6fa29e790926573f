"""Due items: what waits for a person, over all cases, in one query. Reckoned again whenever something changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from hedgerow.cases.filing.casework import Casework
from hedgerow.cases.notices.codes import Duty, Event
from hedgerow.cases.notices.duties import Late, Owed, Standing
from hedgerow.store.models.cases import Case
from hedgerow.store.models.filings import NoticeDue

AWARE_HOURS = 24
"""Hours in which somebody should write down when the organisation knew. A house rule: most clocks start there."""

SOON = timedelta(hours=72)
_LAST = time(23, 59, 59)


@dataclass(frozen=True)
class Due:
    """One thing that waits for a person."""

    case_id: str
    regime: str
    """Empty for what belongs to the case and no regime."""
    duty: str
    what: str
    mandatory: bool
    due_at: datetime | None
    by_law: bool
    words: str
    zone: str
    place: str
    running: bool

    def overdue(self, now: datetime) -> bool:
        """Whether the moment to keep is past."""
        return self.due_at is not None and now > self.due_at

    @property
    def local(self) -> datetime | None:
        """The moment on the clock of the authority's seat."""
        return self.due_at.astimezone(ZoneInfo(self.zone)) if self.due_at else None


def of_case(work: Casework) -> list[Due]:
    """What waits in one case, the most urgent first."""
    found = [*_aware(work), *(d for o in work.plan.duties for d in _of_duty(work, o))]
    return sorted(found, key=_urgency)


def _urgency(d: Due) -> tuple[bool, bool, bool, datetime]:
    # What the law wants at once, with a running clock, stands where its clock began: before what has a date.
    return (not d.mandatory, d.what == "record", not d.running, d.due_at or datetime.min.replace(tzinfo=UTC))


def _aware(work: Casework) -> Iterator[Due]:
    if Event.AWARE in work.facts.events or not work.plan.applies:
        return
    start = work.case.detected_at or work.case.opened_at
    yield Due(
        work.case.id,
        "",
        "aware",
        "aware",
        mandatory=True,
        due_at=start + timedelta(hours=AWARE_HOURS),
        by_law=False,
        words="most clocks start when you knew: nobody has written down when that was",
        zone="UTC",
        place="",
        running=True,
    )


def _of_duty(work: Casework, o: Owed) -> Iterator[Due]:
    waiting = {Standing.TO_DECIDE: "decide", Standing.TO_DO: "do"}.get(o.standing)
    if waiting is not None:
        what = "record" if o.duty is Duty.REGISTER else waiting
        yield _due(work, o, what, o.deadline.last, o.deadline.due is not None, o.deadline.words)
    if o.late is Late.REASON_NEEDED:
        yield _due(work, o, "late_reason", None, True, "it is late: say why, the notice must")
    if o.follow_up is not None:
        f = o.follow_up
        until = datetime.combine(f.due, _LAST, ZoneInfo(o.zone)).astimezone(UTC)
        yield _due(work, o, "supplement", until, False, f"{f.rests_on}; still open: {', '.join(f.open)}")


def _due(work: Casework, o: Owed, what: str, at: datetime | None, by_law: bool, words: str) -> Due:
    return Due(
        work.case.id,
        o.regime.id,
        o.duty.value,
        what,
        o.mandatory,
        at,
        by_law,
        words[:500],
        o.zone,
        o.place,
        o.deadline.started is not None,
    )


def refresh(session: Session, work: Casework, now: datetime) -> list[Due]:
    """Writes down what waits in one case, in place of what was written before."""
    found = [] if work.case.state == "closed" else of_case(work)
    # Two who reckon the same case at once take turns, or its items would stand there twice.
    session.execute(select(Case.id).where(Case.id == work.case.id).with_for_update())
    session.execute(delete(NoticeDue).where(NoticeDue.case_id == work.case.id))
    session.add_all(
        NoticeDue(
            case_id=d.case_id,
            regime=d.regime,
            duty=d.duty,
            what=d.what,
            mandatory=d.mandatory,
            due_at=d.due_at,
            by_law=d.by_law,
            words=d.words,
            zone=d.zone,
            place=d.place,
            running=d.running,
            reckoned_at=now,
        )
        for d in found
    )
    session.flush()
    return found


@dataclass(frozen=True)
class Waiting:
    """How much waits over all cases."""

    total: int
    late: int
    soon: int
    """Due within `SOON`."""
    undated: int
    """Mandatory, and without a date."""


def waiting(session: Session, now: datetime) -> Waiting:
    """How much waits over all cases: counted by the database, whatever the number of cases."""
    due_at = NoticeDue.due_at
    found = session.execute(
        select(
            func.count(NoticeDue.id),
            func.count(NoticeDue.id).filter(due_at < now),
            func.count(NoticeDue.id).filter(due_at >= now, due_at < now + SOON),
            func.count(NoticeDue.id).filter(due_at.is_(None), NoticeDue.mandatory),
        )
    ).one()
    return Waiting(*found)


def listed(session: Session, *, case_ids: Iterable[str] | None = None, most: int = 500, skip: int = 0) -> list[Due]:
    """What waits over all cases, by date; what has no date comes last but one, the registers last."""
    asked = select(NoticeDue)
    if case_ids is not None:
        asked = asked.where(NoticeDue.case_id.in_(list(case_ids)))
    order = (NoticeDue.case_id, NoticeDue.regime, NoticeDue.duty, NoticeDue.what)
    asked = asked.order_by(NoticeDue.mandatory.desc(), NoticeDue.due_at.is_(None), NoticeDue.due_at, *order)
    asked = asked.limit(most).offset(skip)
    return [
        Due(
            r.case_id,
            r.regime,
            r.duty,
            r.what,
            r.mandatory,
            r.due_at,
            r.by_law,
            r.words,
            r.zone,
            r.place,
            r.running,
        )
        for r in session.scalars(asked)
    ]
