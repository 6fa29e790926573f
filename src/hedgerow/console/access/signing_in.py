"""Sign-in with a password and, where one is set up, an authenticator's code: the steps, without pages."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hedgerow.console.access import limits, one_time, passwords
from hedgerow.console.access.tokens import hash_of, new_token
from hedgerow.console.problems import Wrong
from hedgerow.store.database import Database
from hedgerow.store.models.accounts import PendingSignIn, User

CODE_WITHIN: Final = timedelta(minutes=5)
WRONG_SIGN_IN: Final = "The name and the password do not belong together."
"""The same words whether or not there is such a user."""
WRONG_CODE: Final = "This code does not work: it may be over, used already, or mistyped. Wait for the next one."


def normal_name(name: str) -> str:
    """A name as it is kept: whoever types it with other capitals is the same person."""
    return unicodedata.normalize("NFKC", name).strip().casefold()[:200]


def user_named(session: Session, name: str) -> User | None:
    """The user with this name."""
    return session.scalar(select(User).where(User.name == normal_name(name)))


@dataclass(frozen=True)
class Step:
    """What follows a password that fits."""

    user: User
    code_token: str | None
    """None: signed in. Else a code is asked for next, and this finds the way back."""


def password_step(database: Database, name: str, password: str, address: str, now: datetime) -> Step | None:
    """Checks a name and a password; None when they do not belong together, and the failure is counted.

    The check is slow on purpose, so it is done between two transactions: whoever guesses must not keep others from
    writing. It counts as a failure until it turned out to fit, so that guesses made at once are counted, too.

    Args:
        database: of the console.
        name: as it was typed.
        password: as it was typed.
        address: where it comes from.
        now: the moment.

    Raises:
        TooOften: too many failures; wait.
    """
    plain = normal_name(name)
    with database.session() as session:
        limits.check(session, plain, address, now)
        guess = limits.failed(session, plain, address, now)
        user = user_named(session, plain)
        kept = user.password if user is not None and _signs_in_here(user) else None
    fits = passwords.fits(kept, password)
    if not fits or user is None or kept is None:
        return None
    better = passwords.keep(password) if passwords.outdated(kept) else kept
    with database.session() as session:
        user = session.get_one(User, user.id)
        if not _signs_in_here(user) or user.password != kept:
            return None
        limits.withdrawn(session, guess)
        user.password = better
        if user.totp is None:
            limits.succeeded(session, plain)
            return Step(user, None)
        token = new_token()
        session.execute(delete(PendingSignIn).where(PendingSignIn.expires_at < now))
        session.add(
            PendingSignIn(
                token_hash=hash_of(token),
                user_id=user.id,
                kind="code",
                details={},
                made_at=now,
                expires_at=now + CODE_WITHIN,
            )
        )
        return Step(user, token)


def _signs_in_here(user: User) -> bool:
    # Whom an identity provider vouches for signs in there and nowhere else: a password kept here would outlive that.
    return user.disabled_at is None and user.oidc_subject is None


def code_step(
    session: Session, token: str, code: str, address: str, now: datetime, state: Path
) -> tuple[User, str] | None:
    """Checks the code that follows the password; user and method when it works, None when not.

    Raises:
        Wrong: the step is over; sign in again.
        TooOften: too many failures; wait.
    """
    pending = session.get(PendingSignIn, hash_of(token)) if token else None
    user = session.get(User, pending.user_id) if pending and pending.user_id else None
    if pending is None or pending.kind != "code" or now >= pending.expires_at or user is None or user.disabled_at:
        raise Wrong("This sign-in took too long. Begin again with your name and password.")
    limits.check(session, user.name, address, now)
    method = checked_code(session, user, code, now, state)
    if method is None:
        limits.failed(session, user.name, address, now)
        return None
    session.delete(pending)
    limits.succeeded(session, user.name)
    return user, method


def checked_code(session: Session, user: User, code: str, now: datetime, state: Path) -> str | None:
    """Whether it is a code of the authenticator (`totp`) or a recovery code (`recovery`); it is used up then."""
    # Two requests with one code at the same moment: on PostgreSQL the second waits here and sees that it was used.
    session.refresh(user, with_for_update=True)
    if user.totp is None:
        return None
    step = one_time.step_of(one_time.opened(user.totp, user.id, state), code, now, user.totp_step)
    if step is not None:
        user.totp_step = step
        return "totp"
    return "recovery" if one_time.use_recovery_code(session, user, code, now) else None


def proven_again(
    session: Session, user: User, password: str, code: str, address: str, now: datetime, state: Path
) -> bool:
    """Whether somebody who is signed in has proven again who they are: by the code if they have one, else the password.

    Raises:
        TooOften: too many failures; wait.
    """
    limits.check(session, user.name, address, now)
    if user.totp is not None:
        fits = checked_code(session, user, code, now, state) is not None
    else:
        fits = passwords.fits(user.password, password)
    if fits:
        limits.succeeded(session, user.name)
    else:
        limits.failed(session, user.name, address, now)
    return fits
