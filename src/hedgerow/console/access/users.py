"""Users: added, given roles, shut out, stood in for. Every act is a decision in the trail."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hedgerow.console.access import api_tokens, passwords, sessions, setup_links
from hedgerow.console.access.actor import Actor
from hedgerow.console.access.roles import Role
from hedgerow.console.access.signing_in import normal_name, user_named
from hedgerow.console.decisions import record
from hedgerow.console.problems import Wrong
from hedgerow.store.models.accounts import Cover, RecoveryCode, SetupLink, User, UserRole

LONGEST_COVER: Final = timedelta(days=183)


def everybody(session: Session) -> list[User]:
    """All users by name; those who were shut out, last."""
    return list(session.scalars(select(User).order_by(User.disabled_at.is_not(None), User.name)))


def add(
    session: Session, actor: Actor, name: str, shown_name: str, email: str, roles: Iterable[Role], now: datetime
) -> User:
    """Adds a user without a password; a set-up link lets them set one.

    Raises:
        Wrong: the name is taken or will not do, or there is no role.
    """
    plain, given = normal_name(name), sorted(set(roles))
    if not 2 <= len(plain) <= 200 or any(c.isspace() for c in plain):
        raise Wrong("A name to sign in with has 2 to 200 characters and no spaces, as an e-mail address does.")
    if user_named(session, plain) is not None:
        raise Wrong(f"There is a user {plain} already.")
    if not given:
        raise Wrong("Give at least one role: without one, nothing can be seen.")
    user = User(
        name=plain,
        shown_name=(shown_name.strip() or plain)[:200],
        email=email.strip()[:320] or None,
        made_at=now,
        roles=[UserRole(role=r, given_at=now) for r in given],
    )
    session.add(user)
    session.flush()
    record(session, actor, "user.add", f"user:{user.id}", "", {"name": plain, "roles": [str(r) for r in given]}, at=now)
    return user


def set_roles(session: Session, actor: Actor, user: User, roles: Iterable[Role], reason: str, now: datetime) -> None:
    """Gives a user these roles and no others; their open sessions end, so that nothing old is still allowed.

    Raises:
        Wrong: nobody would be owner any more.
    """
    wished = set(roles)
    had = {r.role for r in user.roles}
    if not wished:
        raise Wrong("Give at least one role, or shut the user out.")
    if Role.OWNER in had and Role.OWNER not in wished:
        _not_the_last_owner(session, user)
    if had == {str(r) for r in wished}:
        return
    kept = [r for r in user.roles if r.role in wished]
    user.roles = kept + [UserRole(role=r, given_at=now) for r in sorted(wished - {k.role for k in kept})]
    sessions.end_all(session, user.id, now, actor.session_id)
    record(
        session, actor, "user.roles", f"user:{user.id}", reason,
        {"name": user.name, "before": sorted(had), "after": sorted(str(r) for r in wished)}, at=now,
    )  # fmt: skip


def disable(session: Session, actor: Actor, user: User, reason: str, now: datetime) -> None:
    """Shuts a user out at once; what they decided stays.

    Raises:
        Wrong: they are the last owner, or oneself.
    """
    if user.disabled_at is not None:
        return
    if user.id == actor.id:
        raise Wrong("You cannot shut yourself out; another owner can.")
    if Role.OWNER in {r.role for r in user.roles}:
        _not_the_last_owner(session, user)
    user.disabled_at = now
    sessions.end_all(session, user.id, now)
    record(session, actor, "user.disable", f"user:{user.id}", reason, {"name": user.name}, at=now)


def enable(session: Session, actor: Actor, user: User, reason: str, now: datetime) -> None:
    """Lets a user in again."""
    if user.disabled_at is None:
        return
    user.disabled_at = None
    record(session, actor, "user.enable", f"user:{user.id}", reason, {"name": user.name}, at=now)


def must_have_own_password(user: User) -> None:
    """Says no to a password for whom an identity provider vouches.

    With one they could sign in past the provider, with the roles of their last sign-in there: also after it has shut
    them out.

    Raises:
        Wrong: the account is the identity provider's.
    """
    if user.oidc_subject is not None:
        raise Wrong("This account signs in through the identity provider, so it has no password here.")


def link(session: Session, actor: Actor, user: User, now: datetime) -> str:
    """A set-up link for a user; shown once.

    Raises:
        Wrong: the account is the identity provider's.
    """
    must_have_own_password(user)
    token = setup_links.of_user(session, user, now)
    record(session, actor, "user.link", f"user:{user.id}", "", {"name": user.name}, at=now)
    return token


def reset(session: Session, actor: Actor, user: User, reason: str, now: datetime) -> str:
    """Takes password, authenticator and tokens away and gives a set-up link: for somebody who lost them.

    Raises:
        Wrong: the account is the identity provider's.
    """
    must_have_own_password(user)
    user.password = user.password_at = user.totp = None
    for code in session.scalars(select(RecoveryCode).where(RecoveryCode.user_id == user.id)):
        session.delete(code)
    sessions.end_all(session, user.id, now)
    # Whoever had the account may have made tokens, which would outlive it.
    ended = api_tokens.end_all(session, user.id, now)
    record(session, actor, "user.reset", f"user:{user.id}", reason, {"name": user.name, "tokens_ended": ended}, at=now)
    return setup_links.of_user(session, user, now)


def set_up(session: Session, found: SetupLink, name: str, shown_name: str, password: str, now: datetime) -> User:
    """What a set-up link is for: the first owner makes their account, another sets their password.

    Raises:
        Wrong: name or password will not do, or there is an owner by now.
    """
    if found.user_id is None:
        if session.scalar(select(func.count()).select_from(User)):
            raise Wrong("The first account has been made meanwhile. Ask its owner for a link of your own.")
        user = add(session, Actor.system(), name, shown_name, "", [Role.OWNER], now)
    else:
        known = session.get(User, found.user_id)
        if known is None or known.disabled_at is not None:
            raise Wrong("This link no longer works. Ask an owner of this site for another.")
        must_have_own_password(known)
        user = known
    try:
        passwords.check_new(password, user.name)
    except passwords.PasswordError as e:
        raise Wrong(f"The password is not taken: {e}.") from e
    user.password, user.password_at = passwords.keep(password), now
    found.used_at = now
    sessions.end_all(session, user.id, now)
    record(session, as_actor(user), "user.set_up", f"user:{user.id}", "", {"name": user.name}, at=now)
    return user


def cover(
    session: Session, actor: Actor, absent: User, stand_in: User, from_at: datetime, until_at: datetime, now: datetime
) -> Cover:
    """Lets one user hold another's roles for a time.

    Raises:
        Wrong: the time will not do, or they are the same.
    """
    if absent.id == stand_in.id:
        raise Wrong("Nobody stands in for themselves; choose somebody else.")
    if not from_at < until_at or until_at <= now:
        raise Wrong("The absence must end after it begins, and in the future.")
    if until_at - from_at > LONGEST_COVER:
        raise Wrong(f"An absence has at most {LONGEST_COVER.days} days; give the roles themselves instead.")
    if absent.disabled_at or stand_in.disabled_at:
        raise Wrong("One of the two has been shut out.")
    row = Cover(absent_id=absent.id, stand_in_id=stand_in.id, from_at=from_at, until_at=until_at, made_at=now)
    session.add(row)
    session.flush()
    record(
        session, actor, "user.cover", f"user:{absent.id}", "",
        {"absent": absent.name, "stand_in": stand_in.name, "from": from_at, "until": until_at}, at=now,
    )  # fmt: skip
    return row


def end_cover(session: Session, actor: Actor, row: Cover, now: datetime) -> None:
    """Ends an absence early."""
    if row.ended_at is None:
        row.ended_at = now
        record(session, actor, "user.cover_end", f"user:{row.absent_id}", "", {"cover": row.id}, at=now)


def as_actor(user: User) -> Actor:
    """A user as who decides about themselves."""
    return Actor(user.id, user.shown_name)


def _not_the_last_owner(session: Session, user: User) -> None:
    others = session.scalar(
        select(func.count())
        .select_from(UserRole)
        .join(User)
        .where(UserRole.role == Role.OWNER, User.disabled_at.is_(None), User.id != user.id)
    )
    if not others:
        raise Wrong("This is the only owner. Make somebody else an owner first.")
