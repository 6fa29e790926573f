"""The last commit, noted outside of the store's folder and signed: so a folder that vanished or is older is noticed.

Whoever can delete this note, too, is found only by a copy of the hash kept elsewhere (`ledger verify` shows it).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hedgerow.ledger.store.files import Files
from hedgerow.ledger.store.layout import Layout
from hedgerow.ledger.store.problems import StoreError


@dataclass(frozen=True)
class Noted:
    """What was noted."""

    n: int
    hash: str
    signature: str

    def is_of(self, site: str, key: Ed25519PublicKey) -> bool:
        """Whether this site's key signed it."""
        try:
            key.verify(bytes.fromhex(self.signature), _text(site, self.n, self.hash))
        except (InvalidSignature, ValueError):
            return False
        return True


def _text(site: str, n: int, digest: str) -> bytes:
    return f"hedgerow 2026-11 last commit: {site} {n} {digest}".encode()


class Anchor:
    """The note of one site's store."""

    def __init__(self, layout: Layout, files: Files) -> None:
        self._site = layout.site
        self.path: Path = layout.anchor
        self._files = files

    def read(self) -> Noted | None:
        """What is noted; None when nothing is.

        Raises:
            StoreError: it cannot be read.
        """
        try:
            facts = json.loads(self.path.read_text(encoding="utf-8"))
            return Noted(int(facts["n"]), str(facts["hash"]), str(facts["signature"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as e:
            raise StoreError(f"{self.path} cannot be read: {e}; restore it from a copy") from e

    def write(self, n: int, digest: str, key: Ed25519PrivateKey) -> None:
        """Notes a commit."""
        self._files.make_folder(self.path.parent)
        unnamed = self.path.with_suffix(".new")
        self._files.remove(unnamed)
        facts = {"n": n, "hash": digest, "signature": key.sign(_text(self._site, n, digest)).hex()}
        self._files.write_new(unnamed, (json.dumps(facts) + "\n").encode())
        self._files.rename(unnamed, self.path)

    def require(self, noted: Noted | None, n: int, digest: str) -> None:
        """Holds a note that was read before the store's state against it.

        Raises:
            StoreError: the store is not the one that was noted, or an earlier one.
        """
        if noted is not None and (noted.n > n or (noted.n == n and noted.hash != digest)):
            raise StoreError(self.in_words(noted, n))

    def in_words(self, noted: Noted, n: int) -> str:
        """What is wrong, and what to do."""
        there = f"the store ends with commit {n}" if n else "the store is gone"
        return (
            f"{there}, and commit {noted.n} ({noted.hash[:16]}) had been made: its folder was removed, replaced or put "
            f"back to an earlier one; restore it from a copy, or, if that was meant, delete {self.path}"
        )
