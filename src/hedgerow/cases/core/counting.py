"""Who is affected: asks the ledger for the principals of a case, and keeps figures and marks beside those before."""

# ruff: noqa: S608 - names of columns are put together here; whatever comes from outside is a value
from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from hedgerow.cases.core.ledgers import Ledgers
from hedgerow.cases.core.marks import Proposal, Reach, propose, reach, seen
from hedgerow.cases.core.opening import must_be_open
from hedgerow.cases.core.problems import CaseError
from hedgerow.cases.core.sharing import Expanded, expand
from hedgerow.cases.core.timeline import note_event
from hedgerow.cases.core.working import change_of_field
from hedgerow.console.access.actor import Actor
from hedgerow.console.decisions import record
from hedgerow.ledger.questions.affected import Row, affected, count_people
from hedgerow.ledger.questions.coverage import count_members
from hedgerow.ledger.questions.period import Period
from hedgerow.ledger.questions.refs import Ref, find_group
from hedgerow.store.models.cases import Case, CaseField, CaseFigure

MOST_EACH: Final = 20
"""Principals that are counted one by one with an answer: each is a question of its own, and somebody waits for them."""


def _silent(step: str) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True)
class Question:
    """What the ledger is asked for a case: read in one transaction, asked outside of any, since it may take long."""

    case_id: str
    site: str
    refs: tuple[Ref, ...]
    period: Period
    each: tuple[Ref, ...] = ()
    """Principals of which nobody has said yet how many people they were shown, at most `MOST_EACH`."""

    @classmethod
    def of(cls, case: Case, now: datetime) -> Question:
        """The question of a case as it is now.

        Raises:
            CaseError: it has no principals.
        """
        present = [p for p in case.principals if p.removed_at is None]
        refs = tuple(Ref(p.level, p.name) for p in present)
        if not refs:
            raise CaseError(f"{case.number} has no principals yet; add whom it is about, then ask the ledger")
        each = tuple(Ref(p.level, p.name) for p in present if p.people is None)[:MOST_EACH]
        return cls(case.id, case.site, refs, Period(case.period_since, case.period_until or now), each)

    @property
    def digest(self) -> str:
        """Of whom and since when it asks: the same question has the same one, whenever it is asked."""
        said = [*sorted(map(str, self.refs)), str(self.period.since)]
        return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Counted:
    """What the ledger answered, without the people: those stay where they are until somebody needs the list."""

    question: Question
    people: int
    at_most: int | None
    method: str
    caveats: tuple[str, ...]
    gaps: int
    first: datetime | None
    last: datetime | None
    how: Reach
    proposals: tuple[Proposal, ...]
    members: int
    controls: tuple[str, ...]
    each: Mapping[Ref, int]
    """People each of the principals of `question.each` was shown, at least."""


def ask(ledgers: Ledgers, question: Question, step: Callable[[str], None] = _silent) -> Counted:
    """Asks the ledger.

    Args:
        ledgers: The doors.
        question: Of the case.
        step: Told what is being done.

    Raises:
        CaseError: it cannot be asked.
    """
    site = ledgers.people_map(question.site)
    with ledgers.asking(question.site) as connection:
        step("looks for the people")
        group = find_group(connection, question.refs)
        found = affected(connection, group, question.period)
        step("looks how far each field reached")
        by_field = seen(found)
        how = reach(connection, group, question.period)
        members = count_members(connection, None, site.members).number
        where, values = group.condition()
        passed = connection.execute(
            "SELECT bool_or(kind = 'proof'), bool_or(standing = 'proven') FROM entries"
            f' WHERE "at" >= ? AND "at" < ? AND {where}',
            [*question.period.bounds, *values],
        ).fetchone() or (None, None)
        each = {}
        for number, ref in enumerate(question.each, 1):
            step(f"counts for principal {number} of {len(question.each)}")
            each[ref] = count_people(connection, find_group(connection, [ref]), question.period)
        return Counted(
            question,
            found.people,
            found.at_most,
            found.method,
            tuple(found.caveats),
            found.gaps_in_all,
            min((s.first for s in by_field.values()), default=None),
            max((s.last for s in by_field.values()), default=None),
            how,
            tuple(propose(found, by_field, how, site)),
            members,
            ("challenge",) if passed[0] or passed[1] else (),
            each,
        )


