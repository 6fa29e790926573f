"""One statement of the operator's own, over the documented views: read-only, without files or network, within limits.

The connection itself can reach nothing but the snapshot's files (`Snapshot.connect`) and cannot be opened up again.
What is checked here keeps the promise a second time, and in words: exactly one statement, and one that only reads.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

import duckdb

LONGEST: Final = 100_000
"""Characters of a statement."""


class SqlError(Exception):
    """A statement that is not run, or that failed; the message says why."""


@dataclass(frozen=True)
class Answer:
    """Rows of an answer."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    more: bool
    """There were more rows than asked for."""


def check(statement: str) -> None:
    """Sees that it is one statement that only reads.

    Raises:
        SqlError: it is not.
    """
    if len(statement) > LONGEST:
        raise SqlError(f"the statement is longer than {LONGEST:,} characters")
    try:
        found = duckdb.extract_statements(statement)
    except (duckdb.Error, ValueError, RuntimeError) as error:
        raise SqlError(str(error)) from error
    if len(found) != 1:
        raise SqlError(f"exactly one statement is run, and this is {len(found)}")
    kind = found[0].type
    if kind != duckdb.StatementType.SELECT:
        raise SqlError(f"only reading is possible here (SELECT, WITH, FROM, DESCRIBE, SUMMARIZE); this is {kind.name}")


def ask(connection: duckdb.DuckDBPyConnection, statement: str, seconds: float, most_rows: int) -> Answer:
    """Runs a statement; at most so long, at most so many rows.

    Raises:
        SqlError: it is not one that only reads, it failed, or its time was over.
    """
    check(statement)
    with _limited(connection, seconds) as over:
        try:
            connection.execute(statement)
            columns = [str(d[0]) for d in connection.description or []]
            rows = connection.fetchmany(most_rows + 1)
        except duckdb.InterruptException as error:
            raise SqlError(
                f"stopped after {seconds:g} seconds; narrow it down (a period, a principal), or use --timeout"
                if over.is_set()
                else "stopped"
            ) from error
        except duckdb.OutOfMemoryException as error:
            raise SqlError(
                "it needs more memory than it may have; narrow it down, or allow more with --memory"
            ) from error
        except (duckdb.Error, ValueError, OverflowError, RuntimeError) as error:
            raise SqlError(str(error)) from error
    return Answer(columns, rows[:most_rows], len(rows) > most_rows)


@contextmanager
def _limited(connection: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[threading.Event]:
    over = threading.Event()

    def stop() -> None:
        over.set()
        connection.interrupt()

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield over
    finally:
        timer.cancel()


def plain(value: Any) -> Any:
    """A value of DuckDB's as JSON can hold it: times in ISO 8601 (UTC), bytes in hexadecimal."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            moment = value if value.tzinfo else value.replace(tzinfo=UTC)
            return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Decimal():
            return float(value)
        case bytes() | bytearray() | memoryview():
            return bytes(value).hex()
        case list() | tuple():
            return [plain(v) for v in value]
        case dict():
            return {str(k): plain(v) for k, v in value.items()}
        case _:
            return str(value)
