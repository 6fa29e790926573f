"""What waits and the register, from the shell."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path

import pytest
from typer.testing import CliRunner

from console.filing_cases import DANA, NOW, case_row, sign, state_all, work
from hedgerow.cases.filing import dues, registering
from hedgerow.cases.notices.decisions import Outcome
from hedgerow.cli import app
from hedgerow.store.database import Database


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state directory with a case that was decided and registered."""
    database = Database(f"sqlite:///{tmp_path}/console.db")
    database.create_all()
    with database.session() as session:
        case_id = case_row(session)
        state_all(session, case_id)
        sign(session, work(session, case_id), outcome=Outcome.DO_NOT_NOTIFY)
        registering.enter(session, work(session, case_id), by=DANA, now=NOW)
        dues.refresh(session, work(session, case_id), NOW)
    database.close()
    return tmp_path


def _run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["notices", *words], env={"HEDGEROW_DATABASE": ""})
    return done.exit_code, done.output


def test_what_waits_is_listed_by_date(state: Path) -> None:
    code, said = _run("due", "--state", str(state))
    assert code == 0
    assert "C-2026-0001" in said
    assert "EU" in said
    code, said = _run("due", "--state", str(state), "--json")
    rows = json.loads(said)
    assert {(r["regime"], r["duty"]) for r in rows} >= {("EU", "people"), ("NZ", "authority")}


def test_the_register_comes_as_json_and_csv(state: Path) -> None:
    code, said = _run("register", "--state", str(state))
    assert code == 0
    entry = next(e for e in json.loads(said) if e["regime"] == "EU")
    assert entry["decision"] == "do_not_notify"
    code, said = _run("register", "--csv", "--state", str(state))
    assert {r["regime"] for r in csv.DictReader(StringIO(said))} >= {"EU"}


def test_a_state_without_a_console_says_so_and_makes_none(tmp_path: Path) -> None:
    code, said = _run("due", "--state", str(tmp_path))
    assert code == 1
    assert "no console database" in said
    assert list(tmp_path.iterdir()) == []
