"""`hedgerow ledger forget`: says first, keeps what claims need, and leaves nobody's identifier behind."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hedgerow.cli import app
from hedgerow.ledger.store import Store
from written_ledger import ANOTHER, AT_MS, SESSION, Segment, disclosure


@pytest.fixture
def state(tmp_path: Path) -> Path:
    Segment(tmp_path).append(
        disclosure("erase-me", 7),
        disclosure("stays", 1, 0, SESSION, AT_MS + 1_000),
        disclosure("erase-me", 1, 4, ANOTHER, AT_MS + 2_000),
    )
    return tmp_path


def ask(state: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["ledger", *words, "--state", str(state)])


def everything(folder: Path) -> bytes:
    return b"".join(p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file())


def test_it_says_first_what_would_go_and_changes_nothing(state: Path) -> None:
    before = everything(state / "sites" / "directory" / "ledger")
    said = ask(state, "forget", "erase-me")
    assert said.exit_code == 0
    assert "* 2 single disclosures, from 2026-11-18T11:06:40Z to 2026-11-18T11:06:42Z" in said.stdout
    assert "nothing was changed" in said.stdout
    plan = json.loads(ask(state, "forget", "erase-me", "--json").stdout)
    assert (plan["done"], plan["disclosures"], plan["sketch_days"], plan["packs"]) == (False, 2, 1, [])
    assert everything(state / "sites" / "directory" / "ledger") == before
    assert not (state / "audit.jsonl").exists()


def test_it_needs_a_reason(state: Path) -> None:
    said = ask(state, "forget", "erase-me", "--yes")
    assert said.exit_code == 1
    assert "--reason" in said.stderr


def test_a_person_goes_from_everything_and_the_rest_stays_and_verifies(state: Path) -> None:
    said = ask(state, "forget", "erase-me", "--yes", "--reason", "request of 3 November", "--json")
    assert said.exit_code == 0, said.output
    done = json.loads(said.stdout)
    assert (done["done"], done["rows"], done["waiting"]) == (True, 2, [])
    assert ask(state, "person", "erase-me").exit_code == 1
    assert ask(state, "person", "stays").exit_code == 0
    assert b"erase-me" not in everything(state)
    verified = ask(state, "verify")
    assert verified.exit_code == 0, verified.output
    lines = [json.loads(line) for line in (state / "audit.jsonl").read_text().splitlines()]
    assert [line["what"] for line in lines] == ["forget", "forgot"]
    assert lines[0]["reason"] == "request of 3 November"
    assert lines[0]["person"] == lines[1]["person"] != "erase-me"


def test_packs_that_hold_the_person_are_named_and_kept(state: Path) -> None:
    packs = state / "packs"
    exported = ask(
        state,
        *("export", "--principal", f"session:{SESSION}", "--since", "2026-11-01"),
        *("--reason", "case 12", "--out", str(packs)),
    )
    assert exported.exit_code == 0, exported.output
    (pack,) = (p.name for p in packs.iterdir() if p.is_dir())
    said = ask(state, "forget", "erase-me")
    assert f"evidence pack {pack}" in said.stdout
    assert "case 12" in said.stdout
    assert pack not in ask(state, "forget", "somebody-else").stdout
    assert ask(state, "forget", "erase-me", "--yes", "--reason", "request").exit_code == 0
    assert b"erase-me" in (packs / pack / "affected.csv").read_bytes()
    assert b"erase-me" not in everything(state / "sites")


def test_a_hold_keeps_the_person_until_it_is_lifted(state: Path) -> None:
    hold = Store.open(state, "directory").hold(
        "court of Riverbend", datetime.now(UTC).date() + timedelta(days=30), people=["erase-me"]
    )
    said = ask(state, "forget", "erase-me")
    assert f"hold {hold.id}" in said.stdout
    refused = ask(state, "forget", "erase-me", "--yes", "--reason", "request")
    assert refused.exit_code == 1
    assert "lifted" in refused.stderr
    assert ask(state, "person", "erase-me").exit_code == 0
    Store.open(state, "directory").lift(hold.id, "settled")
    assert ask(state, "forget", "erase-me", "--yes", "--reason", "request").exit_code == 0
    assert ask(state, "person", "erase-me").exit_code == 1


def test_the_count_can_be_kept_for_claims_under_an_anonymous_mark(state: Path) -> None:
    said = ask(state, "forget", "erase-me", "--yes", "--reason", "request", "--keep-count-for", "claims of case 12")
    assert said.exit_code == 0, said.output
    answer = json.loads(
        ask(state, "affected", "--principal", f"session:{SESSION}", "--since", "2026-11-01", "--json").stdout
    )
    assert answer["people"] == 2
    assert b"erase-me" not in everything(state / "sites")
