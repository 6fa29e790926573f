"""The JSON twin of the page of users, for owners; what its forms do without a link to show is made from the forms."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from hedgerow.console.access import users
from hedgerow.console.access.actor import CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.pages.users import known, read_roles
from hedgerow.console.routes import api
from hedgerow.console.services import CurrentServices, Services
from hedgerow.store.models.accounts import Cover, User

Words = Annotated[str, Field(max_length=400)]


class UserDocument(BaseModel):
    """One user. Nothing that lets anybody sign in is in it."""

    id: str
    name: str
    shown_name: str
    email: str | None
    """For whoever manages users; the page shows it to nobody else."""
    roles: list[str]
    authenticator: bool
    """Whether a second factor is set."""
    made_at: datetime
    disabled_at: datetime | None


class CoverDocument(BaseModel):
    """One user holds another's roles for a time."""

    id: str
    absent_id: str
    stand_in_id: str
    from_at: datetime
    until_at: datetime


class UsersDocument(BaseModel):
    """Everybody, and absences that are not over."""

    users: list[UserDocument]
    covers: list[CoverDocument]


class NewUser(BaseModel):
    """A user to add."""

    model_config = ConfigDict(extra="forbid")
    name: Words
    shown_name: Words = ""
    email: Words = ""
    roles: list[Annotated[str, Field(max_length=20)]] = Field(min_length=1, max_length=10)


class WhyBody(BaseModel):
    """A reason."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field("", max_length=4_000)


class LinkDocument(BaseModel):
    """A set-up link, shown once: whoever opens it first sets the password."""

    user: UserDocument
    link: str


def router(services: Services) -> APIRouter:  # noqa: ARG001 - the face of every module
    """The routes."""
    routes = APIRouter(tags=["users"])
    needs = Permission.MANAGE_USERS
    api(routes, "/api/v1/users", needs=Permission.SEE)(everybody)
    api(routes, "/api/v1/users", needs=needs, method="POST", fresh=True, status_code=201)(add)
    api(routes, "/api/v1/users/{user_id}/link", needs=needs, method="POST", fresh=True)(link)
    api(routes, "/api/v1/users/{user_id}/reset", needs=needs, method="POST", fresh=True)(reset)
    return routes


def everybody(services: CurrentServices, actor: CurrentActor) -> UsersDocument:
    """Everybody, and absences that are not over."""
    now = services.clock()
    manages = actor.may(Permission.MANAGE_USERS)
    with services.database.reading() as session:
        covers = select(Cover).where(Cover.ended_at.is_(None), Cover.until_at > now).order_by(Cover.from_at)
        return UsersDocument(
            users=[_document(u, manages=manages) for u in users.everybody(session)],
            covers=[CoverDocument.model_validate(c, from_attributes=True) for c in session.scalars(covers)],
        )


def _document(user: User, *, manages: bool = True) -> UserDocument:
    return UserDocument(
        id=user.id,
        name=user.name,
        shown_name=user.shown_name,
        email=user.email if manages else None,
        roles=[str(r.role) for r in user.roles],
        authenticator=user.totp is not None,
        made_at=user.made_at,
        disabled_at=user.disabled_at,
    )


def add(services: CurrentServices, actor: CurrentActor, new: NewUser) -> LinkDocument:
    """Adds a user, and makes the link with which they set their password."""
    now = services.clock()
    with services.database.session() as session:
        user = users.add(session, actor, new.name, new.shown_name, new.email, read_roles(new.roles), now)
        return _linked(services, user, users.link(session, actor, user, now))


def _linked(services: Services, user: User, token: str) -> LinkDocument:
    return LinkDocument(user=_document(user), link=f"{services.settings.base_url}/set-up/{token}")


def link(services: CurrentServices, actor: CurrentActor, user_id: str) -> LinkDocument:
    """Makes a new set-up link."""
    with services.database.session() as session:
        user = known(session, user_id)
        return _linked(services, user, users.link(session, actor, user, services.clock()))


def reset(services: CurrentServices, actor: CurrentActor, user_id: str, why: WhyBody) -> LinkDocument:
    """Takes password and second factor away, and makes a new set-up link."""
    with services.database.session() as session:
        user = known(session, user_id)
        return _linked(services, user, users.reset(session, actor, user, why.reason, services.clock()))
