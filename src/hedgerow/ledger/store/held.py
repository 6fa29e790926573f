"""What of a day's sketches a hold keeps."""

from __future__ import annotations

import duckdb
from pyroaring import BitMap

from hedgerow.ledger.store.holds import Hold
from hedgerow.ledger.store.layout import Table, quoted, rows_of
from hedgerow.ledger.store.round import Round
from hedgerow.ledger.store.sketching import TABLE as SKETCH_COLUMNS
from hedgerow.ledger.store.sketching import Row
from hedgerow.ledger.store.staging import load


def held_sketches(
    connection: duckdb.DuckDBPyConnection, work: Round, day: str, holds: list[Hold], principals: list[str]
) -> None:
    """Makes the table `held`: sketches of held principals whole, and of the others the held people alone."""
    people = sorted({p for h in holds for p in h.people})
    known = rows_of(Table.PEOPLE, work.paths(work.state.of(Table.PEOPLE)))
    listed = ", ".join(map(quoted, people)) or "NULL"
    found = connection.execute(f"SELECT number FROM ({known}) WHERE person IN ({listed})").fetchall()
    held = BitMap(number for (number,) in found)
    sketches = rows_of(Table.SKETCHES, work.paths(work.state.of(Table.SKETCHES, day)))
    kept: list[Row] = []
    for row in connection.execute(sketches).fetchall():
        if row[2] in principals:
            kept.append(row)
            continue
        cut = BitMap.deserialize(row[4]) & held
        if cut:
            kept.append((*row[:4], cut.serialize(), len(cut), row[6], row[7]))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE held {SKETCH_COLUMNS}")
    load(connection, "held", kept, 8)
