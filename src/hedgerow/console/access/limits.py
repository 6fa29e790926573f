"""How often sign-in may fail: by account and by address, with waits that grow and end by themselves."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from hedgerow.console.problems import TooOften
from hedgerow.store.models.accounts import Attempt

WINDOW: Final = timedelta(minutes=15)
FREE_OF_ACCOUNT: Final = 5
"""Failures within the window before anybody has to wait for this account."""
FREE_OF_ADDRESS: Final = 20
_FIRST_WAIT: Final = timedelta(seconds=15)
_LONGEST_WAIT: Final = timedelta(minutes=5)
"""Never for ever: whoever knows a name must not be able to shut its owner out."""


def check(session: Session, name: str, address: str, now: datetime) -> None:
    """Whether another attempt may be made now.

    Args:
        session: one that writes: the failure that may follow is noted in it, so that guesses made at once take turns.
        name: what was given as the name.
        address: where it comes from.
        now: the moment.

    Raises:
        TooOften: not yet; it says how long to wait.
    """
    wait = max(
        _wait(session, _account(name), FREE_OF_ACCOUNT, now), _wait(session, _address(address), FREE_OF_ADDRESS, now)
    )
    if wait > timedelta(0):
        seconds = int(wait.total_seconds()) + 1
        raise TooOften(f"Too many attempts did not succeed. Try again in {seconds} seconds.", seconds)


def failed(session: Session, name: str, address: str, now: datetime) -> tuple[str, ...]:
    """Notes a failure, whether or not there is such a user. What it returns takes it back; see `withdrawn`."""
    session.execute(delete(Attempt).where(Attempt.at < now - WINDOW))
    noted = [Attempt(who=_account(name), at=now), Attempt(who=_address(address), at=now)]
    session.add_all(noted)
    session.flush()
    return tuple(attempt.id for attempt in noted)


def withdrawn(session: Session, guess: tuple[str, ...]) -> None:
    """Takes a failure back that was noted before it was known to be none."""
    session.execute(delete(Attempt).where(Attempt.id.in_(guess)))


def succeeded(session: Session, name: str) -> None:
    """Forgets the account's failures. The address keeps its own: one known password must not open the next guesses."""
    session.execute(delete(Attempt).where(Attempt.who == _account(name)))


def _wait(session: Session, who: str, free: int, now: datetime) -> timedelta:
    failures, last = session.execute(
        select(func.count(), func.max(Attempt.at)).where(Attempt.who == who, Attempt.at > now - WINDOW)
    ).one()
    if failures < free or last is None:
        return timedelta(0)
    pause = min(_FIRST_WAIT * 2 ** min(failures - free, 10), _LONGEST_WAIT)
    until: timedelta = last + pause - now
    return until


def _account(name: str) -> str:
    return hashlib.sha256(f"account {name}".encode()).hexdigest()


def _address(address: str) -> str:
    return hashlib.sha256(f"address {address}".encode()).hexdigest()
