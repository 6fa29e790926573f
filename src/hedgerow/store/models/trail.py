"""The trail: every decision, in order, each row chained to the one before; the database itself refuses to change it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import DDL, BigInteger, String, Text, event
from sqlalchemy.orm import Mapped, mapped_column

from hedgerow.store.base import Base


class Decision(Base):
    """One thing that somebody did, and why. Written by `hedgerow.console.decisions.record` only."""

    __tablename__ = "decisions"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """1, 2, 3, ...: a missing one shows."""
    at: Mapped[datetime] = mapped_column(index=True)
    actor_id: Mapped[str] = mapped_column(String(100), index=True)
    actor_name: Mapped[str] = mapped_column(String(200))
    """As it was then."""
    via: Mapped[str] = mapped_column(String(20))
    """`console`, `api`, `shell` or `system`."""
    act: Mapped[str] = mapped_column(String(100), index=True)
    subject: Mapped[str] = mapped_column(String(200), index=True)
    reason: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, Any]]
    before: Mapped[str] = mapped_column(String(64))
    """Hash of the row before; of the first, 64 zeros."""
    hash: Mapped[str] = mapped_column(String(64), unique=True)


REFUSED = "the trail of decisions is append-only"

SQLITE_TRIGGERS = tuple(
    f"CREATE TRIGGER decisions_no_{what} BEFORE {what.upper()} ON decisions BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END"
    for what in ("update", "delete")
)
POSTGRESQL_TRIGGERS = (
    "CREATE FUNCTION decisions_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{REFUSED}'; END $$",
    "CREATE TRIGGER decisions_no_change BEFORE UPDATE OR DELETE ON decisions "
    "FOR EACH ROW EXECUTE FUNCTION decisions_refuse()",
    "CREATE TRIGGER decisions_no_truncate BEFORE TRUNCATE ON decisions "
    "FOR EACH STATEMENT EXECUTE FUNCTION decisions_refuse()",
)
for _statement in SQLITE_TRIGGERS:
    event.listen(Decision.__table__, "after_create", DDL(_statement).execute_if(dialect="sqlite"))  # type: ignore[no-untyped-call]
for _statement in POSTGRESQL_TRIGGERS:
    event.listen(Decision.__table__, "after_create", DDL(_statement).execute_if(dialect="postgresql"))  # type: ignore[no-untyped-call]
