"""Users and their roles: everybody sees who answers for what, owners change it."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from hedgerow.console.access import users
from hedgerow.console.access.actor import CurrentActor
from hedgerow.console.access.roles import ROLES, Permission, Role
from hedgerow.console.forms import moment_of
from hedgerow.console.navigation import Entry
from hedgerow.console.problems import NotFound, Wrong
from hedgerow.console.rendering import go, render
from hedgerow.console.routes import action, page
from hedgerow.console.services import CurrentServices, Services
from hedgerow.store.models.accounts import Cover, User

NAVIGATION: Final = (Entry(110, "Users", "/users", Permission.SEE),)
Reason = Annotated[str, Form(max_length=4_000)]
Roles = Annotated[list[str] | None, Form()]


def router(services: Services) -> APIRouter:  # noqa: ARG001 - the face of every module
    """The page and what its forms do."""
    routes = APIRouter()
    needs = Permission.MANAGE_USERS

    @page(routes, "/users", needs=Permission.SEE)
    def list_users(request: Request, services: CurrentServices) -> Response:
        return _page(request, services)

    @action(routes, "/users", needs=needs, fresh=True)
    def add_user(
        request: Request,
        services: CurrentServices,
        actor: CurrentActor,
        name: Annotated[str, Form(max_length=400)] = "",
        shown_name: Annotated[str, Form(max_length=400)] = "",
        email: Annotated[str, Form(max_length=400)] = "",
        roles: Roles = None,
    ) -> Response:
        now = services.clock()
        with services.database.session() as session:
            user = users.add(session, actor, name, shown_name, email, read_roles(roles), now)
            token = users.link(session, actor, user, now)
        return _page(request, services, link=f"{services.settings.base_url}/set-up/{token}", linked=user.name)

    @action(routes, "/users/{user_id}/roles", needs=needs, fresh=True)
    def set_roles(
        request: Request,
        services: CurrentServices,
        actor: CurrentActor,
        user_id: str,
        roles: Roles = None,
        reason: Reason = "",
    ) -> Response:
        with services.database.session() as session:
            user = known(session, user_id)
            users.set_roles(session, actor, user, read_roles(roles), reason, services.clock())
        return go(request, "/users", f"{user.shown_name} has these roles now.")

    @action(routes, "/users/{user_id}/disable", needs=needs, fresh=True)
    def disable(
        request: Request, services: CurrentServices, actor: CurrentActor, user_id: str, reason: Reason = ""
    ) -> Response:
        with services.database.session() as session:
            user = known(session, user_id)
            users.disable(session, actor, user, reason, services.clock())
        return go(request, "/users", f"{user.shown_name} is shut out.")

    @action(routes, "/users/{user_id}/enable", needs=needs, fresh=True)
    def enable(
        request: Request, services: CurrentServices, actor: CurrentActor, user_id: str, reason: Reason = ""
    ) -> Response:
        with services.database.session() as session:
            user = known(session, user_id)
            users.enable(session, actor, user, reason, services.clock())
        return go(request, "/users", f"{user.shown_name} may sign in again.")

    @action(routes, "/users/{user_id}/link", needs=needs, fresh=True)
    def link(request: Request, services: CurrentServices, actor: CurrentActor, user_id: str) -> Response:
        with services.database.session() as session:
            user = known(session, user_id)
            token = users.link(session, actor, user, services.clock())
        return _page(request, services, link=f"{services.settings.base_url}/set-up/{token}", linked=user.name)

    @action(routes, "/users/{user_id}/reset", needs=needs, fresh=True)
    def reset(
        request: Request, services: CurrentServices, actor: CurrentActor, user_id: str, reason: Reason = ""
    ) -> Response:
        with services.database.session() as session:
            user = known(session, user_id)
            token = users.reset(session, actor, user, reason, services.clock())
        return _page(request, services, link=f"{services.settings.base_url}/set-up/{token}", linked=user.name)

    @action(routes, "/users/cover", needs=needs, fresh=True)
    def cover(
        request: Request,
        services: CurrentServices,
        actor: CurrentActor,
        absent: Annotated[str, Form(max_length=40)] = "",
        stand_in: Annotated[str, Form(max_length=40)] = "",
        from_at: Annotated[str, Form(max_length=30)] = "",
        until_at: Annotated[str, Form(max_length=30)] = "",
    ) -> Response:
        with services.database.session() as session:
            users.cover(
                session,
                actor,
                known(session, absent),
                known(session, stand_in),
                moment_of(from_at),
                moment_of(until_at),
                services.clock(),
            )
        return go(request, "/users", "Noted.")

    @action(routes, "/users/cover/{cover_id}/end", needs=needs)
    def end_cover(request: Request, services: CurrentServices, actor: CurrentActor, cover_id: str) -> Response:
        with services.database.session() as session:
            row = session.get(Cover, cover_id)
            if row is None:
                raise NotFound("There is no such absence.")
            users.end_cover(session, actor, row, services.clock())
        return go(request, "/users", "Ended.")

    return routes


def read_roles(words: list[str] | None) -> list[Role]:
    """Roles from a form.

    Raises:
        Wrong: one is not a role.
    """
    known_roles = {str(r): r for r in Role}
    unknown = [w for w in words or [] if w not in known_roles]
    if unknown:
        raise Wrong(f"There is no role {unknown[0][:40]}; the roles are {', '.join(known_roles)}.")
    return [known_roles[w] for w in words or []]


def known(session: Session, user_id: str) -> User:
    """A user by identifier.

    Raises:
        NotFound: there is none.
    """
    user = session.get(User, user_id)
    if user is None:
        raise NotFound("There is no such user.")
    return user


def _page(request: Request, services: Services, link: str = "", linked: str = "") -> Response:
    now = services.clock()
    with services.database.reading() as session:
        everybody = users.everybody(session)
        names = {u.id: u.shown_name for u in everybody}
        covers = session.scalars(
            select(Cover).where(Cover.ended_at.is_(None), Cover.until_at > now).order_by(Cover.from_at)
        ).all()
        return render(
            request,
            "users/list.html",
            users=[(u, {r.role for r in u.roles}) for u in everybody],
            roles=[(str(r), words) for r, words in ROLES.items()],
            covers=covers,
            names=names,
            link=link,
            linked=linked,
        )
