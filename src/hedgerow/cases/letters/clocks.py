"""By when an answer is asked for, and when to look again. Pure: `now` and the places are arguments.

A day that is written into a letter ends at the sender's place and is never one on which nobody works: at the
recipient's place where that is known, otherwise at the sender's. It is reckoned by `notices.clocks`, like the law's own
periods: the day of writing does not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hedgerow.cases.letters.kinds import KINDS, RECHECK_DAYS, Kind
from hedgerow.cases.letters.people import Particulars, Recipient, Sender
from hedgerow.cases.letters.problems import LetterError
from hedgerow.cases.notices.calendars import WorkingDays, calendar
from hedgerow.cases.notices.clocks import due
from hedgerow.cases.notices.codes import Event
from hedgerow.cases.notices.places import ZONES
from hedgerow.cases.notices.problems import NoticeError
from hedgerow.cases.notices.rules import Period, Unit


@dataclass(frozen=True)
class _EveryDay:
    """Where no place is known, every day counts: too early is safe."""

    def is_working_day(self, day: date) -> bool:
        return bool(day)


def zone_of(sender: Sender) -> ZoneInfo:
    """The time zone in which the days of a letter are meant: the sender's, then that of its place, then UTC.

    Raises:
        LetterError: for a zone that does not exist.
    """
    name = sender.zone or ZONES.get(sender.place.partition("-")[0], "UTC")
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as e:
        raise LetterError(f"there is no time zone `{name[:40]}`; write one like Europe/Paris") from e


def working_days(recipient: Recipient, sender: Sender) -> WorkingDays:
    """The days on which an answer can be due.

    Raises:
        LetterError: for a place without a calendar.
    """
    place = recipient.place or sender.place
    if not place:
        return _EveryDay()
    try:
        return calendar(place)
    except NoticeError as e:
        raise LetterError(str(e)) from e


def answer_by(kind: Kind, particulars: Particulars, recipient: Recipient, sender: Sender, now: datetime) -> date | None:
    """The last day for an answer, as it is written into the letter; None where none can be asked for."""
    if KINDS[kind].answer_days is None:
        return None
    days = particulars.answer_days or KINDS[kind].answer_days or 0
    zone = zone_of(sender)
    period = Period(days, Unit.DAYS, Event.DETERMINATION, roll=True)
    try:
        return due(period, now, zone, working_days(recipient, sender)).astimezone(zone).date()
    except NoticeError as e:
        raise LetterError(str(e)) from e


def end_of(day: date, zone: str) -> datetime:
    """The last moment of a day in a zone, in UTC."""
    return datetime.combine(day, time(23, 59, 59), ZoneInfo(zone)).astimezone(UTC)


def recheck_moments(start: datetime) -> tuple[datetime, ...]:
    """When to look again after a moment."""
    return tuple(start + timedelta(days=d) for d in RECHECK_DAYS)
