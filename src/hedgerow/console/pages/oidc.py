"""Going to the identity provider and coming back."""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from sqlalchemy import delete, func, select
from starlette.responses import RedirectResponse, Response

from hedgerow.console.access import oidc_users, sessions
from hedgerow.console.access.actor import Actor
from hedgerow.console.access.oidc import Identity, OidcError, Provider
from hedgerow.console.access.tokens import hash_of
from hedgerow.console.pages.sign_in import begin, start_session
from hedgerow.console.problems import NotAllowed, TooOften, Wrong
from hedgerow.console.rendering import drop_cookie, inside
from hedgerow.console.routes import PUBLIC, page
from hedgerow.console.services import Services
from hedgerow.store.models.accounts import PendingSignIn, SignInSession, User

BACK: Final = "/sign-in/oidc/back"
_WITHIN: Final = timedelta(minutes=10)
_MOST_PENDING: Final = 10_000
"""Anybody may begin; nobody may fill the table."""
Word = Annotated[str, Query(max_length=4_000)]


def router(services: Services) -> APIRouter:
    """Both pages; none when the policy names no provider.

    A link and not a form: browsers hold `form-action` against redirects too, and would not go to the provider.
    """
    routes = APIRouter()
    if services.settings.oidc is None:
        return routes
    provider = Provider(services.settings.oidc, services.settings.base_url + BACK)

    @page(routes, "/sign-in/oidc", needs=PUBLIC)
    def to_provider(request: Request, next: Word = "/") -> Response:  # noqa: A002 - the word in the address
        actor = request.state.actor
        again = actor if isinstance(actor, Actor) else None
        now = services.clock()
        try:
            begun = provider.begin(now, prove_again=again is not None)
        except OidcError as e:
            raise Wrong(str(e)) from e
        with services.database.session() as session:
            session.execute(delete(PendingSignIn).where(PendingSignIn.expires_at <= now))
            if (session.scalar(select(func.count()).select_from(PendingSignIn)) or 0) >= _MOST_PENDING:
                raise TooOften("Too many sign-ins are under way. Try again in a few minutes.", 300)
            session.add(
                PendingSignIn(
                    token_hash=hash_of(begun.state),
                    user_id=again.id if again else None,
                    kind="oidc",
                    details={**begun.details, "next": inside(next)},
                    made_at=now,
                    expires_at=now + _WITHIN,
                )
            )
        answer = RedirectResponse(begun.url, 303)
        # Binds the answer to this browser: a link made with another's sign-in leads nowhere.
        answer.set_cookie(
            _cookie(services),
            begun.state,
            max_age=int(_WITHIN.total_seconds()),
            httponly=True,
            samesite="lax",
            secure=services.settings.https,
            path="/",
        )
        return answer

    @page(routes, BACK, needs=PUBLIC)
    def back(request: Request, code: Word = "", state: Word = "", iss: Word = "", error: Word = "") -> Response:
        details, again = _taken(request, services, state)
        if error or not code:
            raise NotAllowed("The identity provider did not let you in. Go to the sign-in page to try again.")
        try:
            identity = provider.finish(code, iss, details, services.clock())
        except OidcError as e:
            raise NotAllowed(str(e)) from e
        where = str(details["next"])
        if again is not None:
            return _proven(request, services, identity, again, where)
        with services.database.session() as session:
            user = oidc_users.signed_in(session, identity, services.clock())
        if user is None:
            raise oidc_users.refusal()
        answer = begin(request, services, start_session(request, services, session_user=user, method="oidc"), where)
        drop_cookie(answer, services, _cookie(services))
        return answer

    return routes


def _taken(request: Request, services: Services, state: str) -> tuple[dict[str, Any], str | None]:
    """What was kept when this browser went, once; and whose fresh proof it was for."""
    bound = request.cookies.get(_cookie(services), "")
    if not state or not hmac.compare_digest(bound.encode(), state.encode()):
        raise NotAllowed("This sign-in was not begun in this browser, so it was not taken. Sign in again.")
    with services.database.session() as session:
        pending = session.get(PendingSignIn, hash_of(state), with_for_update=True)
        if pending is None or pending.kind != "oidc" or services.clock() >= pending.expires_at:
            raise NotAllowed("This sign-in took too long, or was used already. Sign in again.")
        details, user_id = dict(pending.details), pending.user_id
        session.delete(pending)
    return details, user_id


def _proven(request: Request, services: Services, identity: Identity, user_id: str, where: str) -> Response:
    """A fresh proof for a session that is open: the same person, and just now."""
    now = services.clock()
    fresh = identity.auth_time is not None and now.timestamp() - identity.auth_time <= services.settings.fresh_s
    actor = request.state.actor
    if not isinstance(actor, Actor) or actor.id != user_id or not fresh:
        raise NotAllowed("The identity provider did not ask you again, so this is no fresh proof. Sign out and in.")
    with services.database.session() as session:
        user, row = session.get(User, user_id), session.get(SignInSession, actor.session_id)
        same = user is not None and (user.oidc_issuer, user.oidc_subject) == (identity.issuer, identity.subject)
        if row is None or not same:
            raise NotAllowed("Somebody else signed in at the identity provider. Nothing was done.")
        token = sessions.rotate(session, row, now)
    return begin(request, services, token, where, "Confirmed. Do it again now.")


def _cookie(services: Services) -> str:
    return "__Host-hedgerow-oidc" if services.settings.https else "hedgerow-oidc"
