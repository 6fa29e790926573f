"""What keeping a store must withstand: damage, foreign files, holds on what is thinned, crashes of an erasure."""

from __future__ import annotations

import fcntl
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hedgerow.cli import app
from hedgerow.ledger.store import Store
from hedgerow.ledger.store.files import Files
from hedgerow.ledger.store.holds import HeldError
from hedgerow.ledger.store.layout import Layout
from hedgerow.ledger.store.retention import Retention
from hedgerow.ledger.store.segments import is_written, segments
from ledger_truth import ask, row
from written_ledger import ANOTHER, AT_MS, SECRET, Segment

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


@pytest.mark.parametrize(
    "hold", [{}, {"principals": ["2a" * 12]}, {"since": DAY_ONE.date(), "before": DAY_ONE.date() + timedelta(1)}]
)
def test_a_hold_forbids_erasure_where_only_sketches_remain(tmp_path: Path, hold: dict[str, object]) -> None:
    Segment(tmp_path).append(row("42", 1), row("43", 1, net="2b" * 12, s=ANOTHER, a="1b" * 12))
    later = store_at(tmp_path, DAY_ONE + timedelta(days=40))
    later.thin(Retention())
    assert ask(later)["disclosures"] == []
    later.hold("case 3", date(2027, 6, 30), **hold)  # type: ignore[arg-type]
    with pytest.raises(HeldError, match="case 3"):
        later.forget("42")
    if "principals" in hold:
        assert later.forget("43").sketches > 0


def test_foreign_files_beside_keys_and_sealed_addresses_stop_nothing(tmp_path: Path) -> None:
    Segment(tmp_path).append(row("42", 1))
    store = store_at(tmp_path)
    store.compact()
    (store.layout.day_keys / "backup.key").write_text("not a day's")
    store.layout.sealed.mkdir()
    (store.layout.sealed / "99999999.x").write_text("far away\n")
    later = store_at(tmp_path, datetime.now(UTC) + timedelta(days=400))
    later.thin(Retention())
    assert [p.name for p in store.layout.day_keys.iterdir()] == ["backup.key"]


def test_a_store_opens_for_an_account_without_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(uid: int) -> object:
        raise KeyError(uid)

    Segment(tmp_path).append(row("42", 1))
    monkeypatch.setattr("pwd.getpwuid", nobody)
    Store.open(tmp_path, SITE).compact()
    assert '"by":"uid ' in store_at(tmp_path).layout.manifest.read_text()


def test_the_last_entry_of_a_dead_writer_is_taken_up_however_long_it_is(tmp_path: Path) -> None:
    many = {**row("x", 1), "p": [[f"person-{i}", 1, 0] for i in range(1024)]}
    segment = Segment(tmp_path).append(many)
    store = store_at(tmp_path)
    with segment.path.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert len(ask(store)["disclosures"]) == 0
    assert len(ask(store)["disclosures"]) == 1024
    assert store.compact().disclosures == 1024


def test_an_erasure_that_a_crash_cut_off_after_its_commit_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    segment = Segment(tmp_path).append(row("42", 1), row("43", 1))
    store = store_at(tmp_path)
    with segment.path.open() as held, monkeypatch.context() as patch:
        fcntl.flock(held, fcntl.LOCK_EX)
        calls = iter([0, 1])

        def dies(_work: object) -> int:
            if next(calls):
                raise OSError("power cut")
            return 0

        patch.setattr("hedgerow.ledger.store.store.sweep", dies)
        with pytest.raises(OSError, match="power cut"):
            store.forget("42")
    store.finish_forgetting()
    assert b'"42"' not in segment.path.parent.joinpath(next(segment.path.parent.glob("*.seg")).name).read_bytes()
    assert not (store.layout.folder / "erasures.json").exists()


def test_an_erasure_that_a_hold_forbids_is_not_remembered(tmp_path: Path) -> None:
    Segment(tmp_path).append(row("42", 1))
    store = store_at(tmp_path)
    store.hold("case 3", date(2027, 6, 30), people=["42"])
    with pytest.raises(HeldError):
        store.forget("42")
    assert not (store.layout.folder / "erasures.json").exists()


def test_whoever_places_a_hold_is_told_that_it_keeps_everybodys_sealed_addresses(tmp_path: Path) -> None:
    Segment(tmp_path).append(row("42", 1))
    words = ["--reason", "case 3", "--until", "2099-01-01", "--person", "42", "--since", "2026-11-18"]
    said = CliRunner().invoke(app, ["ledger", "hold", *words, "--state", str(tmp_path)])
    assert said.exit_code == 0, said.output
    assert "those of all visitors stay, from 2026-11-18 before now and later" in said.output


def test_a_segment_that_an_edge_is_just_making_is_not_locked_from_under_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Segment(tmp_path).path
    path.write_bytes(b"")

    def locked(_handle: int, _how: int) -> None:
        raise AssertionError("it was locked")

    monkeypatch.setattr("fcntl.flock", locked)
    (segment,) = segments(path.parent)
    assert is_written(segment)
