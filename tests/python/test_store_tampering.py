"""Whatever is changed, removed or swapped in a store or its segments is found."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hedgerow.ledger.store import Store, StoreError
from hedgerow.ledger.store.files import Files
from hedgerow.ledger.store.layout import Layout
from hedgerow.ledger.store.problems import Kind
from hedgerow.ledger.store.redaction import chained
from hedgerow.ledger.store.retention import Retention
from ledger_truth import row
from written_ledger import AT_MS, SECRET, Segment

SITE = "directory"
DAY_ONE = datetime.fromtimestamp(AT_MS / 1000, UTC)


def store_at(state: Path, secret: str = SECRET, now: datetime = DAY_ONE) -> Store:
    return Store(Layout(state, SITE), lambda: secret, Files(), lambda: now, who="tester")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr("os.fsync", lambda _handle: None)
    segment = Segment(tmp_path).append(row("42", 3), row("43", 1))
    Segment(tmp_path, writer="00000000000000bb").append(row("44", 1))
    made = store_at(tmp_path)
    made.compact()
    for i in range(3):
        segment.append(row(str(i), 1))
        made.compact()
    assert made.verify() == []
    return made


def kinds(store: Store) -> set[Kind]:
    return {p.kind for p in store.verify()}


def rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.chmod(0o600)
    path.write_bytes(change(path.read_bytes()))


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def test_a_changed_byte_in_any_table_is_found(store: Store) -> None:
    for path in sorted(store.layout.store.rglob("*.parquet")):
        before = path.read_bytes()
        rewrite(path, flipped)
        assert kinds(store) == {Kind.FILE_CHANGED}, path
        path.write_bytes(before)
    assert store.verify() == []


def test_a_removed_table_is_found(store: Store) -> None:
    next(store.layout.store.glob("sketches/*/*")).unlink()
    assert kinds(store) == {Kind.FILE_MISSING}


def test_a_table_nobody_committed_is_found_and_answers_nothing(store: Store) -> None:
    one = next(store.layout.store.glob("by-person/*/*.parquet"))
    (one.parent / "ffffffffffffffff.parquet").write_bytes(one.read_bytes())
    assert kinds(store) == {Kind.FILE_UNKNOWN}
    with store.snapshot() as snapshot, snapshot.connect() as c:
        assert c.execute("SELECT count(*) FROM disclosures").fetchone() == (6,)


def test_a_changed_byte_in_any_line_of_the_manifest_is_found(store: Store) -> None:
    lines = store.layout.manifest.read_bytes().splitlines(keepends=True)
    for i, line in enumerate(lines):
        for change in (flipped(line[:-300]) + line[-300:], line[:-20] + flipped(line[-20:-5]) + line[-5:]):
            store.layout.manifest.write_bytes(b"".join([*lines[:i], change, *lines[i + 1 :]]))
            assert kinds(store) & {Kind.MANIFEST_LINE, Kind.SIGNATURE}, i


def test_a_removed_or_swapped_line_of_the_manifest_is_found(store: Store) -> None:
    lines = store.layout.manifest.read_bytes().splitlines(keepends=True)
    for i in range(len(lines)):
        store.layout.manifest.write_bytes(b"".join(lines[:i] + lines[i + 1 :]))
        assert kinds(store) & {Kind.MANIFEST_LINE, Kind.MANIFEST_END}, i
    for i in range(len(lines) - 1):
        store.layout.manifest.write_bytes(b"".join([*lines[:i], lines[i + 1], lines[i], *lines[i + 2 :]]))
        assert Kind.MANIFEST_LINE in kinds(store), i


def test_nothing_is_written_to_a_manifest_that_was_tampered_with(store: Store) -> None:
    lines = store.layout.manifest.read_bytes().splitlines(keepends=True)
    for changed in (b"".join(lines[:-1]), b"".join(lines[:2] + lines[3:])):
        store.layout.manifest.write_bytes(changed)
        with pytest.raises(StoreError, match="restore"):
            store.compact()
        assert store.layout.manifest.read_bytes() == changed


def test_a_manifest_signed_with_another_key_is_found(store: Store, tmp_path: Path) -> None:
    other = store_at(tmp_path, secret="11" * 32)
    assert kinds(other) == {Kind.SIGNATURE}
    with pytest.raises(StoreError, match="another secret"):
        other.compact()


def test_a_segment_that_was_removed_or_swapped_is_found_and_one_that_was_deleted_with_a_record_is_not(
    store: Store, tmp_path: Path
) -> None:
    first, second = sorted(store.layout.segments.glob("*.seg"))
    content = first.read_bytes()
    first.unlink()
    assert kinds(store) == {Kind.SEGMENT_MISSING}
    # A forgery whose own chain is without fault.
    texts = [line[33:] for line in content.decode().splitlines()]
    texts[1] = texts[1].replace('"42"', '"99"')
    first.write_bytes(chained(texts, "0" * 32)[0])
    assert kinds(store) == {Kind.SEGMENT_SWAPPED}
    first.write_bytes(second.read_bytes())
    assert kinds(store) == {Kind.SEGMENT_SWAPPED}
    first.write_bytes(content)
    assert store.verify() == []
    later = store_at(tmp_path, now=DAY_ONE + timedelta(days=60))
    later.thin(Retention())
    assert not list(store.layout.segments.glob("*.seg"))
    assert later.verify() == []


def test_a_checkpoint_says_what_all_lines_before_it_say(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hedgerow.ledger.store.manifest._CHECKPOINT_EVERY", 7)
    segment = Segment(store.layout.state, writer="00000000000000cc")
    for i in range(6):
        segment.append(row(f"n{i}", 1))
        store.compact()
        store.merge()
    facts = [json.loads(line) for line in store.layout.manifest.read_text().splitlines()]
    last = [f["state"] for f in facts if f["kind"] == "checkpoint"][-1]
    merged_lately = len([f for f in facts[-8:] if f["kind"] == "merge"])
    assert len(last["retired"]) <= 8 * merged_lately, "files that are long gone must not be carried along for ever"
    assert store.verify() == []
    with store.snapshot() as snapshot, snapshot.connect() as c:
        assert c.execute("SELECT count(*) FROM disclosures").fetchone() == (12,)


def test_a_deletion_record_says_what_went_by_which_rule_when_and_by_whom(store: Store, tmp_path: Path) -> None:
    store_at(tmp_path, now=DAY_ONE + timedelta(days=60)).thin(Retention())
    facts = [json.loads(line) for line in store.layout.manifest.read_text().splitlines()]
    (order,) = [f for f in facts if f["kind"] == "thin" and f["delete"][0]["table"] == "by-person"]
    assert order["rule"] == {"setting": "retention.disclosures_days", "days": 31, "kept_rows": 0}
    assert order["by"] == "tester"
    assert order["at"].startswith((DAY_ONE + timedelta(days=60)).date().isoformat())
    rows = {t: sum(one["rows"] for one in order["delete"] if one["table"] == t) for t in ("by-person", "by-principal")}
    assert rows == {"by-person": 6, "by-principal": 6}
    assert all(len(one["sha256"]) == 64 for one in order["delete"])
    confirmed = {path for f in facts for path in f.get("deleted", [])}
    assert {one["path"] for f in facts for one in f.get("delete", [])} == confirmed


def test_an_erasure_is_recorded_without_naming_the_person(store: Store) -> None:
    done = store.forget("42")
    text = store.layout.manifest.read_text()
    assert done.record_name in text
    assert '"42"' not in text
    assert store.forget("42").record_name == done.record_name
    assert store.forget("43").record_name != done.record_name


def test_what_is_not_ours_in_the_folder_of_segments_disturbs_nobody(store: Store) -> None:
    (store.layout.segments / "README.txt").write_text("hello")
    (store.layout.segments / "1795000000000-zz-1.seg").write_text("hello")
    os.mkfifo(store.layout.segments / "pipe")
    assert store.compact().damage == []


def test_a_store_that_is_gone_or_was_begun_anew_is_found_and_not_written_to(store: Store, tmp_path: Path) -> None:
    shutil.copytree(store.layout.store, tmp_path / "older")
    Segment(tmp_path, writer="00000000000000cc").append(row("45", 1))
    store.compact()
    for put_back in (False, True):
        shutil.rmtree(store.layout.store)
        if put_back:
            (tmp_path / "older").rename(store.layout.store)
        assert Kind.MANIFEST_END in kinds(store)
        for act in (store.compact, store.snapshot):
            with pytest.raises(StoreError, match="restore it from a copy"):
                act()
        assert Kind.MANIFEST_END in kinds(store)
    shutil.rmtree(store.layout.store)
    store.layout.anchor.unlink()
    for _ in range(9):
        Segment(tmp_path, writer="00000000000000dd").append(row("46", 1))
        store.compact()
    assert store.verify() == []


def test_a_note_of_the_last_commit_that_was_changed_is_found(store: Store) -> None:
    facts = json.loads(store.layout.anchor.read_text())
    store.layout.anchor.write_text(json.dumps({**facts, "n": facts["n"] - 1}))
    assert kinds(store) == {Kind.SIGNATURE}
    store.layout.anchor.unlink()
    assert kinds(store) == {Kind.MANIFEST_END}


@pytest.mark.parametrize("block", [7, 300, 1 << 20])
def test_a_question_reads_the_manifest_from_its_last_checkpoint_and_no_further(
    store: Store, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr("hedgerow.ledger.store.manifest._CHECKPOINT_EVERY", 7)
    monkeypatch.setattr("hedgerow.ledger.store.manifest._BLOCK", block)
    segment = Segment(store.layout.state, writer="00000000000000cc")
    for i in range(6):
        segment.append(row(f"n{i}", 1))
        store.compact()
    with store.layout.manifest.open("ab") as file:
        file.write(b'{"half a line","kind":"checkpoint"')

    def not_whole(_path: Path) -> bytes:
        raise AssertionError("the whole manifest was read")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", not_whole)
        with store.snapshot() as snapshot, snapshot.connect() as c:
            assert c.execute("SELECT count(*) FROM disclosures").fetchone() == (12,)
    segment.append(row("last", 1))
    store.compact()
    assert store.verify() == []
