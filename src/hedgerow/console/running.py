"""Runs the console: opens the database, brings it up to date, serves until told to stop."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import uvicorn

from hedgerow import __version__
from hedgerow.brain.folder import Folder
from hedgerow.console.access import setup_links
from hedgerow.console.app import create_app
from hedgerow.console.rounds import Rounds
from hedgerow.console.services import Services, utc_now
from hedgerow.console.settings import ConsoleSettings
from hedgerow.control import Control
from hedgerow.ledger.policies import last_policy
from hedgerow.outward import tracing
from hedgerow.outward.settings import OutwardError
from hedgerow.policy import Compiled, PolicyError, load_file
from hedgerow.store.database import Database, database_url
from hedgerow.store.upgrading import upgrade

ORPHAN_S: Final = 2.0
"""How often it is looked whether the supervisor still lives."""


class ConsoleError(Exception):
    """The console cannot be started; the message says what to do."""


@dataclass(frozen=True)
class Wish:
    """What the command line or the supervisor asked for."""

    state: Path
    config: Path | None = None
    """The policy file; None = the one in force in the state directory."""
    listen: str | None = None
    database: str | None = None
    supervisor: int | None = None
    """Process number of the parent; the console ends with it."""


def settings_of(wish: Wish) -> ConsoleSettings:
    """The settings in force.

    Raises:
        PolicyError: the policy has mistakes.
        OSError: it cannot be read.
    """
    policy = load_file(wish.config) if wish.config else _known(wish.state)
    settings = ConsoleSettings.of(policy.view) if policy else ConsoleSettings()
    return replace(settings, listen=wish.listen or settings.listen, database=wish.database or settings.database)


def _known(state: Path) -> Compiled | None:
    own = Folder(state).own_policy
    if own.exists():
        return load_file(own)
    return last_policy(state)


def services_of(wish: Wish) -> Services:
    """Opens the database, brings it up to date, and puts the services together.

    Raises:
        ConsoleError: with what to do.
        DatabaseError: the database cannot be used.
    """
    folder = Folder(wish.state)
    folder.prepare()
    try:
        settings = settings_of(wish)
    except PolicyError as e:
        raise ConsoleError("the policy has mistakes: " + " ".join(e.report.lines())) from e
    database = Database(database_url(wish.state, settings.database))
    upgrade(database)
    return Services(database, folder, Control(folder.control), utc_now, settings, wish.config)


def first_steps(services: Services, say: Callable[[str], None]) -> None:
    """Says where the console is, and how its first owner is made as long as there is none."""
    base = services.settings.base_url
    say(f"console: {base}/")
    with services.database.session() as session:
        token = setup_links.first(session, services.clock())
    if token is not None:
        say(f"first start: make the owner's account within 24 hours at {base}/set-up/{token}")


def serve(wish: Wish, say: Callable[[str], None]) -> int:
    """Runs until SIGTERM or SIGINT; returns the exit code."""
    services = services_of(wish)
    host, _, port = services.settings.listen.rpartition(":")
    made = create_app(services)
    try:
        app = tracing.Following(made, services.outward, __version__)
    except OutwardError as e:
        raise ConsoleError(str(e)) from e
    config = uvicorn.Config(
        app,
        host=host.strip("[]"),
        port=int(port),
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=True,
        proxy_headers=False,
        h11_max_incomplete_event_size=64 << 10,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=5,
        limit_concurrency=500,
        lifespan="off",
    )
    prefer_pages()
    services.overviews.run_aside()
    server = _Announced(config, lambda: first_steps(services, say), made.state.live.close)
    if wish.supervisor is not None:
        threading.Thread(target=_end_with, args=(wish.supervisor, server), daemon=True, name="supervisor").start()
    rounds = Rounds(services)
    rounds.start()
    server.run()
    rounds.stop()
    services.database.close()
    return 0 if server.started else 1


def prefer_pages() -> None:
    """Lets pages have their turn ten times as often beside work that computes.

    Between two pages a question of a large ledger computes for seconds. Python hands over every 5 ms by default, and a
    page that asks its database forty times then waits forty times as long.
    """
    sys.setswitchinterval(0.0005)


class _Announced(uvicorn.Server):
    """Says where it is once somebody would be answered there, and ends open streams before it stops."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None], end_streams: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce
        self._end_streams = end_streams

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        """Binds, then announces."""
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
            self._announce()

    async def shutdown(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        """An open page would keep us for as long as somebody looks at it."""
        self._end_streams()
        await super().shutdown(sockets)  # type: ignore[arg-type]


def _end_with(parent: int, server: uvicorn.Server) -> None:
    while not server.should_exit:
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)
            return
        time.sleep(ORPHAN_S)


def print_line(sentence: str) -> None:
    """Says something on standard output, if anybody still listens there."""
    with contextlib.suppress(OSError):  # a closed terminal must not end the console
        sys.stdout.write(sentence + "\n")
        sys.stdout.flush()
