"""Sessions of signed-in browsers, kept on the server: started, found, renewed, ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hedgerow.console.access.actor import Actor
from hedgerow.console.access.holding import actor_for
from hedgerow.console.access.tokens import hash_of, new_token
from hedgerow.console.settings import ConsoleSettings
from hedgerow.store.models.accounts import SignInSession, User

SEEN_EVERY_S: Final = 60
"""How often a session's last use is written down: reading a page should not be a write."""
LONGEST_TOKEN: Final = 200


def cookie_name(settings: ConsoleSettings) -> str:
    """`__Host-` binds the cookie to this very host and to https; browsers refuse that name over http."""
    return "__Host-hedgerow" if settings.https else "hedgerow"


def start(session: Session, user: User, method: str, browser: str, now: datetime, settings: ConsoleSettings) -> str:
    """Starts a session and returns the token for its cookie. Always a fresh one: nobody can have fixed it before."""
    token = new_token()
    session.add(
        SignInSession(
            token_hash=hash_of(token),
            user_id=user.id,
            csrf=new_token(),
            method=method,
            browser=browser[:300],
            made_at=now,
            seen_at=now,
            fresh_at=now,
            expires_at=now + timedelta(seconds=settings.longest_s),
        )
    )
    session.flush()
    return token


def find(session: Session, token: str, now: datetime, settings: ConsoleSettings) -> SignInSession | None:
    """The session of a token, if it is still good."""
    if not token or len(token) > LONGEST_TOKEN:
        return None
    row = session.scalar(select(SignInSession).where(SignInSession.token_hash == hash_of(token)))
    return row if row is not None and good(row, now, settings) else None


def good(row: SignInSession, now: datetime, settings: ConsoleSettings) -> bool:
    """Whether a session has neither been ended, nor reached its end, nor been left alone for too long."""
    return row.ended_at is None and now < row.expires_at and now < row.seen_at + timedelta(seconds=settings.idle_s)


def actor_of(session: Session, row: SignInSession, now: datetime) -> Actor | None:
    """Whose session it is; nobody's, once the user has been shut out."""
    user = session.get(User, row.user_id)
    if user is None or user.disabled_at is not None:
        return None
    return replace(actor_for(session, user, now), session_id=row.id, csrf=row.csrf, fresh_at=row.fresh_at)


def rotate(session: Session, row: SignInSession, now: datetime) -> str:
    """A new token and a new form token for the same session: after proving anew who one is."""
    token = new_token()
    row.token_hash = hash_of(token)
    row.csrf = new_token()
    row.fresh_at = now
    session.flush()
    return token


def end(row: SignInSession, now: datetime) -> None:
    """Ends one session."""
    if row.ended_at is None:
        row.ended_at = now


def end_all(session: Session, user_id: str, now: datetime, but: str | None = None) -> int:
    """Ends every session of a user, but perhaps the one at hand; returns how many were open."""
    done = session.execute(
        update(SignInSession)
        .where(
            SignInSession.user_id == user_id,
            SignInSession.ended_at.is_(None),
            SignInSession.id != (but or ""),
        )
        .values(ended_at=now)
    )
    return int(getattr(done, "rowcount", 0))


def open_sessions(session: Session, user_id: str, now: datetime, settings: ConsoleSettings) -> list[SignInSession]:
    """A user's open sessions, the newest use first."""
    rows = session.scalars(
        select(SignInSession)
        .where(SignInSession.user_id == user_id, SignInSession.ended_at.is_(None), SignInSession.expires_at > now)
        .order_by(SignInSession.seen_at.desc())
    )
    return [row for row in rows if good(row, now, settings)]
