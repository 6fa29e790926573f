"""Which roles somebody holds at a moment: their own, and those of the absent whom they stand in for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hedgerow.console.access.actor import Actor, Via
from hedgerow.console.access.roles import Role, permissions_of
from hedgerow.store.models.accounts import Cover, User

_KNOWN = frozenset(str(role) for role in Role)


def roles_of(user: User) -> frozenset[Role]:
    """A user's own roles."""
    return frozenset(Role(r.role) for r in user.roles if r.role in _KNOWN)


def covers_now(session: Session, stand_in_id: str, now: datetime) -> list[tuple[Cover, User]]:
    """Whom somebody stands in for at present. Who has been shut out has nothing left to stand in for."""
    found = session.execute(
        select(Cover, User)
        .join(User, Cover.absent_id == User.id)
        .where(
            Cover.stand_in_id == stand_in_id,
            Cover.from_at <= now,
            Cover.until_at > now,
            Cover.ended_at.is_(None),
            User.disabled_at.is_(None),
        )
        .order_by(Cover.until_at)
    )
    return [(cover, user) for cover, user in found]


def actor_for(session: Session, user: User, now: datetime, via: Via = "console") -> Actor:
    """The user as an actor, with every role they hold now."""
    covers = covers_now(session, user.id, now)
    roles = roles_of(user).union(*(roles_of(absent) for _, absent in covers))
    return Actor(
        user.id,
        user.shown_name,
        roles,
        permissions_of(roles),
        via,
        tuple((absent.shown_name, cover.until_at) for cover, absent in covers),
    )
