"""The progress bar of a long replay, on standard error and only where somebody watches."""

from __future__ import annotations

import sys
import time
from typing import TextIO


class Bar:
    """Shows per cent of bytes, lines and lines a second; tells nothing where nobody looks.

    Args:
        what: What is being done, in a word or two.
        out: Where to; only a terminal gets anything.
    """

    def __init__(self, what: str, out: TextIO | None = None) -> None:
        self.what = what
        self.out = sys.stderr if out is None else out
        self.begun = time.monotonic()
        self.shown = self.out.isatty()
        self.last = 0.0

    def __call__(self, done: int, total: int, lines: int) -> None:
        """Told by the engine how far it is."""
        now = time.monotonic()
        if not self.shown or (now - self.last < 0.1 and done < total):
            return
        self.last = now
        self.out.write("\r" + line(self.what, done, total, lines, now - self.begun).ljust(78))
        self.out.flush()

    def done(self) -> None:
        """Ends the line."""
        if self.shown and self.last:
            self.out.write("\n")
            self.out.flush()


def line(what: str, done: int, total: int, lines: int, elapsed_s: float) -> str:
    """One state of the bar."""
    part = min(1.0, done / total) if total else 1.0
    filled = round(24 * part)
    speed = lines / elapsed_s if elapsed_s > 0.2 else 0.0
    rate = f", {speed:,.0f} lines/s" if speed else ""
    return f"{what} [{'#' * filled}{'.' * (24 - filled)}] {part:4.0%}  {lines:,} lines{rate}"
