"""What a first look at a site needs: the last day, the same day a week before, and who has seen most.

On ten million disclosures this takes seconds, and a screen has 0.2: so it is asked on the side, now and then, and
screens show the last answer with its time. Live figures come from the edge and need no ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import duckdb

from hedgerow.ledger.questions.activity import Activity, Point, activity, course
from hedgerow.ledger.questions.coverage import Members, Share, coverage, last_day
from hedgerow.ledger.questions.period import Period
from hedgerow.ledger.questions.stopped import Stopped, stopped
from hedgerow.ledger.questions.suspicion import suspected

DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(days=7)
STEP: Final = timedelta(hours=1)
CURIOUS_LEVELS: Final = ("address", "network", "session", "account", "strangers")
CURIOUS_DAYS: Final = 30
CURIOUS_TOP: Final = 20


@dataclass(frozen=True)
class Overview:
    """One site at one moment."""

    at: datetime
    day: Activity
    """The 24 hours before."""
    week_before: Activity
    """The same hours seven days earlier."""
    hours: tuple[Point, ...]
    hours_week_before: tuple[Point, ...]
    members: Members
    curious: tuple[Share, ...]
    """Who has seen most people in 30 days, most first; several levels may speak of the same visitor."""
    strangers: Share | None
    """What all strangers together have seen in 30 days."""
    why: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """Codes of what speaks against each of the curious in these days, by level and name."""
    stopped: tuple[Stopped, ...] = ()
    """Visitors who were challenged or refused in these days, by lane."""

    @property
    def most_curious(self) -> Share | None:
        """The single principal who has seen most."""
        return self.curious[0] if self.curious else None


def overview(connection: duckdb.DuckDBPyConnection, now: datetime, members: Members) -> Overview:
    """Asks everything of one snapshot."""
    day, before = Period(now - DAY, now), Period(now - DAY - WEEK, now - WEEK)
    seen = coverage(
        connection, last_day(now), members, top=CURIOUS_TOP, levels=CURIOUS_LEVELS, windows=(CURIOUS_DAYS,)
    ).top
    single = sorted((s for s in seen if s.level != "strangers"), key=lambda s: (-s.people, s.level, s.principal))
    month = Period(now - timedelta(days=CURIOUS_DAYS), now)
    curious = tuple(single[:CURIOUS_TOP])
    return Overview(
        now,
        activity(connection, day),
        activity(connection, before),
        course(connection, day, STEP),
        course(connection, before, STEP),
        members,
        curious,
        next((s for s in seen if s.level == "strangers"), None),
        suspected(connection, ((s.level, s.principal) for s in curious), month),
        stopped(connection, month),
    )
