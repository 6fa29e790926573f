"""The gateway as a process: started as an operator starts it, and watched from outside."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from hedgerow.brain.folder import Folder
from hedgerow.brain.tables import Overrides, compile_tables, write_tables
from hedgerow.control import Control, Json
from tests.gateway.policies import Policy, write
from tests.gateway.wire import PATIENCE_S, Answer, Visitor, Wire

MODULE: Final = [sys.executable, "-m", "hedgerow.cli"]


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


def until(true: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Waits for something that announces itself to nobody, such as a file of another process."""
    end = time.monotonic() + patience_s
    pause = threading.Event()
    while not true():
        assert time.monotonic() < end, f"in vain: {what}"
        pause.wait(0.02)


def serves(address: tuple[str, int], source: str | None = None) -> bool:
    """Whether somebody listens at an address, and serves one more connection."""
    try:
        with Wire(address, source=source) as wire:
            return wire.served()
    except OSError:
        return False


@dataclass
class Said:
    """Lines of a process, as they come."""

    lines: list[str] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)
    over: bool = False

    def read(self, stream: IO[str] | None) -> None:
        """Reads to the end; a thread's work."""
        assert stream is not None
        with stream:
            for line in stream:
                with self.news:
                    self.lines.append(line.rstrip("\n"))
                    self.news.notify_all()
        with self.news:
            self.over = True
            self.news.notify_all()

    def wait_for(self, words: str, patience_s: float = 60.0) -> bool:
        """Waits for a line with these words; false when the process ended without it."""
        with self.news:
            done = self.news.wait_for(lambda: self.over or any(words in line for line in self.lines), patience_s)
            assert done, f"in vain for {words!r}; said:\n{self.text}"
            return any(words in line for line in self.lines)

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.lines)


@dataclass
class Gateway:
    """A running gateway."""

    process: subprocess.Popen[str]
    state: Path
    config: Path
    port: int
    said: Said
    policy: Policy
    tls: ssl.SSLContext | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Where visitors arrive."""
        return "127.0.0.1", self.port

    def wire(self, source: str | None = None) -> Wire:
        """A connection."""
        return Wire(self.address, self.tls, source)

    def serves(self, source: str | None = None) -> bool:
        """Whether one more connection is served."""
        return serves(self.address, source)

    def visitor(self, source: str | None = None, **headers: str) -> Visitor:
        """Somebody with a browser; underscores in names of headers stand for hyphens."""
        return Visitor(self.address, source, **{n.replace("_", "-"): v for n, v in headers.items()})

    def get(self, target: str, headers: Mapping[str, str] | None = None) -> Answer:
        """One request on a connection of its own."""
        with self.wire() as wire:
            return wire.ask(target, headers or {})

    def control(self) -> Control:
        """The control socket."""
        return Control(self.state / "control.sock")

    def folder(self) -> Folder:
        """Its state folder, as the brain has it."""
        return Folder(self.state)

    def edge_pid(self) -> int:
        """Process number of the edge, as the kernel knows it."""
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(self.state / "control.sock"))
            found = s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return int.from_bytes(found[:4], sys.byteorder)

    def crash(self) -> None:
        """Kills the edge, and waits until another one answers."""
        before = self.edge_pid()
        os.kill(before, signal.SIGKILL)
        self.await_another_edge(before)

    def await_another_edge(self, before: int) -> None:
        """Waits until the edge that was killed has been started again and answers."""

        def another() -> bool:
            try:
                return self.control().answers() and self.edge_pid() != before
            except OSError:
                return False

        until(another, "an edge that was started again", 40)

    def edge_status(self) -> Json:
        """What `hedgerow status --json` says."""
        return self.control().ask("status")

    def resident_bytes(self) -> int:
        """Memory of the edge."""
        text = Path(f"/proc/{self.edge_pid()}/status").read_text(encoding="ascii")
        line = next(line for line in text.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Runs `hedgerow …` against it."""
        return subprocess.run(
            [*MODULE, *words, "--state", str(self.state)], capture_output=True, text=True, timeout=90, check=False
        )

    def rewrite(self, written: Policy) -> None:
        """Changes the policy file, keeping where it listens."""
        write(self.config, {**written, "listen": self.policy["listen"]})

    def ledger(self, site: str = "club") -> list[Json]:
        """Every entry, in no particular order over segments; torn last lines are left out."""
        return read_ledger(self.state, site)

    def stop(self, patience_s: float = 40.0) -> int:
        """Ends it as an operator does; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(patience_s)
        with self.said.news:
            self.said.news.wait_for(lambda: self.said.over, 5)
        return code

    def kill(self) -> None:
        """Ends everything at once, whatever state it is in."""
        if self.process.poll() is None:
            self.stop()


def read_ledger(state: Path, site: str = "club") -> list[Json]:
    """Entries of a ledger, as anybody could read them: `HASH SP JSON`."""
    entries: list[Json] = []
    for segment in sorted((state / "sites" / site / "ledger").glob("*.seg")):
        lines = segment.read_bytes().split(b"\n")
        for line in lines[:-1]:
            _, _, text = line.partition(b" ")
            try:
                entry = json.loads(text)
            except ValueError:
                continue
            if "n" in entry:
                entries.append(entry)
    return entries


def people_in(entries: list[Json], *, shown_only: bool = True) -> set[str]:
    """Identifiers of the people in entries."""
    found: set[str] = set()
    for entry in entries:
        people = entry.get("p")
        for person, shown, _masked in people if isinstance(people, list) else []:
            if shown or not shown_only:
                found.add(str(person))
    return found


def begun(
    command: list[str], *, env: Mapping[str, str] | None = None, own_terminal: bool = False
) -> tuple[subprocess.Popen[str], Said]:
    """A process, and what it says on both of its ways out. One with a terminal of its own gets a Ctrl-C alone."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=env,
        start_new_session=own_terminal,
    )
    said = Said()
    threading.Thread(target=said.read, args=(process.stdout,), daemon=True).start()
    return process, said


