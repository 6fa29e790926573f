"""The regimes as data: they are read strictly, say how sure they are, and drafts count for nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.cases.notices import explaining, facts_file, schemas
from hedgerow.cases.notices.applying import applicable, law_of, without_residence
from hedgerow.cases.notices.codes import Code, Event
from hedgerow.cases.notices.counts import Count
from hedgerow.cases.notices.facts import Facts, Organisation, Residence
from hedgerow.cases.notices.languages import FOLDER as LANGUAGES
from hedgerow.cases.notices.loading import FOLDER, RuleSet, load, shipped
from hedgerow.cases.notices.problems import NoticeError, NoticeFileError
from hedgerow.cases.notices.rules import Period, Status, Verified

SMALLEST = """
id: XX
title: An act of Examplia
version: 2026-11-26
status: law
authority: {code: XDPA, name: the authority of Examplia}
places: [FR]
verified: "no"
sources: [{text: Nothing was read., how: memory}]
to_authority:
  test: {name: harm, question: Harm is likely.}
  limit: {amount: 72, unit: hours, from: aware}
""".lstrip()


def _load(folder: Path, **files: str) -> RuleSet:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return load(folder)


def _wrong(folder: Path, text: str) -> str:
    with pytest.raises(NoticeFileError) as caught:
        _load(folder, XX=text)
    return str(caught.value).replace(f"{folder}/", "")


def test_the_smallest_rule_is_read(tmp_path: Path) -> None:
    regime = _load(tmp_path, XX=SMALLEST).get("XX")
    assert regime.to_authority is not None
    assert isinstance(regime.to_authority.limit, Period)
    assert regime.verified is Verified.NO


@pytest.mark.parametrize(
    ("was", "instead", "said"),
    [
        ("unit: hours", "unit: hour", "XX.yaml:11:29: `hour` is not a word for `unit`; did you mean `hours`?"),
        ("amount: 72", "amount: soon", "XX.yaml:11:19: `amount` is a whole number"),
        ("from: aware", "from: awareness", "did you mean `aware`?"),
        ("status: law", "status: bill", "XX.yaml:4:9: `bill` is not a word for `status`"),
        ("places: [FR]", "places: [France]", "a place is a code of ISO 3166"),
        ("version: 2026-11-26", "version: yesterday", "write year, month and day"),
        ('verified: "no"', 'verified: "yes"', "XX.yaml:7:11: a source was not read"),
        ('verified: "no"', "verified: partly", "say what was not compared"),
        ("how: memory", "how: read", "say when `Nothing was read.` was read"),
        ("id: XX", "id: YY", "`YY` stands in XX.yaml"),
        ("id: XX", "id: XX\nid: XX", "stands here and at 1:1"),
        ("status: law", "status: law\ninherits: ZZ", "there is no regime `ZZ` to inherit from"),
        ("status: law", "status: law\ninherits: XX", "inherits from itself"),
        ("title: An act of Examplia\n", "", "`title` is missing in this regime"),
        ("limit: {amount: 72, unit: hours, from: aware}", "limit: soon", "write: "),
        ("to_authority:", "to_authorities:", "did you mean `to_authority`?"),
        ("status: law", "status: proposal\nenabled_from: 2027-01-01", "say which regime ends"),
        ("status: law", "status: law\ntime_zone: Mars/Olympus", "not a time zone of the tz database"),
        ("limit: {amount: 72, unit: hours, from: aware}", "fields: [ABC]", "`ABC` is not a word for `fields`"),
    ],
)
def test_a_wrong_rule_says_where_what_and_what_to_write(tmp_path: Path, was: str, instead: str, said: str) -> None:
    assert was in SMALLEST
    assert said in _wrong(tmp_path, SMALLEST.replace(was, instead, 1))


def test_every_mistake_of_every_file_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(NoticeFileError) as caught:
        _load(tmp_path, XX=SMALLEST.replace("law", "bill"), YY=SMALLEST.replace("id: XX", "id: YY\nmood: calm"))
    assert len(caught.value.reports) == 2


def test_an_empty_folder_and_an_empty_file_are_told(tmp_path: Path) -> None:
    with pytest.raises(NoticeError, match="holds 0 files"):
        load(tmp_path)
    assert "the file is empty" in _wrong(tmp_path, "\n")


def test_a_regime_that_inherits_takes_the_notices_and_not_what_they_rest_on(tmp_path: Path) -> None:
    child = "\n".join(
        line for line in SMALLEST.replace("id: XX", "id: YY\ninherits: XX").split("\n") if not line.startswith("  ")
    ).replace("to_authority:", "")
    rules = _load(tmp_path, XX=SMALLEST, YY=child)
    assert rules.get("YY").to_authority == rules.get("XX").to_authority
    with pytest.raises(NoticeFileError, match="`sources` is missing"):
        _load(tmp_path, YY=child.replace("sources: [{text: Nothing was read., how: memory}]\n", ""))


def test_a_proposal_counts_only_from_its_dated_switch_and_then_instead_of_the_law(tmp_path: Path) -> None:
    later = SMALLEST.replace("id: XX", "id: YY").replace("status: law", "status: proposal\nreplaces: XX")
    rules = _load(tmp_path, XX=SMALLEST, YY=later)
    assert [r.id for r in rules.in_force(date(2099, 1, 1))] == ["XX"]
    rules = _load(tmp_path, YY=later.replace("replaces", "enabled_from: 2027-06-01\nreplaces"))
    assert [r.id for r in rules.in_force(date(2027, 5, 31))] == ["XX"]
    assert [r.id for r in rules.in_force(date(2027, 6, 1))] == ["YY"]


def test_no_shipped_proposal_counts() -> None:
    rules = shipped()
    assert rules.get("EU_NEXT").status is Status.PROPOSAL
    assert "EU_NEXT" not in {r.id for r in rules.in_force(date(2099, 1, 1))}
    assert "EU" in {r.id for r in rules.in_force(date(2026, 11, 26))}


def test_every_shipped_rule_says_where_it_comes_from_and_how_sure_it_is() -> None:
    for regime in shipped().regimes.values():
        assert regime.sources, regime.id
        if regime.verified is not Verified.YES:
            assert regime.unverified, regime.id
        if all(s.how in {"memory", "summary"} for s in regime.sources):
            assert regime.verified is Verified.NO, regime.id


def test_the_regimes_of_the_reference_are_there_and_those_left_out_are_not() -> None:
    known = set(shipped().regimes)
    assert known >= {"EU", "EU_NEXT", "UK", "NZ", "CA", "QC", "AU", "SG", "HK", "CH", "MX", "CO", "AR"}
    assert known >= {"JE", "GG", "MC", "IL", "MA", "US_CA"}
    assert not known & {"BR", "JP", "KR"}


def test_the_digest_changes_with_every_word(tmp_path: Path) -> None:
    before = _load(tmp_path, XX=SMALLEST).digest
    assert _load(tmp_path, XX=SMALLEST.replace("is likely", "is probable")).digest != before


def test_a_regime_there_is_not_is_told_with_the_one_that_was_meant() -> None:
    with pytest.raises(NoticeError, match="did you mean NZ"):
        shipped().get("NZZ")


@pytest.mark.parametrize("name", schemas.SCHEMAS)
def test_the_published_schemas_are_current(name: str) -> None:
    published = (schemas.FOLDER / f"{name}.json").read_text(encoding="utf-8")
    assert published == schemas.text(name), f"run: hedgerow notices schema {name} > {schemas.FOLDER / name}.json"
    jsonschema.Draft202012Validator.check_schema(json.loads(published))


class _AsInJson(yaml.SafeLoader):
    """YAML without dates, which JSON does not have."""


_AsInJson.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("regime", sorted(FOLDER.glob("*.yaml"))),
        ("language", sorted(LANGUAGES.glob("*/pack.yaml"))),
        ("case", sorted((Path(__file__).parent.parent / "cases" / "notices").glob("*/facts.yaml"))),
    ],
)
def test_the_schemas_accept_what_ships_and_every_golden_case(name: str, files: list[Path]) -> None:
    assert files
    validator = jsonschema.Draft202012Validator(json.loads(schemas.text(name)))
    for file in files:
        value = yaml.load(file.read_text(encoding="utf-8"), Loader=_AsInJson)  # noqa: S506 - a SafeLoader
        if name == "regime" and "inherits" in value:
            continue  # what is inherited stands in the other file
        assert [e.message for e in validator.iter_errors(value)] == [], file


def test_the_reference_page_names_every_regime_and_every_code() -> None:
    page = explaining.page(shipped())
    assert [r for r in shipped().regimes if f"\n## {r}\n" not in page] == []
    assert [c for c in Code if f"| `{c}` |" not in page] == []


# --- which regimes a case comes under


def _facts(*residences: tuple[str, int, int], **organisation: object) -> Facts:
    return Facts(
        "case",
        organisation=replace(Organisation(), **organisation),  # type: ignore[arg-type]
        residences=tuple(Residence(p, Count(low, high, "account")) for p, low, high in residences),
    )


def _ids(facts: Facts) -> list[str]:
    return [a.regime.id for a in applicable(shipped().in_force(date(2026, 11, 26)), facts)]


def test_places_of_residence_and_establishment_bring_regimes_in() -> None:
    assert _ids(_facts(("NZ", 3, 3))) == ["NZ"]
    assert _ids(_facts(established_in=("GB",))) == ["UK"]
    assert _ids(_facts(("US-TX", 5, 5), ("BR", 9, 9))) == []


def test_a_range_that_may_be_nobody_still_counts_and_nobody_does_not() -> None:
    assert _ids(_facts(("NZ", 0, 4))) == ["NZ"]
    assert _ids(_facts(("NZ", 0, 0))) == []


def test_a_part_of_a_country_is_under_the_country_and_not_the_other_way_round() -> None:
    assert _ids(_facts(("CA-QC", 2, 2))) == ["CA", "QC"]
    assert _ids(_facts(("CA", 2, 2))) == ["CA"]
    assert _ids(_facts(("US", 2, 2))) == []


def test_a_main_establishment_leads_in_europe_and_without_one_each_authority_is_told() -> None:
    members = (("DE", 5, 9), ("FR", 10, 10), ("NO", 1, 1))
    led = applicable([shipped().get("EU")], _facts(*members, established_in=("FR",), main_establishment="FR"))[0]
    assert [a.place for a in led.authorities] == ["FR"]
    assert "one-stop shop" in led.notes[0]
    alone = applicable([shipped().get("EU")], _facts(*members))[0]
    assert [a.place for a in alone.authorities] == ["DE", "FR", "NO"]
    assert alone.people == Count(16, 20, "account")
    assert "no one-stop shop" in alone.notes[0]
    unnamed = applicable([shipped().get("EU")], _facts(*members, established_in=("FR",)))[0]
    assert "no main establishment is named" in unnamed.notes[0]


def test_the_law_of_the_first_event_is_asked() -> None:
    facts = replace(_facts(), events={Event.AWARE: datetime(2025, 12, 31, 12, tzinfo=UTC)})
    assert law_of(facts, date(2026, 3, 1)) == date(2025, 12, 31)
    assert "US_CA" not in {r.id for r in shipped().in_force(law_of(facts, date(2026, 3, 1)))}
    assert law_of(_facts(), date(2026, 3, 1)) == date(2026, 3, 1)


@given(st.lists(st.tuples(st.sampled_from(["FR", "NZ", "CA-QC", "BR"]), st.integers(0, 99), st.integers(0, 99))))
def test_people_without_a_place_are_never_forgotten(found: list[tuple[str, int, int]]) -> None:
    facts = _facts(*{p: (p, min(a, b), max(a, b)) for p, a, b in found}.values())
    total = sum(r.people.high for r in facts.residences)
    facts = replace(facts, people=facts.people.superseded_by(Count(0, total, "x"), datetime.now(UTC), "x"))
    assert without_residence(facts) == total - sum(r.people.low for r in facts.residences)


# --- a case's file


def test_a_wrong_case_says_where_what_and_what_to_write() -> None:
    text = b"""reference: case-1
