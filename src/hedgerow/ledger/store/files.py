"""Every operation on the disk that can fail, behind one narrow class, so that tests can make each of them fail."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import duckdb


class Files:
    """The file system of this machine. Whatever the store changes, it changes through here."""

    def make_folder(self, path: Path) -> None:
        """Makes a folder and those above it, for the owner only."""
        path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write_new(self, path: Path, content: bytes) -> None:
        """Writes a file that must not be there yet, and has the disk confirm it."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            _write(handle, content)
            os.fsync(handle)
        finally:
            os.close(handle)

    def write_table(self, connection: duckdb.DuckDBPyConnection, statement: str, path: Path) -> None:
        """Has DuckDB write a table; `statement` is a COPY to exactly this path."""
        connection.execute(statement)
        # For the owner, and not even for them to write: a finished table is never changed.
        path.chmod(0o400)

    def append(self, path: Path, content: bytes) -> None:
        """Appends in one write and has the disk confirm it."""
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            _write(handle, content)
            os.fsync(handle)
        finally:
            os.close(handle)

    def truncate(self, path: Path, length: int) -> None:
        """Cuts a file and has the disk confirm it."""
        handle = os.open(path, os.O_WRONLY)
        try:
            os.ftruncate(handle, length)
            os.fsync(handle)
        finally:
            os.close(handle)

    def sync(self, path: Path) -> None:
        """Has the disk confirm what is in a file, whoever wrote it."""
        _sync(path, os.O_RDONLY)

    def sync_folder(self, path: Path) -> None:
        """Makes names in a folder last."""
        _sync(path, os.O_RDONLY | os.O_DIRECTORY)

    def rename(self, old: Path, new: Path) -> None:
        """Gives a file its final name."""
        old.rename(new)

    def link(self, existing: Path, new: Path) -> bool:
        """Gives a file another name, unless that one is taken; says whether it did."""
        try:
            os.link(existing, new)
        except FileExistsError:
            return False
        return True

    def remove(self, path: Path) -> None:
        """Deletes a file; one that is gone already is no error, since a crash may stand between deleting and noting."""
        path.unlink(missing_ok=True)


def _write(handle: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(handle, view) :]


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
