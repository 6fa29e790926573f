"""How many visitors were challenged, how many of them solved it, and how many were refused: by lane.

A visitor is an account, else a session of our cookie, else a kind of software at an address of that day. Whoever drops
the cookie is counted again: of robots there are fewer than it seems, so a share of theirs is a lower bound for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import duckdb

from hedgerow.ledger.questions.period import Period

_VISITOR: Final = (
    "coalesce('a:' || account, 's:' || session, 'u:' || coalesce(address, '') || ':' || coalesce(client, ''))"
)
_BY_WAITING: Final = "list_contains(reasons, 'solved_wait')"
_BY_WORK: Final = "list_contains(reasons, 'solved_work')"


@dataclass(frozen=True)
class Stopped:
    """What happened to the visitors of one lane."""

    lane: str
    challenged: int
    """Visitors who were asked for a challenge, in enforce mode."""
    solved: int
    """Of them, those who solved one."""
    refused: int
    """Visitors who were refused, in enforce mode."""
    solved_by_work: int
    """Visitors who solved one with JavaScript."""
    solved_by_waiting: int
    """Visitors who solved one without JavaScript."""


def stopped(connection: duckdb.DuckDBPyConnection, period: Period) -> tuple[Stopped, ...]:
    """Visitors who were stopped within a period, most first."""
    rows = connection.execute(
        f"""SELECT lane, count(*) FILTER (c), count(*) FILTER (c AND (work OR waiting OR other)), count(*) FILTER (r),
              count(*) FILTER (work), count(*) FILTER (waiting)
            FROM (SELECT coalesce(lane, 'unknown') AS lane, {_VISITOR} AS visitor,
                    bool_or(kind = 'verdict' AND action = 'prove' AND mode = 'enforce') AS c,
                    bool_or(kind = 'verdict' AND action = 'refuse' AND mode = 'enforce') AS r,
                    bool_or(kind = 'proof' AND coalesce({_BY_WORK}, false)) AS work,
                    bool_or(kind = 'proof' AND coalesce({_BY_WAITING}, false)) AS waiting,
                    bool_or(kind = 'proof') AS other
                  FROM entries WHERE "at" >= ? AND "at" < ? AND kind IN ('verdict', 'proof') GROUP BY ALL)
            GROUP BY lane HAVING count(*) FILTER (c OR r OR other) > 0 ORDER BY count(*) DESC, 1""",
        list(period.bounds),
    ).fetchall()
    return tuple(Stopped(str(lane), *(int(n) for n in numbers)) for lane, *numbers in rows)
