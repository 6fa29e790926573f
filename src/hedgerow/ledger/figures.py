"""Figures that were given out: how many people, by what method, when. `<state>/figures.jsonl`.

Whoever told an authority or the people concerned a number must be able to say later what it was, how it was found, and
why another one stands now. So a later figure supersedes an earlier one of the same name and never overwrites it: the
file is append-only and hash-chained (`chained`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from hedgerow.ledger import chained
from hedgerow.ledger.trail import now_utc, who

FILE: Final = "figures.jsonl"
_NAME: Final = re.compile(r"[\w.:-][\w .:-]{0,99}\Z")


class FigureError(Exception):
    """A figure that cannot be recorded; the message says what to do."""


@dataclass(frozen=True)
class Figures:
    """The figures of one state."""

    state: Path
    clock: Callable[[], datetime] = now_utc

    @property
    def path(self) -> Path:
        """Where they are."""
        return self.state / FILE

    def record(self, name: str, site: str, question: Mapping[str, Any], answer: Mapping[str, Any]) -> chained.Facts:
        """Records a figure; it supersedes the last one of that name, which stays.

        Raises:
            FigureError: the name will not do.
            ChainError: it cannot be written; then it was not given out either.
        """
        if not _NAME.match(name):
            raise FigureError("a figure's name has up to 100 letters, digits, spaces and . : _ - : as in case-12")

        def numbered(before: list[chained.Facts]) -> chained.Facts:
            earlier = [f for f in before if f.get("name") == name]
            return {
                "name": name,
                "number": len(earlier) + 1,
                "supersedes": earlier[-1].get("hash") if earlier else None,
                "at": self.clock().isoformat(timespec="seconds"),
                "who": who(),
                "site": site,
                "question": dict(question),
                "answer": dict(answer),
            }

        return chained.append(self.path, numbered, chained.sealing_key(self.state))

    def history(self, name: str) -> list[chained.Facts]:
        """Every figure of a name, the first one first.

        Raises:
            ChainError: the file is not one of ours.
        """
        return [f for f in chained.read(self.path) if f.get("name") == name]

    def names(self) -> list[str]:
        """All names, sorted.

        Raises:
            ChainError: the file is not one of ours.
        """
        return sorted({str(f.get("name")) for f in chained.read(self.path)})
