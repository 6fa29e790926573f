"""Legal rules that a letter can name: each with its source, its date and how it was looked at.

A letter names a rule only where a person chose it. Whatever was not read in the text itself is shown to whoever
approves, with its source, and approval needs their word that they looked it up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from hedgerow.cases.letters.kinds import Kind
from hedgerow.cases.letters.problems import LetterError
from hedgerow.cases.notices.places import ZONES, inside

FILE: Final = Path(__file__).with_name("grounds.yaml")
_HOW: Final = {"read": "yes", "copy": "partly", "summary": "partly", "memory": "no"}


@dataclass(frozen=True)
class Ground:
    """One rule."""

    id: str
    title: str
    source: str
    dated: date | None
    how: str
    """`read`, `copy`, `summary` or `memory`."""
    checked: date | None
    remark: str
    places: tuple[str, ...]
    """Where it is law; nothing: everywhere. `EEA` is the European Economic Area."""
    suggested: tuple[Kind, ...]

    @property
    def verified(self) -> str:
        """`yes`, `partly` or `no`: whether the rule was compared with its text."""
        return _HOW[self.how]

    def holds_in(self, *places: str) -> bool:
        """Whether it is law at one of these places."""
        return not self.places or any(_within(p, area) for p in places if p for area in self.places)


def _within(place: str, area: str) -> bool:
    return place.partition("-")[0] in ZONES if area == "EEA" else inside(place, area)


@cache
def grounds() -> dict[str, Ground]:
    """Every rule of the shipped list, by its name."""
    data = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {name: _ground(name, values) for name, values in data["grounds"].items()}


def _ground(name: str, values: dict[str, Any]) -> Ground:
    return Ground(
        id=name,
        title=values["title"],
        source=values["source"],
        dated=values["dated"],
        how=values["how"],
        checked=values["checked"],
        remark=values["remark"],
        places=tuple(values["places"]),
        suggested=tuple(Kind(k) for k in values["suggested"]),
    )


def chosen(names: tuple[str, ...]) -> tuple[Ground, ...]:
    """The rules of these names.

    Raises:
        LetterError: for a name that is not on the list.
    """
    known = grounds()
    for name in names:
        if name not in known:
            raise LetterError(f"there is no rule `{name[:40]}`; there are: {', '.join(known)}")
    return tuple(known[n] for n in dict.fromkeys(names))


def suggested(kind: Kind, *places: str) -> tuple[str, ...]:
    """What the console ticks for a letter of this kind between these places. A person may take each away."""
    return tuple(name for name, g in grounds().items() if kind in g.suggested and g.holds_in(*places))


def to_look_up(names: tuple[str, ...]) -> tuple[Ground, ...]:
    """Those of the named rules that nobody compared with the text itself."""
    return tuple(g for g in chosen(names) if g.verified != "yes")
