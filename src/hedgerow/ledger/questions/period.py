"""From when until when: `7d`, a day, or a moment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

_AGO: Final = re.compile(r"(\d{1,5})([hdw])\Z")
_UNITS: Final = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


class PeriodError(ValueError):
    """A time that cannot be read; the message says how to write it."""


@dataclass(frozen=True)
class Period:
    """From `since` (included) to `until` (not included), UTC."""

    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        if self.since >= self.until:
            raise PeriodError(f"the period ends ({iso(self.until)}) before it begins ({iso(self.since)})")

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """For the views, whose times are UTC without a zone."""
        return self.since.astimezone(UTC).replace(tzinfo=None), self.until.astimezone(UTC).replace(tzinfo=None)

    def in_words(self) -> str:
        """From when until when."""
        return f"from {iso(self.since)} until {iso(self.until)}"


def iso(moment: datetime) -> str:
    """A moment, as everything here writes it."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def read_period(since: str | None, until: str | None, now: datetime, default_days: int) -> Period:
    """The period of `--since` and `--until`; without them the last `default_days` days and today, until now.

    The default begins at midnight: of days without detail it takes whole ones.

    Raises:
        PeriodError: one cannot be read, or it ends before it begins.
    """
    end = read_moment(until, now, end=True) if until else now + timedelta(milliseconds=1)
    begin = read_moment(since, now, end=False) if since else _midnight(now) - timedelta(days=default_days)
    return Period(begin, end)


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def read_moment(text: str, now: datetime, *, end: bool) -> datetime:
    """`7d` (so long ago), `2026-11-20` (a day: its beginning, or its end), `2026-11-20T08:30Z` (without a zone: UTC).

    Raises:
        PeriodError: it is none of these.
    """
    text = text.strip()
    try:
        if ago := _AGO.match(text):
            return now - int(ago[1]) * _UNITS[ago[2]]
        moment = datetime.fromisoformat(text)
        if _DAY.match(text) and end:
            moment += timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise PeriodError(
            f"`{text}` is not a time: write 7d, 12h, 2026-11-20 or 2026-11-20T08:30Z (UTC unless it says otherwise)"
        ) from error
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
