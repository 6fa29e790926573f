"""Numbers for people, such as C-2026-0001: one series a year, none given twice, none left out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from hedgerow.store.models.cases import NumberSeries

CASES: Final = "C"
CLAIMS: Final = "L"
"""L as in leak: K, M and the like stand for nothing, and C is taken."""


def next_number(session: Session, series: str, now: datetime) -> str:
    """Takes the next number of a series in the year of `now` (UTC).

    One statement takes it, and the row stays locked until the transaction ends: another one waits for it, and gets the
    next number; if this transaction fails, the number is free again.
    """
    year = now.astimezone(UTC).year
    values = {"series": series, "year": year, "last": 1}
    one_more = {"last": NumberSeries.last + 1}
    key = ["series", "year"]
    if session.get_bind().dialect.name == "postgresql":
        on_postgresql = postgresql.insert(NumberSeries).values(values)
        taken = session.scalar(
            on_postgresql.on_conflict_do_update(index_elements=key, set_=one_more).returning(NumberSeries.last)
        )
    else:
        on_sqlite = sqlite.insert(NumberSeries).values(values)
        taken = session.scalar(
            on_sqlite.on_conflict_do_update(index_elements=key, set_=one_more).returning(NumberSeries.last)
        )
    return f"{series}-{year}-{taken:04d}"
