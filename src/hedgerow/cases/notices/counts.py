"""Numbers of people and records: exact or a range, with the method, superseded and never overwritten.

A regulator punished an operator that kept changing its figures and its way of counting. So a figure carries how it was
made, a new figure stands beside the old one with a reason, and a change of method is visible.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hedgerow.cases.notices.problems import NoticeError


@dataclass(frozen=True)
class Count:
    """A number between `low` and `high`, both included; exact when they are equal."""

    low: int
    high: int
    method: str
    """How it was made: `ledger, exact` or the estimator with its name and error."""

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high:
            raise NoticeError(f"a count goes from low to high and is never negative, not {self.low} to {self.high}")

    @property
    def exact(self) -> bool:
        """Whether it is a number and not a range."""
        return self.low == self.high

    def __str__(self) -> str:
        """`1,204` or `480 to 620`."""
        return f"{self.low:,}" if self.exact else f"{self.low:,} to {self.high:,}"

    def reaches(self, limit: int) -> bool | None:
        """Whether at least `limit`: yes, no, or `None` when the range does not tell."""
        if self.low >= limit:
            return True
        return None if self.high >= limit else False


@dataclass(frozen=True)
class Figure:
    """One statement of a number, as somebody made it."""

    count: Count
    at: datetime
    by: str
    reason: str
    """Why it replaces the one before; empty for the first."""


@dataclass(frozen=True)
class Figures:
    """Every figure ever given for one number, oldest first."""

    history: tuple[Figure, ...] = ()

    @property
    def current(self) -> Figure | None:
        """The figure that holds now."""
        return self.history[-1] if self.history else None

    def superseded_by(self, count: Count, at: datetime, by: str, reason: str = "") -> Figures:
        """The same history with a new figure at its end.

        Raises:
            NoticeError: without a name, with a time before the last figure, or without a reason although there was one.
        """
        last = self.current
        if not by.strip():
            raise NoticeError("a figure needs the name of who gives it")
        if last is not None and at < last.at:
            raise NoticeError(f"a figure given at {at.isoformat()} cannot replace a later one of {last.at.isoformat()}")
        if last is not None and not reason.strip():
            raise NoticeError(f"say why {count} replaces {last.count}; a figure is superseded with a reason")
        return Figures((*self.history, Figure(count, at, by, reason)))

    def changes_of_method(self) -> list[tuple[Figure, Figure]]:
        """Pairs of neighbours that were counted in different ways: an authority will ask about each."""
        return [
            (a, b) for a, b in zip(self.history, self.history[1:], strict=False) if a.count.method != b.count.method
        ]
