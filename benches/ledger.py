"""Makes a ledger of N disclosures, compacts it, and asks the two questions of it.

    python benches/ledger.py --disclosures 10_000_000 --state /tmp/ledger-bench

The ledger is like a members' directory's over thirty days: 200,000 people of whom few are visited often (Zipf) and
most rarely, visitors who open some profiles and some lists of twenty, a fifth of them signed in, and harvesters who
read everybody. It is written by the format's description (docs/reference/ledger.md) and kept when its folder is there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from hedgerow.ledger.questions.records import Day, days_of_group, days_of_person
from hedgerow.ledger.questions.refs import Group
from hedgerow.ledger.store import Snapshot, Store
from hedgerow.ledger.store.retention import Retention

PEOPLE = 200_000
DAYS = 30
BEGIN_MS = 1_792_368_000_000
"""2026-10-19 00:00 UTC."""
FIELDS = ["name", "town", "photo", "about", "email", "phone"]
SITE = "bench"
SEGMENT_BYTES = 64 << 20
LIST = 20
HARVESTERS = 20
ENTRIES_A_BLOCK = 100_000


@dataclass
class Chain:
    """A writer's chain of segments, under way."""

    folder: Path
    writer: str = "00000000000000be"
    hash: bytes = b"0" * 32
    seq: int = 0
    number: int = 0
    length: int = 0

    def begin(self, at_ms: int) -> None:
        """Begins the next segment."""
        self.number += 1
        self.path = self.folder / f"{at_ms:013d}-{self.writer}-{self.number:06d}.seg"
        header = {
            "format": 1,
            "site": SITE,
            "policy": "bench",
            "fields": FIELDS,
            "writer": self.writer,
            "number": self.number,
            "after": self.seq,
            "previous": self.hash.decode(),
            "begun_ms": at_ms,
        }
        self.file = self.path.open("wb")
        self.length = 0
        self.put([json.dumps(header, separators=(",", ":")).encode()])

    def put(self, lines: list[bytes]) -> None:
        """Adds lines."""
        before, out = self.hash, []
        sha256 = hashlib.sha256
        for text in lines:
            before = sha256(before + text).hexdigest()[:32].encode()
            out += [before, b" ", text, b"\n"]
        self.hash = before
        whole = b"".join(out)
        self.file.write(whole)
        self.length += len(whole)


def make(state: Path, disclosures: int, days: int) -> None:
    """Writes the ledger."""
    folder = state / "sites" / SITE / "ledger"
    folder.mkdir(parents=True)
    (state / "secret").write_text("5a" * 32 + "\n")
    random = np.random.default_rng(7)
    popular = 1.0 / np.arange(1, PEOPLE + 1) ** 0.9
    weights = np.cumsum(popular / popular.sum())
    who = random.permutation(PEOPLE)
    # Half of all disclosures are on lists of twenty.
    per_entry = 1 / (0.5 + 0.5 / LIST)
    entries = int(disclosures / per_entry)
    step_ms = days * 86_400_000 / entries
    chain = Chain(folder)
    chain.begin(BEGIN_MS)
    names = [f"{hashlib.blake2b(bytes([kind]), digest_size=4).hexdigest()}%016x" for kind in range(5)]
    # A walker's next person, from a place of their own.
    walkers = [int(i) for i in random.integers(0, PEOPLE, HARVESTERS)]
    made = 0
    for start in range(0, entries, ENTRIES_A_BLOCK):
        count = min(ENTRIES_A_BLOCK, entries - start)
        session = ((start + np.arange(count)) / 7 + random.random(count) * 400).astype(np.int64)
        harvest = random.random(count) < 0.05
        is_list = random.random(count) < (0.5 / LIST) / (0.5 + 0.5 / LIST)
        picked = who[np.searchsorted(weights, random.random(count))].tolist()
        rows = who[np.searchsorted(weights, random.random((int(is_list.sum()) + 1, LIST)))].tolist()
        lines = []
        for i, (s, h, many, person) in enumerate(
            zip(session.tolist(), harvest.tolist(), is_list.tolist(), picked, strict=True)
        ):
            if h:
                s = s % HARVESTERS
                person = walkers[s] = (walkers[s] + 1) % PEOPLE
            chain.seq += 1
            address = s * 2_654_435_761 % 4_294_967_291
            signed = "" if s % 5 or h else f'"acc":"{names[3] % (s // 25)}",'
            shown = (
                ",".join(f'["{p}",7,0]' for p in rows.pop())
                if many
                else f'["{person}",{15 if s % 5 else 63},{48 if s % 5 else 0}]'
            )
            lines.append(
                f'{{"n":{chain.seq},"t":{int(BEGIN_MS + (start + i) * step_ms)},"k":"disclosure",'
                f'"ref":"{_reference(chain.seq)}","a":"{names[0] % address}","net":"{names[1] % (address >> 12)}",'
                f'"s":"{names[2] % s}",{signed}"c":"{names[4] % (s % 500)}","lane":"visitor",'
                f'"st":"{"stranger" if s % 5 else "member"}","r":"{"list" if many else "member"}","f":"people",'
                f'"m":"GET","code":200,"act":"allow","mode":"enforce","p":[{shown}]}}'.encode()
            )
            made += LIST if many else 1
        chain.put(lines)
        if chain.length >= SEGMENT_BYTES:
            chain.file.close()
            chain.begin(int(BEGIN_MS + (start + count) * step_ms))
    chain.file.close()
    (state / "made.json").write_text(json.dumps({"disclosures": made, "entries": entries}))


