"""The record of a person and of a principal: entries where there is detail, and what sketches still know."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from hedgerow.ledger.questions.bitmaps import may_hold
from hedgerow.ledger.questions.records import days_of_group, days_of_person, entries_of_group, entries_of_person
from hedgerow.ledger.questions.refs import find_group, read_ref
from ledger_views import NOW, Shown, TestKeys, connect, keyed

KEYS = TestKeys()

events = st.builds(
    Shown,
    at=st.integers(0, 12).map(lambda n: NOW - timedelta(days=n)),
    person=st.integers(1, 4).map(str),
    shown=st.sampled_from([("name",), ("email", "name"), ()]),
    masked=st.sampled_from([(), ("phone",)]),
    address=st.sampled_from(["203.0.113.9", "198.51.100.7"]),
    account=st.sampled_from([None, "ann"]),
)


@settings(max_examples=12, deadline=None)
@given(st.lists(events, max_size=20), st.integers(0, 12))
def test_a_persons_record_is_every_entry_and_every_day_without(happened: list[Shown], kept_days: int) -> None:
    thinned_before = (NOW - timedelta(days=kept_days)).date()
    con = connect(happened, thinned_before)
    mine = [e for e in happened if e.person == "1"]
    entries = entries_of_person(con, "1").entries
    assert sorted((e.at, e.people[0].fields, e.people[0].masked) for e in entries) == sorted(
        (e.at, e.shown, e.masked) for e in mine if e.at.date() >= thinned_before
    )
    old = [e for e in mine if e.at.date() < thinned_before and e.shown]
    days = days_of_person(con, "1")
    assert {(d.day, d.fields) for d in days} == {(e.at.date(), e.shown) for e in old}
    accounts = {(d.day, d.principal) for d in days if d.level == "account"}
    assert accounts == {(e.at.date(), keyed("account", "ann")) for e in old if e.account}


@settings(max_examples=12, deadline=None)
@given(st.lists(events, max_size=20), st.integers(0, 12), st.sampled_from(["203.0.113.9", "account:ann", "strangers"]))
def test_a_principals_record_is_every_entry_with_everybody_in_it(
    happened: list[Shown], kept_days: int, ref: str
) -> None:
    thinned_before = (NOW - timedelta(days=kept_days)).date()
    con = connect(happened, thinned_before)
    group = find_group(con, [read_ref(ref, KEYS)])

    def meant(e: Shown) -> bool:
        return {"203.0.113.9": e.address == ref, "account:ann": e.account == "ann"}.get(ref, e.account is None)

    mine = [e for e in happened if meant(e)]
    found = [(e.at, p.person, p.fields) for e in entries_of_group(con, group).entries for p in e.people]
    assert sorted(found) == sorted((e.at, e.person, e.shown) for e in mine if e.at.date() >= thinned_before)
    if ref != "203.0.113.9":
        old = {(e.at.date(), e.shown, e.person) for e in mine if e.at.date() < thinned_before and e.shown}
        assert {(d.day, d.fields, p) for d in days_of_group(con, group) for p in d.people} == old


def test_an_address_is_shown_by_its_stable_name_which_other_commands_know() -> None:
    con = connect([Shown(NOW, "1")])
    (entry,) = entries_of_person(con, "1").entries
    assert entry.principals()["address"] == keyed("address", "203.0.113.9")


def test_a_sketch_says_in_words_what_it_knows() -> None:
    happened = [Shown(NOW - timedelta(days=40, minutes=n), str(n), ("email", "name")) for n in range(6)]
    con = connect(happened, date(2026, 11, 1))
    (said,) = [d.in_words() for d in days_of_group(con, find_group(con, [read_ref("strangers", KEYS)]))]
    assert said == (
        "2026-10-17, between 11:55:00 and 12:00:00 (sketch)  showed 0, 1, 2, 3 and 2 more (email name)  to strangers"
    )


def test_what_is_only_in_the_table_of_disclosures_is_told_all_the_same() -> None:
    con = connect([Shown(NOW, "1"), Shown(NOW - timedelta(hours=1), "2")])
    con.execute("DELETE FROM entries WHERE seq = 2")
    found = entries_of_group(con, find_group(con, [read_ref("strangers", KEYS)])).entries
    assert [p.person for e in found for p in e.people] == ["2", "1"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 200_000), max_size=30),
    st.lists(st.tuples(st.integers(0, 150_000), st.integers(1, 9_000)), max_size=2),
    st.integers(0, 200_000),
    st.booleans(),
)
def test_no_sketch_that_holds_a_number_is_left_out(
    some: list[int], runs: list[tuple[int, int]], number: int, optimise: bool
) -> None:
    people = BitMap(some) | BitMap.union(BitMap(), *(BitMap(range(a, a + n)) for a, n in runs))
    people.add(number)
    if optimise:
        people.run_optimize()
    where, values = may_hold(number)
    query = f"SELECT {where} FROM (SELECT ?::BLOB AS people)"  # noqa: S608
    assert duckdb.execute(query, [*values, people.serialize()]).fetchone() == (True,)


def test_a_sketch_without_the_number_is_mostly_left_out() -> None:
    where, values = may_hold(5)
    query = f"SELECT {where} FROM (SELECT ?::BLOB AS people)"  # noqa: S608
    assert duckdb.execute(query, [*values, BitMap([700, 70_000]).serialize()]).fetchone() == (False,)
