"""What left: filings to authorities, people and others, in phases; each frozen with what it said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hedgerow.cases.filing import casework
from hedgerow.cases.filing.casework import Casework
from hedgerow.cases.filing.statements import Signer
from hedgerow.cases.filing.texts import typed_text
from hedgerow.cases.notices import filings as filed
from hedgerow.cases.notices.codes import MEANINGS, Code, Duty
from hedgerow.cases.notices.contents import State, authority_form
from hedgerow.cases.notices.filings import Filing, Kind
from hedgerow.cases.notices.problems import NoticeError
from hedgerow.store.models.filings import NoticeFiling


@dataclass(frozen=True)
class Left:
    """What a person says about a notice that they sent."""

    regime: str
    duty: Duty
    kind: Kind
    at: datetime
    way: str
    """How, and the receipt."""
    given: tuple[Code, ...] | None = None
    """Contents it had; None: whatever the form had filled."""
    open: tuple[Code, ...] | None = None
    """Contents it left open; None: whatever the form had missing."""
    promised: date | None = None
    reason: str = ""


def proposed(work: Casework, regime: str, duty: Duty) -> tuple[tuple[Code, ...], tuple[Code, ...]]:
    """What a notice sent now would give, and what it would leave open."""
    case = work.under(regime)
    if duty is not Duty.AUTHORITY:
        notice = case.applies.regime.notice(duty)
        return (notice.fields if notice else ()), ()
    form = authority_form(case)
    given = tuple(c.code for c in form.contents if c.state is State.FILLED)
    return given, form.missing


def record_filing(session: Session, work: Casework, left: Left, *, by: Signer, now: datetime) -> NoticeFiling:
    """Adds one filing; figures that differ from those told before need a reason.

    Raises:
        NoticeError: when it does not fit what was filed before, lies in the future, or is late without a reason.
    """
    regime = work.applies(left.regime).regime
    if regime.notice(left.duty) is None:
        raise NoticeError(f"{regime.id} knows no notice to {left.duty.value.replace('_', ' ')}")
    if left.at.tzinfo is None or left.at > now:
        raise NoticeError("a notice is recorded once it has left: give a time that is past, with its time zone")
    way, reason = typed_text(left.way, "how it was sent", 500), typed_text(left.reason, "the reason")
    if not way:
        raise NoticeError("say how it was sent, with the receipt if there is one")
    given, open_ = proposed(work, left.regime, left.duty)
    given = given if left.given is None else left.given
    open_ = open_ if left.open is None else left.open
    if set(given) & set(open_):
        raise NoticeError("a content is either given or left open, not both")
    if open_ and not regime.phased and left.duty is Duty.AUTHORITY and left.kind is Kind.FIRST:
        named = ", ".join(MEANINGS[c].name for c in open_)
        raise NoticeError(f"{regime.id} has no notice in phases, and this is missing: {named}")
    if left.promised is not None and left.promised < left.at.date():
        raise NoticeError("the rest is promised for a day after the notice")
    people = work.facts.count if left.duty is Duty.AUTHORITY and left.kind is not Kind.WITHDRAWAL else None
    new = Filing(regime.id, left.duty, left.kind, left.at, by.name, given, open_, left.promised, people, reason)
    filed.added(work.records.filings, new)
    for row in casework.filings(session, work.case.id):
        same = (row.regime, row.duty, row.kind, row.at, row.way)
        if left.kind is not Kind.FIRST and same == (regime.id, left.duty.value, left.kind.value, left.at, way):
            raise NoticeError("this notice is recorded already, with the same time and the same receipt")
    before = [f for f in work.records.filings if f.regime == regime.id and f.duty is left.duty]
    row = NoticeFiling(
        case_id=work.case.id,
        regime=regime.id,
        duty=left.duty.value,
        number=len(before) + 1,
        kind=left.kind.value,
        at=left.at.astimezone(UTC),
        recorded_at=now,
        by=by.name,
        by_id=by.id,
        way=way,
        given=[str(c) for c in given],
        open=[str(c) for c in open_],
        promised=left.promised,
        people={"low": people.low, "high": people.high, "method": people.method} if people else None,
        reason=reason,
        content=_said(work, regime.id, left.duty, given),
        facts=work.digest,
    )
    session.add(row)
    try:
        session.flush()
    except IntegrityError as e:
        raise NoticeError("somebody recorded a filing of this notice at the same time; look at it first") from e
    return row


def _said(work: Casework, regime: str, duty: Duty, given: Iterable[Code]) -> list[Any]:
    if duty is not Duty.AUTHORITY:
        return []
    wanted = set(given)
    return [
        {"code": str(c.code), "lines": list(c.lines)}
        for c in authority_form(work.under(regime)).contents
        if c.code in wanted
    ]
