"""`hedgerow ledger`: what it says, and with which exit code it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hedgerow import _engine
from hedgerow.cli import app
from written_ledger import AT_MS, SECRET, SESSION, Segment, disclosure


def ask(state: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["ledger", *words, "--state", str(state)])


def test_tail_shows_who_was_shown_to_whom_in_one_line_each(tmp_path: Path) -> None:
    verdict = {"t": AT_MS, "k": "verdict", "s": SESSION, "act": "sign_in", "why": ["signal.enumeration"]}
    Segment(tmp_path).append(disclosure("42", 1, 4), verdict)
    said = ask(tmp_path, "tail")
    assert said.exit_code == 0
    first, second = said.stdout.splitlines()
    for words in ("2026-11-18 11:06:40", "7K3M-P9QT-2XWA", "42 (name; masked email)", f"session {SESSION[:8]}"):
        assert words in first
    assert "verdict sign_in" in second
    assert "signal.enumeration" in second


def test_tail_as_json_is_one_object_a_line(tmp_path: Path) -> None:
    Segment(tmp_path).append(disclosure("1", 1), disclosure("2", 2))
    lines = [json.loads(line) for line in ask(tmp_path, "tail", "--json", "-n", "1").stdout.splitlines()]
    assert [line["people"] for line in lines] == [[{"person": "2", "fields": ["town"], "masked": []}]]


def test_person_and_principal_say_what_is_recorded_and_end_with_one_when_nothing_is(tmp_path: Path) -> None:
    segment = Segment(tmp_path)
    name = _engine.address_name(SECRET, "directory", "198.51.100.7")
    segment.append({**disclosure("42", 1), "a": name}, disclosure("7", 1))
    assert ask(tmp_path, "person", "42").stdout.count("42 (name)") == 1
    for who in (name, name[:8], "198.51.100.7"):
        said = ask(tmp_path, "principal", who)
        assert said.exit_code == 0
        assert "42 (name)" in said.stdout
        assert "7 (name)" not in said.stdout
    for words in (("person", "99"), ("principal", "198.51.100.8"), ("principal", "somebody")):
        assert ask(tmp_path, *words).exit_code == 1


def test_damage_is_told_on_standard_error_and_the_rest_still_answers(tmp_path: Path) -> None:
    segment = Segment(tmp_path).append(disclosure("42", 1), disclosure("5", 1), disclosure("42", 4))
    segment.path.write_bytes(segment.path.read_bytes().replace(b'"5"', b'"6"'))
    said = ask(tmp_path, "person", "42")
    assert said.exit_code == 0
    assert [line[:16] for line in said.stdout.splitlines() if "  42 (" in line] == ["2026-11-18 11:06"] * 2
    assert said.stdout.startswith("42: shown 2 times, from 2026-11-18T11:06:40Z")
    assert "is damaged" in said.stderr


def test_verify_ends_with_one_when_a_line_is_missing(tmp_path: Path) -> None:
    segment = Segment(tmp_path).append(disclosure("1", 1), disclosure("2", 1), disclosure("3", 1))
    good = ask(tmp_path, "verify")
    assert good.exit_code == 0
    assert "directory: 3 entries in 1 segments of 1 writers" in good.stdout
    lines = segment.path.read_bytes().splitlines(keepends=True)
    segment.path.write_bytes(b"".join(lines[:2] + lines[3:]))
    bad = ask(tmp_path, "verify")
    assert bad.exit_code == 1
    assert f"{segment.path.name}, byte {len(lines[0]) + len(lines[1])}" in bad.stdout
    assert json.loads(ask(tmp_path, "verify", "--json").stdout)["problems"]


def test_half_a_line_at_the_end_is_said_and_is_no_problem(tmp_path: Path) -> None:
    segment = Segment(tmp_path).append(disclosure("1", 1), disclosure("2", 1))
    segment.path.write_bytes(segment.path.read_bytes()[:-3])
    said = ask(tmp_path, "verify")
    assert said.exit_code == 0
    assert "half a line" in said.stdout


def test_several_sites_must_be_told_apart_and_verify_takes_all(tmp_path: Path) -> None:
    for site in ("club", "school"):
        Segment(tmp_path, site).append(disclosure("1", 1))
    asked = ask(tmp_path, "tail")
    assert asked.exit_code == 1
    assert "club, school" in asked.stderr
    assert ask(tmp_path, "tail", "--site", "club").exit_code == 0
    said = ask(tmp_path, "verify").stdout
    assert "club: 1 entries" in said
    assert "school: 1 entries" in said
    assert ask(tmp_path, "verify", "--site", "other").exit_code == 1


def test_no_ledger_at_all_is_said(tmp_path: Path) -> None:
    for words in (("tail",), ("verify",), ("person", "1")):
        said = ask(tmp_path, *words)
        assert said.exit_code == 1
        assert "--site" in said.stderr


def test_control_characters_in_an_identifier_do_not_reach_the_terminal(tmp_path: Path) -> None:
    Segment(tmp_path).append(disclosure("\x1b[2J42", 1))
    for words in (("tail",), ("person", "\x1b[2J42"), ("person", "\x1b[2J")):
        said = ask(tmp_path, *words)
        assert "\x1b" not in said.output
        assert "\\x1b[2J" in said.output


def test_opening_an_address_needs_a_reason_and_is_written_down_by_the_real_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "somebody-else")
    Segment(tmp_path)
    silent = ask(tmp_path, "open-address", SESSION, "--reason", "  ")
    assert silent.exit_code == 1
    assert "--reason" in silent.stderr
    trail = tmp_path / "audit.jsonl"
    assert not trail.exists()
    said = ask(tmp_path, "open-address", SESSION, "--reason", "case 12")
    assert said.exit_code == 1
    assert "no sealed address" in said.stderr
    (line,) = trail.read_text().splitlines()
    written = json.loads(line)
    assert (written["name"], written["reason"]) == (SESSION, "case 12")
    assert written["who"] not in ("", "somebody-else")
    assert trail.stat().st_mode & 0o077 == 0


POLICY = "sites:\n  - name: directory\n    upstream: http://127.0.0.1:3000\n    retention: {detail_days: 40}\n"


def test_compact_says_what_it_took_up_and_verify_checks_the_store_too(tmp_path: Path) -> None:
    Segment(tmp_path).append(disclosure("42", 1), disclosure("43", 1))
    said = ask(tmp_path, "compact", "--json")
    assert said.exit_code == 0
    assert json.loads(said.stdout) == {"site": "directory", "entries": 2, "disclosures": 2, "damage": []}
    assert "2 commits of the store" in ask(tmp_path, "verify").stdout
    table = next((tmp_path / "sites" / "directory" / "store").glob("by-person/*/*"))
    table.chmod(0o600)
    table.write_bytes(table.read_bytes() + b"x")
    said = ask(tmp_path, "verify")
    assert said.exit_code == 1
    assert "its content is not what was written" in said.stdout
    problems = json.loads(ask(tmp_path, "verify", "--json").stdout)["store"]["problems"]
    assert [p["kind"] for p in problems] == ["file-changed"]


def test_compact_ends_with_one_when_a_segment_is_damaged(tmp_path: Path) -> None:
    segment = Segment(tmp_path).append(disclosure("5", 1), disclosure("6", 1))
    segment.path.write_bytes(segment.path.read_bytes().replace(b'"5"', b'"7"'))
    said = ask(tmp_path, "compact")
    assert said.exit_code == 1
    assert "left as it is" in said.stdout


def test_thin_shows_what_is_due_before_it_goes_and_needs_a_policy(tmp_path: Path) -> None:
    Segment(tmp_path).append(disclosure("42", 1, at_ms=AT_MS - 1_000 * 86_400_000))
    ask(tmp_path, "compact")
    assert "--config" in ask(tmp_path, "thin").stderr
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    words = ("thin", "--config", str(policy), "--json")
    due = [json.loads(line) for line in ask(tmp_path, *words, "--dry-run").stdout.splitlines()]
    assert {"by-person", "sketches"} <= {one["table"] for one in due}
    assert {one["setting"] for one in due if one["table"] == "by-person"} == {"retention.disclosures_days"}
    gone = [json.loads(line) for line in ask(tmp_path, *words).stdout.splitlines()]
    assert [one["table"] for one in gone] == [one["table"] for one in due]
    assert ask(tmp_path, *words, "--dry-run").stdout == ""


def test_a_hold_is_placed_listed_and_lifted(tmp_path: Path) -> None:
    Segment(tmp_path).append(disclosure("42", 1))
    assert ask(tmp_path, "hold", "--reason", " ", "--until", "2099-01-01").exit_code == 1
    assert ask(tmp_path, "hold", "--reason", "case 3", "--until", "soon").exit_code == 1
    assert ask(tmp_path, "hold", "--reason", "case 3", "--until", "2099-01-01", "--person", "42").exit_code == 0
    (held,) = (json.loads(line) for line in ask(tmp_path, "holds", "--json").stdout.splitlines())
    assert (held["people"], held["reason"], held["until"]) == (["42"], "case 3", "2099-01-01")
    assert "42 (case 3" in ask(tmp_path, "holds").stdout
    assert ask(tmp_path, "lift", held["id"], "--reason", "settled").exit_code == 0
    assert ask(tmp_path, "holds").stdout == ""
    assert ask(tmp_path, "lift", held["id"], "--reason", "settled").exit_code == 1
