"""What happened in a period, counted in distinct people."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.ledger.questions.activity import TooFineError, activity, course
from hedgerow.ledger.questions.period import Period
from ledger_views import NOW, Shown, connect

DAY = Period(NOW - timedelta(days=1), NOW)
_people = st.sampled_from(["ada", "bob", "cyd", "dee"])
_happened = st.lists(
    st.builds(
        Shown,
        at=st.integers(0, 1_439).map(lambda m: DAY.since + timedelta(minutes=m)),
        person=_people,
        shown=st.sampled_from([("name",), ("name", "email"), ()]),
        masked=st.sampled_from([(), ("email",)]),
        account=st.sampled_from([None, "8812"]),
        route=st.sampled_from(["member", "list"]),
    ),
    max_size=30,
)


def test_reading_somebody_again_is_one_person() -> None:
    found = activity(connect([Shown(DAY.since, "ada"), Shown(DAY.since + timedelta(hours=2), "ada")]), DAY)
    assert (found.people, found.lanes[0].people, found.lanes[0].disclosures) == (1, 1, 2)


def test_a_person_of_whom_everything_was_masked_was_not_disclosed() -> None:
    found = activity(connect([Shown(DAY.since, "ada", shown=(), masked=("name",), action="mask")]), DAY)
    assert (found.people, found.masked) == (0, 1)
    assert [(v.action, v.requests) for v in found.verdicts] == [("mask", 1)]


def test_what_is_outside_of_the_period_is_not_counted() -> None:
    found = activity(connect([Shown(DAY.since - timedelta(seconds=1), "ada"), Shown(DAY.until, "bob")]), DAY)
    assert found.people == 0


@settings(deadline=None, max_examples=50)
@given(_happened)
def test_counts_are_those_of_counting_by_hand(happened: list[Shown]) -> None:
    connection = connect(happened)
    found = activity(connection, DAY)
    left = [e for e in happened if e.shown]
    assert found.people == len({e.person for e in left})
    assert found.to_strangers == len({e.person for e in left if e.account is None})
    assert {r.name: r.people for r in found.routes} == {
        route: len({e.person for e in left if e.route == route}) for route in {e.route for e in left}
    }
    points = course(connection, DAY, timedelta(hours=1))
    assert len(points) == 24
    for point in points:
        within = [e for e in left if point.at <= e.at < point.at + timedelta(hours=1)]
        assert point.people == len({e.person for e in within})
        assert point.strangers == len({e.person for e in within if e.account is None})


def test_a_step_too_fine_for_a_chart_is_refused() -> None:
    with pytest.raises(TooFineError, match="more points"):
        course(connect([]), Period(NOW - timedelta(days=31), NOW), timedelta(minutes=1))
