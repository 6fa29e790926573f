"""Deadlines: from an event and a limit to a moment. Pure: `now` and the calendar are arguments.

* Hours are elapsed hours. They run through nights, week-ends, holidays and the change of the clocks.
* Days and business days do not count the day of the event (dies a quo; for the law of the European Union: Regulation
  (EEC, Euratom) 1182/71, article 3(1)) and end with the last second of the last day at the authority's seat.
* A last day that is no working day moves only where the rule says `roll` (for the European Union article 3(4) of that
  Regulation, which does not touch periods in hours). Where it is not known, the earlier day holds: too early is safe.
"""

from __future__ import annotations

import calendar as months
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hedgerow.cases.notices.calendars import WorkingDays, after, next_working
from hedgerow.cases.notices.codes import Event
from hedgerow.cases.notices.problems import NoticeError
from hedgerow.cases.notices.rules import AfterAuthority, AtOnce, Limit, Period, Unit

_LAST = time(23, 59, 59)


def due(period: Period, start: datetime, zone: ZoneInfo, days: WorkingDays) -> datetime:
    """The last moment of a period, in UTC.

    Raises:
        NoticeError: when `start` has no time zone, or the calendar does not reach that far.
    """
    if start.tzinfo is None:
        raise NoticeError("a clock starts at a moment with a time zone")
    if period.unit is Unit.HOURS:
        return start.astimezone(UTC) + timedelta(hours=period.amount)
    first = start.astimezone(zone).date()
    if period.unit is Unit.BUSINESS_DAYS:
        last = after(first, period.amount, days)
    else:
        last = first + timedelta(days=period.amount)
        if period.roll:
            last = next_working(last, days)
    return datetime.combine(last, _LAST, zone).astimezone(UTC)


def months_after(day: date, amount: int) -> date:
    """The same day `amount` months later, or the last day of that month where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + amount, 12)
    return date(year, month + 1, min(day.day, months.monthrange(year, month + 1)[1]))


@dataclass(frozen=True)
class Deadline:
    """By when, and from what it was reckoned."""

    event: Event
    started: datetime | None
    """None: the event has not been recorded, so the clock does not run yet."""
    due: datetime | None
    """None: the law has no number; `words` says what it has."""
    words: str
    expected: datetime | None = None
    """What the authority expects where the law has no number; being later needs a reason too."""

    @property
    def last(self) -> datetime | None:
        """The moment to keep: the law's, else the authority's expectation."""
        return self.due or self.expected

    def missed(self, at: datetime) -> bool:
        """Whether a moment is after the one to keep."""
        return self.last is not None and at > self.last


def deadline(
    limit: Limit,
    expected: Period | None,
    events: dict[Event, datetime],
    zone: ZoneInfo,
    days: WorkingDays,
) -> Deadline:
    """The deadline of a limit, given the events recorded so far."""
    match limit:
        case Period():
            started = events.get(limit.event)
            end = due(limit, started, zone, days) if started else None
            return Deadline(limit.event, started, end, in_words(limit))
        case AtOnce():
            started = events.get(limit.event)
            looked_for = (
                due(expected, events[expected.event], zone, days) if expected and expected.event in events else None
            )
            return Deadline(limit.event, started, None, limit.words, looked_for)
        case AfterAuthority():
            return Deadline(Event.AUTHORITY_NOTICE, events.get(Event.AUTHORITY_NOTICE), None, limit.words)


def in_words(period: Period) -> str:
    """`72 hours after you knew`."""
    unit = period.unit.value.replace("_", " ")
    event = "you knew" if period.event is Event.AWARE else period.event.value.replace("_", " ")
    return f"{period.amount} {unit if period.amount != 1 else unit.removesuffix('s')} after {event}"
