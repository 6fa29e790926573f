"""Who was shown the people of the samples? Asked of 180 days of the ledger, from detail and sketches alike. Pure.

For each account, session, address, network and licence: how many of the sampled people it was shown, out of how many
in all. Somebody who was shown everybody was shown the sample, too, and that says little; so each is set against chance:
the probability that as many of the sample are among its people if those had been drawn blindly (binomial, times the
principals looked at). Without any sampled person that the site knows, those who were shown most are listed.
"""

# ruff: noqa: S608 - names of columns are put together here; whatever comes from outside is a value
from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import duckdb
from pyroaring import BitMap

from hedgerow.audit.wording import chance
from hedgerow.ledger.questions import bitmaps
from hedgerow.ledger.questions.coverage import Members, coverage, last_day
from hedgerow.ledger.questions.period import Period
from hedgerow.ledger.questions.refs import followed_since

DAYS: Final = 180
LEVELS: Final = ("account", "session", "address", "network", "licence")
MOST: Final = 100
"""Principals in the answer."""
_MOST_LOOKED_FOR: Final = 20
"""People of a sample that the database looks for in bitmaps; of more, every bitmap is looked into here."""
_AT_ONCE: Final = 500
"""Rows taken at a time: taking many at once stops every other thread of Python, and pages wait."""


@dataclass(frozen=True)
class Suspicion:
    """One principal and the sample."""

    level: str
    principal: str
    at_least: int
    """Sampled people it was shown."""
    at_most: int
    """The same, with what cannot be known any more: an address bears another name each day, and old keys are gone."""
    people: int
    """People it was shown in all."""
    chance: float
    """Probability of so many by chance, in the whole answer; 1 = says nothing."""
    first: date
    last: date

    def as_data(self) -> dict[str, Any]:
        """For the database and programs; principals are keyed names, and no person is in it."""
        return {
            "level": self.level,
            "principal": self.principal,
            "at_least": self.at_least,
            "at_most": self.at_most,
            "people": self.people,
            "chance": float(f"{self.chance:.3g}"),
            "chance_in_words": "says nothing" if self.chance >= 0.5 else chance(self.chance),
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
        }


@dataclass(frozen=True)
class Correlation:
    """The answer."""

    period: Period
    sampled: int
    """People of the samples that the site is known to have shown."""
    unknown: int
    """People of the samples that it is not."""
    found: tuple[Suspicion, ...]
    looked_at: int
    """Principals looked at."""
    method: str
    caveats: tuple[str, ...] = field(default=())


