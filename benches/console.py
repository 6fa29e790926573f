"""How fast the console's pages are with a large ledger and many cases.

    python benches/ledger.py --disclosures 10_000_000 --state /tmp/ledger-bench
    python benches/console.py --state /tmp/ledger-bench

Makes a database of its own as it is after a busy year (benches/console_world.py), asks every address that can be looked
at in-process, each filter and the second page too (benches/console_pages.py makes them from the route table), and prints
the median time of each; `build/console-bench.json` has them all. The ledger is only read; whatever is written goes into
another folder. Exits with 1 when a median of a page or of its JSON twin is above 200 ms. Files to save and a program's
questions to the ledger stand apart: they have no limit.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import Engine, event
from starlette.testclient import TestClient

from hedgerow.console.access import sessions
from hedgerow.console.app import create_app
from hedgerow.console.services import Services
from hedgerow.control import Control
from hedgerow.store.database import Database

sys.path.insert(0, str(Path(__file__).parents[1]))
from benches.console_pages import Address, addresses
from benches.console_world import BASE, NOW, furnish, in_force, owner, places, scratch_state

TARGET_MS = 200.0


@dataclass
class Timed:
    """One address, asked often."""

    page: str
    kind: str
    """`page`, `json`, `file` or `waits`."""
    median_ms: float
    cpu_ms: float
    """Median of what this process computed for it: on a machine that does other things too, the better guide."""
    slowest_ms: float
    bytes: int
    queries: int


def measure(client: TestClient, engine: Engine, one: Address, rounds: int) -> Timed:
    """Asks one address often."""
    asked = 0

    def count(*_: object) -> None:
        nonlocal asked
        asked += 1

    event.listen(engine, "before_cursor_execute", count)
    times, computed = [], []
    for n in range(rounds + 1):
        asked = 0
        begun, computing = time.perf_counter(), time.process_time()
        answer = client.get(one.path, follow_redirects=False)
        took, took_cpu = (time.perf_counter() - begun) * 1000, (time.process_time() - computing) * 1000
        if answer.status_code != 200:
            raise SystemExit(f"{one.path}: {answer.status_code}\n{answer.text[:400]}")
        if n:  # the first one compiles the template
            times.append(took)
            computed.append(took_cpu)
    event.remove(engine, "before_cursor_execute", count)
    saved = "attachment" in answer.headers.get("content-disposition", "")
    kind = "waits" if one.waits else "file" if saved else "json" if one.api else "page"
    median, cpu = statistics.median(times), statistics.median(computed)
    return Timed(one.shown, kind, median, cpu, max(times), len(answer.content), asked)


def printed(timed: list[Timed]) -> None:
    """The table, the slowest of each kind first."""
    names = {
        "page": "pages",
        "json": "their JSON twins",
        "file": "files to save, without limit",
        "waits": "whole answers, without limit",
    }
    for kind, words in names.items():
        rows = sorted((t for t in timed if t.kind == kind), key=lambda t: -t.median_ms)
        if not rows:
            continue
        print(
            f"\n{words + f' ({len(rows)})':<72} {'median ms':>9} {'CPU ms':>7} {'slowest':>8} {'kB':>6} {'queries':>8}"
        )
        for t in rows:
            print(
                f"{t.page[:72]:<72} {t.median_ms:9.1f} {t.cpu_ms:7.1f} {t.slowest_ms:8.1f} {t.bytes / 1000:6.0f}"
                f" {t.queries:8}"
            )


def main() -> int:
    """Makes, measures, prints."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--state", type=Path, required=True, help="state directory with a ledger; it is only read")
    options.add_argument("--cases", type=int, default=1_000)
    options.add_argument("--rounds", type=int, default=11)
    options.add_argument("--only", default="", help="only addresses that begin so")
    options.add_argument("--without-overview", action="store_true", help="for a quick look at other pages than Today")
    options.add_argument("--out", type=Path, default=Path("build/console-bench.json"))
    options.add_argument("--keep", type=Path, help="folder in which the database stays, and is found the next time")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="console-bench-") as temporary:
        scratch = chosen.keep or Path(temporary)
        scratch.mkdir(parents=True, exist_ok=True)
        found = (scratch / "made").exists()
        database = Database(f"sqlite:///{scratch}/console.db")
        if not found:
            database.create_all()
        folder = scratch_state(chosen.state, scratch)
        control = Control(scratch / "control.sock")
        config = Path("examples/directory/hedgerow.yaml")
        services = Services(database, folder, control, lambda: NOW, config=config)
        actor, token = owner(services)
        begun = time.perf_counter()
        (site, *_) = services.overviews.sites()
        in_force(folder, config, site)
        if not found:
            furnish(services, actor, site, chosen.cases)
            (scratch / "made").touch()
        made_s = time.perf_counter() - begun
        begun = time.perf_counter()
        if not chosen.without_overview:
            services.overviews.refresh()  # what a thread of the console does on the side
        overview_s = time.perf_counter() - begun
        app = create_app(services)
        here = ("127.0.0.1", 50_000)
        client, stranger = (TestClient(app, base_url=BASE, client=here) for _ in range(2))
        client.cookies.set(sessions.cookie_name(services.settings), token)
        wanted = [a for a in addresses(app, places(services, site, "2026-10")) if a.path.startswith(chosen.only)]
        timed = [
            measure(stranger if a.public else client, database.engine, a, 1 if a.waits else chosen.rounds)
            for a in wanted
        ]
        database.close()
    print(f"{chosen.cases:,} cases made in {made_s:.0f} s; the overview of the ledger, on the side: {overview_s:.1f} s")
    printed(timed)
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    whole = {"cases": chosen.cases, "overview_s": overview_s, "addresses": [asdict(t) for t in timed]}
    chosen.out.write_text(json.dumps(whole, indent=2) + "\n")
    late = [t for t in timed if t.kind in ("page", "json") and t.median_ms > TARGET_MS]
    print(f"\n{sum(t.kind in ('page', 'json') for t in timed)} pages and twins, {len(late)} above {TARGET_MS:.0f} ms")
    return int(bool(late))


if __name__ == "__main__":
    raise SystemExit(main())
