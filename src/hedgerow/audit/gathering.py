"""What a report is made of: who read people, who of them belongs together, and who is declared or ordinary."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from pyroaring import BitMap

from hedgerow.audit.groups import find_groups
from hedgerow.audit.harvests import Group, Groups
from hedgerow.audit.replaying import VOUCHED, Replay, Seen, people_of, popularity_of, seen
from hedgerow.audit.traits import Actor

MUCH_PEOPLE: Final = 50
MUCH_SHARE: Final = 0.05
"""Who alone read so many people, and so large a share of those in the log, is shown for the amount alone: ten
people a day is a busy visitor. On a small site a curious member does as much, so it is in no other number."""
MOST_SETS: Final = 300_000
"""Actors whose people are looked at one by one: those who read most. The others count in what is popular."""


@dataclass
class Crowd:
    """Counts of all actors of one kind; nobody is kept."""

    actors: int = 0
    people_reads: int = 0
    touched: int = 0
    """Actors for whom the policy would have done anything at all."""
    masked_people: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    sizes: Counter[int] = field(default_factory=Counter)
    """By people read: how many actors."""

    def add(self, actor: Seen) -> None:
        """Counts an actor."""
        self.actors += 1
        self.people_reads += actor.people
        self.touched += actor.stopped > 0
        self.masked_people += actor.masked
        self.verdicts.update(actor.verdicts)
        self.sizes[actor.people] += 1


@dataclass(frozen=True)
class Harvest:
    """One harvester or a group, with those who belong to it."""

    members: tuple[Seen, ...]
    people: BitMap
    reads: int
    group: Group | None
    """Absent where the amount alone speaks, which is no harvest."""


@dataclass
class Gathered:
    """All that a report tells of who read whom."""

    harvests: list[Harvest]
    by_amount: list[Harvest]
    """Who alone read much, about whom nothing else could be said: likely people as well as harvesters."""
    observed: Harvest | None
    """Readers who ignore popularity, which a lasting taste explains as well: to be looked at, and no harvest."""
    groups: Groups
    declared: list[tuple[Seen, BitMap]]
    ordinary: Crowd
    automation: Crowd
    everybody: Crowd
    largest: list[Seen]
    people: int
    """Distinct people in the log."""
    taken: BitMap
    """People read by any harvest."""
    looked_at: int
    """Actors whose people were looked at one by one."""
    growth: dict[int, list[tuple[int, int]]]
    """By harvest: distinct people after so many reads, as its members came."""
    usual_growth: list[tuple[int, int]]
    """The same of everybody else."""


def gather(replay: Replay, members: int = 0) -> Gathered:
    """Looks for harvests among all actors of a replay.

    Args:
        replay: The log, replayed.
        members: People the site has; 0 = as many as were seen.
    """
    popularity = popularity_of(replay)
    everybody = Crowd()
    kept: list[Seen] = []
    for actor in seen(replay):
        everybody.add(actor)
        if actor.people >= 2:
            kept.append(actor)
            if len(kept) > 2 * MOST_SETS:
                kept = _most(kept)
    kept = _most(kept)
    sets = {a.number: people_of(replay, a) for a in kept}
    declared = [(a, sets[a.number]) for a in kept if a.lane in VOUCHED]
    open_to_doubt = [a for a in kept if a.lane not in VOUCHED]
    for _, people in declared:
        popularity[np.fromiter(people, dtype=np.int64, count=len(people))] -= 1
    groups = find_groups(
        [_as_member(a) for a in open_to_doubt],
        [sets[a.number] for a in open_to_doubt],
        popularity=np.maximum(popularity, 0),
        members=members,
    )
    harvests = [_harvest(g, open_to_doubt, sets) for g in groups.groups]
    harvesting = {a.number for h in harvests for a in h.members}
    total = int(popularity.size)
    by_amount: list[Harvest] = []
    for actor in open_to_doubt:
        much = actor.people >= max(MUCH_PEOPLE, MUCH_SHARE * max(total, members))
        if much and actor.number not in harvesting:
            by_amount.append(Harvest((actor,), sets[actor.number], actor.people, None))
    by_amount.sort(key=lambda h: (-len(h.people), h.members[0].number))
    harvests.sort(key=lambda h: (-len(h.people), h.members[0].number))
    taken = BitMap.union(*(h.people for h in harvests)) if harvests else BitMap()
    ordinary, automation = Crowd(), Crowd()
    for actor in seen(replay):
        if actor.number not in harvesting and actor.lane not in VOUCHED:
            (automation if actor.lane == "automation" else ordinary).add(actor)
    usual = [a for a in open_to_doubt if a.number not in harvesting and a.lane != "automation"]
    return Gathered(
        harvests=harvests,
        by_amount=by_amount,
        observed=_harvest(groups.observed, open_to_doubt, sets) if groups.observed else None,
        groups=groups,
        declared=sorted(declared, key=lambda d: (-d[0].people, d[0].number)),
        ordinary=ordinary,
        automation=automation,
        everybody=everybody,
        largest=sorted(kept, key=lambda a: (-a.people, a.number))[:20],
        people=total,
        taken=taken,
        looked_at=len(kept),
        growth={i: _growth([(a.first_s, sets[a.number]) for a in h.members]) for i, h in enumerate(harvests[:12])},
        usual_growth=_growth(
            [(a.first_s, sets[a.number]) for a in usual], until=max((h.reads for h in harvests), default=2_000)
        ),
    )


def _most(actors: list[Seen]) -> list[Seen]:
    return sorted(actors, key=lambda a: (-a.people, a.number))[:MOST_SETS]


def _as_member(a: Seen) -> Actor:
    return Actor(a.network, a.client, a.template, a.asn, a.gap_mean_s, a.gap_cv, a.pages, a.first_s, a.last_s)


def _harvest(group: Group, actors: list[Seen], sets: dict[int, BitMap]) -> Harvest:
    members = tuple(actors[i] for i in group.members)
    return Harvest(members, BitMap.union(*(sets[m.number] for m in members)), group.reads, group)


def _growth(of: list[tuple[int, BitMap]], until: int | None = None, steps: int = 60) -> list[tuple[int, int]]:
    """Distinct people after so many reads, actor by actor in the order they came; so many points at most."""
    union, reads = BitMap(), 0
    points = [(0, 0)]
    for _, people in sorted(of, key=lambda o: (o[0], -len(o[1]), len(o[1]) and o[1].min())):
        if until is not None and reads + len(people) > until:
            break
        union |= people
        reads += len(people)
        points.append((reads, len(union)))
    thinned = points[:: max(1, len(points) // steps)]
    return thinned if thinned[-1] == points[-1] else [*thinned, points[-1]]
