"""Containment: the steps of the ladder, taken and ended, each with when it began to work."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from hedgerow.cases.core.ladder import STEPS, Delays, Times, contained_at, delays, times
from hedgerow.cases.core.measures import Measures
from hedgerow.cases.core.opening import must_be_open
from hedgerow.cases.core.problems import CaseError, NoSuchCaseError
from hedgerow.cases.core.timeline import note_event
from hedgerow.console.access.actor import Actor
from hedgerow.console.decisions import record
from hedgerow.store.models.cases import Case, Containment

LONGEST: Final = timedelta(days=90)
"""Every measure expires; one that is still wanted then is set again, by a person."""


def take_step(
    session: Session,
    actor: Actor,
    now: datetime,
    case: Case,
    measures: Measures | None,
    *,
    step: str,
    target: str,
    until: datetime,
    reason: str,
    ordinary_expected: int | None = None,
) -> Containment:
    """Takes a step through the edge.

    Args:
        session: The transaction.
        actor: Who decides.
        now: The time.
        case: For which case.
        measures: Who carries measures out; None where there is nobody.
        step: Of the ladder, but `outside`.
        target: `account:1f0c...`, `route:member`, `field:email`, `field:email@member`, or `site`.
        until: When it expires.
        reason: Why.
        ordinary_expected: Ordinary visitors that were said to be hit before it was decided.

    Raises:
        CaseError: it cannot be taken; nothing was changed.
    """
    must_be_open(case)
    known = STEPS.get(step)
    if known is None or step == "outside":
        raise CaseError(f"a step is one of: {', '.join(s for s in STEPS if s != 'outside')}")
    if not reason.strip():
        raise CaseError("say why; whoever is met by it may ask")
    if not now < until <= now + LONGEST:
        raise CaseError(f"every measure expires: say until when, at most {LONGEST.days} days from now")
    kind, _, name = target.partition(":")
    if known.on == "principal" and not any(
        p.level == kind and p.name == name and p.removed_at is None for p in case.principals
    ):
        raise CaseError("a step is taken against a principal of the case; add it first")
    if measures is None:
        raise CaseError("no gateway can be asked from here; note what you did by hand as `outside`")
    done = measures.set(
        session, actor, now, site=case.site, step=step, target=target, until=until, reason=reason, case=case.number
    )
    row = Containment(
        case_id=case.id,
        step=step,
        target=target[:300],
        reason=reason,
        measure_id=done.id,
        started_at=now,
        effective_at=done.effective_at,
        expires_at=done.expires_at,
        ordinary_expected=ordinary_expected,
        by=actor.name,
    )
    return _taken(session, actor, now, case, row)


def note_step_outside(
    session: Session,
    actor: Actor,
    now: datetime,
    case: Case,
    *,
    what: str,
    started_at: datetime,
    effective_at: datetime | None,
) -> Containment:
    """Notes a step that was taken outside Hedgerow.

    Raises:
        CaseError: nothing said, or times that cannot be.
    """
    must_be_open(case)
    if not what.strip():
        raise CaseError("say what was done")
    if started_at > now or (effective_at is not None and not started_at <= effective_at <= now):
        raise CaseError("it was begun before now, and worked from then on or later")
    row = Containment(
        case_id=case.id,
        step="outside",
        target="",
        reason=what,
        started_at=started_at,
        effective_at=effective_at,
        by=actor.name,
    )
    return _taken(session, actor, now, case, row)


def note_effective(
    session: Session, actor: Actor, now: datetime, case: Case, containment_id: str, at: datetime
) -> None:
    """Notes when a step began to work, where that came later than its setting.

    Raises:
        CaseError: there is no such step, or it worked already, or a time that cannot be.
    """
    row = _step(case, containment_id)
    if row.effective_at is not None:
        raise CaseError("it is noted already when this step began to work")
    if not row.started_at <= at <= now:
        raise CaseError("it began to work after it was set, and before now")
    row.effective_at = at
    note_event(session, case, actor, now, "containment", f"{STEPS[row.step].title} works.", at=at)
    record(session, actor, "case.effective", f"case:{case.id}", "", {"containment": row.id, "at": at}, at=now)
    _settle(session, actor, now, case)


def end_step(
    session: Session,
    actor: Actor,
    now: datetime,
    case: Case,
    measures: Measures | None,
    containment_id: str,
    reason: str,
) -> Containment:
    """Ends a step before its time.

    Raises:
        CaseError: there is no such step in force, or no reason.
    """
    row = _step(case, containment_id)
    if row.ended_at is not None or (row.expires_at is not None and row.expires_at <= now):
        raise CaseError("this step is over already")
    if not reason.strip():
        raise CaseError("say why it ends")
    if row.measure_id is not None:
        if measures is None:
            raise CaseError("no gateway can be asked from here, so the measure cannot be ended")
        measures.end(session, actor, now, row.measure_id, reason)
    row.ended_at, row.ended_why = now, reason
    note_event(session, case, actor, now, "containment", f"Ended: {STEPS[row.step].title} {row.target}. {reason}")
    record(session, actor, "case.step_ended", f"case:{case.id}", reason, {"containment": row.id}, at=now)
    return row


def delays_of(case: Case) -> Delays:
    """How long it took to notice and to stop it."""
    return delays(case.first_disclosure_at, case.detected_at, case.contained_at)


def times_of(case: Case) -> Times:
    """How fast it was contained, counted from its opening."""
    present = [f"{p.level}:{p.name}" for p in case.principals if p.removed_at is None]
    return times(case.opened_at, case.containment, present)


def _step(case: Case, containment_id: str) -> Containment:
    row = next((c for c in case.containment if c.id == containment_id), None)
    if row is None:
        raise NoSuchCaseError("there is no such step in this case")
    return row


def _taken(session: Session, actor: Actor, now: datetime, case: Case, row: Containment) -> Containment:
    session.add(row)
    session.flush()
    session.expire(case, ["containment"])
    where = f" ({row.target})" if row.target else ""
    note_event(
        session,
        case,
        actor,
        now,
        "containment",
        f"{STEPS[row.step].title}{where}: {row.reason}",
        at=row.started_at if row.started_at <= now else None,
    )
    details = {
        "step": row.step,
        "target": row.target,
        "measure": row.measure_id,
        "expires": row.expires_at,
        "ordinary_expected": row.ordinary_expected,
    }
    record(session, actor, "case.step", f"case:{case.id}", row.reason[:4_000], details, at=now)
    if row.effective_at is not None:
        effective = {"containment": row.id, "at": row.effective_at}
        record(session, actor, "case.effective", f"case:{case.id}", "", effective, at=now)
    _settle(session, actor, now, case)
    return row


def _settle(session: Session, actor: Actor, now: datetime, case: Case) -> None:
    """Notes when the case was contained: once, by the first step that stops something."""
    at = contained_at(case.containment)
    if at is None or case.contained_at is not None:
        return
    case.contained_at = at
    case.changed_at = now
    if case.state == "open":
        case.state = "contained"
    took = delays_of(case).to_contain_s
    after = f", {took / 3600:.1f} hours after the first disclosure" if took is not None else ""
    # The edge confirms a moment after the decision: the line is then written at the decision.
    note_event(session, case, actor, now, "state", f"Contained{after}.", at=min(at, now))
