"""What can be wrong with a store, and how it is told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class StoreError(Exception):
    """The store cannot be used; the message says what to do."""


class BusyError(StoreError):
    """Another process compacts, thins or erases at this moment."""


class Kind(StrEnum):
    """What kind of thing does not fit."""

    MANIFEST_LINE = "manifest-line"
    """A line of the manifest was changed, removed or swapped."""
    MANIFEST_END = "manifest-end"
    """Lines at the end of the manifest are missing."""
    SIGNATURE = "signature"
    """A line was not signed with this site's key."""
    FILE_CHANGED = "file-changed"
    FILE_MISSING = "file-missing"
    FILE_UNKNOWN = "file-unknown"
    """A file that no commit names; harmless if a crash left it, and then gone after the next round."""
    SEGMENT_DAMAGED = "segment-damaged"
    SEGMENT_MISSING = "segment-missing"
    SEGMENT_SWAPPED = "segment-swapped"
    """A segment is not the one that was compacted."""
    HOLD = "hold"
    """The text of a hold in force is missing or was changed."""
    DELETION_UNFINISHED = "deletion-unfinished"
    """Something was ordered to be deleted and is still there."""


@dataclass(frozen=True)
class Problem:
    """One thing that does not fit."""

    kind: Kind
    where: str
    """A file's name, or `manifest.jsonl line 12`."""
    what: str
    """In words, with what to do where that is known."""

    def as_data(self) -> dict[str, str]:
        """For programs."""
        return {"kind": self.kind.value, "where": self.where, "what": self.what}
