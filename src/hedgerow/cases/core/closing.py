"""Closing a case: not without a change to the controls, or a reason why there is none; and not while anything is open.

Regulators expect that each case is learned from (R060 of the joint statements); a case that just ends teaches nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hedgerow.cases.core.keeping import let_addresses_go
from hedgerow.cases.core.measures import Blockers
from hedgerow.cases.core.opening import must_be_open
from hedgerow.cases.core.problems import BlockedError, CaseError
from hedgerow.cases.core.timeline import note_event
from hedgerow.console.access.actor import Actor
from hedgerow.console.decisions import record
from hedgerow.store.models.cases import Case, CaseTask, Containment, Lesson, OpenPrincipal
from hedgerow.store.models.claims import Claim
from hedgerow.store.models.policy_versions import PolicyVersion

LESSON_KINDS: Final = {
    "policy": "a version of the policy",
    "measure": "a measure that stays",
    "task": "a task of this case that was done",
    "outside": "a change outside Hedgerow: say what, and where it can be seen",
}
LEAST_REASON: Final = 20
"""Characters of a reason why nothing is changed: `no` is none."""


def add_lesson(
    session: Session, actor: Actor, now: datetime, case: Case, *, change: str, kind: str, reference: str = ""
) -> Lesson:
    """Notes a change to the controls, and where it is.

    Raises:
        CaseError: closed, nothing said, or what it points at does not exist.
    """
    must_be_open(case)
    if not change.strip():
        raise CaseError("say what was changed")
    if kind not in LESSON_KINDS:
        raise CaseError(f"a change is one of: {', '.join(LESSON_KINDS)}")
    if kind == "policy":
        version = session.get(PolicyVersion, reference)
        if version is None:
            raise CaseError("there is no such version of the policy")
        if version.state not in {"in_force", "superseded"}:
            raise CaseError("a version of the policy counts as a change once it has come into force")
    if kind == "measure" and not session.scalar(
        select(Containment.id).where(Containment.case_id == case.id, Containment.measure_id == reference)
    ):
        raise CaseError("the case has no such measure")
    if kind == "task":
        task = session.get(CaseTask, reference)
        if task is None or task.case_id != case.id or task.done_at is None:
            raise CaseError("a task counts as a change once it is done, in this case")
    row = Lesson(case_id=case.id, change=change.strip(), kind=kind, reference=reference, at=now, by=actor.name)
    session.add(row)
    session.flush()
    session.expire(case, ["lessons"])
    case.changed_at = now
    note_event(session, case, actor, now, "lesson", f"Changed: {change}")
    details = {"kind": kind, "reference": reference}
    record(session, actor, "case.lesson", f"case:{case.id}", change[:4_000], details, at=now)
    return row


def say_no_lesson(session: Session, actor: Actor, now: datetime, case: Case, reason: str) -> None:
    """Says why nothing is changed.

    Raises:
        CaseError: closed, or the reason is none.
    """
    must_be_open(case)
    if len(reason.strip()) < LEAST_REASON:
        raise CaseError("say in a sentence why nothing needs to change; whoever reads the case later will ask")
    case.no_lesson_reason, case.changed_at = reason.strip(), now
    note_event(session, case, actor, now, "lesson", f"Nothing is changed: {reason}")
    record(session, actor, "case.no_lesson", f"case:{case.id}", reason[:4_000], {}, at=now)


def blockers(session: Session, case: Case, others: Sequence[Blockers] = ()) -> list[str]:
    """What keeps a case open, a sentence each; the screen shows them before anybody tries."""
    found: list[str] = []
    if not case.lessons and not case.no_lesson_reason:
        found.append("no change to the controls is noted, and no reason why none is needed")
    if not case.severity_method:
        found.append("the severity is not decided")
    open_tasks = sum(1 for t in case.tasks if t.done_at is None)
    if open_tasks:
        found.append(f"{open_tasks} task{'s are' if open_tasks > 1 else ' is'} not done")
    claims = session.scalars(
        select(Claim.number).where(Claim.case_id == case.id, Claim.decided_at.is_(None)).order_by(Claim.number)
    ).all()
    found += [f"claim {number} is not decided" for number in claims]
    if case.principals and not case.counted_at:
        found.append("the ledger was never asked who is affected")
    for other in others:
        found += other(session, case.id)
    return found


def start_closing(session: Session, actor: Actor, now: datetime, case: Case, reason: str) -> None:
    """Says that the work is done but for what `blockers` lists.

    Raises:
        CaseError: closed already, or no reason.
    """
    must_be_open(case)
    if not reason.strip():
        raise CaseError("say why the case can be closed")
    case.state, case.changed_at = "closing", now
    note_event(session, case, actor, now, "state", f"About to be closed: {reason}")
    record(session, actor, "case.closing", f"case:{case.id}", reason, {}, at=now)


def close_case(
    session: Session, actor: Actor, now: datetime, case: Case, reason: str, others: Sequence[Blockers] = ()
) -> None:
    """Closes a case.

    Raises:
        BlockedError: something is open still; it lists what.
        CaseError: closed already, or no reason.
    """
    must_be_open(case)
    if not reason.strip():
        raise CaseError("say why the case is closed")
    open_still = blockers(session, case, others)
    if open_still:
        raise BlockedError(open_still)
    case.state, case.closed_at, case.closed_by, case.closing_reason = "closed", now, actor.name, reason
    case.changed_at = now
    if case.period_until is None:
        case.period_until = now
    session.execute(delete(OpenPrincipal).where(OpenPrincipal.case_id == case.id))
    let_addresses_go(case, now)
    note_event(session, case, actor, now, "state", f"Closed: {reason}")
    details = {"lessons": len(case.lessons), "no_lesson": bool(case.no_lesson_reason), "severity": case.severity}
    record(session, actor, "case.close", f"case:{case.id}", reason, details, at=now)


def reopen_case(session: Session, actor: Actor, now: datetime, case: Case, reason: str) -> None:
    """Opens a closed case again. Its principals may be in a newer case by now; they stay there, too.

    Raises:
        CaseError: it is not closed, or no reason.
    """
    if case.state not in {"closed", "closing"}:
        raise CaseError(f"{case.number} is open")
    if not reason.strip():
        raise CaseError("say why the case is opened again")
    case.state = "contained" if case.contained_at else "open"
    case.closed_at, case.closed_by, case.closing_reason, case.changed_at = None, None, "", now
    note_event(session, case, actor, now, "state", f"Opened again: {reason}")
    record(session, actor, "case.reopen", f"case:{case.id}", reason, {}, at=now)
