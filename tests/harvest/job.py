"""What a tool is told: where, from which addresses, for how long, and where to store."""

from __future__ import annotations

import json
import random
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from tests.harvest.truth import SEPARATOR

SINGLE: Final = ("127.20.1.1",)
SPREAD: Final = tuple(f"127.{30 + n // 10}.{1 + n % 10 * 7}.1" for n in range(50))
"""Fifty addresses in fifty different /24."""

A_PAGE: Final = 50
CHROME: Final = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
BROWSER_HEADERS: Final = {
    "User-Agent": CHROME,
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Accept-Language": "en-GB,en;q=0.9",
    "Accept-Encoding": "gzip, deflate",
    "Upgrade-Insecure-Requests": "1",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-User": "?1",
    "sec-ch-ua": '"Chromium";v="142", "Not_A Brand";v="99"',
    "sec-ch-ua-mobile": "?0",
    "sec-ch-ua-platform": '"Linux"',
}


@dataclass(frozen=True)
class Job:
    """One run of one tool."""

    base: str
    sources: tuple[str, ...]
    members: int
    budget_s: float
    out: str

    def share(self, source: int, *, shuffled: bool = True) -> list[int]:
        """The members that the source of this number goes for."""
        ids = list(range(1 + source, self.members + 1, len(self.sources)))
        if shuffled:
            random.Random(source).shuffle(ids)
        return ids

    def list_pages(self, source: int) -> list[int]:
        """The pages of the lists that it goes for."""
        return list(range(1 + source, -(-self.members // A_PAGE) + 1, len(self.sources)))

    def save(self, file: Path) -> None:
        """Writes the job for the tool's own process."""
        file.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def told(cls) -> Job:
        """The job named on the command line."""
        return cls.read(Path(sys.argv[1]))

    @classmethod
    def read(cls, file: Path) -> Job:
        """A saved job."""
        told = json.loads(file.read_text(encoding="utf-8"))
        return cls(**{**told, "sources": tuple(told["sources"])})


class Store:
    """Appends documents to a file of one source; flushed at once, because tools are stopped in mid-flight."""

    def __init__(self, job: Job, source: int) -> None:
        self._file = (Path(job.out) / f"source-{source}").open("ab", buffering=0)

    def add(self, document: str | bytes) -> None:
        """Stores one document."""
        self._file.write((document.encode() if isinstance(document, str) else document) + SEPARATOR)


class Clock:
    """The budget of time, from now."""

    def __init__(self, budget_s: float) -> None:
        self._end = time.monotonic() + budget_s

    @property
    def left_s(self) -> float:
        """Seconds left; 0 when it is over."""
        return max(0.0, self._end - time.monotonic())
