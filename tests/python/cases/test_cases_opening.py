"""Cases open by rule, by a person; numbers are never given twice; a principal is in one open case."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from case_world import ANN, NOW, SITE, World, keyed, shown, visitors
from hedgerow.cases.core import rules
from hedgerow.cases.core.closing import close_case, reopen_case, say_no_lesson
from hedgerow.cases.core.opening import Who, add_principals, open_by_person, remove_principal
from hedgerow.cases.core.problems import CaseError
from hedgerow.cases.core.rules import RULES, with_numbers
from hedgerow.cases.core.severity import by_judgement
from hedgerow.cases.core.watching import Watcher
from hedgerow.cases.core.working import finish_task, set_severity
from hedgerow.store.database import Database
from hedgerow.store.models.cases import Case, CasePrincipal
from hedgerow.store.models.trail import Decision
from written_ledger import Segment


@pytest.fixture
def world(tmp_path: Path, database: Database) -> World:
    return World.make(tmp_path, database)


def watcher(world: World, **only: dict[str, object]) -> Watcher:
    """With all rules, or those named with their numbers."""
    chosen = with_numbers(only) if only else RULES
    if only:
        chosen = tuple(r for r in chosen if r.name in only)
    return Watcher(world.database, world.ledgers, world.clock, chosen)


def cases(world: World) -> list[tuple[str, str | None, set[tuple[str, str]]]]:
    with world.database.reading() as session:
        return [
            (c.number, c.rule, {(p.level, p.name) for p in c.principals})
            for c in session.scalars(select(Case).order_by(Case.number))
        ]


def reads(count: int, **how: object) -> list[dict[str, object]]:
    return [shown(n, NOW - timedelta(hours=20, seconds=-7 * n), **how) for n in range(1, count + 1)]  # type: ignore[arg-type]


def test_an_account_that_saw_a_large_part_of_the_people_opens_a_case_once(world: World) -> None:
    world.write([*reads(150, account="mallory"), *visitors(30, 400, NOW - timedelta(days=6))], members=1_000)
    look = watcher(world, coverage={})
    first = look.round()
    assert first.opened == ["C-2026-0001"]
    world.clock.go(hours=1)
    second = look.round()
    assert (second.opened, second.known) == ([], ["C-2026-0001"])
    ((number, rule, principals),) = cases(world)
    assert (number, rule) == ("C-2026-0001", "coverage")
    assert ("account", keyed("account", "mallory")) in principals


def test_after_the_case_is_closed_the_same_principal_opens_another_one_when_it_reads_on(world: World) -> None:
    world.write(reads(150, account="mallory"), members=1_000)
    look = watcher(world, coverage={})
    look.round()
    with world.session() as session:
        case = session.scalars(select(Case)).one()
        for task in list(case.tasks):
            finish_task(session, ANN, NOW, task.id, "looked at")
        set_severity(session, ANN, NOW, case, by_judgement("low"), "names only")
        say_no_lesson(session, ANN, NOW, case, "a member of the board made the yearbook")
        case.counted_at = NOW
        close_case(session, ANN, NOW, case, "it was a member of ours")
    world.clock.go(minutes=15)
    again = look.round()
    assert (again.opened, again.known) == ([], ["C-2026-0001"]), "nothing has happened since somebody decided"
    later = Segment(world.state, SITE, writer="00000000000000bb")
    later.append(shown(151, NOW + timedelta(minutes=5), account="mallory"))
    assert look.round().opened == ["C-2026-0002"]


def test_a_principal_that_somebody_took_out_opens_no_case_of_its_own_for_what_was_known_then(world: World) -> None:
    world.write(reads(150, account="mallory"), members=1_000)
    look = watcher(world, coverage={})
    look.round()
    with world.session() as session:
        case = session.scalars(select(Case)).one()
        for principal in list(case.principals):
            remove_principal(session, ANN, NOW, case, principal.id, "the yearbook of the board")
    world.clock.go(minutes=15)
    assert look.round().opened == []


def test_a_verified_search_engine_opens_nothing(world: World) -> None:
    world.write(reads(900, lane="search_engine"), members=1_000)
    assert watcher(world, coverage={}, group={}).round().opened == []


def test_ordinary_visitors_open_nothing(world: World) -> None:
    world.write(visitors(150, 2_000, NOW - timedelta(days=6)), members=2_000)
    assert watcher(world).round().opened == []


def test_a_harvest_shared_out_over_many_addresses_opens_one_case_with_all_of_them(world: World) -> None:
    harvest = [
        shown(
            200 + 40 * hand + k,
            NOW - timedelta(days=2) + timedelta(seconds=30 * k),
            address=f"h{hand}",
            network=f"hn{hand}",
            client="scraper",
        )
        for hand in range(25)
        for k in range(40)
    ]
    world.write([*harvest, *visitors(250, 1_500, NOW - timedelta(days=6))], members=1_500)
    assert watcher(world, group={}).round().opened == ["C-2026-0001"]
    ((_, rule, principals),) = cases(world)
    assert rule == "group"
    hands = {("address", keyed("address", f"h{n}")) for n in range(25)}
    assert hands <= principals
    assert len(principals - hands) <= 2
    with world.database.reading() as session:
        case = session.scalars(select(Case)).one()
        assert "use the same software" in " ".join(case.ties)
        assert case.first_disclosure_at == NOW - timedelta(days=2)


def test_a_bait_alone_opens_nothing_and_with_people_shown_it_does(world: World) -> None:
    bait = [shown(1, NOW - timedelta(hours=2), address="curious", why=["signal.bait_taken"])]
    world.write([*bait, *reads(60, address="greedy")], members=5_000)
    assert watcher(world, bait={}).round().opened == []


def test_a_taken_bait_with_people_shown_opens_a_case(world: World) -> None:
    bait = shown(61, NOW - timedelta(hours=1), address="greedy", why=["signal.bait_taken"])
    world.write([bait, *reads(60, address="greedy")], members=5_000)
    assert watcher(world, bait={}).round().opened == ["C-2026-0001"]
    ((_, _, principals),) = cases(world)
    assert principals == {("address", keyed("address", "greedy"))}


@pytest.mark.parametrize(("days", "opened"), [(2, 0), (3, 1), (5, 1)])
def test_a_budget_spent_on_several_days_opens_a_case(world: World, days: int, opened: int) -> None:
    rows = [
        shown(
            f"{day}-{n}",
            NOW - timedelta(days=day, seconds=30 * n + 1),
            address="patient",
            why=["budget.personal.address.day"] if n == 29 else [],
        )
        for day in range(days)
        for n in range(30)
    ]
    world.write(rows, members=50_000)
    assert len(watcher(world, budget={}).round().opened) == opened


def test_thresholds_are_data_and_bounded() -> None:
    changed = {r.name: r for r in with_numbers({"coverage": {"share": 0.2}, "bait": {"enabled": False}})}
    assert changed["coverage"].at("share") == 0.2
    assert not changed["bait"].enabled
    several: tuple[dict[str, dict[str, object]], ...] = (
        {"coverage": {"share": 2}},
        {"nothing": {}},
        {"bait": {"share": 1}},
        {"budget": {"days": True}},
    )
    for wrong in several:
        with pytest.raises(CaseError):
            with_numbers(wrong)


def test_an_operators_numbers_are_read_from_the_state_and_mistakes_are_told(tmp_path: Path) -> None:
    assert rules.read_rules(tmp_path) == RULES
    file = tmp_path / "case-rules.yaml"
    file.write_text("coverage: {share: 0.2}\nbait: {enabled: false}\n")
    changed = {r.name: r for r in rules.read_rules(tmp_path)}
    assert (changed["coverage"].at("share"), changed["bait"].enabled) == (0.2, False)
    for wrong in ("coverage: 3", "- a", "coverage: {share: 7}", "{", "nothing: {}"):
        file.write_text(wrong)
        with pytest.raises(CaseError, match=r"case-rules\.yaml"):
            rules.read_rules(tmp_path)


def test_every_rule_says_what_it_looks_for_and_its_numbers_have_units() -> None:
    for rule in rules.RULES:
        assert rule.looks_for.endswith(".")
        assert all(t.unit and t.sentence.endswith(".") for t in rule.thresholds.values())


def test_numbers_are_unique_under_concurrency(world: World) -> None:
    failures: list[BaseException] = []

    def open_some() -> None:
        try:
            for _ in range(5):
                with world.database.session() as session:
                    open_by_person(session, ANN, NOW, title="x", site=SITE, reason="because")
        except BaseException as error:  # noqa: BLE001 - told to the test
            failures.append(error)

    threads = [threading.Thread(target=open_some) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with world.database.reading() as session:
        numbers = sorted(session.scalars(select(Case.number)))
    assert numbers == [f"C-2026-{n:04d}" for n in range(1, 31)]


def test_two_watchers_at_once_open_one_case(world: World) -> None:
    world.write(reads(150, account="mallory"), members=1_000)
    barrier = threading.Barrier(3)

    def look() -> None:
        barrier.wait()
        watcher(world, coverage={}).round()

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(cases(world)) == 1


def test_a_failed_opening_gives_its_number_back(world: World) -> None:
    with pytest.raises(CaseError), world.session() as session:
        open_by_person(session, ANN, NOW, title="x", site=SITE, reason="y", principals=[Who("nothing", "z", "w")])
    with world.session() as session:
        assert open_by_person(session, ANN, NOW, title="x", site=SITE, reason="y").number == "C-2026-0001"


def test_numbers_begin_again_with_the_year(world: World) -> None:
    with world.session() as session:
        open_by_person(session, ANN, NOW, title="x", site=SITE, reason="y")
        later = open_by_person(session, ANN, NOW + timedelta(days=40), title="x", site=SITE, reason="y")
    assert later.number == "C-2027-0001"


def test_a_principal_taken_out_stays_with_its_reason_and_can_come_back(world: World) -> None:
    name = keyed("account", "ann")
    with world.session() as session:
        case = open_by_person(
            session, ANN, NOW, title="x", site=SITE, reason="y", principals=[Who("account", name, "read at night")]
        )
        row = case.principals[0]
        with pytest.raises(CaseError, match="why"):
            remove_principal(session, ANN, NOW, case, row.id, " ")
        remove_principal(session, ANN, NOW, case, row.id, "it is the night shift")
        add_principals(session, ANN, NOW, case, [Who("account", name, "it is not")])
    with world.database.reading() as session:
        (row,) = session.scalars(select(CasePrincipal)).all()
        assert (row.removed_at, row.why) == (None, "it is not")
        told = [e.what for e in session.scalars(select(Case)).one().events]
        assert any("the night shift" in line for line in told)


def test_every_act_is_in_the_trail(world: World) -> None:
    with world.session() as session:
        case = open_by_person(session, ANN, NOW, title="x", site=SITE, reason="a member called")
        subject = f"case:{case.id}"
    with world.database.reading() as session:
        rows = [(r.act, r.subject, r.reason, r.actor_name) for r in session.scalars(select(Decision))]
    assert rows == [("case.open", subject, "a member called", "Ann")]


def test_a_closed_case_opens_again_only_with_a_reason(world: World) -> None:
    with world.session() as session:
        case = open_by_person(session, ANN, NOW, title="x", site=SITE, reason="y")
        with pytest.raises(CaseError, match="is open"):
            reopen_case(session, ANN, NOW, case, "why not")
