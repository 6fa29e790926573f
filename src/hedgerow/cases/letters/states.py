"""What may happen to a letter, and when: one table. Nothing counts as sent before a person approved that very version.

Pure: a letter's `Standing` and an act give the next one, or an error that says what to do. Time and people are
arguments.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from hedgerow.cases.letters.problems import LetterError


class State(StrEnum):
    """Where a letter stands."""

    DRAFT = "draft"
    APPROVED = "approved"
    SENT = "sent"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    ANSWERED = "answered"
    OVERDUE = "overdue"
    ESCALATED = "escalated"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class Act(StrEnum):
    """What is done with a letter, or happens to it."""

    EDIT = "edit"
    APPROVE = "approve"
    WITHDRAW = "withdraw"
    SEND = "send"
    DELIVER = "deliver"
    BOUNCE = "bounce"
    ANSWER = "answer"
    FALL_DUE = "fall_due"
    ESCALATE = "escalate"
    CLOSE = "close"
    REOPEN = "reopen"


TABLE: Final[dict[State, dict[Act, State]]] = {
    State.DRAFT: {Act.EDIT: State.DRAFT, Act.APPROVE: State.APPROVED, Act.WITHDRAW: State.WITHDRAWN},
    State.APPROVED: {Act.EDIT: State.DRAFT, Act.SEND: State.SENT, Act.WITHDRAW: State.WITHDRAWN},
    State.SENT: {
        Act.DELIVER: State.DELIVERED,
        Act.BOUNCE: State.BOUNCED,
        Act.ANSWER: State.ANSWERED,
        Act.FALL_DUE: State.OVERDUE,
        Act.CLOSE: State.CLOSED,
    },
    State.DELIVERED: {
        Act.ANSWER: State.ANSWERED,
        Act.FALL_DUE: State.OVERDUE,
        Act.CLOSE: State.CLOSED,
    },
    State.BOUNCED: {Act.SEND: State.SENT, Act.ANSWER: State.ANSWERED, Act.CLOSE: State.CLOSED},
    State.ANSWERED: {Act.ANSWER: State.ANSWERED, Act.ESCALATE: State.ESCALATED, Act.CLOSE: State.CLOSED},
    State.OVERDUE: {
        Act.DELIVER: State.OVERDUE,
        Act.ANSWER: State.ANSWERED,
        Act.ESCALATE: State.ESCALATED,
        Act.CLOSE: State.CLOSED,
    },
    State.ESCALATED: {Act.ANSWER: State.ANSWERED, Act.ESCALATE: State.ESCALATED, Act.CLOSE: State.CLOSED},
    State.CLOSED: {Act.REOPEN: State.OVERDUE},
    State.WITHDRAWN: {},
}
"""From where, by which act, to where. What is not in it cannot happen."""

OUT: Final = frozenset(State) - {State.DRAFT, State.APPROVED, State.WITHDRAWN}
"""The states of a letter that has left the house."""
WAITING: Final = frozenset({State.SENT, State.DELIVERED})
"""The states in which an answer is waited for."""

_LEADS: Final[dict[Act, str]] = {
    Act.EDIT: "a letter that was sent stays as it is; write another one",
    Act.APPROVE: "only a draft is approved",
    Act.WITHDRAW: "what was sent cannot be withdrawn; close it, or write another letter",
    Act.SEND: "approve it first",
    Act.DELIVER: "record first that it was sent",
    Act.BOUNCE: "record first that it was sent",
    Act.ANSWER: "record first that it was sent",
    Act.FALL_DUE: "no answer is waited for",
    Act.ESCALATE: "escalate when the answer is overdue, or not enough",
    Act.CLOSE: "a draft is withdrawn, not closed",
    Act.REOPEN: "only a closed letter is opened again",
}


@dataclass(frozen=True)
class Standing:
    """All that decides what may happen next."""

    state: State
    version: int
    """Number of the newest version."""
    written_by: str
    """Identifier of who wrote it."""
    approved_version: int | None = None
    approved_at: datetime | None = None
    due_at: datetime | None = None
    """When the answer is due; None where none was asked for."""
    sent_at: datetime | None = None


def possible(standing: Standing) -> tuple[Act, ...]:
    """What may be done next."""
    return tuple(TABLE[standing.state])


def _next(standing: Standing, act: Act) -> State:
    after = TABLE[standing.state].get(act)
    if after is None:
        raise LetterError(f"a letter that is {standing.state.value} cannot be {_DONE[act]}: {_LEADS[act]}")
    return after


_DONE: Final[dict[Act, str]] = {
    Act.EDIT: "changed",
    Act.APPROVE: "approved",
    Act.WITHDRAW: "withdrawn",
    Act.SEND: "sent",
    Act.DELIVER: "delivered",
    Act.BOUNCE: "returned",
    Act.ANSWER: "answered",
    Act.FALL_DUE: "overdue",
    Act.ESCALATE: "escalated",
    Act.CLOSE: "closed",
    Act.REOPEN: "opened again",
}


def edited(standing: Standing, by: str) -> Standing:
    """A new version stands beside the old ones; an approval of an older one is void."""
    after = _next(standing, Act.EDIT)
    return replace(
        standing,
        state=after,
        version=standing.version + 1,
        written_by=by,
        approved_version=None,
        approved_at=None,
    )


def approved(
    standing: Standing,
    by: str,
    at: datetime,
    *,
    version: int,
    gaps: int,
    sources_checked: bool,
    alone: bool,
) -> Standing:
    """A person answers for the newest version.

    Args:
        standing: where the letter stands.
        by: who approves.
        at: when.
        version: the version that person read; approving another one than the newest is refused.
        gaps: how many gaps are left in it.
        sources_checked: whether the rules named in it were read in the text itself, or none is named that was not.
        alone: whether the site has one person for everything, which the trail records.
    """
    after = _next(standing, Act.APPROVE)
    if version != standing.version:
        raise LetterError(f"version {version} was read, but version {standing.version} is the newest; read that one")
    if gaps:
        raise LetterError(f"{gaps} gap{'s are' if gaps > 1 else ' is'} left to fill in; fill them in, or take them out")
    if not sources_checked:
        raise LetterError("the letter names rules that nobody compared with their text; look them up and say so")
    if by == standing.written_by and not alone:
        raise LetterError("another person than the writer of this version approves it")
    return replace(standing, state=after, approved_version=version, approved_at=at)


def sent(standing: Standing, at: datetime, due_at: datetime | None) -> Standing:
    """The approved version left the house."""
    after = _next(standing, Act.SEND)
    if standing.approved_version is None or standing.approved_at is None:
        raise LetterError("nothing counts as sent that nobody approved")
    if standing.approved_version != standing.version:
        raise LetterError("a newer version than the approved one exists; approve that one first")
    if at < standing.approved_at:
        raise LetterError("it cannot have been sent before it was approved; check day and time")
    if due_at is not None and at > due_at:
        raise LetterError("the day for the answer that stands in the letter is over; write a new version with another")
    return replace(standing, state=after, sent_at=at, due_at=due_at)


def done(standing: Standing, act: Act, at: datetime) -> Standing:
    """Every other act: delivered, returned, answered, overdue, escalated, closed, withdrawn, opened again."""
    if act in (Act.EDIT, Act.APPROVE, Act.SEND):
        raise LetterError(f"`{act.value}` has conditions of its own")
    after = _next(standing, act)
    if standing.sent_at is not None and at < standing.sent_at:
        raise LetterError("that was before the letter was sent; check day and time")
    if act is Act.FALL_DUE and not is_due(standing, at):
        raise LetterError("the answer is not overdue yet")
    return replace(standing, state=after)


def is_due(standing: Standing, now: datetime) -> bool:
    """Whether the answer is late and nobody wrote that down yet."""
    return is_late(standing.state, standing.due_at, now)


def is_late(state: State, due_at: datetime | None, now: datetime) -> bool:
    """The same for who has only these two."""
    return state in WAITING and due_at is not None and now > due_at
