"""`hedgerow ledger affected`, `coverage` and `figures`, end to end through the store."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from hedgerow import _engine
from hedgerow.brain import archive
from hedgerow.cli import app
from hedgerow.ledger import policies
from hedgerow.ledger.questions import confidence
from hedgerow.ledger.store import Store
from hedgerow.ledger.tables import as_csv
from hedgerow.policy import load_text
from written_ledger import ANOTHER, AT_MS, SECRET, SESSION, Segment, disclosure

POLICY = b"sites:\n  - name: directory\n    upstream: http://127.0.0.1:3000\n    people: {members: 80}\n"
SINCE = ("--since", "2026-11-01")


def ask(state: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["ledger", *words, "--state", str(state)])


def name_of(address: str) -> str:
    return _engine.address_name(SECRET, "directory", address)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Half is compacted, half is still in the segment."""
    address, net = name_of("198.51.100.7"), "0c" * 12
    segment = Segment(tmp_path)
    segment.append(
        {**disclosure("42", 3), "a": address, "net": net},
        {**disclosure("=7", 1, 0, SESSION, AT_MS + 2_000), "a": address, "net": net},
    )
    Store.open(tmp_path, "directory").compact()
    segment.append(
        {**disclosure("42", 1, 0, SESSION, AT_MS + 3_000), "a": address, "net": net},
        {**disclosure("42", 4, 0, SESSION, AT_MS + 4_000), "a": address, "net": net, "code": 500},
        {**disclosure("9", 7, 0, ANOTHER, AT_MS + 5_000), "acc": _engine.account_name(SECRET, "directory", "8812")},
    )
    return tmp_path


def test_affected_as_json_holds_everything_compacted_or_not(state: Path) -> None:
    said = ask(state, "affected", "--principal", "198.51.100.7", *SINCE, "--json")
    assert said.exit_code == 0, said.output
    answer = json.loads(said.stdout)
    rows = {(r["person"], r["field"], r["confidence"]): (r["first"], r["last"], r["times"]) for r in answer["rows"]}
    assert rows == {
        ("42", "name", "confirmed"): ("2026-11-18T11:06:40Z", "2026-11-18T11:06:43Z", 2),
        ("42", "town", "confirmed"): ("2026-11-18T11:06:40Z", "2026-11-18T11:06:40Z", 1),
        ("42", "email", "possible"): ("2026-11-18T11:06:44Z", "2026-11-18T11:06:44Z", 1),
        ("=7", "name", "confirmed"): ("2026-11-18T11:06:42Z", "2026-11-18T11:06:42Z", 1),
    }
    assert answer["people"] == 2
    assert answer["fields"] == {"email": 1, "name": 2, "town": 1}


def test_affected_as_table_csv_and_parquet_say_the_same(state: Path, tmp_path: Path) -> None:
    case = tmp_path / "case.txt"
    case.write_text("# case 12\n198.51.100.7   # the complaint\n\naccount:8812\n")
    command = ("affected", "--case-file", str(case), *SINCE)
    table = ask(state, *command).stdout
    assert table.splitlines()[0].startswith("3 people, from 2026-11-01")
    assert ask(state, *command, "--format", "csv", "--out", str(tmp_path / "a.csv")).exit_code == 0
    text = (tmp_path / "a.csv").read_bytes().decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert {r["person"] for r in rows} == {"42", "'=7", "9"}
    assert (tmp_path / "a.csv").stat().st_mode & 0o077 == 0
    assert ask(state, *command, "--format", "parquet", "--out", str(tmp_path / "a.parquet")).exit_code == 0
    stored = duckdb.read_parquet(str(tmp_path / "a.parquet")).project("person, field, first, times").fetchall()
    assert len(stored) == len(rows) == 7
    assert ("42", "name", datetime(2026, 11, 18, 11, 6, 40), 2) in stored  # noqa: DTZ001
    again = ask(state, *command, "--format", "csv", "--out", str(tmp_path / "a.csv"))
    assert again.exit_code == 1
    assert "exists already" in again.stderr


@given(st.text(max_size=12))
def test_no_cell_of_a_csv_begins_as_a_formula(value: str) -> None:
    (_, row) = csv.reader(io.StringIO(as_csv(["person"], [[value]]), newline=""))
    cell = row[0] if row else ""
    assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "|", "%"))
    assert (cell.removeprefix("'")).replace("\\x00", "\x00") == value.replace("\\x00", "\x00")


def test_whoever_cannot_be_meant_is_refused_with_the_line(state: Path, tmp_path: Path) -> None:
    case = tmp_path / "case.txt"
    case.write_text("198.51.100.7\nsomebody\n")
    said = ask(state, "affected", "--case-file", str(case))
    assert said.exit_code == 1
    assert "line 2" in said.stderr
    for words in ((), ("--principal", "198.51.100.7", "--format", "parquet"), ("--case-file", "/nowhere")):
        assert ask(state, "affected", *words).exit_code == 1
    assert ask(state, "affected", "--principal", "198.51.100.7", "--since", "soon").exit_code == 1
    assert not (state / "audit.jsonl").exists()


def test_that_it_was_asked_is_in_the_trail_with_keyed_names(state: Path) -> None:
    ask(state, "affected", "--principal", "198.51.100.7", *SINCE)
    (line,) = (json.loads(x) for x in (state / "audit.jsonl").read_text().splitlines())
    assert line["principals"] == [f"address:{name_of('198.51.100.7')}"]
    assert "198.51.100.7" not in (state / "audit.jsonl").read_text()


