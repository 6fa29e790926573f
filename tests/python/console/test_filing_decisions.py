"""What is stated, decided and filed for notices: added and signed, never overwritten; due items and the register."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from console.filing_cases import AWARE, DANA, NOW, Clock, case_row, facts_of, sign, state_all, work
from hedgerow.cases.filing import casework, deciding, dues, registering, sending, sheet, statements
from hedgerow.cases.filing.sending import Left
from hedgerow.cases.notices.codes import Code, Duty, Event
from hedgerow.cases.notices.contents import State, authority_form
from hedgerow.cases.notices.counts import Count
from hedgerow.cases.notices.decisions import Outcome
from hedgerow.cases.notices.duties import Standing
from hedgerow.cases.notices.facts import Residence
from hedgerow.cases.notices.filings import Kind
from hedgerow.cases.notices.problems import NoticeError
from hedgerow.store.base import Base
from hedgerow.store.database import Database
from hedgerow.store.models.filings import NoticeDecision, NoticeDue, NoticeFiling, NoticeStatement

# --- statements


def test_an_answer_has_author_time_and_reason_and_the_next_one_stands_beside_it(database: Database) -> None:
    with database.session() as session:
        case_id = case_row(session)
        statements.state(session, case_id, "answers.Q1", "unknown", by=DANA, now=NOW, why="nobody looked yet")
        later = NOW + timedelta(hours=1)
        statements.state(session, case_id, "answers.Q1", "yes", by=DANA, now=later, why="a session was shared")
    with database.reading() as session:
        kept = statements.history(session, case_id, ["answers.Q1"])
        assert [(s.value, s.by, s.at, s.why) for s in kept] == [
            ("yes", "Dana Example", later, "a session was shared"),
            ("unknown", "Dana Example", NOW, "nobody looked yet"),
        ]
        assert work(session, case_id).facts.answers == {"Q1": "yes"}


def test_an_answer_without_a_reason_is_refused(database: Database) -> None:
    with database.session() as session:
        case_id = case_row(session)
        with pytest.raises(NoticeError, match="what the answer rests on"):
            statements.state(session, case_id, "answers.Q1", "yes", by=DANA, now=NOW)


def test_two_people_who_answer_at_once_do_not_overwrite_each_other(database: Database) -> None:
    with database.session() as session:
        case_id = case_row(session)
        statements.state(session, case_id, "cause", "a hole", by=DANA, now=NOW)
    with pytest.raises(IntegrityError), database.session() as session:
        session.add(
            NoticeStatement(case_id=case_id, key="cause", number=1, value="x", by="B", by_id="b", at=NOW, why="")
        )
    with database.reading() as session:
        assert work(session, case_id).facts.cause == "a hole"


def test_what_says_the_same_again_is_not_stated_twice(database: Database) -> None:
    with database.session() as session:
        case_id = case_row(session)
        assert statements.state(session, case_id, "cause", "a hole", by=DANA, now=NOW) is not None
        assert statements.state(session, case_id, "cause", " a hole ", by=DANA, now=NOW) is None


def test_a_place_of_residence_is_exact_or_estimated_and_can_be_taken_back(database: Database) -> None:
    with database.session() as session:
        case_id = case_row(session)
        statements.state(
            session, case_id, "residences.CA-QC", {"low": 10, "high": 40, "method": "by postcode"}, by=DANA, now=NOW
        )
        found = {r.place: r.people for r in work(session, case_id).facts.residences}
        assert found["CA-QC"] == Count(10, 40, "by postcode")
        assert not found["CA-QC"].exact
        assert found["FR"].exact
        statements.state(session, case_id, "residences.CA-QC", None, by=DANA, now=NOW)
        assert {r.place for r in work(session, case_id).facts.residences} == {"FR", "NZ"}
        assert len(statements.history(session, case_id)) == 2


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("answers.Q9", "yes", "there is no question"),
        ("answers.Q1", "perhaps", "perhaps"),
        ("residences.Atlantis", {"low": 1, "method": "x"}, "not a place"),
        ("residences.FR", {"low": 5, "high": 1, "method": "x"}, "from low to high"),
        ("events.aware", "2026-06-01", "zone"),
        ("events.people_notice", "2026-06-01T00:00:00Z", "recorded as a filing"),
        ("plain_words.english-of-the-king", "x", "language"),
        ("decisions", [], "nothing here is called"),
        ("people", [], "nothing here is called"),
        ("narrative", "x" * 70_000, "KB"),
        ("cause", "a\x00b", "cannot be kept|control character"),
        ("cause", "half \ud800 a character", "cannot be kept"),
        ("form.EU.narrative", "a\x00b", "cannot be kept"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(database: Database, key: str, value: Any, said: str) -> None:
    with database.session() as session:
        case_id = case_row(session)
        with pytest.raises(NoticeError, match=said):
            statements.state(session, case_id, key, value, by=DANA, now=NOW, why="because of this")


def test_only_the_organisation_is_stated_for_the_whole_site(database: Database) -> None:
    with database.session() as session:
        case_id = case_row(session)
        with pytest.raises(NoticeError, match="belongs to a case"):
            statements.state(session, None, "cause", "x", by=DANA, now=NOW)
        statements.state(session, None, "organisation", {"name": "Example Club"}, by=DANA, now=NOW)
        assert work(session, case_id).facts.organisation.name == "Example Club"
        statements.state(session, case_id, "organisation", {"name": "Example Club Ltd"}, by=DANA, now=NOW)
        assert work(session, case_id).facts.organisation.name == "Example Club Ltd"


def test_when_the_organisation_knew_is_never_taken_from_the_alarm(database: Database) -> None:
    with database.session() as session:
        case_id = case_row(session)
        found = work(session, case_id)
        assert Event.AWARE not in found.facts.events
        assert found.facts.events[Event.DETECTION] == AWARE
        owed = found.plan.duty("EU", Duty.AUTHORITY)
        assert owed is not None
        assert owed.deadline.started is None
        first = dues.of_case(found)[0]
        assert (first.what, first.due_at, first.by_law) == ("aware", AWARE + timedelta(hours=24), False)


# --- facts and their digest


def test_the_same_facts_have_the_same_digest_and_a_changed_part_is_named(database: Database) -> None:
    with database.session() as session:
        case_id = case_row(session)
        state_all(session, case_id)
        one, two = work(session, case_id), work(session, case_id, now=NOW + timedelta(days=1))
        assert one.digest == two.digest
        more = work(session, case_id, residences=(Residence("FR", Count(501, 501, "account")),))
        assert more.digest != one.digest
        assert sheet.changed(sheet.parts(one.facts), sheet.parts(more.facts)) == ["residences"]


@given(text=st.text(max_size=200))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_words_of_a_case_break_its_notices(text: str) -> None:
    facts = sheet.facts(facts_of("x", summary=text, title=text), {})
    assert len(facts.narrative) <= len(text)


# --- decisions


def test_a_decision_is_bound_to_facts_and_rules_and_shows_when_they_changed(database: Database) -> None:
    with database.session() as session:
        case_id = case_row(session)
        state_all(session, case_id)
        row = sign(session, work(session, case_id))
        now = work(session, case_id)
        owed = now.plan.duty("EU", Duty.AUTHORITY)
        assert owed is not None
        assert owed.standing is Standing.TO_DO
        assert deciding.intact(row)
        assert deciding.older_facts(row, now) == []
        assert not deciding.older_rules(row, now)
        statements.state(session, case_id, "cause", "a stolen key", by=DANA, now=NOW)
        assert deciding.older_facts(row, work(session, case_id)) == ["cause"]


def test_a_decision_changed_behind_our_back_is_not_intact(database: Database) -> None:
    with database.session() as session:
        case_id = case_row(session)
        state_all(session, case_id)
        sign(session, work(session, case_id), outcome=Outcome.DO_NOT_NOTIFY)
    with database.session() as session:
        row = session.scalars(select(NoticeDecision)).one()
        assert deciding.intact(row)
        row.outcome = "notify"
        assert not deciding.intact(row)
        with pytest.raises(DBAPIError, match="append-only"):
            session.flush()
        session.rollback()


@pytest.mark.parametrize("table", [NoticeStatement, NoticeDecision, NoticeFiling])
def test_the_database_refuses_to_change_what_was_said_to_an_authority(database: Database, table: type[Base]) -> None:
    with database.session() as session:
        case_id = case_row(session)
        state_all(session, case_id)
        sign(session, work(session, case_id))
        sending.record_filing(session, work(session, case_id), _left(), by=DANA, now=NOW)
    for change in (update(table).values(by="Eve"), delete(table)):
        with pytest.raises(DBAPIError, match="append-only"), database.session() as session:
            session.execute(change)


def test_a_supplement_that_is_sent_twice_by_the_browser_is_recorded_once(database: Database) -> None:
    with database.session() as session:
        case_id = case_row(session)
        state_all(session, case_id)
        sending.record_filing(session, work(session, case_id), _left(), by=DANA, now=NOW)
        later = NOW + timedelta(hours=1)
        supplement = _left(Kind.SUPPLEMENT, later)
        sending.record_filing(session, work(session, case_id, later), supplement, by=DANA, now=later)
        after = later + timedelta(seconds=1)
        with pytest.raises(NoticeError, match="recorded already"):
            sending.record_filing(session, work(session, case_id, after), supplement, by=DANA, now=after)


def test_nobody_signs_facts_that_they_did_not_see(database: Database) -> None:
    with database.session() as session:
        case_id = case_row(session)
        state_all(session, case_id)
        seen = work(session, case_id)
        statements.state(session, case_id, "cause", "a stolen key", by=DANA, now=NOW)
        with pytest.raises(NoticeError, match="facts changed while you were reading"):
            deciding.sign(
                session,
                work(session, case_id),
                regime="EU",
                duty=Duty.AUTHORITY,
                outcome=Outcome.NOTIFY,
                reasons="Looked at and reasoned.",
                factors={},
                by=DANA,
                now=NOW,
                seen=seen.digest,
            )


def test_a_signature_without_reasons_into_every_factor_is_refused(database: Database) -> None:
    with database.session() as session:
        case_id = case_row(session)
        found = work(session, case_id)
        with pytest.raises(NoticeError, match="does not go into: kind_of_breach"):
            deciding.sign(
                session,
                found,
                regime="EU",
                duty=Duty.AUTHORITY,
                outcome=Outcome.NOTIFY,
                reasons="Looked at and reasoned.",
                factors={},
                by=DANA,
                now=NOW,
                seen=found.digest,
            )
        assert session.scalars(select(NoticeDecision)).all() == []


def test_a_regime_that_does_not_apply_cannot_be_decided(database: Database) -> None:
    with database.session() as session:
        case_id = case_row(session)
        with pytest.raises(NoticeError, match="does not come under `SG`; it comes under: EU, NZ"):
            sign(session, work(session, case_id), "SG")


def test_decisions_are_added_and_the_latest_holds(database: Database) -> None:
    with database.session() as session:
        case_id = case_row(session)
        sign(session, work(session, case_id), outcome=Outcome.DO_NOT_NOTIFY)
        sign(session, work(session, case_id), now=NOW + timedelta(minutes=1))
        found = work(session, case_id, now=NOW + timedelta(minutes=2))
        owed = found.plan.duty("EU", Duty.AUTHORITY)
        assert owed is not None
        assert owed.standing is Standing.TO_DO
        assert [d.outcome for d in casework.decisions(session, case_id)] == ["do_not_notify", "notify"]


# --- due items, under virtual time


def test_deadlines_fall_due_as_time_goes_by(database: Database) -> None:
    clock = Clock()
    with database.session() as session:
        case_id = case_row(session)
        state_all(session, case_id)
        dues.refresh(session, work(session, case_id), clock())
        item = next(d for d in dues.listed(session) if (d.regime, d.duty) == ("EU", "authority"))
        assert (item.what, item.due_at, item.by_law) == ("decide", AWARE + timedelta(hours=72), True)
        assert item.zone == "Europe/Paris"
        assert item.local is not None
        assert item.local.isoformat() == "2026-06-04T10:00:00+02:00"
        assert not item.overdue(clock())
        assert item.overdue(clock.forward(hours=62, seconds=1))
        # Late: now a reason is asked for as well, and goes away when it was given.
        dues.refresh(session, work(session, case_id, now=clock()), clock())
        assert {d.what for d in dues.listed(session) if d.regime == "EU" and d.duty == "authority"} == {
            "decide",
            "late_reason",
        }
        deciding.excuse(
            session,
            work(session, case_id, now=clock()),
            regime="EU",
            duty=Duty.AUTHORITY,
            text="The ledger had to be restored first.",
            by=DANA,
            now=clock(),
        )
        dues.refresh(session, work(session, case_id, now=clock()), clock())
        assert {d.what for d in dues.listed(session) if d.regime == "EU" and d.duty == "authority"} == {"decide"}


def test_what_waits_stands_in_the_order_of_its_dates_over_all_cases(database: Database) -> None:
    with database.session() as session:
        for number, hours in (("C-2026-0001", 5), ("C-2026-0002", 0)):
            case_id = case_row(session, number)
            state_all(session, case_id)
            aware = (AWARE + timedelta(hours=hours)).isoformat()
            statements.state(session, case_id, "events.aware", aware, by=DANA, now=NOW)
            dues.refresh(session, work(session, case_id), NOW)
        dated = [d.due_at for d in dues.listed(session) if d.mandatory and d.due_at]
        assert dated == sorted(dated)
        assert len({d.case_id for d in dues.listed(session)}) == 2


def test_a_closed_case_waits_for_nothing(database: Database) -> None:
    with database.session() as session:
        case_id = case_row(session)
        dues.refresh(session, work(session, case_id), NOW)
        assert dues.listed(session)
        dues.refresh(session, work(session, case_id, state="closed"), NOW)
        assert dues.listed(session) == []


def test_due_items_hold_nothing_that_is_not_said_elsewhere(database: Database) -> None:
    with database.session() as session:
        case_id = case_row(session)
        first = dues.refresh(session, work(session, case_id), NOW)
        again = dues.refresh(session, work(session, case_id), NOW)
        assert first == again
        assert len(session.scalars(select(NoticeDue)).all()) == len(again)


# --- filings in phases


def _left(kind: Kind = Kind.FIRST, at: datetime = NOW, **changed: Any) -> Left:
    return Left("EU", Duty.AUTHORITY, kind, at, "online form, receipt 42", **changed)


def test_a_first_notice_is_frozen_and_what_it_left_open_is_owed(database: Database) -> None:
    with database.session() as session:
        case_id = case_row(session)
        state_all(session, case_id)
        statements.state(session, case_id, "records", None, by=DANA, now=NOW)
        sign(session, work(session, case_id))
        row = sending.record_filing(
            session, work(session, case_id), _left(promised=date(2026, 6, 10)), by=DANA, now=NOW
        )
        assert row.open == ["DNR"]
        assert row.people == {"low": 900, "high": 900, "method": "ledger, exact"}
        assert {"code": "CAU", "lines": ["x"]} not in row.content
        assert any("one after the other" in line for c in row.content for line in c["lines"])
        found = work(session, case_id, now=NOW + timedelta(minutes=1))
        supplement = next(d for d in dues.of_case(found) if d.what == "supplement")
        assert supplement.due_at == datetime(2026, 6, 10, 21, 59, 59, tzinfo=UTC)
        assert "promised" in supplement.words
        later = datetime(2026, 6, 9, 8, tzinfo=UTC)
        statements.state(session, case_id, "records", {"low": 900, "method": "ledger"}, by=DANA, now=later)
        sending.record_filing(
            session, work(session, case_id, now=later), _left(Kind.SUPPLEMENT, later), by=DANA, now=later
        )
        done = work(session, case_id, now=later + timedelta(minutes=1))
        assert not [d for d in dues.of_case(done) if d.what == "supplement"]


def test_a_figure_told_before_is_superseded_with_a_reason(database: Database) -> None:
    more: dict[str, Any] = {
        "people": facts_of("x").people.superseded_by(Count(950, 950, "ledger, exact"), NOW, "Dana", "one more day")
    }
    with database.session() as session:
        case_id = case_row(session)
        state_all(session, case_id)
        sending.record_filing(session, work(session, case_id), _left(), by=DANA, now=NOW)
        later = NOW + timedelta(days=1)
        counted = work(session, case_id, later, **more)
        with pytest.raises(NoticeError, match="950 replaces 900 without a reason"):
            sending.record_filing(session, counted, _left(Kind.SUPPLEMENT, later), by=DANA, now=later)
        sending.record_filing(
            session, counted, _left(Kind.SUPPLEMENT, later, reason="one more day was found"), by=DANA, now=later
        )
        assert [f.people["low"] for f in casework.filings(session, case_id) if f.people] == [900, 950]
        lines = "\n".join(
            line for c in authority_form(counted.under("EU")).contents if c.code is Code.PNR for line in c.lines
        )
        assert "950" in lines
        assert "replaces 900" in lines


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (_left(at=NOW + timedelta(minutes=1)), "once it has left"),
        (_left(Kind.SUPPLEMENT), "the first filing is a supplement"),
        (Left("EU", Duty.AUTHORITY, Kind.FIRST, NOW, " "), "how it was sent"),
        (Left("MX", Duty.AUTHORITY, Kind.FIRST, NOW, "by post"), "does not come under"),
        (_left(given=(Code.CIR,), open=(Code.CIR,)), "not both"),
        (_left(promised=date(2026, 5, 1)), "after the notice"),
    ],
)
def test_a_filing_that_does_not_fit_is_refused(database: Database, left: Left, said: str) -> None:
    with database.session() as session:
        case_id = case_row(session)
        state_all(session, case_id)
        with pytest.raises(NoticeError, match=said):
            sending.record_filing(session, work(session, case_id), left, by=DANA, now=NOW)


def test_the_same_notice_is_not_recorded_twice_by_two_people_at_once(database: Database) -> None:
    with database.session() as session:
        case_id = case_row(session)
        state_all(session, case_id)
        before = work(session, case_id)
        sending.record_filing(session, before, _left(), by=DANA, now=NOW)
    with pytest.raises(NoticeError, match="at the same time"), database.session() as session:
        sending.record_filing(session, before, _left(), by=DANA, now=NOW)
    with database.reading() as session:
        assert len(session.scalars(select(NoticeFiling)).all()) == 1


def test_a_form_has_its_missing_contents_named(database: Database) -> None:
    with database.session() as session:
        case_id = case_row(session)
        form = authority_form(work(session, case_id).under("EU"))
        states = {c.code: c.state for c in form.contents}
        assert states[Code.CIR] is State.FILLED
        assert states[Code.CSQ] is State.MISSING


# --- the register


def test_every_case_stands_in_the_register_also_when_nobody_was_notified(database: Database) -> None:
    with database.session() as session:
        case_id = case_row(session)
        state_all(session, case_id)
        sign(session, work(session, case_id), outcome=Outcome.DO_NOT_NOTIFY)
        added = registering.enter(session, work(session, case_id), by=DANA, now=NOW)
        entry = next(e for e in added if e.regime == "EU")
        assert entry.entry["decision"] == "do_not_notify"
        assert entry.entry["reasons"] == "Looked at and reasoned."
        assert registering.intact(entry)
        owed = work(session, case_id).plan.duty("EU", Duty.REGISTER)
        assert owed is not None
        assert owed.standing is Standing.DONE


def test_an_entry_is_superseded_and_the_earlier_one_stays(database: Database) -> None:
    with database.session() as session:
        case_id = case_row(session)
        state_all(session, case_id)
        registering.enter(session, work(session, case_id), by=DANA, now=NOW)
        assert registering.enter(session, work(session, case_id), by=DANA, now=NOW) == []
        sign(session, work(session, case_id))
        again = registering.enter(session, work(session, case_id), by=DANA, now=NOW)
        assert [(e.regime, e.number) for e in again] == [("EU", 2)]
        assert {e.regime for e in registering.entries(session)} == {
            a.regime.id for a in work(session, case_id).plan.applies if a.regime.register
        }


def test_an_entry_goes_only_when_its_time_is_over(database: Database, a_regime_that_keeps: Callable[[], str]) -> None:
    name = a_regime_that_keeps()
    place = {"CA": "CA-ON"}.get(name, name.replace("_", "-"))
    with database.session() as session:
        case_id = case_row(session)
        state_all(session, case_id)
        here: dict[str, Any] = {"residences": (Residence(place, Count(5, 5, "account")),)}
        registering.enter(session, work(session, case_id, **here), by=DANA, now=NOW)
        entry = registering.latest(session, case_id, name)
        assert entry is not None
        assert entry.keep_until is not None
        assert "months from" in entry.keep_rests_on
        with pytest.raises(NoticeError, match="must be kept until"):
            registering.remove(session, case_id, name, entry.keep_until)
        assert registering.over(session, entry.keep_until) == []
        day_after = entry.keep_until + timedelta(days=1)
        assert [e.regime for e in registering.over(session, day_after)] == [name]
        assert registering.remove(session, case_id, name, day_after) == 1
        assert registering.latest(session, case_id, name) is None


@pytest.fixture
def a_regime_that_keeps() -> Callable[[], str]:
    from hedgerow.cases.notices.loading import shipped

    def first() -> str:
        return next(
            r.id
            for r in shipped().in_force(NOW.date())
            if r.register and r.register.keep_months and "residence" in r.applies_by
        )

    return first


def test_without_a_period_in_the_law_nothing_is_removed(database: Database) -> None:
    with database.session() as session:
        case_id = case_row(session)
        registering.enter(session, work(session, case_id), by=DANA, now=NOW)
        with pytest.raises(NoticeError, match="names no period"):
            registering.remove(session, case_id, "EU", date(2099, 1, 1))


def test_the_register_is_exported_without_formulas(database: Database) -> None:
    with database.session() as session:
        case_id = case_row(session)
        statements.state(session, case_id, "cause", '=HYPERLINK("http://x")', by=DANA, now=NOW)
        registering.enter(session, work(session, case_id, summary="=cmd|' /C calc'!A0"), by=DANA, now=NOW)
        rows = list(csv.DictReader(StringIO(registering.as_csv(registering.entries(session)))))
        assert {r["regime"] for r in rows} >= {"EU"}
        assert all(not c.startswith(("=", "+", "-", "@")) for r in rows for c in r.values())
        assert registering.as_data(registering.entries(session))[0]["sha256"]
