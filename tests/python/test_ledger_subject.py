"""A person's own question: everything about them, nothing that is about others."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from typer.testing import CliRunner, Result

from hedgerow import _engine
from hedgerow.cli import app
from hedgerow.ledger.questions import subject
from hedgerow.ledger.questions.refs import find_group, read_ref
from hedgerow.ledger.store.retention import Retention
from ledger_views import NOW, Shown, TestKeys, connect, keyed
from written_ledger import ANOTHER, AT_MS, SECRET, SESSION, Segment, disclosure

ACCOUNT = _engine.account_name(SECRET, "directory", "8812")


def ask(state: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["ledger", "subject", *words, "--state", str(state)])


def ledger_of(state: Path) -> None:
    member = {**disclosure("42", 7, 0, ANOTHER, AT_MS + 5_000), "acc": ACCOUNT, "st": "member"}
    verdict = {"t": AT_MS + 9_000, "k": "verdict", "acc": ACCOUNT, "act": "refuse", "mode": "watch", "why": ["budget"]}
    Segment(state).append(
        disclosure("42", 1, 4),
        disclosure("42", 0, 4, SESSION, AT_MS + 1_000),
        disclosure("secret-other", 7),
        member,
        {**disclosure("7", 2, 0, ANOTHER, AT_MS + 6_000), "acc": ACCOUNT, "st": "member"},
        verdict,
    )


def test_a_person_is_told_every_disclosure_and_no_name_of_a_recipient(tmp_path: Path) -> None:
    ledger_of(tmp_path)
    said = ask(tmp_path, "--person", "42", "--json")
    assert said.exit_code == 0
    answer = json.loads(said.stdout)
    assert [(d["fields"], d["withheld"], d["recipient"]) for d in answer["disclosures"]] == [
        (["name"], ["email"], 1),
        ([], ["email"], 1),
        (["name", "town", "email"], [], 2),
    ]
    assert (answer["times_shown"], answer["times_withheld"], answer["recipients"]) == (2, 1, 2)
    assert [d["recipient_is"] for d in answer["disclosures"]][-1] == "a member"
    for name in (SESSION, ANOTHER, ACCOUNT, "secret-other", "7K3M-P9QT-2XWA"):
        assert name not in said.stdout
    words = ask(tmp_path, "--person", "42").stdout
    assert "shown 2 times, to 2 recipients" in words
    assert "What is not in this answer, and why:" in words
    assert SESSION[:8] not in words


def test_an_account_is_told_what_it_did_and_others_are_counted_until_the_operator_decides(tmp_path: Path) -> None:
    ledger_of(tmp_path)
    said = ask(tmp_path, "--account", "8812", "--json")
    answer = json.loads(said.stdout)
    assert answer["people_shown"] == 2
    assert answer["pages"] == [
        {"page": "member", "answers": 2, "people": 2, "fields": {"email": 1, "name": 1, "town": 2}}
    ]
    (decision,) = answer["decisions"]
    assert (decision["what"], decision["carried_out"], decision["reasons"]) == ("refuse", False, ["budget"])
    assert "people" not in answer
    assert '"42"' not in said.stdout
    assert any("Article 15(4)" in sentence for sentence in answer["not_in_here"])
    with_people = json.loads(ask(tmp_path, "--account", "8812", "--with-people", "--json").stdout)
    assert with_people["people"] == ["42", "7"]


def test_of_thinned_days_it_is_told_what_is_still_known() -> None:
    happened = [
        Shown(NOW - timedelta(days=n), "1", ("email", "name"), account="ann" if n % 2 else None) for n in (1, 50, 61)
    ]
    con = connect(happened, (NOW - timedelta(days=31)).date())
    answer = subject.of_person(con, "1", Retention(), NOW)
    assert answer["times_shown"] == 1
    assert {(d["day"], d["to"]) for d in answer["older_days"]} >= {
        ("2026-10-07", "somebody who was not signed in"),
        ("2026-09-26", "an account of the site"),
    }
    assert not {keyed("account", "ann"), happened[1].network} & set(json.dumps(answer).split('"'))
    group = find_group(con, [read_ref("account:ann", TestKeys())])
    mine = subject.of_account(con, group, "ann", Retention(), NOW, with_people=False)
    assert mine["older_days"] == [{"day": "2026-09-26", "people": 1, "fields": ["email", "name"]}]


def test_every_kind_of_data_is_explained_with_how_long_it_is_kept() -> None:
    told = subject.explanations(Retention(10, 10, 7, 31, 99, 0))
    assert all(set(e) == {"data", "what", "purpose", "kept", "source"} and all(e.values()) for e in told)
    kept = {e["data"]: e["kept"] for e in told}
    assert kept["single disclosures"].startswith("31 days")
    assert kept["sketches"] == "99 days"
    assert kept["sealed addresses"] == "not kept"


def test_it_is_said_about_whom_and_written_down_without_naming_them(tmp_path: Path) -> None:
    ledger_of(tmp_path)
    for words in ((), ("--person", "42", "--account", "8812"), ("--person", "42", "--with-people")):
        assert ask(tmp_path, *words).exit_code == 1
    assert not (tmp_path / "audit.jsonl").exists()
    ask(tmp_path, "--person", "secret-other")
    ask(tmp_path, "--account", "8812")
    trail = (tmp_path / "audit.jsonl").read_text()
    assert "secret-other" not in trail
    assert "8812" not in trail
    assert [json.loads(line)["what"] for line in trail.splitlines()] == ["subject", "subject"]


def test_somebody_who_is_not_in_the_ledger_gets_an_answer_that_says_so(tmp_path: Path) -> None:
    ledger_of(tmp_path)
    answer = json.loads(ask(tmp_path, "--person", "nobody", "--json").stdout)
    assert (answer["times_shown"], answer["disclosures"]) == (0, [])
    assert json.loads(ask(tmp_path, "--account", "nobody", "--json").stdout)["people_shown"] == 0


def test_what_segments_still_hold_is_not_said_to_be_gone() -> None:
    kept = {
        e["data"]: e["kept"] for e in subject.explanations(Retention(entries_days=90, disclosures_days=7, links_days=2))
    }
    assert kept["single disclosures"].startswith("31 days")
    assert kept["decisions"] == "90 days"
    assert kept["keyed names"] == "links between the days: 31 days"
