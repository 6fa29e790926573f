"""What the pages work with, made once at start and handed to each module's `router`."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, cast

from fastapi import Depends, Request

from hedgerow.brain.folder import Folder
from hedgerow.cases.core.ledgers import Ledgers
from hedgerow.console.back_tests import BackTests
from hedgerow.console.long_work import LongWork
from hedgerow.console.overviews import Overviews
from hedgerow.console.settings import ConsoleSettings
from hedgerow.control import Control
from hedgerow.outward.standing import Standing
from hedgerow.store.database import Database


def utc_now() -> datetime:
    """The clock on the wall; the only place of the console that reads it."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Services:
    """The console's surroundings."""

    database: Database
    folder: Folder
    control: Control
    """The edge. It may not run: then `ask` raises `NotRunningError`, and the page says so."""
    clock: Callable[[], datetime] = utc_now
    settings: ConsoleSettings = field(default_factory=ConsoleSettings)
    config: Path | None = None
    """The policy file that pages show and change; None: the one in the state directory."""
    page_patience_s: float = 0.1
    """How long a page waits for an answer of the ledger before it is shown without."""
    act_patience_s: float = 1.0
    """How long a form waits for what it began; a small ledger has answered by then."""

    @cached_property
    def overviews(self) -> Overviews:
        """What pages show of the ledgers."""
        return Overviews(self.folder.path, self.clock)

    @cached_property
    def outward(self) -> Standing:
        """Mail, webhooks, lists, metrics and traces, as `outward.toml` says now."""
        return Standing(self.folder.path)

    @cached_property
    def ledgers(self) -> Ledgers:
        """The doors to the ledgers. A question leaves one core to the pages."""
        return Ledgers(self.folder.path, self.clock, max(1, (os.cpu_count() or 1) - 1))

    @cached_property
    def long_work(self) -> LongWork:
        """What takes longer than a page may."""
        return LongWork(self.folder.path, self.clock)

    @cached_property
    def back_tests(self) -> BackTests:
        """Back-tests asked for in the console."""
        return BackTests(self.folder.path, self.clock)


def current_services(request: Request) -> Services:
    """The services of the running app."""
    return cast("Services", request.app.state.services)


CurrentServices = Annotated[Services, Depends(current_services)]
