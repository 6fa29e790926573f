"""Users that an identity provider knows: made at their first sign-in, given the roles of their groups at each."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from hedgerow.console.access import sessions
from hedgerow.console.access.actor import Actor
from hedgerow.console.access.oidc import Identity
from hedgerow.console.access.signing_in import normal_name
from hedgerow.console.access.tokens import hash_of
from hedgerow.console.decisions import record
from hedgerow.console.problems import NotAllowed
from hedgerow.store.models.accounts import User, UserRole

_NO_GROUP: Final = (
    "The identity provider knows you, but none of your groups has a role here. Ask an owner of this site to add one "
    "under console.oidc.roles."
)


def signed_in(session: Session, identity: Identity, now: datetime) -> User | None:
    """The user of an identity, with the roles of today's groups; None when no group has a role.

    They are known by issuer and subject only. A name or an e-mail address never joins them to a local account:
    whoever may choose a name at the provider could take that account over.

    Raises:
        NotAllowed: they have been shut out.
    """
    user = session.scalar(
        select(User).where(User.oidc_issuer == identity.issuer, User.oidc_subject == identity.subject).with_for_update()
    )
    if user is not None and user.disabled_at is not None:
        raise NotAllowed("This account has been shut out. Ask an owner of this site.")
    if user is None:
        if not identity.roles:
            return None
        user = _made(session, identity, now)
    user.shown_name, user.email = identity.shown_name, identity.email
    _give(session, user, identity, now)
    return user if identity.roles else None


def refusal() -> NotAllowed:
    """What whoever has no role is told; raised after the transaction, so that roles they lost stay lost."""
    return NotAllowed(_NO_GROUP)


def _made(session: Session, identity: Identity, now: datetime) -> User:
    name = ("oidc:" + normal_name(identity.name).replace(" ", "_"))[:200]
    if session.scalar(select(User.id).where(User.name == name)) is not None:
        # Two whose names are cut alike stay two.
        name = f"{name[:179]}:{hash_of(identity.issuer + identity.subject)[:20]}"
    user = User(
        name=name,
        shown_name=identity.shown_name,
        email=identity.email,
        oidc_issuer=identity.issuer,
        oidc_subject=identity.subject,
        made_at=now,
    )
    session.add(user)
    session.flush()
    details = {"name": name, "issuer": identity.issuer, "roles": list(identity.roles)}
    record(session, Actor.system(), "user.add", f"user:{user.id}", "known to the identity provider", details, at=now)
    user.roles = [UserRole(role=r, given_at=now) for r in identity.roles]
    return user


def _give(session: Session, user: User, identity: Identity, now: datetime) -> None:
    had = sorted(r.role for r in user.roles)
    if had == list(identity.roles):
        return
    kept = [r for r in user.roles if r.role in identity.roles]
    user.roles = kept + [UserRole(role=r, given_at=now) for r in identity.roles if r not in had]
    sessions.end_all(session, user.id, now)
    details = {"name": user.name, "before": had, "after": list(identity.roles)}
    reason = "the groups of the identity provider changed"
    record(session, Actor.system(), "user.roles", f"user:{user.id}", reason, details, at=now)
