"""Tokens for programs: one user's, with some of that user's permissions, for a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from hedgerow.console.access.actor import Actor
from hedgerow.console.access.holding import actor_for
from hedgerow.console.access.roles import Permission
from hedgerow.console.access.tokens import hash_of, new_token
from hedgerow.store.models.accounts import ApiToken, User

PREFIX: Final = "hrt_"
"""So that a token that leaks into a repository or a log is recognised."""
LONGEST_DAYS: Final = 366
_SEEN_EVERY: Final = timedelta(minutes=1)


class TokenError(ValueError):
    """A token that cannot be made as wished."""


def make(
    session: Session, actor: Actor, name: str, permissions: Iterable[Permission], days: int, now: datetime
) -> tuple[str, ApiToken]:
    """Makes a token; the first of the pair is shown once and kept nowhere.

    Raises:
        TokenError: it would have more than its maker, nothing at all, or live too long.
    """
    wished = frozenset(permissions)
    if not name.strip():
        raise TokenError("a token needs a name, so that you know later what it is for")
    if not wished or not wished <= actor.permissions:
        raise TokenError("a token may have some of your own permissions: at least one, and none that you do not have")
    if not 1 <= days <= LONGEST_DAYS:
        raise TokenError(f"a token lives 1 to {LONGEST_DAYS} days")
    token = PREFIX + new_token()
    row = ApiToken(
        token_hash=hash_of(token),
        user_id=actor.id,
        name=name.strip()[:100],
        permissions=sorted(wished),
        made_at=now,
        expires_at=now + timedelta(days=days),
    )
    session.add(row)
    session.flush()
    return token, row


def end_all(session: Session, user_id: str, now: datetime) -> int:
    """Ends every token of a user; returns how many still worked."""
    rows = session.scalars(select(ApiToken).where(ApiToken.user_id == user_id, ApiToken.ended_at.is_(None))).all()
    for row in rows:
        row.ended_at = now
    return len([row for row in rows if row.expires_at > now])


@dataclass(frozen=True)
class Bearer:
    """Whoever came with a token."""

    actor: Actor
    token_id: str
    unnoted: bool
    """Whether its use is to be written down: a minute or more after the last time."""


def note_use(session: Session, token_id: str, now: datetime) -> None:
    """Writes down that a token was used."""
    row = session.get(ApiToken, token_id)
    if row is not None:
        row.used_at = max(row.used_at or now, now)


def bearer_of(session: Session, token: str, now: datetime) -> Bearer | None:
    """Whoever's token it is, with what the token and the user's roles of today both allow. Writes nothing."""
    if not token.startswith(PREFIX) or len(token) > 200:
        return None
    row = session.scalar(select(ApiToken).where(ApiToken.token_hash == hash_of(token)))
    if row is None or row.ended_at is not None or now >= row.expires_at:
        return None
    user = session.get(User, row.user_id)
    if user is None or user.disabled_at is not None:
        return None
    actor = actor_for(session, user, now, "api")
    kept = frozenset(p for p in actor.permissions if p in set(row.permissions))
    named = replace(actor, name=f"{actor.name} ({row.name})", permissions=kept)
    return Bearer(named, row.id, row.used_at is None or now - row.used_at > _SEEN_EVERY)
