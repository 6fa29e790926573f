"""Servers on one core, and load on the other: requests a second, processor time, latency."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
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


WINDOW_US = 250_000


@dataclass
class Latency:
    """How long requests took at a constant rate."""

    p99_ms: list[float] = field(default_factory=list)
    """Of each quarter of a second."""
    requests: int = 0
    over_5ms: int = 0

    def add(self, other: Latency) -> None:
        """Takes another measurement in."""
        self.p99_ms += other.p99_ms
        self.requests += other.requests
        self.over_5ms += other.over_5ms


def latency(port: int, path: str, rate: float, seconds: float, folder: Path) -> Latency:
    """How long requests take at a constant rate (h2load over HTTP/1.1).

    Sixteen visitors, each a process of its own begun at another moment: h2load sends what is due each hundredth of a
    second, and to all connections of one process at the same instant, which would measure how long sixteen simultaneous
    requests take one core instead of how long one takes at this rate. The first 300 ms after the last began count for nothing.
    """
    clients = 16
    logs = [folder / f"latency{n}.log" for n in range(clients)]
    running = []
    for n, log in enumerate(logs):
        log.unlink(missing_ok=True)
        command = ["taskset", "-c", LOAD_CORE, "h2load", "--h1", "-t1", "-c1", f"--rps={max(1.0, rate / clients):.1f}", f"-D{seconds:.0f}",
                   "-H", "user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:135.0) Gecko/20100101 Firefox/135.0", "-H", "x-forwarded-for: 203.0.113.9",
                   "-H", "accept: text/html", "-H", "accept-language: en", f"--log-file={log}", f"http://127.0.0.1:{port}{path}"]  # fmt: skip
        running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        if n + 1 < clients:
            time.sleep(0.01 + 0.01 / clients)
    begun_us = time.time() * 1e6 + 300_000
    ended = [process.wait() for process in running]
    if any(ended):
        raise RuntimeError("h2load failed")
    windows: dict[int, list[float]] = {}
    for log in logs:
        for line in log.read_text().splitlines():
            at_us, status, took_us = line.split()
            if status == "200" and int(at_us) >= begun_us:
                windows.setdefault(int(int(at_us) - begun_us) // WINDOW_US, []).append(int(took_us) / 1000)
    # The last one is cut short by the end.
    windows.pop(max(windows, default=0), None)
    return Latency(
        [sorted(times)[int(len(times) * 0.99)] for times in windows.values()],
        sum(map(len, windows.values())),
        sum(took > 5 for times in windows.values() for took in times),
    )
