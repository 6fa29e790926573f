"""Groups acting together: found where they are planted, not found where nobody planted any."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from audit_crowds import Crowd, mixed, ordinary, plant
from hedgerow.audit.groups import ALARMS_PER_AUDIT, find_groups
from hedgerow.audit.harvests import Groups
from hedgerow.audit.popularity import against, draw_chances, expected_union, low_mean
from hedgerow.audit.sharing import repetition
from hedgerow.audit.traits import Actor

FULL = bool(os.environ.get("HEDGEROW_FULL"))
BLOCKS = range(20 if FULL else 1)
"""Ten seeds are one test, so that a long run shows how far it is and what it has found."""
CROWDS: dict[str, dict[str, Any]] = {
    "by popularity": {"visitors": 8_000},
    "by popularity and town": {"towns": 40, "visitors": 8_000},
    "a small site": {"people": 2_000, "visitors": 3_000},
    "nearly everybody is as popular": {"zipf": 0.6, "visitors": 8_000},
}
MIXED: dict[str, dict[str, Any]] = {
    "a fifth looks up acquaintances": {"acquaintances": 0.2},
    "a third looks up acquaintances": {"acquaintances": 0.3, "visitors": 3_000},
    "half follows what is viral, half looks up acquaintances": {"acquaintances": 0.5, "visitors": 3_000, "viral": True},
}
"""Nobody acts together in these, and tastes last: choosing by one half of the people does not make the other new."""


_BASES: dict[tuple[int, int], Crowd] = {}


def _crowd(seed: int, visitors: int = 20_000) -> Crowd:
    """Ordinary traffic, made once for all tests that plant something in it."""
    if (seed, visitors) not in _BASES:
        _BASES[seed, visitors] = ordinary(seed, visitors=visitors)
    base = _BASES[seed, visitors]
    return Crowd(list(base.actors), list(base.sets))


def _found(crowd: Crowd) -> Groups:
    return find_groups(crowd.actors, crowd.sets)


def _caught(crowd: Crowd, found: Groups) -> tuple[float, float]:
    """Recall and precision, in actors."""
    planted = set(crowd.planted)
    members = {m for g in found.groups for m in g.members}
    return len(members & planted) / len(planted), len(members & planted) / max(1, len(members))


def _seeds(first: int, block: int, few: int) -> range:
    return range(first + 10 * block, first + 10 * block + (10 if FULL else few))


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("world", CROWDS.values(), ids=CROWDS)
@pytest.mark.parametrize("block", BLOCKS)
def test_in_ordinary_traffic_alone_nobody_is_found(world: dict[str, Any], block: int) -> None:
    alarms = [seed for seed in _seeds(1_000, block, 3) if _found(ordinary(seed, **world)).groups]
    assert alarms == []


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("world", MIXED.values(), ids=MIXED)
@pytest.mark.parametrize("block", BLOCKS)
def test_independent_people_with_lasting_tastes_are_no_harvest_but_something_to_look_at(
    world: dict[str, Any], block: int
) -> None:
    alarms, unseen = [], []
    for seed in _seeds(2_000, block, 2):
        found = _found(mixed(seed, **world))
        if found.groups:
            alarms.append(seed)
        if found.observed is None or found.observed.p_value is not None:
            unseen.append(seed)
    assert (alarms, unseen) == ([], [])


def test_a_harvest_among_people_with_lasting_tastes_is_found_by_its_traits_and_by_sharing_out() -> None:
    crowd = plant(mixed(21), 21, addresses=300, each=20, people=3_000)
    assert _caught(crowd, _found(crowd)) == (1.0, 1.0)


@pytest.mark.parametrize("acquaintances", [0.05, 0.2])
def test_who_only_has_the_taste_of_a_harvest_without_traits_is_not_listed_with_it(acquaintances: float) -> None:
    crowd = plant(mixed(22, acquaintances=acquaintances), 22, addresses=300, each=20, people=3_000, alike=False)
    found = _found(crowd)
    recall, precision = _caught(crowd, found)
    assert recall >= 0.98
    assert precision >= 0.95
    assert len(found.groups) == 1
    possible = set(found.groups[0].possible)
    assert len(possible) >= 0.5 * acquaintances * 2_500
    assert not possible & set(found.groups[0].members)


def test_harvesters_who_do_not_divide_the_people_exactly_stay_listed() -> None:
    crowd = ordinary(7, visitors=4_000)
    rng = np.random.default_rng(26)
    queue = np.concatenate([rng.permutation(5_000) for _ in range(8)])
    for i in range(600):
        taken = queue[i * 45 : (i + 1) * 45]
        people = BitMap(int(x) for x in np.concatenate([taken, rng.choice(5_000, 15, replace=False)]))
        crowd.add(
            Actor(f"u{i}", f"c{i}", None, None, 9.0 + i, 1.0, 60, 1_000 * i, 1_000 * i + 900), people, planted=True
        )
    recall, precision = _caught(crowd, _found(crowd))
    assert recall >= 0.95
    assert precision >= 0.95


def test_readers_without_preference_who_share_nothing_out_are_only_observed() -> None:
    crowd = plant(ordinary(23, visitors=8_000), 23, addresses=300, each=20, alike=False, shared_out=False)
    found = _found(crowd)
    assert found.groups == ()
    assert found.observed is not None
    assert len(set(found.observed.members) & set(crowd.planted)) >= 270


def test_every_chance_to_be_found_is_counted_also_of_those_that_were_not_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crowd = ordinary(24, visitors=2_000)
    everything = _found(crowd).tests
    monkeypatch.setattr("hedgerow.audit.groups.MOST_TESTS", 20)
    assert _found(crowd).tests == everything


@given(st.integers(20, 400), st.integers(2, 12), st.integers(10, 80), st.integers(0, 1_000))
@settings(max_examples=60, deadline=None)
def test_independent_readers_of_any_taste_hardly_ever_seem_to_share_out(
    people: int, each: int, actors: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    taste = rng.dirichlet(np.full(people, rng.choice([0.1, 1.0, 50.0])))
    taste = 0.9 * taste + 0.1 / people
    chosen = [rng.choice(people, each, replace=False, p=taste) for _ in range(actors)]
    inside = np.bincount(np.concatenate(chosen), minlength=people)
    assert repetition(inside, np.full(actors, each), people).p > 1e-4


@pytest.mark.parametrize("alike", [True, False], ids=["one client, one pace", "nothing in common but whom they read"])
@pytest.mark.parametrize("each", [10, 60])
def test_a_harvest_of_a_thousand_addresses_is_found_whole(alike: bool, each: int) -> None:
    crowd = plant(_crowd(7), 7, each=each, alike=alike)
    found = _found(crowd)
    recall, precision = _caught(crowd, found)
    assert recall >= 0.98
    assert precision >= 0.98
    assert len(found.groups) == 1
    assert found.groups[0].people >= 0.99 * 5_000
    assert found.groups[0].shares == (("client", "template", "pace") if alike else ())


def test_addresses_that_read_five_people_each_are_mostly_found() -> None:
    crowd = plant(_crowd(7), 8, each=5, alike=False)
    recall, precision = _caught(crowd, _found(crowd))
    assert recall >= 0.85
    assert precision >= 0.85


@pytest.mark.parametrize("visitors", [500, 700])
def test_a_harvest_that_outweighs_the_visitors_and_reads_everybody_several_times_is_found(visitors: int) -> None:
    crowd = plant(ordinary(27, people=1_200, visitors=visitors), 27, each=5, people=1_200)
    assert _caught(crowd, _found(crowd)) == (1.0, 1.0)


def test_a_harvest_behind_twenty_networks_is_one_group() -> None:
    crowd = plant(_crowd(7, 8_000), 9, each=20, networks=20)
    found = _found(crowd)
    assert len(found.groups) == 1
    assert _caught(crowd, found) == (1.0, 1.0)


def test_a_harvest_in_a_site_of_many_towns_is_found() -> None:
    crowd = plant(ordinary(10, towns=40), 10, each=20, alike=False)
    recall, precision = _caught(crowd, _found(crowd))
    assert recall >= 0.95
    assert precision >= 0.95


@pytest.mark.parametrize("each", [100, 1_000, 4_000])
def test_a_single_harvester_is_a_group_of_one(each: int) -> None:
    crowd = plant(_crowd(7, 8_000), 11, addresses=1, each=each, alike=False)
    found = _found(crowd)
    assert [g.members for g in found.groups] == [(crowd.planted[0],)]


@pytest.mark.parametrize("visitors", [8_000, 20_000] if FULL else [8_000])
def test_two_harvests_with_different_software_are_two_groups(visitors: int) -> None:
    """With few visitors about, each makes the other look usual: most of those who read twenty people harvest."""
    crowd = plant(ordinary(12, visitors=visitors), 12, addresses=300, each=20)
    for i in range(300):
        rng = np.random.default_rng(50_000 + i)
        people = BitMap(int(x) for x in rng.choice(5_000, 20, replace=False))
        crowd.add(Actor(f"o{i}", "other", "api", None, 7.0, 1.5, 20, 1_000_000, 1_003_000), people, planted=True)
    found = _found(crowd)
    assert sorted(len(g.members) for g in found.groups) == [300, 300]
    assert {"client", "template"} <= set(found.groups[0].shares)


def test_the_order_of_the_actors_changes_nothing() -> None:
    crowd = plant(ordinary(13, visitors=4_000), 13, addresses=200, each=20, alike=False)
    first = _found(crowd)
    shuffled, order = crowd.shuffled(4)
    second = _found(shuffled)
    back = [tuple(sorted(order[m] for m in g.members)) for g in second.groups]
    assert back == [g.members for g in first.groups]
    assert second.groups[0].p_value == pytest.approx(first.groups[0].p_value or 0.0)


def test_what_is_claimed_as_certain_is_within_the_stated_rate() -> None:
    found = _found(plant(_crowd(7, 8_000), 14, each=20))
    assert all(g.p_value is not None and g.p_value <= ALARMS_PER_AUDIT for g in found.groups)


def test_nobody_at_all_is_no_group() -> None:
    assert _found(Crowd()).groups == ()
    empty = Crowd()
    empty.add(Actor(), BitMap())
    assert _found(empty).groups == ()


def test_a_log_with_nobody_but_a_harvester_does_not_break() -> None:
    crowd = Crowd()
    crowd.add(Actor(), BitMap(range(1_000)))
    assert _found(crowd).groups == ()


@pytest.mark.skipif(not FULL, reason="long; runs with HEDGEROW_FULL=1")
def test_a_hundred_thousand_actors_take_less_than_a_minute() -> None:
    crowd = plant(ordinary(15, people=20_000, visitors=100_000), 15, people=20_000, each=20, alike=False)
    begun = time.process_time()
    found = _found(crowd)
    assert time.process_time() - begun < 30
    assert _caught(crowd, found)[0] > 0.95


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_probabilities_are_probabilities_and_nothing_is_expected_beyond_what_is_there(
    outside: list[int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    out = np.array(outside, dtype=np.int64)
    inside = rng.integers(0, 3, out.size)
    sizes = np.full(max(1, int(inside.sum()) // 2), 2, dtype=np.int64)
    measured = against(out, inside.astype(np.int64), sizes, 0.1, 0)
    assert 0 <= measured.rank_p <= 1
    assert 0 <= measured.union_p <= 1
    assert 0 <= measured.rank <= 1
    chance, how_many = draw_chances(np.bincount(out, minlength=4_096), out.size)
    assert expected_union(chance, how_many, sizes) <= 1.01 * sizes.sum()


def test_the_bound_of_a_low_mean_is_never_below_the_truth() -> None:
    rng = np.random.default_rng(5)
    weights = np.array([0.5, 0.2, 0.2, 0.1])
    values = np.array([0.1, 0.4, 0.7, 0.95])
    means = values[rng.choice(4, size=(200_000, 12), p=weights)].mean(axis=1)
    for mean in (0.1, 0.15, 0.2, 0.3):
        assert low_mean(mean, 12, weights, values) >= (means <= mean).mean() * 0.98
