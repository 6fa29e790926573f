"""Who is affected: asks the ledger for the principals of a case, and keeps figures and marks beside those before."""

# ruff: noqa: S608 - names of columns are put together here; whatever comes from outside is a value
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from hedgerow.cases.core.ledgers import Ledgers, PeopleMap
from hedgerow.cases.core.marks import Proposal, Reach, propose, reach
from hedgerow.cases.core.opening import must_be_open
from hedgerow.cases.core.problems import CaseError
from hedgerow.cases.core.sharing import Expanded, expand
from hedgerow.cases.core.timeline import note_event
from hedgerow.cases.core.working import change_of_field
from hedgerow.console.access.actor import Actor
from hedgerow.console.decisions import record
from hedgerow.ledger.questions.affected import Affected, Row, affected
from hedgerow.ledger.questions.coverage import count_members
from hedgerow.ledger.questions.period import Period
from hedgerow.ledger.questions.refs import Ref, find_group
from hedgerow.store.models.cases import Case, CaseField, CaseFigure


@dataclass(frozen=True)
class Question:
    """What the ledger is asked for a case: read in one transaction, asked outside of any, since it may take long."""

    case_id: str
    site: str
    refs: tuple[Ref, ...]
    period: Period

    @classmethod
    def of(cls, case: Case, now: datetime) -> Question:
        """The question of a case as it is now.

        Raises:
            CaseError: it has no principals.
        """
        refs = tuple(Ref(p.level, p.name) for p in case.principals if p.removed_at is None)
        if not refs:
            raise CaseError(f"{case.number} has no principals yet; add whom it is about, then ask the ledger")
        return cls(case.id, case.site, refs, Period(case.period_since, case.period_until or now))


@dataclass(frozen=True)
class Counted:
    """What the ledger answered."""

    question: Question
    found: Affected
    """Its figures. Its rows were the ledger's, and are gone with the connection."""
    span: tuple[datetime, datetime] | None
    rows: tuple[Row, ...]
    """People and fields; empty unless they were wanted."""
    how: Reach
    site: PeopleMap
    proposals: tuple[Proposal, ...]
    members: int
    controls: tuple[str, ...]


def ask(ledgers: Ledgers, question: Question, *, rows: bool = False) -> Counted:
    """Asks the ledger; with `rows` for every person and field, else for the figures alone.

    Raises:
        CaseError: it cannot be asked.
    """
    site = ledgers.people_map(question.site)
    with ledgers.asking(question.site) as connection:
        group = find_group(connection, question.refs)
        found = affected(connection, group, question.period)
        how = reach(connection, group, question.period)
        members = count_members(connection, None, site.members).number
        where, values = group.condition()
        passed = connection.execute(
            f"SELECT bool_or(kind = 'proof'), bool_or(standing = 'proven') FROM entries"
            f' WHERE "at" >= ? AND "at" < ? AND {where}',
            [*question.period.bounds, *values],
        ).fetchone() or (None, None)
        proposals = tuple(propose(found, how, site))
        span = found.span()
        listed = tuple(found.rows) if rows else ()
    return Counted(
        question,
        found,
        span,
        listed,
        how,
        site,
        proposals,
        members,
        ("challenge",) if passed[0] or passed[1] else (),
    )


def look_for_others(ledgers: Ledgers, question: Question) -> Expanded:
    """Who else shares a trait with the principals of a case.

    Raises:
        CaseError: the ledger cannot be asked.
    """
    with ledgers.asking(question.site) as connection:
        return expand(connection, find_group(connection, question.refs), question.period)


def keep(session: Session, actor: Actor, now: datetime, case: Case, counted: Counted, reason: str = "") -> CaseFigure:
    """Keeps an answer of the ledger: figure, marks, first and last disclosure, routes, caveats.

    A figure that was given stays, and the new one beside it needs a reason when the number differs.

    Raises:
        CaseError: the case is closed, or the number changes without a reason.
    """
    must_be_open(case)
    found = counted.found
    high = found.at_most if found.at_most is not None else max(found.people, counted.members)
    last = case.figures[-1] if case.figures else None
    method = f"ledger, {found.method}"
    changed = last is None or (last.low, last.high, last.method) != (found.people, high, method)
    if last is not None and changed and not reason.strip():
        raise CaseError(
            f"the ledger says {found.people:,} to {high:,} people now, it was {last.low:,} to {last.high:,}; say why "
            "the figure is replaced (more principals, a longer period, it goes on)"
        )
    if changed:
        last = CaseFigure(
            case_id=case.id,
            serial=len(case.figures) + 1,
            low=found.people,
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
    case.routes = list(counted.how.routes)
    case.controls_passed = list(counted.controls)
    case.caveats = list(found.caveats)
    case.membership = counted.members or None
    case.counted_at = now
    case.changed_at = now
    if counted.span:
        case.first_disclosure_at, case.last_disclosure_at = counted.span
    said = f"{found.people:,}" if high == found.people else f"{found.people:,} to {high:,}"
    note_event(session, case, actor, now, "counted", f"The ledger was asked: {said} people, {len(found.gaps)} gaps.")
    record(
        session,
        actor,
        "case.count",
        f"case:{case.id}",
        reason,
        {"low": found.people, "high": high, "method": found.method, "principals": len(counted.question.refs)},
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
