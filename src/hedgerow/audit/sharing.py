"""What tells harvesters from readers with a lasting taste: two tests that need no popularity.

Somebody who looks up acquaintances ignores popularity, too, whatever half of the people one looks at. So ignoring it is
no evidence of acting together. Two things are:

* **Sharing out.** Independent readers, whatever the taste of each, meet each other's people at least as often as
  readers without any preference do (Cauchy and Schwarz). Who takes turns meets them less often.
* **A trait.** If the actors with a trait are a draw from all actors, tastes included, each of them is as likely to
  stand low among the others as high.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from hedgerow.audit.popularity import MOST_COUNTED, Counts, Reals, low_mean
from hedgerow.audit.reads import Reads

MOST_REPEATED: Final = 0.5
"""Of the repetition that chance would bring, what those who share out the people have at most."""
FEWEST_COMPARED: Final = 50
"""Actors of a size that somebody is compared with at least; with fewer, all smaller ones count, too."""
MOST_TURNS: Final = 30
LEAST_VARIANCE: Final = 1e-3
"""Of the meetings per read: harvesters that divide a list exactly have none, and nothing is that certain."""
_UNIFORM: Final = (np.arange(400) + 0.5) / 400


@dataclass(frozen=True)
class Repetition:
    """How often the actors of a group met each other's people."""

    pairs: int
    """Pairs of actors that read the same person, over all people."""
    expected: float
    """The same of independent actors without any preference: the fewest that independent ones have."""
    spread: float
    """Variance of reads by person over their mean: 1 by chance, 0 if everybody was read as often."""
    p: float
    """Bound of the probability of so little repetition."""

    @property
    def is_shared_out(self) -> bool:
        """Whether at least half of what chance would bring is missing, of the pairs or of the spread."""
        return self.spread <= MOST_REPEATED or self.pairs <= MOST_REPEATED * self.expected


def repetition(inside: Counts, sizes: Counts, people: int) -> Repetition:
    """Counts how often actors repeat each other, and how unlikely so little is.

    With the reads of each person as Poisson variables, the sum of (c - mean)^2 - c has mean 0 and does not depend on
    the number of reads in the first order. Its lower tail is bounded by Chernoff; given the number of reads the counts
    are multinomial, and conditioning costs at most a factor of the root of 2 pi times the reads (Stirling).

    Args:
        inside: By person, how many actors of the group read them.
        sizes: People read, by actor of the group.
        people: People there are.
    """
    reads = int(inside.sum())
    if reads == 0 or people == 0:
        return Repetition(0, 0.0, 1.0, 1.0)
    pairs = int((inside * (inside - 1)).sum()) // 2
    # Nobody reads a person twice, so an actor is in no pair with itself.
    expected = float(reads * reads - (sizes.astype(np.float64) ** 2).sum()) / (2 * people)
    missing = 2 * pairs - 2 * expected
    mean = reads / people
    spread = max(0.0, 1 + missing / reads)
    if missing >= 0:
        return Repetition(pairs, expected, spread, 1.0)
    c = np.arange(int(mean + 12 * math.sqrt(mean) + 40), dtype=np.float64)
    factorials = np.concatenate(([0.0], np.cumsum(np.log(np.maximum(c[1:], 1)))))
    log_chance = c * math.log(mean) - mean - factorials
    excess = (c - mean) ** 2 - c
    best = 0.0
    for tilt in np.geomspace(1e-4, 50.0, 60) / max(mean, 1.0):
        terms = log_chance - tilt * excess
        top = float(terms.max())
        moment = top + math.log(float(np.exp(terms - top).sum()))
        best = min(best, people * moment + tilt * missing)
    return Repetition(pairs, expected, spread, min(1.0, math.exp(best + 0.5 * math.log(2 * math.pi * reads) + 0.1)))


def least_repeating(ids: npt.NDArray[np.int64], reads: Reads, people: int) -> npt.NDArray[np.int64]:
    """Those of some actors that repeat the others no more than chance would.

    One class that reads the same thirty people would hide a thousand who share out theirs. To be done on other people
    than those by which the rest is then judged: independent readers chosen so stay independent there.
    """
    for _ in range(3):
        inside = np.bincount(reads.of(ids), minlength=reads.known)
        again = np.bincount(reads.actor, weights=inside[reads.person] - 1.0, minlength=reads.start.size - 1)[ids]
        sizes = reads.sizes[ids]
        kept = ids[again <= sizes * (inside.sum() - sizes) / max(people, 1)]
        if kept.size in (0, ids.size):
            break
        ids = kept
    return ids


