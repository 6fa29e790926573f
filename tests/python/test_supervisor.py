"""What a supervisor does with the tables of a hand-over that fails, and how long it waits for whom at the end."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hedgerow.brain.children import Child
from hedgerow.brain.folder import Folder
from hedgerow.brain.supervisor import LAST_S, EdgeSettings, Supervisor

FORMER, RENEWED, OF_THE_BRAIN = "former", "renewed", "of the brain"


@dataclass
class FakeChild(Child):
    """A child without a process: remembers what it was told and how long it was waited for."""

    told: list[int] = field(default_factory=list)
    waited_s: list[float] = field(default_factory=list)

    def signal(self, number: int) -> None:
        """Remembers it."""
        self.told.append(number)

    def end(self, within_s: float) -> None:
        """Remembers it."""
        self.waited_s.append(within_s)


@pytest.fixture
def supervisor(tmp_path: Path) -> Supervisor:
    folder = Folder(tmp_path / "s")
    folder.prepare()
    made = Supervisor(folder, EdgeSettings((), 1, 1), lambda _: None, lambda _: None)
    made.edge, made.brain = FakeChild("edge", []), FakeChild("brain", [])
    return made


def told(child: Child | None) -> list[int]:
    assert isinstance(child, FakeChild)
    return child.told


def hand_over(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch, answers: bool, meanwhile: Callable[[], object]
) -> None:
    supervisor.folder.policy.write_text(FORMER)

    def renew() -> EdgeSettings:
        supervisor.folder.policy.write_text(RENEWED)
        return supervisor.settings

    def asked(_self: Supervisor, _child: Child) -> bool:
        meanwhile()
        return answers

    supervisor.renew = renew
    monkeypatch.setattr(Supervisor, "_new_edge", lambda _self: FakeChild("edge", []))
    monkeypatch.setattr(Supervisor, "_answers", asked)
    monkeypatch.setattr(Folder, "point_control", lambda _self, _number: None)
    supervisor.hand_over()


def test_a_hand_over_that_fails_leaves_the_former_tables_and_has_the_brain_look(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_over(supervisor, monkeypatch, False, lambda: None)
    assert supervisor.folder.policy.read_text() == FORMER
    assert told(supervisor.brain) == [signal.SIGHUP]
    assert told(supervisor.edge) == []


def test_a_hand_over_that_fails_leaves_what_the_brain_wrote_meanwhile(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_over(supervisor, monkeypatch, False, lambda: supervisor.folder.policy.write_text(OF_THE_BRAIN))
    assert supervisor.folder.policy.read_text() == OF_THE_BRAIN


def test_a_hand_over_that_succeeds_keeps_the_new_tables(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = supervisor.edge
    hand_over(supervisor, monkeypatch, True, lambda: None)
    assert supervisor.folder.policy.read_text() == RENEWED
    assert told(old) == [signal.SIGTERM]


def test_an_edge_that_drains_has_the_time_of_its_own_tables_and_not_of_the_newest(supervisor: Supervisor) -> None:
    def tables(drain_timeout_s: int) -> str:
        return json.dumps({"limits": {"drain_timeout_s": drain_timeout_s}})

    old, new = supervisor.edge, FakeChild("edge", [])
    supervisor.folder.policy.write_text(tables(90))

    def renew() -> EdgeSettings:
        supervisor.folder.policy.write_text(tables(2))
        return supervisor.settings

    supervisor.renew = renew
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Supervisor, "_new_edge", lambda _self: new)
        patched.setattr(Supervisor, "_answers", lambda _self, _child: True)
        patched.setattr(Folder, "point_control", lambda _self, _number: None)
        supervisor.hand_over()
    supervisor.stop()
    assert isinstance(old, FakeChild)
    assert old.waited_s == [pytest.approx(90 + LAST_S, abs=1)]
    assert new.waited_s == [pytest.approx(2 + LAST_S, abs=1)]
