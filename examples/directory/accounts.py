"""Who can sign in, and who has. Sessions live in memory: a restart signs everybody out."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

COOKIE = "session"
PASSWORD = "riverbend"  # noqa: S105 - a demo's password, printed on the sign-in page
MOST_SESSIONS = 10_000
"""Sessions kept; the oldest go first."""


@dataclass(frozen=True)
class Account:
    """Somebody who can sign in."""

    name: str
    since_s: int
    """When the account was made, in Unix seconds."""


class Accounts:
    """The demo accounts and the sessions of those who signed in."""

    def __init__(self, now_s: float | None = None) -> None:
        day = int(now_s if now_s is not None else time.time()) - 86_400
        made = {"avery": 1_420_070_400, "robin": 1_551_398_400, "newcomer": day}
        self.known = {name: Account(name, since_s) for name, since_s in made.items()}
        self._sessions: dict[str, Account] = {}

    def sign_in(self, name: str, password: str) -> str | None:
        """The cookie of a new session, or `None` when name or password are wrong."""
        account = self.known.get(name.strip().lower())
        right = secrets.compare_digest(password.encode(), PASSWORD.encode())
        if account is None or not right:
            return None
        while len(self._sessions) >= MOST_SESSIONS:
            self._sessions.pop(next(iter(self._sessions)))
        token = secrets.token_urlsafe(24)
        self._sessions[token] = account
        return token

    def sign_out(self, token: str | None) -> None:
        """Ends a session."""
        self._sessions.pop(token or "", None)

    def of(self, token: str | None) -> Account | None:
        """Whose session this is."""
        return self._sessions.get(token or "")
