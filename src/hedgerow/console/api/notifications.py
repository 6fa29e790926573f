"""The JSON twin of the page of notifications."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select

from hedgerow.console import notification_acts as acts
from hedgerow.console.access.actor import CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.routes import api
from hedgerow.console.services import CurrentServices, Services
from hedgerow.store.models.outbox import Channel, OutboxMessage, Subscription


class ChannelDocument(BaseModel):
    """One channel. Secrets and the paths of URLs are not shown."""

    id: str
    name: str
    kind: str
    target: str
    disabled_at: datetime | None
    least: dict[str, str]
    """For each kind of happening that it is told, from which severity on."""


class NotificationsDocument(BaseModel):
    """Channels and the outbox."""

    channels: list[ChannelDocument]
    outbox: dict[str, int]
    """Messages by state."""


class LeastBody(BaseModel):
    """What a channel is told."""

    model_config = ConfigDict(extra="forbid")
    least: dict[str, str] = Field(max_length=100)


class Tested(BaseModel):
    """What became of a test message."""

    error: str | None


def router(services: Services) -> APIRouter:  # noqa: ARG001 - the face of every module
    """The routes."""
    routes = APIRouter(tags=["notifications"])
    base = "/api/v1/notifications"
    api(routes, base, needs=Permission.SEE)(notifications)
    api(routes, f"{base}/{{channel_id}}", needs=Permission.SETTINGS, method="PUT")(subscribe)
    api(routes, f"{base}/{{channel_id}}/test", needs=Permission.SETTINGS, method="POST")(try_out)
    return routes


def notifications(services: CurrentServices) -> NotificationsDocument:
    """Channels and the outbox."""
    with services.database.reading() as session:
        least: dict[str, dict[str, str]] = {}
        for row in session.scalars(select(Subscription)):
            least.setdefault(row.channel_id, {})[row.happening] = row.least
        states = select(OutboxMessage.state, func.count()).group_by(OutboxMessage.state)
        return NotificationsDocument(
            channels=[
                ChannelDocument(
                    id=c.id,
                    name=c.name,
                    kind=c.kind,
                    target=acts.shown(c.kind, c.target),
                    disabled_at=c.disabled_at,
                    least=least.get(c.id, {}),
                )
                for c in session.scalars(select(Channel).order_by(Channel.name))
            ],
            outbox={row[0]: row[1] for row in session.execute(states)},
        )


def subscribe(services: CurrentServices, actor: CurrentActor, channel_id: str, body: LeastBody) -> dict[str, int]:
    """Chooses what a channel is told."""
    return {"kinds": acts.subscribe(services, actor, channel_id, body.least)}


def try_out(services: CurrentServices, actor: CurrentActor, channel_id: str) -> Tested:
    """Sends a test message."""
    return Tested(error=acts.try_out(services, actor, channel_id) or None)
