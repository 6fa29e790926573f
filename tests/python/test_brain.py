"""The brain does what is due, keeps the old tables when the new policy is bad, and survives a missing edge."""

from __future__ import annotations

import json
import os
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fake_dns import FakeDns
from hedgerow.brain.children import Child
from hedgerow.brain.discovery import discover
from hedgerow.brain.folder import Folder, FolderError, write_words
from hedgerow.brain.loop import PATIENT, REFUSED_S, Brain
from hedgerow.brain.robots import UnreachableError
from hedgerow.brain.tables import Overrides, TablesError, compile_tables, write_tables
from hedgerow.brain.thresholds import notices
from hedgerow.cli import app, modes
from hedgerow.control import Control, ControlError, NotRunningError, RefusedError
from hedgerow.ledger.store import Store
from hedgerow.ledger.store.round import locked
from written_ledger import AT_MS, Segment, disclosure

POLICY = "sites:\n  - name: club\n    upstream: http://127.0.0.1:3000\n"


class FakeControl(Control):
    """An edge in this process: remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(Path("nowhere"))
        self.asked: list[dict[str, object]] = []
        self.answers_by_verb: dict[str, dict[str, object]] = {}
        self.down = False
        self.fails: dict[str, ControlError] = {}

    def ask(self, do: str, **words: object) -> dict[str, object]:
        """Answers at once."""
        if self.down:
            raise NotRunningError("down")
        self.asked.append({"do": do, **words})
        if do in self.fails:
            raise self.fails[do]
        return {"ok": True, **self.answers_by_verb.get(do, {})}

    def count(self, do: str) -> int:
        return sum(1 for a in self.asked if a["do"] == do)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def brain(tmp_path: Path) -> Brain:
    folder = Folder(tmp_path / "s")
    folder.prepare()
    config = tmp_path / "hedgerow.yaml"
    config.write_text(POLICY)
    return Brain(
        folder,
        config,
        Overrides(),
        FakeControl(),
        FakeDns(),
        lambda _url, _host: "User-agent: *\nDisallow: /x\n",
        Clock(),
    )


def control_of(brain: Brain) -> FakeControl:
    assert isinstance(brain.control, FakeControl)
    return brain.control


def tables_of(brain: Brain) -> dict[str, Any]:
    tables: dict[str, Any] = json.loads(brain.folder.policy.read_text())
    return tables


def rewrite(brain: Brain, text: str) -> None:
    brain.config.write_text(text)
    stat = brain.config.stat()
    # Two writes within one tick of the file system's clock would look like none.
    os.utime(brain.config, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000_000))


def test_a_changed_policy_is_compiled_and_the_edge_is_told(brain: Brain) -> None:
    brain.round()
    before = control_of(brain).count("reload")
    rewrite(brain, POLICY + "    title: Chess club\n")
    brain.round()
    assert control_of(brain).count("reload") == before + 1
    assert tables_of(brain)["sites"][0]["title"] == "Chess club"


def test_an_unchanged_policy_disturbs_nobody(brain: Brain) -> None:
    brain.round()
    before = control_of(brain).count("reload")
    brain.round()
    brain.round()
    assert control_of(brain).count("reload") == before


def test_a_bad_policy_leaves_the_tables_in_force(brain: Brain, capsys: pytest.CaptureFixture[str]) -> None:
    brain.round()
    before = tables_of(brain)
    rewrite(brain, POLICY + "    mode: enforced\n")
    brain.round()
    assert tables_of(brain) == before
    said = capsys.readouterr()
    assert "did you mean `enforce`" in said.out + said.err
    rewrite(brain, POLICY + "    mode: enforce\n")
    brain.round()
    assert tables_of(brain)["sites"][0]["mode"] == "enforce"


def test_a_policy_file_that_is_gone_leaves_the_tables_in_force(brain: Brain) -> None:
    brain.round()
    before = tables_of(brain)
    brain.config.unlink()
    brain.round()
    assert tables_of(brain) == before


def test_an_edge_that_was_down_is_told_as_soon_as_it_is_back(brain: Brain) -> None:
    control_of(brain).down = True
    brain.round()
    control_of(brain).down = False
    assert isinstance(brain.clock, Clock)
    brain.clock.now += 10
    brain.round()
    assert control_of(brain).count("reload") >= 1


def pass_s(brain: Brain, seconds: float) -> None:
    assert isinstance(brain.clock, Clock)
    brain.clock.now += seconds


def refuse(brain: Brain) -> None:
    control_of(brain).fails = {"reload": RefusedError("no such file")}


def test_tables_that_the_edge_refuses_give_way_to_those_it_took(brain: Brain) -> None:
    brain.round()
    before, asked = tables_of(brain), control_of(brain).count("reload")
    refuse(brain)
    rewrite(brain, POLICY + "    title: Refused\n")
    brain.round()
    assert control_of(brain).count("reload") == asked + 1
    assert tables_of(brain) == before
    control_of(brain).fails = {}
    pass_s(brain, REFUSED_S)
    brain.round()
    assert tables_of(brain)["sites"][0]["title"] == "Refused", "what it lacked has come"


def test_a_refused_policy_is_offered_again_after_a_while_and_a_mended_one_at_once(brain: Brain) -> None:
    brain.round()
    refuse(brain)
    rewrite(brain, POLICY + "    title: Refused\n")
    brain.round()
    asked = control_of(brain).count("reload")
    for _ in range(int(REFUSED_S) - 1):
        pass_s(brain, 1)
        brain.round()
    assert control_of(brain).count("reload") == asked
    pass_s(brain, 1)
    brain.round()
    assert control_of(brain).count("reload") == asked + 1
    control_of(brain).fails = {}
    rewrite(brain, POLICY + "    title: Mended it is\n")
    brain.round()
    assert tables_of(brain)["sites"][0]["title"] == "Mended it is"
    assert control_of(brain).count("reload") == asked + 2


def test_an_edge_that_cannot_start_finds_the_mended_tables_and_not_those_it_died_of(brain: Brain) -> None:
    brain.round()
    control_of(brain).down = True
    rewrite(brain, POLICY + "    title: Mended\n")
    for _ in range(3):
        brain.round()
        assert tables_of(brain)["sites"][0]["title"] == "Mended"
        pass_s(brain, 10)
    control_of(brain).down = False
    asked = control_of(brain).count("reload")
    brain.round()
    brain.round()
    assert control_of(brain).count("reload") == asked + 1
    assert tables_of(brain)["sites"][0]["title"] == "Mended"


def test_tables_refused_after_a_reload_without_an_answer_give_way_to_those_before_both(brain: Brain) -> None:
    brain.round()
    before = tables_of(brain)
    control_of(brain).fails = {"reload": ControlError("no answer in time")}
    rewrite(brain, POLICY + "    title: Slow\n")
    brain.round()
    assert tables_of(brain)["sites"][0]["title"] == "Slow", "the edge may have taken them"
    refuse(brain)
    brain.round()
    assert tables_of(brain) == before
    control_of(brain).fails = {}
    asked = control_of(brain).count("reload")
    brain.round()
    assert control_of(brain).count("reload") == asked + 1, "whichever the edge has, it is to have those on disk"
    assert tables_of(brain) == before


def test_tables_of_a_hand_over_are_not_taken_for_those_in_force(brain: Brain) -> None:
    brain.round()
    before = tables_of(brain)
    refuse(brain)
    rewrite(brain, POLICY + "    title: Refused\n")
    # `hedgerow restart` writes them for the new edge, before the brain has looked.
    write_tables(brain.folder, compile_tables(brain.config, brain.folder, brain.overrides))
    brain.round()
    assert tables_of(brain) == before


def test_what_is_kept_as_in_force_was_taken_by_an_edge(brain: Brain) -> None:
    brain.round()
    assert brain.compiled is not None
    before = brain.compiled.id
    refuse(brain)
    rewrite(brain, POLICY + "    title: Refused\n")
    brain.round()
    pass_s(brain, 60)
    brain.round()
    assert brain.compiled.id == before
    policies = brain.folder.path / "policies"
    assert [p.name for p in policies.glob("*.yaml")] == [f"{before}.yaml"]
    control_of(brain).fails = {}
    pass_s(brain, REFUSED_S)
    brain.round()
    assert brain.compiled.id != before
    assert len(list(policies.glob("*.yaml"))) == 2


def test_robots_txt_reaches_the_tables_and_is_asked_for_every_six_hours_only(brain: Brain) -> None:
    asked: list[str] = []

    def fetch(url: str, _host: str | None) -> str:
        asked.append(url)
        return "User-agent: *\nDisallow: /private\n"

    brain.fetch_robots = fetch
    assert isinstance(brain.clock, Clock)
    for _ in range(5):
        brain.round()
        brain.clock.now += 60
    assert asked == ["http://127.0.0.1:3000"]
    assert "/private" in tables_of(brain)["sites"][0]["robots"]
    brain.clock.now += 6 * 3_600
    brain.round()
    assert len(asked) == 2


def test_a_site_that_does_not_answer_keeps_the_robots_txt_it_had(brain: Brain) -> None:
    brain.round()

    def fetch(_url: str, _host: str | None) -> str:
        raise UnreachableError("down")

    brain.fetch_robots = fetch
    assert isinstance(brain.clock, Clock)
    brain.clock.now += 7 * 3_600
    brain.round()
    assert "Disallow: /x" in tables_of(brain)["sites"][0]["robots"]


def test_crawler_claims_are_answered_by_dns(brain: Brain) -> None:
    name = "crawl-1.googlebot.com"
    brain.resolver = FakeDns({"192.0.2.1": [name]}, {name: ["192.0.2.1"]})
    control = control_of(brain)
    control.answers_by_verb["claims"] = {
        "claims": [{"address": "192.0.2.1", "agent": "googlebot"}, ["192.0.2.2", "googlebot"]]
    }
    brain.round()
    learned = {a["address"]: a["genuine"] for a in control.asked if a["do"] == "crawler"}
    assert learned == {"192.0.2.1": True, "192.0.2.2": False}


class ReloadingEdge(FakeControl):
    """An edge that takes its modes from the tables at a reload, and can be held in the middle of one."""

    def __init__(self, folder: Folder) -> None:
        super().__init__()
        self.folder = folder
        self.mode = "watch"
        self.has_read = threading.Event()
        self.may_go_on = threading.Event()

    def ask(self, do: str, **words: object) -> dict[str, object]:
        """Reads the tables at once and obeys them later, as one does that has much to load."""
        if do == "reload":
            mode = json.loads(self.folder.policy.read_text())["sites"][0]["mode"]
            self.has_read.set()
            assert self.may_go_on.wait(30)
            self.mode = mode
        elif do == "mode":
            self.mode = str(words["mode"])
        return super().ask(do, **words)


def test_a_switch_during_a_reload_is_not_undone_by_it(brain: Brain, monkeypatch: pytest.MonkeyPatch) -> None:
    write_words(brain.folder.modes, {"*": "enforce"})
    edge = ReloadingEdge(brain.folder)
    brain.control = edge
    monkeypatch.setattr(modes, "Control", lambda _socket: edge)
    reloading = threading.Thread(target=brain.look_at_policy)
    reloading.start()
    assert edge.has_read.wait(30)
    switching = threading.Thread(target=CliRunner().invoke, args=(app, ["watch", "--state", str(brain.folder.path)]))
    switching.start()
    # It would have been done by now, were it not made to wait; if the machine is slow this only makes the test milder.
    switching.join(0.5)
    edge.may_go_on.set()
    reloading.join(30)
    switching.join(30)
    assert edge.mode == "watch"
    brain.look_at_policy()
    assert edge.mode == "watch"


def test_a_mode_that_was_switched_survives_a_reload(brain: Brain) -> None:
    brain.round()
    assert tables_of(brain)["sites"][0]["mode"] == "watch"
    write_words(brain.folder.modes, {"*": "enforce"})
    brain.round()
    assert tables_of(brain)["sites"][0]["mode"] == "enforce", "an edge started again now would forget the switch"
    rewrite(brain, POLICY + "    mode: watch\n")
    brain.round()
    assert tables_of(brain)["sites"][0]["mode"] == "enforce"


def test_sealed_addresses_go_when_their_time_is_over_and_a_record_says_so(brain: Brain) -> None:
    now = brain.clock()
    sites = brain.folder.path / "sites"
    for site, name, age_days in (("club", "old.jsonl", 15), ("club", "young.jsonl", 13), ("former", "any.jsonl", 1)):
        folder = sites / site / "sealed"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x\n")
        os.utime(folder / name, (now - age_days * 86_400, now - age_days * 86_400))
    brain.round()
    assert [p.name for p in sites.glob("*/sealed/*")] == ["young.jsonl"]
    records = [p.read_text() for p in sorted(sites.glob("*/store/manifest.jsonl"))]
    assert "sealed/old.jsonl" in records[0]
    assert "sealed/any.jsonl" in records[1]


def test_the_ledgers_tables_are_kept_with_the_patience_of_a_background_task(brain: Brain) -> None:
    nice: list[int] = []

    def compact() -> None:
        nice.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        brain.stop.set()
        brain.wake.set()

    brain.ledger_round = compact  # type: ignore[method-assign]
    brain.run()
    assert nice == [max(PATIENT, os.getpriority(os.PRIO_PROCESS, 0))]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == os.getpriority(os.PRIO_PROCESS, 0)


def test_a_child_has_its_defaults_unless_the_operator_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAID", "by the operator")
    told = tmp_path / "told"
    child = Child(
        "edge",
        [
            sys.executable,
            "-c",
            f"import os; open({str(told)!r}, 'w').write(os.environ['SAID'] + ', ' + os.environ['UNSAID'])",
        ],
        defaults={"SAID": "by us", "UNSAID": "by us"},
    )
    child.start()
    child.end(30)
    assert told.read_text() == "by the operator, by us"


def test_a_stale_threshold_is_said_and_a_fitting_one_is_not() -> None:
    assert "most of the time" in next(notices({"personal": 100}, {"personal": 150.0}, 2.0))
    assert "hardly be noticed" in next(notices({"personal": 1_000}, {"personal": 50.0}, 2.0))
    assert not list(notices({"personal": 150, "contact": 20}, {"personal": 70.0}, 2.0))


def test_a_secret_is_made_once_for_its_owner_only_and_a_broken_one_is_never_replaced(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "s")
    folder.prepare()
    secret = folder.secret.read_text()
    assert len(bytes.fromhex(secret)) == 32
    assert folder.secret.stat().st_mode & 0o777 == 0o600
    assert folder.path.stat().st_mode & 0o777 == 0o700
    folder.prepare()
    assert folder.secret.read_text() == secret
    folder.secret.write_text("abc")
    with pytest.raises(FolderError, match="hexadecimal"):
        folder.prepare()
    assert folder.secret.read_text() == "abc"


def test_a_url_for_several_sites_is_refused(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "s")
    folder.prepare()
    config = tmp_path / "two.yaml"
    config.write_text(
        "sites:\n  - {name: a, hosts: a.example, upstream: 'http://127.0.0.1:1'}\n"
        "  - {name: b, hosts: b.example, upstream: 'http://127.0.0.1:2'}\n"
    )
    with pytest.raises(TablesError, match="ambiguous"):
        compile_tables(config, folder, Overrides("http://127.0.0.1:3"))


def test_a_proposal_never_overwrites_what_the_operator_wrote_meanwhile(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "s")
    folder.prepare()
    config = folder.own_policy
    config.write_text(POLICY)
    proposal = POLICY + "    title: Found\n"

    def while_editing(_url: str, _say: object) -> str:
        config.write_text(POLICY + "    title: Mine\n")
        return proposal

    discover("http://127.0.0.1:3000", folder, config, while_editing)
    assert "Mine" in config.read_text()
    assert folder.proposal.read_text() == proposal
    discover("http://127.0.0.1:3000", folder, config, lambda _url, _say: proposal)
    assert config.read_text() == proposal
    discover("http://127.0.0.1:3000", folder, config, lambda _url, _say: "sites: nonsense\n")
    assert config.read_text() == proposal


def test_ledgers_are_compacted_every_few_minutes_and_thinned_once_a_day(brain: Brain) -> None:
    clock = brain.clock
    assert isinstance(clock, Clock)
    clock.now = AT_MS / 1000
    segment = Segment(brain.folder.path, site="club").append(disclosure("42", 1))
    os.utime(segment.path, (clock.now - 3_600, clock.now - 3_600))
    store = Store.open(brain.folder.path, "club", clock=lambda: datetime.fromtimestamp(clock.now, UTC))
    brain.round()
    assert list(store.layout.store.glob("by-person/*/*.parquet"))
    before = store.head()
    brain.round()
    assert store.head() == before
    clock.now += 40 * 86_400
    brain.round()
    assert not list(store.layout.store.glob("by-person/*/*.parquet"))
    assert list(store.layout.store.glob("sketches/*/*.parquet"))
    assert store.verify() == []


def test_a_store_that_cannot_be_worked_on_is_told_and_stops_nothing(
    brain: Brain, capsys: pytest.CaptureFixture[str]
) -> None:
    Segment(brain.folder.path, site="club").append(disclosure("42", 1))
    store = brain.folder.path / "sites" / "club" / "store"
    store.mkdir()
    (store / "manifest.jsonl").write_text("nonsense\n")
    brain.round()
    said = capsys.readouterr()
    assert "could not be worked on" in said.out + said.err
    assert control_of(brain).count("reload") >= 1


def test_the_policy_in_force_is_kept_by_its_hash_with_the_notice_and_what_is_missing_is_said(
    brain: Brain, capsys: pytest.CaptureFixture[str]
) -> None:
    (brain.config.parent / "notice.html").write_text("We record disclosures.")
    brain.config.write_text(POLICY + "    legal: {notice: notice.html, terms: gone.html}\n")
    brain.round()
    assert brain.compiled is not None
    kept = brain.folder.path / "policies" / f"{brain.compiled.id}.yaml"
    assert kept.read_bytes() == brain.config.read_bytes()
    lines = [json.loads(x) for x in (brain.folder.path / "in-force.jsonl").read_text().splitlines()]
    assert [(x["what"], x["site"]) for x in lines] == [("policy", None), ("notice", "club")]
    assert "legal.terms" in capsys.readouterr().out + capsys.readouterr().err
    brain.round()
    assert len((brain.folder.path / "in-force.jsonl").read_text().splitlines()) == 2


def test_a_broken_record_of_what_was_in_force_is_said_and_stops_nothing(
    brain: Brain, capsys: pytest.CaptureFixture[str]
) -> None:
    (brain.folder.path / "in-force.jsonl").write_text("not a record\n")
    brain.round()
    assert "in-force.jsonl" in "".join(capsys.readouterr())
    assert brain.compiled is not None


def test_what_nobody_foresaw_in_one_task_does_not_stop_the_others(
    brain: Brain, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong() -> None:
        raise KeyError("a mistake of ours")

    monkeypatch.setattr(brain, "read_robots", wrong)
    brain.round()
    assert control_of(brain).count("claims") == 1
    said = capsys.readouterr()
    assert "nobody foresaw" in said.out + said.err


def test_a_ledger_that_somebody_works_on_is_thinned_soon_and_not_a_day_later(brain: Brain) -> None:
    brain.round()
    Segment(brain.folder.path, site="club").append(disclosure("42", 1))
    store = Store.open(brain.folder.path, "club")
    store.compact()
    clock = brain.clock
    assert isinstance(clock, Clock)
    clock.now = AT_MS / 1000 + 60 * 86_400
    with locked(store.layout, wait=False):
        brain.round()
    assert list(store.layout.segments.glob("*.seg"))
    clock.now += 20
    brain.round()
    assert not list(store.layout.segments.glob("*.seg"))


def test_a_long_round_of_a_ledger_keeps_neither_claims_nor_the_policy_waiting(
    brain: Brain, monkeypatch: pytest.MonkeyPatch
) -> None:
    working, asked = threading.Event(), threading.Event()

    def long_round(_ledgers: object) -> bool:
        working.set()
        assert asked.wait(20)
        return False

    def settle_claims() -> None:
        if working.is_set():
            asked.set()
            brain.stop.set()
            brain.wake.set()

    monkeypatch.setattr("hedgerow.brain.ledgers.Ledgers.compact", long_round)
    monkeypatch.setattr("hedgerow.brain.loop.LOOK_S", 0.01)
    monkeypatch.setattr("hedgerow.brain.loop.CLAIMS_S", 0.0)
    monkeypatch.setattr(brain, "settle_claims", settle_claims)
    brain.due["compaction"] = 0.0
    brain.run()
    assert asked.is_set()
