"""The record of one person, and of one principal: entries where there is detail, else days; page by page.

    page = entries_of_person(connection, "42", limit=50)         # the last fifty, oldest first
    page = entries_of_person(connection, "42", limit=50, before=page.older)

A page costs what is on it: nothing older than it is made into Python's objects. `older` is None at the beginning of the
record. `every_entry_of_person` and `every_entry_of_group` give whole records one by one; files are made by `written`.
How much there is, and who the recipients are, says `summary`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from heapq import merge
from itertools import groupby, islice
from typing import Any, Final

import duckdb

from hedgerow.ledger.questions import bitmaps, confidence
from hedgerow.ledger.questions.period import iso
from hedgerow.ledger.questions.refs import Group
from hedgerow.ledger.reading import Entry, Shown

FACTS: Final = {
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
_COLUMNS: Final = ", ".join(f"e.{name}" for name in FACTS)
_ROW: Final = f'e.writer, e.seq, {confidence.OF_RECORD} AS sure, e."at", e.kind, e.address, {_COLUMNS}'
_OLDEST_FIRST: Final = '"at", writer, seq'
_NEWEST_FIRST: Final = '"at" DESC, writer DESC, seq DESC'
_ROWS_AT_ONCE: Final = 5_000
_RECENT: Final = timedelta(days=1)
_ADDRESSES_AT_ONCE: Final = 1_000
RECIPIENTS: Final = ("account", "licence", "network", "strangers")
"""Levels at which sketches are asked to whom a person was shown: each disclosure is at least in one of them."""


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in a record, between two entries: everything before this one is older."""

    at: datetime
    writer: str
    seq: int

    def __str__(self) -> str:
        return f"{self.naive.isoformat()}~{self.writer}~{self.seq}"

    @property
    def naive(self) -> datetime:
        """Its time as the views have it: UTC, without a zone."""
        return self.at.astimezone(UTC).replace(tzinfo=None)

    @classmethod
    def read(cls, text: str) -> Mark:
        """From its text, as a page's address bears it.

        Raises:
            ValueError: it is none.
        """
        at, writer, seq = text.split("~")
        return cls(datetime.fromisoformat(at).replace(tzinfo=UTC), writer, int(seq))

    def condition(self) -> tuple[str, list[Any]]:
        """SQL for rows before it. The time is compared alone, too: by that, files and groups of rows are left out."""
        at = self.naive
        return ' AND "at" <= ? AND ("at", writer, seq) < (?, ?, ?)', [at, at, self.writer, self.seq]


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries that follow each other, oldest first."""

    entries: list[Entry]
    older: Mark | None
    """Give it as `before` to have the entries before these; None when there are none."""


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


def entries_of_person(
    connection: duckdb.DuckDBPyConnection, person: str, limit: int | None = None, before: Mark | None = None
) -> Page:
    """Entries in which one person was shown or masked, that person alone in each: the last ones before a mark.

    Args:
        connection: With the views.
        person: The site's identifier.
        limit: Entries at most; None for all.
        before: Only older ones.
    """
    cut, values = before.condition() if before else ("", [])
    if limit is not None:
        # Where the page begins is found by the times alone; then the other columns are read of its days only.
        times = connection.execute(
            f'SELECT "at" FROM disclosures WHERE person = ?{cut} ORDER BY "at" DESC{_limit(limit)}', [person, *values]
        ).fetchall()
        if not times:
            return Page([], None)
        cut, values = f'{cut} AND "at" >= ?', [*values, times[-1][0]]
    rows = list(_rows_of_person(connection, person, cut, values))
    kept = rows if limit is None else rows[-limit:]
    older = _mark(kept[0]) if len(kept) < len(rows) else None
    return Page(list(_entries_of_person(connection, person, iter(kept))), older)


def every_entry_of_person(connection: duckdb.DuckDBPyConnection, person: str) -> Iterator[Entry]:
    """All of them, oldest first, as they are read: what is in memory is some thousand."""
    return _entries_of_person(connection, person, _rows_of_person(connection, person, "", []))


def _rows_of_person(
    connection: duckdb.DuckDBPyConnection, person: str, cut: str, values: list[Any]
) -> Iterator[tuple[Any, ...]]:
    return _rows(
        connection,
        f"SELECT {_ROW}, e.shown, e.masked FROM disclosures e WHERE e.person = ?{cut} ORDER BY {_OLDEST_FIRST}",
        [person, *values],
    )


def _entries_of_person(
    connection: duckdb.DuckDBPyConnection, person: str, rows: Iterator[tuple[Any, ...]]
) -> Iterator[Entry]:
    while some := list(islice(rows, _ROWS_AT_ONCE)):
        stable = _stable(connection, some)
        for *row, shown, masked in some:
            yield _entry(tuple(row), (Shown(person, tuple(shown), tuple(masked)),), stable)


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, values: list[Any]) -> Iterator[tuple[Any, ...]]:
    # On a cursor: between two portions other things are asked.
    with connection.cursor() as cursor:
        found = cursor.execute(sql, values)
        while some := found.fetchmany(_ROWS_AT_ONCE):
            yield from some


def _limit(limit: int) -> str:
    # One more than asked for tells whether there are more.
    return f" LIMIT {limit + 1}"


def _mark(row: tuple[Any, ...]) -> Mark:
    at, writer, seq = _place(row)
    return Mark(at.replace(tzinfo=UTC), writer, seq)


def _place(row: tuple[Any, ...]) -> tuple[datetime, str, int]:
    writer, seq, _, at, *_ = row
    return at, str(writer), int(seq)


def entries_of_group(
    connection: duckdb.DuckDBPyConnection, group: Group, limit: int | None = None, before: Mark | None = None
) -> Page:
    """Entries of the principals meant, with everybody in them: the last ones before a mark.

    The table of entries may be kept for a shorter time than that of disclosures: what is only in the latter is told all
    the same, without reasons and note. Arguments are those of `entries_of_person`.
    """
    where, values = group.condition("e.")
    if before is not None:
        cut, more = before.condition()
        where, values = where + cut, [*values, *more]
    older = None
    if limit is not None:
        last = _last(connection, where, values, limit, before)
        if not last:
            return Page([], None)
        at, writer, seq = last[:limit][-1]
        where, values = f'{where} AND "at" >= ? AND ("at", writer, seq) >= (?, ?, ?)', [*values, at, at, writer, seq]
        older = Mark(at.replace(tzinfo=UTC), writer, seq) if len(last) > limit else None
    return Page(list(_entries_of_group(connection, where, values)), older)


def every_entry_of_group(connection: duckdb.DuckDBPyConnection, group: Group) -> Iterator[Entry]:
    """All of them, oldest first, as they are read: what is in memory is some thousand."""
    return _entries_of_group(connection, *group.condition("e."))


def _entries_of_group(connection: duckdb.DuckDBPyConnection, where: str, values: list[Any]) -> Iterator[Entry]:
    columns = f"{_ROW}, NULL AS person, NULL AS shown, NULL AS masked, e.reasons, e.note"
    told = _rows(connection, f"SELECT {columns} FROM entries e WHERE {where} ORDER BY {_OLDEST_FIRST}", values)
    columns = f"{_ROW}, e.person, e.shown, e.masked, NULL AS reasons, NULL AS note"
    shown = _rows(
        connection,
        f"SELECT {columns} FROM disclosures_by_principal e WHERE {where} ORDER BY {_OLDEST_FIRST}, person",
        values,
    )
    together = (list(rows) for _, rows in groupby(merge(told, shown, key=_place), key=_place))
    while some := list(islice(together, _ROWS_AT_ONCE)):
        stable = _stable(connection, (rows[0] for rows in some))
        for rows in some:
            *row, _, _, _, reasons, note = rows[0]
            people = tuple(Shown(p, tuple(s), tuple(m)) for *_, p, s, m, _, _ in rows if p is not None)
            entry = _entry(tuple(row), people, stable)
            entry.facts.update({**({"why": list(reasons)} if reasons else {}), **({"note": note} if note else {})})
            yield entry


def _last(
    connection: duckdb.DuckDBPyConnection, where: str, values: list[Any], limit: int, before: Mark | None
) -> list[tuple[datetime, str, int]]:
    """Time, writer and number of the last entries, newest first; one more than asked for, where there is one."""
    keys = 'SELECT "at", writer, seq FROM'
    ordered = f"ORDER BY {_NEWEST_FIRST}{_limit(limit)}"
    # Whoever is busy has a page in the last day or two before its end, and those are read much faster than all of them.
    ends = [day for (day,) in connection.execute("SELECT max(day) FROM links").fetchall() if day is not None]
    if before is not None:
        ends.append(before.naive.date())
    since = min(ends) - _RECENT if ends else None
    found = connection.execute(f'{keys} entries e WHERE {where} AND "at" >= ? {ordered}', [*values, since]).fetchall()
    if len(found) <= limit:
        found = connection.execute(f"{keys} entries e WHERE {where} {ordered}", values).fetchall()
    if len(found) > limit:
        # What is older than these is on another page, in whichever table it is.
        where, values = f'{where} AND "at" >= ?', [*values, found[-1][0]]
    found += connection.execute(
        f"{keys} disclosures_by_principal e WHERE {where} GROUP BY ALL ORDER BY {_NEWEST_FIRST}{_limit(limit)}", values
    ).fetchall()
    return sorted(set(found), reverse=True)[: limit + 1]


def _stable(connection: duckdb.DuckDBPyConnection, rows: Iterable[tuple[Any, ...]]) -> dict[tuple[date, str], str]:
    """Stable names of the addresses in some rows, while they can be linked.

    An address is shown by it, as it is what `tail`, `status` and `open-address` know.
    """
    wanted = {(row[3].date(), row[5]) for row in rows if row[5] is not None}
    if not wanted:
        return {}
    days = [min(day for day, _ in wanted), max(day for day, _ in wanted)]
    sql, values = "SELECT day, address, stable FROM links WHERE day BETWEEN ? AND ?", list[Any](days)
    if len(wanted) <= _ADDRESSES_AT_ONCE:
        names = sorted({name for _, name in wanted})
        sql, values = f"{sql} AND address IN ({', '.join('?' * len(names))})", [*values, *names]
    return {(day, name): stable for day, name, stable in connection.execute(sql, values).fetchall()}


def _entry(row: tuple[Any, ...], people: tuple[Shown, ...], stable: dict[tuple[date, str], str]) -> Entry:
    _, _, sure, at, kind, address, *values = row
    facts = {short: value for short, value in zip(FACTS.values(), values, strict=True) if value is not None}
    if address is not None:
        facts["a"] = stable.get((at.date(), address), address)
    return Entry(at.replace(tzinfo=UTC), str(kind), facts, people, str(sure) if people else None)


def days_of_person(connection: duckdb.DuckDBPyConnection, person: str) -> list[Day]:
    """Days without detail on which one person was shown, and to whom: accounts, licences, networks, strangers."""
    found = connection.execute("SELECT number FROM people WHERE person = ?", [person]).fetchall()
    numbers = {int(n) for (n,) in found}
    if not numbers:
        return []
    levels = ", ".join(f"'{level}'" for level in RECIPIENTS)
    return _sorted(
        _day(sketch, (person,))
        for number in numbers
        for sketch in bitmaps.of_number(connection, f"thinned AND level IN ({levels})", number)
    )


def days_of_group(connection: duckdb.DuckDBPyConnection, group: Group) -> list[Day]:
    """Days without detail on which the principals meant were shown people, and whom."""
    where, values = group.sketched()
    found = list(bitmaps.sketches(connection, f"thinned AND {where}", values))
    known = bitmaps.names(connection, bitmaps.union(s.people for s in found))
    return _sorted(_day(s, tuple(known[n] for n in s.numbers() if n in known)) for s in found)


def _sorted(days: Iterable[Day]) -> list[Day]:
    return sorted(days, key=lambda d: (d.day, d.level, d.principal, d.fields))


def _day(sketch: bitmaps.Sketch, people: Iterable[str]) -> Day:
    first, last = sketch.first.replace(tzinfo=UTC), sketch.last.replace(tzinfo=UTC)
    return Day(sketch.day, sketch.level, sketch.principal, sketch.fields, first, last, tuple(people))
