"""Announcing: a happening goes into the outbox of every channel that wants it, in the transaction of the act itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hedgerow.outward.happenings import Happening, at_least
from hedgerow.store.models.outbox import Channel, OutboxMessage, Subscription


def announce(session: Session, happening: Happening) -> int:
    """Writes a happening into the outbox; called in the transaction of what happened, so both hold or neither.

    Args:
        session: the transaction.
        happening: what happened; announced again under the same identifier, it is told no second time.

    Returns:
        How many channels will be told.
    """
    asked = (
        select(Channel.id, Subscription.least)
        .join(Subscription, Subscription.channel_id == Channel.id)
        .where(Subscription.happening == happening.kind, Channel.disabled_at.is_(None))
    )
    told = set(session.scalars(select(OutboxMessage.channel_id).where(OutboxMessage.happening_id == happening.id)))
    wanted = [
        channel
        for channel, least in session.execute(asked)
        if at_least(happening.severity, least) and channel not in told
    ]
    for channel in wanted:
        put(session, channel, happening, happening.at)
    return len(wanted)


def put(session: Session, channel_id: str, happening: Happening, now: datetime) -> OutboxMessage:
    """Writes one message to one channel, whatever it subscribed to."""
    row = OutboxMessage(
        channel_id=channel_id,
        happening_id=happening.id,
        kind=happening.kind,
        severity=happening.severity,
        payload=happening.as_data(),
        made_at=now,
        state="waiting",
        next_at=now,
    )
    session.add(row)
    session.flush()
    return row
