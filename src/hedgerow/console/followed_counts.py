"""Follows the visitors who were stopped, a day at a time and on the side, and keeps the counts.

A day is counted once, when all who were stopped on it were followed to the end. It cannot wait longer: the detail it is
counted from goes after `retention.detail_days`, and a month is longer than what is left of them.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Final

import duckdb
import structlog
from sqlalchemy import select

from hedgerow.console.services import Services
from hedgerow.ledger.questions.followed import followed, over_at
from hedgerow.ledger.reading import sites
from hedgerow.ledger.store import Store, StoreError
from hedgerow.store.models.followed import FollowedStops

LOOKS_BACK: Final = timedelta(days=62)
"""Days before are not caught up: the month they belong to was signed, or could have been."""
SETTLED_AFTER: Final = timedelta(hours=2)
"""As with months: then everything of the time is in the ledger."""

log = structlog.get_logger("console")


def count_followed(services: Services) -> int:
    """Counts every day that is due, of every site; how many that were."""
    now = services.clock()
    return sum(_count_site(services, site, now) for site in sorted(sites(services.folder.path)))


def due_days(known: set[date], now: datetime) -> list[date]:
    """Days whose stopped visitors were followed to the end and that are not counted yet, the oldest first."""
    today = now.astimezone(UTC).date()
    back = (today - timedelta(days=n) for n in range(LOOKS_BACK.days, 0, -1))
    return [d for d in back if d not in known and now >= over_at(d) + SETTLED_AFTER]


def _count_site(services: Services, site: str, now: datetime) -> int:
    since = (now - LOOKS_BACK - timedelta(days=1)).date()
    with services.database.reading() as session:
        known = set(
            session.scalars(
                select(FollowedStops.day).where(FollowedStops.site == site, FollowedStops.day >= since)
            ).all()
        )
    due = due_days(known, now)
    if not due:
        return 0
    rows = []
    try:
        with (
            Store.open(services.folder.path, site, clock=services.clock).snapshot() as taken,
            taken.connect(threads=1) as connection,
        ):
            for day in due:
                found = followed(connection, day)
                rows.append(
                    FollowedStops(
                        site=site,
                        day=day,
                        counted_at=now,
                        gone=found is None,
                        rows=[asdict(row) for row in found.rows] if found else [],
                        usual=found.usual if found else {},
                    )
                )
    except (StoreError, OSError, duckdb.Error) as e:
        log.warning("stopped visitors could not be followed", site=site, why=str(e))
        return 0
    with services.database.session() as session:
        session.add_all(rows)
    return len(rows)
