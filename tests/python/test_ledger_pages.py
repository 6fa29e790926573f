"""A record in figures, page by page, and as a file: all of them say the same, and say what they leave out."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from hedgerow.cli import app
from hedgerow.ledger.questions import subject, summary, written
from hedgerow.ledger.questions.affected import affected
from hedgerow.ledger.questions.period import Period
from hedgerow.ledger.questions.records import Mark, Page, entries_of_group, entries_of_person
from hedgerow.ledger.questions.refs import find_group, read_ref
from hedgerow.ledger.store import Store
from hedgerow.ledger.store.retention import Retention
from hedgerow.spreadsheet import cell
from ledger_views import NOW, Shown, TestKeys, connect, keyed
from written_ledger import ANOTHER, AT_MS, SESSION, Segment, disclosure

KEYS = TestKeys()

events = st.builds(
    Shown,
    at=st.integers(0, 40).map(lambda n: NOW - timedelta(hours=n)),
    person=st.sampled_from(["1", "2"]),
    shown=st.sampled_from([("name",), ("email", "name"), ()]),
    masked=st.sampled_from([(), ("phone",)]),
    address=st.sampled_from(["203.0.113.9", "198.51.100.7"]),
    account=st.sampled_from([None, "ann"]),
    status=st.sampled_from([200, 500]),
    kind=st.sampled_from(["disclosure", "reveal"]),
)


@settings(max_examples=15, deadline=None)
@given(st.lists(events, max_size=20), st.integers(1, 4))
def test_pages_put_together_are_the_whole_record(happened: list[Shown], size: int) -> None:
    con = connect(happened)
    group = find_group(con, [read_ref("strangers", KEYS)])
    readers: tuple[Callable[[int | None, Mark | None], Page], ...] = (
        lambda limit, before: entries_of_person(con, "1", limit, before),
        lambda limit, before: entries_of_group(con, group, limit, before),
    )
    for read in readers:
        whole = read(None, None).entries
        assert whole == sorted(whole, key=lambda e: e.at)
        put_together: list[object] = []
        before: Mark | None = None
        while True:
            page = read(size, before)
            assert len(page.entries) <= size
            put_together = [*page.entries, *put_together]
            if page.older is None:
                break
            before = Mark.read(str(page.older))
            assert before == page.older
        assert put_together == whole


@settings(max_examples=15, deadline=None)
@given(st.lists(events, max_size=20))
def test_the_figures_of_a_person_are_those_of_the_record(happened: list[Shown]) -> None:
    con = connect(happened)
    mine = [e for e in happened if e.person == "1"]
    of: dict[tuple[str, str], list[Shown]] = {}
    for e in mine:
        level = "account" if e.account else "session"
        of.setdefault((level, e.principal(level) or ""), []).append(e)
    with summary.of_person(con, "1") as told:
        assert (told.times_shown, told.times_withheld) == (
            sum(1 for e in mine if e.shown),
            sum(1 for e in mine if not e.shown),
        )
        assert told.times_possible == sum(1 for e in mine if e.shown and e.status == 500)
        assert told.fields == dict(sorted(Counter(f for e in mine for f in e.shown).items()))
        assert told.recipients_in_all == len(of)
        found = [r for skip in range(len(of)) for r in told.recipients(1, skip)]
    assert {(r.level, r.name): (r.first, r.last, r.times, r.withheld, set(r.fields)) for r in found} == {
        who: (
            min(e.at for e in some),
            max(e.at for e in some),
            sum(1 for e in some if e.shown),
            sum(1 for e in some if not e.shown),
            {f for e in some for f in e.shown},
        )
        for who, some in of.items()
    }
    assert [r.times for r in found] == sorted((r.times for r in found), reverse=True)


@settings(max_examples=15, deadline=None)
@given(st.lists(events, max_size=20))
def test_the_figures_of_a_principal_are_those_of_its_record(happened: list[Shown]) -> None:
    con = connect(happened)
    group = find_group(con, [read_ref("strangers", KEYS)])
    mine = [e for e in happened if not e.account]
    with summary.of_group(con, group) as told:
        assert told.people == len({e.person for e in mine if e.shown})
        assert (told.disclosures, told.withheld) == (
            sum(1 for e in mine if e.shown),
            sum(1 for e in mine if not e.shown),
        )
        assert told.entries == len(mine)
        assert told.first == min((e.at for e in mine), default=None)
        assert told.everybody() == sorted({e.person for e in mine if e.shown})
        assert {p.person: p.times for p in told.shown(9)} == {
            person: sum(1 for e in mine if e.person == person and e.shown) for person in {e.person for e in mine}
        }


def test_answers_are_counted_where_the_table_of_entries_is_kept_for_a_shorter_time() -> None:
    con = connect([Shown(NOW - timedelta(hours=n), str(n)) for n in range(4)])
    con.execute("DELETE FROM entries WHERE seq > 2")
    group = find_group(con, [read_ref("strangers", KEYS)])
    with summary.of_group(con, group) as told:
        assert [(p.answers, p.people) for p in told.pages] == [(4, 4)]


def test_a_visitor_without_a_session_is_one_recipient_over_the_days_that_can_be_linked() -> None:
    con = connect([Shown(NOW - timedelta(days=n), "1") for n in range(3)])
    con.execute("UPDATE disclosures SET session = NULL")
    con.execute("DELETE FROM links WHERE day = ?", [(NOW - timedelta(days=2)).date()])
    with summary.of_person(con, "1") as told:
        assert [(r.level, r.times) for r in told.recipients(9)] == [("address", 2), ("address", 1)]
        assert told.recipients(1)[0].name == keyed("address", "203.0.113.9")
    answer = subject.of_person(con, "1", Retention(), NOW)
    assert [d["recipient"] for d in answer["disclosures"]] == [1, 2, 2]


def test_a_long_answer_to_a_person_says_what_it_leaves_out_and_numbers_recipients_over_all_of_it() -> None:
    con = connect([Shown(NOW - timedelta(hours=n), "1", address=f"203.0.{n}.9") for n in range(5)])
    answer = subject.of_person(con, "1", Retention(), NOW, limit=2)
    assert [d["recipient"] for d in answer["disclosures"]] == [4, 5]
    assert (answer["times_shown"], answer["recipients"]) == (5, 5)
    assert answer["not_in_here"][0].startswith("3 older disclosures, one by one")
    assert "The last 2 disclosures:" in subject.in_words(answer)
    whole = subject.of_person(con, "1", Retention(), NOW, limit=None)
    assert len(whole["disclosures"]) == 5
    assert not any("older disclosures" in sentence for sentence in whole["not_in_here"])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(max_size=6) | st.sampled_from(["=1", " @x", "'y", 'a"b', "c,d", "e\r\nf"]), max_size=4))
def test_a_csv_of_duckdbs_making_is_as_one_of_ours(routes: list[str]) -> None:
    routes = [r for r in routes if r]
    con = connect(Shown(NOW - timedelta(hours=n), "1", route=route) for n, route in enumerate(routes))
    text = "".join(written.csv_lines(con, written.rows_of_person("1")))
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [r["route"] for r in rows] == [cell(route) for route in reversed(routes)]


@settings(max_examples=10, deadline=None)
@given(st.lists(events, max_size=12), st.integers(0, 2), st.sampled_from(["=1", 'a"b', "c\nd"]))
def test_affected_says_the_same_in_rows_pages_json_and_csv(happened: list[Shown], kept: int, odd: str) -> None:
    con = connect([*happened, Shown(NOW, odd)], (NOW - timedelta(days=kept)).date())
    group = find_group(con, [read_ref("strangers", KEYS)])
    found = affected(con, group, Period(NOW - timedelta(days=9), NOW + timedelta(days=1)))
    rows = [json.loads(json.dumps(r.as_data())) for r in found.rows]
    assert [r for skip in range(0, len(rows), 2) for r in found.page(2, skip)] == found.rows
    document = json.loads("".join(written.json_of_affected(found)))
    assert document == {**found.summary(), "rows": rows, "gap_list": []}
    text = "".join(written.csv_lines(found.kept, written.rows_of_affected(), written.AFFECTED))
    assert list(csv.DictReader(io.StringIO(text, newline=""))) == [{k: cell(v) for k, v in r.items()} for r in rows]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Half is compacted, half is still in the segment."""
    net = {"net": "0c" * 12, "a": "1a" * 12}
    segment = Segment(tmp_path)
    segment.append(*({**disclosure("42", 3, 4, SESSION, AT_MS + n * 1_000), **net} for n in range(15)))
    Store.open(tmp_path, "directory").compact()
    segment.append(
        *({**disclosure("42", 1, 0, ANOTHER, AT_MS + 20_500 + n * 1_000), **net, "code": 500} for n in range(15)),
        {**disclosure("=7", 4, 0, SESSION, AT_MS + 60_000), **net},
        {"t": AT_MS + 70_000, "k": "verdict", "s": SESSION, "act": "prove", "mode": "watch", "why": ["budget"], **net},
    )
    return tmp_path


