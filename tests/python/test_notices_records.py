"""Decisions, filings, figures, the register, the worksheet and the European form: a person decides, nothing is lost."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.cases.notices import european_form, filings, register
from hedgerow.cases.notices.codes import Code, Duty, Event
from hedgerow.cases.notices.contents import State, authority_form
from hedgerow.cases.notices.counts import Count, Figures
from hedgerow.cases.notices.decisions import Decision, LateReason, Outcome, faults
from hedgerow.cases.notices.duties import Late, Records, Standing
from hedgerow.cases.notices.evidence import Affected, suggestions
from hedgerow.cases.notices.facts import Certainty, Facts, Kind
from hedgerow.cases.notices.filings import Filing
from hedgerow.cases.notices.filings import Kind as Sent
from hedgerow.cases.notices.loading import shipped
from hedgerow.cases.notices.plan import plan
from hedgerow.cases.notices.printing import case_of
from hedgerow.cases.notices.problems import NoticeError
from hedgerow.cases.notices.register import entry
from hedgerow.cases.notices.severity import severity
from hedgerow.cases.notices.worksheet import QUESTIONS, Answer, follows
from notices_cases import AWARE, FACTS, NOW, case, signed

EU = shipped().get("EU")


def _standing(records: Records, duty: Duty = Duty.AUTHORITY, now: datetime = NOW) -> Standing:
    owed = plan(shipped(), FACTS, records, now).duty("EU", duty)
    assert owed is not None
    return owed.standing


# --- decisions


def test_a_duty_stays_undecided_until_a_person_signs_with_reasons() -> None:
    good = signed("EU", Duty.AUTHORITY)
    assert _standing(Records()) is Standing.TO_DECIDE
    assert _standing(Records(decisions=(good,))) is Standing.TO_DO
    for bad in (
        replace(good, decided_by=" "),
        replace(good, reasons="no risk"),
        replace(good, factors={}),
        replace(good, factors={**good.factors, "mood": "calm"}),
        replace(good, decided_at=NOW + timedelta(seconds=1)),
    ):
        assert _standing(Records(decisions=(bad,))) is Standing.TO_DECIDE


def test_a_decision_that_does_not_count_says_what_it_lacks() -> None:
    said = " ".join(faults(replace(signed("EU", Duty.AUTHORITY), factors={}, decided_by="", reasons=""), EU))
    assert "not signed" in said
    assert "no reasons" in said
    assert "does not go into: kind_of_breach" in said
    assert faults(signed("EU", Duty.AUTHORITY), shipped().get("MX")) == [
        "the decision on MX, authority: the regime knows no such notice"
    ]


def test_the_latest_decision_holds_and_the_earlier_one_stays() -> None:
    first = signed("EU", Duty.AUTHORITY, Outcome.DO_NOT_NOTIFY, NOW - timedelta(hours=2))
    second = signed("EU", Duty.AUTHORITY, Outcome.NOTIFY, NOW - timedelta(hours=1))
    records = Records(decisions=(second, first))
    assert _standing(records) is Standing.TO_DO
    assert _standing(records, now=NOW - timedelta(minutes=90)) is Standing.NOT_DUE
    assert records.decisions == (second, first)


@given(
    answers=st.dictionaries(st.sampled_from(sorted(QUESTIONS)), st.sampled_from(["yes", "no", "unknown"])),
    people=st.integers(0, 10**9),
    hours=st.integers(0, 2_000),
)
def test_no_facts_whatever_decide_a_duty(answers: dict[str, str], people: int, hours: int) -> None:
    facts = replace(
        FACTS, answers=answers, people=Figures().superseded_by(Count(people, people, "x"), AWARE, "x"), severity="high"
    )
    found = plan(shipped(), facts, Records(), AWARE + timedelta(hours=hours))
    assert {o.standing for o in found.duties if o.test} == {Standing.TO_DECIDE}


def test_a_decision_on_a_regime_there_is_not_is_an_error() -> None:
    with pytest.raises(NoticeError, match="no regime `ZZ`"):
        plan(shipped(), FACTS, Records(decisions=(replace(signed("EU", Duty.AUTHORITY), regime="ZZ"),)), NOW)


def test_the_plan_needs_a_moment_with_a_time_zone() -> None:
    with pytest.raises(NoticeError, match="time zone"):
        plan(shipped(), FACTS, Records(), datetime(2026, 6, 3))  # noqa: DTZ001


def test_what_is_recorded_for_later_is_not_counted_yet() -> None:
    found = plan(shipped(), FACTS, Records(), AWARE - timedelta(seconds=1))
    owed = found.duty("EU", Duty.AUTHORITY)
    assert owed is not None
    assert owed.deadline.started is None
    assert any("later than now" in note for note in found.notes)


def test_the_first_signed_notice_is_a_determination_where_none_was_recorded() -> None:
    facts = replace(FACTS, residences=(replace(FACTS.residences[0], place="SG"),))
    signed_at = datetime(2026, 6, 2, 4, tzinfo=UTC)
    records = Records(decisions=(signed("SG", Duty.AUTHORITY, at=signed_at),))
    owed = plan(shipped(), facts, records, NOW).duty("SG", Duty.AUTHORITY)
    assert owed is not None
    assert owed.deadline.started == signed_at
    recorded = replace(facts, events={**facts.events, Event.DETERMINATION: AWARE})
    owed = plan(shipped(), recorded, records, NOW).duty("SG", Duty.AUTHORITY)
    assert owed is not None
    assert owed.deadline.started == AWARE


def test_the_most_urgent_comes_first_and_the_register_last() -> None:
    waiting = plan(shipped(), FACTS, Records(), NOW).next()
    assert waiting[0].mandatory
    assert [o.duty for o in waiting[-2:]] == [Duty.REGISTER, Duty.REGISTER]


# --- filings


def _first(**changed: object) -> Filing:
    whole = Filing("EU", Duty.AUTHORITY, Sent.FIRST, NOW, "Dana Example", (Code.CIR,), (Code.DNR, Code.CAU))
    return replace(whole, **changed)  # type: ignore[arg-type]


def test_what_a_first_notice_leaves_open_is_owed_until_it_is_given() -> None:
    later = NOW + timedelta(days=30)
    owed = filings.follow_up((_first(),), "EU", Duty.AUTHORITY, NOW)
    assert owed is not None
    assert owed.open == (Code.DNR, Code.CAU)
    assert (owed.due, owed.rests_on, owed.overdue) == (date(2026, 6, 17), "house rule", False)
    overdue = filings.follow_up((_first(promised=date(2026, 6, 10)),), "EU", Duty.AUTHORITY, later)
    assert overdue is not None
    assert (overdue.due, overdue.rests_on, overdue.overdue) == (date(2026, 6, 10), "promised", True)
    half = (_first(), _first(kind=Sent.SUPPLEMENT, at=later, given=(Code.DNR,), open=()))
    left = filings.follow_up(half, "EU", Duty.AUTHORITY, later)
    assert left is not None
    assert left.open == (Code.CAU,)
    whole = (*half, _first(kind=Sent.SUPPLEMENT, at=later, given=(Code.CAU,), open=()))
    assert filings.follow_up(whole, "EU", Duty.AUTHORITY, later) is None


def test_a_withdrawn_notice_owes_nothing_and_needs_its_reason() -> None:
    withdrawn = _first(kind=Sent.WITHDRAWAL, at=NOW + timedelta(days=1), reason="It was a drill of our own.")
    record = filings.added((_first(),), withdrawn)
    assert filings.follow_up(record, "EU", Duty.AUTHORITY, NOW + timedelta(days=99)) is None
    with pytest.raises(NoticeError, match="withdrawal needs its reason"):
        filings.added((_first(),), replace(withdrawn, reason=""))


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (_first(), "a second first notice"),
        (_first(kind=Sent.SUPPLEMENT, at=NOW - timedelta(hours=1)), "not in the order of their times"),
        (_first(kind=Sent.SUPPLEMENT, people=Count(9, 9, "x")), "9 replaces 8 without a reason"),
    ],
)
def test_a_filing_that_does_not_fit_is_refused(new: Filing, said: str) -> None:
    with pytest.raises(NoticeError, match=said):
        filings.added((_first(people=Count(8, 8, "x")),), new)


def test_a_supplement_without_a_first_notice_is_refused() -> None:
    with pytest.raises(NoticeError, match="the first filing is a supplement"):
        filings.added((), _first(kind=Sent.SUPPLEMENT))


def test_a_notice_sent_late_asks_for_a_reason_and_takes_one() -> None:
    late_at = AWARE + timedelta(hours=72, seconds=1)
    records = Records(
        decisions=(signed("EU", Duty.AUTHORITY, at=AWARE),), filings=(_first(at=late_at, open=(), given=()),)
    )
    now = late_at + timedelta(hours=1)
    owed = plan(shipped(), FACTS, records, now).duty("EU", Duty.AUTHORITY)
    assert owed is not None
    assert (owed.standing, owed.overdue, owed.late) == (Standing.DONE, False, Late.REASON_NEEDED)
    assert Code.LAT in authority_form(case(done=records, now=now)).missing
    reason = LateReason("EU", Duty.AUTHORITY, "The site of the authority was down.", "Dana Example", late_at)
    excused = replace(records, late_reasons=(reason,))
    owed = plan(shipped(), FACTS, excused, now).duty("EU", Duty.AUTHORITY)
    assert owed is not None
    assert owed.late is Late.REASON_GIVEN
    assert Code.LAT not in authority_form(case(done=excused, now=now)).missing


def test_a_notice_sent_without_a_decision_says_so() -> None:
    owed = plan(shipped(), FACTS, Records(filings=(_first(),)), NOW).duty("EU", Duty.AUTHORITY)
    assert owed is not None
    assert owed.standing is Standing.DONE
    assert any("without a signed decision" in h for h in owed.hints)


# --- figures


def test_figures_are_superseded_and_never_overwritten() -> None:
    first = Figures().superseded_by(Count(480, 620, "sketch"), AWARE, "Dana")
    both = first.superseded_by(Count(517, 517, "ledger"), NOW, "Dana", "the ledger was read in full")
    assert [str(f.count) for f in both.history] == ["480 to 620", "517"]
    assert first.history == both.history[:1]
    assert len(both.changes_of_method()) == 1
    said = "\n".join(authority_form(case(people=both)).contents[3].lines)
    assert "517 (ledger)" in said
    assert "replaces 480 to 620 (sketch)" in said
    with pytest.raises(NoticeError, match="say why"):
        first.superseded_by(Count(1, 1, "x"), NOW, "Dana")
    with pytest.raises(NoticeError, match="cannot replace a later one"):
        both.superseded_by(Count(1, 1, "x"), AWARE, "Dana", "why not")
    with pytest.raises(NoticeError, match="name"):
        Figures().superseded_by(Count(1, 1, "x"), NOW, " ")


@given(low=st.integers(0, 1000), more=st.integers(0, 1000), limit=st.integers(1, 2000))
def test_a_range_reaches_a_limit_surely_maybe_or_not(low: int, more: int, limit: int) -> None:
    count = Count(low, low + more, "x")
    reached = {low >= limit, low + more >= limit}
    assert count.reaches(limit) is (reached.pop() if len(reached) == 1 else None)


# --- contents


@pytest.mark.parametrize("name", [r.id for r in shipped().in_force(NOW.date()) if r.to_authority])
def test_a_form_has_exactly_what_the_regime_asks_and_invents_nothing(name: str) -> None:
    regime = shipped().get(name)
    assert regime.to_authority is not None
    place = regime.places[0]
    empty = Facts("case-0", residences=(replace(FACTS.residences[0], place=place),))
    found = plan(shipped(), empty, Records(), NOW)
    mine = case_of(found, next(a for a in found.applies if a.regime.id == regime.id), empty, Records())
    form = authority_form(mine)
    asked = {*regime.to_authority.fields, *regime.to_authority.also}
    assert {c.code for c in form.contents} == asked
    filled = {c.code for c in form.contents if c.state is State.FILLED}
    assert filled <= {Code.PLO, Code.REF}, "all that these facts hold is a number of residents and a reference"


def test_a_first_notice_lists_confirmed_possible_and_excluded_and_earlier_signs() -> None:
    form = authority_form(case("EU"))
    kinds = next(c for c in form.contents if c.code is Code.DCA)
    assert [line.split(":")[0] for line in kinds.lines] == ["confirmed", "possible", "excluded"]
    assert "a member asked why a stranger knew her town" in form.annexes[0]


# --- register


def test_a_case_that_is_not_notified_is_recorded_with_its_reasons() -> None:
    records = Records(decisions=(signed("EU", Duty.AUTHORITY, Outcome.DO_NOT_NOTIFY),))
    kept = entry(case(done=records), "digest")
    assert (kept.decision, kept.reasons, kept.decided_by) == (
        "do_not_notify",
        "Looked at and reasoned.",
        "Dana Example",
    )
    assert kept.told_authority is None
    assert kept.keep_until is None
    assert "no period in the law" in kept.keep_rests_on


def test_a_case_nobody_decided_is_recorded_as_that() -> None:
    assert entry(case(), "digest").decision == "not decided"


@given(aware=st.datetimes(datetime(2020, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_quebec_keeps_five_years_from_awareness(aware: datetime) -> None:
    here = (replace(FACTS.residences[0], place="CA-QC"),)
    mine = case("QC", now=aware + timedelta(days=1), residences=here, events={Event.AWARE: aware})
    until = entry(mine, "digest").keep_until
    assert until is not None
    assert (until.year - aware.year, until.month) == (5, aware.month)


def test_the_register_leaves_as_a_table_and_says_what_may_go() -> None:
    swiss = case("CH", residences=(replace(FACTS.residences[0], place="CH"),), cause="=cmd()")
    kept = entry(swiss, "digest")
    assert kept.keep_until == date(2028, 6, 1), "without a notice, two years from awareness"
    assert not register.may_go(kept, date(2028, 6, 1))
    assert register.may_go(kept, date(2028, 6, 2))
    assert not register.may_go(entry(case(), "digest"), date(2100, 1, 1))
    rows = list(csv.DictReader(StringIO(register.as_csv([kept, entry(case(), "digest")]))))
    assert [r["regime"] for r in rows] == ["CH", "EU"]
    assert rows[0]["keep_until"] == "2028-06-01"
    assert rows[1]["keep_until"] == ""
    assert not any(v.startswith("=") for r in rows for v in r.values())


# --- worksheet, severity, evidence


def test_the_worksheet_says_what_follows_and_leaves_the_rest_open() -> None:
    found = follows({"Q1": "yes", "Q2": "no", "Q7": "yes", "Q8": "no", "Q6": "unknown"})
    assert found.open == ("Q3", "Q4", "Q5", "Q6")
    assert found.toward_notice == ("Q1", "Q8")
    assert found.against_notice == ("Q2", "Q7")
    assert not found.public_must_not_lower
    assert follows({"Q3": "yes"}).public_must_not_lower
    with pytest.raises(NoticeError, match="no question `Q9`"):
        follows({"Q9": "yes"})
    with pytest.raises(NoticeError, match="answered yes, no or unknown"):
        follows({"Q1": "perhaps"})


def test_every_combination_of_answers_is_accounted_for() -> None:
    for given_answers in product(("yes", "no", "unknown"), repeat=len(QUESTIONS)):
        found = follows(dict(zip(QUESTIONS, given_answers, strict=True)))
        assert sorted((*found.toward_notice, *found.against_notice, *found.open)) == sorted(QUESTIONS)


def test_already_public_does_not_lower_severity_where_an_audience_or_a_link_was_broken() -> None:
    arguments = ("behavioural", "maximum", "unknown_recipients")
    kept = severity(*arguments, malicious=True, public=True, answers={"Q2": "yes"})
    lowered = severity(*arguments, malicious=True, public=True, answers={"Q2": "no", "Q3": "no"})
    assert (kept.score, kept.band) == (3.0, "high")
    assert (lowered.score, lowered.band) == (2.0, "medium")
    assert "was not applied" in kept.method
    with pytest.raises(NoticeError, match="is not one of"):
        severity("secret", "maximum", "none", malicious=False, public=False, answers={})


def test_evidence_suggests_and_says_why_and_does_not_take_silence_for_no() -> None:
    quiet = Affected(Count(3, 3, "ledger"), (), AWARE, NOW)
    assert {q: s.answer.value for q, s in suggestions(quiet).items()} == {
        "Q1": "unknown",
        "Q2": "unknown",
        "Q3": "unknown",
        "Q4": "no",
        "Q5": "unknown",
    }
    loud = Affected(
        Count(480, 620, "sketch"),
        (Kind("phone", Certainty.POSSIBLE, "within reach", "contact"),),
        AWARE,
        NOW,
        membership=2_000,
        children=4,
        controls_passed=("budget",),
        beyond_audience=12,
        lookup_routes=("/find-by-phone",),
    )
    assert {s.answer for s in suggestions(loud).values()} == {Answer.YES}
    assert suggestions(loud)["Q5"].because == "phone (possible), 4 children"
    assert suggestions(replace(loud, membership=None))["Q4"].answer is Answer.UNKNOWN


# --- the European form


def test_the_form_has_a_hundred_fields_in_seven_parts_with_names_of_their_own() -> None:
    fields = european_form.fields()
    assert len(fields) == 100
    assert len({f.part for f in fields}) == 7
    assert len({f.id for f in fields}) == 100
    used = {f.fill for f in fields if f.fill}
    assert used == {*european_form.FILLS, *european_form.SUGGESTIONS}, "a fill that no field uses is dead"


def test_the_form_says_of_each_field_who_filled_it() -> None:
    given_answers = european_form.answers(case())
    by = Counter(a.by for a in given_answers)
    assert by["facts"] > 35
    assert by["suggestion"] >= 4
    assert all(bool(a.value) == (a.by != "person") for a in given_answers)
    values = {a.field.id: a.value for a in given_answers}
    assert values["data_contact"] == "possible"
    assert values["data_special"] == "no"
    assert values["people_children"] == "yes"
    assert values["risk"] == "", "nobody signed"


def test_an_empty_case_leaves_all_but_the_usual_to_a_person() -> None:
    mine = case(
        narrative="",
        cause="",
        awareness="",
        severity="",
        organisation=replace(FACTS.organisation, name="", address="", contact=None),
        kinds=(),
        groups=(),
        nature=(),
        harms=(),
        taken=(),
        planned=(),
        records=None,
        people=Figures(),
        period_from=None,
        period_to=None,
        events={},
        warnings=(),
    )
    facts = {a.field.id for a in european_form.answers(mine) if a.by == "facts"}
    places = {"cross_border", "countries", "people_per_country", "lead_authority", "controller_country"}
    assert facts == {"kind_of_notification", "own_reference", "date", "legal_basis", "no_establishment", *places}


def test_the_form_follows_what_was_signed() -> None:
    records = Records(decisions=(signed("EU", Duty.AUTHORITY), signed("EU", Duty.PEOPLE)))
    values = {a.field.id: a.value for a in european_form.answers(case(done=records))}
    assert (values["risk"], values["risk_decided_by"]) == ("high", "Dana Example")


def test_the_form_leaves_as_json_and_as_csv_without_formulas() -> None:
    given_answers = european_form.answers(case(cause="=cmd()"))
    data = json.loads(json.dumps(european_form.as_data(given_answers)))
    assert next(d for d in data if d["field"] == "cause")["value"] == "=cmd()"
    rows = list(csv.DictReader(StringIO(european_form.as_csv(given_answers))))
    assert len(rows) == 100
    assert next(r for r in rows if r["field"] == "cause")["value"] == "'=cmd()"


def test_a_decision_has_the_shape_that_a_database_can_hold() -> None:
    one = signed("EU", Duty.AUTHORITY)
    assert Decision(**one.__dict__) == one
