"""Keeps the ledgers: compacts what edges wrote, goes on with erasures, and deletes what is older than it is kept.

One site after another, one bounded commit at a time; the edge waits for none of it, and a failure at one site is told
and does not keep the others waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final

import structlog

from hedgerow.brain.folder import Folder
from hedgerow.ledger.reading import sites
from hedgerow.ledger.store import Store, StoreError
from hedgerow.ledger.store.problems import BusyError
from hedgerow.ledger.store.retention import Retention
from hedgerow.ledger.store.thinning import Doomed
from hedgerow.policy.view import View

COMPACT_S: Final = 300.0
MORE_S: Final = 15.0
"""How soon the next round comes when one was full."""
THIN_S: Final = 86_400.0
SMALLEST_BYTES: Final = 1 << 20
"""A growing segment with less than this that is new waits for another round (`compaction.STALE_S` at the longest)."""

log = structlog.get_logger("brain")


class Ledgers:
    """The ledgers of a state directory."""

    def __init__(self, folder: Folder, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._clock = clock
        self._told: set[str] = set()
        """Damage is told once, not every five minutes."""

    def compact(self) -> bool:
        """One round of compaction at every site; says whether there is more to do now."""
        more = False
        for site in sites(self._folder.path):
            more |= self._round(site, self._compact)
        return more

    def _compact(self, site: str, store: Store) -> bool:
        done = store.compact(SMALLEST_BYTES)
        for damage in done.damage:
            if str(damage) not in self._told:
                self._told.add(str(damage))
                log.error(
                    "a damaged segment is not compacted; see `hedgerow ledger verify`", site=site, where=str(damage)
                )
        if done.entries:
            log.info("ledger compacted", site=site, entries=done.entries, disclosures=done.disclosures)
        for finished in store.finish_forgetting():
            log.info("an erasure went on", site=site, commit=finished.commit, waiting=len(finished.waiting))
        return done.more

    def thin(self, policy: Iterable[View]) -> bool:
        """Deletes what is due, and says whether it must be tried again soon, as a store was busy.

        The ledger of a site that is in no policy stays: nobody says how long it is kept.
        """
        kept = {site.text("name"): Retention.of(site) for site in policy}
        busy = False
        for site in sites(self._folder.path):
            if site in kept:
                busy |= self._round(site, lambda name, store: self._say(name, store.thin(kept[name])))
        return busy

    def delete_sealed(self, policy: Iterable[View]) -> bool:
        """Deletes sealed addresses that are due, and says as `thin`. A site no longer in the policy keeps none."""
        days = {site.text("name"): site.view("privacy").whole("sealed_address_days") for site in policy}
        busy = False
        for folder in self._folder.sealed():
            busy |= self._round(
                folder.parent.name, lambda name, store: self._say(name, store.delete_sealed(days.get(name, 0)))
            )
        return busy

    def _round(self, site: str, act: Callable[[str, Store], bool]) -> bool:
        try:
            return act(site, self._open(site))
        except BusyError:
            # Somebody works on it by hand, at this or at something else: what is due now must not wait for a day.
            return True
        except (StoreError, OSError) as e:
            log.error("the ledger's store could not be worked on; the edge records as before", site=site, why=str(e))
            return False
        except Exception:
            log.exception("the ledger's store could not be worked on, for a reason nobody foresaw", site=site)
            return False

    def _open(self, site: str) -> Store:
        return Store.open(self._folder.path, site, clock=self._now)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)

    @staticmethod
    def _say(site: str, gone: list[Doomed]) -> bool:
        for one in gone:
            log.info(
                "deleted, as older than it is kept",
                site=site,
                table=one.table,
                day=one.day,
                files=len(one.gone),
                rows=one.rows,
                setting=one.setting,
                days=one.days,
            )
        return False
