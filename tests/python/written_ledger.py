"""Ledgers for tests, written by the description of the format alone: a second hand on the same table of keys."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

SECRET = "5a" * 32
SESSION = "0a" * 12
ANOTHER = "0b" * 12
AT_MS = 1_795_000_000_000
"""2026-11-18 11:06:40 UTC."""

Json = dict[str, object]


def disclosure(person: str, shown: int, masked: int = 0, session: str = SESSION, at_ms: int = AT_MS) -> Json:
    """One person shown to one session; bits are 1 name, 2 town, 4 email."""
    return {
        "t": at_ms,
        "k": "disclosure",
        "ref": "7K3M-P9QT-2XWA",
        "s": session,
        "lane": "visitor",
        "st": "stranger",
        "r": "member",
        "f": "members",
        "m": "GET",
        "code": 200,
        "act": "allow",
        "mode": "enforce",
        "p": [[person, shown, masked]],
    }


class Segment:
    """A segment that grows."""

    def __init__(
        self, state: Path, site: str = "directory", writer: str = "00000000000000aa", source: str | None = None
    ) -> None:
        (state / "secret").write_text(SECRET + "\n")
        folder = state / "sites" / site / "ledger"
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{AT_MS:013d}-{writer}-{1:06d}.seg"
        self._hash = "0" * 32
        self._seq = 0
        self._line(
            {
                "format": 1,
                "site": site,
                "policy": "policy-1",
                "fields": ["name", "town", "email"],
                "writer": writer,
                "number": 1,
                "after": 0,
                "previous": self._hash,
                "begun_ms": AT_MS,
                **({"source": source} if source else {}),
            }
        )

    def append(self, *entries: Json) -> Segment:
        """Numbers and adds entries."""
        for entry in entries:
            self._seq += 1
            self._line({"n": self._seq, **entry})
        return self

    def _line(self, facts: Json) -> None:
        text = json.dumps(facts, separators=(",", ":"))
        self._hash = hashlib.sha256((self._hash + text).encode()).hexdigest()[:32]
        with self.path.open("a") as file:
            file.write(f"{self._hash} {text}\n")
