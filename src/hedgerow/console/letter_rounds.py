"""What the clock does with letters: writes down that an answer is late, and tells who asked to be told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from hedgerow.cases.letters import following, states
from hedgerow.console.services import Services
from hedgerow.outward.announcing import announce
from hedgerow.outward.happenings import Happening
from hedgerow.store.models.cases import Case
from hedgerow.store.models.letters import Letter, LetterRecheck

TELL_FOR: Final = timedelta(days=1)
"""How long after its day a later look is still announced: what nobody was told then stands on the first page."""


def round_of_letters(services: Services) -> int:
    """Marks late answers and announces them and the looks that are due. Returns how many letters became late.

    Nothing is written, and no lock is taken, when nothing is due.
    """
    now = services.clock()
    with services.database.reading() as session:
        if not _anything(session, now):
            return 0
    with services.database.session() as session:
        late = following.mark_overdue(session, now)
        for letter in late:
            _tell(
                session,
                letter,
                now,
                f"letter-overdue-{letter.id}",
                "letter.overdue",
                "medium",
                f"Letter {letter.number} was not answered in time",
                "Take the next step, or close the matter",
            )
        for look, letter in _looks(session, now):
            _tell(
                session,
                letter,
                now,
                f"letter-look-{look.id}",
                "deadline.near",
                "medium",
                f"It is time to look again: letter {letter.number}, {look.after_days} days on",
                "Look whether the information is still there",
            )
        return len(late)


def _anything(session: Session, now: datetime) -> bool:
    waiting = [s.value for s in states.WAITING]
    late = session.scalar(select(Letter.id).where(Letter.state.in_(waiting), Letter.due_at < now).limit(1))
    return late is not None or bool(_looks(session, now))


def _looks(session: Session, now: datetime) -> list[tuple[LetterRecheck, Letter]]:
    asked = (
        select(LetterRecheck, Letter)
        .join(Letter, Letter.id == LetterRecheck.letter_id)
        .where(
            LetterRecheck.state == "open",
            LetterRecheck.due_at <= now,
            LetterRecheck.due_at > now - TELL_FOR,
        )
    )
    return [(look, letter) for look, letter in session.execute(asked)]


def _tell(
    session: Session, letter: Letter, now: datetime, name: str, kind: str, severity: str, title: str, decide: str
) -> None:
    case = session.get_one(Case, letter.case_id)
    announce(
        session,
        Happening(
            id=name,
            kind=kind,
            at=now,
            title=title,
            severity=severity,
            decide=decide,
            case=case.number,
            path=f"/letters/{letter.id}",
            site=case.site,
        ),
    )
