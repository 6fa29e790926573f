"""Asks the questions of `hedgerow ledger` of a made ledger, and says how long each took.

    python benches/ledger.py --disclosures 10_000_000 --state /tmp/ledger-bench
    python benches/ledger_questions.py --state /tmp/ledger-bench

Each question has a connection of its own, as at the command line; the connection is timed apart. CPU seconds are those
of all threads.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import duckdb

from hedgerow.ledger.questions import coverage as covering
from hedgerow.ledger.questions.affected import affected
from hedgerow.ledger.questions.period import Period
from hedgerow.ledger.questions.records import entries_of_group, entries_of_person
from hedgerow.ledger.questions.refs import Group, Ref, find_group
from hedgerow.ledger.store import Store

SITE = "bench"


def main() -> None:
    """Runs it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    with Store.open(options.state, SITE).snapshot() as taken:
        with taken.connect(threads=options.threads) as connection:
            facts = _facts(connection)
        today = facts["last"].date()
        period = Period(facts["last"] - timedelta(days=31), facts["last"] + timedelta(days=1))

        def whole(connection: duckdb.DuckDBPyConnection) -> int:
            members = covering.count_members(connection, None, None)
            return len(covering.coverage(connection, today, members).top)

        def grouped(connection: duckdb.DuckDBPyConnection) -> int:
            group = find_group(connection, [Ref("network", n) for n in facts["networks"]])
            members = covering.count_members(connection, None, None)
            return covering.coverage(connection, today, members, levels=(), group=group).group[-1].people

        def of(level: str, name: str) -> Callable[[duckdb.DuckDBPyConnection], int]:
            def ask(connection: duckdb.DuckDBPyConnection) -> int:
                return len(affected(connection, find_group(connection, [Ref(level, name)]), period).rows)

            return ask

        def of_all(connection: duckdb.DuckDBPyConnection) -> int:
            return len(affected(connection, Group({"strangers": frozenset({""})}), period).rows)

        cases: list[tuple[str, Callable[[duckdb.DuckDBPyConnection], int]]] = [
            ("coverage, every level and window, first ten", whole),
            ("coverage of a group of ten networks", grouped),
            ("person, often visited", lambda c: len(entries_of_person(c, facts["often"]))),
            ("person, rarely visited", lambda c: len(entries_of_person(c, facts["rarely"]))),
            (
                "principal, one session",
                lambda c: len(entries_of_group(c, find_group(c, [Ref("session", facts["session"])]))),
            ),
            ("affected, the network that saw most", of("network", facts["networks"][0])),
            ("affected, one session", of("session", facts["session"])),
            ("affected, all strangers", of_all),
        ]
        for name, ask in cases:
            with taken.connect(threads=options.threads) as connection:
                began, cpu = time.perf_counter(), _cpu_s()
                rows = ask(connection)
                print(f"{name}: {time.perf_counter() - began:.2f} s, {_cpu_s() - cpu:.2f} CPU s, {rows:,} rows")


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _facts(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    def one(sql: str) -> tuple[Any, ...]:
        return connection.execute(sql).fetchone() or ()

    (last,) = one('SELECT max("at") FROM entries')
    networks = connection.execute(
        "SELECT principal FROM sketches WHERE level = 'network' GROUP BY 1 ORDER BY sum(people_count) DESC LIMIT 10"
    ).fetchall()
    often = one("SELECT person FROM disclosures GROUP BY person ORDER BY count(*) DESC LIMIT 1")
    rarely = one("SELECT person FROM disclosures GROUP BY person ORDER BY count(*) LIMIT 1")
    session = one("SELECT session FROM entries GROUP BY session ORDER BY count(*) DESC LIMIT 1")
    return {
        "last": last.replace(tzinfo=UTC),
        "networks": [n for (n,) in networks],
        "often": often[0],
        "rarely": rarely[0],
        "session": session[0],
    }


if __name__ == "__main__":
    main()