def ask(state: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["ledger", *words, "--state", str(state)])


def test_a_person_is_told_in_figures_then_the_last_entries_and_how_many_are_left_out(state: Path) -> None:
    said = ask(state, "person", "42")
    assert said.exit_code == 0
    assert said.stdout.startswith(
        "42: shown 30 times, from 2026-11-18T11:06:40Z to 2026-11-18T11:07:14Z, to 2 recipients"
    )
    assert "of these 15 times are possible" in said.stdout
    assert sum("showed  42" in line for line in said.stdout.splitlines()) == 20
    assert "10 older entries are not shown; --limit N" in said.stderr
    assert sum("showed  42" in line for line in ask(state, "person", "42", "--all").stdout.splitlines()) == 30
    figures = ask(state, "person", "42", "--summary")
    assert "showed" not in figures.stdout
    assert figures.stderr == ""
    data = json.loads(ask(state, "person", "42", "--summary", "--json").stdout)
    assert (data["entries"], data["recipients"], data["sketches"]) == (30, 2, 0)
    assert [(r["principal"], r["confidence"]) for r in data["first_recipients"]] == [
        (SESSION, "confirmed"),
        (ANOTHER, "possible"),
    ]


def test_json_is_the_whole_record_and_says_so_where_it_is_not(state: Path) -> None:
    whole = [json.loads(line) for line in ask(state, "person", "42", "--json").stdout.splitlines()]
    with Store.open(state, "directory").snapshot() as snapshot, snapshot.connect() as con:
        same = [json.loads(json.dumps(e.as_data())) for e in entries_of_person(con, "42").entries]
    assert whole == same
    assert len(whole) == 30
    some = [json.loads(line) for line in ask(state, "person", "42", "--json", "--limit", "4").stdout.splitlines()]
    assert some[:-1] == whole[-4:]
    assert (some[-1]["kind"], some[-1]["entries"]) == ("left_out", 26)
    of_session = ask(state, "principal", f"session:{SESSION}", "--json").stdout.splitlines()
    assert Counter(json.loads(line)["kind"] for line in of_session) == {"disclosure": 16, "verdict": 1}
    limited = ask(state, "principal", f"session:{SESSION}", "--json", "--limit", "2").stdout.splitlines()
    assert json.loads(limited[-1])["entries"] == 15


