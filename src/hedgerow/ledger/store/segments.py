"""Reading segments: which there are, and what of each is not compacted yet, its chain of hashes checked line by line.

The format is docs/reference/ledger.md. The engine's `verify` checks whole ledgers; this reads on from any line, which
it cannot, and gives the lines to DuckDB, which takes their JSON apart faster than Python would.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from hedgerow.ledger.store.problems import StoreError

HASH: Final = 32
LONGEST: Final = 8 << 20
"""Longest line the engine writes or reads, bytes (`record/line.rs`)."""
FULL: Final = 1024
"""People in a line that others of the same entry follow (`record/writer.rs`)."""
_BEING_MADE_S: Final = 60.0
"""An empty segment younger than this may be an edge's that has not locked it yet."""
_FORMAT: Final = 1
_LONGEST_SOURCE: Final = 32
NAME: Final = re.compile(r"([0-9]{13,20})-([0-9a-f]{16})-([0-9]{6,20})\.seg\Z")
"""The name of a segment, as the gateway gives it: when it was begun, writer, number. Nothing else is read."""
_FULL_LINE_BYTES: Final = FULL * 7
"""No line with that many people is shorter: `["",0,0],` is nine bytes."""


@dataclass(frozen=True, order=True)
class Segment:
    """A segment by its name; sorted as the engine sorts them."""

    name: str
    writer: str = field(compare=False)
    number: int = field(compare=False)
    begun_ms: int = field(compare=False)
    path: Path = field(compare=False)


@dataclass(frozen=True)
class Damage:
    """A line that is not as it was written."""

    segment: str
    offset: int
    what: str

    def __str__(self) -> str:
        return f"{self.segment}, byte {self.offset}: {self.what}"


@dataclass
class Piece:
    """Whole lines of one segment, from some line on."""

    segment: Segment
    fields: list[str]
    lines: list[str]
    """Their JSON."""
    start: int
    end: int
    """Bytes: where the first of the lines begins and the last one ends."""
    hash: str
    """Of the last line."""
    after: int = 0
    """Number of the last entry before the segment."""
    source: str | None = None
    """What it was made from, where no gateway wrote it: `log` for an access log (docs/reference/ledger.md)."""
    damage: list[Damage] = field(default_factory=list)


def segments(folder: Path) -> list[Segment]:
    """Segments of a ledger by the time of their beginning. Files with other names are no business of ours.

    Raises:
        StoreError: the folder cannot be read.
    """
    try:
        names = [entry.name for entry in os.scandir(folder)]
    except FileNotFoundError:
        return []
    except OSError as e:
        raise StoreError(f"the ledger {folder} cannot be read: {e}") from e
    found = []
    for name in names:
        match = NAME.match(name)
        if match:
            found.append(Segment(name, match[2], int(match[3]), int(match[1]), folder / name))
    return sorted(found)


