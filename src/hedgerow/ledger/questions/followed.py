"""What visitors did after they were challenged or refused: did they then read like an ordinary visitor?

The definition, exactly, as `docs/explanation/false-verdicts.md` tells it to readers:

* A **stop** is a verdict `prove` or `refuse` that was carried out. A visitor (an account, else a session of our cookie,
  else a kind of software at an address of that day) counts once a day of stops and kind of stop, on the first of them.
* Whoever is challenged on a first visit has no session yet: a proof from the same address with the same software within
  `LINKED_WITHIN` says which session it was. So a challenge and its solution are one visitor.
* A visitor is **followed** for `FOLLOWED` from the stop: after a challenge from its solution on, after a refusal at
  once.
* They **read like an ordinary visitor** if in that time at least one person was shown to them, not more different
  people than the ordinary number of their lane, and nothing of a harvest was recorded: none of `HARVESTING`, no spent
  budget gone beyond (`beyond.`), no further refusal and no bait. A refusal within a day of the first belongs to
  it.
* The **ordinary number** of a lane is what 95 of 100 visitors of it were shown at most, of those who in the `FOLLOWED`
  after the day of the stops read somebody, were not stopped and showed nothing of a harvest; and never less than
  `FEWEST`.

What it cannot tell: which images, styles and scripts were fetched, as answers that show nobody are not in the ledger;
what somebody did under another cookie; who stayed away. Therefore it is an estimate, and no bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import duckdb

from hedgerow.ledger.questions.visitors import NAMES, linked

FOLLOWED: Final = timedelta(days=7)
FEWEST: Final = 15
"""People; a house value. Whoever opens fifteen profiles shall meet nothing at all (`policy/defaults.py`)."""
CROWD: Final = 20
"""Fewer unstopped visitors than this of a lane say nothing of what is usual there: then those of all lanes do."""
ORDINARY_OF_100: Final = 95
HARVESTING: Final = (
    "signal.declared_automation",
    "signal.library_client",
    "signal.forged_crawler",
    "signal.enumeration",
    "signal.robots_refused",
    "signal.bait_taken",
    "signal.pass_shared",
    "signal.asks_beyond_budget",
)
"""Signals that no ordinary visitor gives. Those that text browsers, aids and hardened browsers give as well
(`no_subresources`, `profile_only_diet`, `cookie_not_kept`, `header_contradiction`, `environment_odd`) are not among
them: they are what people are challenged for by mistake, and must not prove that it was none."""
CHALLENGE: Final = "challenge"
REFUSAL: Final = "refusal"

_HARVEST: Final = (
    f"len(list_filter(reasons, lambda r: starts_with(r, 'beyond.') OR r IN ({', '.join(map(repr, HARVESTING))}))) > 0"
)
_STOPS: Final = "kind = 'verdict' AND mode = 'enforce' AND action IN ('prove', 'refuse', 'decoy', 'sign_in')"


@dataclass(frozen=True)
class Followed:
    """Visitors who were stopped on one day, of one lane, kind of network and way through."""

    stop: str
    """`challenge` or `refusal`."""
    lane: str
    network_kind: str
    """As recorded at the stop; `unknown` where no table said."""
    way: str
    """How a challenge was solved: `work` (JavaScript), `wait` (without), `other` (not recorded); `none`: it was not."""
    visitors: int
    ordinary: int
    """Of them, those who then read like an ordinary visitor."""


@dataclass(frozen=True)
class FollowedDay:
    """All who were stopped on one day."""

    day: date
    rows: tuple[Followed, ...]
    usual: dict[str, int]
    """The ordinary number of people by lane; under the empty name that of all lanes together."""


def over_at(day: date) -> datetime:
    """When all who were stopped on a day were followed to the end."""
    return datetime.combine(day + timedelta(days=1), time(), UTC) + FOLLOWED


def followed(connection: duckdb.DuckDBPyConnection, day: date) -> FollowedDay | None:
    """Follows the visitors who were stopped on a day.

    Args:
        connection: With the views of one site, which reach to `over_at(day)` at least.
        day: Of the stops, UTC.

    Returns:
        None when the detail of that day or of the days after is gone.
    """
    begin = datetime.combine(day, time())
    middle = begin + timedelta(days=1)
    end = over_at(day).replace(tzinfo=None)
    if _thinned(connection, begin, end):
        return None
    usual = _usual(connection, middle, end)
    with connection.cursor() as asking:
        _stops(asking, begin, middle, end)
        _after(asking, begin, end)
        rows = asking.execute(
            """SELECT s.stop, s.lane, s.network_kind, s.way, s.visitor,
                 coalesce(p.people, 0), coalesce(h.harvest, false)
               FROM stopped s LEFT JOIN read_after p USING (visitor, stop)
                 LEFT JOIN signs_after h USING (visitor, stop)"""
        ).fetchall()
    counted: dict[tuple[str, str, str, str], list[int]] = {}
    for stop, lane, kind, way, _, people, harvest in rows:
        through = stop == REFUSAL or way != "none"
        ordinary = through and not harvest and is_ordinary(int(people), usual.get(str(lane), usual[""]))
        numbers = counted.setdefault((str(stop), str(lane), str(kind), str(way)), [0, 0])
        numbers[0] += 1
        numbers[1] += ordinary
    return FollowedDay(day, tuple(Followed(*key, *n) for key, n in sorted(counted.items())), usual)


def is_ordinary(people: int, usual: int) -> bool:
    """Whether so many different people are what an ordinary visitor is shown in the time."""
    return 1 <= people <= usual


def _thinned(connection: duckdb.DuckDBPyConnection, begin: datetime, end: datetime) -> bool:
    """Whether something of these days is known by sketches alone: of disclosures, or of the entries they belong to."""
    row = connection.execute(
        """SELECT (SELECT count(*) FROM sketches WHERE day >= ? AND day < ? AND thinned)
             + (SELECT count(*) FROM (SELECT DISTINCT day FROM sketches WHERE day >= ? AND day < ?
                EXCEPT SELECT DISTINCT "at"::DATE FROM entries WHERE "at" >= ? AND "at" < ?))""",
        [begin.date(), end.date()] * 2 + [begin, end],
    ).fetchone()
    return bool(row and row[0])


def _usual(connection: duckdb.DuckDBPyConnection, begin: datetime, end: datetime) -> dict[str, int]:
    """How many people the lanes' unstopped visitors are shown, 95 of 100 at most."""
    rows = connection.execute(
        f"""WITH shown_to AS (SELECT coalesce(lane, 'unknown') AS lane, hash({NAMES}[1]) AS visitor,
                hash(person) AS person
              FROM disclosures WHERE "at" >= ? AND "at" < ? AND len(shown) > 0),
            odd AS (SELECT DISTINCT hash(unnest({NAMES})) AS visitor FROM entries
              WHERE "at" >= ? AND "at" < ? AND ({_STOPS} OR {_HARVEST})),
            counted AS (SELECT lane, visitor, count(DISTINCT person) AS people FROM shown_to
              WHERE visitor NOT IN (SELECT visitor FROM odd) GROUP BY ALL)
            SELECT coalesce(lane, ''), count(*), quantile_disc(people, {ORDINARY_OF_100 / 100}) FROM counted
            GROUP BY GROUPING SETS ((lane), ())""",
        [begin, end, begin, end],
    ).fetchall()
    found = {str(lane): max(FEWEST, int(people)) for lane, count, people in rows if count >= CROWD}
    return {"": FEWEST, **found}


