"""What a first look at a site shows."""

from __future__ import annotations

from datetime import timedelta

from hedgerow.ledger.overview import CURIOUS_TOP, overview
from hedgerow.ledger.questions.coverage import Members
from ledger_views import NOW, Shown, connect, keyed

MEMBERS = Members(100, "given")


def test_the_day_stands_beside_the_same_day_of_last_week() -> None:
    week_before = NOW - timedelta(days=7, hours=1)
    happened = [Shown(NOW - timedelta(hours=1), f"p{n}") for n in range(6)]
    happened += [Shown(week_before, f"p{n}") for n in range(2)]
    found = overview(connect(happened), NOW, MEMBERS)
    assert (found.day.people, found.week_before.people) == (6, 2)
    assert [p.people for p in found.hours][-2:] == [0, 6] or sum(p.people for p in found.hours) == 6
    assert sum(p.people for p in found.hours_week_before) == 2


def test_the_most_curious_is_who_has_seen_most_people() -> None:
    at = NOW - timedelta(hours=2)
    happened = [Shown(at, f"p{n}", account="8812") for n in range(9)]
    happened += [Shown(at, f"p{n}", address="198.51.100.7") for n in range(3)]
    found = overview(connect(happened), NOW, MEMBERS)
    assert found.most_curious is not None
    assert found.most_curious.people == 9
    assert keyed("account", "8812") in {s.principal for s in found.curious if s.people == 9}
    assert found.strangers is not None
    assert found.strangers.people == 3
    assert len(found.curious) <= CURIOUS_TOP


def test_an_empty_ledger_has_nobody_curious() -> None:
    found = overview(connect([]), NOW, MEMBERS)
    assert found.most_curious is None
    assert found.strangers is None
    assert found.day.people == 0
