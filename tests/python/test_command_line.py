"""The command line: what it says, where it says it, and with which exit code it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hedgerow.brain.folder import Folder, read_words
from hedgerow.cli import app
from hedgerow.cli.names import command_names
from hedgerow.control import Control
from hedgerow.edge import wrong_drill_addresses
from hedgerow.policy.schema import schema

HERE = Path(__file__).parent
GOOD = HERE / "policies" / "good" / "directory.yaml"
BAD = HERE / "policies" / "bad" / "wrong-mode.yaml"

run = CliRunner().invoke


def test_check_says_in_plain_words_what_a_policy_means() -> None:
    said = run(app, ["check", str(GOOD)])
    assert said.exit_code == 0
    for words in (
        "Riverbend members",
        "Watch mode",
        "40 an hour, 60 a day",
        "one by one, on request",
        "Never special",
        "/members/{person} (profile; the path says who): name, email, photo",
        "15 people more in an hour",
    ):
        assert words in said.stdout


def test_check_points_at_doubtful_things() -> None:
    said = run(app, ["check", str(HERE / "policies" / "good" / "everything.yaml")]).stdout
    for words in ("posture.raised", "trust: present", "without a record"):
        assert words in said
    smallest = str(HERE / "policies" / "good" / "smallest.yaml")
    assert "no contact" in run(app, ["check", smallest]).stdout
    assert run(app, ["check", "--strict", "--quiet", smallest]).exit_code == 1


@pytest.mark.parametrize(
    ("person", "failure", "doubtful"),
    [("path", "pass", True), ("path", "refuse", False), ("header", "pass", False), ("header", "refuse", False)],
)
def test_an_export_that_passes_whole_and_uncounted_is_doubtful(
    tmp_path: Path, person: str, failure: str, doubtful: bool
) -> None:
    route = {"path": "/export/{person}.csv", "kind": "export", "person": person, "on_unreadable": failure}
    file = tmp_path / "p.yaml"
    people = {"fields": {"name": "basic"}, "routes": [route]}
    file.write_text(json.dumps({"sites": [{"name": "a", "upstream": "http://127.0.0.1:1", "people": people}]}))
    said = run(app, ["check", str(file)])
    assert said.exit_code == 0, said.stderr
    assert ("the export /export/{person}.csv passes as a whole" in said.stdout) is doubtful


def test_believing_every_hop_is_doubtful(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text("sites: [{name: a, upstream: 'http://127.0.0.1:1', trusted_hops: [0.0.0.0/0]}]\n")
    assert "any visitor can then pretend any address" in run(app, ["check", str(file)]).stdout


def test_check_reports_mistakes_on_standard_error_and_ends_with_one() -> None:
    said = run(app, ["check", str(BAD)])
    assert said.exit_code == 1
    assert not said.stdout
    assert f"{BAD}:4:11: `enforced`" in said.stderr
    assert "1 mistake" in said.stderr
    assert run(app, ["check", "/nowhere.yaml"]).exit_code == 1


def test_schema_prints_the_schema() -> None:
    assert json.loads(run(app, ["schema"]).stdout) == schema()


def test_every_command_teaches_with_an_example() -> None:
    for name in command_names(app):
        said = run(app, [name, "--help"])
        assert said.exit_code == 0, name
        assert f"hedgerow {name}" in said.stdout.partition("Usage:")[2].partition("\n")[2], f"{name} has no example"


@pytest.mark.parametrize("command", [["status"], ["enforce"], ["watch"], ["explain", "7K3M-P9QT-2XWA"], ["restart"]])
def test_without_a_gateway_the_exit_code_is_three(command: list[str], tmp_path: Path) -> None:
    said = run(app, [*command, "--state", str(tmp_path)])
    assert said.exit_code == 3
    assert "no gateway is running" in said.stderr


def test_a_reference_that_cannot_be_one_is_a_matter_of_use(tmp_path: Path) -> None:
    assert run(app, ["explain", "hello", "--state", str(tmp_path)]).exit_code == 2


def test_protect_needs_a_site() -> None:
    assert run(app, ["protect"]).exit_code == 2
    assert run(app, ["protect", "127.0.0.1:3000"]).exit_code == 2


@pytest.mark.parametrize(
    ("listen", "upstream"), [("0.0.0.0:8700", "http://127.0.0.1:3000"), ("127.0.0.1:8700", "http://192.0.2.1:3000")]
)
def test_a_drill_clock_beyond_loopback_is_a_start_up_error(listen: str, upstream: str, tmp_path: Path) -> None:
    said = run(
        app,
        [
            "protect",
            upstream,
            "--listen",
            listen,
            "--drill-clock",
            "x-now",
            "--state",
            str(tmp_path / "s"),
            "--watch",
            "--no-console",
        ],
    )
    assert said.exit_code == 4
    assert "--drill-clock" in said.stderr


def test_loopback_is_recognised_in_every_spelling_and_nothing_else_is() -> None:
    assert wrong_drill_addresses(["127.0.0.1:1", "[::1]:1", "127.9.9.9:1"], ["localhost", "::1", "127.0.0.1"]) is None
    for address in ("0.0.0.0:1", "[::]:1", "10.0.0.1:1"):
        assert wrong_drill_addresses([address], [])
    for host in ("example.com", "127.0.0.1.example.com", "10.0.0.1"):
        assert wrong_drill_addresses([], [host])


def test_enforcing_without_a_people_map_is_refused_unless_insisted_upon(tmp_path: Path) -> None:
    said = run(app, ["protect", "http://127.0.0.1:3000", "--enforce", "--state", str(tmp_path / "s")])
    assert said.exit_code == 4
    assert "protect nobody" in said.stderr


def test_a_bad_policy_does_not_start(tmp_path: Path) -> None:
    said = run(app, ["protect", "--config", str(BAD), "--state", str(tmp_path / "s")])
    assert said.exit_code == 4
    assert "did you mean `enforce`" in said.stderr


# --- with two processes and a fake edge -----------------------------------------------------------------------------

STARTER = """
import sys
from hedgerow.brain import supervisor
supervisor.Supervisor.__init__.__defaults__ = tuple(
    "fake_edge" if d == "hedgerow.edge" else d for d in supervisor.Supervisor.__init__.__defaults__
)
from hedgerow.cli import main
main()
"""


def until(true: Callable[[], object], what: str, within_s: float = 30.0) -> None:
    """Waits for something that another process does; there is no event to await across processes."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if true():
            return
        time.sleep(0.02)
    pytest.fail(f"waited {within_s:g} s in vain: {what}")


