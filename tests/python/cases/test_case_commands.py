"""`hedgerow case` and `hedgerow claims`: from opening to closing at the shell, and mail from a folder."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from case_world import SITE, keyed, shown
from hedgerow.cli import app
from hedgerow.store.database import Database
from hedgerow.store.upgrading import newest
from written_ledger import Segment

NOW = datetime.now(UTC)
"""These commands have the machine's clock, so the ledger is of yesterday."""


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state with a ledger and an up-to-date database."""
    rows = [shown(n, NOW - timedelta(hours=20, seconds=-n), account="m", address="a") for n in range(1, 31)]
    Segment(tmp_path, SITE).append(*rows)
    database = Database(f"sqlite:///{tmp_path}/console.db")
    database.create_all()
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:n)"), {"n": newest()})
    database.close()
    monkeypatch.delenv("HEDGEROW_DATABASE", raising=False)
    return tmp_path


def run(state: Path, *words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, [*words, "--state", str(state)], input=stdin)


def document(state: Path, *words: str) -> dict[str, Any]:
    answer = run(state, *words, "--json")
    assert answer.exit_code == 0, answer.output
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def test_a_case_is_opened_counted_shown_and_not_closed_too_early(state: Path) -> None:
    made = document(
        state, "case", "open", "A harvest", "--reason", "seen", "--principal", f"account:{keyed('account', 'm')}"
    )
    number = made["number"]
    assert document(state, "case", "count", number)["low"] == 30
    shown_case = document(state, "case", "show", number)
    assert shown_case["people_low"] == 30
    assert shown_case["timeline"][0]["by"].endswith("(shell)")
    words = run(state, "case", "show", number).output
    assert f"{number}: A harvest" in words
    assert "field name (personal): confirmed" in words
    closed = run(state, "case", "close", number, "--reason", "done")
    assert closed.exit_code == 1
    assert "no change to the controls is noted" in closed.output
    assert [c["number"] for c in document(state, "case", "list")["cases"]] == [number]
    assert "1 case" in run(state, "case", "list", "--words", "harvest").output


def test_look_opens_cases_by_rule(state: Path) -> None:
    assert document(state, "case", "look") == {"opened": [], "known": [], "failed": {}}


def test_mistakes_are_told_with_what_to_write(state: Path) -> None:
    for words, said in (
        (("case", "show", "C-2026-9999"), "there is no case"),
        (("case", "open", "x", "--reason", "y", "--principal", "???"), "is not a principal"),
        (("case", "open", "x", "--reason", "y", "--site", "other"), "name the site"),
        (("case", "list", "--state-of-case", "lost"), "a case is one of"),
        (("claims", "show", "L-2026-9999"), "there is no claim"),
        (("claims", "take-up", "/does/not/exist"), "cannot be read"),
    ):
        answer = run(state, *words)
        assert answer.exit_code == 1, words
        assert said in answer.output


def test_claims_are_taken_up_from_a_folder_and_shown(state: Path) -> None:
    drop = state / "drop"
    drop.mkdir()
    (drop / "1.eml").write_bytes(b"From: a@b.example\r\nSubject: leak\r\n\r\nyour members are for sale\r\n")
    done = document(state, "claims", "take-up", str(drop))
    (number,) = done["claims"]
    assert "for sale" not in run(state, "claims", "show", number).output
    assert "for sale" in run(state, "claims", "show", number, "--text").output
    listed = document(state, "claims", "list")
    assert [(c["number"], c["subject"]) for c in listed["claims"]] == [(number, "leak")]
    assert "obstacles" in document(state, "claims", "show", number)


def test_keyed_hashes_of_members_are_made_and_match_those_of_single_values(state: Path, tmp_path: Path) -> None:
    members = tmp_path / "members.csv"
    members.write_text("person,email\n17,Ann@Example.com\n")
    assert "1 keyed hashes" in run(state, "claims", "known", str(members)).output
    made = (state / "sites" / SITE / "known-people.tsv").read_text()
    assert "xample" not in made
    one = run(state, "claims", "fingerprint", "email", stdin="ann@example.com").stdout.strip()
    assert made == f"17\temail\t{one}\n"
