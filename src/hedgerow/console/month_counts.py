"""Counts the months of the ledgers on the side, and keeps the figures: detail goes after its days, figures stay."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import duckdb
import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from hedgerow.console.services import Services
from hedgerow.ledger.overview import CURIOUS_LEVELS
from hedgerow.ledger.policies import member_count
from hedgerow.ledger.questions.activity import activity
from hedgerow.ledger.questions.coverage import count_members, coverage, last_day, share
from hedgerow.ledger.questions.period import Period
from hedgerow.ledger.questions.stopped import stopped
from hedgerow.ledger.reading import sites
from hedgerow.ledger.store import Store, StoreError
from hedgerow.review.months import Month
from hedgerow.store.models.reviews import MonthFigures

EVERY: Final = timedelta(hours=1)
"""How old the running month's figures may be."""
SETTLED_AFTER: Final = timedelta(hours=2)
"""A month is counted for good this long after its end: then everything of it is in the ledger."""

log = structlog.get_logger("console")


def count_months(services: Services) -> None:
    """Counts what is due: the running month when its figures are old, the one before when it was not counted whole."""
    now = services.clock()
    month = Month.of(now)
    for site in sorted(sites(services.folder.path)):
        for one in (month.previous, month):
            with services.database.reading() as session:
                known = of(session, one, site)
            if not _due(known, one, now):
                continue
            try:
                values = _count(services, site, one, now)
            except (StoreError, OSError, duckdb.Error) as e:
                log.warning("a month could not be counted", site=site, month=str(one), why=str(e))
                continue
            with services.database.session() as session:
                _keep(session, one, site, values, now)


def of(session: Session, month: Month, site: str) -> MonthFigures | None:
    """What was counted of one month of one site."""
    return session.scalar(select(MonthFigures).where(MonthFigures.month == str(month), MonthFigures.site == site))


def of_all_sites(session: Session, month: Month) -> list[MonthFigures]:
    """What was counted of one month."""
    return list(
        session.scalars(select(MonthFigures).where(MonthFigures.month == str(month)).order_by(MonthFigures.site))
    )


def _due(known: MonthFigures | None, month: Month, now: datetime) -> bool:
    if known is None:
        return True
    if now >= month.until + SETTLED_AFTER:
        return not known.whole
    return now - known.counted_at >= EVERY


def _count(services: Services, site: str, month: Month, now: datetime) -> dict[str, Any]:
    state = services.folder.path
    until = min(month.until, now)
    with (
        Store.open(state, site, clock=services.clock).snapshot() as taken,
        taken.connect(threads=1) as connection,
    ):
        found = activity(connection, Period(month.since, until))
        stops = stopped(connection, Period(month.since, until))
        members = count_members(connection, None, member_count(state, site))
        levels = [level for level in CURIOUS_LEVELS if level != "strangers"]
        top = coverage(connection, last_day(until), members, top=1, levels=levels, windows=(30,)).top
    most = max((s.people for s in top), default=None)
    verdicts: dict[str, int] = {}
    for v in found.verdicts:
        if v.mode == "enforce":
            verdicts[v.action] = verdicts.get(v.action, 0) + v.requests
    return {
        "people_disclosed": found.people,
        "people_to_strangers": found.to_strangers,
        "people_masked": found.masked,
        "most_curious_share": None if most is None else repr(share(most, members.number)),
        "gaps": found.gaps,
        "verdicts": verdicts,
        "visitors_refused": sum(lane.refused for lane in stops),
        "visitors_challenged": sum(lane.challenged for lane in stops),
        "members": members.number,
    }


def _keep(session: Session, month: Month, site: str, values: dict[str, Any], now: datetime) -> None:
    row = of(session, month, site)
    if row is None:
        row = MonthFigures(month=str(month), site=site, values=values, counted_at=now, whole=False)
        session.add(row)
    row.values, row.counted_at, row.whole = values, now, now >= month.until + SETTLED_AFTER
    session.flush()
