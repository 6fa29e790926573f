"""`hedgerow audit` from end to end, on logs that tests make."""

from __future__ import annotations

import bz2
import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from audit_logs import BEGIN_S, CHROME, FORMATS, Hit, Traffic, combined, harvest, visitors, write
from hedgerow.audit import routes_first
from hedgerow.cli import app

pytest.importorskip("hedgerow._engine")

PEOPLE = 300


@pytest.fixture(scope="module")
def traffic() -> Traffic:
    return harvest(visitors(3, people=PEOPLE, count=500), people=PEOPLE, addresses=40, each=7)


def _run(*words: str | Path) -> Any:
    return CliRunner().invoke(app, [str(w) for w in words])


def _audit(out: Path, *words: str | Path) -> dict[str, Any]:
    done = _run("audit", "--out", out, *words)
    assert done.exit_code == 0, done.output
    report: dict[str, Any] = json.loads((out / "report.json").read_text())
    return report


def _lasting(report: dict[str, Any]) -> dict[str, Any]:
    """What must not depend on files, workers or the clock."""
    kept = {k: v for k, v in report.items() if k not in {"made", "next"}}
    log = {k: v for k, v in report["log"].items() if k not in {"files", "engine"}}
    return kept | {"log": log, "map": report["map"] | {"file": None}}


@pytest.mark.parametrize("log_format", FORMATS)
def test_a_planted_harvest_is_found_in_every_format(tmp_path: Path, traffic: Traffic, log_format: str) -> None:
    report = _audit(tmp_path / "out", write(tmp_path / "a.log", traffic.ordered(), log_format))
    assert report["log"]["read"] == len(traffic.hits)
    assert report["log"]["skipped_lines"] == 0
    assert report["people"]["seen"] == len({h.path for h in traffic.hits if h.path.startswith("/members/")})
    found = report["harvests"][0]
    assert found["kind"] == "group"
    assert 38 <= found["actors"] <= 42
    assert report["taken"]["people"] >= 0.9 * len(traffic.taken)
    assert [r["path"] for r in report["map"]["routes"] if r["person"] == "path"] == ["/members/{person}"]


def test_who_only_says_that_it_makes_previews_is_searched_like_anybody(tmp_path: Path, traffic: Traffic) -> None:
    hits = traffic.ordered()
    hits += [
        Hit(BEGIN_S + 9 * i, "198.51.100.7", f"/members/{i + 1}", agent="facebookexternalhit/1.1")
        for i in range(PEOPLE)
    ]
    report = _audit(tmp_path / "out", write(tmp_path / "a.log", hits))
    assert all(d["lane"] != "preview" for d in report["declared"])
    assert any(h["actors"] == 1 and h["people"] == PEOPLE for h in report["harvests"] + report["by_amount"])


def test_a_page_that_was_not_modified_counts_as_shown_and_the_report_says_so(tmp_path: Path, traffic: Traffic) -> None:
    hits = traffic.ordered()
    report = _audit(tmp_path / "out", write(tmp_path / "a.log", hits))
    again = [*hits, Hit(BEGIN_S + 7, "198.51.100.7", "/members/299", status=304)]
    more = _audit(tmp_path / "more", write(tmp_path / "b.log", again))
    assert more["people"]["requests"] == report["people"]["requests"] + 1
    assert any("304" in limit for limit in more["method"]["limits"])


def test_a_member_of_a_small_club_who_reads_much_is_named_for_the_amount_alone(tmp_path: Path) -> None:
    hits = visitors(8, people=200, count=60).ordered()
    hits += [Hit(BEGIN_S + 40 * i, "198.51.100.7", f"/members/{i + 1}", agent=CHROME.format(131)) for i in range(50)]
    report = _audit(tmp_path / "out", write(tmp_path / "a.log", hits))
    assert [a["people"] for a in report["by_amount"]] == [50]
    assert report["taken"]["people"] == 0
    html = (tmp_path / "out" / "report.html").read_text()
    assert "No harvest was found" in html
    assert "No harvest is certain, but one visitor read 42 % of the people in this log" in html
    assert "Nobody in it reads people as somebody does who collects them" not in html
    assert "72 hours" not in html
    assert "By amount" in html


def test_commands_of_the_next_steps_do_one_thing_each(tmp_path: Path, traffic: Traffic) -> None:
    report = _audit(tmp_path / "out", write(tmp_path / "a.log", traffic.ordered()))
    commands = {s["what"]: s["command"] for s in report["next"] if s["command"]}
    assert not any("enforce" in c for c in commands.values())
    assert "hedgerow ledger affected" in commands["List the people affected"]
    assert "ledger person" not in commands["List the people affected"]


