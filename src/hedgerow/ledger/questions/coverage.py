"""Coverage: what share of the people each principal has seen, over days and months, alone and in groups.

Made of the daily bitmaps alone, so that it answers the same whether a day still has its detail. The sum of a
principal's daily counts can only be more than the people it saw, never fewer. So the union of bitmaps, which is what
costs, is made only for principals whose sum could still bring them among the first: candidates are taken in the order
of their sums until the next sum is no larger than the N-th exact count. What is left out cannot belong to the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import duckdb
from pyroaring import BitMap

from hedgerow.ledger.questions.refs import LEVELS, Group, followed_since

WINDOWS: Final = (1, 7, 30, 180)
"""Days, the present one included."""
MOST_TOP: Final = 1_000

EXACT: Final = "exact union of daily bitmaps"
LINKED: Final = "at least: days on which the address can be followed; at most: with all its network was shown before"
UNLINKED: Final = "at least: days on which the address can be followed; what it was shown before cannot be said"

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Members:
    """How many people a share is a share of."""

    number: int
    source: str
    """Where the number comes from, in words."""


@dataclass(frozen=True)
class Share:
    """What one principal, or a group, has seen within one window."""

    level: str
    principal: str
    days: int
    people: int
    at_most: int | None
    """The same as `people` when the count is exact; None when nothing can be said."""
    method: str

    def as_data(self, members: Members) -> dict[str, Any]:
        """For programs."""
        return {
            "level": self.level,
            "principal": self.principal,
            "days": self.days,
            "people": self.people,
            "share": share(self.people, members.number),
            "at_least": self.people,
            "at_most": self.at_most,
            "method": self.method,
        }


@dataclass(frozen=True)
class Coverage:
    """The answer."""

    today: date
    members: Members
    top: list[Share]
    """By level, then window, most people first."""
    group: list[Share] = field(default_factory=list)
    """The union of the principals asked for, one a window."""
    caveats: list[str] = field(default_factory=list)


def last_day(until: datetime) -> date:
    """The last day of windows that end at a moment: a day that ends at midnight is the day before."""
    return (until.astimezone(UTC) - timedelta(microseconds=1)).date()


def share(people: int, members: int) -> float:
    """A share as a fraction; people who have left the site may bring it above 1."""
    return round(people / members, 6) if members else 0.0


def count_members(connection: duckdb.DuckDBPyConnection, given: int | None, setting: int | None) -> Members:
    """The number given, else that of the setting, else the people the ledger has ever seen."""
    if given is not None:
        return Members(given, "given with --members")
    if setting is not None:
        return Members(setting, "the setting people.members")
    seen = connection.execute("SELECT count(*) FROM people").fetchone()
    return Members(
        int(seen[0]) if seen else 0,
        "people seen so far by this ledger; the site may have more, then every share is smaller",
    )


def coverage(
    connection: duckdb.DuckDBPyConnection,
    today: date,
    members: Members,
    *,
    top: int = 10,
    levels: Sequence[str] = LEVELS,
    windows: Sequence[int] = WINDOWS,
    group: Group | None = None,
    progress: Progress = lambda _: None,
) -> Coverage:
    """Who has seen most, at each level, and what a group has seen together.

    Args:
        connection: With the views.
        today: Last day of every window.
        members: What shares are of.
        top: Principals a level and window, at most `MOST_TOP`.
        levels: Which levels; none when only a group is asked for.
        windows: Days, the last one included.
        group: Principals whose union is wanted.
        progress: Told what is being counted.
    """
    top = min(top, MOST_TOP)
    reach = _Reach.of(connection)
    found: list[Share] = []
    for level in levels:
        progress(f"counting {level}")
        asked = _Level(connection, level, today, windows, reach)
        for days in windows:
            found += asked.first(days, top)
    caveats = _caveats(levels, group, windows, today, reach)
    return Coverage(today, members, found, list(_together(connection, group, today, windows, reach)), caveats)


@dataclass(frozen=True)
class _Reach:
    """How far back addresses can be followed, and how far back there is anything."""

    since: date | None
    first: date | None

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection) -> _Reach:
        row = connection.execute("SELECT min(day) FROM sketches").fetchone()
        return cls(followed_since(connection), row[0] if row else None)

    def covers(self, begin: date) -> bool:
        """Whether every day since one can be followed: nothing was sketched before the first that can."""
        return self.since is not None and max(begin, self.first or begin) >= self.since


def _begin(today: date, days: int) -> date:
    return today - timedelta(days=days - 1)


class _Level:
    """All principals of one level: their sums at once, their unions when they are wanted."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, level: str, today: date, windows: Sequence[int], reach: _Reach
    ) -> None:
        self._connection = connection
        self._level = level
        self._today = today
        self._reach = reach
        self._days: dict[str, list[tuple[date, bytes]]] = {}
        self._windows = list(windows)
        self._begin = _begin(today, max(windows))
        self._known: dict[int, list[tuple[str, int]]] = {}
        self._known_for = 0

    def first(self, days: int, top: int) -> list[Share]:
        """The first `top` of one window."""
        wanted = 4 * top + 16
        while True:
            bounds = self._bounds(days, wanted)
            exact = sorted(
                ((len(self._union(name, days)), name) for name, _ in bounds), key=lambda found: (-found[0], found[1])
            )
            complete = len(bounds) < wanted
            if complete or (len(exact) >= top and exact[top - 1][0] >= bounds[-1][1]):
                break
            wanted *= 4
        found = {name: people for people, name in exact[:top] if people}
        begin = _begin(self._today, days)
        if self._level != "address" or self._reach.covers(begin):
            return [Share(self._level, name, days, people, people, EXACT) for name, people in found.items()]
        unions = {name: self._union(name, days) for name in found}
        at_most = _at_most(self._connection, unions, begin, self._reach.since or self._today)
        return [
            Share(self._level, name, days, n, at_most[name], UNLINKED if at_most[name] is None else LINKED)
            for name, n in found.items()
        ]

    def _bounds(self, days: int, wanted: int) -> list[tuple[str, int]]:
        """The principals with the largest sums of one window; those of all windows are read at once."""
        if wanted > self._known_for:
            sums = ", ".join(
                f"sum(people_count) FILTER (WHERE day >= ?) AS bound{n}" for n in range(len(self._windows))
            )
            tops = ", ".join(
                f"max_by({{'name': name, 'bound': bound{n}}}, bound{n}, {wanted})" for n in range(len(self._windows))
            )
            (*found,) = (
                self._connection.execute(
                    f"WITH sums AS (SELECT name, {sums} FROM ({self._named()}) GROUP BY name) SELECT {tops} FROM sums",
                    [*(_begin(self._today, w) for w in self._windows), self._begin, self._today],
                ).fetchone()
                or ()
            )
            self._known = {
                w: [(str(one["name"]), int(one["bound"])) for one in some or []]
                for w, some in zip(self._windows, found, strict=True)
            }
            self._known_for = wanted
            self._load(name for some in self._known.values() for name, _ in some)
        return self._known[days][:wanted]

    def _named(self) -> str:
        """Sketches of this level by the name that is counted: of an address the stable one, where it is known."""
        if self._level != "address":
            return (
                "SELECT day, principal AS name, people, people_count FROM sketches"
                f" WHERE day BETWEEN ? AND ? AND shown <> '' AND level = '{self._level}'"
            )
        return (
            "SELECT s.day, coalesce(l.stable, s.principal) AS name, s.people, s.people_count FROM sketches s"
            " LEFT JOIN (SELECT DISTINCT day, address, stable FROM links) l"
            " ON l.day = s.day AND l.address = s.principal"
            " WHERE s.day BETWEEN ? AND ? AND s.shown <> '' AND s.level = 'address'"
        )

    def _load(self, wanted: Iterable[str]) -> None:
        missing = sorted({name for name in wanted if name not in self._days})
        if not missing:
            return
        rows = self._connection.execute(
            f"SELECT name, day, people FROM ({self._named()}) WHERE name IN ({', '.join('?' * len(missing))})",
            [self._begin, self._today, *missing],
        )
        self._days.update({name: [] for name in missing})
        for name, day, people in rows.fetchall():
            self._days[name].append((day, people))

    def _union(self, name: str, days: int) -> BitMap:
        begin = _begin(self._today, days)
        blobs = [people for day, people in self._days[name] if day >= begin]
        return BitMap.union(*map(BitMap.deserialize, blobs), BitMap())


