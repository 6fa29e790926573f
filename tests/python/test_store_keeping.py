"""What keeping a store must withstand: damage, foreign files, holds on what is thinned, crashes of an erasure."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hedgerow.ledger.store import Store
from hedgerow.ledger.store.files import Files
from hedgerow.ledger.store.layout import Layout
from ledger_truth import row
from written_ledger import AT_MS, SECRET, Segment

SITE = "directory"
DAY_ONE = datetime.fromtimestamp(AT_MS / 1000, UTC)


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda _handle: None)


def store_at(state: Path, now: datetime = DAY_ONE) -> Store:
    return Store(Layout(state, SITE), lambda: SECRET, Files(), lambda: now, who="tester")


@pytest.mark.parametrize("seen_by", ["its hash", "its content"])
def test_a_damaged_segment_larger_than_a_round_does_not_keep_the_others_waiting(tmp_path: Path, seen_by: str) -> None:
    bad = Segment(tmp_path, writer="0000000000000001")
    if seen_by == "its hash":
        bad.append(*(row(str(i), 1) for i in range(9)))
        bad.path.write_bytes(bad.path.read_bytes().replace(b'[["2"', b'[["9"'))
    else:
        bad.append(*({**row(str(i), 1), "k": None} for i in range(9)))
    Segment(tmp_path, writer="00000000000000bb").append(row("40", 1))
    store = store_at(tmp_path)
    done = store.compact(most_bytes=bad.path.stat().st_size // 2)
    rounds = 1
    while done.more:
        done = store.compact(most_bytes=bad.path.stat().st_size // 2)
        rounds += 1
        assert rounds < 9
    assert {d.segment for d in done.damage} == {bad.path.name}
    assert next(iter(store.layout.segments.glob("*-00000000000000bb-*"))).name in store.layout.manifest.read_text()
