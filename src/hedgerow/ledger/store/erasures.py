"""Erasures that wait: while an edge still writes a segment with the person in it, who is to be erased must be known.

The file names people, so it is the owner's alone and goes with its last line; the record of an erasure names nobody.
"""

from __future__ import annotations

import json
from pathlib import Path

from hedgerow.ledger.store.files import Files
from hedgerow.ledger.store.layout import Layout
from hedgerow.ledger.store.problems import StoreError
from hedgerow.ledger.store.segments import Segment


class ErasureOrders:
    """The file of erasures that wait."""

    def __init__(self, layout: Layout, files: Files) -> None:
        self._path = layout.folder / "erasures.json"
        self._files = files

    def waiting(self) -> list[tuple[str, str | None]]:
        """People still to be erased, and for which claims their count is kept.

        Raises:
            StoreError: the file cannot be read.
        """
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            return [(str(one["person"]), one["keep_for_claims"]) for one in found]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError) as e:
            raise StoreError(
                f"{self._path} cannot be read: {e}; the erasures in it are not finished; order them again and delete it"
            ) from e

    def add(self, person: str, keep_for_claims: str | None) -> None:
        """Remembers one; whoever is remembered already stays as they are."""
        known = self.waiting()
        if all(p != person for p, _ in known):
            self._write([*known, (person, keep_for_claims)])

    def done(self, person: str) -> None:
        """Forgets one; the file goes with the last."""
        known = self.waiting()
        left = [one for one in known if one[0] != person]
        if len(left) != len(known):
            self._write(left)

    def _write(self, orders: list[tuple[str, str | None]]) -> None:
        if not orders:
            self._files.remove(self._path)
            return
        unnamed = self._path.with_suffix(".new")
        self._files.remove(unnamed)
        text = json.dumps([{"person": p, "keep_for_claims": k} for p, k in orders], ensure_ascii=False)
        self._files.write_new(unnamed, text.encode())
        self._files.rename(unnamed, self._path)


def needle(person: str) -> bytes:
    """How the engine's serialiser writes the beginning of a person."""
    return f"[{json.dumps(person, ensure_ascii=False)},".encode()


def stands_in(segment: Segment, person: str) -> bool:
    """Whether a segment names a person."""
    return contains(segment.path, person)


def contains(path: Path, person: str) -> bool:
    """Whether a file of lines names a person."""
    try:
        return needle(person) in path.read_bytes()
    except FileNotFoundError:
        return False
