"""Who is affected: people, fields, first and last time, how often, how sure, for any principals and period.

found = affected(connection, find_group(connection, refs), period)
found.summary(), found.caveats                 # figures, and what has to be said about them
found.page(50), found.page(50, skip=50)        # rows, a page at a time; `rows` are all of them
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import duckdb
from pyroaring import BitMap

from hedgerow.ledger.questions import bitmaps, confidence, sketched
from hedgerow.ledger.questions.period import Period, iso
from hedgerow.ledger.questions.refs import Group, Ref, followed_since

_AT_ONCE: Final = 1_000
"""Rows taken at a time: taking many at once stops every other thread of Python."""
MOST_GAPS: Final = 1_000
"""Gaps named one by one; beyond it they are only counted."""

EXACT: Final = "exact: every record of the period, and sketches that lie wholly inside it"
EDGE: Final = "at most: with the people of sketches that reach over an edge of the period"
LINKED: Final = "at most: with everybody its network was shown on days on which an address cannot be followed"
_TABLE: Final = (
    "CREATE TEMP TABLE affected (person VARCHAR, field VARCHAR, first TIMESTAMP, last TIMESTAMP, times BIGINT,"
    " confidence VARCHAR, rank INTEGER)"
)
IN_ORDER: Final = "person, field, rank"
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
    """The answer, with everything that has to be said about it.

    DuckDB keeps its rows until the connection that was asked is closed; a page of them costs what is on it.
    """

    period: Period
    kept: duckdb.DuckDBPyConnection
    """Has the table `affected`: person, field, first, last, times, confidence, rank."""
    rows_in_all: int
    gaps: list[Gap]
    gaps_in_all: int
    detail_since: date | None
    """First day with detail; None when there is none in the period."""
    people: int
    people_by_confidence: dict[str, int]
    """Each person once, at the surest."""
    people_by_field: dict[str, int]
    at_most: int | None
    """People at most: as many as `people` when the count is exact; None when nothing can be said."""
    method: str
    """How the two numbers were found, in words."""
    caveats: list[str] = field(default_factory=list)

    def page(self, limit: int, skip: int = 0) -> list[Row]:
        """Some rows, sorted by person, field and confidence."""
        rows = self.kept.execute(
            f"SELECT person, field, first, last, times, confidence FROM affected ORDER BY {IN_ORDER} LIMIT ? OFFSET ?",
            [limit, skip],
        ).fetchall()
        return [Row(p, f, _utc(first), _utc(last), n, sure) for p, f, first, last, n, sure in rows]

    @property
    def rows(self) -> list[Row]:
        """All of them."""
        return self.page(self.rows_in_all)

    def each(self) -> Iterator[Row]:
        """All of them, one by one: for files, which need not have them all in memory."""
        rows = self.kept.execute(
            f"SELECT person, field, first, last, times, confidence FROM affected ORDER BY {IN_ORDER}"
        )
        while some := rows.fetchmany(_AT_ONCE):
            for p, f, first, last, n, sure in some:
                yield Row(p, f, _utc(first), _utc(last), n, sure)

    def everybody(self) -> list[str]:
        """The people, each once."""
        return [p for (p,) in self.kept.execute("SELECT DISTINCT person FROM affected ORDER BY person").fetchall()]

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
            "fields": self.people_by_field,
            "gaps": self.gaps_in_all,
            "detail_since": self.detail_since.isoformat() if self.detail_since else None,
            "caveats": self.caveats,
        }


def affected(connection: duckdb.DuckDBPyConnection, group: Group, period: Period) -> Affected:
    """Asks the detail where there is detail, and the sketches of the days where there is none."""
    # Temporary tables are a cursor's own: two answers of one connection do not meet.
    kept = connection.cursor()
    kept.execute(_TABLE)
    _from_detail(kept, group, period)
    edge = sketched.add(kept, group, period)
    people = _one(kept, "SELECT count(DISTINCT person) FROM affected")
    gaps, in_all = _gaps(connection, group, period)
    unfollowed = _unfollowed(connection, group, period)
    possible = _possible(connection, group, unfollowed) if unfollowed else BitMap()
    over_edge, days = sketched.not_in_list(kept, edge)
    found = Affected(
        period,
        kept,
        _one(kept, "SELECT count(*) FROM affected"),
        gaps,
        in_all,
        _detail_since(connection, period),
        people,
        _by_confidence(kept),
        dict(kept.execute("SELECT field, count(DISTINCT person) FROM affected GROUP BY 1 ORDER BY 1").fetchall()),
        None if possible is None else people + sketched.not_in_list(kept, {**edge, date.max: possible})[0],
        _method(bool(over_edge), bool(unfollowed), possible is None),
    )
    found.caveats.extend(_caveats(found, group, thinned_days(connection, period), unfollowed))
    if over_edge:
        found.caveats.append(
            f"{over_edge:,} more people may be affected: they are in sketches of {_listed(days)} that reach over "
            "an edge of the period, and are not in this list. A period that begins and ends at midnight (UTC) takes "
            "whole days."
        )
    found.caveats.extend(_of_logs(kept))
    return found


def count_people(connection: duckdb.DuckDBPyConnection, group: Group, period: Period) -> int:
    """How many people principals were shown, at least: the number alone, without the list."""
    kept = connection.cursor()
    try:
        kept.execute(_TABLE)
        _from_detail(kept, group, period)
        sketched.add(kept, group, period)
        return _one(kept, "SELECT count(DISTINCT person) FROM affected")
    finally:
        kept.close()


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    ((count,),) = connection.execute(sql).fetchall()
    return int(count)


def _by_confidence(kept: duckdb.DuckDBPyConnection) -> dict[str, int]:
    found = dict(
        kept.execute(
            "SELECT rank, count(*) FROM (SELECT person, min(rank) AS rank FROM affected GROUP BY person) GROUP BY rank"
        ).fetchall()
    )
    return {word: int(found.get(rank, 0)) for rank, word in enumerate(confidence.ORDER)}


def _of_logs(kept: duckdb.DuckDBPyConnection) -> list[str]:
    """What has to be said where nobody saw the answers leave."""
    if not _one(kept, "SELECT count(*) FROM sources"):
        return []
    said = (
        "This ledger was made from a log, or in part: a log says that a page was sent and with which status, and not "
        "what was on it. What is from there is possible, and not confirmed."
    )
    if _one(kept, f"SELECT count(*) FROM affected WHERE confidence = '{confidence.SKETCH}'"):
        said += " The sketches of older days do not tell it apart: of those days nothing is certain."
    return [said]


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


def _from_detail(kept: duckdb.DuckDBPyConnection, group: Group, period: Period) -> None:
    where, values = group.condition()
    # First by sets of fields, of which there are few, then by field: a row of the ledger is taken up once.
    kept.execute(
        f"""INSERT INTO affected
        SELECT person, field, min(first), max(last), sum(n)::BIGINT, sure, {_rank("sure")} FROM (
          SELECT *, unnest(string_split(fields, ' ')) AS field FROM (
            SELECT person, array_to_string(shown, ' ') AS fields, {confidence.OF_RECORD} AS sure, min("at") AS first,
              max("at") AS last, count(*) AS n
            FROM disclosures_by_principal WHERE "at" >= ? AND "at" < ? AND len(shown) > 0 AND {where} GROUP BY ALL))
        GROUP BY person, field, sure""",
        [*period.bounds, *values],
    )


def _rank(column: str) -> str:
    return f"list_position({list(confidence.ORDER)}, {column}) - 1"


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


def _possible(connection: duckdb.DuckDBPyConnection, group: Group, unfollowed: list[date]) -> BitMap | None:
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
    return bitmaps.union(s.people for s in rows)


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
