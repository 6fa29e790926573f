"""An append-only file of JSON lines in which every line vouches for all before it.

Each line holds `previous`, the hash of the line before, and `hash`, SHA-256 over the line without `hash` as canonical
JSON (sorted keys, no spaces, UTF-8). Whoever changes, removes or swaps a line in the middle breaks the chain. What a
chain cannot show by itself is that lines are missing at its end: copies elsewhere do (every evidence pack holds the
hash of the trail's last line at its time).

Lines without a hash at the beginning of a file come from before there was a chain; the first chained line covers them
as they are, byte by byte.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

BEGINNING: Final = "0" * 64
"""What stands before the first line."""
LONGEST: Final = 1 << 20
"""Bytes of one line; longer ones were not written by us."""

Facts = dict[str, Any]


class ChainError(Exception):
    """A chained file that cannot be read or written; the message says what to do."""


@dataclass(frozen=True)
class Verified:
    """What a look at a whole chain found."""

    lines: int
    last: str
    """Hash of the last line."""
    problems: tuple[str, ...]


def canonical(facts: Mapping[str, Any]) -> bytes:
    """The bytes that are hashed."""
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def digest(facts: Mapping[str, Any]) -> str:
    """The hash of a line, its own `hash` left out."""
    return hashlib.sha256(canonical({k: v for k, v in facts.items() if k != "hash"})).hexdigest()


def append(path: Path, facts: Mapping[str, Any]) -> Facts:
    """Adds a line and waits until the disk has it; returns it as written.

    One writer at a time: others wait for the file's lock, so that no two lines follow the same one.

    Raises:
        ChainError: the file cannot be written, or its end is not a line of a chain.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            previous = _last_hash(path, file.read())
            line = {**facts, "previous": previous}
            line["hash"] = digest(line)
            file.write(canonical(line) + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ChainError(f"{path} cannot be written: {error}; nothing was done") from error
    return line


def read(path: Path) -> Iterator[Facts]:
    """Every line, oldest first; nothing when there is no file. It does not verify.

    Raises:
        ChainError: a line is not JSON.
    """
    if not path.exists():
        return
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        facts = _facts(line)
        if facts is None:
            raise ChainError(f"line {number} of {path} is not a JSON object; `hedgerow ledger verify` says more")
        yield facts


def verify(path: Path) -> Verified:
    """Checks every line; a missing file is an empty chain."""
    problems: list[str] = []
    data = path.read_bytes() if path.exists() else b""
    previous = BEGINNING
    chained = False
    offset = 0
    lines = 0
    for number, line in enumerate(data.splitlines(keepends=True), 1):
        lines = number
        facts = _facts(line)
        if facts is None:
            problems.append(f"line {number} of {path.name} is not a JSON object")
        elif "hash" not in facts:
            if chained:
                problems.append(f"line {number} of {path.name} has no hash")
        else:
            if not chained:
                previous = _before(data[:offset])
                chained = True
            if facts.get("previous") != previous:
                problems.append(f"line {number} of {path.name} does not follow the line before it")
            if digest(facts) != facts["hash"]:
                problems.append(f"line {number} of {path.name} was changed")
            # Held against the hash the line bears, fitting or not: one damage, one problem.
            previous = str(facts["hash"])
        offset += len(line)
    if data and not data.endswith(b"\n"):
        problems.append(f"{path.name} ends in the middle of a line")
    return Verified(lines, previous if chained else _before(data), tuple(problems))


def _before(data: bytes) -> str:
    """What the first chained line follows: nothing, or lines from before there was a chain."""
    return hashlib.sha256(data).hexdigest() if data else BEGINNING


def _last_hash(path: Path, data: bytes) -> str:
    if not data:
        return BEGINNING
    if not data.endswith(b"\n"):
        raise ChainError(
            f"{path} ends in the middle of a line (a crash, or somebody's hand): keep a copy, then remove that half "
            "line, and note in the copy's name when and why"
        )
    last = _facts(data.splitlines()[-1])
    if last is None:
        raise ChainError(f"the last line of {path} is not a JSON object; `hedgerow ledger verify` says more")
    found = last.get("hash")
    return str(found) if found is not None else _before(data)


def _facts(line: bytes) -> Facts | None:
    if len(line) > LONGEST:
        return None
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
