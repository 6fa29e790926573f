"""A console without a socket: a database of its own and a clock that only moves when told."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI

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
