"""A snapshot: one consistent state of a ledger, as DuckDB views, up to the second."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Final

import duckdb

from hedgerow.ledger.store.commit import State
from hedgerow.ledger.store.compaction import number_people, sources_of
from hedgerow.ledger.store.files import Files
from hedgerow.ledger.store.keys import DayKeys
from hedgerow.ledger.store.layout import COLUMNS, Layout, Table, empty, quoted, rows_of
from hedgerow.ledger.store.problems import StoreError
from hedgerow.ledger.store.segments import Piece
from hedgerow.ledger.store.sketching import sketch
from hedgerow.ledger.store.staging import stage
from hedgerow.ledger.store.sweeping import Pin
from hedgerow.ledger.store.views import statements

MEMORY_MIB: Final = 1024
_PENDING: Final = {
    "entries": Table.ENTRIES,
    "disclosures": Table.BY_PERSON,
    "people": Table.PEOPLE,
    "links": Table.LINKS,
    "sketches": Table.SKETCHES,
}
_SOURCES: Final = {
    "entries": "staged",
    "disclosures": "shown_to",
    "people": "fresh_people",
    "links": "day_names",
    "sketches": "sketched",
}
_STAGING: Final = ("staged", "shown_to", "day_names", "sketched", "numbers", "fresh_people", "marks", "loaded")


class Snapshot:
    """One state of a ledger. Its files stay until it is closed, whatever is compacted or deleted meanwhile."""

    def __init__(self, layout: Layout, state: State, pieces: list[Piece], pin: Pin) -> None:
        self._layout = layout
        self._state = state
        self._pieces = pieces
        self._pin: Pin | None = pin
        self.damage = [str(d) for p in pieces for d in p.damage]
        """Damaged lines of segments, in sentences. They are in no view; everything else is."""

    @property
    def commit(self) -> tuple[int, str]:
        """Number and hash of the manifest's commit that this is the state of."""
        return self._state.n, self._state.hash

    def connect(
        self, threads: int | None = None, memory_mib: int = MEMORY_MIB, writes: Path | None = None
    ) -> duckdb.DuckDBPyConnection:
        """A DuckDB with the views. It can read this snapshot's files and nothing else, and cannot be opened up again.

        Args:
            threads: How many; None for as many as there are cores.
            memory_mib: Memory at most, MiB.
            writes: A file for an answer, the only one that it may write.

        Raises:
            StoreError: a file of the store cannot be read.
        """
        if self._pin is None:
            raise StoreError("this snapshot is closed; make another one")
        connection = duckdb.connect(":memory:")
        try:
            self._prepare(connection, threads, memory_mib, writes)
        except duckdb.Error as e:
            connection.close()
            raise StoreError(
                f"the store at {self._layout.store} cannot be read: {e}; see `hedgerow ledger verify`"
            ) from e
        return connection

    def _prepare(
        self, connection: duckdb.DuckDBPyConnection, threads: int | None, memory_mib: int, writes: Path | None
    ) -> None:
        if threads:
            connection.execute(f"SET threads = {threads}")
        connection.execute(f"SET memory_limit = '{memory_mib}MiB'")
        # Nothing of the ledger is put on disk outside of the store: what does not fit into memory is an error.
        connection.execute("SET temp_directory = ''")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET autoinstall_known_extensions = false")
        connection.execute("SET autoload_known_extensions = false")
        paths = {t: [self._layout.store / f.path for f in self._state.of(t)] for t in Table}
        self._pending(connection, rows_of(Table.PEOPLE, paths[Table.PEOPLE]))
        sources = {**self._state.sources, **sources_of(self._pieces)}
        for statement in statements(paths, self._state.thinned, sources):
            connection.execute(statement)
        files = [p for some in paths.values() for p in some] + ([writes] if writes else [])
        allowed = ", ".join(quoted(str(p)) for p in files)
        connection.execute(f"SET allowed_paths = [{allowed}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")

    def _pending(self, connection: duckdb.DuckDBPyConnection, known: str) -> None:
        """What segments hold and the tables do not."""
        connection.execute("CREATE SCHEMA pending")
        if not self._pieces:
            for name, table in _PENDING.items():
                connection.execute(f"CREATE TABLE pending.{name} AS {empty(table)}")
            return
        # Days' keys may be made here for a day of which nothing is compacted yet: the name must stay the same then.
        self.damage += [str(d) for d in stage(connection, self._pieces, self._day_keys.names).damage]
        number_people(connection, known, self._state.people_next)
        sketch(connection, "sketched", "numbers")
        for name, table in _PENDING.items():
            source = _SOURCES[name]
            listed = ", ".join(f'"{column}"::{kind} AS "{column}"' for column, kind in COLUMNS[table].items())
            connection.execute(f"CREATE TABLE pending.{name} AS SELECT {listed} FROM {source}")
        for left in _STAGING:
            connection.execute(f"DROP TABLE IF EXISTS temp.{left}")

    @property
    def _day_keys(self) -> DayKeys:
        return DayKeys(self._layout.day_keys, Files())

    def close(self) -> None:
        """Lets go of the files. Connections made before are not to be used any more."""
        if self._pin is not None:
            self._pin.let_go()
            self._pin = None

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()
