"""A disk on which the process dies at a chosen operation, as after a power cut: nothing of ours runs any more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from hedgerow.ledger.store.files import Files


class DiedError(BaseException):
    """The process is dead; no `except Exception` of ours may see it."""


class DyingFiles(Files):
    """Dies at the n-th operation (from 1): before it, or in the midst of it."""

    def __init__(self, at: int, how: str = "before") -> None:
        self.count = 0
        self._at = at
        self._how = how

    def _do(self, whole: Callable[[], object], half: Callable[[], object] | None = None) -> object:
        self.count += 1
        if self.count != self._at:
            return whole()
        if self._how == "torn" and half:
            half()
        raise DiedError

    def make_folder(self, path: Path) -> None:
        self._do(lambda: super(DyingFiles, self).make_folder(path))

    def write_new(self, path: Path, content: bytes) -> None:
        whole = super().write_new
        self._do(lambda: whole(path, content), lambda: whole(path, content[: len(content) // 2]))

    def write_table(self, connection: duckdb.DuckDBPyConnection, statement: str, path: Path) -> None:
        whole = super().write_table
        self._do(lambda: whole(connection, statement, path), lambda: path.write_bytes(b"PAR1 and half a table"))

    def append(self, path: Path, content: bytes) -> None:
        whole = super().append
        self._do(lambda: whole(path, content), lambda: whole(path, content[: len(content) // 2]))

    def truncate(self, path: Path, length: int) -> None:
        whole = super().truncate
        self._do(lambda: whole(path, length))

    def sync(self, path: Path) -> None:
        whole = super().sync
        self._do(lambda: whole(path))

    def sync_folder(self, path: Path) -> None:
        whole = super().sync_folder
        self._do(lambda: whole(path))

    def rename(self, old: Path, new: Path) -> None:
        whole = super().rename
        self._do(lambda: whole(old, new))

    def link(self, existing: Path, new: Path) -> bool:
        whole = super().link
        return bool(self._do(lambda: whole(existing, new)))

    def remove(self, path: Path) -> None:
        whole = super().remove
        self._do(lambda: whole(path))
