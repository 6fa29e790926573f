"""The store's views say what the segments say: no more, no less, to the second, however they were compacted."""

from __future__ import annotations

import fcntl
import json
import os
import re
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hedgerow.ledger.store import Store
from hedgerow.ledger.store.files import Files
from hedgerow.ledger.store.layout import COLUMNS, Layout, Table, rows_of
from hedgerow.ledger.store.problems import BusyError, StoreError
from hedgerow.ledger.store.retention import Retention
from hedgerow.ledger.store.round import locked
from hedgerow.ledger.store.views import columns
from ledger_truth import ask, read_plainly, row
from written_ledger import ANOTHER, AT_MS, SECRET, Segment

SITE = "directory"
DAY_ONE = datetime.fromtimestamp(AT_MS / 1000, UTC)
DAY_MS = 86_400_000


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda _handle: None)


def store_at(state: Path, now: datetime = DAY_ONE) -> Store:
    return Store(Layout(state, SITE), lambda: SECRET, Files(), lambda: now, who="tester")


def plain(state: Path) -> object:
    return read_plainly(state / "sites" / SITE / "ledger")


NAMES = st.one_of(st.none(), st.integers(0, 3).map(lambda i: f"{i:024x}"))
ENTRIES = st.fixed_dictionaries(
    {
        "writer": st.integers(0, 1),
        "day": st.integers(0, 2),
        "ms": st.integers(0, 1_000),
        "kind": st.sampled_from(["disclosure", "reveal", "verdict", "gap"]),
        "a": NAMES,
        "net": NAMES,
        "s": NAMES,
        "acc": NAMES,
        "c": NAMES,
        "st": st.sampled_from(["stranger", "member", "proven", "search_engine"]),
        "people": st.lists(
            st.tuples(
                st.one_of(st.integers(0, 5).map(str), st.text(st.characters(exclude_categories=["Cs"]), max_size=3)),
                st.integers(0, 7),
                st.integers(0, 7),
            ),
            max_size=3,
            unique_by=lambda p: p[0],
        ),
        "then": st.sampled_from(["nothing", "nothing", "compact", "merge"]),
    }
)


@settings(
    max_examples=100 if os.environ.get("HEDGEROW_FULL") else 12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(ENTRIES, min_size=1, max_size=12))
