"""Segments without a person: rewritten under a writer of their own, so that every chain of hashes verifies again.

A line cannot be changed without changing every hash after it, and an edge that writes holds the last hash in its
memory. So the segments of a writer, from its first to the last one with the person, become the chain of a new writer
whose headers say so (`redacted`); what the old writer wrote after them begins where it says, as after a deletion.

In place of the person stands a tombstone, the same one everywhere: the edge counts budgets again from segments, and a
principal must not be shown one person more because somebody was erased. Only whoever sees the erased person again is
charged anew.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from hedgerow.ledger.store.commit import Gone, Progress
from hedgerow.ledger.store.files import digest
from hedgerow.ledger.store.round import Round
from hedgerow.ledger.store.segments import HASH, Piece, Segment, is_written, read, segments

SUFFIX: Final = ".redacted"


@dataclass
class Redacted:
    """What becomes of the segments."""

    incoming: dict[str, str] = field(default_factory=dict)
    """Temporary and final name of the new ones, from the site's folder on."""
    progress: list[Progress] = field(default_factory=list)
    gone: list[Gone] = field(default_factory=list)
    lines: int = 0
    """In which the person stood."""
    waiting: list[str] = field(default_factory=list)
    """Segments that cannot be rewritten yet: an edge still writes them, or they are damaged."""


def redact(work: Round, person: str, tombstone: str, reason: str) -> Redacted:
    """Writes new segments for those in which a person stands; the commit that makes them true is the caller's."""
    out = Redacted()
    of_writers: dict[str, list[Segment]] = {}
    for segment in segments(work.layout.segments):
        if f"ledger/{segment.name}" not in work.state.pending:
            of_writers.setdefault(segment.writer, []).append(segment)
    for chain in of_writers.values():
        _chain(work, chain, (person, tombstone, reason), out)
    for path in sorted(work.layout.segments.glob("*.seg.torn*")):
        if names(path.read_bytes(), person):
            out.gone.append(_gone(work, path, None))
    return out


def _chain(work: Round, chain: list[Segment], change: tuple[str, str, str], out: Redacted) -> None:
    found = [names(s.path.read_bytes(), change[0]) for s in chain]
    if not any(found):
        return
    last = max(i for i, hit in enumerate(found) if hit)
    pieces: list[Piece] = []
    for i, segment in enumerate(chain[: last + 1]):
        progress = work.state.segments.get(segment.name)
        piece = read(segment)
        ready = progress is not None and progress.upto >= piece.end and not piece.damage
        if not ready or is_written(segment):
            out.waiting += [s.name for s, hit in zip(chain[i:], found[i:], strict=True) if hit]
            break
        pieces.append(piece)
    # Whatever follows the last segment with the person stays the old writer's.
    while pieces and not found[len(pieces) - 1]:
        pieces.pop()
    writer = secrets.token_hex(8)
    before = "0" * HASH
    for piece in pieces:
        before = _rewrite(work, piece, writer, before, change, out)


def _rewrite(work: Round, piece: Piece, writer: str, before: str, change: tuple[str, str, str], out: Redacted) -> str:
    person, tombstone, reason = change
    segment = piece.segment
    header = {
        **_header(segment.path),
        "writer": writer,
        "previous": before,
        "redacted": f"{reason}; was of writer {segment.writer}, see commit {work.state.n + 1} of the store's manifest",
    }
    lines = [_compact(header)]
    for line in piece.lines:
        if names(line.encode(), person):
            out.lines += 1
            lines.append(_without(line, person, tombstone))
        else:
            lines.append(line)
    text, last = chained(lines, before)
    name = segment.name.replace(segment.writer, writer)
    unnamed = work.layout.segments / f".{name}{SUFFIX}"
    work.files.write_new(unnamed, text)
    old = work.state.segments[segment.name]
    out.incoming[f"ledger/{unnamed.name}"] = f"ledger/{name}"
    out.progress.append(Progress(name, writer, segment.number, len(text), old.seq, last, old.last_ms))
    out.gone.append(_gone(work, segment.path, old.last_ms))
    return last


def names(text: bytes, person: str) -> bool:
    """Whether a person stands in lines of a ledger, as the engine's serialiser writes one or as others may."""
    return any(f"[{json.dumps(person, ensure_ascii=ascii_only)},".encode() in text for ascii_only in (False, True))


def _header(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        facts = json.loads(file.readline()[HASH + 1 :])
    return dict(facts)


def _compact(facts: object) -> str:
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))


def _without(line: str, person: str, tombstone: str) -> str:
    facts = json.loads(line)
    for one in facts.get("p", []):
        if one[0] == person:
            one[0] = tombstone
    return _compact(facts)


def chained(lines: list[str], before: str) -> tuple[bytes, str]:
    """Lines with their hashes, as a segment holds them, and the last hash."""
    out: list[bytes] = []
    for line in lines:
        text = line.encode()
        before = hashlib.sha256(before.encode() + text).hexdigest()[:HASH]
        out += [before.encode(), b" ", text, b"\n"]
    return b"".join(out), before


def _gone(work: Round, path: Path, last_ms: int | None) -> Gone:
    where = path.relative_to(work.layout.folder).as_posix()
    return Gone(where, "segments", None, None, path.stat().st_size, digest(path), last_ms)


def leftovers(folder: Path, incoming: dict[str, str]) -> Iterator[Path]:
    """New segments that a crash left before any commit named them."""
    for path in sorted(folder.glob(f".*{SUFFIX}")):
        if f"ledger/{path.name}" not in incoming:
            yield path
