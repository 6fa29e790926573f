"""The doors of a case to what Hedgerow knows: the ledger of a site, its people map, its sealed addresses and holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import duckdb

from hedgerow import _engine
from hedgerow.cases.core.problems import CaseError
from hedgerow.ledger import policies
from hedgerow.ledger.chained import ChainError
from hedgerow.ledger.keyed import SiteKeys
from hedgerow.ledger.questions.refs import Ref, RefError, read_ref
from hedgerow.ledger.reading import LedgerError, sites
from hedgerow.ledger.store import Store, StoreError
from hedgerow.ledger.trail import Trail, TrailError
from hedgerow.policy.compiling import route_name
from hedgerow.policy.view import View
from hedgerow.secret import SecretError, read_secret


@dataclass(frozen=True)
class PeopleMap:
    """Which fields a site shows of its people, and on which routes."""

    fields: dict[str, str] = field(default_factory=dict)
    """Name and sensitivity."""
    routes: dict[str, frozenset[str]] = field(default_factory=dict)
    """Fields by name of the route; a route without any shows what the application's header says."""
    members: int | None = None
    """How many people the site has, where the policy says."""


class Ledgers:
    """The ledgers of a state directory."""

    def __init__(self, state: Path, clock: Callable[[], datetime], threads: int | None = None) -> None:
        """Opens nothing yet.

        Args:
            state: The state directory.
            clock: Gives the time, UTC.
            threads: Of each question; None for as many as there are cores. Whoever also serves pages leaves one free.
        """
        self.state = state
        self.clock = clock
        self.threads = threads

    def sites(self) -> list[str]:
        """Sites that have a ledger."""
        return sites(self.state)

    @contextmanager
    def asking(self, site: str) -> Iterator[duckdb.DuckDBPyConnection]:
        """The views of a site's ledger, as they are now.

        Raises:
            CaseError: the ledger cannot be asked.
        """
        try:
            with self.store(site).snapshot() as snapshot:
                connection = snapshot.connect(self.threads)
                try:
                    yield connection
                finally:
                    connection.close()
        except (StoreError, LedgerError) as error:
            raise CaseError(f"the ledger of {site} cannot be asked: {error}") from error
        except duckdb.OutOfMemoryException as error:
            raise CaseError(
                "the answer needs more memory than it may have; narrow the case down: a shorter period, or fewer "
                "principals"
            ) from error
        except duckdb.Error as error:
            raise CaseError(
                f"the ledger of {site} could not answer: {error}; `hedgerow ledger verify` says whether it is damaged"
            ) from error

    def store(self, site: str) -> Store:
        """The store of a site's ledger.

        Raises:
            CaseError: there is none.
        """
        try:
            return Store.open(self.state, site, clock=self.clock)
        except StoreError as error:
            raise CaseError(str(error)) from error

    def people_map(self, site: str) -> PeopleMap:
        """The people map in force; an empty one where no policy was ever kept."""
        compiled = policies.last_policy(self.state)
        for view in compiled.sites if compiled else ():
            if view.text("name") == site:
                return read_people_map(view)
        return PeopleMap()

    def read_ref(self, site: str, text: str) -> Ref:
        """A principal as a person writes it, as a keyed name.

        Raises:
            CaseError: it is none.
        """
        try:
            return read_ref(text, SiteKeys(self.secret(), site))
        except RefError as error:
            raise CaseError(str(error)) from error

    def secret(self) -> str:
        """The secret of the state.

        Raises:
            CaseError: it cannot be used.
        """
        try:
            return read_secret(self.state)
        except SecretError as error:
            raise CaseError(str(error)) from error

    def open_address(self, site: str, name: str, reason: str, who: str) -> str:
        """Opens a sealed address, and records it in the ledger's own trail before.

        Raises:
            CaseError: none is kept under this name, or it cannot be recorded.
        """
        try:
            Trail(self.state, self.clock).record("open-address", site=site, name=name, reason=reason, for_whom=who)
        except (TrailError, ChainError) as error:
            raise CaseError(str(error)) from error
        try:
            found = _engine.open_address(self.state / "sites" / site / "sealed", self.secret(), site, name)
        except (OSError, ValueError) as error:
            raise CaseError(str(error)) from error
        if found is None:
            raise CaseError(f"no sealed address is kept under {name}; its days may be over")
        return found

    def hold(
        self, site: str, reason: str, until: date, principals: list[str], since: date | None, before: date | None
    ) -> str:
        """Places a hold; its number.

        Raises:
            CaseError: it cannot be placed.
        """
        try:
            return self.store(site).hold(reason, until, principals=principals, since=since, before=before).id
        except StoreError as error:
            raise CaseError(str(error)) from error

    def lift(self, site: str, hold_id: str, reason: str) -> None:
        """Lifts a hold.

        Raises:
            CaseError: there is none of this number in force.
        """
        try:
            self.store(site).lift(hold_id, reason)
        except StoreError as error:
            raise CaseError(str(error)) from error


def read_people_map(site: View) -> PeopleMap:
    """The people map of a site in a policy that was read."""
    people = site.view("people")
    fields = {name: str(sensitivity) for name, sensitivity in people.view("fields").values.items()}
    routes = {}
    for route in people.items("routes").views():
        routes[route.maybe("name") or route_name(route.text("path"))] = frozenset(route.view("fields").values)
    return PeopleMap(fields, routes, people.maybe_whole("members"))