def test_any_ledger_cut_anywhere_answers_as_its_segments_do(drawn: list[dict[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        state = Path(name)
        writers = [Segment(state, writer=f"{i:016x}") for i in (1, 2)]
        store = store_at(state)
        for one in drawn:
            entry = {k: v for k, v in one.items() if k in {"a", "net", "s", "acc", "c", "st"} and v is not None}
            entry["k"] = one["kind"]
            entry["t"] = AT_MS + int(str(one["day"])) * DAY_MS + int(str(one["ms"]))
            if one["kind"] in {"disclosure", "reveal"}:
                entry["p"] = [list(p) for p in one["people"]]  # type: ignore[attr-defined]
            writers[int(str(one["writer"]))].append(entry)
            if one["then"] == "compact":
                store.compact()
            elif one["then"] == "merge":
                store.merge()
        expected = plain(state)
        assert ask(store) == expected
        store.compact()
        while store.merge():
            pass
        assert ask(store) == expected
        assert store.verify() == []


def test_compacting_again_changes_nothing(tmp_path: Path) -> None:
    Segment(tmp_path).append(row("42", 3), row("43", 1, 2))
    store = store_at(tmp_path)
    store.compact()
    before = store.head()
    assert store.compact().entries == 0
    assert store.head() == before
    assert ask(store) == plain(tmp_path)


def test_every_view_has_the_columns_that_its_page_says(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "ledger-views.md").read_text(encoding="utf-8")
    Segment(tmp_path).append(row("42", 3))
    told = {
        view: dict(re.findall(r"^\| `(\w+)` \| ([\w\[\]]+) \|", section, re.MULTILINE))
        for view, section in re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
        if "| column |" in section
    }
    told["disclosures_by_principal"] = told["disclosures"]
    with store_at(tmp_path).snapshot() as snapshot, snapshot.connect() as c:
        there = {
            view: {name: kind for name, kind, *_ in c.execute(f"DESCRIBE {view}").fetchall()} for view in columns()
        }
    assert told == there == columns()


def test_a_connection_reads_the_ledger_and_nothing_else(tmp_path: Path) -> None:
    Segment(tmp_path).append(row("42", 3))
    store = store_at(tmp_path)
    store.compact()
    live = next(store.layout.store.glob("by-person/*/*.parquet"))
    with store.snapshot() as snapshot, snapshot.connect() as c:
        assert c.execute("SELECT count(*) FROM disclosures").fetchone() == (1,)
        for statement in (
            "SELECT * FROM read_csv('/etc/passwd')",
            "SELECT * FROM read_text('../secret')",
            f"COPY (SELECT 1) TO '{tmp_path}/out.csv'",
            f"COPY (SELECT 1) TO '{live}'",
            f"ATTACH '{tmp_path}/other.db'",
            "SET enable_external_access = true",
            "INSTALL httpfs",
        ):
            with pytest.raises(duckdb.Error):
                c.execute(statement)
    assert store.verify() == []


def test_a_snapshot_goes_on_answering_while_its_files_are_merged_thinned_and_deleted(tmp_path: Path) -> None:
    segment = Segment(tmp_path).append(row("42", 3))
    store = store_at(tmp_path)
    store.compact()
    segment.append(row("43", 1))
    store.compact()
    later = store_at(tmp_path, DAY_ONE + timedelta(days=40))
    with store.snapshot() as snapshot, snapshot.connect() as c:
        store.merge()
        later.thin(Retention())
        found = c.execute("SELECT person FROM disclosures ORDER BY person").fetchall()
        assert found == [("42",), ("43",)]
        assert {p.kind.value for p in later.verify()} == {"deletion-unfinished"}
    later.compact()
    assert later.verify() == []
    assert ask(later)["disclosures"] == []


def test_sketches_outlive_the_detail_and_say_so(tmp_path: Path) -> None:
    Segment(tmp_path).append(row("42", 3), row("43", 1, t=AT_MS + 20 * DAY_MS))
    store = store_at(tmp_path, DAY_ONE + timedelta(days=33))
    store.thin(Retention())
    query = "SELECT day, sum(people_count), any_value(thinned) FROM sketches WHERE level = 'session' GROUP BY day"
    with store.snapshot() as snapshot, snapshot.connect() as c:
        thinned = {day: (count, over) for day, count, over in c.execute(query).fetchall()}
        people = c.execute("SELECT person FROM disclosures").fetchall()
    assert thinned == {DAY_ONE.date(): (1, True), DAY_ONE.date() + timedelta(days=20): (1, False)}
    assert people == [("43",)]
    much_later = store_at(tmp_path, DAY_ONE + timedelta(days=400))
    much_later.thin(Retention())
    with much_later.snapshot() as snapshot, snapshot.connect() as c:
        assert c.execute("SELECT count(*) FROM sketches").fetchone() == (0,)
        assert c.execute("SELECT count(*) FROM people").fetchone() == (0,)


def test_an_address_has_another_name_every_day_and_nobody_can_link_them_once_the_keys_are_gone(tmp_path: Path) -> None:
    Segment(tmp_path).append(row("42", 1), row("43", 1, t=AT_MS + DAY_MS))
    store = store_at(tmp_path)
    store.compact()
    query = "SELECT DISTINCT day, address FROM links ORDER BY day"
    with store.snapshot() as snapshot, snapshot.connect() as c:
        (_, first), (_, second) = c.execute(query).fetchall()
    assert first != second
    assert {len(first), len(second)} == {24}
    later = store_at(tmp_path, DAY_ONE + timedelta(days=40))
    later.thin(Retention())
    assert not list(later.layout.day_keys.iterdir())
    with later.snapshot() as snapshot, snapshot.connect() as c:
        assert c.execute("SELECT count(*) FROM links").fetchone() == (0,)
        names = {n for (n,) in c.execute("SELECT principal FROM sketches WHERE level = 'address'").fetchall()}
    assert names == {first, second}
    assert b"1a1a1a1a1a1a1a1a1a1a1a1a" not in b"".join(_contents(later.layout.folder))


def test_a_damaged_segment_is_told_is_not_compacted_and_its_readable_lines_answer(tmp_path: Path) -> None:
    bad = Segment(tmp_path).append(row("1", 1), row("2", 1), row("3", 1))
    Segment(tmp_path, writer="00000000000000bb").append(row("4", 1))
    bad.path.write_bytes(bad.path.read_bytes().replace(b'[["2"', b'[["9"'))
    store = store_at(tmp_path)
    done = store.compact()
    assert done.disclosures == 1
    assert [str(d).partition(",")[0] for d in done.damage] == [bad.path.name]
    with store.snapshot() as snapshot, snapshot.connect() as c:
        assert sorted(p for (p,) in c.execute("SELECT person FROM disclosures").fetchall()) == ["1", "3", "4"]
        assert len(snapshot.damage) == 1
    assert bad.path.name not in store.layout.manifest.read_text()


def test_a_line_that_a_failed_write_may_still_take_back_waits(tmp_path: Path) -> None:
    many = {**row("x", 1), "p": [[f"person-{i}", 1, 0] for i in range(1024)]}
    segment = Segment(tmp_path).append(row("42", 1), many)
    store = store_at(tmp_path)
    with segment.path.open() as held:
        # As a living edge does.
        fcntl.flock(held, fcntl.LOCK_EX)
        assert store.compact().entries == 1
    segment.append({**row("x", 1), "p": [["last", 1, 0]]})
    assert store.compact().entries == 2
    assert ask(store) == plain(tmp_path)


def test_half_a_line_is_no_entry_yet(tmp_path: Path) -> None:
    segment = Segment(tmp_path).append(row("42", 1))
    whole = segment.path.read_bytes()
    segment.append(row("43", 1))
    all_of_it = segment.path.read_bytes()
    segment.path.write_bytes(all_of_it[:-9])
    store = store_at(tmp_path)
    assert store.compact().bytes == len(whole)
    assert len(ask(store)["disclosures"]) == 1
    segment.path.write_bytes(all_of_it)
    assert len(ask(store)["disclosures"]) == 2
    store.compact()
    assert ask(store) == plain(tmp_path)


def test_two_at_once_do_not_meet(tmp_path: Path) -> None:
    Segment(tmp_path).append(row("42", 1))
    store = store_at(tmp_path)
    with locked(store.layout, wait=False), pytest.raises(BusyError, match="another process"):
        store.compact()
    assert store.compact().entries == 1


def test_neither_a_raw_address_nor_a_name_nor_a_contact_value_is_in_any_file_of_the_store(tmp_path: Path) -> None:
    Segment(tmp_path).append(row("42", 7), row("43", 1, a="1c" * 12))
    store = store_at(tmp_path)
    store.compact()
    store.forget("43")
    for content in _contents(store.layout.store):
        for private in (b"203.0.113.9", b"Ada Lovelace", b"ada@riverbend.example", b"1a" * 12, SECRET.encode()):
            # `links` is the one table that holds the stable name, while the window lasts.
            assert private not in content or b"stable" in content
    for path in (store.layout.store, store.layout.day_keys, store.layout.manifest):
        assert path.stat().st_mode & 0o077 == 0
    assert all(p.stat().st_mode & 0o777 == 0o400 for p in store.layout.store.rglob("*.parquet"))


def _contents(folder: Path) -> list[bytes]:
    return [p.read_bytes() for p in folder.rglob("*") if p.is_file()]


def test_a_hold_keeps_its_people_and_principals_and_nothing_else(tmp_path: Path) -> None:
    Segment(tmp_path).append(
        row("42", 1, net="2b" * 12),
        row("43", 1, net="2b" * 12, a="1b" * 12),
        row("44", 1, net="2b" * 12, a="1c" * 12, s=ANOTHER),
    )
    store = store_at(tmp_path)
    store.hold("case 3", date(2027, 6, 30), people=["42"], principals=["1b" * 12])
    later = store_at(tmp_path, DAY_ONE + timedelta(days=40))
    later.thin(Retention())
    found = ask(later)
    assert sorted(d[3] for d in found["disclosures"]) == ["42", "43"]
    assert len(found["entries"]) == 2
    assert {stable for _, stable in found["links"]} == {"1a" * 12, "1b" * 12}
    with pytest.raises(Exception, match="case 3"):
        later.forget("42")
    assert later.verify() == []
    after = store_at(tmp_path, datetime(2027, 7, 1, tzinfo=UTC))
    after.thin(Retention())
    assert ask(after)["disclosures"] == []
    assert not (after.layout.folder / "holds.jsonl").exists()


def test_a_hold_that_somebody_changed_stops_all_deletion(tmp_path: Path) -> None:
    Segment(tmp_path).append(row("42", 1))
    store = store_at(tmp_path)
    store.hold("case 3", date(2027, 6, 30), people=["42"])
    holds = store.layout.folder / "holds.jsonl"
    holds.write_text(holds.read_text().replace('"42"', '"99"'))
    later = store_at(tmp_path, DAY_ONE + timedelta(days=40))
    with pytest.raises(Exception, match="was changed"):
        later.thin(Retention())
    assert {p.kind.value for p in later.verify()} == {"hold"}


def test_an_erasure_waits_for_a_segment_that_is_still_written_and_is_finished_later(tmp_path: Path) -> None:
    segment = Segment(tmp_path).append(row("42", 1), row("43", 1))
    store = store_at(tmp_path)
    with segment.path.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = store.forget("42")
        assert done.waiting == [segment.path.name]
        assert store.finish_forgetting() == []
        assert [d[3] for d in ask(store)["disclosures"]] == ["43"]
        segment.append(row("42", 1))
    (finished,) = store.finish_forgetting()
    assert finished.waiting == []
    assert [d[3] for d in ask(store)["disclosures"]] == ["43"]
    assert b'"42"' not in b"".join(_contents(store.layout.folder))
    assert store.verify() == []


def test_budgets_count_an_erased_person_as_somebody(tmp_path: Path) -> None:
    Segment(tmp_path).append(row("42", 1), row("43", 1), row("42", 2))
    store = store_at(tmp_path)
    store.forget("42")
    (segment,) = store.layout.segments.glob("*.seg")
    people = [p[0] for line in segment.read_text().splitlines()[1:] for p in json.loads(line[33:])["p"]]
    assert len(set(people)) == 2
    assert people[0] == people[2]
    assert people[0].startswith("erased-")


def test_an_erasure_that_a_damaged_segment_withstands_says_so_and_is_not_tried_over_and_over(tmp_path: Path) -> None:
    segment = Segment(tmp_path).append(row("42", 1), row("43", 1))
    segment.path.write_bytes(segment.path.read_bytes().replace(b'"43"', b'"44"'))
    store = store_at(tmp_path)
    assert store.forget("42").waiting == [segment.path.name]
    before = store.head()
    assert store.finish_forgetting() == []
    assert store.head() == before
    segment.path.unlink()
    (finished,) = store.finish_forgetting()
    assert finished.waiting == []
    assert not (store.layout.folder / "erasures.json").exists()


def test_segments_that_compaction_has_not_reached_are_not_deleted_for_their_age(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    segment = Segment(tmp_path).append(row("42", 1))
    os.utime(segment.path, (AT_MS / 1000, AT_MS / 1000))
    later = store_at(tmp_path, DAY_ONE + timedelta(days=60))
    monkeypatch.setattr("hedgerow.ledger.store.store._is_behind", lambda _work: True)
    later.thin(Retention())
    assert segment.path.exists()
    monkeypatch.undo()
    later.thin(Retention())
    assert not segment.path.exists()
    assert len(ask(later)["sketches"]) == 4


def test_a_long_backlog_is_compacted_before_it_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Segment(tmp_path).append(row("42", 1))
    store = store_at(tmp_path)
    monkeypatch.setattr("hedgerow.ledger.store.store._PENDING_BYTES", 100)
    with pytest.raises(StoreError, match="hedgerow ledger compact"):
        store.snapshot()
    store.compact()
    assert len(ask(store)["disclosures"]) == 1


def test_people_with_odd_identifiers_are_answered_and_erased_like_others(tmp_path: Path) -> None:
    odd = ["a\x00b", "'; DROP TABLE x; --", "\U0001f600", "\x1b[31m", '"', "\\", "\n", '["42",1,0],']
    Segment(tmp_path).append(*(row(person, 1) for person in odd))
    store = store_at(tmp_path)
    store.compact()
    assert ask(store) == plain(tmp_path)
    for person in odd:
        done = store.forget(person)
        assert (done.rows, done.segment_lines, done.waiting) == (1, 1, [])
    assert ask(store)["disclosures"] == []
    assert store.verify() == []


def test_files_of_an_earlier_release_read_as_of_an_unknown_network(tmp_path: Path) -> None:
    old, new = tmp_path / "old.parquet", tmp_path / "new.parquet"
    columns = ", ".join(f'NULL::{kind} AS "{n}"' for n, kind in COLUMNS[Table.ENTRIES].items() if n != "network_kind")
    connection = duckdb.connect(":memory:")
    connection.execute(f"COPY (SELECT {columns}) TO '{old}' (FORMAT parquet)")
    connection.execute(f"COPY (SELECT {columns}, 'mobile' AS network_kind) TO '{new}' (FORMAT parquet)")
    for paths, found in (([old], [None]), ([new], ["mobile"]), ([new, old], [None, "mobile"])):
        rows = connection.execute(
            f"SELECT network_kind FROM ({rows_of(Table.ENTRIES, paths)}) ORDER BY 1 NULLS FIRST"  # noqa: S608
        ).fetchall()
        assert [kind for (kind,) in rows] == found
