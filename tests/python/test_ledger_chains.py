"""The audit trail and the figures: append-only, chained, and found out when anybody touches them."""

from __future__ import annotations

import json
import multiprocessing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.ledger import chained
from hedgerow.ledger.figures import FigureError, Figures
from hedgerow.ledger.trail import Trail, TrailError
from written_ledger import SECRET

KEY = b"k" * 32
AT = datetime(2026, 11, 26, 12, tzinfo=UTC)

facts = st.dictionaries(
    st.sampled_from(["what", "site", "note", "n"]),
    st.one_of(st.text(max_size=20), st.integers(), st.booleans(), st.none(), st.lists(st.text(max_size=5), max_size=3)),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(facts, min_size=1, max_size=6))
def test_what_is_appended_is_read_back_and_verifies(
    tmp_path_factory: pytest.TempPathFactory, lines: list[dict[str, object]]
) -> None:
    path = tmp_path_factory.mktemp("chain") / "x.jsonl"
    for line in lines:
        chained.append(path, line, KEY)
    found = list(chained.read(path))
    assert [{k: v for k, v in f.items() if k not in ("previous", "hash", "seal")} for f in found] == lines
    verified = chained.verify(path, KEY)
    assert (verified.lines, verified.problems, verified.last) == (len(lines), (), found[-1]["hash"])


