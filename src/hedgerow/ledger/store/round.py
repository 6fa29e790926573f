"""What one round of work on a store has at hand: its lock, its manifest open for writing, and a DuckDB to work with."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import duckdb

from hedgerow.ledger.store.commit import State, StoredFile
from hedgerow.ledger.store.files import Files, digest
from hedgerow.ledger.store.keys import DayKeys
from hedgerow.ledger.store.layout import Layout, Table, copy_statement, quoted
from hedgerow.ledger.store.manifest import Writer
from hedgerow.ledger.store.problems import BusyError, StoreError

MEMORY_MIB: Final = 512
"""DuckDB's memory while it works on the store; beyond it, sorting goes to a file in the store's folder."""


@dataclass
class Round:
    """A round of compacting, thinning or erasing. Only one at a time, over all processes."""

    layout: Layout
    files: Files
    writer: Writer
    day_keys: DayKeys
    now: datetime
    threads: int = 1

    @property
    def state(self) -> State:
        """What is true now."""
        return self.writer.state

    @contextmanager
    def database(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A DuckDB of our own, in memory."""
        connection = duckdb.connect(":memory:")
        try:
            connection.execute(f"SET threads = {self.threads}")
            connection.execute(f"SET memory_limit = '{MEMORY_MIB}MiB'")
            connection.execute(f"SET temp_directory = {quoted(str(self.layout.store / 'spilled'))}")
            connection.execute("SET preserve_insertion_order = false")
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET enable_progress_bar = false")
            connection.execute("SET autoinstall_known_extensions = false")
            yield connection
        except duckdb.Error as e:
            raise StoreError(f"the store at {self.layout.store} could not be worked on: {e}") from e
        finally:
            connection.close()

    def write(self, connection: duckdb.DuckDBPyConnection, query: str, table: Table, day: str | None) -> StoredFile:
        """Writes rows as a new file of a table: first under another name, then, safe on disk, under its own."""
        path = self.layout.fresh(table, day)
        final = self.layout.store / path
        unnamed = final.with_suffix(".new")
        self.files.make_folder(final.parent)
        self.files.write_table(connection, copy_statement(query, table, unnamed), unnamed)
        self.files.sync(unnamed)
        (rows,) = connection.execute(
            f"SELECT num_rows FROM parquet_file_metadata({quoted(str(unnamed))})"
        ).fetchone() or (0,)
        stored = StoredFile(path, table.value, day, int(rows), unnamed.stat().st_size, digest(unnamed))
        self.files.rename(unnamed, final)
        self.files.sync_folder(final.parent)
        return stored

    def paths(self, files: list[StoredFile]) -> list[Path]:
        """Where some files are."""
        return [self.layout.store / f.path for f in files]


@contextmanager
def locked(layout: Layout, wait: bool) -> Iterator[None]:
    """Holds the store's lock, against other processes and other threads.

    Raises:
        BusyError: another one has it, and `wait` is false.
    """
    layout.store.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(layout.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as e:
            raise BusyError(f"another process works on {layout.store} at this moment; try again when it is done") from e
        yield
    finally:
        os.close(handle)


def utc(day: str) -> datetime:
    """The beginning of a day."""
    return datetime.fromisoformat(day).replace(tzinfo=UTC)
