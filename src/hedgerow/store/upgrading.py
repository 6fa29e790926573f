"""Brings a database up to date, and says whether it is."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from hedgerow.store.database import Database, DatabaseError

MIGRATIONS: Final = Path(__file__).parent / "migrations"


def config_for(connection: Connection | None = None) -> Config:
    """Alembic's settings, without a file."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def newest() -> str:
    """The revision this version of Hedgerow works with."""
    head = ScriptDirectory.from_config(config_for()).get_current_head()
    if head is None:
        raise DatabaseError("this installation has no migrations; install it again")
    return head


def revision_of(database: Database) -> str | None:
    """The revision a database has; None when it is empty.

    Raises:
        DatabaseError: it cannot be reached.
    """
    try:
        with database.engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except OperationalError as e:
        raise DatabaseError(f"the database {database.shown_name} cannot be reached: {_plain(e)}") from e


def upgrade(database: Database) -> str | None:
    """Brings the database up to date. Returns the copy that was made of a SQLite file before, if one was.

    Raises:
        DatabaseError: it cannot be reached, or a newer Hedgerow has changed it.
    """
    database.prepare_file()
    now, wanted = revision_of(database), newest()
    if now == wanted:
        return None
    copy = _copy(database) if now is not None else None
    try:
        # Of two that start at once the second finds the work done: Alembic looks again once it has its turn.
        with database.alone() as connection:
            command.upgrade(config_for(connection), "head")
    except CommandError as e:
        raise DatabaseError(
            f"the database {database.shown_name} was made by another version of Hedgerow (revision {now}, this one has "
            f"{wanted}); install that version, or restore a back-up of this one: {e}"
        ) from e
    return str(copy) if copy else None


def _copy(database: Database) -> Path | None:
    """A copy of a SQLite file, by SQLite itself, so that what is in its journal is in it."""
    if database.file is None:
        return None
    target = database.file.with_name(f"{database.file.name}.before-{newest()}")
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(database.file)) as source, closing(sqlite3.connect(part)) as copy:
        source.backup(copy)
    part.chmod(0o600)
    shutil.move(part, target)
    return target


def _plain(error: OperationalError) -> str:
    return str(error.orig).strip().split("\n")[0]
