"""Whatever the store does when the machine stops: nothing is lost, nothing stands twice, nothing deleted comes back."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from dying_files import DiedError, DyingFiles
from hedgerow import _engine
from hedgerow.ledger.store import Store
from hedgerow.ledger.store.files import Files
from hedgerow.ledger.store.layout import Layout
from hedgerow.ledger.store.problems import Kind
from hedgerow.ledger.store.retention import Retention
from ledger_truth import Views, ask, read_plainly, row
from written_ledger import ANOTHER, AT_MS, SECRET, Segment

SITE = "directory"
DAY_ONE = datetime.fromtimestamp(AT_MS / 1000, UTC)
Act = Callable[[Store], object]
# Right after one operation is right before the next. In the midst of one that has no midst is before it.
FULL = bool(os.environ.get("HEDGEROW_FULL"))
HOW = ("torn", "before") if FULL else ("torn",)


pytestmark = pytest.mark.timeout(600)


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine does not really stop, so nobody need wait for its disk; asking it is an operation as before."""
    monkeypatch.setattr("os.fsync", lambda _handle: None)


def store_at(state: Path, files: Files | None = None, now: datetime = DAY_ONE) -> Store:
    return Store(Layout(state, SITE), lambda: SECRET, files or Files(), lambda: now, who="tester")


def written(state: Path) -> Segment:
    """Two writers, two people, two sessions; a fuller ledger would only make each of the hundreds of deaths slower."""
    first = Segment(state).append(row("42", 3, 4), row("43", 1, s=ANOTHER), {"t": AT_MS, "k": "gap", "note": "x"})
    Segment(state, writer="00000000000000bb").append(row("42", 1, a="1b" * 12, st="member"))
    return first


def deaths(state: Path, act: Callable[[Store], object], now: datetime, step: int = 1) -> Iterator[tuple[Path, str]]:
    """A copy of the state for every operation of an act, or every `step`-th, after a death at it."""
    n, ways = 1, 0
    while True:
        alive = True
        for how in HOW:
            copy = state.parent / f"{state.name}-{n}-{how}"
            shutil.copytree(state, copy)
            files = DyingFiles(n, how)
            try:
                act(store_at(copy, files, now))
            except DiedError:
                alive = False
            yield copy, f"death {how} operation {n}"
            shutil.rmtree(copy)
            ways += 1
        if alive:
            assert ways > 5, "the act is made of next to no operations of the disk: is the seam still there?"
            return
        n += 1 if FULL else step


def wrong(store: Store) -> list[str]:
    """What `verify` says, leavings of a crash apart that the next round sweeps."""
    harmless = {Kind.FILE_UNKNOWN, Kind.DELETION_UNFINISHED}
    told = [f"{p.where}: {p.what}" for p in store.verify() if p.kind not in harmless]
    engine = json.loads(_engine.verify_ledger(store.layout.segments))
    return told + [p["what"] for p in engine["problems"]]


def compact(store: Store) -> None:
    store.compact()


def test_a_death_in_compaction_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    state = tmp_path / "s"
    state.mkdir()
    written(state)
    expected = read_plainly(state / "sites" / SITE / "ledger")
    for copy, when in deaths(state, compact, DAY_ONE):
        store = store_at(copy)
        assert ask(store) == expected, when
        assert wrong(store) == [], when
        store.compact()
        assert ask(store) == expected, when
        assert store.verify() == [], when
        assert not list(store.layout.store.rglob("*.new")), when


def test_a_death_in_a_merge_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    state = tmp_path / "s"
    state.mkdir()
    segment = written(state)
    store = store_at(state)
    for i in range(3):
        store.compact()
        segment.append(row(str(i), 1))
    expected = read_plainly(segment.path.parent)

    def merge(store: Store) -> None:
        store.merge()

    for copy, when in deaths(state, merge, DAY_ONE):
        store = store_at(copy)
        assert ask(store) == expected, when
        assert wrong(store) == [], when
        while store.merge():
            pass
        assert ask(store) == expected, when
        assert store.verify() == [], when


