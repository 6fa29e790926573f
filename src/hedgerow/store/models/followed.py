"""How many of the visitors who were stopped on a day then read like ordinary ones: counts, and nobody's names."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from hedgerow.store.base import Base, Key


class FollowedStops(Base):
    """One day of one site, counted once: the detail it is counted from goes after its days, the figures stay."""

    __tablename__ = "followed_stops"
    __table_args__ = (Index("ix_followed_stops_site_day", "site", "day", unique=True),)

    id: Mapped[Key]
    site: Mapped[str] = mapped_column(String(100))
    day: Mapped[date] = mapped_column(Date)
    """Of the stops, UTC."""
    counted_at: Mapped[datetime]
    gone: Mapped[bool]
    """The detail was gone before it was counted."""
    rows: Mapped[list[Any]]
    """Of each kind of stop, lane, kind of network and way through: visitors, and how many of them then read like an
    ordinary one."""
    usual: Mapped[dict[str, Any]]
    """The ordinary number of people by lane."""
