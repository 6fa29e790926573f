"""The store of one site's ledger."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from hedgerow.ledger.store.commit import State
from hedgerow.ledger.store.compaction import ROUND_BYTES, Compacted, compact
from hedgerow.ledger.store.files import Files
from hedgerow.ledger.store.keys import DayKeys, signing_key
from hedgerow.ledger.store.layout import Layout
from hedgerow.ledger.store.manifest import Manifest, Writer
from hedgerow.ledger.store.merging import merge
from hedgerow.ledger.store.problems import StoreError
from hedgerow.ledger.store.round import Round, locked
from hedgerow.ledger.store.segments import Piece, last_of_writers, read, segments
from hedgerow.ledger.store.snapshot import Snapshot
from hedgerow.ledger.store.sweeping import sweep, take_pin

_ATTEMPTS: Final = 5


def _now() -> datetime:
    return datetime.now(UTC)


class Store:
    """One site's store. Opening it reads nothing; several processes may have it open and work on it."""

    def __init__(
        self,
        layout: Layout,
        secret: Callable[[], str],
        files: Files | None = None,
        clock: Callable[[], datetime] = _now,
        who: str | None = None,
        threads: int = 1,
    ) -> None:
        self.layout = layout
        self._secret = secret
        self._files = files or Files()
        self._clock = clock
        # The account of the operating system, not $USER: that one anybody may set.
        self._who = who or pwd.getpwuid(os.getuid()).pw_name
        self._threads = threads

    @staticmethod
    def open(state: Path, site: str) -> Store:
        """The store of a site in a state directory.

        Raises:
            StoreError: the site has no ledger there.
        """
        layout = Layout(state.absolute(), site)
        if not layout.segments.is_dir() and not layout.store.is_dir():
            raise StoreError(f"there is no ledger of {site} in {state}; name the state with --state")
        return Store(layout, lambda: _read_secret(state / "secret"))

    def snapshot(self) -> Snapshot:
        """The ledger as it is now.

        Raises:
            StoreError: the manifest or a segment cannot be read.
        """
        manifest = self._manifest()
        # First the pin, then the state: what a commit retires between the two is not in this state any more.
        pin = take_pin(self.layout, manifest.state().n)
        try:
            state = manifest.state()
            return Snapshot(self.layout, state, self._pending(state), pin)
        except BaseException:
            pin.let_go()
            raise

    def _pending(self, state: State) -> list[Piece]:
        pieces = []
        found = segments(self.layout.segments)
        growing = last_of_writers(found)
        for segment in found:
            if f"ledger/{segment.name}" in state.pending:
                continue
            so_far = state.segments.get(segment.name)
            start, before = (so_far.upto, so_far.hash) if so_far else (0, None)
            try:
                if segment.path.stat().st_size <= start:
                    continue
            except FileNotFoundError:
                continue
            piece = read(segment, start, before, growing=segment.name in growing)
            if piece.lines or piece.damage:
                pieces.append(piece)
        return pieces

    def compact(self, at_least_bytes: int = 0, most_bytes: int = ROUND_BYTES, wait: bool = False) -> Compacted:
        """One round of compaction, and of merging and sweeping what earlier ones left.

        Raises:
            BusyError: another process is at it, and `wait` is false.
            StoreError: the store cannot be worked on; nothing was lost.
        """
        with self._round(wait) as work:
            sweep(work)
            done = compact(work, at_least_bytes, most_bytes)
            if not done.more:
                merge(work)
            sweep(work)
            return done

    def merge(self, wait: bool = False) -> int:
        """Merges one table's files of one day, today's too, and says how many became one; 0 when nothing is to do.

        Raises:
            BusyError, StoreError: as `compact`.
        """
        with self._round(wait) as work:
            sweep(work)
            merged = merge(work, every_day=True)
            sweep(work)
            return merged

    @contextmanager
    def _round(self, wait: bool) -> Iterator[Round]:
        with locked(self.layout, wait):
            writer = Writer(
                self._manifest(),
                self.layout.manifest,
                self.layout.head,
                self._files,
                signing_key(self._secret(), self.layout.site),
                self.layout.site,
                self._who,
            )
            keys = DayKeys(self.layout.day_keys, self._files)
            yield Round(self.layout, self._files, writer, keys, self._clock(), self._threads)

    def _manifest(self) -> Manifest:
        return Manifest(self.layout.manifest, self.layout.head, self._files)


def _read_secret(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError as e:
        raise StoreError(f"the secret cannot be read: {e}; only the gateway's user may") from e
