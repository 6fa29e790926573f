"""Merging: small files of one day become one, so that a question opens few files."""

from __future__ import annotations

from typing import Final

import duckdb

from hedgerow.ledger.store.commit import StoredFile
from hedgerow.ledger.store.layout import DETAIL, Table, rows_of
from hedgerow.ledger.store.round import Round
from hedgerow.ledger.store.sketching import united
from hedgerow.ledger.store.staging import load

FEW: Final = 6
"""Files of one table and day that may stand side by side while the day still grows."""
LARGEST_BYTES: Final = 256 << 20
"""A file this large is not merged any more: merging must stay bounded."""


def merge(work: Round, every_day: bool = False) -> int:
    """Merges one table's files of one day, where there are too many; says how many files became one, 0 = nothing due.

    A day that is over ends with one file a table; today's small ones are merged when there are several of them, the
    smallest first, so that a row is rewritten a few times and not at every round.
    """
    today = work.now.date().isoformat()
    for table in Table:
        for day in sorted({f.day or "" for f in work.state.of(table)}):
            some = _to_merge(work.state.of(table, day or None), over=every_day or "" < day < today)
            if len(some) > 1:
                with work.database() as connection:
                    fresh = work.write(connection, _merged(work, connection, table, some), table, day or None)
                work.writer.commit("merge", work.now, add=[fresh.as_facts()], retire=[f.path for f in some])
                return len(some)
    return 0


def _to_merge(files: list[StoredFile], over: bool) -> list[StoredFile]:
    small = sorted((f for f in files if f.bytes < LARGEST_BYTES), key=lambda f: (f.bytes, f.path))
    if not over and len(small) <= FEW:
        return []
    chosen: list[StoredFile] = []
    total = 0
    for file in small:
        # One that is much larger than all smaller ones together waits until they have grown.
        if not over and len(chosen) >= FEW // 2 and file.bytes > 2 * total:
            break
        if total + file.bytes > LARGEST_BYTES and len(chosen) > 1:
            break
        chosen.append(file)
        total += file.bytes
    return chosen


def _merged(work: Round, connection: duckdb.DuckDBPyConnection, table: Table, files: list[StoredFile]) -> str:
    rows = rows_of(table, work.paths(files))
    if table in DETAIL or table == Table.PEOPLE:
        return rows
    if table == Table.LINKS:
        return f"SELECT DISTINCT * FROM ({rows})"
    unite(connection, rows, "merged")
    return "SELECT * FROM merged"


def unite(connection: duckdb.DuckDBPyConnection, rows: str, into: str) -> None:
    """Makes the table `into` of sketches, those of one key united. Most stand alone, and Python never sees them."""
    key = "day, level, principal, shown"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE several AS SELECT {key} FROM ({rows}) GROUP BY ALL HAVING count(*) > 1"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {into} AS SELECT r.* FROM ({rows}) r ANTI JOIN several USING ({key})"
    )
    found = connection.execute(f"SELECT r.* FROM ({rows}) r SEMI JOIN several USING ({key}) ORDER BY {key}").fetchall()
    load(connection, into, united(found), 8)
