"""Reviews of months, rehearsals, and the month's figures of the ledger as they were counted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hedgerow.store.base import Base, Key
from hedgerow.store.models.cases import make_with_tables, refusals


class Review(Base):
    """One signature under one month. A later one supersedes; none is changed."""

    __tablename__ = "reviews"

    id: Mapped[Key]
    month: Mapped[str] = mapped_column(String(7), index=True)
    """As `2026-11`."""
    digest: Mapped[str] = mapped_column(String(64))
    """Of all that was shown (`hedgerow.review.signing.digest_of`)."""
    shown: Mapped[dict[str, Any]]
    """The figures and changes as they were shown."""
    conclusion: Mapped[str] = mapped_column(Text)
    signed_at: Mapped[datetime]
    signed_by: Mapped[str] = mapped_column(String(200))
    """As the name was then."""
    signer_id: Mapped[str] = mapped_column(String(100))


class DrillRecord(Base):
    """One rehearsal, as somebody recorded it."""

    __tablename__ = "drill_records"

    id: Mapped[Key]
    held_at: Mapped[datetime] = mapped_column(index=True)
    scenario: Mapped[str] = mapped_column(String(200))
    people_exposed: Mapped[int | None]
    detected_after_s: Mapped[int | None]
    findings: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(200))
    noted_at: Mapped[datetime]


class MonthFigures(Base):
    """What the ledger said of one month of one site. Kept, because detail goes after its days and figures must stay."""

    __tablename__ = "month_figures"
    __table_args__ = (UniqueConstraint("month", "site"),)

    id: Mapped[Key]
    month: Mapped[str] = mapped_column(String(7), index=True)
    site: Mapped[str] = mapped_column(String(100))
    values: Mapped[dict[str, Any]]
    counted_at: Mapped[datetime]
    whole: Mapped[bool]
    """Whether the month was over when it was counted."""


APPEND_ONLY = ("reviews",)
SQLITE_TRIGGERS, POSTGRESQL_TRIGGERS = refusals(APPEND_ONLY)
make_with_tables(APPEND_ONLY, SQLITE_TRIGGERS, POSTGRESQL_TRIGGERS)