def test_figures_are_recorded_and_superseded(state: Path) -> None:
    for address in ("198.51.100.7", "strangers"):
        said = ask(state, "affected", "--principal", address, *SINCE, "--record", "case-12")
        assert said.exit_code == 0
    history = json.loads(ask(state, "figures", "case-12", "--json").stdout)
    assert [(f["number"], f["answer"]["people"]) for f in history] == [(1, 2), (2, 3)]
    words = ask(state, "figures", "case-12").stdout
    assert "superseded" in words
    assert words.index("superseded") < words.index("stands")
    assert ask(state, "figures").stdout == "case-12\n"
    unknown = ask(state, "figures", "case-13")
    assert unknown.exit_code == 1
    assert "case-12" in unknown.stderr
    assert "42" not in (state / "figures.jsonl").read_text().replace(history[0]["hash"], "").split('"answer"')[1][:80]


def test_coverage_says_shares_and_of_what(state: Path) -> None:
    said = ask(state, "coverage", "--until", "2026-11-18", "--level", "session", "--json")
    answer = json.loads(said.stdout)
    assert answer["members_source"].startswith("people seen so far")
    day = [(s["principal"], s["people"], s["share"]) for s in answer["top"] if s["days"] == 1]
    assert day == [(SESSION, 2, 0.666667), (ANOTHER, 1, 0.333333)]
    together = ask(
        state, "coverage", "--until", "2026-11-18", "--group", "198.51.100.7", "--group", "account:8812", "--json"
    )
    assert [s["people"] for s in json.loads(together.stdout)["group"]] == [3, 3, 3, 3]
    words = ask(state, "coverage", "--until", "2026-11-18", "--members", "10").stdout
    assert "10 people in all (given with --members)" in words
    assert "30.00%" in words
    for wrong in (("--members", "0"), ("--level", "person"), ("--group", "somebody")):
        assert ask(state, "coverage", *wrong).exit_code == 1


def test_the_size_of_the_membership_can_be_a_setting(state: Path, tmp_path: Path) -> None:
    config = tmp_path / "hedgerow.yaml"
    config.write_bytes(POLICY)
    archive.keep(state, config, load_text(POLICY), datetime(2026, 11, 20, tzinfo=UTC).timestamp())
    answer = json.loads(ask(state, "coverage", "--until", "2026-11-18", "--json").stdout)
    assert (answer["members"], answer["members_source"]) == (80, "the setting people.members")


def test_what_is_in_force_is_kept_once_and_found_by_period(tmp_path: Path) -> None:
    config = tmp_path / "hedgerow.yaml"
    notice = tmp_path / "legal.html"
    notice.write_text("first")
    policy = POLICY + b"    legal: {notice: legal.html, terms: missing.html}\n"
    config.write_bytes(policy)
    begun = datetime(2026, 11, 1, tzinfo=UTC)
    for n in range(3):
        archive.keep(tmp_path, config, load_text(policy), (begun + timedelta(days=n)).timestamp())
    notice.write_text("second")
    archive.keep(tmp_path, config, load_text(policy), (begun + timedelta(days=10)).timestamp())
    found = list(policies.in_force(tmp_path, "directory", begun, begun + timedelta(days=5)))
    assert [(d.what, d.since, d.until) for d in found] == [
        ("policy", begun, None),
        ("notice", begun, begun + timedelta(days=10)),
    ]
    later = list(policies.in_force(tmp_path, "directory", begun + timedelta(days=20), begun + timedelta(days=21)))
    assert [(tmp_path / d.files[0]).read_bytes() for d in later] == [policy, b"second"]
    assert policies.verify(tmp_path) == []
    (tmp_path / later[1].files[0]).write_text("another")
    assert "was changed" in policies.verify(tmp_path)[0]


def test_verify_looks_at_the_trail_the_figures_and_what_was_in_force_too(state: Path, tmp_path: Path) -> None:
    config = tmp_path / "hedgerow.yaml"
    config.write_bytes(POLICY)
    archive.keep(state, config, load_text(POLICY), datetime(2026, 11, 20, tzinfo=UTC).timestamp())
    ask(state, "affected", "--principal", "strangers", *SINCE, "--record", "case-12")
    good = ask(state, "verify")
    assert good.exit_code == 0, good.output
    assert "audit trail: 1 lines, figures: 1 lines, in force: 1 lines" in good.stdout
    for name in ("audit.jsonl", "figures.jsonl", "in-force.jsonl"):
        whole = (state / name).read_text()
        (state / name).write_text(whole.replace("2026", "2025", 1))
        bad = ask(state, "verify")
        assert bad.exit_code == 1, name
        assert f"line 1 of {name} was changed" in bad.stdout
        assert json.loads(ask(state, "verify", "--json").stdout)["state"]["problems"]
        (state / name).write_text(whole)


def test_every_deed_of_the_trail_and_every_word_of_confidence_is_documented() -> None:
    root = Path(__file__).parent.parent.parent
    trail = (root / "docs" / "reference" / "audit-trail.md").read_text()
    source = "".join(p.read_text() for p in (root / "src" / "hedgerow").rglob("*.py"))
    deeds = set(re.findall(r"\.record\(\s*\"([a-z-]+)\"", source))
    assert {"open-address", "sql", "export", "forget"} <= deeds
    assert [d for d in deeds if f"`{d}`" not in trail] == []
    page = (root / "docs" / "reference" / "affected.md").read_text()
    assert all(f"| `{word}` |" in page for word in confidence.WORDS)
