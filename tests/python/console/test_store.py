"""The store keeps what it was given, alike on both databases, and migrated ones are what the models say."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.orm import Session

from hedgerow.console.access.actor import Actor
from hedgerow.console.decisions import DecisionError, record
from hedgerow.store.base import Base, new_id
from hedgerow.store.database import Database, DatabaseError
from hedgerow.store.models.accounts import User
from hedgerow.store.models.trail import Decision
from hedgerow.store.upgrading import newest, revision_of, upgrade

NOW = datetime(2026, 11, 26, 12, 0, 0, 123456, tzinfo=UTC)


def written(session: Session, act: str = "case.close") -> Decision:
    return record(session, Actor.system(), act, "case:x", "because", {"n": 1, "f": 0.5, "s": "é"}, at=NOW)


def test_a_migrated_database_is_what_the_models_say(empty_url: str) -> None:
    database = Database(empty_url)
    upgrade(database)
    assert revision_of(database) == newest()
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    with database.session() as session:
        written(session)
    for statement in ("UPDATE decisions SET reason = 'other'", "DELETE FROM decisions"):
        with pytest.raises(DBAPIError, match="append-only"), database.session() as session:
            session.execute(text(statement))
    assert upgrade(database) is None
    database.close()


def test_the_database_itself_refuses_to_change_the_trail(database: Database, database_kind: str) -> None:
    with database.session() as session:
        written(session)
    statements = ["UPDATE decisions SET reason = 'other'", "DELETE FROM decisions"]
    for statement in statements + (["TRUNCATE decisions"] if database_kind == "postgresql" else []):
        with pytest.raises(DBAPIError, match="append-only"), database.session() as session:
            session.execute(text(statement))
    with database.reading() as session:
        assert session.scalars(select(Decision.reason)).all() == ["because"]


def test_a_decision_is_kept_only_together_with_what_was_decided(database: Database) -> None:
    def fail_after() -> None:
        with database.session() as session:
            written(session)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after()
    with database.reading() as session:
        assert session.scalars(select(Decision)).all() == []


def test_a_reason_that_is_too_long_is_refused_rather_than_cut(database: Database) -> None:
    with pytest.raises(DecisionError, match="4,000"), database.session() as session:
        record(session, Actor.system(), "case.close", "case:x", "x" * 4_001, at=NOW)


def test_times_come_back_in_utc_to_the_microsecond(database: Database) -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=-5)))
    with database.session() as session:
        session.add(User(id="u", name="a", shown_name="A", made_at=elsewhere))
    with database.reading() as session:
        found = session.scalars(select(User)).one().made_at
        assert (found, found.tzinfo) == (NOW, UTC)
        assert session.scalars(select(User.id).where(User.made_at <= NOW)).all() == ["u"]
        assert session.scalars(select(User.id).where(User.made_at < NOW)).all() == []


def test_a_time_without_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="without zone"), database.session() as session:
        session.add(User(name="a", shown_name="A", made_at=NOW.replace(tzinfo=None)))


def test_what_a_reader_changes_is_thrown_away(database: Database) -> None:
    with database.reading() as session:
        session.add(User(name="a", shown_name="A", made_at=NOW))
        session.flush()
    with database.reading() as session:
        assert session.scalars(select(User)).all() == []


def test_the_file_is_its_owners_only(database: Database) -> None:
    if database.file is not None:
        assert stat.S_IMODE(database.file.stat().st_mode) == 0o600


def test_a_password_in_the_url_is_never_said() -> None:
    database = Database("postgresql://hedgerow:open-sesame@127.0.0.1:1/none")
    assert "open-sesame" not in database.shown_name
    with pytest.raises(DatabaseError) as caught:
        revision_of(database)
    assert "open-sesame" not in str(caught.value)
    with pytest.raises(DatabaseError) as caught:
        Database("what:ever:open-sesame")
    assert "open-sesame" not in str(caught.value)


def test_identifiers_are_opaque_and_never_meet() -> None:
    many = {new_id() for _ in range(1_000)}
    assert len(many) == 1_000
    assert all(len(i) == 20 and i.isalnum() for i in many)
