"""A console without a socket: a database of its own and a clock that only moves when told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from anyio.from_thread import start_blocking_portal
from fastapi import FastAPI
from starlette.testclient import TestClient

from console.signed_in import Clock
from hedgerow.brain.folder import Folder
from hedgerow.console.app import create_app
from hedgerow.console.live import Live
from hedgerow.console.services import Services
from hedgerow.control import Control
from hedgerow.store.database import Database


@pytest.fixture(scope="session", autouse=True)
def one_event_loop() -> Iterator[None]:
    """All requests in one event loop, as a server has it: by itself the client starts a thread and a loop for each."""
    with start_blocking_portal() as portal:
        TestClient.portal = portal
        yield
        TestClient.portal = None


@pytest.fixture
def clock() -> Clock:
    """The console's clock."""
    return Clock()


@pytest.fixture
def services(database: Database, tmp_path: Path, clock: Clock) -> Services:
    """Surroundings without an edge."""
    folder = Folder(tmp_path / "state")
    folder.prepare()
    # Whoever asks a ledger waits for the answer here; tests of what happens meanwhile set their own patience.
    control = Control(folder.control)
    return Services(database, folder, control, clock, page_patience_s=60.0, act_patience_s=60.0)


class Current:
    """The services of the test at hand under one face: making the app takes a second, and many tests want one."""

    services: Services

    def __getattr__(self, name: str) -> Any:
        """What the services of this test have."""
        return getattr(self.services, name)


@pytest.fixture(scope="session")
def shared_app() -> Callable[[Services], FastAPI]:
    """Gives the one app, with the services of a test in it."""
    current = Current()
    made: list[FastAPI] = []

    def with_services(services: Services) -> FastAPI:
        current.services = services
        if not made:
            made.append(create_app(cast("Services", current)))
        app = made[0]
        app.state.services = services
        app.state.live = Live(services.control, services.database)
        return app

    return with_services


@pytest.fixture
def app(services: Services, shared_app: Callable[[Services], FastAPI]) -> FastAPI:
    """The console. A test that changes its settings makes an app of its own."""
    return shared_app(services)
