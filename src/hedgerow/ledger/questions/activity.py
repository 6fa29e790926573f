"""What happened in a period, for screens: people disclosed by lane and route, verdicts, and the course of it.

Counts are of distinct people, never of requests; requests stand beside them where a verdict is meant. Everything here
reads entries and their detail, so a period whose detail is gone is answered by `coverage` instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import duckdb

from hedgerow.ledger.questions.period import Period
from hedgerow.ledger.questions.refs import STRANGE

MOST_ROWS: Final = 200
"""Lanes and routes shown; a policy has at most 500 routes, and a screen fewer."""
MOST_POINTS: Final = 2_000
_STRANGER: Final = f"standing IN ({STRANGE})"
_LEFT: Final = "len(shown) > 0"
"""A person of whom every field was masked was not disclosed."""


class TooFineError(ValueError):
    """The step would give more points than a chart has room for."""


@dataclass(frozen=True)
class People:
    """Distinct people shown to one lane, or on one route."""

    name: str
    people: int
    disclosures: int
    """Person by entry: reading somebody again counts here."""


@dataclass(frozen=True)
class Verdicts:
    """How often one verdict was given."""

    action: str
    mode: str
    """`watch` or `enforce`."""
    requests: int


@dataclass(frozen=True)
class Point:
    """One step of the course."""

    at: datetime
    people: int
    strangers: int
    """Of them, those shown to somebody who is not signed in."""


@dataclass(frozen=True)
class Activity:
    """The answer for one period."""

    period: Period
    people: int
    """Distinct people disclosed to anybody."""
    to_strangers: int
    masked: int
    """Distinct people of whom at least one field was masked."""
    revealed: int
    """Fields given out one by one, on request."""
    lanes: tuple[People, ...]
    routes: tuple[People, ...]
    verdicts: tuple[Verdicts, ...]
    gaps: int
    """Entries that say something could not be recorded or read."""


def activity(connection: duckdb.DuckDBPyConnection, period: Period) -> Activity:
    """People and verdicts of a period, most people first."""
    bounds = period.bounds
    where = 'WHERE "at" >= ? AND "at" < ?'
    people, strangers, masked, revealed = _one(
        connection,
        f"""SELECT count(DISTINCT person) FILTER ({_LEFT}),
                   count(DISTINCT person) FILTER ({_LEFT} AND {_STRANGER}),
                   count(DISTINCT person) FILTER (len(masked) > 0),
                   count(*) FILTER (kind = 'reveal' AND {_LEFT})
            FROM disclosures {where}""",
        bounds,
    )
    (gaps,) = _one(connection, f"SELECT count(*) FROM entries {where} AND kind = 'gap'", bounds)
    verdicts = connection.execute(
        f"""SELECT action, mode, count(DISTINCT reference) FROM entries {where} AND action IS NOT NULL AND action <> ''
            GROUP BY ALL ORDER BY 3 DESC, 1, 2 LIMIT {MOST_ROWS}""",
        bounds,
    ).fetchall()
    return Activity(
        period,
        people,
        strangers,
        masked,
        revealed,
        _by(connection, "lane", bounds),
        _by(connection, "route", bounds),
        tuple(Verdicts(str(a), str(m), int(n)) for a, m, n in verdicts),
        gaps,
    )


def course(connection: duckdb.DuckDBPyConnection, period: Period, step: timedelta) -> tuple[Point, ...]:
    """Distinct people in each step of a period; steps in which nobody was shown are there, with zero.

    Raises:
        TooFineError: the step gives more than `MOST_POINTS` points, or is under a minute.
    """
    since, until = period.bounds
    seconds = int(step.total_seconds())
    if seconds < 60 or (until - since) / step > MOST_POINTS:
        raise TooFineError(f"a step of {seconds:,} s over this period gives more points than a chart has room for")
    rows = connection.execute(
        f"""SELECT (epoch("at")::BIGINT - ?) // ? AS n, count(DISTINCT person),
                   count(DISTINCT person) FILTER ({_STRANGER})
            FROM disclosures WHERE "at" >= ? AND "at" < ? AND {_LEFT} GROUP BY n""",
        [int(period.since.timestamp()), seconds, since, until],
    ).fetchall()
    found = {int(n): (int(people), int(strangers)) for n, people, strangers in rows}
    steps = -(-int((until - since).total_seconds()) // seconds)
    start = period.since.astimezone(UTC)
    return tuple(Point(start + n * step, *found.get(n, (0, 0))) for n in range(steps))


def _by(connection: duckdb.DuckDBPyConnection, column: str, bounds: tuple[datetime, datetime]) -> tuple[People, ...]:
    rows = connection.execute(
        f"""SELECT {column}, count(DISTINCT person), count(*) FROM disclosures
            WHERE "at" >= ? AND "at" < ? AND {_LEFT} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MOST_ROWS}""",
        bounds,
    ).fetchall()
    return tuple(People(str(name), int(people), int(disclosures)) for name, people, disclosures in rows)


def _one(connection: duckdb.DuckDBPyConnection, sql: str, bounds: tuple[datetime, datetime]) -> tuple[int, ...]:
    row = connection.execute(sql, bounds).fetchone()
    return tuple(int(n or 0) for n in row or ())
