"""Months of the calendar, in UTC: the periods of reviews."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_WRITTEN: Final = re.compile(r"(\d{4})-(0[1-9]|1[0-2])\Z")


class MonthError(ValueError):
    """Not a month; the message says how one is written."""


@dataclass(frozen=True, order=True)
class Month:
    """One month of the calendar."""

    year: int
    month: int

    @classmethod
    def read(cls, text: str) -> Month:
        """`2026-11`.

        Raises:
            MonthError: it is not written so.
        """
        found = _WRITTEN.match(text)
        if not found or int(found[1]) < 1970:
            raise MonthError(f"`{text[:20]}` is not a month; write it as 2026-11")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, moment: datetime) -> Month:
        """The month of a moment, in UTC."""
        utc = moment.astimezone(UTC)
        return cls(utc.year, utc.month)

    @property
    def since(self) -> datetime:
        """Its first moment."""
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def until(self) -> datetime:
        """The first moment after it."""
        return self.next.since

    @property
    def next(self) -> Month:
        """The month after."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def previous(self) -> Month:
        """The month before."""
        return Month(self.year - (self.month == 1), (self.month - 2) % 12 + 1)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"
