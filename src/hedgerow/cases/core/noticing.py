"""What the rules find in a ledger: alarms. Reads, and decides nothing; `watching` opens cases with them."""

# ruff: noqa: S608 - names of columns are put together here; whatever comes from outside is a value
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import duckdb
import numpy as np

from hedgerow.audit.groups import find_groups
from hedgerow.audit.popularity import Counts
from hedgerow.audit.replaying import VOUCHED
from hedgerow.audit.wording import count, number, share
from hedgerow.cases.core.actors import INNERMOST, LINKED, NAMED, Reader, readers, union
from hedgerow.cases.core.rules import Alarm, Rule, Suspect
from hedgerow.ledger.questions.coverage import Members, coverage, last_day
from hedgerow.ledger.questions.period import Period

MOST_SUSPECTS: Final = 500
"""Principals of one alarm that are named; the rest of a larger group is counted."""
NETWORK_TIMES: Final = 3
"""A network may be a university: its share must be so many times that of one address."""
_COVERED: Final = ("account", "session", "address", "network")
_TOP: Final = 100

_TRAITS: Final = {
    "network": "come from one network",
    "client": "use the same software",
    "template": "read the same kind of page",
    "pace": "go at the same pace",
}


def notice(
    connection: duckdb.DuckDBPyConnection, rules: Iterable[Rule], members: Members, now: datetime
) -> list[Alarm]:
    """What the rules find now, rule by rule, the largest first.

    Args:
        connection: With the ledger's views.
        rules: Which, with their numbers.
        members: What shares are of.
        now: The end of every window.
    """
    found: list[Alarm] = []
    for rule in rules:
        if rule.enabled:
            found += sorted(_BY_RULE[rule.name](connection, rule, members, now), key=lambda a: -a.people)
    return found


