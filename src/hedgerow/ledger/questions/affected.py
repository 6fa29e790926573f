"""Who is affected: people, fields, first and last time, how often, how sure, for any principals and period."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import duckdb
import numpy as np
from pyroaring import BitMap

from hedgerow.ledger.questions import bitmaps, confidence
from hedgerow.ledger.questions.period import Period, iso
from hedgerow.ledger.questions.refs import Group, Ref, followed_since

MOST_GAPS: Final = 1_000
"""Gaps named one by one; beyond it they are only counted."""

EXACT: Final = "exact: every record of the period, and sketches that lie wholly inside it"
EDGE: Final = "at most: with the people of sketches that reach over an edge of the period"
LINKED: Final = "at most: with everybody its network was shown on days on which an address cannot be followed"
UNLINKED: Final = "what an address was shown on days on which it cannot be followed cannot be said"


@dataclass(frozen=True, slots=True)
class Row:
    """One field of one person, at one confidence."""

    person: str
    field: str
    first: datetime
    last: datetime
    times: int
    """Records; with `sketch` the days, so at least so many."""
    confidence: str

    def as_data(self) -> dict[str, Any]:
        """For programs and files."""
        return {
            "person": self.person,
            "field": self.field,
            "first": iso(self.first),
            "last": iso(self.last),
            "times": self.times,
            "confidence": self.confidence,
            "precision": "day" if self.confidence == confidence.SKETCH else "millisecond",
        }


@dataclass(frozen=True, slots=True)
class Gap:
    """An answer that left unread, or a stretch that may be missing: people who are not in the list may be in it."""

    at: datetime
    route: str | None
    reference: str | None
    note: str
    everybody: bool
    """It is the ledger's own, and may concern any principal."""


@dataclass(frozen=True)
class Affected:
    """The answer, with everything that has to be said about it."""

    period: Period
    rows: list[Row]
    gaps: list[Gap]
    gaps_in_all: int
    detail_since: date | None
    """First day with detail; None when there is none in the period."""
    people: int
    people_by_confidence: dict[str, int]
    """Each person once, at the surest."""
    at_most: int | None
    """People at most: as many as `people` when the count is exact; None when nothing can be said."""
    method: str
    """How the two numbers were found, in words."""
    caveats: list[str] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """Figures without people."""
        return {
            "since": iso(self.period.since),
            "until": iso(self.period.until),
            "people": self.people,
            "people_by_confidence": self.people_by_confidence,
            "at_least": self.people,
            "at_most": self.at_most,
            "method": self.method,
            "fields": dict(sorted(self._by_field().items())),
            "gaps": self.gaps_in_all,
            "detail_since": self.detail_since.isoformat() if self.detail_since else None,
            "caveats": self.caveats,
        }

    def _by_field(self) -> dict[str, int]:
        people: dict[str, set[str]] = {}
        for row in self.rows:
            people.setdefault(row.field, set()).add(row.person)
        return {name: len(found) for name, found in people.items()}


def affected(connection: duckdb.DuckDBPyConnection, group: Group, period: Period) -> Affected:
    """Asks the detail where there is detail, and the sketches of the days where there is none."""
    sketched, edge = _from_sketches(connection, group, period)
    rows = [*_from_detail(connection, group, period), *sketched]
    surest: dict[str, str] = {}
    rank = {c: n for n, c in enumerate(confidence.ORDER)}
    for row in rows:
        if row.person not in surest or rank[row.confidence] < rank[surest[row.person]]:
            surest[row.person] = row.confidence
    rows.sort(key=lambda r: (r.person, r.field, rank[r.confidence]))
    gaps, in_all = _gaps(connection, group, period)
    thinned = thinned_days(connection, period)
    counts = {c: sum(1 for s in surest.values() if s == c) for c in confidence.ORDER}
    unfollowed = _unfollowed(connection, group, period)
    over_edge = edge.keys() - surest.keys()
    possible = _possible(connection, group, unfollowed) if unfollowed else set()
    at_most = None if possible is None else len(surest.keys() | edge.keys() | possible)
    since = _detail_since(connection, period)
    method = _method(bool(over_edge), bool(unfollowed), possible is None)
    found = Affected(period, rows, gaps, in_all, since, len(surest), counts, at_most, method)
    found.caveats.extend(_caveats(found, group, thinned, unfollowed))
    if over_edge:
        days = sorted({day for person in over_edge for day in edge[person]})
        found.caveats.append(
            f"{len(over_edge):,} more people may be affected: they are in sketches of {_listed(days)} that reach over "
            "an edge of the period, and are not in this list. A period that begins and ends at midnight (UTC) takes "
            "whole days."
        )
    return found


