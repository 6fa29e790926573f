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
LONGEST_NAME_BYTES: Final = 200
"""Of a route or a field."""
POSTURES: Final = ("raised", "high")
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_NAME: Final = re.compile(r"(?:[0-9a-f]{16}|[0-9a-f]{24})\Z")
_KEYS: Final = {"id", "site", "level", "name", "act", "factor", "from_s", "until_s", "by", "why"} | {
    "route",
    "field",
    "posture",
}

_UNITS: Final = {"m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}


class MeasureError(ValueError):
    """A measure that cannot be; the message says what to write."""


class Act(StrEnum):
    """What is done: to a principal in the order of strictness, but for the last; then what is done for everybody."""

    WATCH = "watch"
    BUDGET = "budget"
    PROVE = "prove"
    REFUSE = "refuse"
    RELEASE = "release"
    POSTURE = "posture"
    MASK = "mask"
    CLOSE = "close"

    @property
    def for_everybody(self) -> bool:
        """Whether it is about a site, and not about a principal."""
        return self in FOR_EVERYBODY

    @property
    def reason(self) -> str:
        """Its code in the ledger (docs/reference/reasons.md)."""
        return f"measure_{self.value}"


OF_PRINCIPALS: Final = (Act.WATCH, Act.BUDGET, Act.PROVE, Act.REFUSE, Act.RELEASE)
FOR_EVERYBODY: Final = (Act.POSTURE, Act.MASK, Act.CLOSE)


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
    """One decision about one principal, or about a site for everybody.

    Raises:
        MeasureError: it cannot be.
    """

    id: str
    site: str
    level: str
    """Empty where it is for everybody, and so is the name."""
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
    route: str | None = None
    """For everybody: the route, as the people map names it; None: every route that shows people."""
    field: str | None = None
    """The field that is masked."""
    posture: str | None = None
    """How tense it is at least: `raised` or `high`."""

    def __post_init__(self) -> None:
        if not _ID.match(self.id) or not _ID.match(self.site):
            raise MeasureError("identifier and site have 1 to 64 letters, digits, `-` and `_`")
        if self.act.for_everybody:
            self._check_everybody()
        else:
            self._check_principal()
        if not 0 <= self.from_s < self.until_s <= self.from_s + LONGEST_LIFE_S or self.until_s > 253_402_300_799:
            raise MeasureError("a measure ends after it begins, and within 366 days; for longer, write a rule")
        if self.act is Act.BUDGET and (self.factor is None or not LEAST_FACTOR <= self.factor <= MOST_FACTOR):
            raise MeasureError("a `budget` needs a factor from 2 to 100: what budgets are divided by")
        if self.act is not Act.BUDGET and self.factor is not None:
            raise MeasureError("only a `budget` has a factor")
        if any(len(words.encode()) > LONGEST_WORDS_BYTES for words in (self.by, self.why)):
            raise MeasureError(f"who decided and why have at most {LONGEST_WORDS_BYTES:,} bytes each")

    def _check_principal(self) -> None:
        if self.level not in LEVELS:
            raise MeasureError(f"nothing can be decided about a {self.level[:40]}; write one of {', '.join(LEVELS)}")
        if not _NAME.match(self.name):
            raise MeasureError("a keyed name has 24 hexadecimal digits as in the ledger, or the first 16")
        if (self.route, self.field, self.posture) != (None, None, None):
            raise MeasureError("only `posture`, `mask` and `close` have a route, a field or a posture")

    def _check_everybody(self) -> None:
        if self.level or self.name:
            raise MeasureError("`posture`, `mask` and `close` are for everybody: they have no level and no name")
        for named in (self.route, self.field):
            if named is not None and not 1 <= len(named.encode()) <= LONGEST_NAME_BYTES:
                raise MeasureError(f"a route and a field are named as in the people map, in {LONGEST_NAME_BYTES} bytes")
        has = (self.route is not None, self.field is not None, self.posture in POSTURES)
        none = self.posture is None
        match self.act:
            case Act.POSTURE if has[1:] == (False, True):
                return
            case Act.MASK if has[1] and none:
                return
            case Act.CLOSE if has[:2] == (True, False) and none:
                return
        raise MeasureError(
            "`posture` has a posture of raised or high, `mask` a field, `close` a route; the first two may have a "
            "route, and nothing else belongs to them"
        )

    @property
    def whom(self) -> str:
        """Whom or what it is about, in words."""
        if not self.act.for_everybody:
            return f"{self.level} {self.name}"
        where = f"the route {self.route}" if self.route else "every route that shows people"
        match self.act:
            case Act.POSTURE:
                return f"posture at least {self.posture} on {where}"
            case Act.MASK:
                return f"the field {self.field} on {where}"
        return where

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
        """Whether both are about the same principal; for everybody: about the same field and route."""
        return self._about == other._about

    @property
    def _about(self) -> tuple[object, ...]:
        if self.act.for_everybody:
            return self.site, self.act, self.route, self.field
        return self.site, self.level, self.name[:16]

    def as_data(self) -> dict[str, Any]:
        """As it stands in the file."""
        data: dict[str, Any] = {
            "id": self.id,
            "site": self.site,
            **({} if self.act.for_everybody else {"level": self.level, "name": self.name}),
            "act": self.act.value,
            "from_s": self.from_s,
            "until_s": self.until_s,
        }
        for key in ("factor", "route", "field", "posture", "by", "why"):
            value = getattr(self, key)
            data.update({key: value} if value else {})
        return data

    @classmethod
    def from_data(cls, data: object) -> Measure:
        """Reads it back.

        Raises:
            MeasureError: it is none.
        """
        if not isinstance(data, Mapping) or not set(data) <= _KEYS:
            raise MeasureError("a measure is an object with the keys of docs/how-to/measures.md, and no others")
        words = {k: data.get(k, "") for k in ("id", "site", "level", "name", "act", "by", "why")}
        where = {k: data.get(k) for k in ("route", "field", "posture")}
        times = {k: data.get(k) for k in ("from_s", "until_s")}
        if not all(v is None or isinstance(v, str) for v in where.values()):
            raise MeasureError("a measure's route, field and posture are words")
        factor = data.get("factor")
        if not all(isinstance(v, str) for v in words.values()) or not all(_whole(v) for v in times.values()):
            raise MeasureError("a measure's names are words and its times are whole seconds")
        if factor is not None and not _whole(factor):
            raise MeasureError("a factor is a whole number")
        try:
            act = Act(words.pop("act"))
        except ValueError as e:
            raise MeasureError(f"a measure is one of {', '.join(Act)}") from e
        return cls(act=act, factor=factor, **words, **times, **where)  # type: ignore[arg-type]  # checked above


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