def test_any_changed_removed_or_swapped_line_is_found(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    for n in range(5):
        chained.append(path, {"n": n}, KEY)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    harmed = [
        whole.replace(b'"n":2', b'"n":7'),
        b"".join(lines[:2] + lines[3:]),
        b"".join([lines[1], lines[0], *lines[2:]]),
        b"".join([*lines[:2], lines[1], *lines[2:]]),
        b"".join(lines[1:]),
        whole[:-1],
        whole + b"{}\n",
        whole + b"half",
    ]
    for harm in harmed:
        path.write_bytes(harm)
        assert chained.verify(path, KEY).problems, harm
    for at in range(0, len(whole), 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert chained.verify(path, KEY).problems, at
    path.write_bytes(whole)
    assert chained.verify(path, KEY).problems == ()


def test_lines_from_before_there_was_a_chain_are_covered_by_it(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_text('{"what": "open-address"}\n{"what": "open-address", "n": 2}\n')
    chained.append(path, {"what": "sql"}, KEY)
    assert chained.verify(path, KEY).problems == ()
    path.write_text(path.read_text().replace('"n": 2', '"n": 3'))
    assert chained.verify(path, KEY).problems


def test_nothing_is_appended_to_half_a_line_or_through_a_link(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    chained.append(path, {"n": 1}, KEY)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(chained.ChainError, match="middle of a line"):
        chained.append(path, {"n": 2}, KEY)
    link = tmp_path / "link.jsonl"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(chained.ChainError):
        chained.append(link, {"n": 1}, KEY)
    assert not (tmp_path / "elsewhere").exists()


def _write(path: Path) -> None:
    for n in range(10):
        chained.append(path, {"n": n}, KEY)


def test_several_processes_at_once_make_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_write, args=(path,)) for _ in range(3)]
    for w in workers:
        w.start()
    for w in workers:
        w.join(60)
    assert chained.verify(path, KEY).problems == ()
    assert chained.verify(path, KEY).lines == 30


def test_a_deed_that_cannot_be_recorded_is_not_done(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").mkdir()
    with pytest.raises(TrailError, match="nothing was done"):
        Trail(tmp_path).record("sql")


def test_the_trail_names_people_by_keyed_names_only(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    trail = Trail(tmp_path, lambda: AT)
    assert trail.person_name("42") == trail.person_name("42") != trail.person_name("43")
    hidden = trail.statement("SELECT 'it''s 42', 42.5, \"at\" -- 42\nFROM people /* 42 */ WHERE x = '42'")
    assert "42" not in "".join(part.partition(">")[2] for part in hidden.split("<"))
    assert '"at"' in hidden
    assert "FROM people" in hidden
    (tmp_path / "secret").unlink()
    with pytest.raises(TrailError, match="secret"):
        trail.person_name("42")


def test_a_later_figure_supersedes_and_never_overwrites(tmp_path: Path) -> None:
    figures = Figures(tmp_path, lambda: AT)
    first = figures.record("case 12", "club", {"ask": "affected"}, {"people": 100})
    figures.record("other", "club", {}, {"people": 1})
    second = figures.record("case 12", "club", {"ask": "affected"}, {"people": 120})
    assert (first["number"], first["supersedes"]) == (1, None)
    assert (second["number"], second["supersedes"]) == (2, first["hash"])
    assert [f["answer"]["people"] for f in figures.history("case 12")] == [100, 120]
    assert figures.names() == ["case 12", "other"]
    assert chained.verify(figures.path, None).problems == ()
    for wrong in ("", "x" * 101, "a\nb", " leading"):
        with pytest.raises(FigureError):
            figures.record(wrong, "club", {}, {})
    assert all(json.loads(line) for line in figures.path.read_text().splitlines())


def test_a_chain_that_was_written_anew_without_the_secret_is_found(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    for n in range(4):
        chained.append(path, {"n": n}, KEY)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    plain = [{"n": line["n"] + 1} for line in lines]
    path.write_text("".join(json.dumps(line) + "\n" for line in plain))
    assert chained.verify(path, KEY).problems
    path.unlink()
    for line in plain:
        chained.append(path, line, None)
    assert chained.verify(path, KEY).problems
    with path.open("a") as file:
        file.write(json.dumps(lines[-1]) + "\n")
    assert chained.verify(path, KEY).problems
    path.unlink()
    for line in plain:
        chained.append(path, line, b"x" * 32)
    assert chained.verify(path, KEY).problems
    with pytest.raises(chained.ChainError, match="secret"):
        chained.append(path, {"n": 9}, None)


def test_lines_from_before_there_was_a_seal_are_covered_and_no_further_ones_can_be_slipped_in(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_text('{"n": 0}\n')
    chained.append(path, {"n": 1}, None)
    chained.append(path, {"n": 2}, KEY)
    chained.append(path, {"n": 3}, KEY)
    assert chained.verify(path, KEY).problems == ()
    whole = path.read_text()
    for harmed in ('{"n": 9}\n' + whole, whole.replace('{"n": 0}\n', ""), whole.replace('"n": 0', '"n": 5')):
        path.write_text(harmed)
        assert chained.verify(path, KEY).problems


def test_a_line_of_one_chain_does_not_pass_for_one_of_another(tmp_path: Path) -> None:
    chained.append(tmp_path / "audit.jsonl", {"n": 1}, KEY)
    (tmp_path / "audit.jsonl").rename(tmp_path / "figures.jsonl")
    assert chained.verify(tmp_path / "figures.jsonl", KEY).problems


def _figures(state: Path) -> None:
    for n in range(8):
        Figures(state).record("case 12", "club", {}, {"people": n})


def test_several_figures_at_once_each_have_a_number_of_their_own(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_figures, args=(tmp_path,)) for _ in range(3)]
    for w in workers:
        w.start()
    for w in workers:
        w.join(60)
    found = Figures(tmp_path).history("case 12")
    assert [f["number"] for f in found] == list(range(1, 25))
    assert [f["supersedes"] for f in found[1:]] == [f["hash"] for f in found[:-1]]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT $x$alice@example.com$x$",
        "SELECT $$alice@example.com$$",
        "SELECT E'it\\'s alice@example.com '",
        "SELECT 1 /* /* */ alice@example.com */",
        'SELECT 1 AS "alice@example.com"',
        "SELECT 'unfinished, alice@example.com",
        "SELECT 1 -- alice@example.com",
        "SELECT 'alice@example.com', '--', 'alice@example.com'",
        "SELECT 1_0alice",
    ],
)
def test_no_value_of_a_statement_reaches_the_trail(tmp_path: Path, statement: str) -> None:
    (tmp_path / "secret").write_text(SECRET)
    assert "alice" not in Trail(tmp_path).statement(statement)
