"""The console's database as lines of JSON, one a row, and back: the same on both databases."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Any, Final, TextIO

from sqlalchemy import JSON, Column, Connection, Date, LargeBinary, Table, func, insert, null, select, text

from hedgerow.store import models  # noqa: F401 - makes the metadata whole
from hedgerow.store.base import Base, UtcDateTime
from hedgerow.store.database import Database

CHUNK: Final = 500
LONGEST_LINE: Final = 64 << 20
"""Of one row, in characters."""
PASSING: Final = frozenset({"sign_in_sessions", "pending_sign_ins", "sign_in_attempts"})
"""Tables that no back-up has: after a restore everybody signs in anew. A session that was ended since the back-up was
made, by whoever found it in the wrong hands, must not come back."""


class RowsError(Exception):
    """The rows cannot be taken; the message says what to do."""


def dump(database: Database, out: TextIO) -> int:
    """Writes every row of every table but `PASSING`, in the order in which they can be filled. Returns how many."""
    written = 0
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            # One moment for all tables.
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        for table in (t for t in Base.metadata.sorted_tables if t.name not in PASSING):
            for row in connection.execution_options(yield_per=CHUNK).execute(select(table)).mappings():
                said = {c.name: _out(row[c.name]) for c in table.columns}
                out.write(json.dumps([table.name, said], ensure_ascii=False, separators=(",", ":")) + "\n")
                written += 1
    return written


def load(database: Database, lines: Iterable[str]) -> int:
    """Fills an up-to-date, empty database. All of it, or nothing. Returns how many rows.

    Raises:
        RowsError: the database is not empty, or a line is not one of ours.
    """
    tables = {t.name: t for t in Base.metadata.sorted_tables}
    taken = 0
    with database.engine.begin() as connection:
        _must_be_empty(connection)
        waiting: dict[str, list[dict[str, Any]]] = {}
        for table, row in _read(lines, tables):
            waiting.setdefault(table.name, []).append(row)
        for table in Base.metadata.sorted_tables:
            rows = _parents_first(table, waiting.pop(table.name, []))
            for n in range(0, len(rows), CHUNK):
                connection.execute(insert(table), rows[n : n + CHUNK])
            taken += len(rows)
    return taken


def _must_be_empty(connection: Connection) -> None:
    for table in Base.metadata.sorted_tables:
        if connection.scalar(select(func.count()).select_from(table)):
            raise RowsError(
                f"the database has rows in `{table.name}`; a restore goes into an empty one, which --database names"
            )


def _read(lines: Iterable[str], tables: dict[str, Table]) -> Iterator[tuple[Table, dict[str, Any]]]:
    for number, line in enumerate(lines, 1):
        if len(line) > LONGEST_LINE:
            raise RowsError(f"line {number} of the back-up's rows is longer than {LONGEST_LINE >> 20} M characters")
        try:
            yield _row(line, tables)
        except (ValueError, KeyError, TypeError) as e:
            raise RowsError(
                f"line {number} of the back-up's rows is not one of this version's; restore it with the version that "
                f"made it, then upgrade ({type(e).__name__})"
            ) from e


def _row(line: str, tables: dict[str, Table]) -> tuple[Table, dict[str, Any]]:
    name, said = json.loads(line)
    table = tables[name]
    if set(said) != {c.name for c in table.columns}:
        raise KeyError(name)
    return table, {c.name: _in(c, said[c.name]) for c in table.columns}


def _out(value: object) -> object:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case bytes() | memoryview():
            return base64.b64encode(bytes(value)).decode()
        case _:
            return value


def _in(column: Column[Any], said: Any) -> Any:
    kind = column.type
    if said is None:
        # NULL of the database, not `null` of JSON.
        return null() if isinstance(kind, JSON) else None
    if isinstance(kind, UtcDateTime):
        return datetime.fromisoformat(said)
    if isinstance(kind, Date):
        return date.fromisoformat(said)
    if isinstance(kind, LargeBinary):
        return base64.b64decode(said, validate=True)
    return said


def _parents_first(table: Table, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows that others of the same table point to come before those."""
    own = [(fk.parent.name, fk.column.name) for fk in table.foreign_keys if fk.column.table is table]
    if not own:
        return rows
    key = own[0][1]
    waiting = {row[key]: row for row in rows}
    done: dict[Any, dict[str, Any]] = {}
    for first in list(waiting):
        chain: list[Any] = [first]
        while chain:
            name = chain[-1]
            needs = [waiting[name][c] for c, _ in own if waiting[name][c] in waiting and waiting[name][c] not in done]
            if name in done or not needs or needs[0] in chain:
                done.setdefault(name, waiting[name])
                chain.pop()
            else:
                chain.append(needs[0])
    return list(done.values())
