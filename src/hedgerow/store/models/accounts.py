"""Who may use the console: users, their roles, sessions, links, tokens, and who stands in for whom."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hedgerow.store.base import Base, Key


class User(Base):
    """Somebody who answers for the site. Never deleted, because decisions name them; `disabled_at` shuts them out."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("oidc_issuer", "oidc_subject"),)

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(200), unique=True)
    """What they sign in with: lower case, normalised (NFKC)."""
    shown_name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(String(320))
    password: Mapped[str | None] = mapped_column(String(300))
    """argon2id in its own notation; none = signs in elsewhere, or has not set one yet."""
    password_at: Mapped[datetime | None]
    totp: Mapped[str | None] = mapped_column(String(300))
    """The authenticator's secret, sealed with a key that is not in the database."""
    totp_step: Mapped[int] = mapped_column(default=0)
    """The last time step that was used: no code works twice."""
    oidc_issuer: Mapped[str | None] = mapped_column(String(500))
    oidc_subject: Mapped[str | None] = mapped_column(String(300))
    made_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    roles: Mapped[list[UserRole]] = relationship(
        back_populates="user", cascade="all, delete-orphan", order_by="UserRole.role", lazy="selectin"
    )


class UserRole(Base):
    """One role of one user."""

    __tablename__ = "user_roles"

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(String(20), primary_key=True)
    given_at: Mapped[datetime]
    user: Mapped[User] = relationship(back_populates="roles")


class RecoveryCode(Base):
    """A code that replaces the authenticator once."""

    __tablename__ = "recovery_codes"

    id: Mapped[Key]
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SetupLink(Base):
    """A link by which somebody sets their password, once. Without user: makes the first owner."""

    __tablename__ = "setup_links"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SignInSession(Base):
    """One browser that is signed in. The token itself is in its cookie only."""

    __tablename__ = "sign_in_sessions"

    id: Mapped[Key]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    method: Mapped[str] = mapped_column(String(20))
    """How they signed in: `password`, `totp`, `recovery`, `oidc`, `link`."""
    browser: Mapped[str] = mapped_column(String(300), default="")
    made_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    fresh_at: Mapped[datetime]
    """When they last proved who they are."""
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class PendingSignIn(Base):
    """Between two steps of a sign-in: password given, code not yet; or gone to the identity provider."""

    __tablename__ = "pending_sign_ins"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Attempt(Base):
    """One failed sign-in, by account and by address, both hashed; kept as long as it counts."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = (Index("ix_sign_in_attempts_who_at", "who", "at"),)

    id: Mapped[Key]
    who: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(index=True)


class Cover(Base):
    """One user holds another's roles for a time."""

    __tablename__ = "covers"

    id: Mapped[Key]
    absent_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    stand_in_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ApiToken(Base):
    """A program that acts for a user, with no more than some of their permissions."""

    __tablename__ = "api_tokens"

    id: Mapped[Key]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    permissions: Mapped[list[str]]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
