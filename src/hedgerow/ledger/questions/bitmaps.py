"""People as bitmaps over their numbers, and what each day's sketches know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import duckdb
from pyroaring import BitMap

_AT_ONCE: Final = 1_000
"""Rows taken at a time: taking many at once stops every other thread of Python, and the console's pages wait."""
_SMALL: Final = 8_192
"""Bytes: a bitmap with a container of bits, not of numbers, has more."""


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
    while found := rows.fetchmany(_AT_ONCE):
        for day, level, principal, shown, people, first, last in found:
            yield Sketch(day, level, principal, tuple(shown.split()), people, first, last)


def of_number(connection: duckdb.DuckDBPyConnection, where: str, number: int) -> Iterator[Sketch]:
    """Sketches that hold one person, by number."""
    some, values = may_hold(number)
    return (s for s in sketches(connection, f"{where} AND {some}", values) if number in s.numbers())


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


def may_hold(number: int) -> tuple[str, list[Any]]:
    """SQL for rows of `sketches` that may hold a number, with its values: most of those that do not are left out.

    A bitmap without runs begins with the bytes 3A 30; up to 4,096 numbers of one upper half are in it as their lower
    halves, two bytes each, lowest byte first (github.com/RoaringBitmap/RoaringFormatSpec). So a small one without runs
    holds the number only if those two bytes are somewhere in it. Others are let through; whoever asks looks itself.
    """
    lower = (number & 0xFFFF).to_bytes(2, "little").hex().upper()
    return (
        f"(octet_length(people) > {_SMALL} OR NOT starts_with(hex(people), '3A30') OR contains(hex(people), ?))",
        [lower],
    )
