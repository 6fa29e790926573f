"""Who read whom, as flat arrays: what the test for groups computes on.

A hundred thousand actors with a million reads are two arrays of four megabytes here, and seconds in plain objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

from hedgerow.audit.popularity import Counts, Reals

_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_BINS: Final = 40
_SIZES: Final = 40


@dataclass(frozen=True)
class Reads:
    """Reads sorted by actor: those of actor *i* are `person[start[i]:start[i + 1]]`."""

    person: npt.NDArray[np.int64]
    actor: npt.NDArray[np.int64]
    start: npt.NDArray[np.int64]
    known: int
    """People with a number."""

    @property
    def sizes(self) -> Counts:
        """People read, by actor."""
        return np.diff(self.start).astype(np.int64)

    def of(self, actors: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """People read by these actors, one after the other."""
        lengths = self.start[actors + 1] - self.start[actors]
        ends = np.cumsum(lengths)
        within = np.arange(int(ends[-1]) if ends.size else 0) - np.repeat(ends - lengths, lengths)
        return np.asarray(self.person[np.repeat(self.start[actors], lengths) + within])

    def union(self, actors: npt.NDArray[np.int64]) -> int:
        """Distinct people read by these actors."""
        return int(np.unique(self.of(actors)).size)

    def only(self, people: npt.NDArray[np.bool_]) -> Reads:
        """The same actors, these people only."""
        kept = people[self.person]
        sizes = np.bincount(self.actor[kept], minlength=self.start.size - 1)
        return Reads(self.person[kept], self.actor[kept], np.concatenate(([0], np.cumsum(sizes))), self.known)

    def without(self, actors: npt.NDArray[np.bool_]) -> Reads:
        """The same, but these actors read nobody."""
        kept = ~actors[self.actor]
        sizes = np.bincount(self.actor[kept], minlength=self.start.size - 1)
        return Reads(self.person[kept], self.actor[kept], np.concatenate(([0], np.cumsum(sizes))), self.known)


def flatten(sets: Sequence[BitMap], known: int) -> Reads:
    """Reads of actors, from their sets of people."""
    sizes = np.array([len(s) for s in sets], dtype=np.int64)
    person = np.empty(int(sizes.sum()), dtype=np.int64)
    at = 0
    for s in sets:
        person[at : at + len(s)] = np.frombuffer(s.to_array(), dtype=np.uint32)
        at += len(s)
    known = max(known, int(person.max()) + 1 if person.size else 0)
    return Reads(person, np.repeat(np.arange(sizes.size), sizes), np.concatenate(([0], np.cumsum(sizes))), known)


def halves(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Splits people in two by a hash of their number: neighbours may belong together, chance may not."""
    x = numbers * _MIX
    x ^= x >> np.uint64(29)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    return np.asarray((x >> np.uint64(40)) & np.uint64(1), dtype=np.bool_)


def _bin(counts: Reals) -> npt.NDArray[np.int64]:
    """Classes of popularity, two an octave."""
    octaves = np.round(2 * np.log2(1 + np.maximum(counts, 0.0)))
    return np.asarray(np.minimum(octaves, _BINS - 1), dtype=np.int64)


def leaning(reads: Reads, popularity: Counts, rounds: int = 6) -> Reals:
    """By actor: how much its people speak for somebody who ignores popularity.

    It is a log-likelihood ratio: each person read as drawn from everybody alike, against as drawn by ordinary
    actors. What ordinary is, is learnt from the actors that are, so the two are found in turns (Dempster, Laird and
    Rubin 1977). Used to propose members, never as evidence: the evidence is `popularity.against`.
    """
    actors = reads.start.size - 1
    doubts = _Doubts(reads.sizes)
    doubt = np.zeros(actors)
    shares = np.full(_SIZES, 0.02)
    ratio: Reals = np.zeros(actors)
    for _ in range(rounds):
        given = (1.0 - doubt)[reads.actor]
        harvested = np.bincount(reads.person, weights=1.0 - given, minlength=reads.known)
        clean = np.maximum(popularity - harvested, 0.0)
        seen = _bin(clean[reads.person] - given)
        ordinary = np.bincount(seen, weights=given, minlength=_BINS) + 0.5
        everybody = np.bincount(_bin(clean[popularity > 0]), minlength=_BINS) + 0.5
        evidence = np.log(everybody / everybody.sum()) - np.log(ordinary / ordinary.sum())
        # One class alone must not decide: what is learnt from few reads is not known that well.
        evidence = np.clip(evidence, -3.0, 3.0)
        ratio = np.bincount(reads.actor, weights=evidence[seen], minlength=actors).astype(np.float64)
        doubt, shares = doubts.turn(ratio, shares)
    return ratio


