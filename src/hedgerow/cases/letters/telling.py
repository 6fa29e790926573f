"""What waits: letters with their deadlines, looks that are due. For the list, the case's page and the first page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, false, func, or_, select
from sqlalchemy import case as when
from sqlalchemy.orm import Session, load_only, selectinload

from hedgerow.cases.letters import states
from hedgerow.cases.letters.following import shown_state
from hedgerow.cases.letters.kinds import KINDS, Kind
from hedgerow.cases.letters.states import State
from hedgerow.store.models.letters import Letter, LetterRecheck

MOST: Final = 1_000
"""Longest list."""
ANSWER_IS_DUE: Final = "Answer is due"
PAGE: Final = 50
"""Letters on one page of the list."""
_AWAITED: Final = [s.value for s in (*sorted(states.WAITING), State.OVERDUE)]
"""States in which the day of the answer counts."""

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


@dataclass(frozen=True)
class Listed:
    """One page of letters."""

    rows: tuple[LetterRow, ...]
    total: int
    page: int
    pages: int


def listed(
    session: Session,
    now: datetime,
    *,
    case_id: str | None = None,
    state: str | None = None,
    page: int = 1,
    size: int = PAGE,
) -> Listed:
    """One page of the letters, what is due first at the top, with how many there are.

    The database filters, sorts and counts: a page costs what is on it, however many letters there are.
    """
    where: list[ColumnElement[bool]] = []
    if case_id is not None:
        where.append(Letter.case_id == case_id)
    if state is not None:
        where.append(_in_state(state, now))
    total = session.scalar(select(func.count(Letter.id)).where(*where)) or 0
    pages = max(1, -(-total // size))
    page = min(max(1, page), pages)
    look = (
        select(LetterRecheck.letter_id, func.min(LetterRecheck.due_at).label("due_at"))
        .where(LetterRecheck.state == "open")
        .group_by(LetterRecheck.letter_id)
        .subquery()
    )
    due = when((Letter.state.in_(_AWAITED), Letter.due_at), else_=None)
    asked = (
        select(Letter)
        .options(_LIGHT, selectinload(Letter.rechecks))
        .outerjoin(look, look.c.letter_id == Letter.id)
        .where(*where)
        .order_by(due.is_(None), due, look.c.due_at.is_(None), look.c.due_at, Letter.changed_at.desc(), Letter.id)
        .limit(size)
        .offset((page - 1) * size)
    )
    return Listed(tuple(row_of(letter, now) for letter in session.scalars(asked)), total, page, pages)


def letters(session: Session, now: datetime, case_id: str | None = None, state: str | None = None) -> list[LetterRow]:
    """The first letters, what is due first at the top; `listed` has all of them, a page at a time."""
    return list(listed(session, now, case_id=case_id, state=state, size=MOST).rows)


def _in_state(state: str, now: datetime) -> ColumnElement[bool]:
    """The state as it is at a moment (`shown_state`), also where nobody wrote it down yet."""
    late = and_(Letter.state.in_([s.value for s in states.WAITING]), Letter.due_at < now)
    if state == State.OVERDUE.value:
        return or_(Letter.state == state, late)
    return and_(Letter.state == state, ~func.coalesce(late, false()))


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


def due_items(session: Session, now: datetime, ahead: timedelta = timedelta(days=7), most: int = MOST) -> list[DueItem]:
    """What a person has to do about letters within a time: approve, send, look at a missing answer, look again.

    What waits for a person alone (a draft, a returned letter, an answer) has waited since its last change.
    The most urgent come first; `due_count` says how many there are in all.
    """
    until = now + ahead
    at = _waits_at()
    waiting = select(Letter).options(_LIGHT).where(_waits(until)).order_by(at, Letter.number).limit(most)
    items = [item for letter in session.scalars(waiting) if (item := _of(letter, now)) is not None]
    looks = (
        select(LetterRecheck, Letter)
        .options(_LIGHT)
        .join(Letter, Letter.id == LetterRecheck.letter_id)
        .where(*_to_look(until))
        .order_by(LetterRecheck.due_at, Letter.number)
        .limit(most)
    )
    for look, letter in session.execute(looks):
        what = f"Look whether the information is still there, {look.after_days} days on"
        items.append(DueItem(letter.id, letter.number, letter.case_id, what, look.due_at))
    return sorted(items, key=lambda i: (i.due_at, i.number))[:most]


def due_count(session: Session, now: datetime, ahead: timedelta = timedelta(days=7)) -> int:
    """How many things a person has to do about letters within a time."""
    until = now + ahead
    letters_due = session.scalar(select(func.count(Letter.id)).where(_waits(until))) or 0
    looks = session.scalar(select(func.count(LetterRecheck.id)).where(*_to_look(until))) or 0
    return letters_due + looks


def _to_look(until: datetime) -> tuple[ColumnElement[bool], ...]:
    return LetterRecheck.state == "open", LetterRecheck.due_at <= until


def _waits(until: datetime) -> ColumnElement[bool]:
    """Letters about which somebody has to do something; `_of` says what."""
    of_state = or_(
        Letter.sending_at.is_not(None),
        Letter.state.in_([State.DRAFT.value, State.APPROVED.value, State.BOUNCED.value]),
        and_(Letter.state == State.ANSWERED.value, Letter.answered_at.is_not(None)),
        and_(Letter.state == State.OVERDUE.value, Letter.due_at.is_not(None)),
        and_(Letter.state.in_([s.value for s in states.WAITING]), Letter.due_at <= until),
    )
    return and_(Letter.state.not_in([State.CLOSED.value, State.WITHDRAWN.value]), of_state)


def _waits_at() -> ColumnElement[datetime | None]:
    """When what waits is due, as `_of` says it."""
    return when(
        (Letter.sending_at.is_not(None), Letter.sending_at),
        (Letter.state.in_(_AWAITED), Letter.due_at),
        (Letter.state == State.ANSWERED.value, Letter.answered_at),
        else_=Letter.changed_at,
    )


def _of(letter: Letter, now: datetime) -> DueItem | None:
    state = shown_state(letter, now)

    def item(what: str, at: datetime) -> DueItem:
        return DueItem(letter.id, letter.number, letter.case_id, what, at)

    if letter.sending_at is not None:
        return item("Find out whether the mail went out", letter.sending_at)
    if state is State.OVERDUE and letter.due_at is not None:
        return item("No answer came: take the next step", letter.due_at)
    if state is State.BOUNCED:
        return item("It came back: send it by another way", letter.changed_at)
    if state is State.ANSWERED and letter.answered_at is not None:
        return item("An answer came: close the matter or take the next step", letter.answered_at)
    if state in states.WAITING and letter.due_at is not None:
        return item(ANSWER_IS_DUE, letter.due_at)
    if state in (State.DRAFT, State.APPROVED):
        what = "Approve the draft" if state is State.DRAFT else "Send the approved letter"
        return item(what, letter.changed_at)
    return None
