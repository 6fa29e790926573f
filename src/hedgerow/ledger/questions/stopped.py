"""How many visitors were challenged, how many of them solved it, and how many were refused: by lane.

Who one visitor is says `visitors`; whoever drops the cookie is counted again.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from hedgerow.ledger.questions.period import Period
from hedgerow.ledger.questions.visitors import linked


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
        f"""WITH {linked('"at" >= ? AND "at" < ?')}
            SELECT lane, count(*) FILTER (c), count(*) FILTER (c AND proof), count(*) FILTER (r),
              count(*) FILTER (work), count(*) FILTER (waiting)
            FROM (SELECT lane, visitor,
                    bool_or(kind = 'verdict' AND action = 'prove' AND mode = 'enforce') AS c,
                    bool_or(kind = 'verdict' AND action = 'refuse' AND mode = 'enforce') AS r,
                    bool_or(kind = 'proof' AND way = 'work') AS work,
                    bool_or(kind = 'proof' AND way = 'wait') AS waiting,
                    bool_or(kind = 'proof') AS proof
                  FROM linked GROUP BY lane, visitor)
            GROUP BY lane HAVING count(*) FILTER (c OR r OR proof) > 0 ORDER BY count(*) DESC, 1""",
        list(period.bounds),
    ).fetchall()
    return tuple(Stopped(str(lane), *(int(n) for n in numbers)) for lane, *numbers in rows)
