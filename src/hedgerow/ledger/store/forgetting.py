"""Erasure: a person is taken out of everything the ledger holds, and a signed record says so without naming them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any, Final

import duckdb
from pyroaring import BitMap

from hedgerow.ledger.store import holds as holding
from hedgerow.ledger.store.commit import Gone, StoredFile
from hedgerow.ledger.store.holds import HeldError, Hold
from hedgerow.ledger.store.layout import LEVELS, Table, quoted, rows_of
from hedgerow.ledger.store.redaction import redact
from hedgerow.ledger.store.round import Round
from hedgerow.ledger.store.sketching import TABLE as SKETCH_COLUMNS
from hedgerow.ledger.store.sketching import Row
from hedgerow.ledger.store.staging import load
from hedgerow.ledger.store.thinning import names_on

TOMBSTONE: Final = "erased-"
"""What stands in place of an erased person begins so; sixteen random digits follow."""


@dataclass
class Forgotten:
    """What an erasure did."""

    commit: int
    """Number of its record in the manifest."""
    record_name: str
    """How the record names the person: keyed, so that only the site can show that the record is about them."""
    tombstone: str | None
    """What stands in their place in the tables, where legal claims need the count."""
    rows: int
    """Disclosures that were taken out, or bear the tombstone now."""
    sketches: int
    """Sketches they were taken out of."""
    segment_lines: int
    waiting: list[str] = field(default_factory=list)
    """Segments in which they still stand: an edge writes them at this moment, or they are damaged. Ask again later."""


def forget(work: Round, person: str, record_name: str, keep_for_claims: str | None) -> Forgotten:
    """Erases a person, in one commit. Whatever can be compacted must be by now, and no hold forbid it."""
    tombstone = f"{TOMBSTONE}{secrets.token_hex(8)}"
    add: list[StoredFile] = []
    gone: list[Gone] = []
    with work.database() as connection:
        rows = _detail(work, connection, person, tombstone if keep_for_claims else None, add, gone)
        sketches = _numbers(work, connection, person, tombstone if keep_for_claims else None, add, gone)
    redacted = redact(work, person, tombstone, "a person was erased")
    work.writer.commit(
        "forget",
        work.now,
        add=[f.as_facts() for f in add],
        delete=[g.as_facts() for g in [*gone, *redacted.gone]],
        segments=[p.as_facts() for p in redacted.progress],
        incoming=redacted.incoming,
        record={
            "person": record_name,
            "kept_for_claims": keep_for_claims,
            "rows": rows,
            "sketches": sketches,
            "segment_lines": redacted.lines,
            "waiting": redacted.waiting,
        },
    )
    kept = tombstone if keep_for_claims else None
    return Forgotten(work.state.n, record_name, kept, rows, sketches, redacted.lines, redacted.waiting)


def check_holds(work: Round, person: str) -> None:
    """Whether a person may be erased.

    Raises:
        HeldError: a hold forbids it.
    """
    for hold in holding.in_force(work.layout, work.state, work.now):
        days = [d for d in sorted({f.day or "" for f in work.state.files.values() if f.day}) if hold.covers(d)]
        if person in hold.people or (days and _is_held(work, person, hold, days)):
            raise HeldError(
                f"hold {hold.id} ({hold.reason}) until {hold.until} forbids erasing this person; erase them when it is "
                "over, or have it lifted"
            )


def _is_held(work: Round, person: str, hold: Hold, days: list[str]) -> bool:
    with work.database() as connection:
        for day in days:
            detail = rows_of(Table.BY_PERSON, work.paths(work.state.of(Table.BY_PERSON, day)))
            who = "true"
            if hold.principals:
                listed = ", ".join(map(quoted, names_on(connection, work, day, set(hold.principals))))
                who = " OR ".join(f"{level} IN ({listed})" for level in LEVELS)
            elif hold.people:
                continue
            query = f"SELECT 1 FROM ({detail}) WHERE person = ? AND ({who}) LIMIT 1"
            if connection.execute(query, [person]).fetchone() or _is_in_held_sketch(
                work, connection, person, hold, day
            ):
                return True
    return False


def _is_in_held_sketch(work: Round, connection: duckdb.DuckDBPyConnection, person: str, hold: Hold, day: str) -> bool:
    """Whether a sketch of a day that the hold is about knows the person: where detail is thinned, it alone does."""
    known = rows_of(Table.PEOPLE, work.paths(work.state.of(Table.PEOPLE)))
    found = connection.execute(f"SELECT number FROM ({known}) WHERE person = ?", [person]).fetchone()
    if found is None:
        return False
    sketches = rows_of(Table.SKETCHES, work.paths(work.state.of(Table.SKETCHES, day)))
    named = names_on(connection, work, day, set(hold.principals))
    where = f"principal IN ({', '.join(map(quoted, named))})" if hold.principals else "true"
    blobs = connection.execute(f"SELECT people FROM ({sketches}) WHERE {where}").fetchall()
    return any(int(found[0]) in BitMap.deserialize(blob) for (blob,) in blobs)


def _detail(
    work: Round,
    connection: duckdb.DuckDBPyConnection,
    person: str,
    tombstone: str | None,
    add: list[StoredFile],
    gone: list[Gone],
) -> int:
    rows = 0
    for table in (Table.BY_PERSON, Table.BY_PRINCIPAL):
        for file in work.state.of(table):
            source = rows_of(table, work.paths([file]))
            (hits,) = connection.execute(f"SELECT count(*) FROM ({source}) WHERE person = ?", [person]).fetchone() or (
                0,
            )
            if hits:
                rows += int(hits) if table == Table.BY_PERSON else 0
                _replace(work, connection, _rewritten(source, person, tombstone), file, add, gone)
    return rows


def _rewritten(source: str, person: str, tombstone: str | None) -> str:
    if tombstone is None:
        return f"SELECT * FROM ({source}) WHERE person <> {quoted(person)}"
    other = f"CASE WHEN person = {quoted(person)} THEN {quoted(tombstone)} ELSE person END"
    return f"SELECT * REPLACE ({other} AS person) FROM ({source})"


def _replace(
    work: Round,
    connection: duckdb.DuckDBPyConnection,
    query: str,
    file: StoredFile,
    add: list[StoredFile],
    gone: list[Gone],
) -> None:
    fresh = work.write(connection, query, Table(file.table), file.day)
    if fresh.rows:
        add.append(fresh)
    else:
        work.files.remove(work.layout.store / fresh.path)
    gone.append(Gone(f"store/{file.path}", file.table, file.day, file.rows, file.bytes, file.sha256))


def _numbers(
    work: Round,
    connection: duckdb.DuckDBPyConnection,
    person: str,
    tombstone: str | None,
    add: list[StoredFile],
    gone: list[Gone],
) -> int:
    """Takes the person out of `people`, and their number out of every sketch; a tombstone keeps the number."""
    number: int | None = None
    for file in work.state.of(Table.PEOPLE):
        source = rows_of(Table.PEOPLE, work.paths([file]))
        found = connection.execute(f"SELECT number FROM ({source}) WHERE person = ?", [person]).fetchone()
        if found:
            number = int(found[0])
            _replace(work, connection, _rewritten(source, person, tombstone), file, add, gone)
    if number is None or tombstone is not None:
        return 0
    cut = 0
    for file in work.state.of(Table.SKETCHES):
        some = _cut(connection, rows_of(Table.SKETCHES, work.paths([file])), number)
        if some:
            cut += some
            _replace(work, connection, "SELECT * FROM cut", file, add, gone)
    return cut


def _cut(connection: duckdb.DuckDBPyConnection, source: str, number: int) -> int:
    """Makes the table `cut` of a file's sketches without one number; says how many had it, 0 = nothing was made."""
    rows: list[Any] = connection.execute(source).fetchall()
    kept: list[Row] = []
    had = 0
    for row in rows:
        people = BitMap.deserialize(row[4])
        if number not in people:
            kept.append(row)
            continue
        had += 1
        people.remove(number)
        if people:
            kept.append((*row[:4], people.serialize(), len(people), row[6], row[7]))
    if had:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE cut {SKETCH_COLUMNS}")
        load(connection, "cut", kept, 8)
    return had
