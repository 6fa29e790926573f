"""Typed access to a section that was read: every value with the place where it was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from hedgerow.policy.problem import Place

_T = TypeVar("_T")


@dataclass(frozen=True)
class Limit:
    """Distinct people by window; a window that is absent has no limit."""

    by_window: dict[str, int]

    def get(self, window: str) -> int | None:
        """The limit of `hour`, `day` or `month`."""
        return self.by_window.get(window)

    def __str__(self) -> str:
        """`40 an hour, 60 a day`."""
        if not self.by_window:
            return "without limit"
        if not any(self.by_window.values()):
            return "nobody"
        words = {"hour": "an hour", "day": "a day", "month": "in 30 days"}
        return ", ".join(f"{n:,} {words[w]}" for w, n in self.by_window.items())


@dataclass(frozen=True)
class Items:
    """A list that was read."""

    values: tuple[object, ...]
    places: tuple[Place, ...]

    def texts(self) -> list[str]:
        """The items of a list of words."""
        return [v for v in self.values if isinstance(v, str)]

    def views(self) -> list[View]:
        """The items of a list of sections."""
        return [v for v in self.values if isinstance(v, View)]


@dataclass(frozen=True)
class View:
    """A table that was read: settings with their defaults filled in, or keys the operator chose."""

    values: dict[str, object]
    places: dict[str, Place]
    place: Place
    form: str = ""
    written: frozenset[str] = field(default=frozenset())
    """Keys that stand in the file; the others are defaults."""

    def at(self, name: str) -> Place:
        """Where a key was written; the table's own place for a default."""
        return self.places.get(name, self.place)

    def text(self, name: str) -> str:
        """A word that is always there."""
        return self._of(name, str)

    def maybe(self, name: str) -> str | None:
        """A word that may be absent."""
        value = self.values.get(name)
        return value if isinstance(value, str) else None

    def whole(self, name: str) -> int:
        """A whole number."""
        return self._of(name, int)

    def maybe_whole(self, name: str) -> int | None:
        """A whole number that may be absent."""
        value = self.values.get(name)
        return value if isinstance(value, int) else None

    def real(self, name: str) -> float:
        """A number."""
        return self._of(name, float)

    def flag(self, name: str) -> bool:
        """Yes or no."""
        return self._of(name, bool)

    def view(self, name: str) -> View:
        """A section."""
        return self._of(name, View)

    def maybe_view(self, name: str) -> View | None:
        """A section that may be absent."""
        value = self.values.get(name)
        return value if isinstance(value, View) else None

    def items(self, name: str) -> Items:
        """A list."""
        return self._of(name, Items)

    def limits(self) -> Iterator[tuple[str, Limit]]:
        """The limits of a table from sensitivity to limit."""
        for key, value in self.values.items():
            if isinstance(value, Limit):
                yield key, value

    def views(self) -> Iterator[tuple[str, View]]:
        """The sections of a table from the operator's keys to sections."""
        for key, value in self.values.items():
            if isinstance(value, View):
                yield key, value

    def _of(self, name: str, kind: type[_T]) -> _T:
        value = self.values[name]
        if not isinstance(value, kind):
            raise TypeError(f"the setting {name} was read as {type(value).__name__}, not {kind.__name__}")
        return value
