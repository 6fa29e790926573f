"""The ledger's entries as Python sees them."""

from __future__ import annotations

import json
from collections.abc import Iterator
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
            ", ".join(self.facts.get("why", [])),
            str(self.facts.get("note", "")),
        ]
        return "  ".join(p for p in parts if p.strip())


def entries(folder: Path, since_ms: int = 0) -> Iterator[Entry]:
    """Entries of one site's ledger, oldest segment first.

    Raises:
        LedgerError: the folder is missing, or a segment is damaged.
    """
    if not folder.is_dir():
        raise LedgerError(f"there is no ledger at {folder}; name the state with --state, the site with --site")
    fields: list[str] = []
    try:
        for line in _engine.read_ledger(folder, since_ms):
            facts = json.loads(line)
            if "format" in facts:
                fields = facts["fields"]
                continue
            people = tuple(Shown(str(p), _names(fields, s), _names(fields, m)) for p, s, m in facts.pop("p", []))
            yield Entry(datetime.fromtimestamp(facts["t"] / 1000, UTC), str(facts["k"]), facts, people)
    except OSError as error:
        raise LedgerError(str(error)) from error


def _names(fields: list[str], bits: int) -> tuple[str, ...]:
    return tuple(name for i, name in enumerate(fields) if bits >> i & 1)


def of_person(folder: Path, person: str) -> Iterator[Entry]:
    """Entries in which one person was shown or masked, that person alone in each."""
    for e in entries(folder):
        mine = tuple(p for p in e.people if p.person == person)
        if mine:
            yield Entry(e.at, e.kind, e.facts, mine)


def of_principal(folder: Path, name: str) -> Iterator[Entry]:
    """Entries of one principal, by its keyed name or the beginning of one (8 digits or more)."""
    return (e for e in entries(folder) if any(v.startswith(name) for v in e.principals().values()))


def sites(state: Path) -> list[str]:
    """Names of the sites that have a ledger."""
    root = state / "sites"
    return sorted(p.name for p in root.iterdir() if (p / "ledger").is_dir()) if root.is_dir() else []
