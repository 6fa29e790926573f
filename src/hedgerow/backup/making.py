"""Makes a back-up while the gateway runs."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from hedgerow import __version__
from hedgerow.backup import rows
from hedgerow.ledger.reading import sites
from hedgerow.ledger.store.layout import Layout
from hedgerow.ledger.store.round import locked
from hedgerow.outward.webhook import FOLDER as CHANNEL_SECRETS
from hedgerow.secret import secret_file
from hedgerow.store.database import Database
from hedgerow.store.upgrading import newest, revision_of

FORMAT: Final = 1
MANIFEST: Final = "backup.json"
ROWS: Final = "rows.jsonl"
STATE: Final = "state"
SECRET: Final = "secret"  # noqa: S105 - the name of its place
_RUNTIME: Final = ("*.sock", "*.sock.*", "supervisor.pid", "edge-*.json", "brain.json", ".control-*", "control.sock")
_DATABASE: Final = ("console.db", "console.db-wal", "console.db-shm", "console.db.before-*")
_TEMPORARY: Final = ("*.part", "*.tmp", ".*.new", "accounts.new", "lock")


class BackupError(Exception):
    """The back-up was not made, or not restored; the message says what to do."""


@dataclass(frozen=True)
class Made:
    """What is in a back-up."""

    path: Path
    files: int
    bytes: int
    rows: int
    secret: bool
    """Whether the secret is in it: then it must be kept like the secret."""


def make(
    state: Path,
    database: Database,
    out: Path,
    now: datetime,
    *,
    with_secret: bool = True,
    say: Callable[[str], None] = lambda _: None,
) -> Made:
    """Writes everything into one file, readable by its owner only.

    The ledgers' stores are locked meanwhile, so that files and manifest belong together; edges go on writing their
    segments, of which the beginning is taken, up to what was there.

    Raises:
        BackupError: it cannot be made; nothing is left behind.
    """
    if out.exists():
        raise BackupError(f"{out} is there already; a back-up writes over nothing")
    if not state.is_dir():
        raise BackupError(f"there is no state directory {state}; name it with --state")
    revision = revision_of(database)
    if revision is not None and revision != newest():
        raise BackupError(f"the database is at revision {revision}, not {newest()}; run `hedgerow store upgrade` first")
    part = out.with_name(f".{out.name}.part")
    try:
        # One that was left by a crash goes first; what then stands there is somebody else's, and is not written into.
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as raw, _packing(raw, out) as tar:
            made = _fill(tar, state, database, out, now, revision, with_secret, say)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(out)
    except OSError as e:
        raise BackupError(f"{out} cannot be written: {e}") from e
    finally:
        part.unlink(missing_ok=True)
    return made


def _packing(raw: BinaryIO, out: Path) -> tarfile.TarFile:
    if out.suffix in {".gz", ".tgz"}:
        return tarfile.open(fileobj=raw, mode="w:gz")
    return tarfile.open(fileobj=raw, mode="w")


def _fill(
    tar: tarfile.TarFile,
    state: Path,
    database: Database,
    out: Path,
    now: datetime,
    revision: str | None,
    with_secret: bool,
    say: Callable[[str], None],
) -> Made:
    entries: dict[str, dict[str, object]] = {}
    total = count = 0
    with ExitStack() as locks, tempfile.TemporaryFile() as spooled:
        for site in sorted(sites(state)):
            layout = Layout(state.absolute(), site)
            if layout.store.is_dir():
                locks.enter_context(locked(layout, wait=True))
        if revision is not None:
            say("reading the database")
            text = io.TextIOWrapper(spooled, encoding="utf-8", write_through=True)
            count = rows.dump(database, text)
            text.detach()
            entries[ROWS] = _add(tar, spooled, ROWS, spooled.tell(), now)
        for path in _files(state, with_secret=with_secret):
            name = f"{STATE}/{path.relative_to(state)}"
            with path.open("rb") as opened:
                entries[name] = _add(tar, opened, name, os.fstat(opened.fileno()).st_size, now)
            total += int(str(entries[name]["bytes"]))
            say(name)
    secret = secret_file(state)
    if with_secret and secret.is_file():
        with secret.open("rb") as opened:
            entries[SECRET] = _add(tar, opened, SECRET, os.fstat(opened.fileno()).st_size, now)
    manifest = {
        "format": FORMAT,
        "version": __version__,
        "made_at": now.astimezone(UTC).isoformat(timespec="seconds"),
        "revision": revision,
        "rows": count,
        "files": entries,
    }
    body = json.dumps(manifest, indent=1, sort_keys=True).encode()
    _add(tar, io.BytesIO(body), MANIFEST, len(body), now)
    return Made(out, len(entries), total, count, SECRET in entries)


def _files(state: Path, *, with_secret: bool) -> Iterator[Path]:
    for path in sorted(state.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        # Keys of webhooks: with them anybody could sign in this console's name. Without the secret they stay here, too.
        if not with_secret and path.relative_to(state).parts[0] == CHANNEL_SECRETS:
            continue
        top = path.parent == state
        if any(path.match(p) for p in (*_TEMPORARY, *(_RUNTIME if top else ()), *(_DATABASE if top else ()))):
            continue
        # It goes into a place of its own, because it may be kept elsewhere.
        if top and path.name == "secret":
            continue
        yield path


def _add(tar: tarfile.TarFile, opened: io.IOBase, name: str, size: int, now: datetime) -> dict[str, object]:
    """Adds so many bytes of a file, and says their hash; what is appended meanwhile stays outside."""
    opened.seek(0)
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, int(now.timestamp())
    counted = _Hashed(opened)
    tar.addfile(info, counted)
    return {"bytes": size, "sha256": counted.hash.hexdigest()}


class _Hashed:
    """A file that is hashed as it is read."""

    def __init__(self, opened: io.IOBase) -> None:
        self._opened = opened
        self.hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Some bytes."""
        data: bytes = self._opened.read(size)
        self.hash.update(data)
        return data
