"""Golden cases: given these facts, these duties, dates and contents. The files are written to be read by a lawyer.

`facts.yaml` is a case as an operator writes it. `expected.yaml` says in words what it shows, and for one or more
moments every duty with its clock on the wall of the authority's seat. Dates there were reckoned by hand.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from hedgerow.cases.notices.codes import Duty
from hedgerow.cases.notices.contents import authority_form
from hedgerow.cases.notices.duties import Owed
from hedgerow.cases.notices.facts_file import read_case
from hedgerow.cases.notices.languages import language, languages
from hedgerow.cases.notices.loading import shipped
from hedgerow.cases.notices.people_notice import draft
from hedgerow.cases.notices.plan import Plan, plan
from hedgerow.cases.notices.printing import case_of
from hedgerow.cases.notices.register import entry
from hedgerow.cases.notices.rules import Status

FOLDER = Path(__file__).parent.parent / "cases" / "notices"
CASES = sorted(p for p in FOLDER.iterdir() if p.is_dir())
SHOWN = ("notify", "no-notice", "edge")


def _wall(at: datetime | None, zone: str) -> str | None:
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S} {zone}" if at else None


def _as_written(o: Owed) -> dict[str, Any]:
    """One duty in the form of `expected.yaml`; what is usual is left out there."""
    said: dict[str, Any] = {"regime": o.regime.id, "duty": o.duty.value, "standing": o.standing.value}
    if o.deadline.due:
        said["by"] = _wall(o.deadline.due, o.zone)
    if o.deadline.expected:
        said["expected_by"] = _wall(o.deadline.expected, o.zone)
    if o.overdue:
        said["overdue"] = True
    if o.late.value != "no":
        said["late"] = o.late.value
    return said


def _sorted(duties: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(duties, key=lambda d: (d["regime"], d["duty"]))


def _duty(found: Plan, regime: str, duty: Duty) -> Owed:
    owed = found.duty(regime, duty)
    assert owed is not None
    return owed


@pytest.mark.parametrize("folder", CASES, ids=lambda p: p.name)
def test_the_case_asks_for_these_duties_by_these_dates_with_these_contents(folder: Path) -> None:
    facts, records = read_case(folder / "facts.yaml")
    expected = yaml.safe_load((folder / "expected.yaml").read_text(encoding="utf-8"))
    assert len(expected["says"].split()) > 8, "say in words what the case shows"
    for moment in expected["moments"]:
        found = plan(shipped(), facts, records, moment["now"])
        assert _sorted([_as_written(o) for o in found.duties]) == _sorted(moment["duties"])
        cases = {a.regime.id: case_of(found, a, facts, records) for a in found.applies}
        for regime, missing in moment.get("authority_missing", {}).items():
            assert sorted(authority_form(cases[regime]).missing) == sorted(missing), regime
        for regime, missing in moment.get("people_missing", {}).items():
            for code in languages():
                written = draft(cases[regime], language(code))
                assert sorted(written.missing) == sorted(missing), (regime, code)
                assert written.reading.easy_enough, (regime, code, written.reading)
                assert written.forbidden == (), (regime, code)
        for regime, keep in moment.get("keep_until", {}).items():
            until = entry(cases[regime], found.rules).keep_until
            assert (until.isoformat() if until else "none") == str(keep), regime
        for regime, places in moment.get("authorities", {}).items():
            assert [a.place for a in cases[regime].applies.authorities] == places
        for regime, hint in moment.get("hints", {}).items():
            hints = [h for o in found.duties if o.regime.id == regime for h in o.hints]
            assert any(hint in h for h in hints), hints
        for regime, owed in moment.get("follow_ups", {}).items():
            follow = _duty(found, regime, Duty.AUTHORITY).follow_up
            assert follow is not None
            assert {
                "open": [c.value for c in follow.open],
                "due": follow.due,
                "rests_on": follow.rests_on,
                "overdue": follow.overdue,
            } == owed


def test_every_regime_that_counts_has_a_case_with_notice_one_without_and_one_at_the_edge() -> None:
    there = {p.name for p in CASES}
    counting = [r.id.lower() for r in shipped().regimes.values() if r.status is not Status.PROPOSAL]
    assert len(counting) > 15
    assert [f"{r}-{kind}" for r in counting for kind in SHOWN if f"{r}-{kind}" not in there] == []


def test_a_case_at_the_edge_asks_for_its_own_regime() -> None:
    for folder in CASES:
        regime = folder.name.rsplit("-", 1)[0].removesuffix("-no").upper()
        if regime in shipped().regimes:
            facts, records = read_case(folder / "facts.yaml")
            moment = yaml.safe_load((folder / "expected.yaml").read_text(encoding="utf-8"))["moments"][0]["now"]
            found = plan(shipped(), facts, records, moment)
            assert regime in {a.regime.id for a in found.applies}, folder.name


def test_many_countries_are_one_plan_in_which_nothing_is_decided_for_anybody() -> None:
    facts, records = read_case(FOLDER / "many-countries" / "facts.yaml")
    found = plan(shipped(), facts, records, datetime.fromisoformat("2026-06-06T08:00:00Z"))
    assert {o.standing.value for o in found.duties if o.test} == {"to_decide"}
    said = "\n".join(found.notes)
    assert "the authority of FR leads; those of DE, NO are concerned" in said
    assert "where up to 294 people live is not recorded" in said
    assert "CA and QC" in said