def test_ordinary_traffic_has_no_harvest(tmp_path: Path) -> None:
    report = _audit(tmp_path / "out", write(tmp_path / "a.log", visitors(4, people=PEOPLE, count=500).ordered()))
    assert report["harvests"] == []
    assert report["taken"]["people"] == 0
    assert "No harvest was found" in (tmp_path / "out" / "report.html").read_text()


def test_files_workers_and_order_change_nothing(tmp_path: Path, traffic: Traffic) -> None:
    hits = traffic.ordered()
    lines = [combined(h) + "\n" for h in hits]
    whole = tmp_path / "whole.log"
    whole.write_text("".join(lines))
    third = len(lines) // 3
    (tmp_path / "p.log").write_text("".join(reversed(lines[:third])))
    (tmp_path / "p.log.1.gz").write_bytes(gzip.compress("".join(lines[third : 2 * third]).encode()))
    (tmp_path / "p.log.2.bz2").write_bytes(bz2.compress("".join(lines[2 * third :]).encode()))
    out = tmp_path / "out"
    first = _audit(out, whole, "--workers", "1")
    second = _audit(out, *sorted(tmp_path.glob("p.log*"), reverse=True), "--workers", "3")
    assert _lasting(second) == _lasting(first)


def test_what_is_learnt_from_a_part_does_not_depend_on_how_the_log_is_split(
    tmp_path: Path, traffic: Traffic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes_first, "MOST_PATHS", 400)
    hits = traffic.ordered()
    pages = [h for h in hits if h.path.startswith("/members/")]
    others = [h for h in hits if not h.path.startswith("/members/")]
    first = _audit(tmp_path / "one", write(tmp_path / "whole.log", hits))
    second = _audit(tmp_path / "two", write(tmp_path / "a.log", others), write(tmp_path / "b.log", pages))
    assert second["map"]["routes"] == first["map"]["routes"]
    assert second["people"] == first["people"]
    assert second["taken"] == first["taken"]
    assert any("chosen by a hash" in d for d in second["map"]["doubts"])


def test_lines_that_cannot_be_read_are_counted_and_shown_with_examples(tmp_path: Path, traffic: Traffic) -> None:
    lines = [combined(h) for h in traffic.ordered()]
    broken = [
        "not a log line at all",
        '203.0.113.9 - - [99/Foo/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "x"',
        "\x00\x01\x02",
    ]
    lines[100:100] = broken
    lines.insert(50, "x" * 1_100_000)
    log = tmp_path / "a.log"
    log.write_text("\n".join(lines) + "\n" + lines[-1][:40])
    report = _audit(tmp_path / "out", log)
    skipped = {s["reason"]: s for s in report["log"]["skipped"]}
    assert report["log"]["skipped_lines"] == 5
    assert report["log"]["lines"] == report["log"]["read"] + 5
    assert all(s["examples"] for s in skipped.values())
    html = (tmp_path / "out" / "report.html").read_text()
    assert "not a log line at all" in html
    assert "203.0.113.9" not in html
    assert all(len(e) <= 200 for s in skipped.values() for e in s["examples"])


def test_hostile_words_in_the_log_do_not_break_out_of_the_page(tmp_path: Path, traffic: Traffic) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}</style>"
    hits = traffic.ordered()
    hits += [Hit(BEGIN_S + i, f"198.51.100.{i}", f"/members/{i}", agent=f"curl/8 {evil}") for i in range(1, 60)]
    hits += [Hit(BEGIN_S + i, "198.51.100.200", f"/members/{i}", agent=f"Googlebot/2.1 {evil}") for i in range(1, 80)]
    hits += [Hit(BEGIN_S + i, "198.51.100.9", f"/profiles/{evil}/{i}") for i in range(40)]
    hits += [Hit(BEGIN_S + i, "198.51.100.9", f"/people/%3Cscript%3E{i}") for i in range(40)]
    log = write(tmp_path / "a.log", hits)
    log.write_text(log.read_text() + f"{evil} no line {evil}\n")
    out = tmp_path / "out"
    _run("audit", log, "--out", out)
    html = (out / "report.html").read_text()
    assert "<script" not in html
    assert "<img" not in html
    assert "onerror=alert(2)>" not in html
    assert html.count("</style>") == 1
    assert "49" not in re.findall(r"no line[^<]*", html)
    assert _run("check", out / "proposed-policy.yaml").exit_code == 0


def test_the_page_asks_nobody_for_anything(tmp_path: Path, traffic: Traffic) -> None:
    _audit(tmp_path / "out", write(tmp_path / "a.log", traffic.ordered()))
    html = (tmp_path / "out" / "report.html").read_text()
    assert "default-src 'none'" in html
    assert not re.search(r"""(?:src|href)=["'](?!#)""", html)
    assert not re.search(r"\sstyle=|\son\w+=|@import|url\(", html)
    assert re.search(r"style-src 'sha256-[A-Za-z0-9+/=]+'", html)


