"""Later looks: is the information still there? Planned when a letter goes out, and anew when deletion is confirmed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy.orm import Session

from hedgerow.cases.letters import states
from hedgerow.cases.letters.clocks import recheck_moments
from hedgerow.cases.letters.files import checked_hash
from hedgerow.cases.letters.keeping import apply, must, note, standing
from hedgerow.cases.letters.kinds import RECHECK_DAYS
from hedgerow.cases.letters.problems import LetterError
from hedgerow.cases.letters.states import Act, State
from hedgerow.console.access.actor import Actor
from hedgerow.console.access.roles import Permission
from hedgerow.console.decisions import record
from hedgerow.store.models.letters import Letter, LetterRecheck

LONGEST_NOTE: Final = 4_000


class Outcome(StrEnum):
    """What a look found."""

    GONE = "gone"
    STILL_OFFERED = "still_offered"
    UNCLEAR = "unclear"


def schedule(session: Session, actor: Actor, now: datetime, letter: Letter, start: datetime) -> None:
    """Plans the looks after a moment; those that were planned before and not done are replaced."""
    for planned in letter.rechecks:
        if planned.state == "open":
            planned.state = "replaced"
    moments = recheck_moments(start)
    for days, due in zip(RECHECK_DAYS, moments, strict=True):
        session.add(
            LetterRecheck(letter_id=letter.id, due_at=due, after_days=days, state="open", note="", evidence_sha256="")
        )
    session.flush()
    session.expire(letter, ["rechecks"])
    note(session, actor, now, letter, "rechecks_planned", details={"days": list(RECHECK_DAYS)})


def record_recheck(
    session: Session,
    actor: Actor,
    now: datetime,
    letter: Letter,
    recheck_id: str,
    outcome: Outcome,
    text: str,
    evidence_sha256: str = "",
) -> None:
    """Records a look. What is still offered after a confirmation contradicts it and opens a closed letter again.

    Raises:
        LetterError: no such look, done already, or without a note.
    """
    must(actor, Permission.WRITE_LETTER)
    found = next((r for r in letter.rechecks if r.id == recheck_id), None)
    if found is None:
        raise LetterError(f"letter {letter.number} has no such re-check")
    if found.state != "open":
        raise LetterError("this re-check is done already, or was replaced")
    if not 0 < len(text.strip()) <= LONGEST_NOTE:
        raise LetterError(f"say where you looked and what you saw, in at most {LONGEST_NOTE:,} characters")
    found.state, found.outcome, found.note = "done", outcome.value, text.strip()
    found.evidence_sha256 = checked_hash(evidence_sha256)
    found.checked_at, found.checked_by = now, actor.name
    details = {"recheck": found.id, "after_days": found.after_days, "outcome": outcome.value}
    note(session, actor, now, letter, "rechecked", text.strip(), details=details)
    record(session, actor, "letter.recheck", f"letter:{letter.id}", text.strip(), details, at=now)
    if outcome is not Outcome.STILL_OFFERED:
        return
    if letter.confirmation == "received":
        contradict(session, actor, now, letter, text.strip())
    elif State(letter.state) is State.CLOSED:
        _open_again(session, actor, now, letter, text.strip())


def contradict(session: Session, actor: Actor, now: datetime, letter: Letter, reason: str) -> None:
    """Writes down that a confirmation of deletion is not true; a closed letter is open again.

    Raises:
        LetterError: no confirmation was received.
    """
    if letter.confirmation != "received":
        raise LetterError("no confirmation of deletion was received that could be contradicted")
    letter.confirmation = "contradicted"
    note(session, actor, now, letter, "contradicted", reason)
    record(session, actor, "letter.contradict", f"letter:{letter.id}", reason, {"number": letter.number}, at=now)
    if State(letter.state) is State.CLOSED:
        _open_again(session, actor, now, letter, reason)


def _open_again(session: Session, actor: Actor, now: datetime, letter: Letter, reason: str) -> None:
    apply(letter, states.done(standing(letter), Act.REOPEN, now))
    letter.closed_at = None
    note(session, actor, now, letter, Act.REOPEN.value, reason)
    record(session, actor, "letter.reopen", f"letter:{letter.id}", reason, {"number": letter.number}, at=now)
