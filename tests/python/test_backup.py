"""A back-up brings everything back, into either database, and nothing is written over."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hedgerow.backup.commands import register
from hedgerow.backup.making import BackupError, make
from hedgerow.backup.restoring import LEFT_FREE, restore
from hedgerow.cases.core.opening import open_by_person
from hedgerow.console.access import sessions
from hedgerow.console.access.actor import Actor
from hedgerow.console.access.roles import Role, permissions_of
from hedgerow.console.settings import ConsoleSettings
from hedgerow.console.trail_check import check_trail
from hedgerow.ledger.store import Store
from hedgerow.outward.webhook import keep_secret
from hedgerow.store.base import Base
from hedgerow.store.database import Database
from hedgerow.store.models.accounts import User
from hedgerow.store.models.cases import Case
from hedgerow.store.models.policy_versions import PolicyVersion
from hedgerow.store.upgrading import upgrade
from written_ledger import SECRET, Segment, disclosure

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
AGE = f"{'0a' * 12} 1760000000 1790000000\n"
ADA = Actor("ada", "Ada", frozenset({Role.OWNER}), permissions_of([Role.OWNER]))


@pytest.fixture
def full(empty_url: str) -> Iterator[Database]:
    """A database as a console has it: migrated, with a case, a trail, and rows that point to each other."""
    database = Database(empty_url)
    upgrade(database)
    with database.session() as session:
        open_by_person(
            session, ADA, NOW, title="Somebody reads everybody", site="directory", reason="seen", summary="é ∑ 😀"
        )
        before = PolicyVersion(
            id="z" * 20, number=1, sha256="a" * 64, text="x", state="superseded", note="", made_at=NOW
        )
        session.add(before)
        session.flush()
        after = PolicyVersion(
            id="a" * 20, number=2, sha256="b" * 64, text="y", state="in_force", note="", made_at=NOW, base_id=before.id
        )
        session.add(after)
    yield database
    database.close()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state directory with a ledger, a letter, and what only a running gateway has."""
    state = tmp_path / "state"
    state.mkdir()
    segment = Segment(state)
    for n in range(20):
        segment.append(disclosure(f"p{n}", 1))
    Store.open(state, "directory").compact(0)
    (state / "letters").mkdir()
    (state / "letters" / "one.pdf").write_bytes(b"%PDF-")
    (state / "sites" / "directory" / "accounts").write_text(AGE)
    (state / "sites" / "directory" / "accounts.new").write_text("half of an a")
    (state / "supervisor.pid").write_text("1")
    (state / "console.db").write_text("not taken as a file")
    return state


def people(state: Path) -> int:
    """How many people the ledger of a state has shown."""
    with Store.open(state, "directory").snapshot() as taken, taken.connect() as connection:
        row = connection.execute("SELECT count(DISTINCT person) FROM disclosures").fetchone()
    return int(row[0]) if row else 0


def test_everything_comes_back_into_the_other_database(full: Database, state: Path, tmp_path: Path) -> None:
    made = make(state, full, tmp_path / "all.tar.gz", NOW)
    assert made.path.stat().st_mode & 0o077 == 0
    other = Database(f"sqlite:///{tmp_path}/other.db")
    done = restore(made.path, tmp_path / "back", other)
    assert done.secret
    assert people(done.state) == people(state) == 20
    assert (done.state / "letters" / "one.pdf").read_bytes() == b"%PDF-"
    assert (done.state / "sites" / "directory" / "accounts").read_text() == AGE
    assert not (done.state / "sites" / "directory" / "accounts.new").exists()
    assert not (done.state / "supervisor.pid").exists()
    assert not (done.state / "console.db").exists()
    with other.reading() as session, full.reading() as before:
        assert check_trail(session) == check_trail(before)
        assert session.query(Case).one().summary == "é ∑ 😀"
        for table in Base.metadata.sorted_tables:
            rows = [r._asdict() for r in session.execute(table.select().order_by(*table.primary_key))]
            assert rows == [r._asdict() for r in before.execute(table.select().order_by(*table.primary_key))], (
                table.name
            )
    other.close()


def test_whoever_was_signed_in_signs_in_anew_after_a_restore(full: Database, state: Path, tmp_path: Path) -> None:
    with full.session() as session:
        ann = User(name="ann", shown_name="Ann", made_at=NOW)
        session.add(ann)
        session.flush()
        token = sessions.start(session, ann, "password", "a browser", NOW, ConsoleSettings())
    made = make(state, full, tmp_path / "all.tar", NOW)
    other = Database(f"sqlite:///{tmp_path}/other.db")
    restore(made.path, tmp_path / "back", other)
    with other.reading() as session:
        assert session.query(User).one().name == "ann"
        assert sessions.find(session, token, NOW, ConsoleSettings()) is None
    other.close()


def test_a_restore_fills_the_database_it_is_told_to(
    full: Database, state: Path, tmp_path: Path, empty_url: str
) -> None:
    made = make(state, full, tmp_path / "all.tar", NOW)
    sqlite = Database(f"sqlite:///{tmp_path}/first.db")
    restore(made.path, tmp_path / "first", sqlite)
    again = make(tmp_path / "first", sqlite, tmp_path / "again.tar", NOW)
    assert again.rows == made.rows
    with pytest.raises(BackupError, match="a restore goes into an empty one"):
        restore(again.path, tmp_path / "second", full)
    assert not (tmp_path / "second").exists()


