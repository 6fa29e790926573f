"""Virtual time, and browsers that are signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

from hedgerow.console.access import sessions
from hedgerow.console.access.roles import Role
from hedgerow.console.services import Services
from hedgerow.store.models.accounts import User, UserRole

START = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


@dataclass
class Clock:
    """Virtual time."""

    now: datetime = START

    def __call__(self) -> datetime:
        """The moment."""
        return self.now

    def forward(self, **by: float) -> None:
        """Moves on, as `forward(hours=2)`."""
        self.now += timedelta(**by)


@dataclass
class SignedIn:
    """One user's browser."""

    client: TestClient
    user_id: str
    csrf: str

    def post(self, path: str, **form: str | list[str]) -> Response:
        """Sends a form with its token; redirects are not followed."""
        return self.client.post(path, data={"csrf": self.csrf, **form}, follow_redirects=False)


def sign_in(app: FastAPI, *roles: Role, name: str = "") -> SignedIn:
    """A browser of a new user with these roles, freshly signed in."""
    services: Services = app.state.services
    now = services.clock()
    name = name or f"{'-'.join(roles)}@example.org"
    with services.database.session() as session:
        user = User(name=name, shown_name=name, made_at=now, roles=[UserRole(role=r, given_at=now) for r in roles])
        session.add(user)
        session.flush()
        token = sessions.start(session, user, "password", "test", now, services.settings)
        row = sessions.find(session, token, now, services.settings)
        assert row is not None
        user_id, csrf = user.id, row.csrf
    client = TestClient(app, base_url="http://127.0.0.1:8799", raise_server_exceptions=True)
    client.cookies.set(sessions.cookie_name(services.settings), token)
    return SignedIn(client, user_id, csrf)