LATER = DAY_ONE + timedelta(days=33)
KEEP = Retention(sealed_address_days=14)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A compacted ledger with sealed addresses, whose detail is due in a month."""
    state = tmp_path / "s"
    state.mkdir()
    written(state)
    sealed = state / "sites" / SITE / "sealed"
    sealed.mkdir()
    (sealed / "00020775.jsonl").write_text('{"a":"1a"}\n')
    os.utime(sealed / "00020775.jsonl", (AT_MS / 1000, AT_MS / 1000))
    store_at(state).compact()
    return state


def test_a_death_in_thinning_leaves_the_sketches_and_the_next_round_finishes_and_proves_it(old: Path) -> None:
    def thin(store: Store) -> None:
        store.thin(KEEP)

    sketches = ask(store_at(old))["sketches"]
    for copy, when in deaths(old, thin, LATER):
        store = store_at(copy, now=LATER)
        assert wrong(store) == [], when
        store.thin(KEEP)
        found = ask(store)
        assert (found["entries"], found["disclosures"], found["by_principal"], found["links"]) == ([], [], [], set()), (
            when
        )
        assert named(found["sketches"]) == named(sketches), when
        assert store.verify() == [], when
        folder = store.layout.folder
        left = [p for name in ("ledger", "sealed", "day-keys") for p in (folder / name).iterdir()]
        assert left == [], when
        assert deleted(store) >= {"segments", "sealed", "day-keys", "entries", "by-person", "by-principal", "links"}, (
            when
        )


def named(sketches: dict[tuple[object, ...], object]) -> dict[tuple[object, ...], object]:
    """Sketches of everybody but addresses, whose names nobody can turn back any more."""
    return {key: people for key, people in sketches.items() if key[1] != "address"}


def deleted(store: Store) -> set[str]:
    """Tables of which the manifest records a deletion that was confirmed."""
    ordered, confirmed = {}, set()
    for line in store.layout.manifest.read_text().splitlines():
        facts = json.loads(line)
        ordered.update({one["path"]: one["table"] for one in facts.get("delete", [])})
        confirmed.update(facts.get("deleted", []))
    assert confirmed <= ordered.keys()
    return {ordered[path] for path in confirmed}


@pytest.mark.parametrize("claims", [None, "case 7"])
def test_a_death_in_an_erasure_leaves_the_person_whole_or_gone(old: Path, claims: str | None) -> None:
    before = ask(store_at(old))

    def forget(store: Store) -> None:
        store.forget("42", claims)

    # With a tombstone all but a few operations are the same.
    for copy, when in deaths(old, forget, DAY_ONE, step=1 if claims is None else 4):
        store = store_at(copy)
        assert wrong(store) == [], when
        found = ask(store)
        assert found == before or "'42'" not in repr(found), when
        store.forget("42", claims)
        found = ask(store)
        assert "'42'" not in repr(found), when
        assert others(found) == others(before), when
        assert len(found["disclosures"]) == (1 if claims is None else 3), when
        assert store.verify() == [], when
        assert holding(store.layout.folder, '"42"') == [], when


def others(views: Views) -> list[object]:
    """Disclosures of the one who was not erased."""
    return [d for d in views["disclosures"] if d[3] == "43"]


def holding(folder: Path, text: str) -> list[str]:
    """Files below a folder in which a text stands."""
    return [str(p) for p in folder.rglob("*") if p.is_file() and text.encode() in p.read_bytes()]


def test_a_death_while_a_hold_is_placed_holds_or_says_that_it_does_not(old: Path) -> None:
    def hold(store: Store) -> None:
        store.hold("case 9", date(2027, 1, 31), people=["43"])

    for copy, when in deaths(old, hold, DAY_ONE):
        store = store_at(copy, now=LATER)
        held = store.holds()
        store.thin(KEEP)
        assert bool(others(ask(store))) == bool(held), when
