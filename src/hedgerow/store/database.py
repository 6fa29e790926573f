"""Opens the database: one SQLite file by default, PostgreSQL by its URL."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import NullPool

from hedgerow.store import models
from hedgerow.store.base import Base

VARIABLE: Final = "HEDGEROW_DATABASE"
"""Environment variable with the database's URL."""
FILE: Final = "console.db"
"""The default: this file in the state directory."""
_BUSY_MS: Final = 10_000
"""Longest wait for another writer of the same file."""
_TURN_MS: Final = 30_000
"""The same on PostgreSQL, where writers of other machines are waited for as well."""
WRITER_LOCK: Final = 0x48656467
"""Key of PostgreSQL's advisory lock: who holds it writes. Rows of the trail are written under it, too."""
_BEGIN: Final = "hedgerow_begin"


class DatabaseError(Exception):
    """The database cannot be used; the message says what to do and never holds a password."""


def database_url(state: Path, wished: str | None = None) -> str:
    """The URL in force: the one wished (command line, setting), else the environment's, else the state's own file."""
    return wished or os.environ.get(VARIABLE) or f"sqlite:///{(state / FILE).absolute()}"


class Database:
    """One database. Sessions come from here and nowhere else."""

    def __init__(self, url: str) -> None:
        """Opens it; nothing is asked of it yet.

        Args:
            url: `sqlite:////path/console.db`, or `postgresql://user:password@host/name`.

        Raises:
            DatabaseError: the URL is not one of those.
        """
        self.url = _checked(url)
        self.engine = _sqlite(self.url) if self.is_sqlite else _postgresql(self.url)
        self._alone = self.engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})
        self._writing = sessionmaker(self._alone, expire_on_commit=False)
        self._reading = sessionmaker(self.engine, expire_on_commit=False, autoflush=False)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of our own."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def file(self) -> Path | None:
        """The SQLite file, if it is one."""
        return Path(self.url.database) if self.is_sqlite and self.url.database else None

    @property
    def shown_name(self) -> str:
        """What may be printed: the URL without its password."""
        return self.url.render_as_string(hide_password=True)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction that writes: committed at the end, rolled back when anything is raised.

        Writers take turns on both databases, so that each sees what the one before it decided: two people who agree to
        the same proposal, or an answer that was given while somebody read, meet each other here instead of in the rows.
        On SQLite that is the file's only write lock, on PostgreSQL one of the same meaning. So keep it short, do slow
        work (mail, PDF, ledger) outside of it, and never open one inside of another.
        """
        with self._writing.begin() as session:
            if not self.is_sqlite:
                session.execute(text("SELECT set_config('lock_timeout', :wait, true)"), {"wait": f"{_TURN_MS}ms"})
                session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITER_LOCK})
            yield session

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """The same as a connection: for what changes the tables themselves."""
        with self._alone.begin() as connection:
            if not self.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITER_LOCK})
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One transaction that only reads, beside any writer; whatever was changed in it is thrown away.

        Closing rolls back and lets go of the rows as they were read: a page may still show them.
        """
        with self._reading() as session:
            yield session

    def create_all(self) -> None:
        """Makes every table and trigger at once: for tests. A console's own database is made by the migrations."""
        self.prepare_file()
        with self.engine.begin() as connection:
            Base.metadata.create_all(connection)

    def prepare_file(self) -> None:
        """Makes the SQLite file before SQLite does, readable by its owner only."""
        if self.file is None:
            return
        try:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600))
            self.file.chmod(0o600)
        except OSError as e:
            raise DatabaseError(f"{self.file} cannot be used: {e.strerror}; name another with --database") from e

    def close(self) -> None:
        """Closes every connection."""
        self.engine.dispose()


def _checked(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as e:
        # Not the URL itself: it may hold a password.
        raise DatabaseError(
            "the database's URL cannot be read; write sqlite:////path/console.db or postgresql://user:password@host/name"
        ) from e
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in {"sqlite", "sqlite+pysqlite", "postgresql+psycopg"}:
        raise DatabaseError(f"{parsed.drivername} is not supported; the database is SQLite or PostgreSQL")
    if parsed.get_backend_name() == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise DatabaseError("a database in memory would be forgotten; name a file: sqlite:////path/console.db")
    return parsed


def _sqlite(url: URL) -> Engine:
    # A connection a session: opening a file costs microseconds, and no thread ever waits for another's connection.
    # Parameters are hidden from errors, and so from logs: they hold what people wrote.
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": _BUSY_MS / 1000}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _prepare(raw: sqlite3.Connection, _record: Any) -> None:
        # The driver's own BEGIN comes too late for a writer; ours is below.
        raw.isolation_level = None
        for pragma in (
            f"busy_timeout = {_BUSY_MS}",
            "journal_mode = WAL",
            "foreign_keys = ON",
            # A decision that was shown as made must survive a power cut.
            "synchronous = FULL",
            "trusted_schema = OFF",
        ):
            raw.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))

    return engine


def _postgresql(url: URL) -> Engine:
    with suppress(KeyError):
        url = url.difference_update_query(["timezone"])
    try:
        return create_engine(url, pool_pre_ping=True, pool_size=5, max_overflow=10, hide_parameters=True)
    except ModuleNotFoundError as e:
        raise DatabaseError("PostgreSQL needs a driver: pip install 'hedgerow[postgres]'") from e


__all__ = ["FILE", "VARIABLE", "Database", "DatabaseError", "database_url", "models"]
