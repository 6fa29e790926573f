"""What was sent, in phases, and what is still owed: follow-ups with a due date, figures that replace others.

An operator was blamed for a supplement that never came. So a filing that leaves something open creates a follow-up with
a date: the one that was promised, else a house rule of so many days, which is ours and no law's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from hedgerow.cases.notices.codes import Code, Duty, Event
from hedgerow.cases.notices.counts import Count
from hedgerow.cases.notices.problems import NoticeError

HOUSE_DAYS = 14
"""Days until a follow-up when none was promised. A house rule: phased regimes say `without undue further delay`."""


class Kind(StrEnum):
    """What a filing is."""

    FIRST = "first"
    SUPPLEMENT = "supplement"
    WITHDRAWAL = "withdrawal"


@dataclass(frozen=True)
class Filing:
    """One notice as it left."""

    regime: str
    duty: Duty
    kind: Kind
    at: datetime
    by: str
    given: tuple[Code, ...] = ()
    open: tuple[Code, ...] = ()
    """Contents that were still missing."""
    promised: date | None = None
    """Day for which the rest was promised."""
    people: Count | None = None
    """The number of people it stated."""
    reason: str = ""
    """Why figures changed, or why it was withdrawn."""


@dataclass(frozen=True)
class FollowUp:
    """A supplement that is owed."""

    regime: str
    duty: Duty
    open: tuple[Code, ...]
    due: date
    rests_on: str
    """`promised` or `house rule`."""
    overdue: bool


def sent(filings: tuple[Filing, ...], regime: str, duty: Duty, now: datetime) -> tuple[Filing, ...]:
    """The filings of one duty until now, oldest first."""
    found = [f for f in filings if f.regime == regime and f.duty is duty and f.at <= now]
    return tuple(sorted(found, key=lambda f: f.at))


def events(filings: tuple[Filing, ...], regime: str, now: datetime) -> dict[Event, datetime]:
    """The events that sending creates: when people and the authority were first told."""
    found: dict[Event, datetime] = {}
    for duty, event in ((Duty.PEOPLE, Event.PEOPLE_NOTICE), (Duty.AUTHORITY, Event.AUTHORITY_NOTICE)):
        mine = sent(filings, regime, duty, now)
        if mine:
            found[event] = mine[0].at
    return found


def follow_up(
    filings: tuple[Filing, ...], regime: str, duty: Duty, now: datetime, house_days: int = HOUSE_DAYS
) -> FollowUp | None:
    """What the filings so far leave open; None when nothing is, or when the notice was withdrawn."""
    mine = sent(filings, regime, duty, now)
    if not mine or mine[-1].kind is Kind.WITHDRAWAL:
        return None
    given: set[Code] = set()
    wanted: dict[Code, None] = {}
    for filing in mine:
        given |= set(filing.given)
        wanted |= dict.fromkeys(filing.open)
    left = tuple(c for c in wanted if c not in given)
    if not left:
        return None
    last = mine[-1]
    due = last.promised or last.at.date() + timedelta(days=house_days)
    return FollowUp(regime, duty, left, due, "promised" if last.promised else "house rule", now.date() > due)


def check(filings: tuple[Filing, ...]) -> list[str]:
    """What is wrong with a series of filings, in sentences: order, doubles, figures changed without a reason."""
    wrong: list[str] = []
    for regime, duty in dict.fromkeys((f.regime, f.duty) for f in filings):
        mine = [f for f in filings if f.regime == regime and f.duty is duty]
        name = f"{regime}, {duty.value.replace('_', ' ')}"
        if [f.at for f in mine] != sorted(f.at for f in mine):
            wrong.append(f"{name}: filings are not in the order of their times")
        if mine[0].kind is not Kind.FIRST:
            wrong.append(f"{name}: the first filing is a {mine[0].kind.value}")
        wrong += [f"{name}: a second first notice of {f.at.isoformat()}" for f in mine[1:] if f.kind is Kind.FIRST]
        last: Count | None = None
        for f in mine:
            if f.people is not None and last is not None and f.people != last and not f.reason.strip():
                wrong.append(f"{name}: {f.people} replaces {last} without a reason")
            if f.kind is Kind.WITHDRAWAL and not f.reason.strip():
                wrong.append(f"{name}: a withdrawal needs its reason")
            last = f.people or last
    return wrong


def added(filings: tuple[Filing, ...], new: Filing) -> tuple[Filing, ...]:
    """The record with one filing more; nothing that was filed is ever changed.

    Raises:
        NoticeError: when it does not fit what was filed before.
    """
    both = (*filings, new)
    wrong = check(both)
    if wrong:
        raise NoticeError("; ".join(wrong))
    return both
