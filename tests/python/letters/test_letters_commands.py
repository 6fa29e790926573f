"""`hedgerow letter`: the console's acts from the shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hedgerow.cases.core.opening import open_by_person
from hedgerow.cli import app
from hedgerow.console import running
from hedgerow.console.access.actor import Actor
from hedgerow.console.services import utc_now
from hedgerow.store.database import Database, database_url

PARTICULARS = """
recipient: {name: Data Offers Ltd, email: legal@offers.example, address: London}
sender:
  {organisation: Example Club, address: 75001 Paris, place: FR, email: privacy@club.example, signatory: Dana Example}
particulars: {found_at: ["https://offers.example/x"], account: Names were seen there.}
"""


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory with a console's database and one case."""
    monkeypatch.setattr(running, "upgrade", lambda database: database.create_all())
    monkeypatch.delenv("HEDGEROW_DATABASE", raising=False)
    database = Database(database_url(tmp_path))
    database.create_all()
    with database.session() as session:
        open_by_person(session, Actor.shell("x"), utc_now(), title="Harvest", site="members.example", reason="seen")
    database.close()
    return tmp_path


def run(state: Path, *words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["letter", *words, "--state", str(state)])
    assert done.exit_code == code, done.output
    return done.output


def test_a_letter_is_drafted_listed_and_exported(state: Path) -> None:
    (state / "offers.yaml").write_text(PARTICULARS)
    number = f"C-{utc_now().year}-0001"
    told = run(state, "draft", number, "host_notice", "--particulars", str(state / "offers.yaml"), "--language", "fr")
    assert f"{number}-L1 is drafted\n  [à compléter\u00a0: quelles données sont concernées]" in told
    (row,) = json.loads(run(state, "list", "--json"))
    assert (row["state"], row["kind"], row["to"]) == ("draft", "host_notice", "Data Offers Ltd")
    assert "Approve the draft" in run(state, "due")
    run(state, "export", f"{number}-L1", "-o", str(state / "letter.pdf"))
    assert (state / "letter.pdf").read_bytes().startswith(b"%PDF")
    assert (state / "letter.pdf").stat().st_mode & 0o077 == 0


def test_what_cannot_be_done_is_said_in_a_sentence(state: Path) -> None:
    number = f"C-{utc_now().year}-0001"
    run(state, "draft", number, "host_notice")
    assert "approve it first" in run(state, "sent", f"{number}-L1", "--channel", "post", "--proof", "RR 1", code=1)
    assert "left to fill in" in run(state, "approve", f"{number}-L1", "--version", "1", code=1)
    assert "There is no letter C-1-L1" in run(state, "export", "C-1-L1", "-o", str(state / "x.pdf"), code=1)
    assert "there is no letter `love`" in run(state, "draft", number, "love", code=1)
    assert "There is no case" in run(state, "list", "--case", "C-1", code=1)
    (state / "wrong.yaml").write_text("- a list")
    assert "each a table" in run(
        state, "draft", number, "host_notice", "--particulars", str(state / "wrong.yaml"), code=1
    )


def test_the_kinds_are_listed_without_a_database() -> None:
    done = CliRunner().invoke(app, ["letter", "kinds", "--json"])
    assert len(json.loads(done.output)) == 9
