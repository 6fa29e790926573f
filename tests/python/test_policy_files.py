"""Policies that are right compile; policies that are wrong say where, what, and what to write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.policy import PolicyError, Problem, load_file, load_text
from hedgerow.policy.schema import FILE, schema, text
from hedgerow.policy.source import MAX_BYTES

FOLDER = Path(__file__).parent / "policies"
GOOD = sorted((FOLDER / "good").glob("*.yaml"))
BAD = sorted((FOLDER / "bad").glob("*.yaml"))

SMALLEST = b"sites:\n  - name: club\n    upstream: http://127.0.0.1:3000\n"


def _named(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("file", GOOD, ids=_named)
def test_a_good_policy_compiles_to_json(file: Path) -> None:
    tables = load_file(file).tables
    assert json.loads(json.dumps(tables)) == tables
    assert tables["format"] == 1


@pytest.mark.parametrize("file", BAD, ids=_named)
def test_a_bad_policy_says_where_what_and_what_to_write(file: Path) -> None:
    with pytest.raises(PolicyError) as caught:
        load_file(file)
    said = "\n".join(str(p) for p in sorted(caught.value.report.problems, key=lambda p: p.place))
    assert said == file.with_suffix(".expected").read_text().rstrip("\n")


def test_there_are_bad_policies_enough_and_each_has_its_message() -> None:
    assert len(BAD) >= 30
    assert {f.stem for f in BAD} == {f.stem for f in (FOLDER / "bad").glob("*.expected")}


def test_all_mistakes_are_said_at_once() -> None:
    with pytest.raises(PolicyError) as caught:
        load_text(b"listen: nowhere\nsites:\n  - name: A B\n    upstream: ftp://x\n    mood: calm\n")
    assert [p.place.line for p in caught.value.report.problems] == [1, 3, 4, 5]


def test_the_published_schema_is_current() -> None:
    assert FILE.read_text(encoding="utf-8") == text(), "run: hedgerow schema > src/hedgerow/policy/schema.json"
    jsonschema.Draft202012Validator.check_schema(schema())


# Built once: jsonschema's own `validate` checks the schema anew each time, and ours is long.
VALIDATOR = jsonschema.Draft202012Validator(schema())


@pytest.mark.parametrize("file", GOOD, ids=_named)
def test_the_schema_accepts_what_the_compiler_accepts(file: Path) -> None:
    VALIDATOR.validate(yaml.safe_load(file.read_text()))


# What only the compiler sees: it reads words, places and what belongs together; a schema sees types and names.
SCHEMA_REFUSES = {
    "budget-level",
    "budget-standing",
    "flag",
    "ladder-range",
    "misspelt-setting",
    "mode-as-list",
    "no-sites",
    "no-upstream",
    "person-both-ways",
    "person-misspelt",
    "route-without-kind",
    "show-word",
    "signal-unknown",
    "signal-weight",
    "sites-not-a-list",
    "tls-without-key",
    "unknown-sensitivity",
    "unknown-setting",
    "wrong-mode",
}


@pytest.mark.parametrize("name", sorted(SCHEMA_REFUSES))
def test_the_schema_refuses_wrong_names_and_types_in_the_editor_already(name: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(yaml.safe_load((FOLDER / "bad" / f"{name}.yaml").read_text()))


def test_a_file_that_is_too_long_is_not_read() -> None:
    with pytest.raises(PolicyError, match="at most"):
        load_text(b"#" * (MAX_BYTES + 1))


def test_a_file_that_is_not_utf8_says_at_which_place() -> None:
    with pytest.raises(PolicyError, match=r"2:4: the file is not UTF-8"):
        load_text(b"a: 1\nb: \xff\n")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_bring_the_reader_down(junk: bytes) -> None:
    with pytest.raises(PolicyError):
        load_text(junk)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="{}[]:,-&*!|>'\"%@`#? \n\tabc019.<", max_size=120))
def test_no_yaml_below_a_site_brings_the_reader_down(junk: str) -> None:
    problems: list[Problem] = []
    try:
        load_text(SMALLEST + b"    people: " + junk.encode())
    except PolicyError as e:
        problems = e.report.problems
    assert all(p.place.line >= 1 and p.place.column >= 1 for p in problems)


def _sites(text_: bytes) -> list[dict[str, Any]]:
    tables = load_text(text_).tables["sites"]
    assert isinstance(tables, list)
    return tables


def test_what_is_written_is_laid_over_the_defaults_cell_by_cell() -> None:
    site = _sites(SMALLEST + b"    budgets: {stranger: {session: {contact: 1/day}}}\n    signals: {enumeration: 0}\n")[
        0
    ]
    cells = {(b["standing"], b["level"], b["sensitivity"]): b for b in site["budgets"]}
    assert cells["stranger", "session", "contact"]["day"] == 1
    assert cells["stranger", "session", "contact"]["hour"] is None
    assert cells["stranger", "session", "personal"]["day"] == 60
    assert "enumeration" not in dict(site["signals"])
    assert dict(site["signals"])["bait_taken"] == 100


def test_special_fields_are_never_shown_to_strangers_by_default() -> None:
    site = _sites(SMALLEST)[0]
    never = dict(site["enforcement"]["never"])
    for standing in ("stranger", "proven", "automation", "search_engine", "preview", "new_member"):
        assert never[standing] & 8, standing


def test_the_default_of_one_address_is_two_percent_of_five_thousand_people() -> None:
    cells = {(b["standing"], b["level"], b["sensitivity"]): b for b in _sites(SMALLEST)[0]["budgets"]}
    for standing in ("stranger", "proven", "automation"):
        assert cells[standing, "address", "personal"]["day"] <= 100
        day = cells[standing, "address", "contact"]["day"] or 0
        assert day <= 15


def test_a_text_browser_that_only_reads_never_reaches_a_challenge() -> None:
    site = _sites(SMALLEST)[0]
    weights = dict(site["signals"])
    innocent = ["profile_only_diet", "no_subresources", "cookie_not_kept", "asks_beyond_budget"]
    assert sum(weights[s] for s in innocent) < site["ladder"]["prove_at"]


def test_a_json_path_compiles_to_the_engines_steps() -> None:
    site = json.loads(json.dumps(load_file(FOLDER / "good" / "everything.yaml").tables))["sites"][0]
    assert site["routes"][1]["person"]["json"]["item"] == [
        {"name": "all people"}, {"index": 0}, {"name": "list"}, "each",
    ]  # fmt: skip
    assert site["trusted_hops"] == ["10.1.2.3/32", "fd00::/8"]
    assert site["headers"]["ja4"] == "x-ja4"