def test_files_hold_every_entry_and_nobody_elses_eyes_see_them(state: Path, tmp_path: Path) -> None:
    for form in ("csv", "parquet", "json"):
        for who in (("person", "42"), ("principal", f"session:{SESSION}")):
            out = tmp_path / f"{who[0]}.{form}"
            said = ask(state, *who, "--format", form, "--out", str(out))
            assert said.exit_code == 0, said.output
            assert out.stat().st_mode & 0o077 == 0
            assert ask(state, *who, "--format", form, "--out", str(out)).exit_code == 1
    rows = list(csv.DictReader(io.StringIO((tmp_path / "principal.csv").read_bytes().decode(), newline="")))
    assert Counter((r["kind"], r["person"], r["confidence"]) for r in rows) == {
        ("disclosure", "42", "confirmed"): 15,
        ("disclosure", "'=7", "confirmed"): 1,
        ("verdict", "", ""): 1,
    }
    assert ask(state, "principal", f"session:{SESSION}", "--format", "csv").stdout.count("\n") == 18
    with duckdb.connect() as con:
        stored = con.read_parquet(str(tmp_path / "person.parquet"))
        assert tuple(stored.columns) == written.COLUMNS
        assert stored.aggregate("count(*), count(DISTINCT session)").fetchall() == [(30, 2)]
    assert len((tmp_path / "person.json").read_text().splitlines()) == 30


def test_a_table_says_that_days_without_detail_are_not_in_it(tmp_path: Path) -> None:
    Segment(tmp_path).append({**disclosure("42", 1, at_ms=AT_MS - 60 * 86_400_000), "net": "0c" * 12})
    store = Store.open(tmp_path, "directory")
    store.compact()
    store.thin(Retention(sketch_days=3_660))
    said = ask(tmp_path, "person", "42", "--format", "csv", "--out", str(tmp_path / "42.csv"))
    assert said.exit_code == 0, said.output
    assert "2 sketches of days up to 2026-09-19, of which no entry is left, are not in it" in said.stderr
    assert {json.loads(line)["kind"] for line in ask(tmp_path, "person", "42", "--json").stdout.splitlines()} == {
        "sketch"
    }
    assert ask(tmp_path, "person", "43", "--format", "csv").exit_code == 1


def test_what_contradicts_itself_is_refused_in_words(state: Path, tmp_path: Path) -> None:
    for words, why in (
        (("--format", "parquet"), "--out"),
        (("--format", "csv", "--limit", "3"), "--limit"),
        (("--all", "--limit", "3"), "--limit"),
        (("--summary", "--format", "csv"), "--summary"),
        (("--out", str(tmp_path / "x.txt")), "--format"),
    ):
        said = ask(state, "person", "42", *words)
        assert said.exit_code == 1
        assert why in said.stderr
    assert not (tmp_path / "x.txt").exists()
