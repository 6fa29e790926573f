"""What the commands of cases and claims work with: the database of the console, the ledgers, somebody at the shell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from hedgerow.brain.folder import FolderError
from hedgerow.cases.core.ledgers import Ledgers
from hedgerow.cases.core.problems import CaseError
from hedgerow.cases.core.sealing import Sealer
from hedgerow.cli.exits import WRONG, fail
from hedgerow.console.access.actor import Actor
from hedgerow.console.decisions import DecisionError
from hedgerow.console.running import ConsoleError, Wish, services_of
from hedgerow.console.services import Services
from hedgerow.ledger.trail import who
from hedgerow.store.database import DatabaseError

AsJson = Annotated[bool, typer.Option("--json", help="As one JSON document.")]
Url = Annotated[
    str | None,
    typer.Option("--database", envvar="HEDGEROW_DATABASE", help="URL of the database; absent = in the state."),
]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the trail of decisions.")]


@dataclass(frozen=True)
class Opened:
    """Everything a command needs."""

    services: Services
    ledgers: Ledgers
    actor: Actor

    @property
    def now(self) -> datetime:
        """The time."""
        return self.services.clock()

    def sealer(self) -> Sealer:
        """Seals and opens with the state's secret."""
        return Sealer(self.ledgers.secret())

    def one_site(self, wished: str | None) -> str:
        """The site meant.

        Raises:
            CaseError: there are several, or none of this name.
        """
        known = self.ledgers.sites()
        if wished is None and len(known) == 1:
            return known[0]
        if wished is None or wished not in known:
            raise CaseError(f"name the site with --site; there are ledgers of: {', '.join(known) or 'none'}")
        return wished


@contextmanager
def opened(state: Path, database: str | None) -> Iterator[Opened]:
    """Opens everything; turns what goes wrong into a sentence and an exit code."""
    try:
        services = services_of(Wish(state, None, None, database))
        try:
            yield Opened(services, Ledgers(state, services.clock), Actor.shell(who()))
        finally:
            services.database.close()
    except (CaseError, DecisionError, ConsoleError, DatabaseError, FolderError) as error:
        fail(str(error), WRONG)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}", WRONG)
