"""Groups acting together: actors whose people complement rather than repeat each other and who ignore popularity.

People visit the popular; harvesters visit everybody. A harvest that is spread over a thousand addresses looks like a
thousand small visitors, each of them harmless. What gives it away is the union: it grows with every address, hardly
anybody is read twice, and the people in it are nobody's favourites.

Pure functions: no files, no clock, no randomness; the answer does not depend on the order of the actors. The test, its
null model and its measured false-alarm rate are in docs/explanation/groups.md.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

from hedgerow.audit.popularity import Against, Counts, Reals, against
from hedgerow.audit.reads import Reads, flatten, halves, leaning, likely, resemblance

ALARMS_PER_AUDIT: Final = 0.001
"""Wanted chance of any false alarm in one audit of traffic that follows the null model."""

FEWEST_PEOPLE: Final = 30
"""A group with fewer people than this is nobody's harvest."""
HIGHEST_RANK: Final = 0.80
"""Mean popularity rank of a harvest at most, as a share of what is usual: a tiny difference is no harvest."""
LEAST_COMPLEMENT: Final = 0.85
"""Union over that of readers without preference at least; a class that reads its own thirty people has far less."""
NARROW: Final = frozenset({"network", "paced client"})
"""Traits few ordinary visitors share by chance."""
SHARED_OUT: Final = 1.1
"""Complement from which on a group is taken whole, for its trait alone."""
TIGHT: Final = 0.5
"""Share of those with a trait who must be members for the trait to be what holds the group together."""
COHORT: Final = 0.8
"""Share of those with all traits of a group who must have been found by whom they read, for the others to belong."""
FEWEST_PAGES: Final = 4
"""Pages an actor must have read for its pace to be called even or not."""
MOST_TESTS: Final = 4_000
"""Candidate groups tested; the largest first."""

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Actor:
    """What is known of one actor, besides whom it read. Names are keyed and opaque here."""

    network: str | None = None
    client: str | None = None
    template: str | None = None
    asn: int | None = None
    gap_mean_s: float | None = None
    gap_cv: float | None = None
    pages: int = 0
    first_s: int = 0
    last_s: int = 0


@dataclass(frozen=True)
class Group:
    """One harvester, or several acting together."""

    members: tuple[int, ...]
    """Positions in the sequence of actors, ascending."""
    shares: tuple[str, ...]
    """What nearly all members have in common: network, client, template, pace, asn; empty = only their people."""
    people: int
    """Distinct people of all of them."""
    reads: int
    """Sum of the people of each: `people` of `reads` that were new to the group."""
    measured: Against
    p_value: float
    """Family-wise: the chance of any such group in the whole audit, if everybody read by popularity."""


@dataclass(frozen=True)
class Groups:
    """What the test found, and how it was made."""

    groups: tuple[Group, ...]
    tests: int
    icc: float
    """How much the reads of one ordinary actor resemble each other; evidence was reduced by it."""
    actors: int
    popularity_reads: int


def find_groups(
    actors: Sequence[Actor],
    sets: Sequence[BitMap],
    *,
    popularity: Counts | None = None,
    members: int = 0,
) -> Groups:
    """Finds harvesters and groups acting together.

    Args:
        actors: Ordinary ones and others, without declared search engines.
        sets: The people each of them read, as numbers.
        popularity: By person, how many actors read this person, where `sets` holds only the larger ones; absent = as
            the sets say.
        members: People the site has, read or not; 0 = as many as were read.
    """
    reads = flatten(sets, 0 if popularity is None else int(popularity.size))
    counted = np.bincount(reads.person, minlength=reads.known)
    popular = counted if popularity is None else np.maximum(counted, popularity[: reads.known])
    search = _Search(list(actors), reads, popular, members)
    return search.run()


