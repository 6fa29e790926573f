"""The timeline of a case: what happened, when, and who wrote it down. Lines are added and never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hedgerow.cases.core.problems import CaseError
from hedgerow.console.access.actor import Actor
from hedgerow.store.models.cases import Case, CaseEvent

LONGEST: Final = 4_000

KINDS: Final = {
    "opened": "the case was opened",
    "first_disclosure": "the first disclosure that is known",
    "last_disclosure": "the last one",
    "claim": "somebody said that data has leaked",
    "rule": "a rule found it",
    "principals": "principals were added or taken out",
    "counted": "the ledger was asked who is affected",
    "field": "a field's mark was changed",
    "severity": "the severity was decided",
    "containment": "a step of containment",
    "evidence": "an evidence pack was frozen",
    "hold": "a litigation hold",
    "address": "a sealed address was opened",
    "task": "a task",
    "lesson": "a change to the controls",
    "state": "the case moved on",
    "letter": "a letter",
    "notice": "a notice",
    "remark": "what somebody adds by hand: something that happened outside",
}
"""Kinds of lines; letters and notices write theirs, too."""


def note_event(
    session: Session,
    case: Case,
    actor: Actor,
    now: datetime,
    kind: str,
    what: str,
    *,
    at: datetime | None = None,
) -> CaseEvent:
    """Adds a line.

    Args:
        session: The transaction.
        case: Which case.
        actor: Who writes it down.
        now: When it is written down.
        kind: One of `KINDS`.
        what: In a sentence.
        at: When it happened, where that is not now.

    Raises:
        CaseError: an unknown kind, nothing said, or something that is yet to come.
    """
    if kind not in KINDS:
        raise CaseError(f"`{kind}` is no kind of line; there are: {', '.join(KINDS)}")
    if not what.strip():
        raise CaseError("say what happened")
    if at is not None and at > now:
        raise CaseError("a timeline tells what has happened; what is to come is a task")
    last = session.scalar(select(func.max(CaseEvent.serial)).where(CaseEvent.case_id == case.id)) or 0
    row = CaseEvent(
        case_id=case.id,
        serial=last + 1,
        at=at or now,
        noted_at=now,
        kind=kind,
        what=what[:LONGEST],
        by=actor.name,
    )
    session.add(row)
    session.flush()
    session.expire(case, ["events"])
    return row