class Gateway:
    """A running `hedgerow protect` with a fake edge."""

    def __init__(self, folder: Path, port: int, process: subprocess.Popen[str]) -> None:
        self.folder = Folder(folder / "state")
        self.config = folder / "hedgerow.yaml"
        self.port = port
        self.process = process

    def edge(self) -> int | None:
        """Process number of the edge that accepts connections now."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as s:
                return int(s.recv(64) or b"0") or None
        except OSError:
            return None

    def brain(self) -> int | None:
        """Process number of the brain."""
        for status in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = status.read_bytes().split(b"\0")
            except OSError:
                continue
            if b"hedgerow.brain" in words and str(self.folder.brain_settings).encode() in words:
                return int(status.parent.name)
        return None

    def reloads(self) -> int:
        """How often the edge was told to read the policy again."""
        file = self.folder.path / "reloads"
        return len(file.read_text().splitlines()) if file.exists() else 0


@pytest.fixture
def gateway(short_path: Path) -> Iterator[Gateway]:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    (short_path / "hedgerow.yaml").write_text(
        f"listen: 127.0.0.1:{port}\nsites:\n  - name: club\n    upstream: http://127.0.0.1:9\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", STARTER, "protect", "--no-console"),
            *("--config", "hedgerow.yaml", "--state", str(short_path / "state")),
        ],
        cwd=short_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    running = Gateway(short_path, port, process)
    try:
        until(lambda: running.edge() and running.brain(), "both processes run")
        yield running
    finally:
        process.terminate()
        process.wait(timeout=40)
        if process.stdout:
            process.stdout.close()


def state_of(gateway: Gateway) -> list[str]:
    return ["--state", str(gateway.folder.path)]


@pytest.mark.slow
def test_an_edge_or_a_brain_that_dies_is_started_again(gateway: Gateway) -> None:
    edge, brain = gateway.edge(), gateway.brain()
    assert edge
    assert brain
    os.kill(brain, signal.SIGKILL)
    until(lambda: gateway.brain() not in (None, brain), "the brain is back")
    assert gateway.edge() == edge, "the brain's death must not touch the edge"
    os.kill(edge, signal.SIGKILL)
    until(lambda: gateway.edge() not in (None, edge), "the edge is back")
    until(lambda: Control(gateway.folder.control).answers(), "the new edge answers")


@pytest.mark.slow
def test_a_restart_hands_over_to_a_new_edge_before_the_old_one_ends(gateway: Gateway) -> None:
    old = gateway.edge()
    said = run(app, ["restart", *state_of(gateway)])
    assert said.exit_code == 0, said.stderr
    until(lambda: gateway.edge() not in (None, old), "the new edge serves alone")
    assert Control(gateway.folder.control).ask("status")["pid"] != old


@pytest.mark.slow
def test_a_changed_policy_and_a_hangup_both_reach_the_edge(gateway: Gateway) -> None:
    until(lambda: gateway.folder.policy.exists(), "tables are written")
    before = gateway.reloads()
    gateway.config.write_text(gateway.config.read_text() + "    title: Chess club\n")
    os.kill(gateway.process.pid, signal.SIGHUP)
    until(lambda: gateway.reloads() > before, "the edge was told")
    assert "Chess club" in gateway.folder.policy.read_text()


@pytest.mark.slow
def test_the_commands_talk_to_the_running_gateway(gateway: Gateway) -> None:
    status = run(app, ["status", "--once", *state_of(gateway)])
    assert "requests: 1,234" in status.stdout
    assert "memory bytes: 1.0 MiB" in status.stdout
    assert json.loads(run(app, ["status", "--json", *state_of(gateway)]).stdout)["requests"] == 1234

    assert run(app, ["enforce", "nosuch", *state_of(gateway)]).exit_code == 1
    assert read_words(gateway.folder.modes) == {}
    switched = run(app, ["enforce", *state_of(gateway)])
    assert switched.exit_code == 0
    assert "no route of `club` shows people" in switched.stderr
    assert read_words(gateway.folder.modes) == {"*": "enforce"}

    why = run(app, ["explain", "7k3m p9qt 2xwa".replace(" ", "-"), *state_of(gateway)])
    assert "signal.enumeration (40 points): 12 identifiers in order" in why.stdout
    assert run(app, ["explain", "0000-0000-0000", *state_of(gateway)]).exit_code == 1

    second = run(app, ["protect", "--config", str(gateway.config), *state_of(gateway)])
    assert second.exit_code == 4
    assert "already runs" in second.stderr


@pytest.mark.slow
def test_what_a_killed_supervisor_leaves_behind_is_cleared_away(gateway: Gateway) -> None:
    orphan = gateway.edge()
    gateway.process.kill()
    gateway.process.wait()
    assert run(app, ["restart", *state_of(gateway)]).exit_code == 3, "its number must not be signalled any more"
    until(lambda: gateway.brain() is None, "a brain without supervisor ends")
    assert gateway.edge() == orphan, "visitors are served until somebody starts anew"
    assert orphan
    os.kill(orphan, signal.SIGTERM)


@pytest.mark.slow
def test_a_closed_terminal_does_not_keep_the_gateway_from_draining(gateway: Gateway) -> None:
    assert gateway.process.stdout
    gateway.process.stdout.close()
    gateway.process.terminate()
    gateway.process.wait(timeout=40)
    assert gateway.edge() is None
    assert gateway.brain() is None


@pytest.mark.slow
def test_stopping_drains_and_leaves_no_trace_of_running(gateway: Gateway) -> None:
    gateway.process.terminate()
    said, _ = gateway.process.communicate(timeout=40)
    assert gateway.process.returncode == 0, said
    assert f"listening on http://127.0.0.1:{gateway.port}" in said
    assert "watch: verdicts are only recorded" in said
    assert gateway.edge() is None
    assert gateway.brain() is None
    assert not gateway.folder.control.is_symlink()
    assert not gateway.folder.supervisor.exists()


def test_an_edge_that_cannot_start_is_a_start_up_error_with_its_own_words(short_path: Path) -> None:
    (short_path / "hedgerow.yaml").write_text("sites: [{name: a, upstream: 'http://127.0.0.1:9'}]\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path]), "FAKE_EDGE_FAILS": "1"}
    ended = subprocess.run(
        [
            *(sys.executable, "-c", STARTER, "protect", "--no-console"),
            *("--config", "hedgerow.yaml", "--state", str(short_path / "state")),
        ],
        cwd=short_path, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 4
    assert "the address is taken" in ended.stderr
    assert "did not start" in ended.stderr
