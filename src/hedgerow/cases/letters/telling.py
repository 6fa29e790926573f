"""What waits: letters with their deadlines, looks that are due. For the list, the case's page and the first page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, load_only, selectinload

from hedgerow.cases.letters.following import shown_state
from hedgerow.cases.letters.kinds import KINDS, Kind
from hedgerow.cases.letters.states import WAITING, State
from hedgerow.store.models.letters import Letter, LetterRecheck

MOST: Final = 1_000
"""Longest list."""
ANSWER_IS_DUE: Final = "Answer is due"

_LIGHT: Final = load_only(
    Letter.number,
    Letter.case_id,
    Letter.kind,
    Letter.recipient,
    Letter.state,
    Letter.version,
    Letter.sending_at,
    Letter.sent_at,
    Letter.due_at,
    Letter.answered_at,
    Letter.confirmation,
    Letter.changed_at,
)
"""What lists need of a letter: not what it was drafted from."""


@dataclass(frozen=True)
class LetterRow:
    """One letter in a list."""

    id: str
    number: str
    case_id: str
    kind: str
    title: str
    """What the console calls the kind."""
    to: str
    state: str
    version: int
    sent_at: datetime | None
    due_at: datetime | None
    """When the answer is due, while it is waited for."""
    recheck_at: datetime | None
    """When somebody has to look next."""
    confirmation: str
    changed_at: datetime


@dataclass(frozen=True)
class DueItem:
    """Something a person has to do, by when: a reminder on the first page and the case's."""

    letter_id: str
    number: str
    case_id: str
    what: str
    due_at: datetime


def row_of(letter: Letter, now: datetime) -> LetterRow:
    """One letter as a list shows it."""
    state = shown_state(letter, now)
    waits = state in (State.SENT, State.DELIVERED, State.OVERDUE)
    looks = [r.due_at for r in letter.rechecks if r.state == "open"]
    return LetterRow(
        id=letter.id,
        number=letter.number,
        case_id=letter.case_id,
        kind=letter.kind,
        title=KINDS[Kind(letter.kind)].title,
        to=str(letter.recipient.get("name", "")),
        state=state.value,
        version=letter.version,
        sent_at=letter.sent_at,
        due_at=letter.due_at if waits else None,
        recheck_at=min(looks, default=None),
        confirmation=letter.confirmation,
        changed_at=letter.changed_at,
    )


def letters(session: Session, now: datetime, case_id: str | None = None, state: str | None = None) -> list[LetterRow]:
    """The letters, what is due first at the top."""
    asked = select(Letter).options(_LIGHT, selectinload(Letter.rechecks)).order_by(Letter.changed_at.desc()).limit(MOST)
    if case_id is not None:
        asked = asked.where(Letter.case_id == case_id)
    if state is not None:
        # Before the limit: one that nobody touched for long is what `overdue` is asked for. Lateness may be unwritten.
        kept = {state, *(s.value for s in WAITING)} if state == State.OVERDUE.value else {state}
        asked = asked.where(Letter.state.in_(kept))
    rows = [row_of(letter, now) for letter in session.scalars(asked)]
    far = now + timedelta(days=100_000)
    chosen = [r for r in rows if state is None or r.state == state]
    return sorted(chosen, key=lambda r: (r.due_at or far, r.recheck_at or far))


_UNFINISHED: Final[dict[State, str]] = {
    State.DRAFT: "is a draft: finish or withdraw it",
    State.APPROVED: "is approved and was not sent: send or withdraw it",
    State.BOUNCED: "came back: send it by another way or close it",
    State.OVERDUE: "has no answer: take the next step or close it",
}


def unfinished(session: Session, case_id: str) -> list[str]:
    """What keeps a case open: letters that somebody began and nobody brought to an end."""
    said: list[str] = []
    for letter in session.scalars(select(Letter).where(Letter.case_id == case_id).order_by(Letter.serial)):
        if letter.sending_at is not None:
            said.append(f"Letter {letter.number}: nobody knows whether its mail went out.")
        elif words := _UNFINISHED.get(State(letter.state)):
            said.append(f"Letter {letter.number} {words}.")
    return said


def due_items(session: Session, now: datetime, ahead: timedelta = timedelta(days=7)) -> list[DueItem]:
    """What a person has to do about letters within a time: approve, send, look at a missing answer, look again.

    What waits for a person alone (a draft, a returned letter, an answer) has waited since its last change.
    """
    until = now + ahead
    items: list[DueItem] = []
    waiting = select(Letter).options(_LIGHT).where(Letter.state.not_in(["closed", "withdrawn"]))
    for letter in session.scalars(
        waiting.order_by(Letter.due_at.is_(None), Letter.due_at, Letter.changed_at).limit(MOST)
    ):
        items += _of(letter, now, until)
    looks = (
        select(LetterRecheck, Letter)
        .options(_LIGHT)
        .join(Letter, Letter.id == LetterRecheck.letter_id)
        .where(LetterRecheck.state == "open", LetterRecheck.due_at <= until)
        .order_by(LetterRecheck.due_at)
        .limit(MOST)
    )
    for look, letter in session.execute(looks):
        what = f"Look whether the information is still there, {look.after_days} days on"
        items.append(DueItem(letter.id, letter.number, letter.case_id, what, look.due_at))
    return sorted(items, key=lambda i: (i.due_at, i.number))


def _of(letter: Letter, now: datetime, until: datetime) -> list[DueItem]:
    state = shown_state(letter, now)

    def item(what: str, at: datetime) -> DueItem:
        return DueItem(letter.id, letter.number, letter.case_id, what, at)

    if letter.sending_at is not None:
        return [item("Find out whether the mail went out", letter.sending_at)]
    if state is State.OVERDUE and letter.due_at is not None:
        return [item("No answer came: take the next step", letter.due_at)]
    if state is State.BOUNCED:
        return [item("It came back: send it by another way", letter.changed_at)]
    if state is State.ANSWERED and letter.answered_at is not None:
        return [item("An answer came: close the matter or take the next step", letter.answered_at)]
    if state in (State.SENT, State.DELIVERED) and letter.due_at is not None and letter.due_at <= until:
        return [item(ANSWER_IS_DUE, letter.due_at)]
    if state in (State.DRAFT, State.APPROVED):
        what = "Approve the draft" if state is State.DRAFT else "Send the approved letter"
        return [item(what, letter.changed_at)]
    return []
