"""Asks the questions of `hedgerow ledger` of a made ledger, and says how long each took.

    python benches/ledger.py --disclosures 10_000_000 --state /tmp/ledger-bench
    python benches/ledger_questions.py --state /tmp/ledger-bench

Asked are the extremes: the person most often visited, the session, network, client and account that saw most, and one
of each that is seldom there. Each question has a connection of its own, as at the command line; the connection is timed
apart. CPU seconds are those of all threads. `--whole` also reads whole records, as files are written.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from hedgerow.ledger.questions import coverage as covering
from hedgerow.ledger.questions import subject, summary, written
from hedgerow.ledger.questions.affected import affected
from hedgerow.ledger.questions.period import Period
from hedgerow.ledger.questions.records import entries_of_group, entries_of_person
from hedgerow.ledger.questions.refs import Group, Ref, find_group
from hedgerow.ledger.store import Store
from hedgerow.ledger.store.retention import Retention

SITE = "bench"
PAGE = 20
FIRST = 50

Ask = Callable[[duckdb.DuckDBPyConnection], int]
"""A question; gives how many rows of the ledger it is about, or people where it is about people."""


@dataclass(frozen=True)
class Facts:
    """Whom to ask about."""

    last: datetime
    networks: list[str]
    often: str
    rarely: str
    principals: dict[str, str]
    """Of each level the one that saw most."""

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection) -> Facts:
        """Looks them up."""

        def first(sql: str) -> Any:
            return (connection.execute(f"{sql} LIMIT 1").fetchone() or (None,))[0]

        networks = connection.execute(
            "SELECT principal FROM sketches WHERE level = 'network' GROUP BY 1 ORDER BY sum(people_count) DESC LIMIT 10"
        ).fetchall()
        people = "SELECT person FROM disclosures GROUP BY person ORDER BY count(*)"
        most = "SELECT {0} FROM disclosures_by_principal WHERE {0} IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC"
        levels = ("session", "network", "client", "account")
        stable = first(
            "SELECT any_value(stable) FROM disclosures_by_principal d JOIN links l"
            ' ON l.address = d.address AND l.day = d."at"::DATE GROUP BY stable ORDER BY count(*) DESC'
        )
        return cls(
            first('SELECT max("at") FROM entries').replace(tzinfo=UTC),
            [n for (n,) in networks],
            first(f"{people} DESC"),
            first(people),
            {"address": stable, **{level: first(most.format(level)) for level in levels}},
        )


def main() -> None:
    """Runs it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--whole", action="store_true", help="also whole records, as they are written to files")
    options = parser.parse_args()
    with Store.open(options.state, SITE).snapshot() as taken:
        with taken.connect(threads=options.threads) as connection:
            facts = Facts.of(connection)
        for name, ask in [*questions(facts), *(whole_records(facts) if options.whole else ())]:
            with taken.connect(threads=options.threads) as connection:
                began, cpu = time.perf_counter(), _cpu_s()
                rows = ask(connection)
                took, used = time.perf_counter() - began, _cpu_s() - cpu
                print(f"{name}: {took:.2f} s, {used:.2f} CPU s, {rows:,}", flush=True)


def questions(facts: Facts) -> Iterable[tuple[str, Ask]]:
    """What is asked, each as its command asks it."""
    today = facts.last.date()
    period = Period(facts.last - timedelta(days=31), facts.last + timedelta(days=1))
    now = facts.last + timedelta(hours=1)

    def whole(connection: duckdb.DuckDBPyConnection) -> int:
        members = covering.count_members(connection, None, None)
        return len(covering.coverage(connection, today, members).top)

    def grouped(connection: duckdb.DuckDBPyConnection) -> int:
        group = find_group(connection, [Ref("network", n) for n in facts.networks])
        members = covering.count_members(connection, None, None)
        return covering.coverage(connection, today, members, levels=(), group=group).group[-1].people

    def person(identifier: str) -> Ask:
        def ask(connection: duckdb.DuckDBPyConnection) -> int:
            with summary.of_person(connection, identifier) as told:
                told.recipients(PAGE)
                entries_of_person(connection, identifier, PAGE)
                return told.entries

        return ask

    def principal(level: str, name: str) -> Ask:
        def ask(connection: duckdb.DuckDBPyConnection) -> int:
            group = find_group(connection, [Ref(level, name)])
            with summary.of_group(connection, group) as told:
                told.shown(PAGE)
                entries_of_group(connection, group, PAGE)
                return told.entries

        return ask

    def whom(level: str, name: str) -> Ask:
        def ask(connection: duckdb.DuckDBPyConnection) -> int:
            found = affected(connection, find_group(connection, [Ref(level, name)]), period)
            found.page(FIRST)
            return found.people

        return ask

    def subject_of_account(connection: duckdb.DuckDBPyConnection) -> int:
        group = find_group(connection, [Ref("account", facts.principals["account"])])
        answer = subject.of_account(connection, group, "", Retention(), now, with_people=True)
        return int(answer["people_shown"])

    yield "coverage, every level and window, first ten", whole
    yield "coverage of a group of ten networks", grouped
    yield "person, most often visited", person(facts.often)
    yield "person, rarely visited", person(facts.rarely)
    yield (
        "subject, the person most often visited",
        lambda c: int(subject.of_person(c, facts.often, Retention(), now)["times_shown"]),
    )
    yield "subject, the account that saw most", subject_of_account
    for level, name in facts.principals.items():
        yield f"principal, the {level} that saw most", principal(level, name)
        yield f"affected, the {level} that saw most", whom(level, name)
    yield "principal, the class of all strangers", principal("strangers", "")
    yield "affected, the class of all strangers", whom("strangers", "")


def whole_records(facts: Facts) -> Iterable[tuple[str, Ask]]:
    """Whole records, as they go into files; counted are characters."""

    def length(blocks: Iterable[str]) -> int:
        return sum(map(len, blocks))

    client = Group({"client": frozenset({facts.principals["client"]})})
    often = facts.often
    yield "every entry of the person most often visited, JSON", lambda c: length(written.json_lines_of_person(c, often))
    yield "the same as CSV", lambda c: length(written.csv_lines(c, written.rows_of_person(often)))
    yield (
        "every entry of the client that saw most, CSV",
        lambda c: length(written.csv_lines(c, written.rows_of_group(client))),
    )


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
