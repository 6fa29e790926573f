"""Shapes a value of the policy can have. The table of settings is written in these; reading and the schema follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

Check = Callable[[str], str | None]
"""Says what is wrong with a text, or nothing."""


class _Required:
    def __repr__(self) -> str:
        return "required"


REQUIRED: Final = _Required()
"""The default of a setting that has none: it must be written."""


@dataclass(frozen=True)
class Text:
    """Words. `check` returns a sentence when they will not do; `example` is what an operator could write."""

    example: str
    check: Check | None = None
    longest: int = 2_000


@dataclass(frozen=True)
class Whole:
    """A whole number within bounds, both included."""

    low: int
    high: int


@dataclass(frozen=True)
class Real:
    """A number within bounds, both included."""

    low: float
    high: float


@dataclass(frozen=True)
class Flag:
    """Yes or no."""


@dataclass(frozen=True)
class Choice:
    """One of several words; each with the sentence that explains it.

    `elsewhere` are words that seem to belong here and do not: why, and what to write instead.
    """

    words: dict[str, str]
    elsewhere: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Limits:
    """Distinct people per window: `40/hour 60/day 500/month`, the same as a table, or `unlimited`."""

    month: bool = True


@dataclass(frozen=True)
class Many:
    """A list. With `single`, one value may stand alone without the dash."""

    of: Shape
    single: bool = False
    least: int = 0
    most: int = 1_000


@dataclass(frozen=True)
class Keyed:
    """A table whose keys the operator chooses, or (`keys` a choice) picks from a closed list."""

    keys: Text | Choice
    values: Shape
    most: int = 1_000


@dataclass(frozen=True)
class Section:
    """A table with known settings."""

    name: str
    settings: tuple[Setting, ...]
    sentence: str = ""

    def setting(self, name: str) -> Setting | None:
        """One setting by its name."""
        return next((s for s in self.settings if s.name == name), None)


@dataclass(frozen=True)
class Short:
    """A section that may also be written as something shorter, which stands for its setting `stands_for`."""

    section: Section
    short: Text | Choice | Many
    stands_for: str


@dataclass(frozen=True)
class Either:
    """Sections told apart by which of their first settings is written, or one of a few bare words."""

    words: dict[str, str]
    sections: tuple[Section, ...] = field(default=())


Shape = Text | Whole | Real | Flag | Choice | Limits | Many | Keyed | Section | Short | Either


@dataclass(frozen=True)
class Setting:
    """One line of the table of settings."""

    name: str
    shape: Shape
    default: object
    unit: str
    sentence: str

    @property
    def required(self) -> bool:
        """Whether it must be written."""
        return self.default is REQUIRED
