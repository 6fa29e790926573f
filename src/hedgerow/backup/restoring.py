"""Restores a back-up into an empty place: everything is checked before anything is put where it belongs."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from hedgerow.backup import rows
from hedgerow.backup.making import FORMAT, MANIFEST, ROWS, SECRET, STATE, BackupError
from hedgerow.store.database import Database
from hedgerow.store.upgrading import newest, upgrade

MOST_FILES: Final = 5_000_000
LEFT_FREE: Final = 256 << 20
"""Bytes that a restore leaves free on the disk: a small file can unpack to a full one, and a gateway may run beside."""
_LONGEST_MANIFEST: Final = 1 << 30
_BLOCK: Final = 1 << 20


@dataclass(frozen=True)
class Restored:
    """What was brought back."""

    state: Path
    files: int
    rows: int
    made_at: str
    secret: bool
    """Whether the secret came with it; if not, it has to be put in its place before the gateway starts."""


def restore(file: Path, state: Path, database: Database, say: Callable[[str], None] = lambda _: None) -> Restored:
    """Brings everything back.

    Raises:
        BackupError: the place is not empty, or the file is damaged or not one of ours. Nothing has changed then.
        DatabaseError: the database cannot be used.
    """
    if state.exists() and any(state.iterdir()):
        raise BackupError(f"{state} is not empty; a restore writes over nothing: name another place with --state")
    state.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{state.name}.restoring-", dir=state.parent) as name:
        aside = Path(name)
        try:
            found = _unpack(file, aside, say)
        except (tarfile.TarError, EOFError, OSError) as e:
            raise BackupError(f"{file} cannot be read: {e}; is it a back-up, and whole?") from e
        manifest = _checked(found, aside, file)
        count = _database(manifest, aside, database, say)
        secret = (aside / SECRET).exists()
        tree = aside / STATE
        tree.mkdir(exist_ok=True)
        if secret:
            (aside / SECRET).replace(tree / "secret")
        if state.exists():
            state.rmdir()
        os.chmod(tree, 0o700)  # noqa: PTH101 - beside the rename
        shutil.move(tree, state)
    return Restored(state, len(found) - 1, count, str(manifest["made_at"]), secret)


def _unpack(file: Path, aside: Path, say: Callable[[str], None]) -> dict[str, tuple[int, str]]:
    found: dict[str, tuple[int, str]] = {}
    with tarfile.open(file, "r:*") as tar:
        for member in tar:
            name = _plain(member)
            if name in found or len(found) >= MOST_FILES:
                raise BackupError(
                    f"{file} is not one of our back-ups: `{name[:100]}` stands in it twice, or too much does"
                )
            opened = tar.extractfile(member)
            if opened is None:
                raise BackupError(f"{file} is not one of our back-ups: `{name[:100]}` is no file")
            target = aside / name
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            found[name] = _write(opened, target)
            say(name)
    return found


def _plain(member: tarfile.TarInfo) -> str:
    """The name of a file, if it is one of those that a back-up has: nothing outside, no links, no devices."""
    path = PurePosixPath(member.name)
    inside = not path.is_absolute() and ".." not in path.parts and "\0" not in member.name and "\\" not in member.name
    ours = member.name in {MANIFEST, ROWS, SECRET} or (len(path.parts) > 1 and path.parts[0] == STATE)
    if not member.isreg() or not inside or not ours or str(path) != member.name:
        raise BackupError(f"this is not one of our back-ups: it has `{member.name[:100]}`")
    return member.name


def _write(opened: IO[bytes], target: Path) -> tuple[int, str]:
    hashed, size = hashlib.sha256(), 0
    with target.open("xb") as out:
        target.chmod(0o600)
        while block := opened.read(_BLOCK):
            if shutil.disk_usage(target.parent).free < LEFT_FREE + len(block):
                raise BackupError(
                    f"what is in the back-up does not fit: the disk of {target.parent} would have less than "
                    f"{LEFT_FREE >> 20} MB left; make room, or restore it elsewhere"
                )
            hashed.update(block)
            size += len(block)
            out.write(block)
        out.flush()
        os.fsync(out.fileno())
    return size, hashed.hexdigest()


def _checked(found: dict[str, tuple[int, str]], aside: Path, file: Path) -> dict[str, Any]:
    if MANIFEST not in found or found[MANIFEST][0] > _LONGEST_MANIFEST:
        raise BackupError(f"{file} has no {MANIFEST}: it is not a back-up, or its end is missing")
    try:
        manifest: dict[str, Any] = json.loads((aside / MANIFEST).read_text(encoding="utf-8"))
        listed = {name: (int(e["bytes"]), str(e["sha256"])) for name, e in manifest["files"].items()}
        known = manifest["format"]
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        raise BackupError(f"{file} has a {MANIFEST} that is not one of ours") from e
    if known != FORMAT:
        raise BackupError(f"{file} is of format {known}, not {FORMAT}; restore it with the version that made it")
    here = {name: what for name, what in found.items() if name != MANIFEST}
    wrong = sorted(name for name in here.keys() | listed.keys() if here.get(name) != listed.get(name))
    if wrong:
        raise BackupError(f"{file} is damaged: {len(wrong)} files are not as they were, the first is {wrong[0]}")
    return manifest


def _database(manifest: dict[str, Any], aside: Path, database: Database, say: Callable[[str], None]) -> int:
    if ROWS not in manifest["files"]:
        return 0
    if manifest["revision"] != newest():
        raise BackupError(
            f"the back-up's database is of revision {manifest['revision']}, this version has {newest()}; restore it "
            f"with version {manifest['version']}, then upgrade"
        )
    say("filling the database")
    upgrade(database)
    try:
        with (aside / ROWS).open("rb") as raw, io.TextIOWrapper(raw, encoding="utf-8", newline="\n") as lines:
            return rows.load(database, iter(lambda: lines.readline(rows.LONGEST_LINE + 1), ""))
    except rows.RowsError as e:
        raise BackupError(f"{e}") from e
