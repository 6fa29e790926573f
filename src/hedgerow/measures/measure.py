"""One measure, and what it can be. The bounds are those of the engine: `crates/engine/src/measures/reading.rs`."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

LEVELS: Final = ("account", "session", "address", "network", "client")
"""Levels at which something can be decided, the narrowest principal first."""
LONGEST_LIFE_S: Final = 366 * 86_400
LEAST_FACTOR: Final = 2
MOST_FACTOR: Final = 100
LONGEST_WORDS_BYTES: Final = 2_000
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_NAME: Final = re.compile(r"(?:[0-9a-f]{16}|[0-9a-f]{24})\Z")
_KEYS: Final = {"id", "site", "level", "name", "act", "factor", "from_s", "until_s", "by", "why"}

_UNITS: Final = {"m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}


class MeasureError(ValueError):
    """A measure that cannot be; the message says what to write."""


class Act(StrEnum):
    """What is done. In the order of strictness, but for the last."""

    WATCH = "watch"
    BUDGET = "budget"
    PROVE = "prove"
    REFUSE = "refuse"
    RELEASE = "release"

    @property
    def reason(self) -> str:
        """Its code in the ledger (docs/reference/reasons.md)."""
        return f"measure_{self.value}"


def new_id() -> str:
    """An identifier nobody has used."""
    return f"m-{secrets.token_hex(8)}"


def read_span(text: str) -> int:
    """`30m`, `12h`, `2d`, `1w` in seconds.

    Raises:
        MeasureError: it is none, or too long.
    """
    number, unit = text[:-1], text[-1:]
    if not (number.isascii() and number.isdigit() and len(number) < 7 and unit in _UNITS) or int(number) == 0:
        raise MeasureError(f"`{text[:20]}` is not a time; write 30m, 12h, 2d or 1w")
    span = int(number) * _UNITS[unit]
    if span > LONGEST_LIFE_S:
        raise MeasureError("a measure lasts 366 days at most; for longer, write a rule (docs/how-to/rules.md)")
    return span


@dataclass(frozen=True)
class Measure:
    """One decision about one principal.

    Raises:
        MeasureError: it cannot be.
    """

    id: str
    site: str
    level: str
    name: str
    """The principal's stable keyed name: 24 hexadecimal digits, or the first 16 as in `hedgerow status`."""
    act: Act
    from_s: int
    """From when, Unix seconds."""
    until_s: int
    """Until when, Unix seconds; at most 366 days after it begins."""
    factor: int | None = None
    """What budgets are divided by, for `budget` only: 2 to 100."""
    by: str = ""
    """Who decided."""
    why: str = ""
    """Why, in words; read by people only."""

    def __post_init__(self) -> None:
        if not _ID.match(self.id) or not _ID.match(self.site):
            raise MeasureError("identifier and site have 1 to 64 letters, digits, `-` and `_`")
        if self.level not in LEVELS:
            raise MeasureError(f"nothing can be decided about a {self.level[:40]}; write one of {', '.join(LEVELS)}")
        if not _NAME.match(self.name):
            raise MeasureError("a keyed name has 24 hexadecimal digits as in the ledger, or the first 16")
        if not 0 <= self.from_s < self.until_s <= self.from_s + LONGEST_LIFE_S or self.until_s > 253_402_300_799:
            raise MeasureError("a measure ends after it begins, and within 366 days; for longer, write a rule")
        if self.act is Act.BUDGET and (self.factor is None or not LEAST_FACTOR <= self.factor <= MOST_FACTOR):
            raise MeasureError("a `budget` needs a factor from 2 to 100: what budgets are divided by")
        if self.act is not Act.BUDGET and self.factor is not None:
            raise MeasureError("only a `budget` has a factor")
        if any(len(words.encode()) > LONGEST_WORDS_BYTES for words in (self.by, self.why)):
            raise MeasureError(f"who decided and why have at most {LONGEST_WORDS_BYTES:,} bytes each")

    @property
    def until(self) -> datetime:
        """When it ends, UTC."""
        return datetime.fromtimestamp(self.until_s, UTC)

    def holds(self, now_s: float) -> bool:
        """Whether it is in force at a time."""
        return self.from_s <= now_s < self.until_s

    def ended(self, now_s: int) -> list[Measure]:
        """The same, ended now; nothing is left of one that has not held for a second yet."""
        return [replace(self, until_s=min(self.until_s, now_s))] if now_s > self.from_s else []

    def about(self, other: Measure) -> bool:
        """Whether both are about the same principal."""
        mine, theirs = (self.site, self.level, self.name[:16]), (other.site, other.level, other.name[:16])
        return mine == theirs

    def as_data(self) -> dict[str, Any]:
        """As it stands in the file."""
        data: dict[str, Any] = {
            "id": self.id,
            "site": self.site,
            "level": self.level,
            "name": self.name,
            "act": self.act.value,
            "from_s": self.from_s,
            "until_s": self.until_s,
        }
        if self.factor is not None:
            data["factor"] = self.factor
        return {**data, **{k: v for k, v in (("by", self.by), ("why", self.why)) if v}}

    @classmethod
    def from_data(cls, data: object) -> Measure:
        """Reads it back.

        Raises:
            MeasureError: it is none.
        """
        if not isinstance(data, Mapping) or not set(data) <= _KEYS:
            raise MeasureError("a measure is an object with the keys of docs/how-to/measures.md, and no others")
        words = {k: data.get(k, "") for k in ("id", "site", "level", "name", "act", "by", "why")}
        times = {k: data.get(k) for k in ("from_s", "until_s")}
        factor = data.get("factor")
        if not all(isinstance(v, str) for v in words.values()) or not all(_whole(v) for v in times.values()):
            raise MeasureError("a measure's names are words and its times are whole seconds")
        if factor is not None and not _whole(factor):
            raise MeasureError("a factor is a whole number")
        try:
            act = Act(words.pop("act"))
        except ValueError as e:
            raise MeasureError(f"a measure is one of {', '.join(Act)}") from e
        return cls(act=act, factor=factor, **words, **times)  # type: ignore[arg-type]  # checked above


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
