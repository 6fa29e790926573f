"""A ledger that was made from a log never says that something left for certain: nobody saw it leave."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hedgerow.cli import app
from hedgerow.ledger.questions.affected import affected
from hedgerow.ledger.questions.period import Period
from hedgerow.ledger.questions.refs import find_group, read_ref
from hedgerow.ledger.store import Store
from hedgerow.ledger.store.commit import State
from ledger_views import NOW, Shown, TestKeys, connect
from written_ledger import AT_MS, SESSION, Segment, disclosure

WHO = ("--principal", f"session:{SESSION}", "--since", "2026-11-01")


def ask(state: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["ledger", *words, "--state", str(state)])


@pytest.fixture(params=["in segments", "compacted", "its segment gone"])
def state(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    segment = Segment(tmp_path, source="log").append(disclosure("42", 3), disclosure("43", 1, at_ms=AT_MS + 1_000))
    if request.param != "in segments":
        Store.open(tmp_path, "directory").compact()
    if request.param == "its segment gone":
        segment.path.unlink()
    # A gateway wrote here, too.
    Segment(tmp_path, writer="00000000000000bb").append(disclosure("44", 1))
    return tmp_path


def test_affected_and_person_say_possible(state: Path) -> None:
    answer = json.loads(ask(state, "affected", *WHO, "--json").stdout)
    assert {(r["person"], r["confidence"]) for r in answer["rows"]} == {
        ("42", "possible"),
        ("43", "possible"),
        ("44", "confirmed"),
    }
    assert any("made from a log" in sentence for sentence in answer["caveats"])
    (entry,) = ask(state, "person", "42", "--json").stdout.splitlines()
    assert json.loads(entry)["confidence"] == "possible"
    assert "of these 1 times are possible" in ask(state, "person", "42").stdout
    assert json.loads(ask(state, "subject", "--person", "42", "--json").stdout)["times_possible"] == 1


def test_an_evidence_pack_says_possible(state: Path, tmp_path: Path) -> None:
    said = ask(state, "export", *WHO, "--reason", "case 12", "--out", str(tmp_path / "packs"), "--json")
    assert said.exit_code == 0, said.output
    pack = Path(json.loads(said.stdout)["folder"])
    told = json.loads((pack / "affected.json").read_text())
    assert Counter(r["confidence"] for r in told["rows"]) == {"possible": 3, "confirmed": 1}
    assert "made from a log" in (pack / "README.txt").read_text()


def test_which_writers_were_logs_outlives_a_checkpoint() -> None:
    state = State(sources={"00000000000000aa": "log"})
    again = State()
    again.apply({"format": 1, "kind": "checkpoint", "n": 2, "state": state.as_facts()})
    assert again.sources == state.sources


def test_of_thinned_days_it_is_said_that_sketches_do_not_tell_logs_apart() -> None:
    con = connect([Shown(NOW - timedelta(days=40), "1", source="log")], NOW.date())
    group = find_group(con, [read_ref("strangers", TestKeys())])
    found = affected(con, group, Period(NOW - timedelta(days=60), NOW))
    assert [r.confidence for r in found.rows] == ["sketch"]
    assert any("made from a log" in sentence and "sketches" in sentence for sentence in found.caveats)
