"""Keeps each site's overview at hand: asked of the ledger on the side, shown by pages with its time.

A question over ten million rows takes seconds; a page has 0.2. So a thread asks now and then, each time after a pause
that is longer the longer the last round took, and pages show the last answer. `refresh` does one round at once, for
tests and for the start.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

import duckdb
import structlog

from hedgerow.ledger.overview import Overview, overview
from hedgerow.ledger.policies import member_count
from hedgerow.ledger.questions.coverage import count_members
from hedgerow.ledger.reading import sites
from hedgerow.ledger.store import Store, StoreError

SHORTEST_PAUSE_S: Final = 15.0
PAUSE_FACTOR: Final = 20.0
"""A round of one second is followed by twenty of rest: at most a twentieth of one core."""
_LONGEST_PAUSE_S: Final = 600.0

log = structlog.get_logger("console")


@dataclass(frozen=True)
class Seen:
    """What is known of one site."""

    site: str
    overview: Overview | None
    problem: str = ""
    """Why the ledger could not be asked, in a sentence."""


@dataclass
class Overviews:
    """The overviews of a state directory."""

    state: Path
    clock: Callable[[], datetime]
    threads: int = 1
    """Threads of DuckDB: the pages must not wait for us."""
    _seen: dict[str, Seen] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)

    def sites(self) -> list[str]:
        """The sites that have a ledger."""
        return sorted(sites(self.state))

    def of(self, site: str) -> Seen:
        """The last answer about a site; without overview while none is there yet."""
        return self._seen.get(site) or Seen(site, None)

    def refresh(self) -> None:
        """Asks about every site now."""
        found = {site: self._ask(site) for site in self.sites()}
        self._seen = found

    def run_aside(self) -> None:
        """Begins the rounds, in a thread of their own that ends with the process."""
        threading.Thread(target=self._rounds, daemon=True, name="overviews").start()

    def stop(self) -> None:
        """Ends the rounds."""
        self._stop.set()

    def _rounds(self) -> None:
        pause = 0.0
        while not self._stop.wait(pause):
            begun = time.monotonic()
            self.refresh()
            pause = min(max(SHORTEST_PAUSE_S, PAUSE_FACTOR * (time.monotonic() - begun)), _LONGEST_PAUSE_S)

    def _ask(self, site: str) -> Seen:
        try:
            with (
                Store.open(self.state, site, clock=self.clock).snapshot() as taken,
                taken.connect(threads=self.threads) as connection,
            ):
                members = count_members(connection, None, member_count(self.state, site))
                return Seen(site, overview(connection, self.clock(), members))
        except (StoreError, OSError, duckdb.Error) as e:
            log.warning("the ledger could not be asked for the overview", site=site, why=str(e))
            # The last answer stays, with its time, beside the reason why there is no newer one.
            return Seen(site, self.of(site).overview, f"The ledger could not be asked: {e}")
