"""A console in memory: a database of its own and a clock that only moves when told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from console.postgresql import Server, binaries, running
from console.signed_in import Clock
from hedgerow.brain.folder import Folder
from hedgerow.console.app import create_app
from hedgerow.console.services import Services
from hedgerow.control import Control
from hedgerow.store.database import Database


@pytest.fixture
def clock() -> Clock:
    """The console's clock."""
    return Clock()


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


@pytest.fixture
def database(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database with every table and no rows."""
    if database_kind == "sqlite":
        opened = Database(f"sqlite:///{tmp_path}/console.db")
        opened.create_all()
    else:
        server: Server = request.getfixturevalue("postgresql_server")
        opened = Database(server.fresh())
    yield opened
    opened.close()


@pytest.fixture
def services(database: Database, tmp_path: Path, clock: Clock) -> Services:
    """Surroundings without an edge."""
    folder = Folder(tmp_path / "state")
    folder.prepare()
    return Services(database, folder, Control(folder.control), clock)


@pytest.fixture
def app(services: Services) -> FastAPI:
    """The console."""
    return create_app(services)
