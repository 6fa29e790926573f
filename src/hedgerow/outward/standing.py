"""`outward.toml` as it is in force while the console runs: taken up when it changes, kept as it was when it is wrong.

Whoever uses the settings asks here each time; the file is read again only when it is another one. A file with mistakes
changes nothing: what was in force stays, the log says so once, and the console shows it until the file is right.
"""

from __future__ import annotations

import threading
from pathlib import Path

import structlog

from hedgerow.outward import settings
from hedgerow.outward.settings import FILE, Outward, OutwardError
from hedgerow.outward.smtp import SmtpMailer

_Print = tuple[int, int, int, int] | None


class Standing:
    """The settings of one state directory. Any thread may ask."""

    def __init__(self, state: Path) -> None:
        """Reads nothing yet.

        Args:
            state: the state directory.
        """
        self.state = state
        self._lock = threading.Lock()
        self._looked_at: _Print | object = _NEVER
        self._current: Outward | None = None
        self._wrong = ""

    def current(self) -> Outward:
        """What is in force.

        Raises:
            OutwardError: the file has mistakes, and there was none without before.
        """
        with self._lock:
            self._look()
            if self._current is None:
                raise OutwardError(self._wrong)
            return self._current

    @property
    def wrong(self) -> str:
        """What is wrong with the file as it is now; empty when nothing is."""
        with self._lock:
            self._look()
            return self._wrong

    @property
    def kept(self) -> bool:
        """Whether former settings are in force because the file is wrong."""
        return bool(self.wrong) and self._current is not None

    @property
    def print(self) -> object:
        """Another value whenever the file was changed."""
        with self._lock:
            self._look()
            return self._looked_at

    def _look(self) -> None:
        found = _print_of(self.state / FILE)
        if found == self._looked_at:
            return
        first = self._looked_at is _NEVER
        self._looked_at = found
        try:
            taken = read(self.state)
        except OutwardError as e:
            self._wrong = str(e)
            structlog.get_logger().error("outward_not_taken", error=self._wrong, kept=self._current is not None)
            return
        self._current, self._wrong = taken, ""
        if not first:
            structlog.get_logger().info("outward_taken", file=str(self.state / FILE))


def read(state: Path) -> Outward:
    """The settings of a state directory, with what can only be checked when they are used.

    Raises:
        OutwardError: with the first thing that is wrong.
    """
    found = settings.read(state)
    if found.smtp is not None:
        SmtpMailer(found.smtp)
    return found


_NEVER: object = object()


def _print_of(path: Path) -> _Print:
    """By what a changed file is known: a file that is written anew has another inode or another moment."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size
