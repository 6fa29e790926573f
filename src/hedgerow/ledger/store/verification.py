"""Whether a store is as it was written: every line of the manifest, every file it names, every segment it took up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hedgerow.ledger.store.anchor import Anchor, Noted
from hedgerow.ledger.store.commit import Progress, State
from hedgerow.ledger.store.files import digest
from hedgerow.ledger.store.holds import in_force
from hedgerow.ledger.store.layout import Layout, Table
from hedgerow.ledger.store.manifest import Manifest, wrong_line
from hedgerow.ledger.store.problems import Kind, Problem, StoreError
from hedgerow.ledger.store.segments import HASH, Segment, segments

_NOTHING = "0" * 64


def verify(layout: Layout, manifest: Manifest, anchor: Anchor, key: Ed25519PublicKey, now: datetime) -> list[Problem]:
    """Everything that does not fit, in the order found; empty when all is as it was written.

    Segments' own chains are the engine's `verify`; here it is checked that they are the segments that were compacted.

    Raises:
        StoreError: the manifest cannot be read.
    """
    problems: list[Problem] = []
    noted = anchor.read()
    state, at_noted = _lines(manifest, key, problems, noted.n if noted else 0)
    problems += _head(layout, manifest, state)
    problems += _anchored(layout, anchor, noted, key, state.n, at_noted)
    problems += _files(layout, state)
    problems += _segments(layout, state)
    try:
        in_force(layout, state, now)
    except StoreError as e:
        problems.append(Problem(Kind.HOLD, "holds.jsonl", str(e)))
    return problems


def _anchored(
    layout: Layout, anchor: Anchor, noted: Noted | None, key: Ed25519PublicKey, n: int, at_noted: str | None
) -> Iterator[Problem]:
    where = layout.anchor.relative_to(layout.state).as_posix()
    if noted is None:
        if n > 1:
            yield Problem(Kind.MANIFEST_END, where, "it is missing; the next commit writes it again")
    elif not noted.is_of(layout.site, key):
        yield Problem(Kind.SIGNATURE, where, "its signature was not made with this site's key")
    elif noted.hash != at_noted:
        yield Problem(Kind.MANIFEST_END, layout.manifest.name, anchor.in_words(noted, n))


def _lines(manifest: Manifest, key: Ed25519PublicKey, problems: list[Problem], noted: int) -> tuple[State, str | None]:
    """What all lines make together, and the hash of the noted one.

    A line that does not fit is told, and what it says is taken up if it can be.
    """
    state = State()
    before = _NOTHING
    at_noted: str | None = None
    for number, line in enumerate(manifest.lines(), 1):
        if isinstance(line, Problem):
            problems.append(line)
            # Nobody can say what it held; the next line is held against the hash it claims to follow.
            before = ""
            continue
        where = f"{manifest.name} line {number}"
        expected = before or str(line.facts.get("previous"))
        wrong = wrong_line(line, expected, key)
        if wrong:
            problems.append(Problem(wrong[0], where, wrong[1]))
        try:
            if line.facts["kind"] == "checkpoint" and state.as_facts() != line.facts["state"] and not problems:
                problems.append(Problem(Kind.MANIFEST_LINE, where, "its state is not what the lines before it make"))
            state.apply(line.facts)
        except (KeyError, TypeError, ValueError, AttributeError) as e:
            problems.append(Problem(Kind.MANIFEST_LINE, where, f"it is not a commit of this format ({e})"))
        before = state.hash = str(line.facts["hash"])
        if number == noted:
            at_noted = before
    return state, at_noted


def _head(layout: Layout, manifest: Manifest, state: State) -> Iterator[Problem]:
    noted = manifest.noted_head()
    if noted is None:
        if state.n > 1:
            yield Problem(Kind.MANIFEST_END, layout.head.name, "it is missing; the next compaction writes it again")
    elif noted[0] > state.n:
        yield Problem(
            Kind.MANIFEST_END,
            layout.manifest.name,
            f"it ends with commit {state.n}, and commit {noted[0]} had been made: lines at its end were removed",
        )


def _files(layout: Layout, state: State) -> Iterator[Problem]:
    for file in state.files.values():
        path = layout.store / file.path
        try:
            same = path.stat().st_size == file.bytes and digest(path) == file.sha256
        except FileNotFoundError:
            yield Problem(Kind.FILE_MISSING, file.path, "it was removed, and no deletion record says why")
            continue
        except OSError as e:
            yield Problem(Kind.FILE_MISSING, file.path, f"it cannot be read: {e}")
            continue
        if not same:
            yield Problem(Kind.FILE_CHANGED, file.path, "its content is not what was written")
    for table in Table:
        for path in sorted((layout.store / table.value).rglob("*.parquet")):
            name = path.relative_to(layout.store).as_posix()
            if name not in state.files and name not in state.retired and f"store/{name}" not in state.pending:
                yield Problem(
                    Kind.FILE_UNKNOWN, name, "no commit names it; if a crash left it, the next compaction deletes it"
                )
    for path_text, (n, _) in state.pending.items():
        if (layout.folder / path_text).exists():
            yield Problem(
                Kind.DELETION_UNFINISHED,
                path_text,
                f"commit {n} ordered it deleted and it is still there; the next compaction deletes it, once no reader "
                "is left",
            )


def _segments(layout: Layout, state: State) -> Iterator[Problem]:
    found = {s.name: s for s in segments(layout.segments)}
    for name, progress in state.segments.items():
        segment = found.get(name)
        if segment is None:
            if name not in {to.removeprefix("ledger/") for to in state.incoming.values()}:
                yield Problem(
                    Kind.SEGMENT_MISSING, name, "it was compacted, and no deletion record says why it is gone"
                )
        elif not _is_same(segment, progress):
            yield Problem(
                Kind.SEGMENT_SWAPPED, name, f"its line that ends at byte {progress.upto} is not the one compacted"
            )


def _is_same(segment: Segment, progress: Progress) -> bool:
    """Whether the last line that was compacted still stands there; the chain of hashes ties all before it to it."""
    try:
        with segment.path.open("rb") as file:
            line = _line_before(file.read(progress.upto))
    except OSError:
        return False
    return line.endswith(b"\n") and line[:HASH].decode("ascii", "replace") == progress.hash


def _line_before(text: bytes) -> bytes:
    return text[text.rfind(b"\n", 0, -1) + 1 :]
