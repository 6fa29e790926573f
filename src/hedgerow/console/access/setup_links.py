"""Links by which somebody sets their password once: the first owner's, and those an owner gives."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from hedgerow.console.access.tokens import hash_of, new_token
from hedgerow.store.models.accounts import SetupLink, User

HOLDS: Final = timedelta(hours=24)


def first(session: Session, now: datetime) -> str | None:
    """A link that makes the first owner; None once there is a user. An earlier one for nobody no longer works."""
    if session.scalar(select(func.count()).select_from(User)):
        return None
    session.execute(delete(SetupLink).where(SetupLink.user_id.is_(None), SetupLink.used_at.is_(None)))
    return _make(session, None, now)


def of_user(session: Session, user: User, now: datetime) -> str:
    """A link for one user; an earlier one that was not used no longer works."""
    session.execute(delete(SetupLink).where(SetupLink.user_id == user.id, SetupLink.used_at.is_(None)))
    return _make(session, user.id, now)


def _make(session: Session, user_id: str | None, now: datetime) -> str:
    token = new_token()
    session.add(SetupLink(token_hash=hash_of(token), user_id=user_id, made_at=now, expires_at=now + HOLDS))
    session.flush()
    return token


def find(session: Session, token: str, now: datetime) -> SetupLink | None:
    """The link of a token, if it can still be used."""
    if not token or len(token) > 200:
        return None
    row = session.get(SetupLink, hash_of(token), with_for_update=True)
    return row if row is not None and row.used_at is None and now < row.expires_at else None
