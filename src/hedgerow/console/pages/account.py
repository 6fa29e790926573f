"""One's own account: password, authenticator, recovery codes, sessions, tokens for programs, absence."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from markupsafe import Markup
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.responses import Response

from hedgerow.console.access import api_tokens, one_time, passwords, sessions, users
from hedgerow.console.access.actor import Actor, CurrentActor
from hedgerow.console.access.roles import Permission, sentence
from hedgerow.console.decisions import record
from hedgerow.console.forms import moment_of
from hedgerow.console.problems import NotFound, Wrong
from hedgerow.console.rendering import go, render
from hedgerow.console.routes import SIGNED_IN, action, page
from hedgerow.console.services import CurrentServices, Services
from hedgerow.store.models.accounts import ApiToken, Cover, RecoveryCode, SignInSession, User

ISSUER: Final = "Hedgerow"


def router(services: Services) -> APIRouter:  # noqa: ARG001 - the face of every module
    """The page and what its forms do."""
    routes = APIRouter()

    @page(routes, "/account", needs=SIGNED_IN)
    def account(request: Request, services: CurrentServices, actor: CurrentActor) -> Response:
        return _page(request, services, actor)

    @action(routes, "/account/password", needs=SIGNED_IN, fresh=True)
    def password(
        request: Request,
        services: CurrentServices,
        actor: CurrentActor,
        new: Annotated[str, Form(max_length=2_000)] = "",
    ) -> Response:
        now = services.clock()
        with services.database.session() as session:
            user = _me(session, actor)
            users.must_have_own_password(user)
            try:
                passwords.check_new(new, user.name)
            except passwords.PasswordError as e:
                raise Wrong(f"The password is not taken: {e}.") from e
            user.password, user.password_at = passwords.keep(new), now
            ended = sessions.end_all(session, user.id, now, actor.session_id)
            record(session, actor, "account.password", f"user:{user.id}", "", {"sessions_ended": ended}, at=now)
        return go(request, "/account", "Your password is changed. Your other sessions have ended.")

    @action(routes, "/account/authenticator", needs=SIGNED_IN, fresh=True)
    def authenticator(
        request: Request,
        services: CurrentServices,
        actor: CurrentActor,
        secret: Annotated[str, Form(max_length=64)] = "",
        code: Annotated[str, Form(max_length=20)] = "",
    ) -> Response:
        now = services.clock()
        if not secret:
            return _enrol(request, actor, one_time.new_secret(), "")
        if len(secret) != 32 or not set(secret) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"):
            raise Wrong("Begin the set-up of the authenticator again.")
        step = one_time.step_of(secret, code, now, 0)
        if step is None:
            return _enrol(request, actor, secret, "This code does not fit. Is the clock of your phone right?")
        with services.database.session() as session:
            user = _me(session, actor)
            user.totp, user.totp_step = one_time.seal(secret, user.id, services.folder.path), step
            codes = one_time.make_recovery_codes(session, user, now)
            sessions.end_all(session, user.id, now, actor.session_id)
            record(session, actor, "account.authenticator", f"user:{user.id}", "", at=now)
        return render(request, "access/recovery.html", codes=codes)

    @action(routes, "/account/authenticator/remove", needs=SIGNED_IN, fresh=True)
    def remove_authenticator(request: Request, services: CurrentServices, actor: CurrentActor) -> Response:
        now = services.clock()
        with services.database.session() as session:
            user = _me(session, actor)
            user.totp = None
            record(session, actor, "account.authenticator_remove", f"user:{user.id}", "", at=now)
        return go(request, "/account", "The authenticator is removed. Your password alone opens your account now.")

    @action(routes, "/account/recovery", needs=SIGNED_IN, fresh=True)
    def recovery(request: Request, services: CurrentServices, actor: CurrentActor) -> Response:
        now = services.clock()
        with services.database.session() as session:
            user = _me(session, actor)
            if user.totp is None:
                raise Wrong("Recovery codes stand in for an authenticator; set one up first.")
            codes = one_time.make_recovery_codes(session, user, now)
            record(session, actor, "account.recovery", f"user:{user.id}", "", at=now)
        return render(request, "access/recovery.html", codes=codes)

    @action(routes, "/account/sessions/end", needs=SIGNED_IN)
    def end_sessions(
        request: Request,
        services: CurrentServices,
        actor: CurrentActor,
        session_id: Annotated[str, Form(max_length=40)] = "",
    ) -> Response:
        now = services.clock()
        with services.database.session() as session:
            if session_id:
                row = session.get(SignInSession, session_id)
                if row is None or row.user_id != actor.id:
                    raise NotFound("This session is not one of yours.")
                sessions.end(row, now)
            else:
                sessions.end_all(session, actor.id, now, actor.session_id)
            record(
                session,
                actor,
                "account.sessions_end",
                f"user:{actor.id}",
                "",
                {"which": session_id or "others"},
                at=now,
            )
        return go(request, "/account", "Ended.")

    @action(routes, "/account/tokens", needs=SIGNED_IN, fresh=True)
    def make_token(
        request: Request,
        services: CurrentServices,
        actor: CurrentActor,
        name: Annotated[str, Form(max_length=100)] = "",
        days: Annotated[int, Form(ge=1, le=api_tokens.LONGEST_DAYS)] = 90,
        permissions: Annotated[list[str] | None, Form()] = None,
    ) -> Response:
        now = services.clock()
        known = {str(p): p for p in Permission}
        wished = [known[p] for p in permissions or [] if p in known]
        try:
            with services.database.session() as session:
                token, row = api_tokens.make(session, actor, name, wished, days, now)
                details = {"name": row.name, "permissions": [str(p) for p in wished], "until": row.expires_at}
                record(session, actor, "token.make", f"token:{row.id}", "", details, at=now)
        except api_tokens.TokenError as e:
            raise Wrong(f"{e}.") from e
        return _page(request, services, actor, token=token)

    @action(routes, "/account/tokens/{token_id}/end", needs=SIGNED_IN)
    def end_token(request: Request, services: CurrentServices, actor: CurrentActor, token_id: str) -> Response:
        now = services.clock()
        with services.database.session() as session:
            row = session.get(ApiToken, token_id)
            if row is None or row.user_id != actor.id:
                raise NotFound("This token is not one of yours.")
            row.ended_at = row.ended_at or now
            record(session, actor, "token.end", f"token:{row.id}", "", {"name": row.name}, at=now)
        return go(request, "/account", "The token no longer works.")

    @action(routes, "/account/absence", needs=SIGNED_IN, fresh=True)
    def absence(
        request: Request,
        services: CurrentServices,
        actor: CurrentActor,
        stand_in: Annotated[str, Form(max_length=40)] = "",
        from_at: Annotated[str, Form(max_length=30)] = "",
        until_at: Annotated[str, Form(max_length=30)] = "",
    ) -> Response:
        now = services.clock()
        with services.database.session() as session:
            other = session.get(User, stand_in)
            if other is None:
                raise Wrong("Choose who stands in for you.")
            users.cover(session, actor, _me(session, actor), other, moment_of(from_at), moment_of(until_at), now)
        return go(request, "/account", "Noted: your roles are held for you.")

    @action(routes, "/account/absence/{cover_id}/end", needs=SIGNED_IN)
    def end_absence(request: Request, services: CurrentServices, actor: CurrentActor, cover_id: str) -> Response:
        with services.database.session() as session:
            row = session.get(Cover, cover_id)
            if row is None or row.absent_id != actor.id:
                raise NotFound("This absence is not yours.")
            users.end_cover(session, actor, row, services.clock())
        return go(request, "/account", "Your roles are yours alone again.")

    return routes


def _enrol(request: Request, actor: Actor, secret: str, error: str) -> Response:
    address, picture = one_time.picture(secret, actor.name, ISSUER)
    drawn = Markup(picture)  # noqa: S704 - our own picture of the address
    return render(
        request,
        "access/authenticator.html",
        422 if error else 200,
        secret=secret,
        address=address,
        picture=drawn,
        error=error,
    )


def _me(session: Session, actor: Actor) -> User:
    user = session.get(User, actor.id)
    if user is None:
        raise NotFound("This account is no longer there.")
    return user


def _page(request: Request, services: Services, actor: Actor, token: str = "") -> Response:
    now = services.clock()
    with services.database.reading() as session:
        user = _me(session, actor)
        codes = session.scalar(
            select(func.count())
            .select_from(RecoveryCode)
            .where(RecoveryCode.user_id == user.id, RecoveryCode.used_at.is_(None))
        )
        tokens = session.scalars(
            select(ApiToken).where(ApiToken.user_id == user.id, ApiToken.ended_at.is_(None)).order_by(ApiToken.made_at)
        )
        covers = session.execute(
            select(Cover, User)
            .join(User, Cover.stand_in_id == User.id)
            .where(Cover.absent_id == user.id, Cover.ended_at.is_(None), Cover.until_at > now)
            .order_by(Cover.from_at)
        )
        others = [u for u in users.everybody(session) if u.id != user.id and u.disabled_at is None]
        return render(
            request,
            "access/account.html",
            user=user,
            has_authenticator=user.totp is not None,
            codes=codes,
            sessions=sessions.open_sessions(session, user.id, now, services.settings),
            tokens=[t for t in tokens if t.expires_at > now],
            covers=[(c, u) for c, u in covers],
            others=others,
            token=token,
            allowed=[(str(p), sentence(p)) for p in Permission if actor.may(p)],
        )
