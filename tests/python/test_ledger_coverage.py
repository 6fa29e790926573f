"""`coverage`: shares of the membership, by exact unions where they are possible and honest ranges where not."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.ledger.questions.coverage import Members, count_members, coverage
from hedgerow.ledger.questions.refs import find_group, read_ref
from ledger_views import NOW, Shown, TestKeys, connect, keyed

KEYS = TestKeys()
TODAY = NOW.date()
MEMBERS = Members(100, "given")


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


events = st.builds(
    Shown,
    at=st.integers(0, 200).map(ago),
    person=st.integers(1, 30).map(str),
    shown=st.sampled_from([("name",), ("email", "name"), ()]),
    address=st.integers(1, 6).map(lambda n: f"192.0.{n % 3}.{n}"),
    account=st.sampled_from([None, "ann", "bob"]),
)


def true_count(happened: list[Shown], days: int, of: str, level: str) -> int:
    begin = TODAY - timedelta(days=days - 1)
    return len(
        {
            e.person
            for e in happened
            if e.shown
            and e.at.date() >= begin
            and (e.principal(level) == of if level != "strangers" else e.account is None)
        }
    )


@settings(max_examples=12, deadline=None)
@given(st.lists(events, max_size=60), st.integers(1, 3), st.integers(0, 200))
def test_the_first_of_every_level_and_window_are_exactly_the_first(
    happened: list[Shown], top: int, kept_days: int
) -> None:
    con = connect(happened, (NOW - timedelta(days=kept_days)).date())
    levels = ("network", "account", "strangers")
    found = coverage(con, TODAY, MEMBERS, top=top, levels=levels)
    for level in levels:
        everyone = {e.principal(level) for e in happened} if level != "strangers" else {""}
        for days in (1, 7, 30, 180):
            truth = sorted(
                (true_count(happened, days, str(of), level) for of in everyone if of is not None), reverse=True
            )
            got = [s for s in found.top if (s.level, s.days) == (level, days)]
            assert [s.people for s in got] == [n for n in truth[:top] if n]
            for s in got:
                assert s.people == s.at_most == true_count(happened, days, s.principal, level)


@settings(max_examples=12, deadline=None)
@given(st.lists(events, max_size=60), st.integers(0, 40))
def test_the_range_of_an_address_holds_the_truth(happened: list[Shown], kept_days: int) -> None:
    con = connect(happened, (NOW - timedelta(days=kept_days)).date())
    found = coverage(con, TODAY, MEMBERS, top=50, levels=("address",))
    for address in {e.address for e in happened}:
        for s in found.top:
            if s.principal != keyed("address", address):
                continue
            begin = TODAY - timedelta(days=s.days - 1)
            truth = len({e.person for e in happened if e.shown and e.address == address and e.at.date() >= begin})
            assert s.people <= truth
            assert s.at_most is None or truth <= s.at_most
            if s.people == s.at_most:
                assert s.people == truth


def test_a_group_is_a_union_and_not_a_sum() -> None:
    happened = [Shown(ago(n), str(n % 10), address=f"198.51.{n % 4}.7") for n in range(40)]
    con = connect(happened)
    names = [f"network:{keyed('network', f'198.51.{n}')}" for n in range(4)]
    group = find_group(con, [read_ref(n, KEYS) for n in names])
    found = coverage(con, TODAY, MEMBERS, levels=(), group=group)
    assert [(s.days, s.people) for s in found.group] == [(1, 1), (7, 7), (30, 10), (180, 10)]
    assert found.top == []


def test_many_principals_with_large_sums_do_not_hide_the_one_who_saw_most() -> None:
    # Forty who read the same person on each of sixty days: large sums, one person. One who read thirty people once.
    happened = [Shown(ago(d), "1", address=f"198.51.{n}.7") for n in range(40) for d in range(60)]
    happened += [Shown(ago(0), str(n), address="203.0.113.9") for n in range(100, 130)]
    found = coverage(connect(happened), TODAY, MEMBERS, top=1, levels=("network",), windows=(180,))
    assert [(s.principal, s.people) for s in found.top] == [(keyed("network", "203.0.113"), 30)]


def test_the_size_of_the_membership_says_where_it_comes_from() -> None:
    con = connect([Shown(ago(0), "1"), Shown(ago(0), "2")])
    assert count_members(con, 500, 400).number == 500
    assert count_members(con, None, 400).source == "the setting people.members"
    seen = count_members(con, None, None)
    assert seen.number == 2
    assert "seen so far" in seen.source


def test_an_address_that_cannot_be_followed_is_given_as_a_range_and_said_in_words() -> None:
    happened = [Shown(ago(n), str(n)) for n in range(20)]
    con = connect(happened, ago(4).date())
    found = coverage(con, TODAY, MEMBERS, top=1, levels=("address",))
    by_days = {s.days: (s.people, s.at_most) for s in found.top}
    assert by_days == {1: (1, 1), 7: (5, 7), 30: (5, 20), 180: (5, 20)}
    assert any("can be followed only since" in c for c in found.caveats)
