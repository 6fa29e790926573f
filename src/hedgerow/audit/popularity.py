"""The null model of the test for groups: ordinary actors draw people by popularity, each for itself.

A read is one (actor, person). The popularity of a person, seen from a group, is the number of actors *outside* the
group that read this person (leave-one-out: a group must not make its own people popular). Under the null hypothesis a
read of the group and a read from outside are exchangeable, so no popularity has to be estimated: the distribution of
the leave-one-out counts of the outside reads *is* the distribution of the group's.

Tail probabilities are Chernoff bounds (Chernoff 1952), so they hold for every sample size; a normal approximation is
too small in tails of 1 in 10 million.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]

MOST_COUNTED: Final = 4_095
"""Popularities beyond this are one class: memory per test is bounded, and the long tail is at the other end."""

ORDINARY_SHARE: Final = 10
"""Nobody ordinary reads more than one in so many of a site's people (or a hundred): beyond it, reading the unpopular is
not excused by having read the popular already."""

_TILTS: Final = np.concatenate(([0.0], np.geomspace(0.05, 80.0, 48)))
"""Exponents tried for a Chernoff bound; the best of a grid is still a bound."""


@dataclass(frozen=True)
class Against:
    """One group held against everybody else."""

    rank: float
    """Mean popularity rank of its reads: 0.5 is ordinary, 0 would be nobody's favourites only."""
    rank_expected: float
    """The same of ordinary actors with as many people each: who reads much gets to the less popular ones."""
    rank_p: float
    """Probability of so low a rank, if it read by popularity. An upper bound."""
    union: int
    """Distinct people."""
    union_expected: float
    """Distinct people of as many independent reads by popularity."""
    union_p: float
    """Probability of so large a union, if it read by popularity. An upper bound."""
    union_even: float
    """Distinct people of as many independent reads without any preference."""
    reads: int

    @property
    def p(self) -> float:
        """Both must be unlikely: an intersection-union test has the larger of the two levels (Berger 1982)."""
        return max(self.rank_p, self.union_p)

    @property
    def complement(self) -> float:
        """Union divided by that of independent reads without preference: over 1 the actors share out the people."""
        return self.union / self.union_even if self.union_even else 0.0


