"""Every version of the policy that was proposed or in force, with who made it and who agreed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from hedgerow.store.base import Base, Key


class PolicyVersion(Base):
    """One policy as text."""

    __tablename__ = "policy_versions"

    id: Mapped[Key]
    number: Mapped[int] = mapped_column(unique=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    """Of the text: the engine's name for a policy."""
    text: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20))
    """`proposed`, `in_force`, `superseded`, `rejected`, `withdrawn`."""
    note: Mapped[str] = mapped_column(Text, default="")
    made_at: Mapped[datetime]
    made_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    """None = found in the file, written there by hand."""
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    base_id: Mapped[str | None] = mapped_column(ForeignKey("policy_versions.id"))
    """The version it was edited from."""
