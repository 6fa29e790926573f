"""One commit of the manifest, and the state that all commits together make."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Final

FORMAT: Final = 1

Facts = dict[str, Any]
"""A commit as JSON holds it."""


@dataclass(frozen=True)
class StoredFile:
    """A file of a table."""

    path: str
    """From the store's folder on."""
    table: str
    day: str | None
    rows: int
    bytes: int
    sha256: str

    def as_facts(self) -> Facts:
        """For a commit."""
        return asdict(self)


@dataclass(frozen=True)
class Progress:
    """How far a segment is compacted."""

    name: str
    """Its file's name."""
    writer: str
    number: int
    upto: int
    """Bytes."""
    seq: int
    """Number of the last entry."""
    hash: str
    """Hash of the last line; the next line continues it."""
    last_ms: int
    """Latest time of an entry, Unix milliseconds."""

    def as_facts(self) -> Facts:
        """For a commit."""
        return asdict(self)


@dataclass(frozen=True)
class Gone:
    """Something that is to be deleted, for good: what it was, so that the record says so."""

    path: str
    """From the site's folder on."""
    table: str
    day: str | None
    rows: int | None
    bytes: int
    sha256: str
    last_ms: int | None = None
    """Of segments: the time of their last entry."""

    def as_facts(self) -> Facts:
        """For a commit; what is not known is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @staticmethod
    def of(facts: Facts) -> Gone:
        """From a commit."""
        return Gone(
            facts["path"],
            facts["table"],
            facts.get("day"),
            facts.get("rows"),
            facts["bytes"],
            facts["sha256"],
            facts.get("last_ms"),
        )


@dataclass
class State:
    """What is true after the last commit."""

    n: int = 0
    hash: str = "0" * 64
    files: dict[str, StoredFile] = field(default_factory=dict)
    """Live files by path."""
    segments: dict[str, Progress] = field(default_factory=dict)
    """Segments by file name."""
    people_next: int = 0
    """The number the next person gets."""
    thinned: set[str] = field(default_factory=set)
    """Days whose detail is gone."""
    retired: dict[str, int] = field(default_factory=dict)
    """Files whose rows live on in others, and the commit that retired them."""
    pending: dict[str, tuple[int, Gone]] = field(default_factory=dict)
    """What is ordered to be deleted and not yet confirmed, by path, and by which commit."""
    incoming: dict[str, str] = field(default_factory=dict)
    """Redacted segments that a commit made true and that may still bear their temporary name: from, to."""
    sources: dict[str, str] = field(default_factory=dict)
    """Writers that were no gateways, and what their entries were made from; kept when their segments are gone."""
    holds: dict[str, Facts] = field(default_factory=dict)
    """Holds in force by their number, each with the hash of its text."""

    def of(self, table: str, day: str | None = None) -> list[StoredFile]:
        """Live files of a table, of one day or of all, oldest day first."""
        found = [f for f in self.files.values() if f.table == table and (day is None or f.day == day)]
        return sorted(found, key=lambda f: (f.day or "", f.path))

    def apply(self, facts: Facts) -> None:
        """Takes a commit up.

        Raises:
            KeyError, TypeError, ValueError: it is not one of this format.
        """
        if facts["format"] != FORMAT:
            raise ValueError(f"format {facts['format']}")
        if facts["kind"] == "checkpoint":
            self._restore(facts["state"])
        for one in facts.get("add", []):
            self.files[one["path"]] = StoredFile(**one)
        for path in facts.get("retire", []):
            self.files.pop(path, None)
            self.retired[path] = facts["n"]
        for path in facts.get("swept", []):
            self.retired.pop(path, None)
        for one in facts.get("delete", []):
            self._order(facts["n"], Gone.of(one))
        for path in facts.get("deleted", []):
            self.pending.pop(path, None)
            self.retired.pop(path.removeprefix("store/"), None)
        for one in facts.get("segments", []):
            self.segments[one["name"]] = Progress(**one)
        self.incoming.update(facts.get("incoming", {}))
        for path in facts.get("arrived", []):
            self.incoming.pop(path, None)
        self.people_next = facts.get("people_next", self.people_next)
        self.thinned.update(facts.get("thinned", []))
        self.thinned.difference_update(facts.get("forgotten_days", []))
        self.sources.update(facts.get("sources", {}))
        if "hold" in facts:
            self.holds[facts["hold"]["id"]] = facts["hold"]
        if "lift" in facts:
            self.holds.pop(facts["lift"], None)
        self.n = facts["n"]

    def _order(self, n: int, gone: Gone) -> None:
        self.pending[gone.path] = (n, gone)
        self.files.pop(gone.path.removeprefix("store/"), None)
        if gone.path.startswith("ledger/"):
            self.segments.pop(gone.path.removeprefix("ledger/"), None)

    def as_facts(self) -> Facts:
        """The whole state, for a checkpoint."""
        return {
            "files": [f.as_facts() for f in self.files.values()],
            "segments": [s.as_facts() for s in self.segments.values()],
            "people_next": self.people_next,
            "thinned": sorted(self.thinned),
            "retired": self.retired,
            "pending": [[n, gone.as_facts()] for n, gone in self.pending.values()],
            "incoming": self.incoming,
            "sources": self.sources,
            "holds": list(self.holds.values()),
        }

    def _restore(self, facts: Facts) -> None:
        self.files = {f["path"]: StoredFile(**f) for f in facts["files"]}
        self.segments = {s["name"]: Progress(**s) for s in facts["segments"]}
        self.people_next = facts["people_next"]
        self.thinned = set(facts["thinned"])
        self.retired = dict(facts["retired"])
        self.pending = {g["path"]: (n, Gone.of(g)) for n, g in facts["pending"]}
        self.incoming = dict(facts["incoming"])
        # Absent in checkpoints of before there were ledgers of logs.
        self.sources = dict(facts.get("sources", {}))
        self.holds = {h["id"]: h for h in facts["holds"]}
