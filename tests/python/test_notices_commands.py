"""`hedgerow notices`: what it prints, and with which exit code it ends."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from hedgerow.cases.notices import schemas
from hedgerow.cases.notices.plan import remaining
from hedgerow.cli import app

CASES = Path(__file__).parent.parent / "cases" / "notices"
run = CliRunner().invoke


def test_regimes_lists_each_with_version_and_whether_it_was_verified() -> None:
    said = run(app, ["notices", "regimes"])
    assert said.exit_code == 0
    assert "CH        law        yes       2026-11-26" in said.stdout
    assert "a draft: counts for nothing until it is law" in said.stdout
    assert "Not legal advice" in said.stdout
    listed = json.loads(run(app, ["notices", "regimes", "--json"]).stdout)
    assert {r["id"]: r["verified"] for r in listed}["CO"] == "no"


@pytest.mark.parametrize("name", ["US_CA", "us-ca"])
def test_explain_says_what_is_asked_where_it_comes_from_and_what_was_not_verified(name: str) -> None:
    said = run(app, ["notices", "explain", name]).stdout
    assert "by when: 30 days after discovery" in said
    assert "501 people meet the test alone" in said
    assert "Not verified" in said
    assert "[summary, 2026-11-26]" in said


def test_explain_of_a_regime_there_is_not_ends_with_the_one_that_was_meant() -> None:
    said = run(app, ["notices", "explain", "UKK"])
    assert said.exit_code == 1
    assert "did you mean UK" in said.stderr


def test_plan_shows_what_waits_and_by_when_on_the_clock_of_the_authority() -> None:
    said = run(app, ["notices", "plan", str(CASES / "many-countries" / "facts.yaml"), "--now", "2026-06-06T08:00:00Z"])
    assert said.exit_code == 0, said.stderr
    assert "by 2026-06-08 14:00:00 Europe/Paris (2 d 4 h left)" in said.stdout
    assert "Is a risk to people's rights and freedoms more than unlikely?" in said.stdout
    assert "one-stop shop" in said.stdout


def test_plan_as_json_is_one_document_with_every_duty() -> None:
    file = str(CASES / "sg-edge" / "facts.yaml")
    said = run(app, ["notices", "plan", file, "--now", "2026-05-11T16:00:00Z", "--json"])
    data = json.loads(said.stdout)
    authority = next(d for d in data["duties"] if d["duty"] == "authority")
    assert authority["due"] == "2026-05-11T15:59:59Z"
    assert authority["local"] == "2026-05-11T23:59:59+08:00"
    assert (authority["overdue"], authority["late"]) == (True, "reason_given")
    assert data["regimes"][0]["people_notice"]["fr"]["reading"]["formula"] == "Kandel and Moles"
    assert data["warning"].startswith("Not legal advice")


@pytest.mark.parametrize("folder", sorted(p.name for p in CASES.iterdir()))
def test_every_golden_case_can_be_planned_in_words_and_without_a_moment(folder: str) -> None:
    said = run(app, ["notices", "plan", str(CASES / folder / "facts.yaml")])
    assert said.exit_code == 0, said.stderr


def test_a_wrong_file_says_its_lines_and_a_missing_one_its_name(tmp_path: Path) -> None:
    wrong = tmp_path / "case.yaml"
    wrong.write_text("reference: c\nevent: {}\n", encoding="utf-8")
    said = run(app, ["notices", "plan", str(wrong)])
    assert said.exit_code == 1
    assert "case.yaml:2:1: `event` is not known in `case`; did you mean `events`?" in said.stderr
    said = run(app, ["notices", "plan", str(tmp_path / "none.yaml")])
    assert said.exit_code == 1
    assert "none.yaml: No such file" in said.stderr


@pytest.mark.parametrize("moment", ["yesterday", "2026-06-06T08:00:00"])
def test_a_moment_without_a_zone_is_refused(moment: str) -> None:
    said = run(app, ["notices", "plan", str(CASES / "sg-edge" / "facts.yaml"), "--now", moment])
    assert said.exit_code == 1
    assert "is not a moment with a time zone" in said.stderr


def test_the_schema_of_a_case_is_printed_and_there_are_no_others_than_named() -> None:
    printed = run(app, ["notices", "schema"]).stdout
    assert printed == schemas.text("case")
    jsonschema.Draft202012Validator.check_schema(json.loads(printed))
    said = run(app, ["notices", "schema", "letter"])
    assert said.exit_code == 1
    assert "case, regime, language" in said.stderr


@pytest.mark.parametrize(
    ("until", "said"),
    [
        ("2026-06-03T12:40:00", "40 min left"),
        ("2026-06-03T07:00:00", "5 h 0 min late"),
        ("2026-06-05T15:00:00", "2 d 3 h left"),
    ],
)
def test_what_remains_is_said_in_words(until: str, said: str) -> None:
    now = datetime(2026, 6, 3, 12, tzinfo=UTC)
    assert remaining(datetime.fromisoformat(until).replace(tzinfo=UTC), now) == said


def test_the_case_of_the_how_to_is_read_and_its_decision_counts(tmp_path: Path) -> None:
    page = (Path(__file__).parent.parent.parent / "docs" / "how-to" / "plan-notices.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 5
    file = tmp_path / "case.yaml"
    file.write_text("\n".join(blocks[:4]), encoding="utf-8")
    said = run(app, ["notices", "plan", str(file), "--now", "2026-04-01T00:00:00Z", "--json"])
    assert said.exit_code == 0, said.stderr
    told = next(d for d in json.loads(said.stdout)["duties"] if (d["regime"], d["duty"]) == ("NZ", "authority"))
    assert told["decided_by"] == "Dana Example"
    assert told["follow_up"]["due"] == "2026-04-10"
    changed = re.sub(r"^people:\n.*\n", blocks[4], blocks[0], flags=re.MULTILINE)
    file.write_text(changed, encoding="utf-8")
    said = run(app, ["notices", "plan", str(file), "--now", "2026-04-01T00:00:00Z"])
    assert said.exit_code == 0, said.stderr
