"""Groups acting together: actors whose people complement rather than repeat each other and who ignore popularity.

People visit the popular; harvesters visit everybody. A harvest that is spread over a thousand addresses looks like a
thousand small visitors, each of them harmless. What gives it away is the union: it grows with every address, hardly
anybody is read twice, and the people in it are nobody's favourites.

Pure functions: no files, no clock, no randomness; the answer does not depend on the order of the actors. The test, its
null model and its measured false-alarm rate are in docs/explanation/groups.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

from hedgerow.audit.harvests import Group, Groups
from hedgerow.audit.popularity import Against, Counts, Reals, against, even_union
from hedgerow.audit.reads import Reads, flatten, halves, leaning, likely, resemblance
from hedgerow.audit.sharing import least_repeating, repetition, taking_turns, unlike_others
from hedgerow.audit.traits import Actor, begins, ends, keys_of, shared, usual_value, values_of

ALARMS_PER_AUDIT: Final = 0.001
"""Wanted chance of any false alarm in one audit of traffic that follows the null model."""

FEWEST_PEOPLE: Final = 30
"""A group with fewer people than this is nobody's harvest."""
HIGHEST_RANK: Final = 0.80
"""Mean popularity rank of a harvest at most, as a share of what is usual: a tiny difference is no harvest."""
LEAST_COMPLEMENT: Final = 0.85
"""Union over that of readers without preference at least; a class that reads its own thirty people has far less."""
NARROW: Final = frozenset({"network", "paced client", "client and template"})
"""Traits few ordinary visitors share by chance. All others only propose members."""
SHARED_OUT: Final = 1.1
"""Complement from which on a group is taken whole, for its trait alone."""
TIGHT: Final = 0.5
"""Share of those with a trait who must be members for the trait to be what holds the group together."""
COHORT: Final = 0.8
"""Share of those with all traits of a group who must have been found by whom they read, for the others to belong."""
LISTED: Final = 0.5
"""How likely somebody takes turns with a group at least, to be listed with it and not only as possible."""
MOST_TESTS: Final = 4_000
"""Candidate groups tested; the largest first. Those that are left out count in the correction all the same."""
TESTS_OF_CANDIDATE: Final = 10
"""Chances of a candidate to be found: two halves of people, by sharing out or by its trait, and all of that again where
another group took some of it; and, both times, all of its actors as they are."""

