"""The watcher: looks at every ledger by the rules, and opens cases. What is open already is added to, never doubled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog

from hedgerow.cases.core.keeping import erase_due_addresses
from hedgerow.cases.core.ledgers import Ledgers
from hedgerow.cases.core.noticing import notice
from hedgerow.cases.core.opening import open_by_rule
from hedgerow.cases.core.problems import CaseError
from hedgerow.cases.core.rules import RULES, Alarm, Rule
from hedgerow.ledger.questions.coverage import count_members
from hedgerow.store.database import Database

EVERY_S: Final = 900.0
"""Seconds between two rounds: the rules count days, and a round over a large ledger takes seconds."""

log = structlog.get_logger("cases")


@dataclass
class Round:
    """What one round did."""

    opened: list[str] = field(default_factory=list)
    """Numbers of new cases."""
    known: list[str] = field(default_factory=list)
    """Numbers of open cases that a rule met again."""
    failed: dict[str, str] = field(default_factory=dict)
    """By site, why it could not be looked at."""


@dataclass(frozen=True)
class Watcher:
    """Looks when it is told to; the clock is given."""

    database: Database
    ledgers: Ledgers
    clock: Callable[[], datetime]
    rules: tuple[Rule, ...] = RULES

    def round(self) -> Round:
        """Looks at every site once. A site that cannot be looked at does not keep the others waiting."""
        done = Round()
        for site in self.ledgers.sites():
            try:
                alarms = self.alarms(site)
            except CaseError as error:
                done.failed[site] = str(error)
                log.error("a site's ledger was not looked at", site=site, why=str(error))
                continue
            for alarm in alarms:
                # A transaction each: what follows from one alarm must not be lost with another one.
                with self.database.session() as session:
                    case, fresh = open_by_rule(session, self.clock(), site, alarm)
                    number = case.number
                if fresh:
                    done.opened.append(number)
                    log.warning("a case was opened", number=number, rule=alarm.rule, site=site, people=alarm.people)
                elif number not in done.opened and number not in done.known:
                    done.known.append(number)
        with self.database.session() as session:
            erase_due_addresses(session, self.clock())
        return done

    def alarms(self, site: str) -> list[Alarm]:
        """What the rules find at one site now; changes nothing.

        Raises:
            CaseError: its ledger cannot be asked.
        """
        people_map = self.ledgers.people_map(site)
        with self.ledgers.asking(site) as connection:
            return notice(connection, self.rules, count_members(connection, None, people_map.members), self.clock())
