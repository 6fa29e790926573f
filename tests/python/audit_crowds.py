"""Made traffic as sets of people: ordinary crowds, and harvests planted among them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

from hedgerow.audit.traits import Actor


@dataclass
class Crowd:
    """Actors with the people they read."""

    actors: list[Actor] = field(default_factory=list)
    sets: list[BitMap] = field(default_factory=list)
    planted: list[int] = field(default_factory=list)

    def add(self, actor: Actor, people: BitMap, *, planted: bool = False) -> None:
        if planted:
            self.planted.append(len(self.actors))
        self.actors.append(actor)
        self.sets.append(people)

    def shuffled(self, seed: int) -> tuple[Crowd, list[int]]:
        """The same in another order, and where each stood before."""
        order = [int(i) for i in np.random.default_rng(seed).permutation(len(self.actors))]
        out = Crowd([self.actors[i] for i in order], [self.sets[i] for i in order])
        return out, order


def ordinary(
    seed: int, *, people: int = 5_000, visitors: int = 20_000, towns: int = 1, home: float = 0.8, zipf: float = 1.0
) -> Crowd:
    """Visitors who read by popularity; families behind an address, a class, a mailing; with `towns`, local interests.

    Args:
        seed: Of everything random here.
        people: Of the site.
        visitors: Actors that come one by one.
        towns: People belong to so many towns of unequal size; visitors read mostly their own town's.
        home: Share of reads in the own town.
        zipf: Exponent of popularity.
    """
    rng = np.random.default_rng(seed)
    weight = 1.0 / np.arange(1, people + 1) ** zipf
    order = rng.permutation(people)
    popular = np.empty(people)
    popular[order] = weight / weight.sum()
    town_of = rng.choice(towns, size=people, p=_unequal(towns))
    ticket = np.cumsum(popular)
    by_town = [np.flatnonzero(town_of == t) for t in range(towns)]
    out = Crowd()
    sizes = np.minimum(
        1 + rng.geometric(0.25, visitors) + (rng.random(visitors) < 0.03) * rng.integers(5, 60, visitors), people // 4
    )
    for i in range(visitors):
        n = int(sizes[i])
        draws = np.searchsorted(ticket, rng.random(3 * n + 4))
        if towns > 1:
            # Locals are drawn where the visitor lives, and visitors live where anybody lives.
            own = by_town[int(town_of[int(rng.integers(people))])]
            local = np.cumsum(popular[own])
            at_home = rng.random(draws.size) < home
            draws[at_home] = own[np.searchsorted(local, rng.random(int(at_home.sum())) * local[-1])]
        mine = list(dict.fromkeys(int(d) for d in draws if d < people))[:n]
        out.add(_visitor(rng, i), BitMap(mine))
    # A class of which each reads the same thirty people, nobody's favourites.
    thirty = BitMap(int(x) for x in order[-30:])
    for _ in range(28):
        out.add(_visitor(rng, -1), thirty)
    # A mailing that sends hundreds to one profile.
    for i in range(400):
        out.add(_visitor(rng, 10_000_000 + i), BitMap([int(order[-40])]))
    return out


def mixed(
    seed: int,
    *,
    people: int = 3_000,
    visitors: int = 2_500,
    acquaintances: float = 0.2,
    viral: bool = False,
    zipf: float = 1.1,
) -> Crowd:
    """Independent people of lasting tastes: some look up acquaintances, everybody alike; the others read the popular.

    Args:
        seed: Of everything random here.
        people: Of the site.
        visitors: Actors.
        acquaintances: Share of visitors who read whom they know, popular or not.
        viral: The others read one profile that everybody talks about, and one or two celebrities.
        zipf: Exponent of popularity for the others.
    """
    rng = np.random.default_rng(seed)
    weight = 1.0 / np.arange(1, people + 1) ** zipf
    popular = np.empty(people)
    order = rng.permutation(people)
    popular[order] = weight / weight.sum()
    out = Crowd()
    for i in range(visitors):
        n = min(1 + int(rng.geometric(0.25)) + (rng.random() < 0.03) * int(rng.integers(5, 60)), people // 4)
        if rng.random() < acquaintances:
            mine = rng.choice(people, n, replace=False)
        elif viral:
            mine = np.array([order[0], *rng.choice(order[1:30], int(rng.integers(1, 3)), replace=False)])
        else:
            mine = rng.choice(people, n, replace=False, p=popular)
        out.add(_visitor(rng, i), BitMap(int(x) for x in mine))
    return out


def _unequal(towns: int) -> npt.NDArray[np.float64]:
    size = 1.0 / np.arange(1, towns + 1, dtype=np.float64)
    return np.asarray(size / size.sum())


def _visitor(rng: np.random.Generator, i: int) -> Actor:
    begin = int(rng.integers(0, 14 * 86_400))
    gap = float(rng.lognormal(3.2, 0.9))
    network = f"n{i // 3}" if rng.random() < 0.3 else f"n{i}x"
    client = f"c{min(int(rng.zipf(1.5)), 400)}"
    template = "mixed" if rng.random() < 0.7 else "profile"
    return Actor(
        network,
        client,
        template,
        int(rng.integers(1, 300)),
        gap,
        float(rng.uniform(0.4, 2.0)),
        int(rng.integers(2, 12)),
        begin,
        begin + int(20 * gap),
    )


def plant(
    crowd: Crowd,
    seed: int,
    *,
    addresses: int = 1_000,
    each: int = 20,
    people: int = 5_000,
    alike: bool = True,
    networks: int | None = None,
    shared_out: bool = True,
) -> Crowd:
    """Adds a harvest: each address reads a page a minute.

    Args:
        crowd: Gets the harvesters.
        seed: Of everything random here.
        addresses: How many.
        each: People each of them reads.
        people: Of the site.
        alike: They have client, template and pace in common; otherwise nothing but whom they read.
        networks: How many networks they come from; absent = each from its own.
        shared_out: They go through the people in turns; otherwise each draws at random from everybody.
    """
    rng = np.random.default_rng(seed + 1_000_003)
    queue = np.concatenate([rng.permutation(people) for _ in range(addresses * each // people + 2)])
    for i in range(addresses):
        mine = queue[i * each : (i + 1) * each] if shared_out else rng.choice(people, each, replace=False)
        if alike:
            network = f"h{i}" if networks is None else f"h{i % networks}"
            actor = Actor(
                network,
                "bot-client",
                "profile",
                int(rng.integers(1, 300)),
                60.0,
                0.1,
                each,
                500_000,
                500_000 + 60 * each,
            )
        else:
            actor = _visitor(rng, 20_000_000 + 3 * i)
        crowd.add(actor, BitMap(int(x) for x in mine), planted=True)
    return crowd