def taking_turns(ids: npt.NDArray[np.int64], reads: Reads, people: int) -> Reals:
    """By actor of a group: how likely it takes turns with the others, rather than meeting them by chance.

    Who looks up acquaintances meets the people of a harvest about as often as anybody without a preference does; who
    takes part in it meets them less often. How much less is learnt from the group itself, in turns with who belongs to
    it (a mixture of two normal distributions; Dempster, Laird and Rubin 1977). It decides who is listed, never whether
    there is a harvest.

    Args:
        ids: The group, not empty.
        reads: Of all.
        people: People there are.
    """
    part = reads.of(ids)
    sizes = reads.sizes[ids].astype(np.float64)
    who = np.repeat(np.arange(ids.size), reads.sizes[ids])
    belongs: Reals = np.ones(ids.size)
    for turn in range(MOST_TURNS):
        inside = np.bincount(part, weights=belongs[who], minlength=reads.known)
        read = float(inside.sum())
        met = np.bincount(who, weights=inside[part], minlength=ids.size) - belongs * sizes
        # Nobody meets itself.
        by_chance = sizes * (read - belongs * sizes) / people
        if turn == 0:
            belongs = (met <= by_chance).astype(np.float64)
            continue
        if not (belongs @ by_chance) or (fewer := float(belongs @ met / (belongs @ by_chance))) >= 1:
            return np.ones(ids.size)
        off = met - fewer * by_chance
        variance = max(float(belongs @ (off**2 / sizes) / belongs.sum()), LEAST_VARIANCE)
        chance_variance = max(float((inside @ inside) / people - (read / people) ** 2), LEAST_VARIANCE)
        share = min(max(float(belongs.mean()), 0.02), 0.98)
        turns = -0.5 * off**2 / (sizes * variance) - 0.5 * math.log(variance)
        chance = -0.5 * (met - by_chance) ** 2 / (sizes * chance_variance) - 0.5 * math.log(chance_variance)
        odds = np.clip(turns - chance + math.log(share / (1 - share)), -60.0, 60.0)
        now = 1 / (1 + np.exp(-odds))
        # Who meets even fewer than the usual harvester is not less of one.
        now = np.where(off <= 0, np.maximum(now, 0.5), now)
        settled = float(np.abs(now - belongs).max()) < 1e-3
        belongs = now
        if settled:
            break
    return belongs


def unlike_others(ids: npt.NDArray[np.int64], others: npt.NDArray[np.bool_], reads: Reads, outside: Counts) -> float:
    """Bound of the probability that actors drawn from all, of the same sizes, ignore popularity as these do.

    The unit is the actor, not the read: a taste that lasts costs an actor one place among the others, once.

    Args:
        ids: Everybody who has a trait, chosen by nothing else.
        others: By actor, whether it is compared with.
        reads: Of all.
        outside: By person, how many actors read them that do not have the trait.
    """
    sizes = reads.sizes
    clipped = np.clip(outside, 0, MOST_COUNTED)
    weights = np.bincount(clipped, minlength=MOST_COUNTED + 1) * np.arange(MOST_COUNTED + 1, dtype=np.float64)
    against = np.flatnonzero(others & (sizes >= 2))
    mine = ids[sizes[ids] >= 2]
    if weights.sum() < 1 or against.size < FEWEST_COMPARED or mine.size == 0:
        return 1.0
    rank_of = np.cumsum(weights / weights.sum())
    # What an actor sees is what all others read: one of the outside does not count itself.
    ranks = rank_of[np.maximum(clipped[reads.person] - others[reads.actor], 0)]
    scores: Reals = np.bincount(reads.actor, weights=ranks, minlength=sizes.size) / np.maximum(sizes, 1)
    octaves = np.round(2 * np.log2(np.maximum(sizes, 1)))
    places = []
    for octave in np.unique(octaves[mine]):
        alike = scores[against[octaves[against] == octave]]
        if alike.size < FEWEST_COMPARED:
            alike = scores[against[octaves[against] <= octave]]
        if alike.size < FEWEST_COMPARED:
            alike = scores[against]
        lower = np.searchsorted(np.sort(alike), scores[mine[octaves[mine] == octave]], side="right")
        places.append((lower + 1) / (alike.size + 1))
    mean = float(np.concatenate(places).mean())
    return low_mean(mean, float(mine.size), np.full(_UNIFORM.size, 1 / _UNIFORM.size), _UNIFORM)