def launch(
    state: Path,
    written: Policy,
    *words: str,
    listen: list[Policy] | None = None,
    tls: ssl.SSLContext | None = None,
    port: int | None = None,
    console: str | None = None,
) -> Gateway:
    """Starts `hedgerow protect` and waits until it says that it serves; the caller checks whether it does."""
    state.mkdir(parents=True, exist_ok=True)
    config = state / "policy-file.yaml"
    port = port or free_port()
    listening = listen or [{"address": f"127.0.0.1:{port}"}]
    written = {**written, "listen": [{"address": f"127.0.0.1:{port}", **entry} for entry in listening]}
    write(config, written)
    served = ["--console-listen", console] if console else ["--no-console"]
    command = [*MODULE, "protect", "--config", str(config), "--state", str(state), *served, *words]
    process, said = begun(command, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    return Gateway(process, state, config, port, said, written, tls)


def launch_edge(
    state: Path,
    written: Policy,
    limits: Mapping[str, object],
    mode: str,
    listen: Mapping[str, object] | None = None,
    workers: int = 2,
) -> Gateway:
    """Starts an edge alone, with limits of its own: for tests of patience that must not take a minute."""
    folder = Folder(state)
    folder.prepare()
    config = state / "policy-file.yaml"
    port = free_port()
    written = {**written, "listen": [{"address": f"127.0.0.1:{port}", **(listen or {})}]}
    write(config, written)
    compiled = compile_tables(config, folder, Overrides())
    sites = compiled.tables["sites"]
    assert isinstance(sites, list)
    for site in sites:
        site["mode"] = mode
    in_force = compiled.tables["limits"]
    assert isinstance(in_force, dict)
    in_force.update(limits)
    write_tables(folder, compiled)
    settings = state / "edge.json"
    settings.write_text(
        json.dumps(
            {
                "listen": [{"address": f"127.0.0.1:{port}", **(listen or {})}],
                "control": str(folder.control),
                "policy": str(folder.policy),
                "state_dir": str(state),
                "workers": workers,
            }
        ),
        encoding="utf-8",
    )
    process, said = begun([sys.executable, "-m", "hedgerow.edge", str(settings)])
    control = Control(folder.control)
    until(lambda: control.answers() or process.poll() is not None, "an edge that answers")
    return Gateway(process, state, config, port, said, written)