def _stops(asking: duckdb.DuckDBPyConnection, begin: datetime, middle: datetime, end: datetime) -> None:
    """Makes `stopped`: who was stopped, from when on they are followed, and until when."""
    asking.execute(
        f"""CREATE TEMP TABLE stopped AS
        WITH {linked('"at" >= $begin AND "at" < $end')},
        firsts AS (SELECT visitor, action, min("at") AS "at", arg_min(lane, "at") AS lane,
            arg_min(network_kind, "at") AS network_kind FROM linked
          WHERE kind = 'verdict' AND mode = 'enforce' AND action IN ('prove', 'refuse') AND "at" < $middle
          GROUP BY visitor, action),
        solved AS (SELECT f.visitor, min(p."at") AS "at", arg_min(p.way, p."at") AS way
          FROM firsts f JOIN linked p ON p.kind = 'proof' AND p.visitor = f.visitor AND p."at" >= f."at"
            AND p."at" < f."at" + to_days({FOLLOWED.days})
          WHERE f.action = 'prove' GROUP BY f.visitor)
        SELECT f.visitor, CASE f.action WHEN 'prove' THEN '{CHALLENGE}' ELSE '{REFUSAL}' END AS stop, f.lane,
          f.network_kind, CASE f.action WHEN 'prove' THEN coalesce(s.way, 'none') ELSE 'none' END AS way,
          CASE f.action WHEN 'prove' THEN s."at" ELSE f."at" END AS since,
          f."at" + to_days({FOLLOWED.days}) AS until,
          CASE f.action WHEN 'prove' THEN s."at" ELSE f."at" + to_days(1) END AS quiet_from
        FROM firsts f LEFT JOIN solved s ON s.visitor = f.visitor AND f.action = 'prove'""",
        {"begin": begin, "middle": middle, "end": end},
    )


def _after(asking: duckdb.DuckDBPyConnection, begin: datetime, end: datetime) -> None:
    """Makes `read_after`, people shown to the stopped while followed, and `signs_after`, what speaks of a harvest."""
    asking.execute(
        f"""CREATE TEMP TABLE read_after AS
        SELECT s.visitor, s.stop, count(DISTINCT d.person) AS people
        FROM stopped s JOIN (SELECT "at", person, unnest({NAMES}) AS visitor FROM disclosures
          WHERE "at" >= $begin AND "at" < $end AND len(shown) > 0) d
          ON d.visitor = s.visitor AND d."at" > s.since AND d."at" < s.until
        GROUP BY ALL""",
        {"begin": begin, "end": end},
    )
    asking.execute(
        f"""CREATE TEMP TABLE signs_after AS
        SELECT s.visitor, s.stop, bool_or(e.harvest OR (e.turned_away AND e."at" >= s.quiet_from)) AS harvest
        FROM stopped s JOIN (SELECT "at", unnest({NAMES}) AS visitor, {_HARVEST} AS harvest,
            kind = 'verdict' AND mode = 'enforce' AND action IN ('refuse', 'decoy') AS turned_away
          FROM entries WHERE "at" >= $begin AND "at" < $end) e
          ON e.visitor = s.visitor AND e."at" > s.since AND e."at" < s.until
        GROUP BY ALL""",
        {"begin": begin, "end": end},
    )
