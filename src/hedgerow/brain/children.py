"""A child process that is started again when it dies, each time a little later."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_FIRST_PAUSE_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 10.0
_WELL_AFTER_S: Final = 30.0
"""A child that has lived this long is well: its next pause is the first again."""


@dataclass
class Child:
    """One child process and its history."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause_s: float = _FIRST_PAUSE_S
    not_before: float = 0.0
    deaths: int = field(default=0)
    leftover: Path | None = None
    """A socket that a killed predecessor leaves behind; removed before each start."""
    defaults: Mapping[str, str] = field(default_factory=dict)
    """Environment variables for it, where the operator has not set them otherwise."""

    def start(self) -> None:
        """Starts it now. It is in a session of its own, so that Ctrl-C reaches the supervisor only, which drains it."""
        if self.leftover:
            self.leftover.unlink(missing_ok=True)
        environment = {**self.defaults, **os.environ}
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, start_new_session=True, env=environment)
        self.started = time.monotonic()

    @property
    def pid(self) -> int | None:
        """Its process number, while it runs."""
        return self.process.pid if self.process and self.process.poll() is None else None

    def died(self) -> int | None:
        """The exit code if it has ended since it was last asked, noting when it may start again."""
        if self.process is None or self.process.poll() is None:
            return None
        code = self.process.returncode
        self.process = None
        self.deaths += 1
        now = time.monotonic()
        if now - self.started > _WELL_AFTER_S:
            self.pause_s = _FIRST_PAUSE_S
        self.not_before = now + self.pause_s
        self.pause_s = min(self.pause_s * 2, _LONGEST_PAUSE_S)
        return code

    def due(self) -> bool:
        """Whether it is down and its pause is over."""
        return self.process is None and time.monotonic() >= self.not_before

    def signal(self, number: int) -> None:
        """Sends a signal, if it runs."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)

    def end(self, within_s: float) -> None:
        """Waits until it has ended; after `within_s` seconds it is killed. The ledger survives that by construction."""
        if self.process is None:
            return
        try:
            self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None
