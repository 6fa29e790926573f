"""Notifications: where they go, which ones at which severity, a test button, and what is in the outbox."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from sqlalchemy import func, select
from starlette.responses import Response

from hedgerow.console import notification_acts as acts
from hedgerow.console import outward_state
from hedgerow.console.access.actor import CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.navigation import Entry
from hedgerow.console.pages.notices import WholeForm, Word
from hedgerow.console.rendering import go, render
from hedgerow.console.routes import action, page
from hedgerow.console.services import CurrentServices, Services
from hedgerow.outward import ocsf
from hedgerow.outward.happenings import KINDS, SEVERITIES
from hedgerow.outward.settings import FILE
from hedgerow.store.models.outbox import Channel, OutboxMessage, Subscription

NAVIGATION: Final = (Entry(120, "Notifications", "/notifications", Permission.SEE),)
DUES: Final = (outward_state.due,)
HERE: Final = "/notifications"
LAST: Final = 50

Url = Annotated[str, Form(max_length=2_000)]


def router(services: Services) -> APIRouter:  # noqa: ARG001 - the face of every module
    """The pages."""
    routes = APIRouter()
    one = f"{HERE}/{{channel_id}}"
    page(routes, HERE, needs=Permission.SEE)(overview)
    action(routes, HERE, needs=Permission.SETTINGS, fresh=True)(add)
    page(routes, one, needs=Permission.SEE)(channel_page)
    action(routes, one, needs=Permission.SETTINGS)(subscribe)
    action(routes, f"{one}/test", needs=Permission.SETTINGS)(try_out)
    action(routes, f"{one}/switch", needs=Permission.SETTINGS)(switch)
    action(routes, f"{one}/secret", needs=Permission.SETTINGS, fresh=True)(renew)
    action(routes, f"{one}/remove", needs=Permission.SETTINGS, fresh=True)(remove)
    return routes


def overview(request: Request, services: CurrentServices) -> Response:
    """The channels, and what left last."""
    outward, wrong = outward_state.in_force(services)
    with services.database.reading() as session:
        channels = session.scalars(select(Channel).order_by(Channel.name)).all()
        count = select(Subscription.channel_id, func.count()).group_by(Subscription.channel_id)
        states = select(OutboxMessage.state, func.count()).group_by(OutboxMessage.state)
        last = select(OutboxMessage).order_by(OutboxMessage.made_at.desc()).limit(LAST)
        return render(
            request,
            "notifications/overview.html",
            channels=channels,
            names={c.id: c.name for c in channels},
            kinds=acts.CHANNELS,
            shown=acts.shown,
            subscriptions={row[0]: row[1] for row in session.execute(count)},
            states={row[0]: row[1] for row in session.execute(states)},
            last=session.scalars(last).all(),
            outward=outward,
            wrong=wrong,
            file=FILE,
            lists=outward_state.lists(services, outward),
            url=services.settings.base_url,
        )


def channel_page(request: Request, services: CurrentServices, channel_id: str) -> Response:
    """One channel: what it is told."""
    with services.database.reading() as session:
        row = acts.find(session, channel_id)
        mine = session.scalars(select(Subscription).where(Subscription.channel_id == channel_id))
        last = (
            select(OutboxMessage)
            .where(OutboxMessage.channel_id == channel_id)
            .order_by(OutboxMessage.made_at.desc())
            .limit(LAST)
        )
        return render(
            request,
            "notifications/channel.html",
            channel=row,
            target=acts.shown(row.kind, row.target),
            kinds=[k for k in KINDS.values() if not row.kind.startswith("ocsf") or k.name in ocsf.TOLD],
            words=acts.CHANNELS,
            severities=SEVERITIES,
            least={s.happening: s.least for s in mine},
            last=session.scalars(last).all(),
            secret="",
        )


def add(
    request: Request, services: CurrentServices, actor: CurrentActor, name: Word, kind: Word, target: Url = ""
) -> Response:
    """Adds a channel."""
    channel_id, secret = acts.add(services, actor, name, kind, target)
    if secret:
        return render(request, "notifications/secret.html", channel_id=channel_id, secret=secret)
    return go(request, f"{HERE}/{channel_id}", "Added. Choose what it is told.")


def subscribe(
    request: Request, services: CurrentServices, actor: CurrentActor, channel_id: str, form: WholeForm
) -> Response:
    """Chooses what a channel is told."""
    least = {
        name.removeprefix("least."): v for name, v in form.items() if name.startswith("least.") and isinstance(v, str)
    }
    chosen = acts.subscribe(services, actor, channel_id, least)
    return go(request, f"{HERE}/{channel_id}", f"It is told {chosen} kinds of happenings.")


def try_out(request: Request, services: CurrentServices, actor: CurrentActor, channel_id: str) -> Response:
    """Sends a test message."""
    error = acts.try_out(services, actor, channel_id)
    return go(request, f"{HERE}/{channel_id}", f"It did not work: {error}." if error else "The test message has left.")


def switch(request: Request, services: CurrentServices, actor: CurrentActor, channel_id: str, state: Word) -> Response:
    """Switches a channel on or off."""
    acts.switch(services, actor, channel_id, on=state == "on")
    return go(request, f"{HERE}/{channel_id}", "Switched on." if state == "on" else "Switched off.")


def renew(request: Request, services: CurrentServices, actor: CurrentActor, channel_id: str) -> Response:
    """Makes a new secret."""
    secret = acts.renew(services, actor, channel_id)
    return render(request, "notifications/secret.html", channel_id=channel_id, secret=secret)


def remove(request: Request, services: CurrentServices, actor: CurrentActor, channel_id: str) -> Response:
    """Takes a channel away."""
    acts.remove(services, actor, channel_id)
    return go(request, HERE, "The channel is gone.")
