"""Servers on one core, and load on the other: requests a second, processor time, latency."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

LOAD_CORE, TESTED_CORE = "0", "1"


@dataclass
class Contender:
    """A proxy under test: how to start it, and where it listens."""

    name: str
    port: int
    command: list[str]
    processes: list[int] = field(default_factory=list)


def free_port() -> int:
    """A port of the loopback interface that nobody uses now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def wait_for(port: int, seconds: float = 20.0) -> None:
    """Returns once something listens on the port.

    Raises:
        TimeoutError: nobody did in time.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as s:
            s.settimeout(0.2)
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port} after {seconds} s")


def cpu_seconds(pids: list[int]) -> float:
    """Processor time (user and system) of processes so far, seconds."""
    total = 0.0
    tick = os.sysconf("SC_CLK_TCK")
    for pid in pids:
        stat = Path(f"/proc/{pid}/stat").read_text()
        fields = stat.rsplit(")", 1)[1].split()
        total += (int(fields[11]) + int(fields[12])) / tick
    return total


def children(pid: int) -> list[int]:
    """A process and all below it."""
    found, todo = [], [pid]
    while todo:
        p = todo.pop()
        found.append(p)
        for task in Path(f"/proc/{p}/task").glob("*/children"):
            todo += [int(x) for x in task.read_text().split()]
    return found


@contextmanager
def running(command: list[str], core: str, port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server on one core, until the block ends."""
    with log.open("ab") as out:
        process = subprocess.Popen(["taskset", "-c", core, *command], stdout=out, stderr=out, start_new_session=True)
    try:
        wait_for(port)
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def nginx(folder: Path, name: str, server: str, extra: str = "") -> list[str]:
    """An nginx with one worker and the given server block."""
    conf = folder / f"{name}.conf"
    conf.write_text(
        f"daemon off; worker_processes 1; pid {folder}/{name}.pid; error_log {folder}/{name}.err warn;\n"
        "events { worker_connections 4096; }\n"
        f"http {{ access_log off; sendfile on; keepalive_requests 100000000; tcp_nodelay on; types {{ text/html html; application/json json; }}\n"
        f"client_body_temp_path {folder}/{name}.b; proxy_temp_path {folder}/{name}.p; fastcgi_temp_path {folder}/{name}.f;"
        f" uwsgi_temp_path {folder}/{name}.u; scgi_temp_path {folder}/{name}.s;\n{extra}\n{server}\n}}\n"
    )
    return ["nginx", "-c", str(conf), "-p", str(folder)]


def static_site(folder: Path, name: str, port: int, site: Path) -> list[str]:
    """An nginx that serves the files of a folder: the site behind the contenders."""
    server = f"server {{ listen 127.0.0.1:{port} backlog=4096; root {site}; open_file_cache max=20000; }}"
    return nginx(folder, name, server)


def protect(config: Path, state: Path) -> list[str]:
    """The gateway by a policy, with one worker and without the console."""
    command = [sys.executable, "-m", "hedgerow.cli", "protect", "--no-console", "--config", str(config)]
    return [*command, "--state", str(state), "--workers", "1"]


def wrk(port: int, script: Path, seconds: float, connections: int = 64) -> tuple[float, int, int]:
    """Requests per second, bytes read and errors at saturation."""
    done = subprocess.run(
        [
            "taskset",
            "-c",
            LOAD_CORE,
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{max(1, round(seconds))}s",
            "-s",
            str(script),
            f"http://127.0.0.1:{port}/",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the load generator failed: {done.stderr or done.stdout}")
    rps = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    sent = re.search(r"(\d+) requests in ", done.stdout)
    if not rps or not sent:
        raise RuntimeError(f"the load generator said something unexpected:\n{done.stdout}\n{done.stderr}")
    return float(rps.group(1)), int(sent.group(1)), int(bad.group(1)) if bad else 0


WINDOW_US = 100_000


@dataclass
class Latency:
    """How long requests took at a constant rate."""

    p99_ms: list[float] = field(default_factory=list)
    """Of each tenth of a second."""
    requests: int = 0
    over_5ms: int = 0

    def add(self, other: Latency) -> None:
        """Takes another measurement in."""
        self.p99_ms += other.p99_ms
        self.requests += other.requests
        self.over_5ms += other.over_5ms


def build_load() -> Path:
    """Builds the generator of visitors who come one by one (benches/load); where it is.

    Raises:
        RuntimeError: it cannot be built.
    """
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(
        ["cargo", "build", "--quiet", "--release", "--locked", "-p", "hedgerow-load"], cwd=root, check=False
    )
    if done.returncode:
        raise RuntimeError("the load generator could not be built; what cargo says stands above")
    return Path(os.environ.get("CARGO_TARGET_DIR", root / "target")) / "release" / "hedgerow-load"


CONNECTIONS = 32


def latency(load: Path, port: int, path: str, rate: float, seconds: float) -> Latency:
    """How long requests take at a rate, half of a second left out at the beginning.

    The visitors come at independent moments (benches/load), as those of a site do. Generators that send what is due each
    hundredth of a second to all connections at once measure how long the whole handful takes one core instead.
    """
    done = subprocess.run(
        [
            "taskset",
            "-c",
            LOAD_CORE,
            str(load),
            str(port),
            path,
            f"{rate:.1f}",
            f"{seconds + 0.5:.1f}",
            str(CONNECTIONS),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the load generator failed: {done.stderr}")
    windows: dict[int, list[float]] = {}
    for line in done.stdout.splitlines():
        at_us, status, took_us = map(int, line.split())
        if status != 200:
            raise RuntimeError(f"an answer to a request for {path} was {status}")
        if at_us >= 500_000:
            windows.setdefault(at_us // WINDOW_US, []).append(took_us / 1000)
    # The last one is cut short by the end.
    windows.pop(max(windows, default=0), None)
    return Latency(
        [sorted(times)[int(len(times) * 0.99)] for times in windows.values()],
        sum(map(len, windows.values())),
        sum(took > 5 for times in windows.values() for took in times),
    )