def window(now: datetime) -> Period:
    """The last 180 days, whole ones, until now."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Period(midnight - timedelta(days=DAYS), now + timedelta(milliseconds=1))


def correlate(
    connection: duckdb.DuckDBPyConnection,
    people: Iterable[str],
    now: datetime,
    step: Callable[[str], None] = lambda _: None,
) -> Correlation:
    """Asks who was shown the sampled people.

    Args:
        connection: With the ledger's views.
        people: The site's identifiers of the sampled people.
        now: The end of the 180 days.
        step: Told what is being done.
    """
    period = window(now)
    step("looks the samples up")
    wanted = sorted(set(people))
    sample = _numbers(connection, wanted)
    oldest = connection.execute("SELECT min(day) FROM sketches").fetchone()
    caveats = []
    if oldest and oldest[0] and oldest[0] > period.since.date():
        caveats.append(f"The ledger begins on {oldest[0]}: what was shown before is not in it.")
    if not oldest or not oldest[0]:
        caveats.append("The ledger is empty.")
    if not sample:
        return _most_shown(connection, period, len(wanted), caveats)
    begin, end = period.since.date(), last_day(period.until)
    step(f"counts who was shown people in {DAYS} days")
    looked_at = _count_principals(connection, begin, end)
    total = max(len(_everybody(connection, begin, end)), 1)
    step("looks for those who were shown people of the samples")
    days = _who_met(connection, sample, begin, end)
    step(f"looks what else those {len(days):,} were shown")
    shown = _shown_to(connection, set(days), begin, end)
    step("sets each of them against chance")
    since = followed_since(connection)
    loose = _networks_before(connection, sample, begin, since)
    found = []
    for key, (first, last) in days.items():
        seen = shown[key]
        at_least = len(seen & sample)
        at_most = at_least
        if key[0] == "address" and since is not None and since > begin:
            at_most = max(at_least, len((seen | loose.get(key[1], BitMap())) & sample))
        p = min(1.0, _tail(at_least, len(sample), len(seen) / total) * looked_at)
        found.append(Suspicion(*key, at_least, at_most, len(seen), p, first, last))
    found.sort(key=lambda s: (s.chance, -s.at_least, s.people, s.level, s.principal))
    if since is not None and since > max(begin, oldest[0] if oldest and oldest[0] else begin):
        caveats.append(
            f"An address can be followed since {since} only; before, each day of it counts as another address, and "
            "the larger number takes in all that its network was shown."
        )
    return Correlation(
        period,
        len(sample),
        len(wanted) - len(sample),
        tuple(found[:MOST]),
        looked_at,
        f"people shown to each of {looked_at:,} principals in {DAYS} days, from daily sketches, set against "
        f"{len(sample):,} sampled people; chance: binomial, multiplied by the principals looked at",
        tuple(caveats),
    )


def _most_shown(connection: duckdb.DuckDBPyConnection, period: Period, unknown: int, caveats: list[str]) -> Correlation:
    end = last_day(period.until)
    shares = coverage(connection, end, Members(0, ""), top=20, levels=LEVELS, windows=(DAYS,)).top
    found = tuple(
        Suspicion(s.level, s.principal, 0, 0, s.people, 1.0, period.since.date(), end)
        for s in sorted(shares, key=lambda s: (-s.people, s.level, s.principal))
    )
    return Correlation(
        period,
        0,
        unknown,
        found[:MOST],
        len(found),
        f"no sample is of a person this site has shown, so those are listed who were shown most people in {DAYS} days",
        (*caveats, "Without a person of the site in the samples nobody can be told apart by them."),
    )


def _numbers(connection: duckdb.DuckDBPyConnection, people: list[str]) -> BitMap:
    if not people:
        return BitMap()
    marks = ", ".join("?" * len(people))
    rows = connection.execute(f"SELECT number FROM people WHERE person IN ({marks})", people).fetchall()
    return BitMap(int(n) for (n,) in rows)


_LEVELS: Final = ", ".join(f"'{level}'" for level in LEVELS)
_NAMED: Final = "CASE WHEN s.level = 'address' THEN coalesce(l.stable, s.principal) ELSE s.principal END"
_SKETCHES: Final = (
    "FROM sketches s LEFT JOIN (SELECT DISTINCT day, address, stable FROM links) l"
    " ON s.level = 'address' AND l.address = s.principal AND l.day = s.day"
    f" WHERE s.shown <> '' AND s.day BETWEEN ? AND ? AND s.level IN ({_LEVELS})"
)
"""An address bears another name each day; where its key is still there, it is one principal by its stable name."""


def _count_principals(connection: duckdb.DuckDBPyConnection, begin: date, end: date) -> int:
    (found,) = connection.execute(
        f"SELECT count(*) FROM (SELECT DISTINCT s.level, {_NAMED} {_SKETCHES})", [begin, end]
    ).fetchone() or (0,)
    return int(found)


def _everybody(connection: duckdb.DuckDBPyConnection, begin: date, end: date) -> BitMap:
    """Everybody who was shown to somebody. Each disclosure is to a network, so its sketches alone have them all."""
    found = BitMap()
    for sketch in bitmaps.sketches(connection, "day BETWEEN ? AND ? AND level = 'network'", [begin, end]):
        found |= sketch.numbers()
    return found


def _who_met(
    connection: duckdb.DuckDBPyConnection, sample: BitMap, begin: date, end: date
) -> dict[tuple[str, str], tuple[date, date]]:
    """Who was shown somebody of the sample, on which days first and last."""
    some, values = "true", list[Any]()
    if len(sample) <= _MOST_LOOKED_FOR:
        # Most bitmaps cannot hold any of them, and are not handed to Python at all.
        looked_for = [bitmaps.may_hold(number) for number in sample]
        some = " OR ".join(condition for condition, _ in looked_for)
        values = [v for _, of in looked_for for v in of]
    days: dict[tuple[str, str], tuple[date, date]] = {}
    rows = connection.cursor().execute(
        f"SELECT s.day, s.level, {_NAMED}, people {_SKETCHES} AND ({some})", [begin, end, *values]
    )
    while found := rows.fetchmany(_AT_ONCE):
        for day, level, name, people in found:
            if sample & BitMap.deserialize(people):
                first, last = days.get((level, name), (day, day))
                days[level, name] = (min(first, day), max(last, day))
    return days


def _shown_to(
    connection: duckdb.DuckDBPyConnection, keys: set[tuple[str, str]], begin: date, end: date
) -> dict[tuple[str, str], BitMap]:
    """Whom each of some principals was shown, on all days: only theirs are kept in memory."""
    kept = connection.cursor()
    kept.execute("CREATE TEMP TABLE meant (level VARCHAR, name VARCHAR)")
    try:
        names = sorted(keys)
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            marks = ", ".join("(?, ?)" for _ in some)
            kept.execute(f"INSERT INTO meant VALUES {marks}", [v for key in some for v in key])
        shown = {key: BitMap() for key in names}
        rows = kept.execute(
            f"SELECT level, name, people FROM (SELECT s.level, {_NAMED} AS name, people {_SKETCHES})"
            " SEMI JOIN meant USING (level, name)",
            [begin, end],
        )
        while found := rows.fetchmany(_AT_ONCE):
            for level, name, people in found:
                shown[level, name] |= BitMap.deserialize(people)
        return shown
    finally:
        kept.close()


def _networks_before(
    connection: duckdb.DuckDBPyConnection, sample: BitMap, begin: date, since: date | None
) -> dict[str, BitMap]:
    """By stable address: of the sample, whom its network was shown on days on which it cannot be followed."""
    if since is None or since <= begin:
        return {}
    shown: dict[str, BitMap] = {}
    for sketch in bitmaps.sketches(connection, "day >= ? AND day < ? AND level = 'network'", [begin, since]):
        if both := sketch.numbers() & sample:
            shown[sketch.principal] = shown.get(sketch.principal, BitMap()) | both
    if not shown:
        return {}
    rows = connection.execute(
        "SELECT DISTINCT l.stable, d.network FROM disclosures_by_principal d"
        ' JOIN (SELECT DISTINCT day, address, stable FROM links) l ON l.address = d.address AND l.day = d."at"::DATE'
        " WHERE d.network IS NOT NULL"
    ).fetchall()
    found: dict[str, BitMap] = {}
    for stable, network in rows:
        if network in shown:
            found[stable] = found.get(stable, BitMap()) | shown[network]
    return found


def _tail(k: int, n: int, p: float) -> float:
    """P(X >= k) of a binomial, in a way that neither overflows nor underflows."""
    if k <= 0 or p >= 1:
        return 1.0
    if p <= 0:
        return 0.0
    log_p, log_q = math.log(p), math.log1p(-p)
    terms = [
        math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) + i * log_p + (n - i) * log_q
        for i in range(k, n + 1)
    ]
    top = max(terms)
    return min(1.0, math.exp(top) * sum(math.exp(t - top) for t in terms))
