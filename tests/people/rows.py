"""What a journey reports, and what is wrong with it."""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Final

MASK: Final = "hedgerow-masked"
"""Class of what stands where a field was masked."""
CHALLENGE: Final = "/.hedgerow/prove"
"""Where the form of a challenge leads."""
MOST_IN_A_ROW: Final = 3
"""Times one URL may be asked for in a row, redirects included, before it is a loop."""


@dataclass
class Row:
    """One journey. `failures` are sentences about what else a visitor would have missed."""

    journey: str
    visitors: int = 0
    people_read: int = 0
    challenged: int = 0
    refused: int = 0
    looped: int = 0
    masked_pages: int = 0
    identical_pages: int = 0
    different_pages: int = 0
    failures: list[str] = field(default_factory=list)

    def flat(self) -> dict[str, object]:
        """As it is written to build/people.json."""
        return {**self.__dict__, "failures": "; ".join(self.failures)}

    def complaints(self) -> list[str]:
        """Everything that an ordinary visitor must not meet."""
        wrong = [f"{n} {what}" for n, what in self._counts() if n]
        return [*wrong, *self.failures]

    def _counts(self) -> list[tuple[int, str]]:
        return [
            (self.challenged, "challenged"),
            (self.refused, "refused (403 or 429)"),
            (self.looped, "sent in circles"),
            (self.different_pages, "pages without a mask that differ from the site's"),
        ]

    def merge(self, other: Row) -> None:
        """Adds what another visitor of the same journey met."""
        for name in ("visitors", "people_read", "challenged", "refused", "looped"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("masked_pages", "identical_pages", "different_pages"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.failures += other.failures

    def expect(self, holds: bool, sentence: str) -> None:
        """Notes a failure unless it holds."""
        if not holds:
            self.failures.append(sentence)

    def count_status(self, status: int, body: str) -> None:
        """Counts an answer that stopped the visitor."""
        if status in {403, 429}:
            if CHALLENGE in body:
                self.challenged += 1
            else:
                self.refused += 1
        elif status >= 500:
            self.failures.append(f"an answer with status {status}")

    def compare(self, bare: str, path: str, body: bytes) -> None:
        """Compares a page with what the site itself sends."""
        if MASK.encode() in body:
            self.masked_pages += 1
        elif body == fetch(bare + path):
            self.identical_pages += 1
        else:
            self.different_pages += 1
            self.failures.append(f"{path} has no mask and differs from the site's own page")


def fetch(url: str) -> bytes:
    """What the site itself sends."""
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as e:
        return bytes(e.read())


def line(row: Row) -> str:
    """A row of the table."""
    numbers = f"{row.visitors:>9}{row.people_read:>8}{row.challenged:>11}{row.refused:>9}{row.looped:>8}"
    pages = f"{row.masked_pages:>8}{row.identical_pages:>11}{row.different_pages:>11}"
    return "\n    ".join([f"{row.journey:<34}{numbers}{pages}", *row.complaints()])


HEADING: Final = (
    f"{'journey':<34}{'visitors':>9}{'people':>8}{'challenged':>11}{'refused':>9}{'looped':>8}"
    f"{'masked':>8}{'identical':>11}{'different':>11}"
)
