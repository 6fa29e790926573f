"""People as bitmaps over their numbers, and what each day's sketches know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb
from pyroaring import BitMap


@dataclass(frozen=True, slots=True)
class Sketch:
    """Whom one principal was shown on one day with exactly these fields."""

    day: date
    level: str
    principal: str
    fields: tuple[str, ...]
    people: bytes
    first: datetime
    last: datetime

    def numbers(self) -> BitMap:
        """The people."""
        return BitMap.deserialize(self.people)


def sketches(connection: duckdb.DuckDBPyConnection, where: str, values: list[Any]) -> Iterator[Sketch]:
    """Sketches of people who were shown something; those with every field masked are no disclosures."""
    rows = connection.cursor().execute(
        f"SELECT day, level, principal, shown, people, first_at, last_at FROM sketches WHERE shown <> '' AND {where}",
        values,
    )
    while found := rows.fetchmany(10_000):
        for day, level, principal, shown, people, first, last in found:
            yield Sketch(day, level, principal, tuple(shown.split()), people, first, last)


def union(blobs: Iterable[bytes]) -> BitMap:
    """Everybody in any of them."""
    return BitMap.union(*(BitMap.deserialize(b) for b in blobs), BitMap())


def names(connection: duckdb.DuckDBPyConnection, numbers: BitMap) -> dict[int, str]:
    """The site's identifiers of people by number.

    A number without a name was erased: its bit may stand in a sketch that is being rewritten, and names nobody.
    """
    if not numbers:
        return {}
    if len(numbers) <= 5_000:
        wanted = sorted(numbers)
        rows = connection.execute(
            f"SELECT number, person FROM people WHERE number IN ({', '.join('?' * len(wanted))})",
            wanted,
        ).fetchall()
        return {int(n): str(p) for n, p in rows}
    rows = connection.execute(
        "SELECT number, person FROM people WHERE number BETWEEN ? AND ?", [numbers.min(), numbers.max()]
    ).fetchall()
    return {int(n): str(p) for n, p in rows if n in numbers}
