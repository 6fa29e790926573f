"""What is done about cases by the clock: the rules look at the ledgers, and what was kept long enough goes."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from hedgerow.cases.claims.erasing import erase_due
from hedgerow.cases.core.containing import note_effective
from hedgerow.cases.core.rules import read_rules
from hedgerow.cases.core.watching import EVERY_S, Round, Watcher
from hedgerow.console.access.actor import Actor
from hedgerow.console.services import Services
from hedgerow.control import ControlError
from hedgerow.measures import standing
from hedgerow.store.models.cases import Case, Containment

__all__ = ["EVERY_S", "look", "note_what_works"]
MOST: Final = 1_000
"""Steps that are looked at in one round."""


def look(services: Services) -> Round:
    """One round, every `EVERY_S` seconds: opens cases by rule, erases addresses and raw claims that are due."""
    state = services.folder.path
    done = Watcher(services.database, services.ledgers, services.clock, read_rules(state)).round()
    with services.database.session() as session:
        erase_due(session, services.clock())
    return done


def note_what_works(services: Services) -> int:
    """Notes of steps that were not known to work yet that the gateway carries them out now; says of how many.

    A gateway may start, or be switched from watching to enforcing, after a step was taken. The time noted is when this
    was found out: the time to contain is never told shorter than it was.
    """
    waiting = (Containment.measure_id.is_not(None), Containment.effective_at.is_(None), Containment.ended_at.is_(None))
    with services.database.reading() as session:
        known = session.execute(select(Containment.id, Containment.measure_id).where(*waiting).limit(MOST)).all()
    if not known:
        return 0
    try:
        met = standing(services.control)
    except ControlError:
        # Nothing is carried out by a gateway that does not answer; the next round asks again.
        return 0
    works = {row for row, measure in known if measure in met and met[measure].works}
    now = services.clock()
    for row_id in sorted(works):
        with services.database.session() as session:
            row = session.get(Containment, row_id)
            if row is not None and row.effective_at is None and row.ended_at is None:
                at, case = max(now, row.started_at), session.get_one(Case, row.case_id)
                note_effective(session, Actor.system(), at, case, row_id, at)
    return len(works)
