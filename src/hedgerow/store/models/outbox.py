"""Notifications: where they go, which ones, and the outbox from which they leave."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hedgerow.store.base import Base, Key


class Channel(Base):
    """One place that can be told: an address, an URL, a file."""

    __tablename__ = "channels"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(100), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    """`mail`, `webhook`, `chat`, `ocsf_file` or `ocsf_webhook`."""
    target: Mapped[str] = mapped_column(String(2_000), default="")
    """Mail address or URL; empty for the file. A chat's URL is a secret of its own: it is shown shortened."""
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(String(200))
    disabled_at: Mapped[datetime | None]


class Subscription(Base):
    """One kind of happening that a channel is told."""

    __tablename__ = "subscriptions"
    __table_args__ = (UniqueConstraint("channel_id", "happening", name="uq_subscriptions_channel_happening"),)

    id: Mapped[Key]
    channel_id: Mapped[str] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    happening: Mapped[str] = mapped_column(String(60), index=True)
    """A kind of `hedgerow.outward.happenings`."""
    least: Mapped[str] = mapped_column(String(20))
    """From which severity on: `note`, `low`, `medium`, `high` or `critical`."""


class OutboxMessage(Base):
    """One message to one channel, written in the transaction of what it tells about, kept until it is delivered."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("channel_id", "happening_id", name="uq_outbox_channel_happening"),
        Index("ix_outbox_next", "state", "next_at"),
    )

    id: Mapped[Key]
    channel_id: Mapped[str] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    happening_id: Mapped[str] = mapped_column(String(100))
    """The same happening is told a channel once, however often it is announced."""
    kind: Mapped[str] = mapped_column(String(60))
    severity: Mapped[str] = mapped_column(String(20))
    payload: Mapped[dict[str, Any]]
    made_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(20))
    """`waiting`, `sending`, `sent` or `failed`."""
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(Text, default="")


class Told(Base):
    """Reminders that were given, so that a deadline is announced once for each of its marks."""

    __tablename__ = "reminders_told"

    mark: Mapped[str] = mapped_column(String(200), primary_key=True)
    """`case/regime/duty/what/moment/mark`."""
    at: Mapped[datetime]
