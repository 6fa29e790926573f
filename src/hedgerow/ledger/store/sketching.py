"""Sketches: which people each principal was shown on a day, as roaring bitmaps over the people's numbers."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final

import duckdb
import numpy as np
from pyroaring import BitMap

from hedgerow.ledger.store.layout import LEVELS, STRANGERS, quoted
from hedgerow.ledger.store.staging import load

Row = tuple[date, str, str, str, bytes, int, datetime, datetime]
"""A row of `sketches`: day, level, principal, fields, bitmap, its size, first and last time."""

TABLE: Final = (
    "(day DATE, level VARCHAR, principal VARCHAR, shown VARCHAR, people BLOB, people_count UINTEGER, "
    "first_at TIMESTAMP, last_at TIMESTAMP)"
)


def sketch(connection: duckdb.DuckDBPyConnection, into: str, numbers: str) -> None:
    """Makes the temporary table `into` of sketches from `shown_to`, people numbered as the table `numbers` says.

    Who was shown nothing but masked fields was not disclosed and is in no sketch.
    """
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {into} {TABLE}")
    standings = ", ".join(quoted(s) for s in STRANGERS)
    marked = [_marks(level, level, f"{level} IS NOT NULL", numbers) for level in LEVELS]
    marked.append(_marks("strangers", "''", f"standing IN ({standings})", numbers))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE marks AS {' UNION ALL '.join(marked)}")
    load(connection, into, _rows_of_marks(connection), 8)
    connection.execute("DROP TABLE marks")


def _marks(level: str, principal: str, where: str, numbers: str) -> str:
    return f"""(SELECT s.day, '{level}' AS level, {principal} AS principal, s.fields, n.number,
          min(s.at) AS first, max(s.at) AS last
        FROM shown_to s JOIN {numbers} n ON n.person = s.person
        WHERE {where} AND s.fields <> '' AND s.kind IN ('disclosure', 'reveal')
        GROUP BY ALL)"""


def _rows_of_marks(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    groups = connection.execute(
        "SELECT day, level, principal, fields, count(*), min(first), max(last) FROM marks GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    found = connection.execute("SELECT number FROM marks ORDER BY day, level, principal, fields, number").fetchnumpy()
    numbers = array("I")
    numbers.frombytes(np.ascontiguousarray(found["number"], dtype=np.uint32).tobytes())
    rows: list[Row] = []
    start = 0
    for day, level, principal, fields, count, first, last in groups:
        people = BitMap(numbers[start : start + count])
        start += count
        rows.append((day, level, principal, fields, people.serialize(), count, first, last))
    return rows


def united(rows: Iterable[Any]) -> list[Row]:
    """Rows of one key made one: their people united, the widest time. Rows must be sorted by their key."""
    out: list[Row] = []
    key: tuple[Any, ...] | None = None
    people = BitMap()
    first = last = datetime(1970, 1, 1)  # noqa: DTZ001
    for row in rows:
        if row[:4] != key:
            if key is not None:
                out.append((*key, people.serialize(), len(people), first, last))
            key, people, first, last = row[:4], BitMap.deserialize(row[4]), row[6], row[7]
        else:
            people |= BitMap.deserialize(row[4])
            first, last = min(first, row[6]), max(last, row[7])
    if key is not None:
        out.append((*key, people.serialize(), len(people), first, last))
    return out


def numbers_in(connection: duckdb.DuckDBPyConnection, rows: str) -> np.ndarray[Any, np.dtype[np.uint32]]:
    """Numbers of all people in some sketches."""
    people = BitMap()
    cursor = connection.execute(f"SELECT people FROM ({rows})")
    while some := cursor.fetchmany(10_000):
        for (blob,) in some:
            people |= BitMap.deserialize(blob)
    return np.array(people.to_array(), dtype=np.uint32)
