"""`hedgerow backtest`: two policies on the same past."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from audit_logs import harvest, visitors, write
from hedgerow.audit.recorded import since
from hedgerow.cli import app

pytest.importorskip("hedgerow._engine")

POLICY = """
sites:
  - name: club
    upstream: http://127.0.0.1:3000
    people:
      fields: {name: basic, town: personal}
      routes: [{path: "/members/{person}", name: member, kind: profile, person: path}]
"""
STRICT = POLICY + "    budgets: {stranger: {address: {personal: 2/day}}}\n"


def _run(*words: str | Path) -> Any:
    return CliRunner().invoke(app, ["backtest", *(str(w) for w in words)])


@pytest.fixture
def policies(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "now.yaml").write_text(POLICY)
    (tmp_path / "strict.yaml").write_text(STRICT)
    return tmp_path / "now.yaml", tmp_path / "strict.yaml"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return write(
        tmp_path / "a.log", harvest(visitors(8, people=150, count=150), people=150, addresses=10, each=8).ordered()
    )


def test_a_stricter_policy_withholds_more_and_says_from_whom(
    tmp_path: Path, policies: tuple[Path, Path], log: Path
) -> None:
    now, strict = policies
    done = _run(strict, "--log", log, "--against", now, "--state", tmp_path / "none", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["tried"]["withheld"] > found["in_force"]["withheld"]
    assert found["stricter"] > 0
    assert found["milder"] == 0
    assert found["tried"]["touched"]["likely_people"] > found["in_force"]["touched"]["likely_people"]
    assert "cannot say who is a person" in found["caveat"]
    words = _run(strict, "--log", log, "--against", now, "--state", tmp_path / "none")
    assert "difference" in words.output
    assert "likely people" in words.output


def test_a_policy_against_itself_is_the_same(tmp_path: Path, policies: tuple[Path, Path], log: Path) -> None:
    done = _run(policies[0], "--log", log, "--state", tmp_path / "none", "--json")
    found = json.loads(done.stdout)
    assert found["in_force"] == found["tried"]
    assert found["changed"] == []
    assert found["compared_with"] == "the defaults, with the same people map"


def test_recorded_traffic_is_tried_from_the_ledger(tmp_path: Path, policies: tuple[Path, Path], log: Path) -> None:
    now, strict = policies
    state = tmp_path / "state"
    audited = CliRunner().invoke(app, ["audit", str(log), "--map", str(now), "--ledger", "--out", str(state)])
    assert audited.exit_code == 0, audited.output
    done = _run(strict, "--since", "100000d", "--state", state, "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["disclosures"] > 400
    assert found["tried"]["people_masked"] > found["in_force"]["people_masked"]
    both = json.loads(_run(strict, "--since", "100000d", "--state", state, "--against", strict, "--json").stdout)
    assert both["in_force"] == both["tried"]
    words = _run(strict, "--since", "100000d", "--state", state)
    assert "as it was recorded" in words.output
    assert "difference" in words.output


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--log", "/nowhere.log"], 1, "is no file"),
        (["--since", "yesterday"], 1, "write 7d, 24h or 90m"),
        (["--since", "7d"], 1, "no ledger"),
        (["--since", "7d", "--log", "/nowhere.log"], 2, "--since is for recorded traffic"),
        (["--site", "other"], 1, "--site"),
    ],
)
def test_a_mistake_is_answered_with_what_to_do(
    tmp_path: Path, policies: tuple[Path, Path], words: list[str], code: int, said: str
) -> None:
    done = _run(policies[0], *words, "--state", tmp_path / "none")
    assert done.exit_code == code
    assert said in done.output


def test_a_time_is_read_in_days_hours_and_minutes() -> None:
    assert since("7d", 10_000_000) == (10_000_000 - 7 * 86_400) * 1000
    assert since("90m", 10_000) == 4_600_000
    for wrong in ("", "7", "d", "-1d", "7w", "1.5h"):
        with pytest.raises(ValueError, match="write 7d"):
            since(wrong, 10_000_000)
