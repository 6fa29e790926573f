"""Writing answers as files: CSV that no spreadsheet takes for formulas, tables for people, private files."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from hedgerow.spreadsheet import cell


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A CSV (RFC 4180, CRLF) with a header."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n")
    writer.writerow([cell(c) for c in columns])
    writer.writerows([cell(v) for v in row] for row in rows)
    return out.getvalue()


def aligned(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines with their columns under each other."""
    widths = [max(len(r[i]) for r in [columns, *rows]) for i in range(len(columns))]
    return ["  ".join(v.ljust(w) for v, w in zip(r, widths, strict=True)).rstrip() for r in [columns, *rows]]


def write_private(path: Path, data: bytes) -> None:
    """Writes a file that holds people: readable by its owner only, never over one that is there.

    Raises:
        FileExistsError: there is such a file.
        OSError: it cannot be written.
    """
    _write_new(path, [data])


def write_blocks(path: Path, blocks: Iterable[str]) -> None:
    """As `write_private`, of text that comes block by block and may be longer than memory.

    Raises:
        FileExistsError: there is such a file.
        OSError: it cannot be written.
    """
    _write_new(path, (block.encode("utf-8") for block in blocks))


def _write_new(path: Path, blocks: Iterable[bytes]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for block in blocks:
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