def _reference(n: int) -> str:
    digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    n = n * 0x9E3779B97F4A7C15 % (1 << 60)
    text = "".join(digits[n >> shift & 31] for shift in range(0, 60, 5))
    return f"{text[:4]}-{text[4:8]}-{text[8:]}"


def main() -> None:
    """Runs it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--disclosures", type=lambda t: int(t.replace("_", "")), default=1_000_000)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument(
        "--thinned-days", type=int, default=0, help="days before the thirty of which only sketches are left"
    )
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    if not options.state.exists():
        began = time.process_time()
        make(options.state, options.disclosures, DAYS + options.thinned_days)
        print(f"made the ledger: {time.process_time() - began:.0f} CPU s")
    made = json.loads((options.state / "made.json").read_text())
    text = sum(p.stat().st_size for p in (options.state / "sites" / SITE / "ledger").glob("*.seg"))
    millions = made["disclosures"] / 1e6
    print(
        f"{made['disclosures']:,} disclosures in {made['entries']:,} entries, {text / 1e6 / millions:.0f} MB a million"
    )
    end = datetime.fromtimestamp(BEGIN_MS / 1000 + (DAYS + options.thinned_days) * 86_400, UTC)
    store = Store.open(options.state, SITE)
    store = Store(store.layout, lambda: "5a" * 32, clock=lambda: end, threads=options.threads)
    compact(store)
    if options.thinned_days:
        thin(store)
    sizes(store, millions)
    questions(store, options.threads)
    if options.thinned_days:
        old_days(store, options.threads)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"peak memory of all this: {peak / 1024:.0f} MiB")


def compact(store: Store) -> None:
    """Compacts what there is, and says how fast."""
    wall, began, rows = time.perf_counter(), time.process_time(), 0
    while True:
        done = store.compact()
        rows += done.disclosures
        if not done.more:
            break
    if rows:
        took = time.process_time() - began
        print(
            f"compaction: {rows / took:,.0f} disclosures a CPU second ({time.perf_counter() - wall:.0f} s of the clock)"
        )
    wall, began = time.perf_counter(), time.process_time()
    merged = 0
    while files := store.merge():
        merged += files
    print(f"merging of {merged} files: {time.process_time() - began:.0f} CPU s ({time.perf_counter() - wall:.0f} s)")


def thin(store: Store) -> None:
    """Lets the detail of the older days go, as a store does that has been kept for months."""
    began = time.process_time()
    gone = store.thin(Retention(sketch_days=3_660))
    print(f"thinning: {sum(g.rows for g in gone):,} rows, {time.process_time() - began:.1f} CPU s")


def old_days(store: Store, threads: int) -> None:
    """How long it takes to tell one person, or one account, of the days of which only sketches are left."""
    with store.snapshot() as snapshot, snapshot.connect(threads=threads) as connection:
        (count,) = connection.execute("SELECT count(*) FROM sketches WHERE thinned").fetchone() or (0,)
        (often,) = connection.execute("SELECT person FROM people ORDER BY number LIMIT 1").fetchone() or ("",)
        (seldom,) = connection.execute("SELECT person FROM people ORDER BY number DESC LIMIT 1").fetchone() or ("",)
        (account,) = connection.execute(
            "SELECT principal FROM sketches WHERE level = 'account' AND thinned LIMIT 1"
        ).fetchone() or ("",)
        print(f"{count:,} sketches of thinned days")
        group = Group({"account": frozenset([account])})
        cases: tuple[tuple[str, Callable[[], list[Day]]], ...] = (
            ("one person of the first day", lambda: days_of_person(connection, often)),
            ("one person of the last day", lambda: days_of_person(connection, seldom)),
            ("one account", lambda: days_of_group(connection, group)),
        )
        for name, ask in cases:
            began = time.process_time()
            found = ask()
            print(f"{name}: {len(found):,} sketches, {time.process_time() - began:.2f} CPU s")


def sizes(store: Store, millions: float) -> None:
    """What each table needs on disk."""
    for table in sorted(p for p in store.layout.store.iterdir() if p.is_dir()):
        files = list(table.rglob("*.parquet"))
        if files:
            total = sum(p.stat().st_size for p in files)
            print(f"{table.name}: {total / 1e6 / millions:.2f} MB a million disclosures, {len(files)} files")


def questions(store: Store, threads: int) -> None:
    """How long the questions take, each in a fresh connection, as the command line asks them."""
    began = time.perf_counter()
    with store.snapshot() as snapshot:
        with snapshot.connect(threads=threads) as connection:
            print(f"snapshot and connection: {time.perf_counter() - began:.3f} s")
            one = connection.execute(
                "SELECT session, network, client, account FROM disclosures_by_principal WHERE account IS NOT NULL LIMIT 1"
            ).fetchone() or ("", "", "", "")
        cases = [
            (
                "one person, often visited",
                "SELECT * FROM disclosures WHERE person = (SELECT person FROM people LIMIT 1)",
            ),
            ("one person, rarely visited", "SELECT * FROM disclosures WHERE person = '199999'"),
            *(
                (f"one {level}, every row", f"SELECT * FROM disclosures_by_principal WHERE {level} = '{name}'")
                for level, name in zip(("session", "network", "client", "account"), one, strict=True)
            ),
            (
                "people of one client, first and last time",
                "SELECT person, shown, min(d.at), max(d.at), count(*) FROM disclosures_by_principal d WHERE client = "
                f"'{one[2]}' GROUP BY ALL",
            ),
            (
                "a harvester's address over its days",
                "SELECT d.* FROM disclosures_by_principal d WHERE d.address IN (SELECT address "
                "FROM links WHERE stable = (SELECT min(stable) FROM links))",
            ),
            ("sketches of one session", f"SELECT * FROM sketches WHERE level = 'session' AND principal = '{one[0]}'"),
        ]
        for name, sql in cases:
            took = sorted(_timed(snapshot, sql, threads) for _ in range(3))[1]
            print(f"{name}: {took[0]:.2f} CPU s ({took[1]:.2f} s of the clock), {took[2]:,} rows")


def _timed(snapshot: Snapshot, sql: str, threads: int) -> tuple[float, float, int]:
    """Processor time (user and system, all threads), time of the clock, rows; a fresh connection's views included."""
    began, wall = time.process_time(), time.perf_counter()
    with snapshot.connect(threads=threads) as connection:
        rows = len(connection.execute(sql).fetchall())
    return time.process_time() - began, time.perf_counter() - wall, rows


if __name__ == "__main__":
    main()
