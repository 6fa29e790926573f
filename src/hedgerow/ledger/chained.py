"""An append-only file of JSON lines in which every line vouches for all before it.

Each line holds `previous`, the hash of the line before, and `hash`, SHA-256 over the line without `hash` as canonical
JSON (sorted keys, no spaces, UTF-8). Whoever changes, removes or swaps a line in the middle breaks the chain. So that
nobody can write the whole chain anew, each line also bears `seal`: HMAC-SHA-256 of its hash, made with a key from the
state's secret. What neither can show is that lines are missing at the end: copies elsewhere do (every evidence pack
holds the hash of the trail's last line at its time).

Lines without a hash or a seal at the beginning of a file come from before there was one; the first line that has it
covers them as they are, and notes how many there were (`before`).
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hedgerow.secret import SecretError, read_secret, secret_file

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
    """The hash of a line, its own `hash` and `seal` left out."""
    return hashlib.sha256(canonical({k: v for k, v in facts.items() if k not in {"hash", "seal"}})).hexdigest()


def sealing_key(state: Path) -> bytes | None:
    """The key that seals a state's chains; None where there is no secret yet.

    Raises:
        ChainError: there is one and it cannot be used.
    """
    if not secret_file(state).exists():
        return None
    try:
        secret = bytes.fromhex(read_secret(state))
    except SecretError as error:
        raise ChainError(f"{error}; nothing was done") from error
    return hmac.new(secret, b"hedgerow 2026-11 seals of chained files", hashlib.sha256).digest()


def _seal(key: bytes, path: Path, digest_of_line: str) -> str:
    """With the file's name, so that a line of one chain cannot pass for one of another."""
    return hmac.new(key, f"{path.name}\0{digest_of_line}".encode(), hashlib.sha256).hexdigest()


def append(
    path: Path, facts: Mapping[str, Any] | Callable[[list[Facts]], Mapping[str, Any]], key: bytes | None
) -> Facts:
    """Adds a line and waits until the disk has it; returns it as written.

    One writer at a time: others wait for the file's lock, so that no two lines follow the same one.

    Args:
        path: The file.
        facts: The line; or what makes it of all lines before it, for which nobody adds one meanwhile.
        key: From `sealing_key`; without one lines are chained and not sealed.

    Raises:
        ChainError: the file cannot be written, its end is not a line of a chain, or it is sealed and there is no key.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            data = file.read()
            previous, last = _end(path, data)
            if key is None and "seal" in last:
                raise ChainError(
                    f"the lines of {path} are sealed with the state's secret, and it is not there (kept apart? "
                    "HEDGEROW_SECRET_FILE names it); nothing was done"
                )
            made = facts(list(_lines(path, data))) if callable(facts) else facts
            line = {**made, "previous": previous}
            if last and ("hash" not in last or (key is not None and "seal" not in last)):
                line["before"] = len(data.splitlines())
            line["hash"] = digest(line)
            if key is not None:
                line["seal"] = _seal(key, path, line["hash"])
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
    if path.exists():
        yield from _lines(path, path.read_bytes())


def _lines(path: Path, data: bytes) -> Iterator[Facts]:
    for number, line in enumerate(data.splitlines(), 1):
        facts = _facts(line)
        if facts is None:
            raise ChainError(f"line {number} of {path} is not a JSON object; `hedgerow ledger verify` says more")
        yield facts


def verify(path: Path, key: bytes | None) -> Verified:
    """Checks every line; a missing file is an empty chain."""
    problems: list[str] = []
    data = path.read_bytes() if path.exists() else b""
    previous = BEGINNING
    chained = sealed = False
    offset = 0
    lines = 0
    for number, line in enumerate(data.splitlines(keepends=True), 1):
        lines = number
        facts = _facts(line)
        where = f"line {number} of {path.name}"
        if facts is None:
            problems.append(f"{where} is not a JSON object")
        elif "hash" not in facts:
            if chained:
                problems.append(f"{where} has no hash")
        else:
            if not chained:
                previous = _before(data[:offset])
            if not chained and number > 1 and facts.get("before") != number - 1:
                problems.append(
                    f"{where} is the first with a hash, and does not say that so many lines stand before it"
                )
            chained = True
            if facts.get("previous") != previous:
                problems.append(f"{where} does not follow the line before it")
            if digest(facts) != facts["hash"]:
                problems.append(f"{where} was changed")
            problems += _wrong_seal(path, key, facts, number, sealed)
            sealed |= "seal" in facts
            # Held against the hash the line bears, fitting or not: one damage, one problem.
            previous = str(facts["hash"])
        offset += len(line)
    if data and not data.endswith(b"\n"):
        problems.append(f"{path.name} ends in the middle of a line")
    if lines and (not chained or (key is not None and not sealed)):
        problems.append(
            f"no line of {path.name} {'is sealed' if chained else 'has a hash'}: all were replaced, or are from before "
            "there was one; the next line that is added covers them"
        )
    return Verified(lines, previous if chained else _before(data), tuple(problems))


def _wrong_seal(path: Path, key: bytes | None, facts: Facts, number: int, sealed: bool) -> list[str]:
    where = f"line {number} of {path.name}"
    if "seal" not in facts:
        return [f"{where} has no seal"] if sealed else []
    if key is None:
        return [] if sealed else [f"{where} is sealed, and the secret that says whether rightly is not there"]
    if not hmac.compare_digest(_seal(key, path, str(facts["hash"])), str(facts["seal"])):
        return [f"{where} was not sealed with this state's secret"]
    if not sealed and number > 1 and facts.get("before") != number - 1:
        return [f"{where} is the first with a seal, and does not say that so many lines stand before it"]
    return []


def _before(data: bytes) -> str:
    """What the first chained line follows: nothing, or lines from before there was a chain."""
    return hashlib.sha256(data).hexdigest() if data else BEGINNING


def _end(path: Path, data: bytes) -> tuple[str, Facts]:
    """What the next line follows, and the last one; empty where there is none."""
    if not data:
        return BEGINNING, {}
    if not data.endswith(b"\n"):
        raise ChainError(
            f"{path} ends in the middle of a line (a crash, or somebody's hand): keep a copy, then remove that half "
            "line, and note in the copy's name when and why"
        )
    last = _facts(data.splitlines()[-1])
    if last is None:
        raise ChainError(f"the last line of {path} is not a JSON object; `hedgerow ledger verify` says more")
    found = last.get("hash")
    return (str(found) if found is not None else _before(data)), last


def _facts(line: bytes) -> Facts | None:
    if len(line) > LONGEST:
        return None
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
