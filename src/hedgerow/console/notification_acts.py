"""What people do with notifications: add a channel, choose what it is told, try it, switch it off."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hedgerow.console.access.actor import Actor
from hedgerow.console.decisions import record
from hedgerow.console.notice_acts import named
from hedgerow.console.problems import Conflict, NotFound, Wrong
from hedgerow.console.services import Services
from hedgerow.outward import announcing, delivering, guard, ocsf, webhook
from hedgerow.outward.addresses import AddressError, header_text, mail_address
from hedgerow.outward.delivering import Ways
from hedgerow.outward.happenings import KINDS, SEVERITIES, Happening
from hedgerow.outward.settings import OutwardError
from hedgerow.outward.smtp import SmtpMailer
from hedgerow.store.base import new_id
from hedgerow.store.models.outbox import Channel, Subscription

CHANNELS = {
    "mail": "Mail",
    "webhook": "Signed webhook",
    "chat": "Chat (Slack-compatible)",
    "ocsf_file": "Security events (OCSF) into a file",
    "ocsf_webhook": "Security events (OCSF) by webhook",
}
_SIGNED = frozenset({"webhook", "ocsf_webhook"})
MOST_CHANNELS = 100


def ways(services: Services) -> Ways:
    """How messages leave, as `outward.toml` says now.

    Raises:
        Wrong: the file cannot be used.
    """
    try:
        found = services.outward.current()
        mailer = SmtpMailer(found.smtp) if found.smtp else None
        return Ways(services.folder.path, found, mailer, services.settings.base_url)
    except OutwardError as e:
        raise Wrong(f"{e}.") from e


def add(services: Services, actor: Actor, name: str, kind: str, target: str) -> tuple[str, str]:
    """Adds a channel; returns its identifier and, where it signs, the secret, which is shown once."""
    name = header_text(" ".join(name.split()), 100)
    if not name:
        raise Wrong("Give the channel a name.")
    target = _target(kind, target)
    secret = webhook.new_secret() if kind in _SIGNED else ""
    with services.database.session() as session:
        rows = session.scalars(select(Channel.name)).all()
        if name in rows:
            raise Conflict("There is a channel of this name already.")
        if len(rows) >= MOST_CHANNELS:
            raise Wrong(f"There are {MOST_CHANNELS} channels; take one away first.")
        row = Channel(id=new_id(), name=name, kind=kind, target=target, made_at=services.clock(), made_by=actor.name)
        session.add(row)
        record(
            session,
            actor,
            "channel.add",
            f"channel:{row.id}",
            "",
            {"name": name, "kind": kind, "target": shown(kind, target)},
            at=services.clock(),
        )
        if secret:
            webhook.keep_secret(services.folder.path, row.id, secret)
        return row.id, secret


def _target(kind: str, target: str) -> str:
    target = target.strip()
    if kind not in CHANNELS:
        raise Wrong("There is no such kind of channel.")
    try:
        if kind == "mail":
            return mail_address(target)
        if kind == "ocsf_file":
            return ""
        guard.target(target)
    except (AddressError, OutwardError) as e:
        raise Wrong(f"This cannot be told: {e}.") from e
    return target


def shown(kind: str, target: str) -> str:
    """A target as it may be shown: of a URL only where it leads, because its path is often a secret."""
    if kind in {"mail", "ocsf_file"}:
        return target or ocsf.FILE
    parts = urlsplit(target)
    return f"{parts.scheme}://{parts.netloc}/…"


def find(session: Session, channel_id: str) -> Channel:
    """One channel.

    Raises:
        NotFound: there is none.
    """
    row = session.get(Channel, named(channel_id))
    if row is None:
        raise NotFound("There is no such channel.")
    return row


def subscribe(services: Services, actor: Actor, channel_id: str, least: Mapping[str, str]) -> int:
    """Chooses what a channel is told: for each kind the least severity, or nothing."""
    with services.database.session() as session:
        channel = find(session, channel_id)
        chosen = {k: v for k, v in least.items() if v}
        wrong = [k for k, v in chosen.items() if k not in KINDS or v not in SEVERITIES]
        if wrong:
            raise Wrong(f"There is no happening `{wrong[0][:40]}`, or no such severity.")
        if channel.kind.startswith("ocsf"):
            lost = [k for k in chosen if k not in ocsf.TOLD]
            if lost:
                raise Wrong(f"OCSF findings know no {', '.join(lost)}; tell that over another channel.")
        session.execute(delete(Subscription).where(Subscription.channel_id == channel_id))
        session.add_all(Subscription(channel_id=channel_id, happening=k, least=v) for k, v in chosen.items())
        record(session, actor, "channel.subscribe", f"channel:{channel_id}", "", {"least": chosen}, at=services.clock())
        return len(chosen)


def switch(services: Services, actor: Actor, channel_id: str, *, on: bool) -> None:
    """Switches a channel on or off; what waits for it stays in the outbox."""
    with services.database.session() as session:
        row = find(session, channel_id)
        row.disabled_at = None if on else services.clock()
        act = "channel.enable" if on else "channel.disable"
        record(session, actor, act, f"channel:{channel_id}", "", {"name": row.name}, at=services.clock())


def renew(services: Services, actor: Actor, channel_id: str) -> str:
    """Makes a new secret, which is shown once; the old one ends at once."""
    with services.database.session() as session:
        row = find(session, channel_id)
        if row.kind not in _SIGNED:
            raise Wrong("This channel does not sign.")
        record(session, actor, "channel.renew", f"channel:{channel_id}", "", {"name": row.name}, at=services.clock())
    secret = webhook.new_secret()
    webhook.keep_secret(services.folder.path, channel_id, secret)
    return secret


def remove(services: Services, actor: Actor, channel_id: str) -> None:
    """Takes a channel away, with what waits for it."""
    with services.database.session() as session:
        row = find(session, channel_id)
        record(session, actor, "channel.remove", f"channel:{channel_id}", "", {"name": row.name}, at=services.clock())
        session.delete(row)
    webhook.drop_secret(services.folder.path, channel_id)


def try_out(services: Services, actor: Actor, channel_id: str, using: Ways | None = None) -> str:
    """Sends a test message now; returns what went wrong, or nothing."""
    now = services.clock()
    with services.database.session() as session:
        row = find(session, channel_id)
        kind, target = row.kind, row.target
        message = announcing.put(session, channel_id, test_message(now), now)
        # Not for the round that delivers: this one is sent here and now.
        message.state, message.attempts, message.next_at = "sending", 1, now + delivering.LEASE
        identifier, payload = message.id, message.payload
        record(session, actor, "channel.test", f"channel:{channel_id}", "", {"name": row.name}, at=now)
    error = ""
    try:
        delivering.send(using or ways(services), kind, target, channel_id, identifier, payload, now)
    except OutwardError as e:
        error = str(e)
    delivering.settle(services.database, identifier, "failed" if error else "sent", error, services.clock())
    return error


def test_message(now: datetime) -> Happening:
    """A message that says that it is one."""
    return Happening(
        id=f"test-{new_id()}",
        kind="test",
        at=now,
        title="A test message of Hedgerow: this channel works",
        severity="note",
        path="/notifications",
    )
