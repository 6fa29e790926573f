"""Traits of actors, and which of them several have in common."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

FEWEST_PAGES: Final = 4
"""Pages an actor must have read for its pace to be called even or not."""


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
            keys.append(("client and template", actor.client, actor.template))
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


def values_of(name: str, actor: Actor) -> list[object]:
    """What an actor has of a trait; of the pace both classes, since borders between classes are arbitrary."""
    if name == "pace":
        return [(shift, p) for shift in (0.0, 0.5) if (p := pace(actor, shift)) is not None]
    value = {"network": actor.network, "asn": actor.asn, "client": actor.client, "template": actor.template}[name]
    return [] if value is None else [value]


def _counted(name: str, actors: Sequence[Actor]) -> list[tuple[int, object]]:
    counts: dict[object, int] = defaultdict(int)
    for actor in actors:
        for value in values_of(name, actor):
            counts[value] += 1
    return sorted(((n, v) for v, n in counts.items()), key=lambda c: (-c[0], str(c[1])))


def usual_value(name: str, actors: Sequence[Actor]) -> object:
    """What most have of a trait."""
    return _counted(name, actors)[0][1]


def shared(actors: Sequence[Actor]) -> tuple[str, ...]:
    """What at least nine of ten have in common."""
    wanted = 0.9 * len(actors)
    names = ("network", "asn", "client", "template", "pace")
    return tuple(n for n in names if (counted := _counted(n, actors)) and counted[0][0] >= wanted)


def begins(actors: Sequence[Actor]) -> int:
    """When the first of them was first seen, in Unix seconds."""
    return min(a.first_s for a in actors)


def ends(actors: Sequence[Actor]) -> int:
    """When the last of them was last seen, in Unix seconds."""
    return max(a.last_s for a in actors)
