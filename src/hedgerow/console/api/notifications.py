"""The JSON twin of the page of notifications."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hedgerow.console import notification_acts as acts
from hedgerow.console import outward_state
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


class ListsDocument(BaseModel):
    """The block lists as they would be written now. Their addresses are only in the files themselves."""

    formats: list[str]
    folder: str
    addresses: int
    networks: int
    left_out: list[str]
    """Why others that are refused stand in no list."""


class NotificationsDocument(BaseModel):
    """Channels and the outbox."""

    channels: list[ChannelDocument]
    outbox: dict[str, int]
    """Messages by state."""
    settings_wrong: str
    """What is wrong with `outward.toml`; then the former settings are in force. Empty when nothing is."""
    lists: ListsDocument | None
    """None where no block list is written."""


class NewChannel(BaseModel):
    """A channel to add."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(max_length=120)
    kind: Literal["mail", "webhook", "chat", "ocsf_file", "ocsf_webhook"]
    target: str = Field("", max_length=2_000)
    """Mail address or URL; none for the file."""


class AddedChannel(BaseModel):
    """A channel that was added, or whose secret was renewed."""

    channel: ChannelDocument
    secret: str | None
    """Of a signed webhook: shown this once."""


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
    api(routes, base, needs=Permission.SETTINGS, method="POST", fresh=True, status_code=201)(add)
    api(routes, f"{base}/{{channel_id}}", needs=Permission.SEE)(one_channel)
    api(routes, f"{base}/{{channel_id}}", needs=Permission.SETTINGS, method="PUT")(subscribe)
    api(routes, f"{base}/{{channel_id}}/secret", needs=Permission.SETTINGS, method="POST", fresh=True)(renew)
    api(routes, f"{base}/{{channel_id}}/test", needs=Permission.SETTINGS, method="POST")(try_out)
    return routes


def notifications(services: CurrentServices) -> NotificationsDocument:
    """Channels and the outbox."""
    outward, wrong = outward_state.in_force(services)
    lists = outward_state.lists(services, outward)
    with services.database.reading() as session:
        states = select(OutboxMessage.state, func.count()).group_by(OutboxMessage.state)
        return NotificationsDocument(
            channels=[_channel(session, c) for c in session.scalars(select(Channel).order_by(Channel.name)).all()],
            outbox={row[0]: row[1] for row in session.execute(states)},
            settings_wrong=wrong,
            lists=ListsDocument.model_validate(lists, from_attributes=True) if lists else None,
        )


def _channel(session: Session, row: Channel) -> ChannelDocument:
    least = select(Subscription.happening, Subscription.least).where(Subscription.channel_id == row.id)
    return ChannelDocument(
        id=row.id,
        name=row.name,
        kind=row.kind,
        target=acts.shown(row.kind, row.target),
        disabled_at=row.disabled_at,
        least={row.happening: row.least for row in session.execute(least)},
    )


def one_channel(services: CurrentServices, channel_id: str) -> ChannelDocument:
    """One channel and what it is told."""
    with services.database.reading() as session:
        return _channel(session, acts.find(session, channel_id))


def add(services: CurrentServices, actor: CurrentActor, new: NewChannel) -> AddedChannel:
    """Adds a channel; it is told nothing until that is chosen."""
    channel_id, secret = acts.add(services, actor, new.name, new.kind, new.target)
    return AddedChannel(channel=one_channel(services, channel_id), secret=secret or None)


def renew(services: CurrentServices, actor: CurrentActor, channel_id: str) -> AddedChannel:
    """Makes a new secret for a signed webhook; the former one ends."""
    secret = acts.renew(services, actor, channel_id)
    return AddedChannel(channel=one_channel(services, channel_id), secret=secret)


def subscribe(services: CurrentServices, actor: CurrentActor, channel_id: str, body: LeastBody) -> dict[str, int]:
    """Chooses what a channel is told."""
    return {"kinds": acts.subscribe(services, actor, channel_id, body.least)}


def try_out(services: CurrentServices, actor: CurrentActor, channel_id: str) -> Tested:
    """Sends a test message."""
    return Tested(error=acts.try_out(services, actor, channel_id) or None)
