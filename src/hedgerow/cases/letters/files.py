"""Files of letters, each under its own hash: frozen letters, uploaded drafts, replies, pictures. Never changed."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import Final

from hedgerow.cases.letters.problems import LetterError

FOLDER: Final = "letters"
"""Below the state directory."""
MOST_BYTES: Final = 8 << 20
"""Largest file that is kept, in bytes."""
_HASH: Final = re.compile(r"[0-9a-f]{64}\Z")


class LetterFiles:
    """A folder of files named by their SHA-256."""

    def __init__(self, state: Path) -> None:
        """`state` is the state directory; nothing is made before the first file is kept."""
        self.folder = state / FOLDER

    def keep(self, content: bytes) -> str:
        """Keeps a file, durable before this returns, and gives its hash. The same file again is the same hash.

        Raises:
            LetterError: when it is empty or too large.
        """
        if not 0 < len(content) <= MOST_BYTES:
            raise LetterError(f"the file has {len(content):,} bytes; between 1 and {MOST_BYTES:,} are kept")
        name = hashlib.sha256(content).hexdigest()
        path = self._path(name)
        if path.exists():
            return name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as f:
                f.write(content)
                f.flush()
                os.fsync(f.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        return name

    def read(self, name: str) -> bytes:
        """A file that was kept.

        Raises:
            LetterError: when it is not there, or is no longer what it was.
        """
        path = self._path(name)
        try:
            content = path.read_bytes()
        except OSError as e:
            raise LetterError(f"the file {name[:12]} is not in {self.folder}; restore it from a back-up") from e
        if hashlib.sha256(content).hexdigest() != name:
            raise LetterError(f"the file {name[:12]} was changed after it was kept; restore it from a back-up")
        return content

    def _path(self, name: str) -> Path:
        if not _HASH.match(name):
            raise LetterError("a kept file is named by its SHA-256, 64 hexadecimal digits")
        return self.folder / name[:2] / name


def checked_hash(text: str) -> str:
    """A SHA-256 that somebody typed, in small letters; empty stays empty.

    Raises:
        LetterError: when it is none.
    """
    name = text.strip().lower()
    if name and not _HASH.match(name):
        raise LetterError("that is no SHA-256: 64 hexadecimal digits")
    return name
