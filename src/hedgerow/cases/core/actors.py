"""Who read whom in a stretch of the ledger: one actor a row, with traits, pace and the people it was shown.

An actor is an account where there is one, else an address, else a session: as in an audit of logs. Only days with
detail are asked; what sketches know has no pace and no pages.
"""

# ruff: noqa: S608 - names of columns are put together here; whatever comes from outside is a value
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import duckdb
from pyroaring import BitMap

from hedgerow.audit.replaying import VOUCHED
from hedgerow.audit.traits import Actor
from hedgerow.ledger.questions.period import Period
from hedgerow.ledger.questions.refs import Group

MOST_ACTORS: Final = 200_000
"""Actors that are looked at one by one: those who were shown most."""
ROWS_A_PASS: Final = 1_500_000
"""Rows of the ledger whose actors are gathered at once: about 300 MiB."""
ROWS_AT_ONCE: Final = 500
PAUSE_S: Final = 1_800
"""A longer pause is not part of anybody's pace: they were away."""

INNERMOST: Final = (
    "CASE WHEN d.account IS NOT NULL THEN 'account' WHEN d.address IS NOT NULL THEN 'address' ELSE 'session' END"
)
NAMED: Final = "coalesce(d.account, l.stable, d.address, d.session)"
LINKED: Final = (
    ' LEFT JOIN (SELECT DISTINCT day, address, stable FROM links) l ON l.address = d.address AND l.day = d."at"::DATE'
)
_SHOWN: Final = (
    f'SELECT {INNERMOST} AS level, {NAMED} AS name, d."at", d.person, d.route, d.client, d.network, d.lane, d.writer,'
    f" d.seq, %s AS meant FROM disclosures_by_principal d{LINKED}"
    ' WHERE d."at" >= ? AND d."at" < ? AND len(d.shown) > 0'
)


@dataclass(frozen=True)
class Reader:
    """One actor of the ledger."""

    level: str
    name: str
    network: str | None
    client: str | None
    route: str | None
    """Where it read most."""
    lane: str
    first: datetime
    last: datetime
    pages: int
    gap_mean_s: float | None
    gap_cv: float | None
    people: BitMap
    """Numbers of the view `people`."""
    meant: int
    """Of its pages, how many belong to the principals that were asked about."""

    @property
    def key(self) -> tuple[str, str]:
        """Level and name."""
        return self.level, self.name

    @property
    def vouched(self) -> bool:
        """Whether an address or a contract says who it is."""
        return self.lane in VOUCHED

    def as_actor(self) -> Actor:
        """For the test for groups and the traits."""
        return Actor(
            self.network,
            self.client,
            self.route,
            None,
            self.gap_mean_s,
            self.gap_cv,
            self.pages,
            int(self.first.timestamp()),
            int(self.last.timestamp()),
        )


def readers(
    connection: duckdb.DuckDBPyConnection,
    period: Period,
    meant: Group | None = None,
    step: Callable[[str], None] = lambda _: None,
) -> list[Reader]:
    """Everybody who was shown people, most people first.

    The ledger is gone through in passes, each for a part of the actors, so that memory is bounded by the number of rows
    a pass gathers and not by the length of the period.

    Args:
        connection: With the ledger's views.
        period: Which stretch.
        meant: Principals of a case: whose pages among an actor's are counted apart.
        step: Told which pass is under way.
    """
    where, values = meant.condition("d.") if meant else ("false", [])
    (rows,) = connection.execute(
        'SELECT count(*) FROM disclosures_by_principal WHERE "at" >= ? AND "at" < ?', list(period.bounds)
    ).fetchone() or (0,)
    passes = max(1, -(-int(rows) // ROWS_A_PASS))
    found: list[Reader] = []
    for number in range(passes):
        if passes > 1:
            step(f"gathers everybody who was shown people, part {number + 1} of {passes}")
        part = f"{_SHOWN % where} AND hash({NAMED}) % {passes} = {number}"
        found += _of_part(connection, part, [*values, *period.bounds])
        found = sorted(found, key=lambda r: (-len(r.people), r.key))[:MOST_ACTORS]
    return found


def _of_part(connection: duckdb.DuckDBPyConnection, shown: str, bounds: list[Any]) -> list[Reader]:
    # The ledger is gone through once a pass: what it gathers is put aside and asked twice.
    kept = connection.cursor()
    try:
        kept.execute(f"CREATE TEMP TABLE shown AS {shown}", bounds)
        gaps = {
            (str(level), str(name)): (float(mean), float(spread or 0.0) / float(mean) if mean else None)
            for level, name, mean, spread in _rows(
                kept,
                'WITH pages AS (SELECT DISTINCT level, name, writer, seq, "at" FROM shown),'
                ' gaps AS (SELECT level, name, epoch("at") - lag(epoch("at"))'
                ' OVER (PARTITION BY level, name ORDER BY "at") AS gap FROM pages)'
                f" SELECT level, name, avg(gap), stddev_pop(gap) FROM gaps WHERE gap < {PAUSE_S} GROUP BY level, name"
                " HAVING count(*) >= 2",
            )
        }
        rows = _rows(
            kept,
            "SELECT level, name, mode(network), mode(client), mode(route), mode(lane),"
            ' min("at"), max("at"), count(DISTINCT (writer, seq)),'
            " count(DISTINCT (writer, seq)) FILTER (WHERE meant), list(DISTINCT p.number) AS numbers"
            " FROM shown JOIN people p USING (person) WHERE name IS NOT NULL GROUP BY level, name"
            f" ORDER BY len(numbers) DESC, level, name LIMIT {MOST_ACTORS}",
        )
        return [_reader(row, gaps) for row in rows]
    finally:
        kept.close()


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> Iterator[tuple[Any, ...]]:
    """Rows some at a time: taking many at once stops every other thread of Python, and pages wait."""
    answer = connection.execute(sql)
    while some := answer.fetchmany(ROWS_AT_ONCE):
        yield from some


def _reader(row: tuple[Any, ...], gaps: dict[tuple[str, str], tuple[float, float | None]]) -> Reader:
    level, name, network, client, route, lane, first, last, pages, meant, numbers = row
    mean, spread = gaps.get((level, name), (None, None))
    return Reader(
        level,
        name,
        network,
        client,
        route,
        lane or "",
        first.replace(tzinfo=UTC),
        last.replace(tzinfo=UTC),
        int(pages),
        mean,
        spread,
        BitMap(numbers),
        int(meant),
    )


def union(of: Iterable[Reader]) -> BitMap:
    """People that any of them was shown."""
    return BitMap.union(*(r.people for r in of), BitMap())