Ids = npt.NDArray[np.int64]


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
        half = halves(np.arange(reads.known, dtype=np.uint64))
        self.sides = [half, ~half]
        self.parts = [reads.only(side) for side in self.sides]
        self.everybody = np.ones(reads.known, dtype=bool)
        self.icc = resemblance(reads, popular)
        self.taken = np.zeros(len(actors), dtype=bool)
        self.whole: Reals = np.zeros(0)
        self.ratios: list[Reals] = []
        self.tests = 0

    def run(self) -> Groups:
        whole = leaning(self.reads, self.popular)
        ratios = [
            leaning(part, np.where(side, self.popular, 0)) for part, side in zip(self.parts, self.sides, strict=True)
        ]
        self.whole, self.ratios = whole, ratios
        keys, proposed = self._candidates()
        singles, large = self._large()
        self.tests = TESTS_OF_CANDIDATE * (proposed + 1) + large
        found: list[Group] = []
        # Groups first: once they are known, what is ordinary is known better, also for those who act alone.
        tight: list[tuple[Group, Ids, bool]] = []
        loose: list[tuple[Group, Ids, bool]] = []
        unsure: list[tuple[Group, Ids, bool]] = []
        for ids, narrow in keys:
            group = self._judge(ids, narrow)
            if group is None:
                continue
            if not group.is_harvest:
                unsure.append((group, ids, narrow))
            else:
                # A trait that mostly ordinary actors have, too, is not what holds the group together.
                (tight if len(group.members) >= TIGHT * ids.size else loose).append((group, ids, narrow))
        self._take(tight, found)
        if found:
            # Harvesters make each other look usual; without those found already, others may stand out.
            for _, ids, narrow in sorted(unsure, key=_largest_first):
                group = self._judge(ids, narrow) if narrow else None
                if group is not None and group.is_harvest:
                    self._add(group, found)
        everybody = self._test(np.flatnonzero(~self.taken), narrow=False)
        if everybody is not None and everybody.is_harvest:
            self._add(everybody, found)
            everybody = None
        self._take(loose, found)
        found = [self._core(group) for group in self._joined(found)]
        kept = self.reads.without(self.taken)
        # Who alone has a lasting taste must not stand out: here the resemblance is that of the most unusual, too.
        self.icc = resemblance(kept, np.maximum(self.popular - self._read_by(self.taken), 0), unusual=True)
        for i in singles:
            if not self.taken[i] and (alone := self._alone(i)) is not None:
                found.append(alone)
        found.sort(key=lambda g: (-g.people, g.members))
        if everybody is None:
            left = [g for g, _, _ in unsure if not self.taken[list(g.members)].any()]
            everybody = max(left, key=lambda g: (g.people, g.members), default=None)
        return Groups(tuple(found), self.tests, self.icc, len(self.actors), int(self.popular.sum()), everybody)

    def _take(self, scored: list[tuple[Group, Ids, bool]], found: list[Group]) -> None:
        """Takes the largest first; what overlaps with it is tested again without what is explained already."""
        for first, ids, narrow in sorted(scored, key=_largest_first):
            group: Group | None = first
            if self.taken[list(first.members)].any():
                group = self._test(ids, narrow)
            if group is not None and group.is_harvest:
                self._add(group, found)

    def _add(self, group: Group, found: list[Group]) -> None:
        found.append(group)
        self.taken[list(group.members)] = True

    def _read_by(self, actors: npt.NDArray[np.bool_]) -> Counts:
        return np.bincount(self.reads.person[actors[self.reads.actor]], minlength=self.reads.known)

    def _candidates(self) -> tuple[list[tuple[Ids, bool]], int]:
        """Actors that share a trait, or two, and whether it is a narrow one, the largest first; and how many there are.

        Chosen by size alone: whom they read must not say which tests are made.
        """
        by_key: dict[tuple[object, ...], list[int]] = defaultdict(list)
        sizes = self.reads.sizes
        for i, actor in enumerate(self.actors):
            if sizes[i] >= 2:
                for key in keys_of(actor):
                    by_key[key].append(i)
        narrow = {tuple(ids) for key, ids in by_key.items() if key[0] in NARROW}
        weighed: dict[tuple[int, ...], tuple[int, str]] = {}
        for key, ids in by_key.items():
            reads = int(sizes[ids].sum())
            if len(ids) >= 2 and reads >= FEWEST_PEOPLE:
                weighed.setdefault(tuple(ids), (-reads, str(key)))
        largest = sorted(weighed, key=lambda ids: (weighed[ids], ids))[:MOST_TESTS]
        return [(np.array(ids, dtype=np.int64), ids in narrow) for ids in largest], len(weighed)

    def _large(self) -> tuple[list[int], int]:
        """Actors that could be a harvest alone, the largest first; and how many there are."""
        sizes = self.reads.sizes
        large = np.flatnonzero(sizes >= FEWEST_PEOPLE)
        return [int(i) for i in large[np.argsort(-sizes[large], kind="stable")][:MOST_TESTS]], int(large.size)

    def _judge(self, ids: Ids, narrow: bool) -> Group | None:
        """A harvest among those with a trait, by whom they read or as they are; or an observation."""
        group = self._test(ids, narrow)
        if narrow and (group is None or not group.is_harvest or len(group.members) < COHORT * ids.size):
            return self._entire(ids) or group
        return group

    def _test(self, ids: Ids, narrow: bool) -> Group | None:
        """Members are chosen by one half of the people and judged by the other: what chose them cannot convict them.

        A lasting taste shows in both halves. So a harvest must also share out the people, or nearly all who have a
        narrow trait must ignore popularity, unlike others; what does not is an observation.
        """
        ids = ids[~self.taken[ids]]
        if ids.size < 2:
            return None
        popular = shared_out = 1.0
        for chooser, judge in ((0, 1), (1, 0)):
            chosen = ids[likely(self.ratios[chooser][ids], self.parts[chooser].sizes[ids]) > 0.5]
            if chosen.size < 2 or self.parts[judge].union(chosen) < FEWEST_PEOPLE / 2:
                continue
            measured = self._against(chosen, self.parts[judge], self.sides[judge])
            if self._is_harvest(measured, FEWEST_PEOPLE / 2):
                popular = min(popular, measured.p)
                shared_out = min(shared_out, max(measured.p, self._repetition(self._apart(chosen, chooser), judge)))
        if popular * self.tests > ALARMS_PER_AUDIT:
            return None
        chosen = ids[likely(self.whole[ids], self.reads.sizes[ids]) > 0.5]
        if chosen.size < 2:
            return None
        by_trait = 1.0
        if narrow and chosen.size >= TIGHT * ids.size:
            by_trait = max(popular, self._unlike(ids))
        p = min(1.0, min(shared_out, by_trait) * self.tests)
        group = self._group(chosen, p if p <= ALARMS_PER_AUDIT else None)
        return self._cohort(group) if group and group.is_harvest else group

    def _entire(self, ids: Ids) -> Group | None:
        """All who share a narrow trait, chosen by nothing else: for logs in which harvesters are the usual case.

        Visitors who read several pages differ from those who read one, without harvesting; so here the members must
        repeat each other even less than readers without any preference would. Where they read everybody several times
        over, the union cannot tell that any more; then sharing out must, by itself.
        """
        ids = ids[~self.taken[ids]]
        if ids.size < 2 or self.reads.union(ids) < FEWEST_PEOPLE:
            return None
        complementing = self._complement(ids) >= SHARED_OUT
        repeated = self._repetition(ids, None)
        if not complementing and repeated * self.tests > ALARMS_PER_AUDIT:
            return None
        measured = self._against(ids, self.reads, self.everybody)
        if not self._is_harvest(measured, FEWEST_PEOPLE):
            return None
        p = min(1.0, max(measured.p, min(repeated, self._unlike(ids)) if complementing else repeated) * self.tests)
        group = self._group(ids, p) if p <= ALARMS_PER_AUDIT else None
        return self._cohort(group) if group else None

    def _complement(self, ids: Ids) -> float:
        """The same as `Against.complement`, without all the rest: most candidates fail here already."""
        sizes = self.reads.sizes[ids]
        left = self.popular - self._read_by(self.taken) if self.taken.any() else self.popular
        even = even_union(sizes[sizes > 0], max(self.members, int(np.count_nonzero(left > 0))))
        return self.reads.union(ids) / even if even else 0.0

    def _apart(self, ids: Ids, side: int) -> Ids:
        people = max(int(np.count_nonzero(self.popular[self.sides[side]])), self.members // 2)
        return least_repeating(ids, self.parts[side], people)

    def _repetition(self, ids: Ids, side: int | None) -> float:
        """How unlikely it is that independent readers, whatever their tastes, repeat each other as little as these."""
        part, known = (self.reads, self.everybody) if side is None else (self.parts[side], self.sides[side])
        inside = np.bincount(part.of(ids), minlength=part.known)[known]
        read = int(np.count_nonzero(np.maximum(self.popular[known], inside)))
        found = repetition(inside, part.sizes[ids], max(read, self.members if side is None else self.members // 2))
        return found.p if found.is_shared_out else 1.0

    def _unlike(self, ids: Ids) -> float:
        others = ~self.taken
        others[ids] = False
        outside = np.bincount(self.reads.person[others[self.reads.actor]], minlength=self.reads.known)
        return unlike_others(ids, others, self.reads, outside)

    def _cohort(self, group: Group) -> Group:
        """The same group with all who share its traits and times, and without those who do not, where both are few.

        Whether ten people of one address look like chance says less about that address than that a hundred others with
        the same software, the same kind of page and the same pace do not.
        """
        if len(group.shares) < 2 or not {"network", "client"} & set(group.shares):
            return group
        known = [self.actors[i] for i in group.members]
        usual = {name: usual_value(name, known) for name in group.shares}
        first = float(np.percentile([a.first_s for a in known], 5))
        last = float(np.percentile([a.last_s for a in known], 95))
        around = max(3_600.0, 0.25 * (last - first))
        alike = np.array(
            [
                i
                for i, a in enumerate(self.actors)
                if not self.taken[i]
                and self.reads.sizes[i]
                and first - around <= a.first_s
                and a.last_s <= last + around
                and all(v in values_of(n, a) for n, v in usual.items())
            ],
            dtype=np.int64,
        )
        both = np.intersect1d(alike, np.array(group.members)).size
        if both < COHORT * max(alike.size, len(group.members)):
            return group
        # The probability is that of those who are listed, and never better than the one that found them.
        p = max(group.p_value or 0.0, min(1.0, self._against(alike, self.reads, self.everybody).p * self.tests))
        return (self._group(alike, p) if p <= ALARMS_PER_AUDIT else None) or group

    def _core(self, group: Group) -> Group:
        """The same group, but who only has the same taste is told apart, where no trait does it.

        Done after everything is decided: it changes who is listed, never whether something was found.
        """
        if len(group.members) < 2 or {"network", "client"} & set(group.shares):
            return group
        ids = np.array(group.members, dtype=np.int64)
        people = max(int(np.count_nonzero(self.popular)), self.members)
        listed = taking_turns(ids, self.reads, people) >= LISTED
        core = self._group(ids[listed], group.p_value) if 2 <= listed.sum() < ids.size else None
        return replace(core, possible=tuple(int(i) for i in np.sort(ids[~listed]))) if core else group

    def _alone(self, i: int) -> Group | None:
        ids = np.array([i])
        measured = self._against(ids, self.reads, self.everybody)
        # One actor never repeats itself, so its union says nothing: the rank alone decides.
        p = min(1.0, measured.rank_p * self.tests)
        if p > ALARMS_PER_AUDIT or not self._is_harvest(measured, FEWEST_PEOPLE):
            return None
        return self._group(ids, p)

    def _against(
        self, ids: Ids, reads: Reads, side: npt.NDArray[np.bool_], taken: npt.NDArray[np.bool_] | None = None
    ) -> Against:
        """Holds a group against all others, without those in whom another group was found."""
        inside = np.bincount(reads.of(ids), minlength=reads.known)
        explained = np.flatnonzero(self.taken if taken is None else taken)
        outside = self.popular - inside
        if explained.size:
            others = explained[~np.isin(explained, ids)]
            outside = outside - np.bincount(reads.of(others), minlength=reads.known)
        sizes = reads.sizes[ids]
        members = self.members if reads is self.reads else self.members // 2
        return against(np.maximum(outside, 0)[side], inside[side], sizes[sizes > 0], self.icc, members)

    @staticmethod
    def _is_harvest(measured: Against, fewest: float) -> bool:
        return (
            measured.union >= fewest
            and measured.rank <= HIGHEST_RANK * measured.rank_expected
            and measured.complement >= LEAST_COMPLEMENT
        )

    def _group(self, ids: Ids, p: float | None, taken: npt.NDArray[np.bool_] | None = None) -> Group | None:
        measured = self._against(ids, self.reads, self.everybody, taken)
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
        together = min(ends(a), ends(b)) - max(begins(a), begins(b))
        shortest = min(ends(a) - begins(a), ends(b) - begins(b))
        traits = set(shared([*a, *b])) & {"network", "client", "template", "pace", "asn"}
        if together < 0.8 * shortest or not traits - {"template"}:
            return None
        nobody = np.zeros(len(self.actors), dtype=bool)
        # Both were found for themselves, so the less certain of the two holds for what is listed.
        p = max(one.p_value or 0.0, other.p_value or 0.0)
        joined = self._group(np.array([*one.members, *other.members]), p, nobody)
        if joined is None or joined.measured.complement < min(1.0, one.measured.complement) - 0.03:
            return None
        return joined


def _largest_first(scored: tuple[Group, Ids, bool]) -> tuple[int, int, tuple[int, ...]]:
    group = scored[0]
    return -group.people, len(group.members), group.members
