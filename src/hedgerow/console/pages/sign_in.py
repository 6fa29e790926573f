"""Signing in and out, first set-up, and proving again who one is."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from hedgerow.console.access import sessions, setup_links, users
from hedgerow.console.access.actor import Actor, CurrentActor
from hedgerow.console.access.gate import before_cookie
from hedgerow.console.access.signing_in import (
    WRONG_CODE,
    WRONG_SIGN_IN,
    code_step,
    password_step,
    proven_again,
)
from hedgerow.console.decisions import record
from hedgerow.console.problems import NotFound, Wrong
from hedgerow.console.rendering import drop_cookie, go, inside, render
from hedgerow.console.routes import PUBLIC, SIGNED_IN, action, page
from hedgerow.console.services import CurrentServices, Services
from hedgerow.store.models.accounts import SignInSession, User

Name = Annotated[str, Form(max_length=400)]
Password = Annotated[str, Form(max_length=2_000)]
Code = Annotated[str, Form(max_length=100)]
Next = Annotated[str, Form(max_length=2_000)]
_PENDING_S: Final = 300


def router(services: Services) -> APIRouter:
    """Sign-in, code, set-up, sign-out, proof."""
    routes = APIRouter()
    provider = services.settings.oidc.name if services.settings.oidc else ""

    @page(routes, "/sign-in", needs=PUBLIC)
    def sign_in_page(request: Request, next: str = "/") -> Response:  # noqa: A002 - the word in the address
        if isinstance(request.state.actor, Actor):
            return RedirectResponse(inside(next), 303)
        return render(request, "access/sign_in.html", next=inside(next), error="", name="", provider=provider)

    @action(routes, "/sign-in", needs=PUBLIC)
    def sign_in(
        request: Request,
        services: CurrentServices,
        name: Name = "",
        password: Password = "",
        next: Next = "/",  # noqa: A002
    ) -> Response:
        now = services.clock()
        step = password_step(services.database, name, password, address_of(request), now)
        if step is not None and step.code_token is None:
            return begin(
                request, services, start_session(request, services, session_user=step.user, method="password"), next
            )
        if step is None:
            return render(
                request,
                "access/sign_in.html",
                401,
                next=inside(next),
                error=WRONG_SIGN_IN,
                name=name[:200],
                provider=provider,
            )
        answer = render(request, "access/code.html", next=inside(next), error="")
        answer.set_cookie(
            _pending(services), step.code_token or "", max_age=_PENDING_S, httponly=True, samesite="lax",
            secure=services.settings.https, path="/",
        )  # fmt: skip
        return answer

    @action(routes, "/sign-in/code", needs=PUBLIC)
    def sign_in_code(
        request: Request,
        services: CurrentServices,
        code: Code = "",
        next: Next = "/",  # noqa: A002
    ) -> Response:
        token = request.cookies.get(_pending(services), "")
        with services.database.session() as session:
            found = code_step(session, token, code, address_of(request), services.clock(), services.folder.path)
        if found is None:
            return render(request, "access/code.html", 401, next=inside(next), error=WRONG_CODE)
        user, method = found
        answer = begin(request, services, start_session(request, services, session_user=user, method=method), next)
        drop_cookie(answer, services, _pending(services))
        return answer

    @page(routes, "/set-up/{token}", needs=PUBLIC)
    def set_up_page(request: Request, services: CurrentServices, token: str) -> Response:
        with services.database.reading() as session:
            found = setup_links.find(session, token, services.clock())
            if found is None:
                raise NotFound(_LINK_OVER)
            user = session.get(User, found.user_id) if found.user_id else None
            name = user.name if user else ""
        return render(
            request, "access/set_up.html", token=token, name=name, first=user is None, error="", shown_name=""
        )

    @action(routes, "/set-up/{token}", needs=PUBLIC)
    def set_up(
        request: Request,
        services: CurrentServices,
        token: str,
        name: Name = "",
        shown_name: Name = "",
        password: Password = "",
    ) -> Response:
        first = False
        try:
            with services.database.session() as session:
                found = setup_links.find(session, token, services.clock())
                if found is None:
                    raise NotFound(_LINK_OVER)
                first = found.user_id is None
                user = users.set_up(session, found, name, shown_name, password, services.clock())
                has_code = user.totp is not None
        except Wrong as e:
            return render(
                request,
                "access/set_up.html",
                422,
                token=token,
                name=name,
                first=first,
                error=e.sentence,
                shown_name=shown_name,
            )
        if has_code:
            # The link replaces the password, not the authenticator.
            return go(request, "/sign-in", "Your password is set. Sign in with it and a code of your authenticator.")
        return begin(request, services, start_session(request, services, session_user=user, method="link"), "/account")

    @action(routes, "/sign-out", needs=SIGNED_IN)
    def sign_out(request: Request, services: CurrentServices, actor: CurrentActor) -> Response:
        with services.database.session() as session:
            row = session.get(SignInSession, actor.session_id)
            if row is not None:
                sessions.end(row, services.clock())
        answer = go(request, "/sign-in", "You are signed out.")
        drop_cookie(answer, services, sessions.cookie_name(services.settings))
        # What another page of this browser still holds must not come back with the Back button.
        answer.headers["clear-site-data"] = '"cache"'
        return answer

    @page(routes, "/sign-in/again", needs=SIGNED_IN)
    def again_page(request: Request, services: CurrentServices, actor: CurrentActor, next: str = "/") -> Response:  # noqa: A002
        return render(
            request,
            "access/again.html",
            next=inside(next),
            error="",
            has_code=_has_code(services, actor),
            provider=provider,
        )

    @action(routes, "/sign-in/again", needs=SIGNED_IN)
    def again(
        request: Request,
        services: CurrentServices,
        actor: CurrentActor,
        password: Password = "",
        code: Code = "",
        next: Next = "/",  # noqa: A002
    ) -> Response:
        now = services.clock()
        with services.database.session() as session:
            user, row = session.get(User, actor.id), session.get(SignInSession, actor.session_id)
            if user is None or row is None:
                raise NotFound("This account is no longer there.")
            fits = proven_again(session, user, password, code, address_of(request), now, services.folder.path)
            token = sessions.rotate(session, row, now) if fits else ""
        if not fits:
            return render(
                request, "access/again.html", 401, next=inside(next), error="This was not right. Try again.",
                has_code=_has_code(services, actor), provider=provider,
            )  # fmt: skip
        return begin(request, services, token, next, "Confirmed. Do it again now.")

    return routes


_LINK_OVER: Final = (
    "This link is over: it holds for 24 hours and for one use. Ask an owner of this site for another, or make one with "
    "`hedgerow user link`."
)


def address_of(request: Request) -> str:
    """Where a request comes from, for limits. Behind a proxy all have one address, and the account's limit counts."""
    return request.client.host if request.client else ""


def begin(request: Request, services: Services, token: str, where: str, say: str = "") -> Response:
    """The answer that gives a browser its session."""
    answer = go(request, where, say)
    answer.set_cookie(
        sessions.cookie_name(services.settings),
        token,
        httponly=True,
        samesite="lax",
        secure=services.settings.https,
        path="/",
    )
    drop_cookie(answer, services, before_cookie(services))
    return answer


def start_session(request: Request, services: Services, *, session_user: User, method: str) -> str:
    """Starts a session for somebody who has proven who they are; returns its token."""
    now = services.clock()
    with services.database.session() as session:
        user = session.get(User, session_user.id)
        if user is None or user.disabled_at is not None:
            raise NotFound("This account is no longer there.")
        token = sessions.start(session, user, method, request.headers.get("user-agent", ""), now, services.settings)
        record(session, users.as_actor(user), "session.begin", f"user:{user.id}", "", {"method": method}, at=now)
    return token


def _has_code(services: Services, actor: Actor) -> bool:
    with services.database.reading() as session:
        user = session.get(User, actor.id)
        return user is not None and user.totp is not None


def _pending(services: Services) -> str:
    return "__Host-hedgerow-code" if services.settings.https else "hedgerow-code"
