"""What is done about cases by the clock: the rules look at the ledgers, and what was kept long enough goes."""

from __future__ import annotations

from hedgerow.cases.claims.erasing import erase_due
from hedgerow.cases.core.rules import read_rules
from hedgerow.cases.core.watching import EVERY_S, Round, Watcher
from hedgerow.console.services import Services

__all__ = ["EVERY_S", "look"]


def look(services: Services) -> Round:
    """One round, every `EVERY_S` seconds: opens cases by rule, erases addresses and raw claims that are due."""
    state = services.folder.path
    done = Watcher(services.database, services.ledgers, services.clock, read_rules(state)).round()
    with services.database.session() as session:
        erase_due(session, services.clock())
    return done