def is_written(segment: Segment) -> bool:
    """Whether a living process may still append to it: every edge holds the lock of its segment (`record/disk.rs`)."""
    try:
        handle = os.open(segment.path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        stat = os.fstat(handle)
        if stat.st_size == 0 and time.time() - stat.st_mtime < _BEING_MADE_S:
            # An edge makes the file and then locks it: a lock of ours in between would turn it away.
            return True
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(handle)


def growing_ones(found: list[Segment]) -> set[str]:
    """Names of the segments that may still grow: nothing of the same writer follows, and their writer lives."""
    return {s.name for s in {s.writer: s for s in found}.values() if is_written(s)}


def read(
    segment: Segment, start: int = 0, before: str | None = None, growing: bool = False, most: int | None = None
) -> Piece:
    """Reads a segment's whole lines from a byte on, and holds each hash against the one before.

    A damaged line is left out and told, and reading goes on after it, held against the hash the damaged line bears;
    without a readable header there is nothing to read, as nobody could say what the fields are. Half a line at the end
    is being written, or was left by a crash: no entry yet.

    Args:
        segment: Which.
        start: Where to go on, a line's first byte.
        before: The hash of the line before, when not at the beginning.
        growing: Whether it may still be written to. Then lines that a failed write could still take back are left for
            the next time: those of an entry whose last line is not there yet.
        most: Stop after this many bytes, at the end of a line.

    Raises:
        StoreError: it cannot be read.
    """
    try:
        with segment.path.open("rb") as file:
            header = file.readline(LONGEST + 1)
            file.seek(start)
            text = file.read() if most is None else _some(file.read(most), file)
    except FileNotFoundError:
        return Piece(segment, [], [], start, start, before or "")
    except OSError as e:
        raise StoreError(f"the segment {segment.path} cannot be read: {e}") from e
    piece = Piece(segment, [], [], start, start, before or "")
    if not header.endswith(b"\n"):
        if len(header) > LONGEST:
            piece.damage.append(Damage(segment.name, 0, "its first line is longer than any line of a ledger"))
        return piece
    wrong = _take_header(piece, header[:-1], check_only=start > 0)
    if wrong:
        piece.damage.append(Damage(segment.name, 0, wrong))
        return piece
    _take_lines(piece, text[: text.rfind(b"\n") + 1], skip_first=start == 0)
    if growing:
        _leave_unfinished_entry(piece)
    return piece


def _some(text: bytes, file: BinaryIO) -> bytes:
    """What was read, up to the end of its last line."""
    return text if text.endswith(b"\n") or not text else text + file.readline(LONGEST + 1)


def _take_header(piece: Piece, line: bytes, check_only: bool) -> str | None:
    try:
        facts = json.loads(line[HASH + 1 :])
        claimed = line[:HASH].decode("ascii")
        whole = _chain(str(facts["previous"]).encode(), line[HASH + 1 :]) == claimed
        fields = [str(f) for f in facts["fields"]]
        named = facts["writer"] == piece.segment.writer and facts["number"] == piece.segment.number
        after = int(facts["after"])
        known = facts["format"] == _FORMAT
        source = None if facts.get("source") is None else str(facts["source"])[:_LONGEST_SOURCE]
    except (ValueError, KeyError, TypeError):
        return "its first line is not a segment's header"
    if not known:
        return f"format {facts['format']} is not known to this version"
    if not whole:
        return "the hash of its header does not fit"
    if not named:
        return "its name is not that of its header: it was renamed or swapped"
    piece.fields, piece.after, piece.source = fields, after, source
    if not check_only:
        piece.hash = claimed
    return None


def _chain(before: bytes, text: bytes) -> str:
    return hashlib.sha256(before + text).hexdigest()[:HASH]


def _take_lines(piece: Piece, text: bytes, skip_first: bool) -> None:
    offset = piece.start
    before = piece.hash.encode()
    sha256 = hashlib.sha256
    for number, line in enumerate(text.split(b"\n")[:-1]):
        length = len(line) + 1
        if skip_first and number == 0:
            offset += length
            continue
        claimed = line[:HASH]
        body = line[HASH + 1 :]
        if sha256(before + body).hexdigest()[:HASH].encode() == claimed and line[HASH : HASH + 1] == b" ":
            try:
                piece.lines.append(body.decode())
            except UnicodeDecodeError:
                piece.damage.append(Damage(piece.segment.name, offset, "it is not an entry of a ledger"))
        else:
            piece.damage.append(Damage(piece.segment.name, offset, "its hash does not fit it and the line before"))
        before = claimed
        offset += length
    piece.end = offset
    piece.hash = before.decode("ascii", "replace")


def _leave_unfinished_entry(piece: Piece) -> None:
    """Takes the last lines off that belong to an entry of which more lines may be missing.

    An edge writes the lines of a long entry at once, and cuts all of them off again where that fails half-way.
    """
    while piece.lines and not piece.damage and len(piece.lines[-1]) > _FULL_LINE_BYTES:
        people = json.loads(piece.lines[-1]).get("p", [])
        if len(people) < FULL:
            return
        left = piece.lines.pop().encode()
        piece.end -= len(left) + HASH + 2
        piece.hash = _hash_before(piece)


def _hash_before(piece: Piece) -> str:
    """The hash at the head of the line that ends at `piece.end`."""
    with piece.segment.path.open("rb") as file:
        back = max(0, piece.end - LONGEST - 1)
        file.seek(back)
        text = file.read(piece.end - back)
    return text[text.rfind(b"\n", 0, -1) + 1 :][:HASH].decode("ascii")
