"""Who would be hit: the visitors behind a principal over some days, and how many of them look ordinary.

Asked before an address, a network or a kind of software is blocked: many people may share it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import duckdb

from hedgerow.ledger.questions.period import Period, iso
from hedgerow.ledger.questions.refs import STRANGE, Group

CAVEAT: Final = (
    "Counted are visitors who were shown people or were stopped; whoever read other pages is not in the ledger. A "
    "visitor without account and without our cookie counts once for each software at an address. Names of addresses "
    "change from day to day, so addresses and such visitors are counted for the day that had most of them. Ordinary: "
    "no entry of the visitor tells of a signal or of people asked for beyond a budget. A visitor who comes with a new "
    "cookie each time is counted each time."
)
"""What the figures are not; shown wherever they are."""

WIDE_CAVEAT: Final = (
    "Counted is who asked for it, was shown it, or would count as a stranger there, by the ledger. A posture meets "
    "those of them who are new when it is set; how many that are is not known before. Whom visitors know already they "
    "still see."
)
"""What the figures of a decision for everybody are not, beside `CAVEAT`."""

_SUSPECTED: Final = r"coalesce(regexp_matches(' ' || array_to_string(reasons, ' '), ' (signal|beyond)\.'), false)"


@dataclass(frozen=True)
class Reach:
    """Who is behind a principal."""

    since: str
    until: str
    addresses: int
    """On the day that had most."""
    sessions: int
    accounts: int
    visitors: int
    ordinary: int
    people_shown: int
    """Different people that all of them together were shown."""
    detail_since: datetime | None
    """First entry of the principal in the period; before the window of detail there is none."""
    caveat: str = CAVEAT

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {**asdict(self), "detail_since": None if self.detail_since is None else iso_naive(self.detail_since)}


def iso_naive(moment: datetime) -> str:
    """A time of the views, which are UTC without a zone."""
    return moment.isoformat(timespec="seconds") + "Z"


def reach(connection: duckdb.DuckDBPyConnection, group: Group, period: Period) -> Reach:
    """Counts who is behind the principals of a group within a period.

    Args:
        connection: A snapshot of one site's ledger.
        group: The principals, as `find_group` found them.
        period: From when until when.
    """
    condition, values = group.condition()
    return _reached(connection, condition, values, period)


@dataclass(frozen=True)
class Wide:
    """What would be decided for everybody. One of three: a route is closed, a field masked, newcomers shown less."""

    route: str | None
    """None: every route that shows people."""
    field: str | None = None
    """The field that would be masked."""
    newcomers: bool = False
    """Whether it would meet strangers only, on the routes of this one's family."""


def reach_everybody(connection: duckdb.DuckDBPyConnection, wide: Wide, period: Period) -> Reach:
    """Counts whom a decision for everybody would have met within a period: who asked for it, by the ledger.

    Args:
        connection: A snapshot of one site's ledger.
        wide: What would be decided.
        period: From when until when.
    """
    conditions, values = ["route IS NOT NULL"], []
    if wide.newcomers:
        conditions.append(f"standing IN ({STRANGE})")
        if wide.route is not None:
            conditions.append("family IN (SELECT DISTINCT family FROM entries WHERE route = ?)")
            values.append(wide.route)
    elif wide.route is not None:
        conditions.append("route = ?")
        values.append(wide.route)
    if wide.field is not None:
        # Whoever was shown it; whoever met it masked already loses nothing.
        conditions.append("(writer, seq) IN (SELECT (writer, seq) FROM disclosures WHERE list_contains(shown, ?))")
        values.append(wide.field)
    return _reached(connection, " AND ".join(conditions), values, period)


def _reached(connection: duckdb.DuckDBPyConnection, condition: str, values: Sequence[object], period: Period) -> Reach:
    since, until = period.bounds
    within = f"{condition} AND \"at\" >= ? AND \"at\" < ? AND kind IN ('disclosure', 'reveal', 'verdict', 'proof')"
    bounds = [*values, since, until]
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE reached AS SELECT
              CAST("at" AS DATE) AS day, address, session, account, min("at") AS first_at,
              CASE WHEN account IS NOT NULL THEN 'a:' || account
                   WHEN session IS NOT NULL THEN 's:' || session END AS known,
              coalesce(address, '') || ':' || coalesce(client, '') AS unnamed,
              bool_or({_SUSPECTED}) AS suspected
            FROM entries WHERE {within} GROUP BY ALL""",
        bounds,
    )
    try:
        known, known_ordinary = _pair(
            connection,
            "SELECT count(*), count(*) FILTER (NOT s) FROM"
            " (SELECT bool_or(suspected) AS s FROM reached WHERE known IS NOT NULL GROUP BY known)",
        )
        unnamed, unnamed_ordinary = _pair(
            connection,
            "SELECT coalesce(max(n), 0), coalesce(max(o), 0) FROM (SELECT count(*) AS n, count(*) FILTER (NOT s) AS o"
            " FROM (SELECT day, bool_or(suspected) AS s FROM reached WHERE known IS NULL GROUP BY day, unnamed)"
            " GROUP BY day)",
        )
        row = connection.execute(
            "SELECT (SELECT coalesce(max(n), 0) FROM (SELECT count(DISTINCT address) AS n FROM reached GROUP BY day)),"
            " count(DISTINCT session), count(DISTINCT account), min(first_at) FROM reached"
        ).fetchone()
        people = connection.execute(
            f'SELECT count(DISTINCT person) FROM disclosures WHERE {condition} AND "at" >= ? AND "at" < ?', bounds
        ).fetchone()
    finally:
        connection.execute("DROP TABLE reached")
    addresses, sessions, accounts, first = row if row is not None else (0, 0, 0, None)
    return Reach(
        since=iso(period.since),
        until=iso(period.until),
        addresses=addresses,
        sessions=sessions,
        accounts=accounts,
        visitors=known + unnamed,
        ordinary=known_ordinary + unnamed_ordinary,
        people_shown=0 if people is None else int(people[0]),
        detail_since=first,
    )


def _pair(connection: duckdb.DuckDBPyConnection, question: str) -> tuple[int, int]:
    row = connection.execute(question).fetchone()
    return (0, 0) if row is None else (int(row[0]), int(row[1]))