events: {aware: 2026-11-26T18:00:00}
people: [{low: 9, high: 3, method: x, at: 2026-11-26T18:00:00Z, by: D}]
residences: [{place: Paris, low: 1, method: x}]
answers: {Q1: maybe}
kind: []
"""
    with pytest.raises(NoticeFileError) as caught:
        facts_file.case_of(text, "case.yaml")
    said = str(caught.value)
    assert "case.yaml:2:17: `aware: 2026-11-26T18:00:00`: say the time zone" in said
    assert "case.yaml:4:22: `place: Paris`" in said
    assert "case.yaml:5:15: `maybe` is not a word for `Q1`" in said
    assert "did you mean `kinds`?" in said
    with pytest.raises(NoticeFileError, match="from low to high"):
        facts_file.case_of(b"reference: c\nrecords: {low: 9, high: 3, method: x}\n")


def test_a_figure_without_a_reason_cannot_replace_another() -> None:
    line = "  - {{low: {}, method: x, at: 2026-11-26T18:00:00Z, by: D}}\n"
    figures = "people:\n" + line.format(9) + line.format(8)
    with pytest.raises(NoticeFileError, match="say why 8 replaces 9"):
        facts_file.case_of(f"reference: c\n{figures}\n".encode())


@settings(max_examples=200)
@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda t: f"reference: c\nnarrative: {t}".encode()))
def test_whatever_stands_in_a_file_ends_in_facts_or_in_a_clear_error(text: bytes) -> None:
    try:
        facts_file.case_of(text)
    except NoticeFileError as e:
        assert e.reports[0].problems  # noqa: PT017 - either outcome is right
