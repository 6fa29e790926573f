"""Shares with their ranges, and days of followed visitors added up: never a number that is too small."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.appeals.estimate import NETWORKS, WAYS, estimate
from hedgerow.appeals.proportion import proportion, wilson
from hedgerow.appeals.rates import SMALLEST
from hedgerow.console.followed_counts import LOOKS_BACK, SETTLED_AFTER, due_days
from hedgerow.ledger.questions.followed import over_at
from hedgerow.store.models.appeals import Appeal
from hedgerow.store.models.followed import FollowedStops

shares = st.integers(1, 100_000).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole)))


@settings(deadline=None)
@given(shares)
def test_a_range_holds_the_share_and_stays_a_share(numbers: tuple[int, int]) -> None:
    part, whole = numbers
    low, high = wilson(part, whole)
    assert 0 <= low <= part / whole <= high <= 1
    other_low, other_high = wilson(whole - part, whole)
    assert (1 - other_high, 1 - other_low) == pytest.approx((low, high), abs=1e-9)
    narrow_low, narrow_high = wilson(4 * part, 4 * whole)
    assert narrow_high - narrow_low < high - low, "more visitors say more"


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        # R. G. Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_ranges_are_those_of_the_literature(part: int, whole: int, low: float, high: float) -> None:
    assert wilson(part, whole) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("part", "whole"), [(0, 0), (2, 1), (-1, 5)])
def test_what_is_no_share_has_no_range(part: int, whole: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        wilson(part, whole)


def _possible(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "ordinary": min(row["ordinary"], row["visitors"])}


rows = st.lists(
    st.fixed_dictionaries(
        {
            "stop": st.sampled_from(["challenge", "refusal"]),
            "lane": st.sampled_from(["visitor", "member"]),
            "network_kind": st.sampled_from(list(NETWORKS)),
            "way": st.sampled_from([*WAYS, "none"]),
            "visitors": st.integers(0, 12),
            "ordinary": st.integers(0, 12),
        }
    ).map(_possible),
    max_size=8,
)


def day(n: int, of: list[dict[str, Any]], *, gone: bool = False) -> FollowedStops:
    at = date(2026, 11, 1) + timedelta(days=n)
    return FollowedStops(site="directory", day=at, gone=gone, rows=[] if gone else of, usual={"": 15 + n})


@settings(deadline=None)
@given(st.lists(rows, max_size=4))
def test_days_add_up_and_no_number_from_one_to_four_is_shown(days: list[list[dict[str, Any]]]) -> None:
    found = estimate([day(n, of) for n, of in enumerate(days)], [])
    every = [r for of in days for r in of]
    challenged = sum(r["visitors"] for r in every if r["stop"] == "challenge")
    falsely = sum(r["ordinary"] for r in every if r["stop"] == "challenge")
    assert found.whole.challenged == (challenged if challenged == 0 or challenged >= SMALLEST else None)
    assert found.whole.false_challenge == proportion(falsely, challenged, SMALLEST)
    for e in (found.whole, *found.lanes, *found.networks):
        for number in (e.challenged, e.refused, e.appeals, e.wrong):
            assert number is None or number == 0 or number >= SMALLEST
        for share in (e.false_challenge, e.false_refusal):
            if share is not None:
                assert share.whole >= SMALLEST
                assert share.part == 0 or share.part >= SMALLEST
    assert found.days == len(days)


def test_days_whose_detail_was_gone_are_told_and_not_counted() -> None:
    row = {
        "stop": "challenge",
        "lane": "visitor",
        "network_kind": "mobile",
        "way": "wait",
        "visitors": 20,
        "ordinary": 6,
    }
    found = estimate([day(0, [row]), day(1, [], gone=True), day(2, [row])], [])
    assert (found.days, found.gone, found.since, found.until) == (2, 1, date(2026, 11, 1), date(2026, 11, 3))
    (lane,) = found.lanes
    assert lane.false_challenge is not None
    assert (lane.false_challenge.part, lane.false_challenge.whole, lane.false_challenge.share) == (12, 40, 0.3)
    assert {e.name: e.challenged for e in found.networks} == {
        "residential": 0,
        "mobile": 40,
        "hosting": 0,
        "education or government": 0,
        "unknown": 0,
    }
    assert {w.name: w.solved for w in found.ways}["without JavaScript, by waiting"] == 40
    assert found.usual == (("", 15, 17),)


def test_appeals_stand_beside_the_estimate_by_lane_and_kind_of_network() -> None:
    written = [Appeal(lane="visitor", network_kind="mobile", outcome="wrong" if n < 6 else None) for n in range(9)]
    found = estimate([], written)
    assert (found.whole.appeals, found.whole.wrong, found.whole.false_challenge) == (9, 6, None)
    assert {e.name: e.wrong for e in found.networks} == {
        "residential": 0,
        "mobile": 6,
        "hosting": 0,
        "education or government": 0,
        "unknown": 0,
    }


@settings(deadline=None)
@given(st.integers(0, 525_600).map(lambda m: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=m)))
def test_a_day_is_due_once_everybody_was_followed_to_the_end(now: datetime) -> None:
    due = due_days(set(), now)
    assert due == sorted(due)
    assert all(over_at(d) + SETTLED_AFTER <= now for d in due)
    assert over_at(due[-1] + timedelta(days=1)) + SETTLED_AFTER > now, "none is forgotten"
    assert due[0] == now.date() - LOOKS_BACK
    assert due_days(set(due[1:]), now) == due[:1]
