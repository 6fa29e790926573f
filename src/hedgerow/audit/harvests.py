"""What the search for groups acting together finds; how it finds it is `groups.py`."""

from __future__ import annotations

from dataclasses import dataclass

from hedgerow.audit.popularity import Against


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
    p_value: float | None
    """Family-wise: the chance of any such group in the whole audit, if ordinary readers read by popularity, and if they
    have lasting tastes that go with no trait. Absent = an observation: a lasting taste explains it as well."""

    possible: tuple[int, ...] = ()
    """Others who read as the members do, but meet their people about as often as chance would: people with the same
    taste, and perhaps harvesters. In no number of the group."""

    @property
    def is_harvest(self) -> bool:
        """Whether more than a lasting taste is needed to explain it."""
        return self.p_value is not None


@dataclass(frozen=True)
class Groups:
    """What the test found, and how it was made."""

    groups: tuple[Group, ...]
    tests: int
    """Chances to be found that anybody had: the probabilities are multiplied by it."""
    icc: float
    """How much the reads of one ordinary actor resemble each other; evidence was reduced by it."""
    actors: int
    popularity_reads: int
    observed: Group | None = None
    """Readers who ignore popularity, and neither share out the people nor are held together by a trait."""
