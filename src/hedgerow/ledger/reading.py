"""The ledger's entries as Python sees them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hedgerow import _engine


class LedgerError(Exception):
    """A ledger that cannot be read; the message says what to do."""


@dataclass(frozen=True)
class Shown:
    """One person in one entry: the fields that left, and those that were masked, by name."""

    person: str
    fields: tuple[str, ...]
    masked: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """One entry: when, what, to whom, and which people."""

    at: datetime
    kind: str
    facts: dict[str, Any]
    people: tuple[Shown, ...] = field(default=())
    confidence: str | None = None
    """How sure it is that what it shows left (docs/reference/affected.md); None where that was not asked."""

    def principals(self) -> dict[str, str]:
        """Keyed names by level."""
        levels = {"a": "address", "net": "network", "s": "session", "acc": "account", "c": "client", "lic": "licence"}
        return {long: str(self.facts[short]) for short, long in levels.items() if short in self.facts}

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {
            "at": self.at.isoformat(),
            "kind": self.kind,
            "reference": self.facts.get("ref"),
            "route": self.facts.get("r"),
            "status": self.facts.get("code"),
            "action": self.facts.get("act"),
            "mode": self.facts.get("mode"),
            "lane": self.facts.get("lane"),
            "standing": self.facts.get("st"),
            "reasons": self.facts.get("why", []),
            "note": self.facts.get("note"),
            "principals": self.principals(),
            "people": [{"person": p.person, "fields": p.fields, "masked": p.masked} for p in self.people],
            **({"confidence": self.confidence} if self.confidence else {}),
        }

    def in_words(self) -> str:
        """One line for people."""
        who = self.principals()
        named = ("account", "session", "address")
        to = " ".join(f"{level} {who[level][:8]}" for level in named if level in who)
        what = {
            "disclosure": "showed",
            "reveal": "revealed",
            "verdict": f"verdict {self.facts.get('act', '')}",
            "proof": "challenge solved",
            "gap": "gap",
            "mode": f"switched to {self.facts.get('mode', '')}",
        }.get(self.kind, self.kind)
        shown = ", ".join(
            f"{p.person} ({' '.join(p.fields) or 'nothing'}" + (f"; masked {' '.join(p.masked)})" if p.masked else ")")
            for p in self.people[:4]
        )
        more = f" and {len(self.people) - 4} more" if len(self.people) > 4 else ""
        parts = [
            f"{self.at:%Y-%m-%d %H:%M:%S}",
            str(self.facts.get("ref", "")).ljust(14),
            what,
            shown + more,
            f"to {to}" if to else "",
            f"on {self.facts['r']}" if "r" in self.facts else "",
            "possible" if self.confidence == "possible" else "",
            ", ".join(self.facts.get("why", [])),
            str(self.facts.get("note", "")),
        ]
        return harmless("  ".join(p for p in parts if p.strip()))


Damage = Callable[[str], None]
"""Told of each damaged line, in a sentence; reading goes on after it."""


def entries(
    folder: Path, damage: Damage, since_ms: int = 0, person: str | None = None, principal: str | None = None
) -> Iterator[Entry]:
    """Entries of one site's ledger, oldest segment first: all, or those of one person or principal.

    Args:
        folder: Where the segments are.
        damage: Told of damaged lines.
        since_ms: Nothing older, in milliseconds since the Unix epoch.
        person: Only entries in which this person is.
        principal: Only entries of principals whose keyed name begins so.

    Raises:
        LedgerError: the folder is missing, or a segment cannot be read.
    """
    with _reading(folder):
        yield from _Parser(damage).parsed(_engine.read_ledger(folder, since_ms, person, principal))


def last_entries(folder: Path, count: int, damage: Damage) -> list[Entry]:
    """The last entries of all that write, oldest first.

    Raises:
        LedgerError: the folder is missing, or a segment cannot be read.
    """
    with _reading(folder):
        return list(_Parser(damage).parsed(_engine.tail_ledger(folder, count)))


class Follower:
    """What is added to a ledger after this was made."""

    def __init__(self, folder: Path, damage: Damage) -> None:
        self._folder = folder
        self._parser = _Parser(damage)
        with _reading(folder):
            self._engine = _engine.LedgerFollower(folder)

    def poll(self) -> list[Entry]:
        """What was added since it was asked last.

        Raises:
            LedgerError: a segment cannot be read.
        """
        with _reading(self._folder):
            return list(self._parser.parsed(self._engine.poll()))


class _Parser:
    """Turns the engine's lines into entries; remembers the header that names their fields."""

    def __init__(self, damage: Damage) -> None:
        self._damage = damage
        self._fields: list[str] = []

    def parsed(self, lines: Iterable[str]) -> Iterator[Entry]:
        for line in lines:
            facts = json.loads(line)
            if "problem" in facts:
                self._damage(facts["problem"])
            elif "format" in facts:
                self._fields = facts["fields"]
            else:
                people = facts.pop("p", [])
                shown = tuple(Shown(str(p), _names(self._fields, s), _names(self._fields, m)) for p, s, m in people)
                yield Entry(datetime.fromtimestamp(facts["t"] / 1000, UTC), str(facts["k"]), facts, shown)


@contextmanager
def _reading(folder: Path) -> Iterator[None]:
    if not folder.is_dir():
        raise LedgerError(f"there is no ledger at {folder}; name the state with --state, the site with --site")
    try:
        yield
    except OSError as error:
        raise LedgerError(str(error)) from error


def _names(fields: list[str], bits: int) -> tuple[str, ...]:
    # A bit without a name is shown all the same: nothing that left may be out of sight.
    count = max(len(fields), bits.bit_length())
    return tuple(fields[i] if i < len(fields) else f"field-{i}" for i in range(count) if bits >> i & 1)


def of_person(folder: Path, person: str, damage: Damage) -> Iterator[Entry]:
    """Entries in which one person was shown or masked, that person alone in each."""
    for e in entries(folder, damage, person=person):
        yield Entry(e.at, e.kind, e.facts, tuple(p for p in e.people if p.person == person))


def of_principal(folder: Path, name: str, damage: Damage) -> Iterator[Entry]:
    """Entries of one principal, by its keyed name or the beginning of one (8 digits or more)."""
    return entries(folder, damage, principal=name)


def harmless(text: str) -> str:
    """Text of the site's, for a terminal: what would steer it becomes visible instead."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def sites(state: Path) -> list[str]:
    """Names of the sites that have a ledger."""
    root = state / "sites"
    return sorted(p.name for p in root.iterdir() if (p / "ledger").is_dir()) if root.is_dir() else []
