"""What the work of cases costs on a large ledger, and what pages notice of it.

    python benches/ledger.py --disclosures 10_000_000 --state /tmp/ledger-bench
    python benches/console.py --state /tmp/ledger-bench --keep /tmp/console-bench
    python benches/case_work.py --state /tmp/ledger-bench --keep /tmp/console-bench

Asked are the questions that a case asks of its ledger, of the twenty harvesters in it, who were shown everybody: who is
affected, who else shares a trait, an evidence pack, a claim's correlation over 180 days, the rules that open cases, the
overview and the month's count. Each has a process of its own with the console in it, begins as the console begins it,
and meanwhile the list of cases is asked for twenty times a second. `build/case-work.json` has the figures.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path

from starlette.testclient import TestClient

from hedgerow.cases.claims import correlation
from hedgerow.cases.core import counting, keeping
from hedgerow.cases.core.counting import Question
from hedgerow.cases.core.rules import RULES
from hedgerow.cases.core.watching import Watcher
from hedgerow.console.access import sessions
from hedgerow.console.app import create_app
from hedgerow.console.long_work import Step
from hedgerow.console.month_counts import _count
from hedgerow.console.running import prefer_pages
from hedgerow.console.services import Services
from hedgerow.control import Control
from hedgerow.ledger.questions.period import Period
from hedgerow.ledger.questions.refs import Ref
from hedgerow.review.months import Month
from hedgerow.store.database import Database

sys.path.insert(0, str(Path(__file__).parents[1]))
from benches.console_world import BASE, NOW, owner, scratch_state

SITE = "bench"
HARVESTERS = 20
PAUSE_S = 0.05
PAGE = "/cases?state=all"


@dataclass
class Cost:
    """One piece of work."""

    work: str
    took_s: float
    cpu_s: float
    """With the pages that were asked for meanwhile."""
    memory_mib: float
    """More at its peak than the console had before."""
    answer: str
    pages: int
    page_median_ms: float
    page_slowest_ms: float
    """Of pages asked for while it was under way."""


def session(n: int) -> Ref:
    """One of the harvesters that benches/ledger.py makes."""
    return Ref("session", f"{_prefix(2)}{n:016x}")


def _prefix(kind: int) -> str:
    return hashlib.blake2b(bytes([kind]), digest_size=4).hexdigest()


def works(services: Services) -> dict[str, Callable[[Step], str]]:
    """What is done, by name; each gives its answer in a few words."""
    ledgers, period = services.ledgers, Period(NOW - timedelta(days=30), NOW)
    everybody = Question("bench", SITE, tuple(session(n) for n in range(HARVESTERS)), period)
    one = replace(everybody, refs=(session(0),))

    def affected(of: Question) -> Callable[[Step], str]:
        return lambda step: f"{counting.ask(ledgers, of, step).people:,} people"

    def people(step: Step) -> str:
        step("lists")
        count, rows = counting.list_people(ledgers, everybody)
        return f"{count:,} people in {sum(1 for _ in rows):,} rows"

    def others(step: Step) -> str:
        found = counting.look_for_others(ledgers, everybody, step)
        return f"{found.others_in_all:,} of {found.actors:,} actors share something"

    def correlate(step: Step) -> str:
        with ledgers.asking(SITE) as connection:
            found = correlation.correlate(connection, [str(n) for n in range(1, 11)], NOW, step)
        return f"{found.looked_at:,} principals, the first: chance {found.found[0].chance:.1e}"

    def evidence(of: Question) -> Callable[[Step], str]:
        def freeze(step: Step) -> str:
            made = keeping.freeze(ledgers, of, "C-BENCH", "to be measured", "bench", NOW, step)
            return f"{made.records:,} records, {made.archive.stat().st_size / 1e6:.0f} MB"

        return freeze

    def rule(name: str) -> Callable[[Step], str]:
        only = tuple(r for r in RULES if r.name == name)

        def look(step: Step) -> str:
            step(name)
            alarms = Watcher(services.database, ledgers, services.clock, only).alarms(SITE)
            return f"{len(alarms):,} alarms"

        return look

    def overview(step: Step) -> str:
        step("counts")
        services.overviews.refresh()
        return "counted"

    def month(step: Step) -> str:
        step("counts")
        return f"{_count(services, SITE, Month.of(NOW), NOW)['people_disclosed']:,} people"

    return {
        "affected, 20 harvesters together": affected(everybody),
        "affected, and each of 20 for itself": affected(replace(everybody, each=everybody.refs)),
        "the list of people, 20 harvesters": people,
        "expand, 20 harvesters, 30 days": others,
        "correlation, 10 samples, 180 days": correlate,
        "evidence pack, one harvester": evidence(one),
        "evidence pack, 20 harvesters": evidence(everybody),
        **{f"rule: {r.name}, {r.days} days": rule(r.name) for r in RULES},
        "overview of Today": overview,
        "the month's count": month,
    }


def run(name: str, state: Path, scratch: Path) -> Cost:
    """Does one piece of work beside pages."""
    prefer_pages()
    database = Database(f"sqlite:///{scratch}/console.db")
    services = Services(database, scratch_state(state, scratch), Control(scratch / "control.sock"), lambda: NOW)
    _, token = owner(services)
    client = TestClient(create_app(services), base_url=BASE)
    client.cookies.set(sessions.cookie_name(services.settings), token)
    for _ in range(3):
        client.get(PAGE).raise_for_status()
    times: list[float] = []
    before = _peak_mib()
    begun, used = time.perf_counter(), time.process_time()
    work = services.long_work.begin("bench/work", name, "bench", works(services)[name])
    pause = threading.Event()
    while work.running:
        asked = time.perf_counter()
        client.get(PAGE).raise_for_status()
        times.append((time.perf_counter() - asked) * 1000)
        pause.wait(PAUSE_S)
    took = time.perf_counter() - begun
    cpu_s = time.process_time() - used
    return Cost(
        name,
        took,
        cpu_s,
        _peak_mib() - before,
        work.outcome,
        len(times),
        statistics.median(times),
        max(times),
    )


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """Each in a process of its own; prints the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--state", type=Path, required=True, help="state directory with a ledger; it is only read")
    options.add_argument("--keep", type=Path, required=True, help="the folder that benches/console.py kept")
    options.add_argument("--only", default="", help="only work whose name has this")
    options.add_argument("--one", help=argparse.SUPPRESS)
    options.add_argument("--out", type=Path, default=Path("build/case-work.json"))
    chosen = options.parse_args()
    if chosen.one:
        print(json.dumps(asdict(run(chosen.one, chosen.state, chosen.keep))))
        return 0
    database = Database(f"sqlite:///{chosen.keep}/console.db")
    services = Services(
        database, scratch_state(chosen.state, chosen.keep), Control(chosen.keep / "c.sock"), lambda: NOW
    )
    names = [n for n in works(services) if chosen.only in n]
    print(f"{'work':<38} {'s':>7} {'CPU s':>7} {'MiB':>6} {'page ms':>8} {'slowest':>8}  answer")
    costs = []
    for name in names:
        words = [sys.executable, __file__, "--state", chosen.state, "--keep", chosen.keep, "--one", name]
        done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
        cost = Cost(**json.loads(done.stdout.splitlines()[-1]))
        costs.append(cost)
        print(
            f"{cost.work:<38} {cost.took_s:7.1f} {cost.cpu_s:7.1f} {cost.memory_mib:6.0f} {cost.page_median_ms:8.1f}"
            f" {cost.page_slowest_ms:8.1f}  {cost.answer}",
            flush=True,
        )
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps([asdict(c) for c in costs], indent=2) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
