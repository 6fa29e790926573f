"""Keeps the edge, the brain and the console alive, and hands the listeners over from one edge to the next."""

from __future__ import annotations

import fcntl
import json
import os
import queue
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from hedgerow.brain.children import Child
from hedgerow.brain.folder import Folder
from hedgerow.control import Control
from hedgerow.policy import Listen, write_whole

DRAIN_S: Final = 30.0
"""Longest wait for an edge to drain, where no tables say."""
LAST_S: Final = 5.0
"""How long an edge whose time to drain is over may take to end what is open, in order."""
ANSWER_S: Final = 30.0
"""Longest wait for a new edge to answer: it replays the ledger's tail first."""

KEEP_MEMORY_MS: Final = 30_000
"""How long an edge keeps memory that it has freed before the system gets it back. To get it again costs a request up to
a millisecond, and after the allocator's own second a busy edge is at that all the time."""

Say = Callable[[str], None]


class StartError(Exception):
    """The gateway could not be started."""


def drain_s(folder: Folder) -> float:
    """How long an edge may take to drain, as the tables in force say: they may be newer than this process."""
    try:
        limits = json.loads(folder.policy.read_text(encoding="utf-8")).get("limits")
        return float(limits["drain_timeout_s"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # Tables of an older release, or none: what the edge itself then goes by.
        return DRAIN_S


@dataclass(frozen=True)
class EdgeSettings:
    """What every edge of this supervisor is told."""

    listen: tuple[Listen, ...]
    workers: int
    memory_bytes: int
    drill_clock: str | None = None

    def text(self, folder: Folder, number: int) -> str:
        """The settings of the n-th edge, as the engine reads them."""
        return json.dumps(
            {
                "listen": [
                    {"address": a.address, "tls": a.tls, "proxy_protocol": a.proxy_protocol} for a in self.listen
                ],
                "control": str(folder.edge_control(number).absolute()),
                "policy": str(folder.policy.absolute()),
                "state_dir": str(folder.path.absolute()),
                **({} if folder.secret.parent == folder.path else {"secret": str(folder.secret.absolute())}),
                "workers": self.workers or os.cpu_count() or 1,
                "memory_bytes": self.memory_bytes,
                "drill_clock": self.drill_clock,
            },
            indent=1,
        )


@dataclass
class Supervisor:
    """One gateway. `run` returns when it has been told to stop and its children have."""

    folder: Folder
    settings: EdgeSettings
    say: Say
    warn: Say
    python: str = sys.executable
    edge_module: str = "hedgerow.edge"
    renew: Callable[[], EdgeSettings] | None = None
    """Settings as the policy now has them, for the edge of a hand-over. Raises StartError when it has mistakes."""
    brain_module: str = "hedgerow.brain"
    edge: Child | None = None
    brain: Child | None = None
    console_command: list[str] | None = None
    """How the console is started; None: there is none."""
    console: Child | None = None
    edges: int = 0
    draining: list[tuple[Child, float]] = field(default_factory=list)
    """Edges that were handed over from, each with the seconds it may take to drain."""
    _lock: int | None = None
    _signals: queue.SimpleQueue[int] = field(default_factory=queue.SimpleQueue)

    def start(self) -> None:
        """Starts the children and waits until the edge answers.

        Raises:
            StartError: it ended or did not answer in time; its own words are on standard error.
        """
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2, signal.SIGCHLD):
            signal.signal(number, lambda got, _frame: self._signals.put(got))
        self._lock = _take_lock(self.folder)
        self.edge = self._new_edge()
        if not self._answers(self.edge):
            self._put_down(self.edge)
            raise StartError("the edge did not start; its reason stands above")
        self.folder.point_control(self.edges)
        self.brain = Child("brain", [self.python, "-m", self.brain_module, str(self.folder.brain_settings)])
        self.brain.start()
        if self.console_command:
            self.console = Child("console", self.console_command)
            self.console.start()

    def run(self) -> None:
        """Watches over them until SIGTERM or SIGINT; SIGHUP reloads the policy, SIGUSR2 hands over to a new edge."""
        while True:
            try:
                got = self._signals.get(timeout=self._nap_s())
            except queue.Empty:
                got = 0
            if got in (signal.SIGTERM, signal.SIGINT):
                break
            if got == signal.SIGHUP and self.brain:
                self.brain.signal(signal.SIGHUP)
            if got == signal.SIGUSR2:
                self.hand_over()
            self._look_after()
        self.stop()

    def _nap_s(self) -> float:
        """A death wakes us by SIGCHLD; only a child in its pause needs the clock."""
        down = [c for c in (self.edge, self.brain, self.console) if c and c.process is None]
        return max(0.01, min(c.not_before for c in down) - time.monotonic()) if down else 60.0

    def _look_after(self) -> None:
        self.draining = [(child, s) for child, s in self.draining if child.died() is None and child.process]
        for child, without in (
            (self.edge, "visitors cannot be served until it is back"),
            (self.brain, "visitors are served as before"),
            (self.console, "visitors are served as before"),
        ):
            if child is None:
                continue
            code = child.died()
            if code is not None:
                how = f"signal {-code}" if code < 0 else f"code {code}"
                self.warn(f"the {child.name} ended ({how}); {without}; starting it again")
            if child.due():
                child.start()

    def hand_over(self) -> None:
        """Starts a second edge, and drains the first when the second answers.

        Addresses of both are shared (SO_REUSEPORT); new ones are opened by the second alone, and those that are gone
        end with the first.
        """
        old, before = self.edge, self.settings
        patience_s = drain_s(self.folder)
        try:
            tables = self._tables()
            self.settings = self.renew() if self.renew else before
            renewed = self._tables()
        except (StartError, OSError) as e:
            self.settings = before
            self.warn(f"{e}; the old edge goes on serving")
            return
        fresh = self._new_edge()
        if not self._answers(fresh):
            self._put_down(fresh)
            self.settings = before
            self._put_back(tables, renewed)
            self.warn("the new edge did not answer; the old one goes on serving")
            return
        self._say_listeners(before)
        self.folder.point_control(self.edges)
        self.edge = fresh
        if old:
            old.signal(signal.SIGTERM)
            # The brain may have told it the new tables already: it goes by either.
            self.draining.append((old, max(patience_s, drain_s(self.folder))))
        self.say(f"handed over to a new edge (process {fresh.pid}); the old one finishes what it has begun")

    def _tables(self) -> str | None:
        path = self.folder.policy
        return path.read_text(encoding="utf-8") if path.exists() else None

    def _put_back(self, tables: str | None, renewed: str | None) -> None:
        """Puts the tables back that lay there before a hand-over that failed: an edge that dies now is to come back."""
        if tables is None or tables == renewed:
            return
        try:
            # What is neither is the brain's, which has asked the edge about it.
            if self._tables() == renewed:
                write_whole(self.folder.policy, tables)
        except OSError as e:
            self.warn(f"the tables in force could not be put back, so the edge may not start again: {e}")
        # The old edge may have taken the new ones from the brain: it is the brain that knows.
        if self.brain:
            self.brain.signal(signal.SIGHUP)

    def _say_listeners(self, before: EdgeSettings) -> None:
        now, old = {a.address for a in self.settings.listen}, {a.address for a in before.listen}
        for addresses, what in ((now - old, "now listening on"), (old - now, "no longer listening on")):
            if addresses:
                self.say(f"{what} {', '.join(sorted(addresses))}")

    def stop(self) -> None:
        """Drains the edge, stops brain and console, and leaves no file that says the gateway runs."""
        self.say("stopping: no new connections, open ones are finished")
        edges = [*self.draining, *([(self.edge, drain_s(self.folder))] if self.edge else [])]
        minds = [child for child in (self.brain, self.console) if child]
        for child in [*(child for child, _ in edges), *minds]:
            child.signal(signal.SIGTERM)
        begun = time.monotonic()
        for child, patience_s in edges:
            child.end(max(0.1, begun + patience_s + LAST_S - time.monotonic()))
        for child in minds:
            child.end(5.0)
        for path in (self.folder.control, self.folder.supervisor):
            path.unlink(missing_ok=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        for number in range(1, self.edges + 1):
            self.folder.edge_control(number).unlink(missing_ok=True)
            self.folder.edge_settings(number).unlink(missing_ok=True)

    def _new_edge(self) -> Child:
        self.edges += 1
        settings = self.folder.edge_settings(self.edges)
        write_whole(settings, self.settings.text(self.folder, self.edges))
        command = [self.python, "-m", self.edge_module, str(settings)]
        child = Child(
            "edge",
            command,
            leftover=self.folder.edge_control(self.edges),
            defaults={"MIMALLOC_PURGE_DELAY": str(KEEP_MEMORY_MS)},
        )
        child.start()
        return child

    def _answers(self, child: Child) -> bool:
        control = Control(self.folder.edge_control(self.edges), timeout_s=2.0)
        until = time.monotonic() + ANSWER_S
        while time.monotonic() < until and child.pid is not None:
            if control.answers():
                return True
            time.sleep(0.02)
        return False

    @staticmethod
    def _put_down(child: Child) -> None:
        child.signal(signal.SIGTERM)
        child.end(2.0)


def _take_lock(folder: Folder) -> int:
    """Writes our process number and holds the file's lock for as long as we live; the number alone could be stale."""
    handle = os.open(folder.supervisor, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as e:
        os.close(handle)
        raise StartError(f"another gateway is just starting with {folder.path}") from e
    os.ftruncate(handle, 0)
    os.write(handle, f"{os.getpid()}\n".encode("ascii"))
    return handle


def supervisor_process(folder: Folder) -> int | None:
    """Process number of the supervisor of a state directory, if one runs.

    The lock says whether one does: a number left behind by a killed one may belong to an innocent process by now.
    """
    try:
        handle = os.open(folder.supervisor, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        try:
            return int(os.read(handle, 32))
        except ValueError:
            return None
    else:
        return None
    finally:
        os.close(handle)
