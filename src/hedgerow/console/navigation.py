"""The way around: which pages stand in the header, for whom."""

from __future__ import annotations

from dataclasses import dataclass

from hedgerow.console.access.actor import Actor
from hedgerow.console.access.gate import Mark, Needs


@dataclass(frozen=True)
class Entry:
    """One word in the header. A page module names its own as `NAVIGATION = (Entry(...),)`."""

    order: int
    """Today 10, Principals 20, Visitors 30, Cases 40, Letters 45, Notices 50, People map 60, Policy 70, Layers 80,
    Status 90, Decisions 100, Users 110."""
    label: str
    path: str
    needs: Needs


def entries_for(entries: tuple[Entry, ...], actor: Actor | None) -> list[Entry]:
    """What this person finds in the header."""
    if actor is None:
        return []
    return [e for e in entries if isinstance(e.needs, Mark) or actor.may(e.needs)]


def is_here(entry: Entry, path: str) -> bool:
    """Whether a page is below an entry."""
    return path == entry.path or (entry.path != "/" and path.startswith(entry.path + "/"))