def likely(ratio: Reals, sizes: Counts, rounds: int = 12) -> Reals:
    """By actor of one candidate group: how likely it ignores popularity, given how many of the group seem to."""
    doubts = _Doubts(sizes)
    shares = np.full(_SIZES, 0.2)
    doubt = np.zeros_like(ratio)
    for _ in range(rounds):
        doubt, shares = doubts.turn(ratio, shares)
    return doubt


class _Doubts:
    """Doubts from the shares of each class of size, and the shares from the doubts, in turns.

    By size, because the addresses of one harvest mostly read about as much: without it, somebody who read a single
    person that nobody else did would pass for one of them.
    """

    NEAR = np.array([0.25, 1.0, 0.25])
    """Neighbouring classes lend a quarter each; an empty class has the share of all."""
    FEW = 2.0

    def __init__(self, sizes: Counts) -> None:
        self._size = np.minimum(np.round(2 * np.log2(np.maximum(sizes, 1))).astype(np.int64), _SIZES - 1)
        self._nothing = sizes == 0
        self._actors = np.convolve(np.bincount(self._size, minlength=_SIZES), self.NEAR, "same") + self.FEW

    def turn(self, ratio: Reals, shares: Reals) -> tuple[Reals, Reals]:
        """Doubts by actor, and the shares of doubtful actors by class of size that follow from them."""
        doubt = _logistic(ratio + np.log(shares / (1 - shares))[self._size])
        doubt[self._nothing] = 0.0
        doubted = np.bincount(self._size, weights=doubt, minlength=_SIZES)
        overall = float(doubt.mean()) if doubt.size else 0.0
        found = (np.convolve(doubted, self.NEAR, "same") + self.FEW * overall) / self._actors
        return doubt, np.minimum(np.maximum(found, 1e-4), 0.999)


def _logistic(x: Reals) -> Reals:
    found: Reals = 1.0 / (1.0 + np.exp(-np.minimum(np.maximum(x, -60.0), 60.0)))
    return found


def resemblance(reads: Reads, popularity: Counts, *, unusual: bool = False) -> float:
    """How much the reads of one ordinary actor resemble each other in popularity (intra-class correlation), 0 to 0.9.

    Measured on the spread between actors, by quartiles and in classes of size, so that a few harvesters among them do
    not pass for the ordinary case. With `unusual`, the one in twenty and the one in a hundred who lean most to the
    unpopular count as well, where they lean more: in a crowd where some have a lasting taste, that is ordinary, too.
    """
    clipped = np.minimum(popularity, 4_095)
    pool = np.bincount(clipped, minlength=4_096).astype(np.float64)
    weights = np.zeros(4_096)
    weights[:-1] = pool[1:] * np.arange(1, 4_096)
    if weights.sum() < 1:
        return 0.0
    weights /= weights.sum()
    rank_of = np.cumsum(weights) - weights / 2
    spread = float(weights @ rank_of**2 - (weights @ rank_of) ** 2)
    if spread <= 0:
        return 0.0
    ranks = rank_of[np.maximum(clipped[reads.person] - 1, 0)]
    sizes = reads.sizes
    sums = np.bincount(reads.actor, weights=ranks, minlength=sizes.size)
    total, weight = 0.0, 0.0
    for low, high in ((3, 5), (6, 10), (11, 20), (21, 50)):
        at = (sizes >= low) & (sizes <= high)
        if at.sum() < 20:
            continue
        n = sizes[at]
        z = (sums[at] / n - 0.5) * np.sqrt(n / spread)
        upper, lower = np.percentile(z, [75, 25])
        variance = ((upper - lower) / 1.349) ** 2
        if unusual:
            for percent, deviations in ((5, 1.645), (1, 2.326)):
                variance = max(variance, (min(0.0, float(np.percentile(z, percent))) / deviations) ** 2)
        total += at.sum() * max(0.0, float((variance - 1) / (n.mean() - 1)))
        weight += at.sum()
    return min(0.9, total / weight) if weight else 0.0
