"""What all tests share."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from console.postgresql import Server, binaries, running
from hedgerow.store.database import Database


@pytest.fixture(scope="session", autouse=True)
def plain_log() -> None:
    """Failures are logged as in service, without the values of variables: drawing those takes seconds for each."""
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], structlog.processors.format_exc_info,
                                    structlog.processors.KeyValueRenderer()])  # fmt: skip


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder with a short name: Unix sockets must fit into 108 bytes, and pytest's own folders often do not."""
    with tempfile.TemporaryDirectory(prefix="hr-") as name:
        yield Path(name)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    """One PostgreSQL for all tests."""
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed; tools/setup.sh test brings Debian's")
    with running(programs) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Every test that touches the database runs on both."""
    return str(request.param)


@pytest.fixture
def empty_url(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The URL of a database without tables."""
    if database_kind == "sqlite":
        return f"sqlite:///{tmp_path}/empty.db"
    server: Server = request.getfixturevalue("postgresql_server")
    return server.fresh(tables=False)


@pytest.fixture(scope="session")
def sqlite_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with every table and no rows, to be copied: making the tables takes longer than most tests."""
    file = tmp_path_factory.mktemp("tables") / "console.db"
    made = Database(f"sqlite:///{file}")
    made.create_all()
    with made.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    made.close()
    return file


@pytest.fixture
def database(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database with every table and no rows."""
    if database_kind == "sqlite":
        tables: Path = request.getfixturevalue("sqlite_tables")
        file = tmp_path / "console.db"
        shutil.copyfile(tables, file)
        file.chmod(0o600)
        opened = Database(f"sqlite:///{file}")
    else:
        server: Server = request.getfixturevalue("postgresql_server")
        opened = Database(server.fresh())
    yield opened
    opened.close()