def _method(edge: bool, unfollowed: bool, unknown: bool) -> str:
    if not edge and not unfollowed:
        return EXACT
    said = ["at least: every record of the period, and sketches that lie wholly inside it"]
    said += [EDGE] if edge else []
    said += [UNLINKED if unknown else LINKED] if unfollowed else []
    return "; ".join(said)


def _listed(days: list[date]) -> str:
    return f"{days[0]}" if len(days) == 1 else f"{len(days)} days ({days[0]} to {days[-1]})"


def thinned_days(connection: duckdb.DuckDBPyConnection, period: Period) -> list[date]:
    """Days of the period of which only sketches remain."""
    since, until = period.bounds
    rows = connection.execute(
        "SELECT DISTINCT day FROM sketches WHERE thinned AND day BETWEEN ? AND ? AND last_at >= ? AND first_at < ?"
        " ORDER BY day",
        [since.date(), until.date(), since, until],
    ).fetchall()
    return [d for (d,) in rows]


def _from_detail(connection: duckdb.DuckDBPyConnection, group: Group, period: Period) -> list[Row]:
    where, values = group.condition()
    rows = connection.execute(
        'SELECT person, unnest(shown) AS field, min("at"), max("at"), count(*), confidence FROM'
        f' (SELECT person, shown, "at", {confidence.OF_RECORD} AS confidence FROM disclosures'
        f' WHERE "at" >= ? AND "at" < ? AND len(shown) > 0 AND {where}) GROUP BY person, field, confidence',
        [*period.bounds, *values],
    ).fetchall()
    return [Row(p, f, _utc(first), _utc(last), n, sure) for p, f, first, last, n, sure in rows]


def _from_sketches(
    connection: duckdb.DuckDBPyConnection, group: Group, period: Period
) -> tuple[list[Row], dict[str, set[date]]]:
    """Rows from sketches wholly inside the period; and whom those over its edges know, with the days."""
    where, values = group.sketched()
    since, until = period.bounds
    by_field: dict[str, dict[date, list[bitmaps.Sketch]]] = {}
    inside = BitMap()
    edge: dict[date, BitMap] = {}
    bounds = [since.date(), until.date(), since, until]
    condition = f"thinned AND day BETWEEN ? AND ? AND last_at >= ? AND first_at < ? AND {where}"
    for sketch in bitmaps.sketches(connection, condition, [*bounds, *values]):
        if sketch.first < since or sketch.last >= until:
            # Whom of them it was shown inside the period, nobody can say any more.
            edge[sketch.day] = edge.get(sketch.day, BitMap()) | sketch.numbers()
            continue
        inside |= sketch.numbers()
        for name in sketch.fields:
            by_field.setdefault(name, {}).setdefault(sketch.day, []).append(sketch)
    known = bitmaps.names(connection, BitMap.union(inside, *edge.values()))
    rows: list[Row] = []
    for name, days in by_field.items():
        rows += _of_field(name, days, known, int(inside.max()) + 1)
    over: dict[str, set[date]] = {}
    for day, numbers in edge.items():
        for n in numbers:
            if n in known:
                over.setdefault(known[n], set()).add(day)
    return rows, over


def _of_field(name: str, days: dict[date, list[bitmaps.Sketch]], known: dict[int, str], size: int) -> list[Row]:
    """Earliest, latest and number of days for every person with this field.

    The first time given is never later than the true one, the last never earlier, and neither is off by more than the
    part of that day in which the group of the sketch was read: less than 24 hours.
    """
    never = np.iinfo(np.int64).max
    first = np.full(size, never, dtype=np.int64)
    last = np.zeros(size, dtype=np.int64)
    count = np.zeros(size, dtype=np.int32)
    for of_day in days.values():
        today = BitMap()
        for sketch in of_day:
            numbers = sketch.numbers()
            today |= numbers
            at = np.array(numbers, dtype=np.int64)
            first[at] = np.minimum(first[at], _micros(sketch.first))
            last[at] = np.maximum(last[at], _micros(sketch.last))
        count[np.array(today, dtype=np.int64)] += 1
    found = np.nonzero(count)[0]
    return [
        Row(known[n], name, _moment(int(first[n])), _moment(int(last[n])), int(count[n]), confidence.SKETCH)
        for n in map(int, found)
        if n in known
    ]