def _at_most(
    connection: duckdb.DuckDBPyConnection, linked: dict[str, BitMap], begin: date, followed: date
) -> dict[str, int | None]:
    """An address was shown no more than its network, so on days on which it cannot be followed that is the bound.

    None where no day with detail tells an address's network.
    """
    found: dict[str, set[str]] = {}
    marks = ", ".join("?" * len(linked))
    if linked:
        for name, network in connection.execute(
            f"WITH named AS (SELECT address, stable AS name FROM links WHERE stable IN ({marks}))"
            " SELECT DISTINCT name, network FROM disclosures_by_principal JOIN named USING (address)"
            " WHERE network IS NOT NULL",
            list(linked),
        ).fetchall():
            found.setdefault(name, set()).add(network)
    networks = sorted(set().union(*found.values()))
    shown: dict[str, BitMap] = {n: BitMap() for n in networks}
    if networks:
        for network, people in connection.execute(
            "SELECT principal, people FROM sketches WHERE shown <> '' AND level = 'network' AND day >= ? AND day < ?"
            f" AND principal IN ({', '.join('?' * len(networks))})",
            [begin, followed, *networks],
        ).fetchall():
            shown[network] |= BitMap.deserialize(people)
    return {
        name: len(BitMap.union(people, *(shown[n] for n in found[name]))) if name in found else None
        for name, people in linked.items()
    }


def _together(
    connection: duckdb.DuckDBPyConnection, group: Group | None, today: date, windows: Sequence[int], reach: _Reach
) -> Iterable[Share]:
    if group is None:
        return
    where, values = group.sketched()
    rows = connection.execute(
        f"SELECT day, people FROM sketches WHERE day BETWEEN ? AND ? AND shown <> '' AND {where}",
        [_begin(today, max(windows)), today, *values],
    ).fetchall()
    with_addresses = bool(group.names.get("address"))
    for days in windows:
        begin = _begin(today, days)
        people = len(BitMap.union(*(BitMap.deserialize(b) for day, b in rows if day >= begin), BitMap()))
        followed = not with_addresses or reach.covers(begin)
        yield Share(
            "group", "all of the group", days, people, people if followed else None, EXACT if followed else UNLINKED
        )


def _caveats(
    levels: Sequence[str], group: Group | None, windows: Sequence[int], today: date, reach: _Reach
) -> list[str]:
    said = [
        "A window of so many days is so many whole days of UTC, today included. Only people of whom something was "
        "shown are counted, not those who were masked."
    ]
    addressed = "address" in levels or bool(group and group.names.get("address"))
    if addressed and not reach.covers(_begin(today, max(windows))):
        since = f"only since {reach.since}" if reach.since else "on no day"
        said.append(
            f"An address bears another name each day and can be followed {since}; for longer windows a range is given: "
            "at least what was shown since then, at most that together with all its network was shown before."
        )
    said += [f"Nothing is known of {ref}." for ref in (group.unknown if group else ())]
    return said
