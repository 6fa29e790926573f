"""Why somebody is suspected: which reasons the entries of a principal bear, how often, and when the last one came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import duckdb

from hedgerow.ledger.questions.period import Period
from hedgerow.ledger.questions.refs import Group

MOST_REASONS: Final = 20
_TELLING: Final = "(starts_with(reason, 'signal.') OR starts_with(reason, 'beyond.') OR starts_with(reason, 'rule.'))"
"""Reasons that speak against somebody. A spent budget alone does not: it is what budgets are for."""


@dataclass(frozen=True)
class Reason:
    """One reason in the entries of one principal."""

    code: str
    times: int
    """Entries that bear it."""
    first: datetime
    last: datetime


def reasons_of(connection: duckdb.DuckDBPyConnection, group: Group, period: Period) -> list[Reason]:
    """Every reason in the entries of some principals, those that speak against them first, then by how often.

    Args:
        connection: With the views.
        group: The principals, as `find_group` found them.
        period: From when until when.
    """
    where, values = group.condition()
    since, until = period.bounds
    rows = connection.execute(
        f"""SELECT reason, count(*), min("at"), max("at") FROM (
              SELECT unnest(reasons) AS reason, "at" FROM entries WHERE {where} AND "at" >= ? AND "at" < ?)
            GROUP BY reason ORDER BY {_TELLING} DESC, 2 DESC, 1 LIMIT {MOST_REASONS}""",
        [*values, since, until],
    ).fetchall()
    return [Reason(str(r), int(n), first.replace(tzinfo=UTC), last.replace(tzinfo=UTC)) for r, n, first, last in rows]


def suspected(
    connection: duckdb.DuckDBPyConnection, principals: Iterable[tuple[str, str]], period: Period
) -> dict[tuple[str, str], tuple[str, ...]]:
    """Codes that speak against each of some principals, most frequent first: one question a level.

    Args:
        connection: With the views.
        principals: Level and name; of an address the stable one.
        period: From when until when.
    """
    wanted: dict[str, set[str]] = {}
    for level, name in principals:
        wanted.setdefault(level, set()).add(name)
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for level, names in wanted.items():
        column, more = f"e.{level}", ""
        if level == "address":
            # Entries bear the name of the day; the stable one is known while both can be linked.
            column = "coalesce(l.stable, e.address)"
            more = (
                " LEFT JOIN (SELECT DISTINCT day, address, stable FROM links) l"
                ' ON l.address = e.address AND l.day = e."at"::DATE'
            )
        rows = connection.execute(
            f"""SELECT name, reason, count(*) FROM (
                  SELECT {column} AS name, unnest(e.reasons) AS reason FROM entries e{more}
                  WHERE e."at" >= ? AND e."at" < ? AND len(e.reasons) > 0
                    AND {column} IN (SELECT unnest(?::VARCHAR[])))
                WHERE {_TELLING} GROUP BY ALL ORDER BY 3 DESC, 2""",
            [*period.bounds, sorted(names)],
        ).fetchall()
        for name, reason, _ in rows:
            known = found.get((level, str(name)), ())
            if len(known) < MOST_REASONS:
                found[level, str(name)] = (*known, str(reason))
    return found
