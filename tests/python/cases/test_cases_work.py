"""A case from the ledger to its closing: who is affected, marks, severity, containment, evidence, lesson."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from case_world import ANN, EMAIL, NAME, NOW, SITE, TOWN, FakeMeasures, World, keyed, shown, visitors
from hedgerow.cases.core import actors, closing, containing, counting, keeping, working
from hedgerow.cases.core.opening import Who, add_principals, open_by_person
from hedgerow.cases.core.problems import BlockedError, CaseError
from hedgerow.cases.core.severity import by_judgement, by_score
from hedgerow.cases.core.telling import case_facts
from hedgerow.ledger.questions.period import Period
from hedgerow.store.database import Database
from hedgerow.store.models.cases import Case
from hedgerow.store.models.policy_versions import PolicyVersion
from hedgerow.store.upgrading import upgrade
from written_ledger import Segment

HARVESTER = keyed("address", "h")


@pytest.fixture
def world(tmp_path: Path, database: Database) -> World:
    return World.make(tmp_path, database)


def harvest(count: int = 40, **how: Any) -> list[dict[str, Any]]:
    how = {"address": "h", "network": "hn", "client": "scraper", **how}
    return [shown(n, NOW - timedelta(hours=30, seconds=-20 * n), **how) for n in range(1, count + 1)]


def opened(session: Session, *who: Who) -> Case:
    whom = who or (Who("address", HARVESTER, "read forty people in a quarter of an hour"),)
    return open_by_person(
        session,
        ANN,
        NOW,
        title="A harvest",
        site=SITE,
        reason="seen on Today",
        since=NOW - timedelta(days=7),
        principals=whom,
    )


def count(world: World, case_id: str, reason: str = "") -> None:
    with world.database.reading() as session:
        question = counting.Question.of(session.get_one(Case, case_id), world.clock())
    answer = counting.ask(world.ledgers, question)
    with world.session() as session:
        counting.keep(session, ANN, world.clock(), session.get_one(Case, case_id), answer, reason)


def test_people_and_fields_come_from_the_ledger_each_with_its_reason(world: World) -> None:
    rows = [*harvest(40, bits=NAME | TOWN), *harvest(40, bits=NAME, masked=EMAIL, route="list")]
    rows.append(shown(99, NOW - timedelta(hours=1), bits=NAME | EMAIL, address="somebody", network="other"))
    world.write(rows, members=500)
    with world.session() as session:
        case_id = opened(session).id
    count(world, case_id)
    with world.database.reading() as session:
        facts = case_facts(session, case_id)
    assert (facts.count.low, facts.count.high) == (40, 40)  # type: ignore[union-attr]
    marks = {f.name: (f.certainty.value, f.sensitivity) for f in facts.fields}
    assert marks == {
        "name": ("confirmed", "basic"),
        "town": ("confirmed", "personal"),
        "email": ("excluded", "contact"),
        "diagnosis": ("excluded", "special"),
    }
    reasons = {f.name: f.reason for f in facts.fields}
    assert reasons["email"] == "masked for them in every answer (40 people)"
    assert reasons["diagnosis"] == "no route they read shows it"
    assert reasons["name"].startswith("recorded in answers that left, of 40 people, from 2026-11-25 06:00")
    assert facts.membership == 500
    assert facts.first_disclosure_at == NOW - timedelta(hours=30, seconds=-20)
    assert facts.affected() is not None


def test_an_answer_that_could_not_be_read_makes_fields_possible(world: World) -> None:
    gap = {**shown(1, NOW - timedelta(hours=29), address="h", network="hn"), "k": "gap", "note": "unreadable", "p": []}
    world.write([*harvest(), gap], members=500)
    with world.session() as session:
        case_id = opened(session).id
    count(world, case_id)
    with world.database.reading() as session:
        marks = {f.name: (f.certainty.value, f.reason) for f in case_facts(session, case_id).fields}
    assert marks["name"][0] == "confirmed"
    assert marks["email"] == (
        "possible",
        "in no record, but 1 answer to these principals could not be read and left as they were",
    )


def test_an_error_page_makes_a_field_possible_only(world: World) -> None:
    world.write(harvest(5, bits=NAME, status=500), members=500)
    with world.session() as session:
        case_id = opened(session).id
    count(world, case_id)
    with world.database.reading() as session:
        marks = {f.name: f.certainty.value for f in case_facts(session, case_id).fields}
    assert marks["name"] == "possible"


def test_a_person_may_change_a_mark_with_a_reason_and_the_history_stays(world: World) -> None:
    world.write(harvest(), members=500)
    with world.session() as session:
        case_id = opened(session).id
    count(world, case_id)
    with world.session() as session:
        case = session.get_one(Case, case_id)
        with pytest.raises(CaseError, match="how this is known"):
            working.mark_field(session, ANN, NOW, case, "email", "possible", "")
        working.mark_field(session, ANN, NOW, case, "email", "possible", "the export route was open until Tuesday")
    world.clock.go(hours=1)
    count(world, case_id)
    with world.database.reading() as session:
        (field,) = [f for f in session.get_one(Case, case_id).fields if f.name == "email"]
        assert (field.mark, field.by, field.proposed_mark) == ("possible", "Ann", "excluded")
        assert [c.mark for c in field.changes] == ["excluded", "possible"]


def test_a_figure_is_superseded_with_a_reason_and_never_overwritten(world: World) -> None:
    world.write([*harvest(), *harvest(80, address="h2", network="hn")], members=500)
    with world.session() as session:
        case_id = opened(session).id
    count(world, case_id)
    with world.session() as session:
        case = session.get_one(Case, case_id)
        add_principals(session, ANN, NOW, case, [Who("address", keyed("address", "h2"), "the same network")])
    with pytest.raises(CaseError, match="say why the figure is replaced"):
        count(world, case_id)
    count(world, case_id, "a second address was found")
    with world.database.reading() as session:
        history = case_facts(session, case_id).people.history
    assert [(f.count.low, f.reason) for f in history] == [(40, ""), (80, "a second address was found")]


def test_a_principal_added_by_hand_has_its_own_people_at_the_next_count(world: World) -> None:
    world.write([*harvest(), *harvest(25, address="h2", network="hn")], members=500)
    alarm = Who("address", HARVESTER, "read forty people in a quarter of an hour", 39)
    with world.session() as session:
        case_id = opened(session, alarm).id
    count(world, case_id)
    with world.session() as session:
        by_hand = [
            Who("address", keyed("address", "h2"), "the same network"),
            Who("address", keyed("address", "never here"), "named in a complaint"),
        ]
        add_principals(session, ANN, NOW, session.get_one(Case, case_id), by_hand)
    count(world, case_id, "two were added")
    with world.database.reading() as session:
        people = {p.name: p.people for p in session.get_one(Case, case_id).principals}
    assert people == {
        HARVESTER: 39,  # what the alarm said stays
        keyed("address", "h2"): 25,
        keyed("address", "never here"): 0,
    }


def test_expand_finds_others_by_network_software_and_people_with_the_reason_in_words(world: World) -> None:
    quiet = [shown(n, NOW - timedelta(hours=29, seconds=-9 * n), address="h2", network="hn") for n in range(50, 60)]
    same_tool = [
        shown(n, NOW - timedelta(hours=30, seconds=-20 * n), address="h3", network="elsewhere", client="scraper")
        for n in range(100, 130)
    ]
    same_people = [
        shown(n, NOW - timedelta(hours=5, seconds=-60 * n), address="h4", network="third") for n in range(1, 25)
    ]
    world.write([*harvest(), *quiet, *same_tool, *same_people, *visitors(120, 1000, NOW - timedelta(days=6))])
    with world.session() as session:
        question = counting.Question.of(opened(session), NOW)
    found = counting.look_for_others(world.ledgers, question)
    others = {o.reader.name: o for o in found.others}
    assert "network" in others[keyed("address", "h2")].shares
    assert "client" in others[keyed("address", "h3")].shares
    people = others[keyed("address", "h4")]
    assert "people" in people.shares
    assert any("of its 24 people are people of the case" in r for r in people.reasons)
    assert {m.name for m in found.members} == {HARVESTER}
    assert not any(name == keyed("address", f"v{n}") for n in range(120) for name in others)


def test_a_trait_that_everybody_has_ties_nobody(world: World) -> None:
    rows = [
        shown(n % 40 + 1, NOW - timedelta(hours=20, seconds=-n), address=f"v{n}", network=f"n{n}", client="scraper")
        for n in range(200)
    ]
    world.write([*harvest(), *rows])
    with world.session() as session:
        question = counting.Question.of(opened(session), NOW)
    found = counting.look_for_others(world.ledgers, question)
    assert not any("client" in o.shares for o in found.others)
    assert any("is no tie" in sentence for sentence in found.too_common)


def test_an_account_used_from_elsewhere_too_is_found(world: World) -> None:
    rows = harvest(20, account="mallory")
    rows += [
        shown(n, NOW - timedelta(hours=3, seconds=n), address="cafe", network="wifi", account="mallory") for n in (1, 2)
    ]
    world.write(rows)
    with world.session() as session:
        question = counting.Question.of(opened(session), NOW)
    found = counting.look_for_others(world.ledgers, question)
    (other,) = [o for o in found.others if o.reader.level == "account"]
    assert other.reader.name == keyed("account", "mallory")
    assert "20 pages of its 22" in other.reasons[0]


def test_what_ties_the_principals_is_said(world: World) -> None:
    rows = [*harvest(30), *[r for r in harvest(60, address="h2") if int(r["p"][0][0]) > 30]]
    world.write([*rows, *visitors(60, 500, NOW - timedelta(days=6))])
    with world.session() as session:
        case = opened(session, Who("address", HARVESTER, "one"), Who("address", keyed("address", "h2"), "two"))
        question = counting.Question.of(case, NOW)
    ties = " ".join(counting.look_for_others(world.ledgers, question).ties)
    assert "They come from one network." in ties
    assert "They use the same software." in ties
    assert "They share the people out: of 60 people, each counted for itself, none had" in ties


def test_severity_has_its_method_and_history(world: World) -> None:
    with world.session() as session:
        case = opened(session)
        judged = by_score(
            "sensitive", "maximum", "unknown_recipients", malicious=True, public=True, answers={"Q3": "yes"}
        )
        assert judged.severity == "critical"
        working.set_severity(session, ANN, NOW, case, judged, "addresses of people in a shelter")
        with pytest.raises(CaseError, match="say why"):
            working.set_severity(session, ANN, NOW, case, by_judgement("low"), "")
        working.set_severity(session, ANN, NOW, case, by_judgement("high"), "it was one person")
        assert [s.severity for s in case.severities] == ["critical", "high"]
        assert "ENISA 2013" in case.severities[0].method
        assert case.severity == "high"


def test_time_to_contain_runs_from_the_first_disclosure_and_from_detection(world: World) -> None:
    world.write(harvest(), members=500)
    measures = FakeMeasures(delay_s=2)
    with world.session() as session:
        case_id = opened(session).id
    count(world, case_id)
    now = world.clock.go(minutes=10)
    with world.session() as session:
        case = session.get_one(Case, case_id)
        target = f"address:{HARVESTER}"
        until = now + timedelta(days=3)
        containing.take_step(
            session, ANN, now, case, measures, step="prove", target=target, until=until, reason="to see"
        )
        assert (case.state, case.contained_at) == ("open", None)
        now = world.clock.go(minutes=5)
        containing.take_step(
            session, ANN, now, case, measures, step="refuse", target=target, until=until, reason="it goes on"
        )
        assert case.state == "contained"
        assert case.contained_at == now + timedelta(seconds=2)
        took = containing.delays_of(case)
        assert took.from_detection_s == 15 * 60 + 2
        assert took.to_contain_s == 30 * 3600 - 20 + 15 * 60 + 2
        assert took.to_detect_s == 30 * 3600 - 20


def test_a_measure_expires_is_set_on_the_case_and_ends_with_a_reason(world: World) -> None:
    measures = FakeMeasures()
    with world.session() as session:
        case = opened(session)

        def step(**how: Any) -> Any:
            said = {
                "step": "refuse",
                "target": f"address:{HARVESTER}",
                "until": NOW + timedelta(days=1),
                "reason": "r",
                **how,
            }
            return containing.take_step(session, ANN, NOW, case, measures, **said)

        for wrong in (
            {"until": NOW},
            {"until": NOW + timedelta(days=91)},
            {"target": "address:ffff"},
            {"step": "ban"},
            {"reason": " "},
        ):
            with pytest.raises(CaseError):
                step(**wrong)
        row = step()
        with pytest.raises(CaseError, match="why"):
            containing.end_step(session, ANN, NOW, case, measures, row.id, "")
        containing.end_step(session, ANN, NOW, case, measures, row.id, "wrong one")
        assert measures.ended == [row.measure_id]
        with pytest.raises(CaseError, match="over already"):
            containing.end_step(session, ANN, NOW, case, measures, row.id, "again")


def test_a_step_outside_counts_from_when_it_worked(world: World) -> None:
    with world.session() as session:
        case = opened(session)
        row = containing.note_step_outside(
            session,
            ANN,
            NOW,
            case,
            what="export taken off the site",
            started_at=NOW - timedelta(hours=2),
            effective_at=None,
        )
        assert case.contained_at is None
        containing.note_effective(session, ANN, NOW, case, row.id, NOW - timedelta(hours=1))
        assert case.contained_at == NOW - timedelta(hours=1)


def test_evidence_is_frozen_by_hash_and_a_change_shows(world: World) -> None:
    world.write(harvest(), members=500)
    with world.session() as session:
        case = opened(session)
        case_id, number, question = case.id, case.number, counting.Question.of(case, NOW)
    made = keeping.freeze(world.ledgers, question, number, "for counsel", "Ann", NOW)
    with world.session() as session:
        case = session.get_one(Case, case_id)
        row = keeping.note_pack(session, ANN, NOW, case, made, "for counsel")
        assert row.people == 40
        assert keeping.checked_pack(made.folder, row.sha256) == "Everything is as it was frozen."
        (made.folder / "affected.csv").write_text("person\r\n")
        said = keeping.checked_pack(made.folder, row.sha256)
        assert keeping.note_check(session, NOW, case, row.id, said).checked == "affected.csv was changed."
        assert any(row.sha256 in e.what for e in case.events)


def test_a_hold_keeps_the_ledger_and_is_lifted_with_a_reason(world: World) -> None:
    world.write(harvest(), members=500)
    with world.session() as session:
        case = opened(session)
        row = keeping.place_hold(session, ANN, NOW, case, world.ledgers, NOW + timedelta(days=365), "a civil claim")
        (hold,) = world.ledgers.store(SITE).holds()
        assert (hold.id, hold.principals) == (row.hold_id, (HARVESTER,))
        keeping.lift_hold(session, ANN, NOW, case, world.ledgers, row.id, "settled")
        assert world.ledgers.store(SITE).holds() == []


def test_an_address_that_is_not_kept_any_more_cannot_be_opened_and_the_attempt_is_recorded(world: World) -> None:
    world.write(harvest(), members=500)
    (world.state / "sites" / SITE / "sealed").mkdir()
    with world.session() as session:
        case = opened(session)
        with pytest.raises(CaseError, match="reason"):
            keeping.open_address(session, ANN, NOW, case, world.ledgers, world.sealer, case.principals[0].id, " ")
        with pytest.raises(CaseError, match="its days may be over"):
            keeping.open_address(
                session, ANN, NOW, case, world.ledgers, world.sealer, case.principals[0].id, "who is it"
            )
    assert "open-address" in (world.state / "audit.jsonl").read_text()


def test_a_case_does_not_close_without_a_lesson_or_a_reason_why_none(world: World) -> None:
    with world.session() as session:
        case = opened(session)
        case.counted_at = NOW
        with pytest.raises(BlockedError) as told:
            closing.close_case(session, ANN, NOW, case, "done")
        assert told.value.blockers == [
            "no change to the controls is noted, and no reason why none is needed",
            "the severity is not decided",
            "4 tasks are not done",
        ]
        for task in list(case.tasks):
            working.finish_task(session, ANN, NOW, task.id, "done")
        working.set_severity(session, ANN, NOW, case, by_judgement("low"), "names only")
        with pytest.raises(CaseError, match="in a sentence"):
            closing.say_no_lesson(session, ANN, NOW, case, "no")
        closing.add_lesson(session, ANN, NOW, case, change="the export needs a sign-in now", kind="outside")
        waiting = [lambda _session, _case: ["the notice to CNIL is not decided"]]
        with pytest.raises(BlockedError, match="CNIL"):
            closing.close_case(session, ANN, NOW, case, "done", waiting)
        closing.close_case(session, ANN, NOW, case, "done")
        assert case.state == "closed"
        with pytest.raises(CaseError, match="is closed"):
            working.set_severity(session, ANN, NOW, case, by_judgement("none"), "after all")
        closing.reopen_case(session, ANN, NOW, case, "it happened again")
        assert case.state == "open"


def test_a_lesson_points_at_something_that_exists(world: World) -> None:
    with world.session() as session:
        case = opened(session)
        for kind, reference in (
            ("policy", "nothing"),
            ("measure", "nothing"),
            ("task", case.tasks[0].id),
            ("idea", ""),
        ):
            with pytest.raises(CaseError):
                closing.add_lesson(session, ANN, NOW, case, change="c", kind=kind, reference=reference)


@pytest.mark.parametrize(
    "table", ["case_events", "case_figures", "case_field_changes", "case_severities", "case_notes"]
)
def test_the_database_refuses_to_change_what_was_said(world: World, table: str) -> None:
    world.write(harvest(), members=500)
    with world.session() as session:
        case = opened(session)
        case_id = case.id
        working.add_note(session, ANN, NOW, case, "called the host")
        working.set_severity(session, ANN, NOW, case, by_judgement("low"), "names only")
    count(world, case_id)
    for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):  # noqa: S608
        with pytest.raises(DBAPIError, match="append-only"), world.session() as session:
            session.execute(text(statement))


def test_the_timeline_knows_only_what_has_happened(world: World) -> None:
    with world.session() as session:
        case = opened(session)
        working.remark(session, ANN, NOW, case, "a journalist called", NOW - timedelta(days=3))
        with pytest.raises(CaseError, match="task"):
            working.remark(session, ANN, NOW, case, "the lawyer will call", NOW + timedelta(days=3))
        assert case.events[0].what == "a journalist called"


def test_earlier_cases_and_claims_about_the_same_are_prior_warnings(world: World) -> None:
    with world.session() as session:
        first = opened(session)
        first.detected_at = NOW - timedelta(days=100)
        second = opened(session)
        facts = case_facts(session, second.id)
        assert [w.what for w in facts.warnings] == [f"Case {first.number}: A harvest"]
        assert session.scalars(select(Case)).all() == [first, second]


def test_a_migrated_database_refuses_the_same_changes(empty_url: str) -> None:
    migrated = Database(empty_url)
    upgrade(migrated)
    with migrated.session() as session:
        opened(session)
    with pytest.raises(DBAPIError, match="append-only"), migrated.session() as session:
        session.execute(text("DELETE FROM case_events"))
    migrated.close()


@pytest.mark.parametrize("state", ["proposed", "rejected", "withdrawn", "in_force", "superseded"])
def test_a_policy_counts_as_a_change_once_it_came_into_force(world: World, state: str) -> None:
    with world.session() as session:
        case = opened(session)
        version = PolicyVersion(number=1, sha256="a" * 64, text="x", state=state, note="", made_at=NOW)
        session.add(version)
        session.flush()
        change = {"change": "fewer people a page", "kind": "policy", "reference": version.id}
        if state in {"in_force", "superseded"}:
            closing.add_lesson(session, ANN, NOW, case, **change)
            return
        with pytest.raises(CaseError, match="once it has come into force"):
            closing.add_lesson(session, ANN, NOW, case, **change)


def test_going_through_the_ledger_in_passes_finds_the_same_actors(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [shown(n, NOW - timedelta(hours=30, seconds=-20 * n), address="h", network="hn") for n in range(1, 41)]
    Segment(world.state, SITE).append(*rows, *visitors(60, 300, NOW - timedelta(days=5)))
    period = Period(NOW - timedelta(days=7), NOW)
    with world.ledgers.asking(SITE) as connection:
        at_once = actors.readers(connection, period)
        monkeypatch.setattr(actors, "ROWS_A_PASS", 20)
        steps: list[str] = []
        assert actors.readers(connection, period, step=steps.append) == at_once
    assert len(at_once) > 50
    assert len(steps) > 5
