"""Which records belong into a pack: original lines of segments where they still exist, else rows of the store."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import duckdb

from hedgerow.ledger.questions.period import Period
from hedgerow.ledger.questions.records import Day, days_of_group
from hedgerow.ledger.questions.refs import Group
from hedgerow.ledger.questions.sql import plain

SEGMENT: Final = re.compile(r"\d{13}-[0-9a-f]{16}-\d{6}\.seg\Z")
"""The name of a segment, as the gateway gives it; nothing else is read or written."""
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
        SelectError: a segment cannot be read or its lines do not fit.
    """
    wanted = _wanted(connection, group, period)
    found = Selected()
    for original, taken in _originals(ledger, wanted, whole):
        found.segments.append(original)
        found.policies.add(original.policy)
        wanted -= taken
    for day, line in _from_store(connection, group, period, wanted):
        found.stored.setdefault(day, []).append(line)
    since, until = period.since, period.until
    found.sketches = [d for d in days_of_group(connection, group) if d.last >= since and d.first < until]
    return found


def _wanted(connection: duckdb.DuckDBPyConnection, group: Group, period: Period) -> set[Key]:
    where, values = group.condition()
    rows = connection.execute(
        f'SELECT writer, seq FROM entries WHERE "at" >= ? AND "at" < ? AND ({where} OR {_OWN})',
        [*period.bounds, *values],
    ).fetchall()
    return {(str(w), int(n)) for w, n in rows}


def _originals(ledger: Path, wanted: set[Key], whole: bool) -> Iterator[tuple[Original, set[Key]]]:
    writers = {w for w, _ in wanted}
    for path in sorted(ledger.glob("*.seg")) if ledger.is_dir() else []:
        if not SEGMENT.match(path.name) or path.name.split("-")[1] not in writers or path.is_symlink():
            continue
        try:
            lines = path.read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            # Deleted this moment: the rows of the store tell the same.
            continue
        except OSError as error:
            raise SelectError(f"{path} cannot be read: {error}") from error
        taken = _taken(path, lines, wanted, whole)
        if taken is not None:
            yield taken


def _taken(path: Path, lines: list[bytes], wanted: set[Key], whole: bool) -> tuple[Original, set[Key]] | None:
    if not lines:
        return None
    try:
        header = json.loads(lines[0].partition(b" ")[2])
        writer, after, policy = str(header["writer"]), int(header["after"]), str(header["policy"])
    except (ValueError, KeyError, TypeError):
        raise SelectError(f"the header of {path} cannot be read; `hedgerow ledger verify` says more") from None
    keys = {(writer, after + n) for n in range(1, len(lines))} & wanted
    if not keys:
        return None
    out = [lines[0]]
    kept = 0
    last = max(n for _, n in keys)
    for n, line in enumerate(lines[1:], after + 1):
        claimed, _, _ = line.partition(b" ")
        if not _HASH.match(claimed):
            raise SelectError(f"entry {n} of {path} is damaged; `hedgerow ledger verify` says more")
        if whole or (writer, n) in keys:
            out.append(line)
            kept += 1
        elif n <= last:
            # Withheld: the hash is enough to check the lines around it, and says nothing of what it held.
            out.append(claimed)
    return Original(path.name, policy, b"\n".join(out) + b"\n", kept), keys


def _from_store(
    connection: duckdb.DuckDBPyConnection, group: Group, period: Period, wanted: set[Key]
) -> Iterator[tuple[str, str]]:
    if not wanted:
        return
    where, values = group.condition()
    bounds = [*period.bounds, *values]
    people: dict[Key, list[list[Any]]] = {}
    for writer, seq, person, shown, masked in connection.execute(
        "SELECT writer, seq, person, shown, masked FROM disclosures_by_principal"
        f' WHERE "at" >= ? AND "at" < ? AND {where} ORDER BY person',
        bounds,
    ).fetchall():
        people.setdefault((str(writer), int(seq)), []).append([person, shown, masked])
    rows = connection.execute(
        f'SELECT * FROM entries WHERE "at" >= ? AND "at" < ? AND ({where} OR {_OWN}) ORDER BY "at", writer, seq',
        bounds,
    )
    columns = [d[0] for d in rows.description or []]
    while some := rows.fetchmany(10_000):
        for row in some:
            entry = {name: plain(value) for name, value in zip(columns, row, strict=True) if value is not None}
            key = (entry["writer"], entry["seq"])
            if key in wanted:
                line = {"entry": entry, "people": people.get(key, [])}
                yield entry["at"][:10], json.dumps(line, ensure_ascii=False, separators=(",", ":"))
