"""Erasures that wait: while an edge still writes a segment with the person in it, who is to be erased must be known.

The file names people, so it is the owner's alone and goes with its last line; the record of an erasure names nobody.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from hedgerow.ledger.store.files import Files
from hedgerow.ledger.store.layout import Layout
from hedgerow.ledger.store.problems import StoreError


@dataclass(frozen=True)
class Order:
    """An erasure that waits."""

    person: str
    keep_for_claims: str | None
    waits_for: dict[str, bool]
    """Segments by name, and whether an edge wrote them when it was tried: a damaged one will not be ready by itself.

    Empty while the erasure is under way: found so later, a crash cut it off, and it is done again."""

    def can_go_on(self, written: dict[str, bool]) -> bool:
        """Whether it is worth trying again, given which segments are there and written to now."""
        return not self.waits_for or any(written.get(name) is not was for name, was in self.waits_for.items())


class ErasureOrders:
    """The file of erasures that wait."""

    def __init__(self, layout: Layout, files: Files) -> None:
        self._path = layout.folder / "erasures.json"
        self._files = files

    def waiting(self) -> list[Order]:
        """Erasures that are not finished.

        Raises:
            StoreError: the file cannot be read.
        """
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            return [Order(str(one["person"]), one["keep_for_claims"], dict(one["waits_for"])) for one in found]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError) as e:
            raise StoreError(
                f"{self._path} cannot be read: {e}; the erasures in it are not finished; order them again and delete it"
            ) from e

    def add(self, order: Order) -> None:
        """Remembers one, in place of what was known of the same person."""
        self._write([*(one for one in self.waiting() if one.person != order.person), order])

    def done(self, person: str) -> None:
        """Forgets one; the file goes with the last."""
        known = self.waiting()
        left = [one for one in known if one.person != person]
        if len(left) != len(known):
            self._write(left)

    def _write(self, orders: list[Order]) -> None:
        if not orders:
            self._files.remove(self._path)
            return
        unnamed = self._path.with_suffix(".new")
        self._files.remove(unnamed)
        self._files.write_new(unnamed, json.dumps([asdict(one) for one in orders], ensure_ascii=False).encode())
        self._files.rename(unnamed, self._path)