def against(outside: Counts, inside: Counts, sizes: Counts, icc: float, members: int) -> Against:
    """Holds a group against the rest.

    Args:
        outside: By person, how many actors outside the group read them.
        inside: By person, how many actors of the group read them.
        sizes: People read, by actor of the group.
        icc: How much the reads of one actor resemble each other (intra-class correlation), 0 to 1.
        members: People there are, whether anybody read them or not; 0 = as many as were seen.
    """
    reads = int(inside.sum())
    by_count = np.bincount(np.minimum(outside, MOST_COUNTED), minlength=MOST_COUNTED + 1)
    # What an outside read sees of the others: a person with count k gives k reads that each see k - 1.
    pool = np.zeros(MOST_COUNTED + 1)
    pool[:-1] = by_count[1:] * np.arange(1, MOST_COUNTED + 1)
    union = int(np.count_nonzero(inside))
    people = max(members, int(np.count_nonzero(outside + inside)))
    even = even_union(sizes, people)
    if pool.sum() < 1 or reads == 0:
        return Against(0.5, 0.5, 1.0, union, float(union), 1.0, even, reads)
    weights = pool / pool.sum()
    rank_of = np.cumsum(weights) - weights / 2
    chance, how_many = draw_chances(by_count, people)
    times = _times(chance, how_many, sizes)
    ordinary = _times(chance, how_many, np.minimum(sizes, max(100, people // ORDINARY_SHARE)))
    # Nobody is read twice by one actor, so who reads much must go on to the less popular: the null distribution of its
    # reads leans there, too. The factor is 1 where every actor reads few.
    # It is measured on times, of which actors of one size have the same, so each size is done once.
    lasting, how_often = np.unique(ordinary, return_counts=True)
    drawn = np.maximum(float(ordinary.sum()) * chance, 1e-300)
    leaned = weights * np.minimum(1.0, how_often @ -np.expm1(-lasting[:, None] * chance[None, :]) / drawn)
    if leaned.sum() > 0:
        weights = leaned / leaned.sum()
    seen = np.bincount(np.minimum(outside, MOST_COUNTED), weights=inside, minlength=MOST_COUNTED + 1)
    rank = float(seen @ rank_of / reads)
    # Reads of one actor resemble each other: so many independent ones are they worth (Kish 1965, design effect).
    worth = reads / float((sizes * (1 + (sizes - 1) * icc)).sum() / max(sizes.sum(), 1))
    rank_p = low_mean(rank, worth, weights, rank_of)
    covered = -np.expm1(-float(times.sum()) * chance)
    expected = float(how_many @ covered)
    return Against(
        rank, float(weights @ rank_of), rank_p, union, expected, high_union(union, covered, how_many), even, reads
    )


def low_mean(mean: float, n: float, weights: Reals, values: Reals) -> float:
    """Bound of the probability that the mean of n independent draws is as low as this."""
    used = weights > 0
    w, v = weights[used], values[used]
    centre = float(w @ v)
    if mean >= centre:
        return 1.0
    log_moment = np.log(np.exp(-_TILTS[:, None] * (v[None, :] - centre)) @ w)
    return float(np.exp(min(0.0, float((n * (log_moment + _TILTS * (mean - centre))).min()))))


def draw_chances(by_count: Counts, people: int) -> tuple[Reals, Reals]:
    """Chance of each class of people to be the next one drawn, and how many people are in that class.

    Raw counts would make rare people too rare, and every overlap look planned. So the counts are smoothed as by Good
    (1953): people read k times are as likely as (k + 1) f[k + 1] / f[k] says, and nobody's people share f[1] / reads.
    How many nobody read is at least Chao's (1984) f[1]^2 / (2 f[2]).
    """
    f = by_count.astype(np.float64)
    k = np.arange(f.size, dtype=np.float64)
    reads = float(f @ k)
    weight = k.copy()
    for c in range(1, 9):
        if f[c] >= 20 and f[c + 1] >= 10:
            weight[c] = min(k[c], (c + 1) * f[c + 1] / f[c])
    how_many = f.copy()
    # `outside` counts people of the whole site, so the class 0 already holds those whom only the group read.
    chao = f[1] ** 2 / (2 * f[2]) if f[2] else f[1] * (f[1] - 1) / 2
    how_many[0] = max(f[0], people - f[1:].sum(), min(chao, 10.0 * people))
    if how_many[0] > 0:
        weight[0] = max(f[1], 1.0) / how_many[0]
    total = float(how_many @ weight)
    return (weight / total if total else weight), how_many if reads else how_many * 0


def expected_union(chance: Reals, how_many: Reals, sizes: Counts) -> float:
    """Distinct people of independent actors that each draw so many distinct ones."""
    return float(how_many @ -np.expm1(-float(_times(chance, how_many, sizes).sum()) * chance))


def even_union(sizes: Counts, people: int) -> float:
    """The same of actors without any preference."""
    return expected_union(np.array([1.0 / max(people, 1)]), np.array([float(people)]), sizes)


def _times(chance: Reals, how_many: Reals, sizes: Counts) -> Reals:
    """How long each actor has to draw until it has as many distinct people as it has.

    The Poisson form of successive sampling (Rosén 1972): a person with chance c is among those of an actor that drew
    for the time t with probability 1 - exp(-t c), and the times of independent actors add up.
    """
    used = (how_many > 0) & (chance > 0)
    if not used.any() or not sizes.size:
        return np.zeros(sizes.size)
    c, h = chance[used], how_many[used]
    longest = 60.0 / float(c.min())
    times = np.concatenate(([0.0], np.geomspace(min(0.1, longest / 2), longest, 96)))
    distinct = -np.expm1(-times[:, None] * c[None, :]) @ h
    found: Reals = np.interp(np.minimum(sizes, distinct[-1]), distinct, times)
    return found


def high_union(union: int, covered: Reals, how_many: Reals) -> float:
    """Bound of the probability that independent actors cover so many people.

    Whether this or that person is covered is negatively associated in such draws, so the bound of independent events
    holds (Dubhashi and Ranjan 1998).
    """
    used = (how_many > 0) & (covered > 0)
    q, h = covered[used], how_many[used]
    if union <= float(q @ h):
        return 1.0
    tilts = _TILTS[_TILTS <= 30.0]
    log_moment = np.log1p(q[None, :] * np.expm1(tilts)[:, None]) @ h
    return float(np.exp(min(0.0, float((log_moment - tilts * union).min()))))
