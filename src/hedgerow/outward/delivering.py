"""Delivering: what waits in the outbox goes to its channels, with a growing wait between attempts.

A message is claimed in one transaction, sent outside of any, and its answer written in another. A crash in between
leaves the claim, which runs out; then it is sent again under the same identifier (`webhook-id`, `Message-ID`), by which
a receiver knows a repeat.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from hedgerow.outward import chat, guard, ocsf, webhook
from hedgerow.outward.settings import Outward, OutwardError, secret_of
from hedgerow.outward.smtp import Mail, Mailer, NeverError
from hedgerow.store.database import Database
from hedgerow.store.models.outbox import Channel, OutboxMessage

LEASE: Final = timedelta(minutes=5)
MOST_ATTEMPTS: Final = 12
"""With the waits below, about three days."""
KEEP_DAYS: Final = 30
"""Days that delivered and failed messages are kept."""
_FIRST_WAIT: Final = timedelta(seconds=30)
_LONGEST_WAIT: Final = timedelta(hours=12)
_BATCH: Final = 50


@dataclass
class Ways:
    """How messages leave. Tests put their own in."""

    state: Path
    settings: Outward
    mailer: Mailer | None = None
    url: str = ""
    """Where people open the console: links in messages begin with it."""
    resolve: guard.Resolve = guard.system_resolver
    context: ssl.SSLContext | None = None
    file: ocsf.EventFile | None = field(default=None)

    def event_file(self) -> ocsf.EventFile:
        """The file of events."""
        if self.file is None:
            self.file = ocsf.EventFile(self.state / ocsf.FILE, self.settings.ocsf_most_bytes, self.settings.ocsf_keep)
        return self.file


@dataclass(frozen=True)
class _Claim:
    id: str
    kind: str
    target: str
    channel: str
    payload: dict[str, Any]
    attempts: int


@dataclass(frozen=True)
class Delivered:
    """What one round did."""

    sent: int = 0
    later: int = 0
    failed: int = 0


def deliver(database: Database, ways: Ways, clock: Callable[[], datetime]) -> Delivered:
    """One round over what is due."""
    start = clock()
    with database.session() as session:
        claims = _claim(session, start)
    states: list[str] = []
    for claim in claims:
        if clock() - start > LEASE / 2:
            break
        states.append(_one(database, ways, claim, clock()))
    return Delivered(states.count("sent"), states.count("waiting"), states.count("failed"))


def _claim(session: Session, now: datetime) -> list[_Claim]:
    asked = (
        select(OutboxMessage, Channel)
        .join(Channel, Channel.id == OutboxMessage.channel_id)
        .where(
            OutboxMessage.state.in_(("waiting", "sending")),
            OutboxMessage.next_at <= now,
            Channel.disabled_at.is_(None),
        )
        .order_by(OutboxMessage.next_at, OutboxMessage.id)
        .limit(_BATCH)
        .with_for_update(of=OutboxMessage, skip_locked=True)
    )
    claims = []
    for row, channel in session.execute(asked):
        row.state, row.attempts, row.next_at = "sending", row.attempts + 1, now + LEASE
        claims.append(_Claim(row.id, channel.kind, channel.target, channel.id, row.payload, row.attempts))
    session.flush()
    return claims


def _one(database: Database, ways: Ways, claim: _Claim, now: datetime) -> str:
    state, error = "sent", ""
    try:
        send(ways, claim.kind, claim.target, claim.channel, claim.id, claim.payload, now)
    except (guard.RefusedTargetError, NeverError) as e:
        state, error = "failed", str(e)
    except OutwardError as e:
        state, error = ("waiting" if claim.attempts < MOST_ATTEMPTS else "failed"), str(e)
    settle(database, claim.id, state, error, now, again_at=now + wait(claim.attempts))
    return state


def settle(
    database: Database, message: str, state: str, error: str, now: datetime, again_at: datetime | None = None
) -> None:
    """Writes down what became of one message."""
    with database.session() as session:
        row = session.get(OutboxMessage, message)
        if row is None:
            return
        row.state, row.error = state, error[:500]
        row.sent_at = now if state == "sent" else None
        if state == "waiting" and again_at is not None:
            row.next_at = again_at


def wait(attempts: int) -> timedelta:
    """How long after so many attempts: 30 s, 1 min, 2, 4, ... up to 12 h."""
    return min(_LONGEST_WAIT, _FIRST_WAIT * int(2 ** (attempts - 1)))


def send(
    ways: Ways, kind: str, target: str, channel: str, message: str, payload: dict[str, Any], now: datetime
) -> None:
    """Sends one message over one channel.

    Raises:
        OutwardError: it did not leave; `RefusedTargetError` and `NeverError` never will.
    """
    url = ways.url
    match kind:
        case "mail":
            _mail(ways, target, message, payload, now)
        case "webhook":
            _posted(ways, target, channel, message, webhook.body_of(payload, url), now)
        case "ocsf_webhook":
            _posted(ways, target, channel, message, ocsf.line(payload, url), now)
        case "ocsf_file":
            ways.event_file().append(ocsf.line(payload, url))
        case "chat":
            status = guard.post(
                target,
                chat.body_of(payload, url),
                {"content-type": "application/json", "user-agent": webhook.USER_AGENT},
                allowed=ways.settings.allowed_networks,
                resolve=ways.resolve,
                context=ways.context,
            )
            _answered(status)
        case _:
            raise NeverError(f"there is no channel of the kind `{kind[:20]}`")


def _mail(ways: Ways, target: str, message: str, payload: dict[str, Any], now: datetime) -> None:
    if ways.mailer is None:
        raise OutwardError("no mail server is configured: write [smtp] into outward.toml")
    url = ways.url
    lines = chat.sentences(payload)
    lines[0] = payload["title"]
    text = "\n\n".join([*lines, f"{url}{payload['path']}" if url else "Open the console to see more."]) + "\n"
    head = f"[Hedgerow] {payload['case'] + ': ' if payload['case'] else ''}{payload['title']}"
    mail = Mail(target, head, text, f"<{message}.notification@{ways.mailer.domain}>")
    with ways.mailer.open() as connection:
        connection.send(mail, now)


def _posted(ways: Ways, target: str, channel: str, message: str, body: bytes, now: datetime) -> None:
    secret = secret_of(ways.state / webhook.FOLDER / channel)
    headers = {
        "content-type": "application/json",
        "user-agent": webhook.USER_AGENT,
        **webhook.sign(secret, f"msg_{message}", now, body),
    }
    _answered(
        guard.post(
            target,
            body,
            headers,
            allowed=ways.settings.allowed_networks,
            resolve=ways.resolve,
            context=ways.context,
        )
    )


def _answered(status: int) -> None:
    if 200 <= status < 300:
        return
    if status == 410:
        # Standard Webhooks: `410 Gone` means that nobody listens there any more.
        raise NeverError("the receiver answered 410: it is gone; disable this channel")
    raise OutwardError(f"the receiver answered {status}")


def clean(session: Session, now: datetime) -> int:
    """Deletes what was delivered or given up long ago; returns how many."""
    before = now - timedelta(days=KEEP_DAYS)
    old = select(OutboxMessage.id).where(OutboxMessage.state.in_(("sent", "failed")), OutboxMessage.made_at < before)
    number = session.scalar(select(func.count()).select_from(old.subquery())) or 0
    session.execute(delete(OutboxMessage).where(OutboxMessage.id.in_(old)).execution_options(synchronize_session=False))
    return number
