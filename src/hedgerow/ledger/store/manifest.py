"""The manifest: one signed line a commit, each continuing the hash of the one before.

A line is a JSON object whose last two keys are `hash` and `signature`. `hash` is SHA-256 over the bytes of the line
before `,"hash":`, which hold the hash of the line before (`previous`); `signature` is Ed25519 over the 32 bytes of the
hash. So whoever reads a line can check it with nothing but a hash function and the public key in the first one.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hedgerow.ledger.store.anchor import Anchor
from hedgerow.ledger.store.commit import FORMAT, Facts, State
from hedgerow.ledger.store.files import Files
from hedgerow.ledger.store.problems import Kind, Problem, StoreError

_NOTHING: Final = "0" * 64
_MARK: Final = b',"hash":"'
_TAIL: Final = len(_MARK) + 64 + len('","signature":"') + 128 + len('"}')
_CHECKPOINT_EVERY: Final = 256
"""Commits between two that hold the whole state: reading begins at the last of them."""
_BLOCK: Final = 1 << 20
"""Bytes that are read at once, from the end."""
_CHECKPOINT: Final = b'"kind":"checkpoint"'


@dataclass(frozen=True)
class Line:
    """A line taken apart; nothing in it is checked yet."""

    number: int
    """From 1."""
    body: bytes
    facts: Facts


class LineError(Exception):
    """A line that is not one of a manifest."""


def split(number: int, line: bytes) -> Line:
    """Takes a line apart.

    Raises:
        LineError: it is not one.
    """
    try:
        facts = json.loads(line)
    except ValueError as e:
        raise LineError("it is not JSON") from e
    if not isinstance(facts, dict) or line[-_TAIL : len(line) - _TAIL + len(_MARK)] != _MARK:
        raise LineError("it does not end with its hash and signature")
    return Line(number, line[:-_TAIL], facts)


def wrong_line(line: Line, previous: str, key: Ed25519PublicKey | None) -> tuple[Kind, str] | None:
    """What is wrong with a line, given the hash before it and, unless the chain alone is asked for, the public key."""
    claimed = str(line.facts["hash"])
    if line.facts.get("previous") != previous or line.facts.get("n") != line.number:
        return Kind.MANIFEST_LINE, "it does not continue the line before it: a line was removed, added or swapped"
    if hashlib.sha256(line.body).hexdigest() != claimed:
        return Kind.MANIFEST_LINE, "its hash does not fit it: it was changed"
    if key is None:
        return None
    try:
        key.verify(bytes.fromhex(str(line.facts["signature"])), bytes.fromhex(claimed))
    except (InvalidSignature, ValueError):
        return Kind.SIGNATURE, "its signature was not made with this site's key"
    return None


def require(wrong: tuple[Kind, str] | None) -> None:
    """Raises what is wrong, if anything is."""
    if wrong:
        raise LineError(wrong[1])


class Manifest:
    """A manifest on disk."""

    def __init__(self, path: Path, head: Path, files: Files) -> None:
        self._path = path
        self._head = head
        self._files = files

    @property
    def name(self) -> str:
        """Name of its file."""
        return self._path.name

    def whole_lines(self) -> tuple[bytes, int]:
        """The manifest's bytes without what a crash left of an unfinished line, and how long the file is."""
        try:
            text = self._path.read_bytes()
        except FileNotFoundError:
            return b"", 0
        except OSError as e:
            raise StoreError(f"the manifest {self._path} cannot be read: {e}") from e
        return text[: text.rfind(b"\n") + 1], len(text)

    def state(self) -> State:
        """What is true now: the last checkpoint and all commits after it, their chain of hashes checked.

        Raises:
            StoreError: it was changed; `verify` says where.
        """
        text, from_the_first = self._since_checkpoint()
        state = State()
        before = _NOTHING if from_the_first else None
        for raw in text.splitlines():
            try:
                line = split(state.n + 1 if before else int(json.loads(raw)["n"]), raw)
                require(wrong_line(line, before or str(line.facts["previous"]), None))
                state.apply(line.facts)
            except (LineError, KeyError, TypeError, ValueError) as e:
                raise StoreError(
                    f"the manifest {self._path} is damaged after commit {state.n} ({e}); nothing was changed; "
                    "see `hedgerow ledger verify`, and restore the store's folder from a copy"
                ) from e
            before = state.hash = str(line.facts["hash"])
        return state

    def _since_checkpoint(self) -> tuple[bytes, bool]:
        """Whole lines from the last checkpoint on, read from the end; and whether they begin with the first line.

        A manifest grows for years, and a question needs the last few hundred lines of it.
        """
        try:
            with self._path.open("rb") as file:
                at = file.seek(0, os.SEEK_END)
                text = b""
                while at:
                    length = min(_BLOCK, at)
                    at = file.seek(at - length)
                    text = file.read(length) + text
                    whole = text[: text.rfind(b"\n") + 1]
                    mark = whole.rfind(_CHECKPOINT)
                    start = whole.rfind(b"\n", 0, max(0, mark)) + 1
                    if mark >= 0 and start:
                        return whole[start:], False
                return text[: text.rfind(b"\n") + 1], True
        except FileNotFoundError:
            return b"", True
        except OSError as e:
            raise StoreError(f"the manifest {self._path} cannot be read: {e}") from e

    def lines(self) -> Iterator[Line | Problem]:
        """Every line from the first, taken apart; a problem where one cannot be."""
        text, _ = self.whole_lines()
        for number, raw in enumerate(text.splitlines(), 1):
            try:
                yield split(number, raw)
            except LineError as e:
                yield Problem(Kind.MANIFEST_LINE, f"{self._path.name} line {number}", str(e))

    def signer(self) -> str | None:
        """The public key in the first line, hexadecimal; None while there is none."""
        text, _ = self.whole_lines()
        try:
            return str(json.loads(text[: text.find(b"\n") + 1])["key"]) if text else None
        except (ValueError, KeyError, TypeError) as e:
            raise StoreError(
                f"the first line of {self._path} is damaged; restore the store's folder from a copy"
            ) from e

    def noted_head(self) -> tuple[int, str] | None:
        """The last commit as it was noted beside the manifest; None when nothing is."""
        try:
            facts = json.loads(self._head.read_text(encoding="utf-8"))
            return int(facts["n"]), str(facts["hash"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as e:
            raise StoreError(f"{self._head} cannot be read: {e}; restore the store's folder from a copy") from e


class Writer:
    """Appends commits. Only whoever holds the store's lock may have one."""

    def __init__(
        self,
        manifest: Manifest,
        path: Path,
        head: Path,
        anchor: Anchor,
        files: Files,
        key: Ed25519PrivateKey,
        site: str,
        who: str,
    ) -> None:
        self._path = path
        self._head = head
        self._anchor = anchor
        self._files = files
        self._key = key
        self.who = who
        self.swept: list[str] = []
        """Retired files that are gone: noted with the next commit, as nothing hangs on them."""
        whole, length = manifest.whole_lines()
        if length > len(whole):
            # What a crash left of a commit: it never became true, and nothing may be appended to half a line.
            files.truncate(path, len(whole))
        public = key.public_key().public_bytes_raw().hex()
        signer = manifest.signer()
        if signer not in {None, public}:
            raise StoreError(
                f"the manifest {path} was signed with another secret; bring the old secret back, or move the store's "
                f"folder elsewhere and delete {anchor.path} to begin a new one from the segments that are left"
            )
        self.state = manifest.state()
        noted = manifest.noted_head()
        if noted and noted[0] > self.state.n:
            raise StoreError(
                f"the manifest ends with commit {self.state.n}, and commit {noted[0]} had been made: lines were "
                "removed; restore the store's folder from a copy"
            )
        anchored = anchor.read()
        anchor.require(anchored, self.state.n, self.state.hash)
        if self.state.n == 0:
            self.commit("begin", datetime.now(UTC), site=site, key=public)
            files.sync_folder(path.parent)
        elif noted is None or noted[0] < self.state.n or anchored is None or anchored.n < self.state.n:
            # A crash stood between a commit and its note.
            self._note_head()

    def commit(self, kind: str, at: datetime, **facts: object) -> None:
        """Makes something true, in one line."""
        self._append(kind, at, {**facts, "swept": self.swept})
        self.swept = []
        if self.state.n % _CHECKPOINT_EVERY == 0:
            self._append("checkpoint", at, {"state": self.state.as_facts()})

    def _append(self, kind: str, at: datetime, facts: Facts) -> None:
        body: Facts = {
            "format": FORMAT,
            "n": self.state.n + 1,
            "previous": self.state.hash,
            "at": at.isoformat(timespec="milliseconds"),
            "kind": kind,
            "by": self.who,
            **{name: value for name, value in facts.items() if value not in ([], {}, None)},
        }
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()[:-1]
        digest = hashlib.sha256(text).digest()
        signature = self._key.sign(digest).hex()
        line = text + _MARK + f'{digest.hex()}","signature":"{signature}"}}\n'.encode()
        self._files.append(self._path, line)
        self.state.apply(body)
        self.state.hash = digest.hex()
        self._note_head()

    def _note_head(self) -> None:
        unnamed = self._head.with_suffix(".new")
        self._files.remove(unnamed)
        noted = json.dumps({"n": self.state.n, "hash": self.state.hash}) + "\n"
        self._files.write_new(unnamed, noted.encode())
        self._files.rename(unnamed, self._head)
        self._anchor.write(self.state.n, self.state.hash, self._key)