def _gaps(connection: duckdb.DuckDBPyConnection, group: Group, period: Period) -> tuple[list[Gap], int]:
    where, values = group.condition()
    # A gap without any principal is the ledger's own: a disk that did not confirm, a damaged segment.
    own = "(address IS NULL AND network IS NULL AND client IS NULL)"
    rows = connection.execute(
        f'SELECT "at", route, reference, note, {own} AS everybody, count(*) OVER () FROM entries'
        f' WHERE kind = \'gap\' AND "at" >= ? AND "at" < ? AND ({where} OR {own}) ORDER BY "at" LIMIT {MOST_GAPS}',
        [*period.bounds, *values],
    ).fetchall()
    gaps = [Gap(_utc(at), route, ref, note or "", bool(everybody)) for at, route, ref, note, everybody, _ in rows]
    return gaps, int(rows[0][5]) if rows else 0


def _detail_since(connection: duckdb.DuckDBPyConnection, period: Period) -> date | None:
    found = connection.execute(
        'SELECT min("at") FROM disclosures WHERE "at" >= ? AND "at" < ?', list(period.bounds)
    ).fetchone()
    return found[0].date() if found and found[0] else None


def _unfollowed(connection: duckdb.DuckDBPyConnection, group: Group, period: Period) -> list[date]:
    """Days of the period on which somebody was shown somebody, and on which the addresses meant cannot be followed."""
    if not group.names.get("address") and not _lost(group):
        return []
    since, until = period.bounds
    followed = group.addresses_since or (None if group.names.get("address") else followed_since(connection))
    rows = connection.execute(
        "SELECT DISTINCT day FROM sketches WHERE day BETWEEN ? AND ? AND day < ? ORDER BY day",
        [since.date(), until.date(), followed or until.date() + timedelta(days=1)],
    ).fetchall()
    return [d for (d,) in rows]


def _lost(group: Group) -> list[Ref]:
    """References that may mean an address of which no day that can be followed knows anything."""
    return [ref for ref in group.unknown if ref.level in {"address", None}]


def _possible(connection: duckdb.DuckDBPyConnection, group: Group, unfollowed: list[date]) -> set[str] | None:
    """On days on which an address cannot be followed it was shown no more than its network."""
    addresses = group.names.get("address", frozenset())
    if _lost(group) or not addresses:
        return None
    marks = ", ".join("?" * len(addresses))
    networks = [
        n
        for (n,) in connection.execute(
            f"SELECT DISTINCT network FROM disclosures_by_principal WHERE address IN ({marks}) AND network IS NOT NULL",
            sorted(addresses),
        ).fetchall()
    ]
    if not networks:
        return None
    where = f"day BETWEEN ? AND ? AND level = 'network' AND principal IN ({', '.join('?' * len(networks))})"
    rows = bitmaps.sketches(connection, where, [unfollowed[0], unfollowed[-1], *networks])
    return set(bitmaps.names(connection, bitmaps.union(s.people for s in rows)).values())


def _caveats(found: Affected, group: Group, thinned: list[date], unfollowed: list[date]) -> list[str]:
    said: list[str] = []
    if thinned:
        said.append(
            f"Of {len(thinned)} days ({thinned[0]} to {thinned[-1]}) only sketches remain: people and fields are "
            "certain, times are off by less than a day, `times` counts days and is therefore a lower bound."
        )
    if unfollowed and group.names.get("address"):
        since = f" before {group.addresses_since}" if group.addresses_since else ""
        said.append(
            f"An address bears another name each day, and the keys of the days{since} are destroyed: what it was shown "
            "then is not in this list."
            + (
                f" The number of people is at least {found.people:,}, and at most {found.at_most:,}: everybody its "
                "network was shown on those days."
                if found.at_most is not None
                else " How many people that could be cannot be said: no day with detail tells its network."
            )
        )
    own = sum(1 for g in found.gaps if g.everybody)
    if found.gaps_in_all - own:
        said.append(
            f"{found.gaps_in_all - own:,} answers to these principals could not be read and left as they were: they "
            "may have shown people or fields that are not in this list (`gaps`)."
        )
    if own:
        said.append(
            f"{own:,} times the ledger itself may have lost something, of any principal (`gaps` says when and why)."
        )
    for ref in group.unknown:
        if unfollowed and ref in _lost(group):
            said.append(
                f"Nothing is known of {ref} on days on which addresses can be followed. If it is an address, what it "
                f"was shown on {_listed(unfollowed)} cannot be said: the keys of those days are destroyed."
            )
        else:
            said.append(f"Nothing is known of {ref}.")
    return said


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)


_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 (the views' times have no zone)


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _moment(micros: int) -> datetime:
    return _utc(_EPOCH + timedelta(microseconds=micros))
