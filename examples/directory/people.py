"""The people of Riverbend: who they are, how they know each other, and who is looked at most."""

from __future__ import annotations

import bisect
import datetime as dt
import itertools
import random
import string
from dataclasses import dataclass
from functools import cache

from . import words

OPENED = dt.date(2014, 3, 1)
"""The day the directory opened; nobody joined before."""

_DAYS = 4_500
"""Days since, up to which people have joined. Fixed, so that the same seed makes the same people on any day."""


@dataclass(frozen=True, slots=True)
class Member:
    """One made-up person. `name`, `headline` and the picture are basic; the rest is personal or a contact detail."""

    id: int
    name: str
    headline: str
    biography: str
    employer: str
    town: str
    email: str
    phone: str
    connections: tuple[int, ...]
    groups: tuple[str, ...]
    joined: dt.date
    mark: str
    """A sentence that stands in this biography and in no other."""

    @property
    def path(self) -> str:
        """Address of the profile."""
        return f"/members/{self.id}"

    @property
    def photo(self) -> str:
        """Address of the picture."""
        return f"/photos/{self.id}.svg"

    @property
    def tel(self) -> str:
        """The phone number as a URI (RFC 3966)."""
        number, _, extension = self.phone.partition(" ext. ")
        return f"tel:{number.replace(' ', '-')}" + (f";ext={extension}" if extension else "")


@dataclass(frozen=True)
class Group:
    """A group of members."""

    slug: str
    title: str
    about: str
    members: tuple[int, ...]


class Directory:
    """All members. `by_rank[0]` is who is looked at most; interest falls with the rank as it does in life (Zipf)."""

    def __init__(self, members: list[Member], by_rank: list[int]) -> None:
        self.members = members
        self.by_rank = by_rank
        self.groups = [
            Group(slug, title, about, tuple(m.id for m in members if slug in m.groups))
            for slug, title, about in words.GROUPS
        ]
        self._weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(len(members))))

    def member(self, number: int) -> Member | None:
        """The member with this identifier."""
        return self.members[number - 1] if 1 <= number <= len(self.members) else None

    def group(self, slug: str) -> Group | None:
        """The group of this name."""
        return next((g for g in self.groups if g.slug == slug), None)

    def someone(self, rng: random.Random) -> Member:
        """Somebody, as likely as visitors look at them."""
        rank = bisect.bisect_left(self._weights, rng.random() * self._weights[-1])
        return self.members[self.by_rank[min(rank, len(self.by_rank) - 1)] - 1]

    def popular(self, count: int) -> list[Member]:
        """The most looked-at."""
        return [self.members[number - 1] for number in self.by_rank[:count]]

    def newest(self, count: int) -> list[Member]:
        """The last to join, newest first."""
        return sorted(self.members, key=lambda m: (m.joined, m.id), reverse=True)[:count]

    def search(self, query: str) -> list[Member]:
        """Everybody whose name or headline has all words of the query, the most looked-at first."""
        wanted = query.casefold().split()
        if not wanted:
            return []
        found = (self.members[number - 1] for number in self.by_rank)
        return [m for m in found if all(w in f"{m.name} {m.headline}".casefold() for w in wanted)]


def _phone(number: int, rng: random.Random) -> str:
    """A number nobody has; distinct for every member. Ofcom's drama ranges hold a thousand each, extensions more."""
    row, kind = divmod(number, 5)
    within = (row * 7 + 13) % 1_000
    extension = f" ext. {row // 1_000}" if row >= 1_000 else ""
    match kind:
        case 1:
            return f"01632 960{within:03}{extension}"
        case 2:
            return f"07700 900{within:03}{extension}"
        case 3:
            return f"020 7946 0{within:03}{extension}"
        case _:
            return f"+1-555-01{rng.randrange(100):02} ext. {number + 1_000}"


def _mark(number: int, rng: random.Random) -> str:
    letters = "".join(rng.choice(string.ascii_lowercase) for _ in range(6))
    return f"My notebook at the tool library is marked {rng.choice(words.OBJECTS)}-{letters}-{number}."


def _names(count: int, rng: random.Random) -> list[str]:
    """Distinct names, in an order that says nothing."""
    given = [a + b for a in words.GIVEN_START for b in words.GIVEN_END]
    family = [a + b for a in words.FAMILY_START for b in words.FAMILY_END if a.casefold() != b]
    total = len(given) * len(family)
    if count > total:
        raise ValueError(f"{count} members need as many names, and there are only {total}; ask for fewer")
    return [f"{given[i // len(family)]} {family[i % len(family)]}" for i in rng.sample(range(total), count)]


@cache
def people_of(members: int, seed: int) -> Directory:
    """The directory of `members` people that this seed makes.

    Raises:
        ValueError: for less than one member, or for more than there are names.
    """
    if members < 1:
        raise ValueError("a directory has at least one member")
    rng = random.Random(f"riverbend {members} {seed}")  # noqa: S311 - people, not keys
    names = _names(members, rng)
    by_rank = rng.sample(range(1, members + 1), members)
    weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(members)))
    slugs = [slug for slug, _, _ in words.GROUPS]
    everybody: list[Member] = []
    for number, name in enumerate(names, 1):
        craft = rng.choice(words.CRAFTS)
        mark = _mark(number, rng)
        beginning = rng.choice(words.BEGINNINGS).format(craft=craft.lower())
        known = {by_rank[bisect.bisect_left(weights, rng.random() * weights[-1])] for _ in range(rng.randint(3, 9))}
        everybody.append(
            Member(
                id=number,
                name=name,
                headline=f"{craft}, {rng.choice(words.ASIDES)}",
                biography=" ".join([beginning, *rng.sample(words.MIDDLES, rng.randint(1, 3)), mark]),
                employer=f"{rng.choice(words.EMPLOYER_FIRST)} {rng.choice(words.EMPLOYER_LAST)}",
                town=f"{rng.choice(words.TOWN_FIRST)} {rng.choice(words.TOWN_STEM)}",
                email=f"{name.lower().replace(' ', '.')}@example.{rng.choice(('org', 'com', 'net'))}",
                phone=_phone(number, rng),
                connections=tuple(sorted(known - {number})),
                groups=tuple(sorted(rng.sample(slugs, rng.choice((0, 0, 0, 1, 1, 2))))),
                joined=OPENED + dt.timedelta(days=min(_DAYS, number * _DAYS // members + rng.randrange(30))),
                mark=mark,
            )
        )
    return Directory(everybody, by_rank)