def test_what_is_appended_meanwhile_harms_nothing(full: Database, state: Path, tmp_path: Path) -> None:
    segment = next((state / "sites" / "directory" / "ledger").glob("*.seg"))
    with segment.open("ab") as growing:

        def grow(_name: str) -> None:
            growing.write(b"half a line that is written while the back-up runs")
            growing.flush()

        made = make(state, full, tmp_path / "all.tar", NOW, say=grow)
    back = restore(made.path, tmp_path / "back", Database(f"sqlite:///{tmp_path}/other.db"))
    assert people(back.state) == 20


def test_without_the_secret_no_other_key_leaves_either(full: Database, state: Path, tmp_path: Path) -> None:
    keep_secret(state, "c" * 20, "whsec_of-a-webhook")
    kept = make(state, full, tmp_path / "all.tar", NOW)
    assert b"whsec_of-a-webhook" in kept.path.read_bytes()
    made = make(state, full, tmp_path / "some.tar", NOW, with_secret=False)
    assert not made.secret
    assert b"whsec_of-a-webhook" not in made.path.read_bytes()
    assert SECRET.encode() not in made.path.read_bytes()


def test_a_file_that_somebody_else_put_where_ours_is_written_is_not_written_into(
    full: Database, state: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / ".all.tar.part").symlink_to(victim)
    make(state, full, tmp_path / "all.tar", NOW)
    assert victim.read_text() == "mine"


def test_a_back_up_that_would_fill_the_disk_is_not_unpacked(
    full: Database, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(state, full, tmp_path / "all.tar.gz", NOW)
    usage = shutil.disk_usage(tmp_path)._replace(free=LEFT_FREE)
    monkeypatch.setattr("hedgerow.backup.restoring.shutil.disk_usage", lambda _: usage)
    with pytest.raises(BackupError, match="does not fit"):
        restore(made.path, tmp_path / "back", Database(f"sqlite:///{tmp_path}/other.db"))
    assert not (tmp_path / "back").exists()
    assert list(tmp_path.glob(".back.restoring-*")) == []


def test_a_place_that_is_not_empty_is_left_alone(full: Database, state: Path, tmp_path: Path) -> None:
    made = make(state, full, tmp_path / "all.tar", NOW)
    with pytest.raises(BackupError, match="is not empty"):
        restore(made.path, state, Database(f"sqlite:///{tmp_path}/other.db"))
    with pytest.raises(BackupError, match="writes over nothing"):
        make(state, full, made.path, NOW)


def changed(source: Path, target: Path, name: str, content: bytes, kind: bytes = tarfile.REGTYPE) -> Path:
    """A copy of an archive with one more member, or another content of one."""
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for member in old:
            body = old.extractfile(member)
            if member.name != name and body:
                new.addfile(member, body)
        info = tarfile.TarInfo(name)
        info.size, info.type, info.linkname = len(content), kind, "/etc/passwd"
        new.addfile(info, io.BytesIO(content) if kind == tarfile.REGTYPE else None)
    return target


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("state/letters/one.pdf", tarfile.REGTYPE, "is damaged"),
        ("state/more", tarfile.REGTYPE, "is damaged"),
        ("state/../../outside", tarfile.REGTYPE, "not one of our back-ups"),
        ("/etc/cron.d/x", tarfile.REGTYPE, "not one of our back-ups"),
        ("state/link", tarfile.SYMTYPE, "not one of our back-ups"),
        ("other/file", tarfile.REGTYPE, "not one of our back-ups"),
    ],
)
def test_a_file_that_was_changed_brings_nothing_back(
    state: Path, tmp_path: Path, name: str, kind: bytes, said: str
) -> None:
    empty = Database(f"sqlite:///{tmp_path}/empty.db")
    upgrade(empty)
    made = make(state, empty, tmp_path / "all.tar", NOW)
    wrong = changed(made.path, tmp_path / "wrong.tar", name, b"x", kind)
    with pytest.raises(BackupError, match=said):
        restore(wrong, tmp_path / "back", Database(f"sqlite:///{tmp_path}/other.db"))
    assert not (tmp_path / "back").exists()
    assert not (tmp_path / "outside").exists()


def test_a_file_that_breaks_off_brings_nothing_back(state: Path, tmp_path: Path) -> None:
    empty = Database(f"sqlite:///{tmp_path}/empty.db")
    upgrade(empty)
    made = make(state, empty, tmp_path / "all.tar.gz", NOW)
    short = tmp_path / "short.tar.gz"
    short.write_bytes(made.path.read_bytes()[:-400])
    with pytest.raises(BackupError):
        restore(short, tmp_path / "back", Database(f"sqlite:///{tmp_path}/other.db"))
    assert not (tmp_path / "back").exists()


def test_from_the_shell_and_back(state: Path, tmp_path: Path) -> None:
    import typer

    app = typer.Typer()
    register(app)
    (state / "console.db").unlink()
    upgrade(Database(f"sqlite:///{state}/console.db"))
    run = CliRunner()
    out = tmp_path / "all.tar.gz"
    made = run.invoke(app, ["backup", str(out), "--state", str(state), "--json"])
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)["secret"] is True
    back = tmp_path / "elsewhere" / "state"
    done = run.invoke(app, ["restore", str(out), "--state", str(back)])
    assert done.exit_code == 0, done.output
    assert people(back) == 20
    assert (back / "console.db").stat().st_mode & 0o077 == 0
    again = run.invoke(app, ["restore", str(out), "--state", str(back)])
    assert again.exit_code == 1
    assert "not empty" in again.stderr
