"""A drill of known truth: real tools harvest the example among ordinary visitors, and `affected` says exactly whom.

What is true is what is on the tools' disks, read from their documents alone (`tests/harvest/disk.py`).
"""

from __future__ import annotations

import contextlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from examples.directory import people_of
from hedgerow.ledger.keyed import SiteKeys
from hedgerow.ledger.questions.affected import Affected, affected
from hedgerow.ledger.questions.period import Period
from hedgerow.ledger.questions.refs import find_group, read_ref
from hedgerow.ledger.store import Store
from hedgerow.ledger.store.retention import Retention
from tests.gateway.conftest import starter
from tests.gateway.running import Gateway
from tests.harvest import processes
from tests.harvest.disk import Disk, Seen
from tests.harvest.job import Job
from tests.harvest.tools import TOOLS

SITE = "directory"
MEMBERS = 90
SEED = 7
BUDGET_S = 4.0
PATIENCE_S = 25.0
SOURCES = {"httpx": "127.20.1.1", "curl": "127.21.1.1", "wget": "127.22.1.1"}
"""Each in a network of its own, which stays known when an address cannot be followed any more."""


@dataclass(frozen=True)
class Drill:
    """What happened."""

    running: Gateway
    disks: dict[str, Seen]
    began: datetime
    ended: datetime

    @property
    def period(self) -> Period:
        return Period(self.began - timedelta(days=1), self.ended + timedelta(days=1))


def harvest(tool: str, base: str, folder: Path) -> Seen:
    """Runs a tool until it ends by itself, so that nothing is lost between its socket and its disk."""
    out = folder / tool
    out.mkdir()
    job = folder / f"{tool}.json"
    Job(base, (SOURCES[tool],), MEMBERS, BUDGET_S, str(out)).save(job)
    subprocess.run([sys.executable, "-m", TOOLS[tool], str(job)], cwd=processes.ROOT, timeout=PATIENCE_S, check=True)
    return Disk(people_of(MEMBERS, SEED)).read_folder(out)


def ordinary(running: Gateway, number: int, over: threading.Event) -> None:
    """Somebody who reads a few profiles, as people do."""
    rng = random.Random(number)
    visitor = running.visitor(f"127.50.{number}.9")
    for _ in range(12):
        if over.is_set():
            return
        with contextlib.suppress(OSError):
            visitor.get(f"/members/{people_of(MEMBERS, SEED).someone(rng).id}")


@pytest.fixture(scope="module")
def drill() -> Iterator[Drill]:
    """Harvests once for all tests here."""
    tools = [t for t in SOURCES if t == "httpx" or shutil.which(t)]
    with ExitStack() as stack:
        site = stack.enter_context(processes.site(MEMBERS, SEED))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hr-")))
        policy = yaml.safe_load(processes.POLICY.read_text(encoding="utf-8"))
        policy["sites"][0]["upstream"] = site
        running = starter(stack)(policy, enforce=True)
        began = datetime.now(UTC)
        over = threading.Event()
        visitors = [threading.Thread(target=ordinary, args=(running, n, over)) for n in range(6)]
        for v in visitors:
            v.start()
        with ThreadPoolExecutor() as pool:
            base = f"http://127.0.0.1:{running.port}"
            disks = dict(zip(tools, pool.map(lambda t: harvest(t, base, folder), tools), strict=True))
        over.set()
        for v in visitors:
            v.join(30)
        yield Drill(running, disks, began, datetime.now(UTC))


def keys_of(state: Path) -> SiteKeys:
    return SiteKeys((state / "secret").read_text().strip(), SITE)


def asked(store: Store, state: Path, period: Period, *refs: str) -> Affected:
    keys = keys_of(state)
    with store.snapshot() as snapshot:
        # Not closed: the rows of the answer are kept there.
        connection = snapshot.connect()
        return affected(connection, find_group(connection, [read_ref(r, keys) for r in refs]), period)


def listed(found: Affected) -> Seen:
    return {(r.person, r.field) for r in found.rows}


def network_of(store: Store, state: Path, address: str) -> str:
    with store.snapshot() as snapshot:
        connection = snapshot.connect()
        name = keys_of(state).address(address)
        ((network,),) = connection.execute(
            "SELECT DISTINCT e.network FROM entries e JOIN links l USING (address) WHERE l.stable = ?", [name]
        ).fetchall()
        connection.close()
    return f"network:{network}"


def test_the_tools_have_taken_something_and_not_everything(drill: Drill) -> None:
    for tool, disk in drill.disks.items():
        assert len(disk) > 50, tool
    everything = {(p, f) for disk in drill.disks.values() for p, f in disk if f in {"email", "phone"}}
    assert len(everything) < 2 * MEMBERS


def test_affected_is_exactly_what_is_on_each_tools_disk(drill: Drill) -> None:
    store = Store.open(drill.running.state, SITE)
    for tool, disk in drill.disks.items():
        found = asked(store, drill.running.state, drill.period, SOURCES[tool])
        assert listed(found) - disk == set(), f"{tool}: said, and not on the disk"
        assert disk - listed(found) == set(), f"{tool}: on the disk, and not said"
        assert {r.confidence for r in found.rows} == {"confirmed"}
        assert all(drill.began <= r.first <= r.last <= drill.ended for r in found.rows)
        assert found.gaps == []


def test_all_tools_together_are_the_union_of_their_disks(drill: Drill) -> None:
    store = Store.open(drill.running.state, SITE)
    found = asked(store, drill.running.state, drill.period, *(SOURCES[tool] for tool in drill.disks))
    assert listed(found) == set().union(*drill.disks.values())
    assert found.people == len({p for disk in drill.disks.values() for p, _ in disk})


def test_after_compaction_and_thinning_people_and_fields_are_the_same_and_times_are_of_that_day(drill: Drill) -> None:
    state = drill.running.state
    networks = {tool: network_of(Store.open(state, SITE), state, SOURCES[tool]) for tool in drill.disks}
    assert drill.running.stop() == 0
    later = Store.open(state, SITE, clock=lambda: drill.ended + timedelta(days=40))
    assert later.thin(Retention())
    for tool, disk in drill.disks.items():
        found = asked(later, state, drill.period, networks[tool])
        assert listed(found) == disk, tool
        assert {r.confidence for r in found.rows} == {"sketch"}
        for row in found.rows:
            assert row.first.date() in {drill.began.date(), drill.ended.date()}
            assert row.last - row.first < timedelta(days=1)
        assert any("only sketches remain" in c for c in found.caveats)
        nobody = asked(later, state, drill.period, SOURCES[tool])
        assert nobody.rows == []
    assert later.verify() == []
