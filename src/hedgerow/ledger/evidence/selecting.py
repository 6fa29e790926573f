"""Which records belong into a pack: original lines of segments where they still exist, else rows of the store."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import duckdb

from hedgerow.ledger.questions.period import Period
from hedgerow.ledger.questions.records import Day, days_of_group
from hedgerow.ledger.questions.refs import Group
from hedgerow.ledger.questions.sql import plain
from hedgerow.ledger.store.segments import NAME

_HASH: Final = re.compile(rb"[0-9a-f]{32}\Z")
_OWN: Final = "(kind = 'gap' AND address IS NULL AND network IS NULL AND client IS NULL)"
"""Gaps of the ledger itself, which may concern anybody."""

Key = tuple[str, int]
"""Writer and number: which entry it is."""


class SelectError(Exception):
    """A record that cannot be taken into a pack; the message says why."""


@dataclass(frozen=True)
class Original:
    """A segment with the lines that are meant; of the others only their hashes."""

    name: str
    policy: str
    text: bytes
    records: int


@dataclass
class Selected:
    """All records of a pack."""

    segments: list[Original] = field(default_factory=list)
    stored: dict[str, list[str]] = field(default_factory=dict)
    """By day, entries as JSON."""
    sketches: list[Day] = field(default_factory=list)
    policies: set[str] = field(default_factory=set)
    """Hashes of the policies in the headers of the segments."""
    whole: bool = False
    """Whole segments were taken, with other visitors' records."""
    damaged: list[str] = field(default_factory=list)
    """Segments that are damaged, and were not taken: their readable records come from the store."""

    @property
    def records(self) -> int:
        """Entries in all."""
        return sum(s.records for s in self.segments) + sum(len(rows) for rows in self.stored.values())


def select(
    connection: duckdb.DuckDBPyConnection, ledger: Path, group: Group, period: Period, *, whole: bool
) -> Selected:
    """The records of principals and a period.

    Args:
        connection: With the views.
        ledger: The folder of the segments.
        group: The principals.
        period: The period.
        whole: Every line of a segment in which there is a record, so that the whole chain can be checked; other
            visitors' records are then in the pack, too.

    Raises:
        SelectError: a segment cannot be read.
    """
    wanted = _wanted(connection, group, period)
    found = Selected(whole=whole)
    for path, lines in _segments(ledger, {w for w, _ in wanted}):
        try:
            original, taken = _taken(path.name, lines, wanted, whole)
        except _DamagedError:
            found.damaged.append(path.name)
            continue
        if original is not None:
            found.segments.append(original)
            found.policies.add(original.policy)
            wanted -= taken
    for day, line in _from_store(connection, group, period, wanted):
        found.stored.setdefault(day, []).append(line)
    since, until = period.since, period.until
    found.sketches = [
        replace(d, over_edge=d.first < since or d.last >= until)
        for d in days_of_group(connection, group)
        if d.last >= since and d.first < until
    ]
    return found


def _wanted(connection: duckdb.DuckDBPyConnection, group: Group, period: Period) -> set[Key]:
    where, values = group.condition()
    # Of both tables, as each is kept for a time of its own.
    rows = connection.execute(
        f'SELECT writer, seq FROM entries WHERE "at" >= ? AND "at" < ? AND ({where} OR {_OWN})'
        f' UNION SELECT writer, seq FROM disclosures_by_principal WHERE "at" >= ? AND "at" < ? AND {where}',
        [*period.bounds, *values, *period.bounds, *values],
    ).fetchall()
    return {(str(w), int(n)) for w, n in rows}


class _DamagedError(Exception):
    """A line that does not fit: what is signed as an original must be one."""


def _segments(ledger: Path, writers: set[str]) -> Iterator[tuple[Path, list[bytes]]]:
    for path in sorted(ledger.glob("*.seg")) if ledger.is_dir() else []:
        if not NAME.match(path.name) or path.name.split("-")[1] not in writers or path.is_symlink():
            continue
        try:
            lines = path.read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            # Deleted this moment: the rows of the store tell the same.
            continue
        except OSError as error:
            raise SelectError(f"{path} cannot be read: {error}") from error
        if lines:
            yield path, lines


def _taken(name: str, lines: list[bytes], wanted: set[Key], whole: bool) -> tuple[Original | None, set[Key]]:
    try:
        header = json.loads(lines[0].partition(b" ")[2])
        writer, after, policy = str(header["writer"]), int(header["after"]), str(header["policy"])
        before = str(header["previous"]).encode("ascii")
    except (ValueError, KeyError, TypeError) as error:
        raise _DamagedError from error
    numbers = {n for w, n in wanted if w == writer and after < n < after + len(lines)}
    if not numbers:
        return None, set()
    out: list[bytes] = []
    kept = 0
    last = max(numbers)
    for n, line in enumerate(lines, after):
        claimed, _, text = line.partition(b" ")
        if n > last and not whole:
            break
        if not _HASH.match(claimed):
            raise _DamagedError
        if n == after or whole or n in numbers:
            if hashlib.sha256(before + text).hexdigest()[:32].encode() != claimed:
                raise _DamagedError
            out.append(line)
            kept += n != after
        else:
            # Withheld: the hash is enough to check the lines around it, and says nothing of what it held.
            out.append(claimed)
        before = claimed
    keys = {(writer, n) for n in numbers}
    return Original(name, policy, b"\n".join(out) + b"\n", kept), keys


def _from_store(
    connection: duckdb.DuckDBPyConnection, group: Group, period: Period, wanted: set[Key]
) -> Iterator[tuple[str, str]]:
    if not wanted:
        return
    where, values = group.condition()
    bounds = [*period.bounds, *values]
    people: dict[Key, list[list[Any]]] = {}
    entries: dict[Key, dict[str, Any]] = {}
    for row in _rows(
        connection,
        f'SELECT * FROM disclosures_by_principal WHERE "at" >= ? AND "at" < ? AND {where} ORDER BY person',
        bounds,
    ):
        key = (row["writer"], row["seq"])
        people.setdefault(key, []).append([row.pop("person"), row.pop("shown"), row.pop("masked")])
        entries[key] = row
    # What the table of entries still has tells more: reasons, and gaps.
    for row in _rows(
        connection,
        f'SELECT * FROM entries WHERE "at" >= ? AND "at" < ? AND ({where} OR {_OWN})',
        bounds,
    ):
        entries[row["writer"], row["seq"]] = row
    for key in sorted(wanted & entries.keys(), key=lambda k: (entries[k]["at"], k)):
        line = {
            "entry": {name: value for name, value in entries[key].items() if value is not None},
            "people": people.get(key, []),
        }
        yield entries[key]["at"][:10], json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, values: list[Any]) -> Iterator[dict[str, Any]]:
    rows = connection.execute(sql, values)
    columns = [d[0] for d in rows.description or []]
    while some := rows.fetchmany(10_000):
        for row in some:
            yield {name: plain(value) for name, value in zip(columns, row, strict=True)}