class _Search:
    """One audit's search; every method is a step of `run`."""

    def __init__(
        self,
        actors: list[Actor],
        reads: Reads,
        popular: Counts,
        members: int,
    ) -> None:
        self.actors = actors
        self.reads = reads
        self.popular = popular
        self.members = members
        self.half = halves(np.arange(reads.known, dtype=np.uint64))
        self.icc = resemblance(reads, popular)
        self.tests = 0

    def run(self) -> Groups:
        sides = [self.half, ~self.half]
        parts = [self.reads.only(side) for side in sides]
        whole, doubt = leaning(self.reads, self.popular)
        ratios = [leaning(part, np.where(side, self.popular, 0))[0] for part, side in zip(parts, sides, strict=True)]
        keys = self._candidates(doubt)
        singles = self._large()
        self.tests = 2 * (len(keys) + 1) + sum(narrow for _, narrow in keys) + len(singles)
        taken = np.zeros(len(self.actors), dtype=bool)
        found: list[Group] = []
        # Groups first: once they are known, what is ordinary is known better, also for those who act alone.
        tight: list[tuple[Group, Ids]] = []
        loose: list[tuple[Group, Ids]] = []
        for ids, narrow in keys:
            group = self._test(ids, taken, whole, ratios, parts, sides)
            if group is None and narrow:
                group = self._entire(ids, taken)
            if group is not None:
                # A trait that mostly ordinary actors have, too, is not what holds the group together.
                (tight if len(group.members) >= TIGHT * ids.size else loose).append((group, ids))
        self._take(tight, found, taken, whole, ratios, parts, sides)
        everybody = self._test(np.flatnonzero(~taken), taken, whole, ratios, parts, sides)
        if everybody is not None:
            found.append(everybody)
            taken[list(everybody.members)] = True
        self._take(loose, found, taken, whole, ratios, parts, sides)
        found = self._joined(found)
        kept = self.reads.without(taken)
        self.icc = resemblance(kept, np.maximum(self.popular - self._read_by(taken), 0))
        for i in singles:
            if not taken[i] and (alone := self._alone(i, taken)) is not None:
                found.append(alone)
        found.sort(key=lambda g: (-g.people, g.members))
        return Groups(tuple(found), self.tests, self.icc, len(self.actors), int(self.popular.sum()))

    def _take(
        self,
        scored: list[tuple[Group, Ids]],
        found: list[Group],
        taken: npt.NDArray[np.bool_],
        whole: Reals,
        ratios: list[Reals],
        parts: list[Reads],
        sides: list[npt.NDArray[np.bool_]],
    ) -> None:
        """Takes the largest first; what overlaps with it is tested again without what is explained already."""
        for first, ids in sorted(scored, key=lambda g: (-g[0].people, len(g[0].members), g[0].members)):
            group: Group | None = first
            if taken[list(first.members)].any():
                group = self._test(ids, taken, whole, ratios, parts, sides)
            if group is not None:
                found.append(group)
                taken[list(group.members)] = True

    def _read_by(self, actors: npt.NDArray[np.bool_]) -> Counts:
        return np.bincount(self.reads.person[actors[self.reads.actor]], minlength=self.reads.known)

    def _candidates(self, doubt: Reals) -> list[tuple[Ids, bool]]:
        """Actors that share a trait, or two, and whether it is a narrow one; the largest groups first."""
        by_key: dict[tuple[object, ...], list[int]] = defaultdict(list)
        sizes = self.reads.sizes
        for i, actor in enumerate(self.actors):
            if sizes[i] >= 2:
                for key in keys_of(actor):
                    by_key[key].append(i)
        weighed = []
        narrow = {tuple(ids) for key, ids in by_key.items() if key[0] in NARROW}
        seen: set[tuple[int, ...]] = set()
        for key, ids in by_key.items():
            if len(ids) < 2 or (mine := tuple(ids)) in seen:
                continue
            seen.add(mine)
            if int(sizes[ids].sum()) >= FEWEST_PEOPLE:
                worth = float((sizes[ids] * doubt[ids]).sum())
                weighed.append((-worth, -int(sizes[ids].sum()), str(key), np.array(ids, dtype=np.int64)))
        weighed.sort(key=lambda w: w[:3])
        return [(ids, tuple(ids.tolist()) in narrow) for *_, ids in weighed[:MOST_TESTS]]

    def _large(self) -> list[int]:
        sizes = self.reads.sizes
        large = np.flatnonzero(sizes >= FEWEST_PEOPLE)
        return [int(i) for i in large[np.argsort(-sizes[large], kind="stable")][:MOST_TESTS]]

    def _test(
        self,
        ids: Ids,
        taken: npt.NDArray[np.bool_],
        whole: Reals,
        ratios: list[Reals],
        parts: list[Reads],
        sides: list[npt.NDArray[np.bool_]],
    ) -> Group | None:
        """Members are chosen by one half of the people and judged by the other: what chose them cannot convict them."""
        ids = ids[~taken[ids]]
        if ids.size < 2:
            return None
        best = 1.0
        for chooser, judge in ((0, 1), (1, 0)):
            chosen = ids[likely(ratios[chooser][ids], parts[chooser].sizes[ids]) > 0.5]
            if chosen.size < 2:
                continue
            measured = self._against(chosen, taken, parts[judge], sides[judge], self.members // 2)
            if self._is_harvest(measured, FEWEST_PEOPLE / 2):
                best = min(best, measured.p)
        p = min(1.0, best * self.tests)
        if p > ALARMS_PER_AUDIT:
            return None
        doubt = likely(whole[ids], self.reads.sizes[ids])
        chosen = ids[doubt > 0.5]
        if chosen.size < 2:
            return None
        group = self._group(chosen, taken, p)
        return self._cohort(group, taken) if group else None

    def _entire(self, ids: Ids, taken: npt.NDArray[np.bool_]) -> Group | None:
        """All who share a narrow trait, chosen by nothing else: for logs in which harvesters are the usual case.

        Visitors who read several pages differ from those who read one, without harvesting; so here the members must
        repeat each other even less than readers without any preference would.
        """
        ids = ids[~taken[ids]]
        if ids.size < 2:
            return None
        everybody = np.ones(self.reads.known, dtype=bool)
        measured = self._against(ids, taken, self.reads, everybody, self.members)
        p = min(1.0, measured.p * self.tests)
        shared_out = measured.complement >= SHARED_OUT and self._is_harvest(measured, FEWEST_PEOPLE)
        if p > ALARMS_PER_AUDIT or not shared_out:
            return None
        group = self._group(ids, taken, p)
        return self._cohort(group, taken) if group else None

    def _cohort(self, group: Group, taken: npt.NDArray[np.bool_]) -> Group:
        """The same group with all who share its traits and times, and without those who do not, where both are few.

        Whether ten people of one address look like chance says less about that address than that a hundred others with
        the same software, the same kind of page and the same pace do not.
        """
        if len(group.shares) < 2 or not {"network", "client"} & set(group.shares):
            return group
        known = [self.actors[i] for i in group.members]
        usual = {name: _usual(name, known) for name in group.shares}
        first = float(np.percentile([a.first_s for a in known], 5))
        last = float(np.percentile([a.last_s for a in known], 95))
        around = max(3_600.0, 0.25 * (last - first))
        alike = np.array(
            [
                i
                for i, a in enumerate(self.actors)
                if not taken[i]
                and self.reads.sizes[i]
                and first - around <= a.first_s
                and a.last_s <= last + around
                and all(v in _values(n, a) for n, v in usual.items())
            ],
            dtype=np.int64,
        )
        both = np.intersect1d(alike, np.array(group.members)).size
        if both < COHORT * max(alike.size, len(group.members)):
            return group
        return self._group(alike, taken, group.p_value) or group

    def _alone(self, i: int, taken: npt.NDArray[np.bool_]) -> Group | None:
        ids = np.array([i])
        everybody = np.ones(self.reads.known, dtype=bool)
        measured = self._against(ids, taken, self.reads, everybody, self.members)
        # One actor never repeats itself, so its union says nothing: the rank alone decides.
        p = min(1.0, measured.rank_p * self.tests)
        if p > ALARMS_PER_AUDIT or not self._is_harvest(measured, FEWEST_PEOPLE):
            return None
        return self._group(ids, taken, p)

    def _against(
        self,
        ids: Ids,
        taken: npt.NDArray[np.bool_],
        reads: Reads,
        side: npt.NDArray[np.bool_],
        members: int,
    ) -> Against:
        inside = np.bincount(reads.of(ids), minlength=reads.known)
        explained = np.flatnonzero(taken)
        outside = self.popular - inside
        if explained.size:
            others = explained[~np.isin(explained, ids)]
            outside = outside - np.bincount(reads.of(others), minlength=reads.known)
        sizes = reads.sizes[ids]
        return against(np.maximum(outside, 0)[side], inside[side], sizes[sizes > 0], self.icc, members)

    @staticmethod
    def _is_harvest(measured: Against, fewest: float) -> bool:
        return (
            measured.union >= fewest
            and measured.rank <= HIGHEST_RANK * measured.rank_expected
            and measured.complement >= LEAST_COMPLEMENT
        )

    def _group(self, ids: Ids, taken: npt.NDArray[np.bool_], p: float) -> Group | None:
        everybody = np.ones(self.reads.known, dtype=bool)
        measured = self._against(ids, taken, self.reads, everybody, self.members)
        if not self._is_harvest(measured, FEWEST_PEOPLE):
            return None
        members = tuple(int(i) for i in np.sort(ids))
        shares = shared([self.actors[i] for i in members]) if len(members) > 1 else ()
        return Group(members, shares, measured.union, measured.reads, measured, p)

    def _joined(self, found: list[Group]) -> list[Group]:
        """Two groups are one hand if they were there at the same time and their people still complement each other."""
        found = sorted(found, key=lambda g: (-g.people, g.members))
        kept: list[Group] = []
        for group in found:
            for at, other in enumerate(kept):
                joined = self._join(other, group)
                if joined is not None:
                    kept[at] = joined
                    break
            else:
                kept.append(group)
        return kept

    def _join(self, one: Group, other: Group) -> Group | None:
        a, b = [self.actors[i] for i in one.members], [self.actors[i] for i in other.members]
        together = min(_end(a), _end(b)) - max(_begin(a), _begin(b))
        shortest = min(_end(a) - _begin(a), _end(b) - _begin(b))
        traits = set(shared([*a, *b])) & {"network", "client", "template", "pace", "asn"}
        if together < 0.8 * shortest or not traits - {"template"}:
            return None
        nobody = np.zeros(len(self.actors), dtype=bool)
        joined = self._group(np.array([*one.members, *other.members]), nobody, min(one.p_value, other.p_value))
        if joined is None or joined.measured.complement < min(1.0, one.measured.complement) - 0.03:
            return None
        return joined


def _begin(actors: Iterable[Actor]) -> int:
    return min(a.first_s for a in actors)


def _end(actors: Iterable[Actor]) -> int:
    return max(a.last_s for a in actors)


def pace(actor: Actor, shift: float = 0.0) -> tuple[int, int] | None:
    """Class of an actor's timing: the pause between pages in octaves, and how even it is (as a clock, evenly, not)."""
    if actor.gap_mean_s is None or actor.gap_cv is None or actor.gap_mean_s <= 0:
        return None
    # Two pauses are even by chance.
    even = (actor.gap_cv >= 0.15) + (actor.gap_cv >= 0.5) if actor.pages >= FEWEST_PAGES else 3
    return math.floor(math.log2(actor.gap_mean_s) + shift), even


def keys_of(actor: Actor) -> list[tuple[object, ...]]:
    """Traits by which an actor may belong together with others."""
    keys: list[tuple[object, ...]] = []
    if actor.network:
        keys.append(("network", actor.network))
    if actor.asn is not None:
        keys.append(("asn", actor.asn))
    if actor.client:
        keys.append(("client", actor.client))
        if actor.template:
            keys.append(("client", actor.client, actor.template))
    # Twice, half an octave apart: nobody may hide on a border between two classes.
    for shift in (0.0, 0.5):
        mine = pace(actor, shift)
        if mine is not None:
            keys.append(("pace", shift, mine))
            if actor.template:
                keys.append(("pace", shift, mine, actor.template))
            if actor.client:
                keys.append(("paced client", shift, mine, actor.client))
    return keys


def _values(name: str, actor: Actor) -> list[object]:
    """What an actor has of a trait; of the pace both classes, since borders between classes are arbitrary."""
    if name == "pace":
        return [(shift, p) for shift in (0.0, 0.5) if (p := pace(actor, shift)) is not None]
    value = {"network": actor.network, "asn": actor.asn, "client": actor.client, "template": actor.template}[name]
    return [] if value is None else [value]


def _counted(name: str, actors: Sequence[Actor]) -> list[tuple[int, object]]:
    counts: dict[object, int] = defaultdict(int)
    for actor in actors:
        for value in _values(name, actor):
            counts[value] += 1
    return sorted(((n, v) for v, n in counts.items()), key=lambda c: (-c[0], str(c[1])))


def _usual(name: str, actors: Sequence[Actor]) -> object:
    return _counted(name, actors)[0][1]


def shared(actors: Sequence[Actor]) -> tuple[str, ...]:
    """What at least nine of ten have in common."""
    wanted = 0.9 * len(actors)
    names = ("network", "asn", "client", "template", "pace")
    return tuple(n for n in names if (counted := _counted(n, actors)) and counted[0][0] >= wanted)
