"""The record of one person, and of one principal: entries where there is detail, else days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import duckdb

from hedgerow.ledger.questions import bitmaps
from hedgerow.ledger.questions.period import iso
from hedgerow.ledger.questions.refs import Group
from hedgerow.ledger.reading import Entry, Shown

_FACTS: Final = {
    "reference": "ref",
    "part": "part",
    "network": "net",
    "session": "s",
    "account": "acc",
    "client": "c",
    "licence": "lic",
    "lane": "lane",
    "standing": "st",
    "route": "r",
    "family": "f",
    "method": "m",
    "status": "code",
    "action": "act",
    "mode": "mode",
}
"""Columns of the views and the keys of the segments' format they come from."""
_COLUMNS: Final = ", ".join(f"e.{name}" for name in _FACTS)
# An address is shown by its stable name while it can be linked: that is what `tail`, `status` and `open-address` know.
_STABLE: Final = "coalesce(l.stable, e.address)"
_LINKED: Final = (
    ' LEFT JOIN (SELECT DISTINCT day, address, stable FROM links) l ON l.address = e.address AND l.day = e."at"::DATE'
)
RECIPIENTS: Final = ("account", "licence", "network", "strangers")
"""Levels at which sketches are asked to whom a person was shown: each disclosure is at least in one of them."""


@dataclass(frozen=True, slots=True)
class Day:
    """What a sketch still knows of one principal on one day, or of one person in it."""

    day: date
    level: str
    principal: str
    fields: tuple[str, ...]
    first: datetime
    last: datetime
    people: tuple[str, ...]
    over_edge: bool = False
    """It reaches over an edge of the period asked for: of its people some may have been shown outside of it."""

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {
            "kind": "sketch",
            "day": self.day.isoformat(),
            "level": self.level,
            "principal": self.principal,
            "fields": list(self.fields),
            "first": iso(self.first),
            "last": iso(self.last),
            "people": list(self.people),
            **({"over_edge": True} if self.over_edge else {}),
        }

    def in_words(self) -> str:
        """One line for people."""
        whom = "strangers" if self.level == "strangers" else f"{self.level} {self.principal[:8]}"
        named = ", ".join(self.people[:4]) + (f" and {len(self.people) - 4:,} more" if len(self.people) > 4 else "")
        return (
            f"{self.day}, between {self.first:%H:%M:%S} and {self.last:%H:%M:%S} (sketch)  "
            f"showed {named} ({' '.join(self.fields)})  to {whom}"
        )


def entries_of_person(connection: duckdb.DuckDBPyConnection, person: str) -> list[Entry]:
    """Entries in which one person was shown or masked, that person alone in each, oldest first."""
    rows = connection.execute(
        f'SELECT e."at", e.kind, {_STABLE}, {_COLUMNS}, e.shown, e.masked FROM disclosures e{_LINKED}'
        ' WHERE e.person = ? ORDER BY e."at", e.writer, e.seq',
        [person],
    ).fetchall()
    return [_entry(row[:-2], (Shown(person, tuple(row[-2]), tuple(row[-1])),)) for row in rows]


def entries_of_group(connection: duckdb.DuckDBPyConnection, group: Group) -> list[Entry]:
    """Entries of the principals meant, oldest first, with everybody in them.

    The table of entries may be kept for a shorter time than that of disclosures: what is only in the latter is told all
    the same, without reasons and note.
    """
    where, values = group.condition("e.")
    people: dict[tuple[str, int], list[Shown]] = {}
    alone: dict[tuple[str, int], tuple[Any, ...]] = {}
    for writer, seq, person, shown, masked, *row in connection.execute(
        f'SELECT e.writer, e.seq, e.person, e.shown, e.masked, e."at", e.kind, {_STABLE}, {_COLUMNS}'
        f" FROM disclosures_by_principal e{_LINKED} WHERE {where}",
        values,
    ).fetchall():
        people.setdefault((writer, seq), []).append(Shown(person, tuple(shown), tuple(masked)))
        alone[writer, seq] = tuple(row)
    rows = connection.execute(
        f'SELECT e.writer, e.seq, e.reasons, e.note, e."at", e.kind, {_STABLE}, {_COLUMNS}'
        f" FROM entries e{_LINKED} WHERE {where}",
        values,
    ).fetchall()
    found: dict[tuple[str, int], Entry] = {}
    for writer, seq, reasons, note, *row in rows:
        entry = _entry(tuple(row), tuple(people.get((writer, seq), ())))
        if reasons:
            entry.facts["why"] = list(reasons)
        if note:
            entry.facts["note"] = note
        found[writer, seq] = entry
    for key, row_alone in alone.items():
        if key not in found:
            found[key] = _entry(row_alone, tuple(people[key]))
    return [found[key] for key in sorted(found, key=lambda k: (found[k].at, k))]


def _entry(row: tuple[Any, ...], people: tuple[Shown, ...]) -> Entry:
    at, kind, address, *values = row
    facts = {short: value for short, value in zip(_FACTS.values(), values, strict=True) if value is not None}
    if address is not None:
        facts["a"] = address
    return Entry(at.replace(tzinfo=UTC), str(kind), facts, people)


def days_of_person(connection: duckdb.DuckDBPyConnection, person: str) -> list[Day]:
    """Days without detail on which one person was shown, and to whom: accounts, licences, networks, strangers."""
    found = connection.execute("SELECT number FROM people WHERE person = ?", [person]).fetchall()
    numbers = {int(n) for (n,) in found}
    if not numbers:
        return []
    levels = ", ".join(f"'{level}'" for level in RECIPIENTS)
    return [
        _day(sketch, (person,))
        for number in sorted(numbers)
        for sketch in _of_number(connection, f"thinned AND level IN ({levels})", number)
    ]


def _of_number(connection: duckdb.DuckDBPyConnection, where: str, number: int) -> Iterator[bitmaps.Sketch]:
    some, values = bitmaps.may_hold(number)
    return (s for s in bitmaps.sketches(connection, f"{where} AND {some}", values) if number in s.numbers())


def days_of_group(connection: duckdb.DuckDBPyConnection, group: Group) -> list[Day]:
    """Days without detail on which the principals meant were shown people, and whom."""
    where, values = group.sketched()
    found = list(bitmaps.sketches(connection, f"thinned AND {where}", values))
    known = bitmaps.names(connection, bitmaps.union(s.people for s in found))
    return [_day(s, tuple(known[n] for n in s.numbers() if n in known)) for s in found]


def _day(sketch: bitmaps.Sketch, people: Iterable[str]) -> Day:
    first, last = sketch.first.replace(tzinfo=UTC), sketch.last.replace(tzinfo=UTC)
    return Day(sketch.day, sketch.level, sketch.principal, sketch.fields, first, last, tuple(people))
