"""Working days of an authority's seat.

Public holidays come from the library `holidays` (MIT): a table of our own for thirty-odd jurisdictions, with moved and
lunar days, would be a subject of its own to keep current, and the library is released every two weeks. What it does not
know: days a government declares at short notice, and for lunar calendars (Hong Kong, Singapore, Morocco) it estimates
years that are not announced yet. A deadline that depends on a working day says so.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Protocol

from hedgerow.cases.notices.problems import NoticeError

MOST_DAYS = 3_700
"""Longest walk over days, ten years: whatever is longer is a mistake."""


class WorkingDays(Protocol):
    """Tells working days from others."""

    def is_working_day(self, day: date) -> bool:
        """Whether the authority works on that day."""
        ...


class _Public:
    """Week-ends and public holidays of one place."""

    def __init__(self, code: str) -> None:
        import holidays  # here, because every start of the command line would pay for it

        country, _, part = code.partition("-")
        try:
            self._days = holidays.country_holidays(country, subdiv=part or None)
        except NotImplementedError as e:
            raise NoticeError(f"there is no holiday calendar for `{code}`; name one of its country") from e
        self._first, self._last = self._days.start_year, self._days.end_year

    def is_working_day(self, day: date) -> bool:
        if not self._first <= day.year <= self._last:
            raise NoticeError(f"public holidays are known from {self._first} to {self._last}, not for {day.year}")
        return self._days.is_working_day(day)


@cache
def calendar(code: str) -> WorkingDays:
    """The calendar of a place: `CO`, or with a part that has holidays of its own, `CA-QC`.

    Raises:
        NoticeError: when there is none.
    """
    return _Public(code)


def after(day: date, amount: int, days: WorkingDays) -> date:
    """The working day that is `amount` working days after a day, which itself is not counted."""
    left = amount
    for _ in range(MOST_DAYS):
        if left <= 0:
            return day
        day += timedelta(days=1)
        left -= days.is_working_day(day)
    raise NoticeError(f"{amount} working days do not fit into ten years")


def next_working(day: date, days: WorkingDays) -> date:
    """The day itself if it is a working day, otherwise the next one."""
    for _ in range(MOST_DAYS):
        if days.is_working_day(day):
            return day
        day += timedelta(days=1)
    raise NoticeError("this calendar has no working day in ten years")