def _window(rule: Rule, now: datetime) -> Period:
    """So many whole days, the present one included."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Period(midnight - timedelta(days=rule.days - 1), now + timedelta(milliseconds=1))


def _coverage(connection: duckdb.DuckDBPyConnection, rule: Rule, members: Members, now: datetime) -> Iterator[Alarm]:
    if not members.number:
        return
    window = _window(rule, now)
    shares = coverage(connection, last_day(window.until), members, top=_TOP, levels=_COVERED, windows=(rule.days,)).top
    large = {}
    for one in shares:
        wanted = rule.at("share") * (NETWORK_TIMES if one.level == "network" else 1)
        if one.people >= rule.at("people") and one.people >= min(wanted, 1) * members.number:
            large[one.level, one.principal] = one.people
    if not large:
        return
    for together in _together(connection, window, large):
        level, name = max(together, key=lambda key: (large[key], -_COVERED.index(key[0])))
        people = large[level, name]
        said = (
            f"{number(people)} people, {share(people, members.number)} of all ({members.source}), in {rule.days} days"
        )
        first, last = _times(connection, window, together)
        yield Alarm(
            rule.name,
            f"One {level} has seen {share(people, members.number)} of the people",
            f"{_article(level)} was shown {said}.",
            tuple(
                Suspect(lvl, nm, f"was shown {number(large[lvl, nm])} people in {rule.days} days", large[lvl, nm])
                for lvl, nm in sorted(together, key=lambda key: (_COVERED.index(key[0]), key[1]))
            ),
            first or window.since,
            last or now,
            people,
        )


def _together(
    connection: duckdb.DuckDBPyConnection, window: Period, large: dict[tuple[str, str], int]
) -> list[list[tuple[str, str]]]:
    """Principals that are one hand at several levels, one alarm each; those somebody vouches for are left out."""
    columns = ", ".join(f"{NAMED_ADDRESS if level == 'address' else f'd.{level}'} AS {level}" for level in _COVERED)
    wanted = {level: sorted(n for lvl, n in large if lvl == level) for level in _COVERED}
    where = " OR ".join(f"{level} IN ({', '.join('?' * len(names))})" for level, names in wanted.items() if names)
    rows = connection.execute(
        f"WITH rows AS (SELECT {columns}, d.lane, d.person FROM disclosures_by_principal d{LINKED}"
        ' WHERE d."at" >= ? AND d."at" < ? AND len(d.shown) > 0)'
        f" SELECT {', '.join(_COVERED)}, lane, count(DISTINCT person) FROM rows WHERE {where} GROUP BY ALL",
        [*window.bounds, *(n for names in wanted.values() for n in names)],
    ).fetchall()
    vouched: dict[tuple[str, str], int] = {}
    others: dict[tuple[str, str], int] = {}
    parent = {key: key for key in large}

    def root(key: tuple[str, str]) -> tuple[str, str]:
        while parent[key] != key:
            key = parent[key]
        return key

    for *names, lane, people in rows:
        keys = [(level, str(n)) for level, n in zip(_COVERED, names, strict=True) if n and (level, str(n)) in large]
        for key in keys:
            side = vouched if lane in VOUCHED else others
            side[key] = side.get(key, 0) + int(people)
        if lane not in VOUCHED:
            for key in keys[1:]:
                parent[root(key)] = root(keys[0])
    groups: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for key in large:
        # Where most of what it was shown was shown to a verified crawler or a licence, it is that crawler's.
        if vouched.get(key, 0) <= others.get(key, 0):
            groups.setdefault(root(key), []).append(key)
    return list(groups.values())


NAMED_ADDRESS: Final = "coalesce(l.stable, d.address)"


def _article(level: str) -> str:
    return f"{'An' if level.startswith('a') else 'A'} {level}"


def _times(
    connection: duckdb.DuckDBPyConnection, window: Period, keys: Iterable[tuple[str, str]]
) -> tuple[datetime | None, datetime | None]:
    """First and last disclosure to any of some principals, from the detail."""
    parts, values = [], []
    for level, name in keys:
        parts.append(f"{NAMED_ADDRESS if level == 'address' else f'd.{level}'} = ?")
        values.append(name)
    first, last = connection.execute(
        f'SELECT min(d."at"), max(d."at") FROM disclosures_by_principal d{LINKED}'
        f' WHERE d."at" >= ? AND d."at" < ? AND len(d.shown) > 0 AND ({" OR ".join(parts)})',
        [*window.bounds, *values],
    ).fetchone() or (None, None)
    return (first.replace(tzinfo=UTC), last.replace(tzinfo=UTC)) if first and last else (None, None)


def _groups(connection: duckdb.DuckDBPyConnection, rule: Rule, members: Members, now: datetime) -> Iterator[Alarm]:
    everybody = [r for r in readers(connection, _window(rule, now)) if not r.vouched]
    looked_at = [r for r in everybody if len(r.people) >= 2]
    if not looked_at:
        return
    found = find_groups(
        [r.as_actor() for r in looked_at],
        [r.people for r in looked_at],
        popularity=_popularity(everybody),
        members=members.number,
    )
    for group in found.groups:
        if not group.is_harvest or group.people < rule.at("people"):
            continue
        those = sorted((looked_at[i] for i in group.members), key=lambda r: (-len(r.people), r.key))
        yield _harvest(rule, those, group.shares, group.reads)


def _popularity(everybody: list[Reader]) -> Counts:
    """By number of a person, how many actors were shown this person."""
    highest = max((int(r.people.max()) for r in everybody if r.people), default=-1)
    counts = np.zeros(highest + 1, dtype=np.int64)
    for reader in everybody:
        counts[np.fromiter(reader.people, dtype=np.int64, count=len(reader.people))] += 1
    return counts


def _harvest(rule: Rule, those: list[Reader], shares: tuple[str, ...], reads: int) -> Alarm:
    people = len(union(those))
    ties = tuple(f"They {_TRAITS[s]}." for s in shares if s in _TRAITS)
    left = len(those) - MOST_SUSPECTS
    if len(those) == 1:
        title = f"A harvest of {count(people, 'person', 'people')} by one {those[0].level}"
        summary = f"It was shown {count(people, 'person', 'people')}, and reads people whom hardly anybody else reads."
    else:
        title = f"A harvest of {count(people, 'person', 'people')} by {number(len(those))} acting together"
        summary = (
            f"{number(len(those))} actors were shown {number(reads)} people, each counted for itself, and only "
            f"{number(reads - people)} of those had been shown to another one of them already: they share the people "
            "out between them, and popularity does not matter to them."
        )
    if left > 0:
        summary += (
            f" The {number(MOST_SUSPECTS)} that were shown most are named here; {number(left)} more belong to it."
        )
    return Alarm(
        rule.name,
        title,
        summary,
        tuple(
            Suspect(
                r.level,
                r.name,
                f"was shown {count(len(r.people), 'person', 'people')} in {rule.days} days",
                len(r.people),
            )
            for r in those[:MOST_SUSPECTS]
        ),
        min(r.first for r in those),
        max(r.last for r in those),
        people,
        ties,
    )


def _bait(connection: duckdb.DuckDBPyConnection, rule: Rule, members: Members, now: datetime) -> Iterator[Alarm]:  # noqa: ARG001
    window = _window(rule, now)
    taken = _counted(connection, window, "list_contains(d.reasons, 'signal.bait_taken')", rule.at("times"), "requests")
    for key, (times, _, first, last) in taken.items():
        shown, first_shown, last_shown = _shown(connection, window, key)
        if shown < rule.at("people"):
            continue
        level, name = key
        said = f"took the bait {count(times, 'time')}, and was shown {count(shown, 'person', 'people')}"
        yield Alarm(
            rule.name,
            f"A bait was taken, and {count(shown, 'person', 'people')} shown",
            f"{_article(level)} {said} in {rule.days} days. No person is shown the way to a bait: whoever follows it "
            "reads pages as a program does.",
            (Suspect(level, name, said, shown),),
            min(first, first_shown or first),
            max(last, last_shown or last),
            shown,
        )


def _budget(connection: duckdb.DuckDBPyConnection, rule: Rule, members: Members, now: datetime) -> Iterator[Alarm]:  # noqa: ARG001
    window = _window(rule, now)
    spent = "len(list_filter(d.reasons, lambda r: starts_with(r, 'budget.') OR starts_with(r, 'beyond.'))) > 0"
    for key, (_, days, first, last) in _counted(connection, window, spent, rule.at("days"), "days").items():
        shown, first_shown, last_shown = _shown(connection, window, key)
        if shown < rule.at("people"):
            continue
        level, name = key
        said = f"spent its budget on {count(days, 'day')}, and was shown {count(shown, 'person', 'people')}"
        yield Alarm(
            rule.name,
            f"A budget spent on {count(days, 'day')} by one {level}",
            f"{_article(level)} {said} in {rule.days} days.",
            (Suspect(level, name, said, shown),),
            min(first, first_shown or first),
            max(last, last_shown or last),
            shown,
        )


def _counted(
    connection: duckdb.DuckDBPyConnection, window: Period, condition: str, least: float, what: str
) -> dict[tuple[str, str], tuple[int, int, datetime, datetime]]:
    """Accounts and addresses with entries of a kind: how many requests, on how many days, first and last."""
    vouched = ", ".join(f"'{lane}'" for lane in sorted(VOUCHED))
    having = 'count(DISTINCT "at"::DATE)' if what == "days" else "count(DISTINCT coalesce(reference, writer || seq))"
    rows: list[Any] = connection.execute(
        f'WITH found AS (SELECT {INNERMOST} AS level, {NAMED} AS name, d."at", d.reference, d.writer, d.seq'
        f' FROM entries d{LINKED} WHERE d."at" >= ? AND d."at" < ? AND {condition}'
        f" AND coalesce(d.lane, '') NOT IN ({vouched}))"
        ' SELECT level, name, count(DISTINCT coalesce(reference, writer || seq)), count(DISTINCT "at"::DATE),'
        f' min("at"), max("at") FROM found WHERE name IS NOT NULL GROUP BY level, name HAVING {having} >= ?'
        f" ORDER BY 3 DESC, 1, 2 LIMIT {MOST_SUSPECTS}",
        [*window.bounds, least],
    ).fetchall()
    return {
        (str(level), str(name)): (int(times), int(days), first.replace(tzinfo=UTC), last.replace(tzinfo=UTC))
        for level, name, times, days, first, last in rows
    }


def _shown(
    connection: duckdb.DuckDBPyConnection, window: Period, key: tuple[str, str]
) -> tuple[int, datetime | None, datetime | None]:
    level, name = key
    column = NAMED_ADDRESS if level == "address" else f"d.{level}"
    people, first, last = connection.execute(
        f'SELECT count(DISTINCT d.person), min(d."at"), max(d."at") FROM disclosures_by_principal d{LINKED}'
        f' WHERE d."at" >= ? AND d."at" < ? AND len(d.shown) > 0 AND {column} = ?',
        [*window.bounds, name],
    ).fetchone() or (0, None, None)
    return int(people), first.replace(tzinfo=UTC) if first else None, last.replace(tzinfo=UTC) if last else None


_BY_RULE: Final[dict[str, Callable[..., Iterator[Alarm]]]] = {
    "coverage": _coverage,
    "group": _groups,
    "bait": _bait,
    "budget": _budget,
}