def test_a_log_without_people_says_so_and_what_to_do(tmp_path: Path) -> None:
    hits = [Hit(BEGIN_S + i, f"203.0.113.{i % 200}", f"/products/{i}") for i in range(300)]
    done = _run("audit", write(tmp_path / "a.log", hits), "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert "does not say whom it showed" in done.output
    assert "--map" in done.output
    assert (tmp_path / "out" / "report.html").exists()


def test_a_file_that_is_no_log_says_so_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("once upon a time\n" * 50)
    done = _run("audit", tmp_path / "a.log", "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert "No line of this log could be read" in done.output
    assert "--format" in done.output


def test_a_map_that_was_given_decides(tmp_path: Path) -> None:
    traffic = visitors(5, people=PEOPLE, count=500, path="/x/{}/y")
    harvest(traffic, people=PEOPLE, addresses=40, each=7, path="/x/{}/y")
    log = write(tmp_path / "a.log", traffic.ordered())
    assert _run("audit", log, "--out", tmp_path / "without").exit_code == 1
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "sites:\n  - name: club\n    upstream: http://127.0.0.1:3000\n"
        "    people:\n      fields: {name: basic, town: personal}\n"
        "      routes: [{path: '/x/{person}/y', kind: profile, person: path}]\n"
    )
    report = _audit(tmp_path / "with", log, "--map", policy, "--members", "1000")
    assert report["map"]["source"] == "given"
    assert report["site"] == "club"
    assert report["people"]["whole"] == 1000
    assert report["taken"]["share"] == pytest.approx(report["taken"]["people"] / 1000)
    assert not (tmp_path / "with" / "proposed-policy.yaml").exists()


def test_corrections_in_the_proposal_are_never_overwritten(tmp_path: Path, traffic: Traffic) -> None:
    log = write(tmp_path / "a.log", traffic.ordered())
    out = tmp_path / "out"
    _audit(out, log)
    proposal = out / "proposed-policy.yaml"
    corrected = proposal.read_text().replace("mode: watch", "mode: watch  # mine")
    proposal.write_text(corrected)
    _audit(out, log)
    assert proposal.read_text() == corrected
    assert (out / "proposed-policy.new.yaml").exists()


def test_the_ledger_of_an_audit_answers_the_ledgers_questions(tmp_path: Path, traffic: Traffic) -> None:
    log = write(tmp_path / "a.log", traffic.ordered())
    out = tmp_path / "out"
    _audit(out, log, "--ledger")
    planted = min(traffic.planted)
    by_person = _run("ledger", "person", "7", "--state", out, "--json")
    assert by_person.exit_code == 0, by_person.output
    by_address = _run("ledger", "principal", planted, "--state", out, "--json")
    assert by_address.exit_code == 0, by_address.output
    read = {p["person"] for line in by_address.stdout.splitlines() for p in json.loads(line)["people"]}
    assert read == {h.path.rsplit("/", 1)[1] for h in traffic.hits if h.address == planted}
    assert _run("ledger", "verify", "--state", out).exit_code == 0
    again = _run("audit", log, "--out", out, "--ledger")
    assert again.exit_code == 1
    assert "holds a ledger already" in again.output


def test_declared_programs_are_told_apart_from_people(tmp_path: Path, traffic: Traffic) -> None:
    hits = traffic.ordered()
    hits += [
        Hit(BEGIN_S + 9 * i, "198.51.100.7", f"/members/{i + 1}", agent="python-requests/2.32") for i in range(PEOPLE)
    ]
    report = _audit(tmp_path / "out", write(tmp_path / "a.log", hits))
    one = next(h for h in report["harvests"] if h["actors"] == 1)
    assert one["people"] == PEOPLE
    assert any("programming library" in s for s in one["signs"])
    assert report["policy"]["harvests"]["withheld_share"] > 0.4
    assert report["policy"]["likely_people"]["touched_share"] < 0.05


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["/nowhere/access.log"], "does not exist"),
        (["{log}", "{log}"], "same file"),
        (["{folder}"], "is a folder"),
        (["{log}", "--format", "morse"], "morse"),
        (["{log}", "--map", "/nowhere.yaml"], "nowhere.yaml"),
        (["{log}", "--site-name", "Not A Name"], "a name is made of small letters"),
    ],
)
def test_a_mistake_is_answered_with_what_to_do(tmp_path: Path, words: list[str], said: str) -> None:
    log = write(tmp_path / "a.log", [Hit(BEGIN_S, "203.0.113.1", "/members/1", agent=CHROME.format(1))])
    filled = [w.format(log=log, folder=tmp_path) for w in words]
    done = _run("audit", *filled, "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert said in done.output
    assert "Traceback" not in done.output
