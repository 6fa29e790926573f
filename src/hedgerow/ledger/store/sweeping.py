"""Sweeping: files that no commit needs any more go once no snapshot reads them, and deletions are confirmed."""

from __future__ import annotations

import fcntl
import os
import secrets
from pathlib import Path

from hedgerow.ledger.store.layout import Layout, Table
from hedgerow.ledger.store.redaction import leftovers
from hedgerow.ledger.store.round import Round


def sweep(work: Round) -> int:
    """Finishes what earlier rounds, or a crash, left; says how many files went."""
    _finish_arrivals(work)
    oldest = _oldest_pin(work.layout)
    gone = 0
    for path, n in list(work.state.retired.items()):
        if n > oldest or path in work.writer.swept:
            continue
        if (work.layout.store / path).exists():
            work.files.remove(work.layout.store / path)
            gone += 1
        work.writer.swept.append(path)
    confirmed = []
    for path, (n, _) in work.state.pending.items():
        # Rows of a file that was ordered deleted may also stand in files that were merged into it.
        if n <= oldest:
            work.files.remove(work.layout.folder / path)
            confirmed.append(path)
    for folder in {(work.layout.folder / path).parent for path in confirmed}:
        if folder.is_dir():
            work.files.sync_folder(folder)
    if confirmed:
        work.writer.commit("deleted", work.now, deleted=confirmed)
    return gone + len(confirmed) + _orphans(work)


def _finish_arrivals(work: Round) -> None:
    """Gives redacted segments the names that their commit promised."""
    if not work.state.incoming:
        return
    for unnamed, named in work.state.incoming.items():
        if (work.layout.folder / unnamed).exists():
            work.files.rename(work.layout.folder / unnamed, work.layout.folder / named)
    work.files.sync_folder(work.layout.segments)
    work.writer.commit("arrived", work.now, arrived=list(work.state.incoming))


def _orphans(work: Round) -> int:
    """Files that a crash left before any commit named them."""
    gone = 0
    for table in Table:
        for path in sorted((work.layout.store / table.value).rglob("*")):
            name = path.relative_to(work.layout.store).as_posix()
            known = name in work.state.files or name in work.state.retired or f"store/{name}" in work.state.pending
            if path.is_file() and not known:
                work.files.remove(path)
                gone += 1
    unfinished = [*work.layout.store.glob("spilled/*"), *leftovers(work.layout.segments, work.state.incoming)]
    unfinished += [p for p in work.layout.day_keys.glob(".*") if _is_old(work, p)]
    for path in sorted(unfinished):
        work.files.remove(path)
        gone += 1
    return gone


def _is_old(work: Round, path: Path) -> bool:
    """Whether a day's key under its temporary name was left by a crash: making one takes no minute."""
    try:
        return work.now.timestamp() - path.stat().st_mtime > 60
    except FileNotFoundError:
        return False


def _oldest_pin(layout: Layout) -> int:
    """The earliest commit that a snapshot in use was made at; what was retired later must stay."""
    oldest = 1 << 62
    for path in layout.pins.glob("*.pin") if layout.pins.is_dir() else ():
        try:
            handle = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
        except BlockingIOError:
            oldest = min(oldest, int(path.name.split("-")[0]))
        finally:
            os.close(handle)
    return oldest


class Pin:
    """A file whose lock says that a snapshot is in use."""

    def __init__(self, path: Path, handle: int) -> None:
        self._path = path
        self._handle: int | None = handle

    def let_go(self) -> None:
        """Ends it."""
        if self._handle is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._handle)
            self._handle = None


def take_pin(layout: Layout, n: int) -> Pin:
    """Keeps the files of commit `n` and later ones from being deleted. It ends with the process at the latest."""
    layout.pins.mkdir(mode=0o700, parents=True, exist_ok=True)
    while True:
        path = layout.pins / f"{n}-{secrets.token_hex(6)}.pin"
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        # Between its making and its lock it may have been taken for one that a dead process left.
        if _same(path, handle):
            return Pin(path, handle)
        os.close(handle)


def _same(path: Path, handle: int) -> bool:
    try:
        return path.stat().st_ino == os.fstat(handle).st_ino
    except FileNotFoundError:
        return False
