"""Measures: the file that the edge reads, the name that keeps hitting, and who is behind a principal."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text as sql
from sqlalchemy.exc import DatabaseError

from hedgerow.ledger.questions.period import Period
from hedgerow.ledger.questions.reach import CAVEAT, reach
from hedgerow.ledger.questions.refs import Ref, RefError, find_group
from hedgerow.measures import (
    LEVELS,
    OF_PRINCIPALS,
    Act,
    Measure,
    MeasureError,
    MeasureTable,
    NamingError,
    new_id,
    read_span,
    stable_name,
    undone_on_rollback,
)
from hedgerow.measures.everybody import Shows, check_known, read_target
from hedgerow.measures.table import KEPT_AFTER_S
from hedgerow.store.database import Database
from ledger_views import NOW, Shown, TestKeys, connect, keyed

NOW_S = 1_800_000_000
KEYS = TestKeys()


def measure(
    number: int,
    act: Act = Act.REFUSE,
    name: str = "0a" * 12,
    level: str = "address",
    from_s: int = NOW_S - 100,
    until_s: int = NOW_S + 3_600,
) -> Measure:
    return Measure(f"m{number}", "club", level, name, act, from_s, until_s, 4 if act is Act.BUDGET else None)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "a b"},
        {"site": "../x"},
        {"level": "licence"},
        {"name": "0A" * 12},
        {"name": "0a" * 4},
        {"until_s": NOW_S - 100},
        {"until_s": NOW_S + 367 * 86_400},
        {"factor": 4},
        {"act": Act.BUDGET},
        {"act": Act.BUDGET, "factor": 1},
        {"why": "x" * 2_001},
    ],
)
def test_a_measure_that_cannot_be_is_not_made(change: dict[str, object]) -> None:
    with pytest.raises(MeasureError):
        replace(measure(1), **change)  # type: ignore[arg-type]


measures = st.builds(
    measure,
    number=st.integers(0, 10**6),
    act=st.sampled_from(OF_PRINCIPALS),
    name=st.sampled_from(["0a" * 12, "0b" * 12, "0a" * 8]),
    level=st.sampled_from(LEVELS),
    until_s=st.integers(NOW_S - 50, NOW_S + 86_400),
)


def wide(
    act: Act, *, route: str | None = None, field: str | None = None, posture: str | None = None, name: str = ""
) -> Measure:
    """A measure for everybody."""
    times = (NOW_S - 100, NOW_S + 3_600)
    return Measure(name or new_id(), "club", "", "", act, *times, route=route, field=field, posture=posture)


routes = st.sampled_from([None, "profile", "list"])
fields = st.sampled_from(["town", "email"])
wide_ones = st.one_of(
    st.builds(wide, st.just(Act.POSTURE), route=routes, posture=st.sampled_from(["raised", "high"])),
    st.builds(wide, st.just(Act.MASK), route=routes, field=fields),
    st.builds(wide, st.just(Act.CLOSE), route=st.sampled_from(["profile", "list"])),
)


@pytest.mark.parametrize(
    "wrong",
    [
        {"act": Act.POSTURE},
        {"act": Act.POSTURE, "posture": "calm"},
        {"act": Act.POSTURE, "posture": "high", "field": "town"},
        {"act": Act.MASK},
        {"act": Act.MASK, "field": ""},
        {"act": Act.MASK, "field": "town", "posture": "high"},
        {"act": Act.CLOSE},
        {"act": Act.CLOSE, "route": "x" * 201},
        {"act": Act.CLOSE, "route": "list", "field": "town"},
    ],
)
def test_a_measure_for_everybody_that_cannot_be_is_not_made(wrong: dict[str, object]) -> None:
    with pytest.raises(MeasureError):
        wide(**wrong)  # type: ignore[arg-type]
    for change in ({"level": "address"}, {"name": "0a" * 12}):
        with pytest.raises(MeasureError, match="for everybody"):
            replace(wide(Act.CLOSE, route="list"), **change)  # type: ignore[arg-type]
    with pytest.raises(MeasureError, match="only `posture`"):
        replace(measure(1), route="list")


def test_what_a_site_does_not_show_is_not_decided_about() -> None:
    known = Shows(("name", "town"), {"profile": ("name", "town"), "list": ("name",), "named": ()})
    for act, what, route, said in (
        (Act.CLOSE, "nowhere", None, "no route `nowhere`"),
        (Act.MASK, "email", None, "no field `email`"),
        (Act.MASK, "town", "list", "does not show `town`"),
        (Act.POSTURE, "high", "nowhere", "no route"),
    ):
        with pytest.raises(MeasureError, match=said):
            check_known(read_target(act, what, route), known)
    check_known(read_target(Act.MASK, "town", "named"), known)
    for act, what in ((Act.POSTURE, "calm"), (Act.MASK, " "), (Act.CLOSE, ""), (Act.REFUSE, "list")):
        with pytest.raises(MeasureError):
            read_target(act, what)


def test_what_was_decided_for_everybody_is_replaced_by_the_same_and_by_nothing_else(tmp_path: Path) -> None:
    table = MeasureTable(tmp_path)
    raised = wide(Act.POSTURE, posture="raised")
    table.set(raised, NOW_S)
    assert table.set(wide(Act.CLOSE, route="list"), NOW_S) == []
    assert table.set(wide(Act.MASK, field="town"), NOW_S) == []
    assert table.set(measure(1, Act.RELEASE), NOW_S) == []
    assert table.set(wide(Act.POSTURE, posture="high"), NOW_S) == [raised]
    assert table.set(wide(Act.MASK, field="town", route="list"), NOW_S) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(measures | wide_ones, max_size=6, unique_by=lambda m: m.id), measures | wide_ones, st.booleans())
def test_a_decision_that_is_not_kept_leaves_no_trace(before: list[Measure], last: Measure, ends: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        table = MeasureTable(Path(folder))
        for one in before:
            if one.id != last.id:
                table.set(one, NOW_S)
        was = table.read()
        holding = [m for m in was if m.until_s > NOW_S]
        if ends and holding:
            table.take_back(None, [table.end(holding[0].id, NOW_S)], NOW_S)
        else:
            table.take_back(last, table.set(last, NOW_S), NOW_S)
        assert {m.id: m for m in table.read()} == {m.id: m for m in was}


def test_only_what_is_rolled_back_is_undone(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    undone: list[str] = []
    with database.session() as session:
        undone_on_rollback(session, lambda: undone.append("kept"))

    def decides_and_fails() -> None:
        with database.session() as session:
            undone_on_rollback(session, lambda: undone.append("rolled back"))
            session.execute(sql("SELECT nothing FROM nowhere"))

    with pytest.raises(DatabaseError):
        decides_and_fails()
    assert undone == ["rolled back"]


@given(measures | wide_ones)
def test_a_measure_reads_back_as_it_was_written(one: Measure) -> None:
    assert Measure.from_data(json.loads(json.dumps(one.as_data()))) == one


@settings(max_examples=60, deadline=None)
@given(st.lists(measures, min_size=1, max_size=8, unique_by=lambda m: m.id))
def test_after_any_decisions_the_last_word_about_somebody_holds(decided: list[Measure]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        table = MeasureTable(Path(folder))
        for one in decided:
            table.set(one, NOW_S)
        left = table.read()
        assert table.path.stat().st_mode & 0o777 == 0o600
        holding = [m for m in left if m.until_s > NOW_S]
        for one in holding:
            same = [m for m in holding if m.about(one)]
            acts = [m.act for m in same]
            assert len(set(acts)) == len(acts)
            assert acts == [Act.RELEASE] or Act.RELEASE not in acts
        for number, one in enumerate(decided):
            later = [m for m in decided[number + 1 :] if m.about(one)]
            replaced = any(m.act is one.act or Act.RELEASE in (m.act, one.act) for m in later)
            assert (one in left) is (not replaced or one.until_s <= NOW_S)


def test_a_decision_is_taken_back_once_and_forgotten_after_a_week(tmp_path: Path) -> None:
    table = MeasureTable(tmp_path)
    table.set(measure(1), NOW_S)
    assert table.end("m1", NOW_S).id == "m1"
    with pytest.raises(MeasureError, match="no measure `m1` is in force"):
        table.end("m1", NOW_S)
    assert [m.until_s for m in table.read()] == [NOW_S]
    later = NOW_S + KEPT_AFTER_S
    table.set(measure(2, from_s=later, until_s=later + 60), later)
    assert [m.id for m in table.read()] == ["m2"]
    with pytest.raises(MeasureError, match="already"):
        table.set(measure(2, from_s=later, until_s=later + 60), later)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"format": 2, "measures": []}',
        '{"format": true, "measures": []}',
        '{"format": 1, "measures": [{}]}',
        '{"format": 1, "measures": [7]}',
        "\0",
    ],
)
def test_a_broken_file_is_told_and_never_replaced(tmp_path: Path, text: str) -> None:
    table = MeasureTable(tmp_path)
    table.path.write_text(text)
    with pytest.raises(MeasureError, match="move it away"):
        table.set(measure(1), NOW_S)
    assert table.path.read_text() == text


def test_spans_are_read() -> None:
    assert [read_span(t) for t in ("30m", "12h", "2d", "1w")] == [1_800, 43_200, 172_800, 604_800]
    for wrong in ("", "d", "2", "-1d", "0d", "1.5h", "367d", "٣d"):
        with pytest.raises(MeasureError):
            read_span(wrong)


def shown(days_ago: float, person: int, address: str, account: str | None = None) -> Shown:
    return Shown(NOW - timedelta(days=days_ago), str(person), ("name",), address=address, account=account)


def test_the_name_of_a_day_leads_to_the_name_that_keeps_hitting() -> None:
    con = connect([shown(2, 1, "192.0.2.1"), shown(1, 2, "192.0.2.1"), shown(1, 2, "192.0.2.9")])
    stable = KEYS.address("192.0.2.1")
    rows = con.execute("SELECT DISTINCT address FROM links WHERE stable = ?", [stable]).fetchall()
    for (of_a_day,) in rows:
        assert stable_name(con, f"address:{of_a_day}", KEYS) == ("address", stable)
    assert stable_name(con, "192.0.2.1", KEYS) == ("address", stable)
    assert stable_name(con, stable[:16], KEYS) == ("address", stable)
    assert stable_name(con, "198.51.100.7", KEYS) == ("address", KEYS.address("198.51.100.7")), "not met yet"
    assert stable_name(con, "account:ann", KEYS) == ("account", KEYS.account("ann"))
    assert stable_name(con, f"client:{'0c' * 12}", KEYS) == ("client", "0c" * 12)


def test_what_can_no_longer_be_followed_is_said_and_not_guessed() -> None:
    con = connect([shown(2, 1, "192.0.2.1")])
    (of_a_day,) = con.execute("SELECT address FROM links").fetchall()[0]
    con.execute("DELETE FROM links")
    for text in (f"address:{of_a_day}", "0d" * 12):
        with pytest.raises(NamingError, match="followed only while"):
            stable_name(con, text, KEYS)
    with pytest.raises(NamingError, match="nothing can be decided about strangers"):
        stable_name(con, "strangers", KEYS)
    with pytest.raises(RefError):
        stable_name(con, "nobody at all", KEYS)


events = st.builds(
    shown,
    days_ago=st.integers(0, 9),
    person=st.integers(1, 9),
    address=st.integers(1, 5).map(lambda n: f"192.0.2.{n}"),
    account=st.sampled_from([None, "ann", "bob"]),
)


@settings(max_examples=15, deadline=None)
@given(st.lists(events, max_size=40), st.integers(1, 10))
def test_reach_counts_as_a_list_of_all_entries_would(happened: list[Shown], days: int) -> None:
    con = connect(happened, (NOW - timedelta(days=100)).date())
    network = keyed("network", "192.0.2")
    period = Period(NOW - timedelta(days=days), NOW + timedelta(seconds=1))
    found = reach(con, find_group(con, [Ref("network", network)]), period)
    within = [e for e in happened if period.since <= e.at < period.until and e.principal("network") == network]
    accounts = {e.account for e in within if e.account}
    unnamed: dict[object, set[object]] = {}
    addresses: dict[object, set[object]] = {}
    for e in within:
        addresses.setdefault(e.at.date(), set()).add(e.address)
        if not e.account and e.principal("session") is None:
            unnamed.setdefault(e.at.date(), set()).add(e.address)
    sessions = {e.principal("session") for e in within if not e.account and e.principal("session")}
    assert found.accounts == len(accounts)
    assert found.addresses == max(map(len, addresses.values()), default=0)
    assert found.visitors == len(accounts) + len(sessions) + max(map(len, unnamed.values()), default=0)
    assert found.people_shown == len({e.person for e in within})
    assert 0 <= found.ordinary <= found.visitors
    assert found.as_data()["caveat"] == CAVEAT
