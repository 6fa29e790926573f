"""Starts the example site and the gateway in front of it, as programs, and ends them."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
POLICY: Final = ROOT / "examples" / "directory" / "hedgerow.yaml"
START_S: Final = 60.0
"""Longest wait for the gateway to answer."""


class NotStartedError(Exception):
    """A program did not come up; the sentence holds the end of what it said."""


def has_gateway() -> bool:
    """Whether the gateway is installed here, its engine included."""
    return find_spec("hedgerow") is not None and find_spec("hedgerow._engine") is not None


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@contextmanager
def site(members: int = 5_000, seed: int = 7) -> Iterator[str]:
    """The example site; gives its URL."""
    command = [sys.executable, "-m", "examples.directory", "--port", "0"]
    command += ["--members", str(members), "--seed", str(seed)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        try:
            line = program.stdout.readline() if program.stdout else ""
            found = re.search(r"http://\S+", line)
            if found is None:
                raise NotStartedError(f"the example site did not start: {' '.join(command)}")
            yield found[0]
        finally:
            end(program)


@contextmanager
def gateway(upstream: str, *more: str) -> Iterator[str]:
    """The gateway in front of `upstream`, enforcing, with a fresh state; gives its URL. `more` goes to its command."""
    port = free_port()
    # Unix sockets have paths of at most 107 bytes, so the folder's name is short.
    with tempfile.TemporaryDirectory(prefix="hr-") as state:
        said = Path(state) / "said"
        command = [
            sys.executable,
            "-m",
            "hedgerow.cli",
            "protect",
            upstream,
            "--no-console",
            "--config",
            str(POLICY),
            "--enforce",
        ]
        command += ["--listen", f"127.0.0.1:{port}", "--state", f"{state}/state", *more]
        with said.open("wb") as out, subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out) as program:
            try:
                _await_health(f"http://127.0.0.1:{port}/health", program, said)
                yield f"http://127.0.0.1:{port}"
            finally:
                end(program)


def _await_health(url: str, program: subprocess.Popen[bytes], said: Path) -> None:
    deadline = time.monotonic() + START_S
    while program.poll() is None and time.monotonic() < deadline:
        with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=5) as answer:
            if answer.status == 200:
                return
        time.sleep(0.1)
    tail = said.read_text(encoding="utf-8", errors="replace")[-3_000:]
    raise NotStartedError(f"the gateway did not answer at {url}; it said:\n{tail}")


def end(program: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """Asks a program to end, and insists after a while."""
    if program.poll() is not None:
        return
    program.send_signal(signal.SIGTERM)
    try:
        program.wait(20)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait(10)