def list_people(ledgers: Ledgers, question: Question) -> tuple[int, list[Row]]:
    """Everybody affected with their fields: how many people, and the rows.

    Raises:
        CaseError: the ledger cannot be asked.
    """
    with ledgers.asking(question.site) as connection:
        found = affected(connection, find_group(connection, question.refs), question.period)
        return found.people, found.rows


@contextmanager
def each_person(ledgers: Ledgers, question: Question) -> Iterator[tuple[int, Iterator[Row]]]:
    """The same one by one, for files: how many people, and the rows while the ledger is open.

    Raises:
        CaseError: the ledger cannot be asked.
    """
    with ledgers.asking(question.site) as connection:
        found = affected(connection, find_group(connection, question.refs), question.period)
        yield found.people, found.each()


def look_for_others(ledgers: Ledgers, question: Question, step: Callable[[str], None] = _silent) -> Expanded:
    """Who else shares a trait with the principals of a case.

    Raises:
        CaseError: the ledger cannot be asked.
    """
    with ledgers.asking(question.site) as connection:
        return expand(connection, find_group(connection, question.refs), question.period, step)


def keep(session: Session, actor: Actor, now: datetime, case: Case, counted: Counted, reason: str = "") -> CaseFigure:
    """Keeps an answer of the ledger: figure, marks, first and last disclosure, routes, caveats.

    A figure that was given stays, and the new one beside it needs a reason when the number differs.

    Raises:
        CaseError: the case is closed, or the number changes without a reason.
    """
    must_be_open(case)
    high = counted.at_most if counted.at_most is not None else max(counted.people, counted.members)
    last = case.figures[-1] if case.figures else None
    method = f"ledger, {counted.method}"
    changed = last is None or (last.low, last.high, last.method) != (counted.people, high, method)
    if last is not None and changed and not reason.strip():
        raise CaseError(
            f"the ledger says {counted.people:,} to {high:,} people now, it was {last.low:,} to {last.high:,}; say why "
            "the figure is replaced (more principals, a longer period, it goes on)"
        )
    if changed:
        last = CaseFigure(
            case_id=case.id,
            serial=len(case.figures) + 1,
            low=counted.people,
            high=high,
            method=method,
            reason=reason if case.figures else "",
            by=actor.name,
            at=now,
        )
        session.add(last)
        session.flush()
        session.expire(case, ["figures"])
    keep_marks(session, now, case, counted.proposals)
    for principal in case.principals:
        if principal.people is None:
            principal.people = counted.each.get(Ref(principal.level, principal.name))
    case.routes = list(counted.how.routes)
    case.controls_passed = list(counted.controls)
    case.caveats = list(counted.caveats)
    case.membership = counted.members or None
    case.counted_at = now
    case.changed_at = now
    if counted.first is not None and counted.last is not None:
        case.first_disclosure_at, case.last_disclosure_at = counted.first, counted.last
    said = f"{counted.people:,}" if high == counted.people else f"{counted.people:,} to {high:,}"
    note_event(session, case, actor, now, "counted", f"The ledger was asked: {said} people, {counted.gaps} gaps.")
    record(
        session,
        actor,
        "case.count",
        f"case:{case.id}",
        reason,
        {"low": counted.people, "high": high, "method": counted.method, "principals": len(counted.question.refs)},
        at=now,
    )
    if last is None:
        raise CaseError("there is no figure")
    return last


def keep_marks(session: Session, now: datetime, case: Case, proposals: Iterable[Proposal]) -> None:
    """Keeps what the ledger says of each field. A mark that a person gave stays; that the two differ is shown."""
    known = {f.name: f for f in case.fields}
    for one in proposals:
        row = known.get(one.name)
        if row is None:
            row = CaseField(
                case_id=case.id,
                name=one.name,
                sensitivity=one.sensitivity,
                mark=one.mark.value,
                reason=one.reason,
                people=one.people,
                by="ledger",
                at=now,
                proposed_mark=one.mark.value,
                proposed_reason=one.reason,
            )
            case.fields.append(row)
            session.flush()
            change_of_field(session, row)
            continue
        row.proposed_mark, row.proposed_reason, row.people = one.mark.value, one.reason, one.people
        row.sensitivity = one.sensitivity
        if not row.by_person and (row.mark, row.reason) != (one.mark.value, one.reason):
            row.mark, row.reason, row.by, row.at = one.mark.value, one.reason, "ledger", now
            session.flush()
            change_of_field(session, row)
