"""The store of one site's ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, Unpack

from hedgerow.ledger.store.anchor import Anchor
from hedgerow.ledger.store.commit import State
from hedgerow.ledger.store.compaction import ROUND_BYTES, Compacted, compact
from hedgerow.ledger.store.erasures import ErasureOrders, Order
from hedgerow.ledger.store.files import Files
from hedgerow.ledger.store.forgetting import Forgotten, check_holds, forget
from hedgerow.ledger.store.holds import Hold, Scope, in_force, lift, place
from hedgerow.ledger.store.keys import DayKeys, erased_name, signing_key
from hedgerow.ledger.store.layout import Layout
from hedgerow.ledger.store.manifest import Manifest, Writer
from hedgerow.ledger.store.merging import merge
from hedgerow.ledger.store.problems import Problem, StoreError
from hedgerow.ledger.store.retention import Retention
from hedgerow.ledger.store.round import Round, locked
from hedgerow.ledger.store.segments import Piece, growing_ones, is_written, read, segments
from hedgerow.ledger.store.snapshot import Snapshot
from hedgerow.ledger.store.sweeping import sweep, take_pin
from hedgerow.ledger.store.thinning import Doomed, carry_out, plan, sealed
from hedgerow.ledger.store.verification import verify
from hedgerow.ledger.trail import who as account
from hedgerow.secret import SecretError, read_secret

_MERGES: Final = 4
"""Merges that follow a compaction: as many tables as it adds files to, so that files never pile up."""
_THIN_ROUNDS: Final = 8
"""Rounds of compaction before a thinning; a longer backlog is the business of the next rounds."""
_PENDING_BYTES: Final = 512 << 20
"""Segments that a snapshot takes up itself: it holds them in memory."""


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
        self._who = who or account()
        self._threads = threads

    @staticmethod
    def open(state: Path, site: str, clock: Callable[[], datetime] = _now) -> Store:
        """The store of a site in a state directory.

        Raises:
            StoreError: the site has no ledger there.
        """
        layout = Layout(state.absolute(), site)
        if not layout.folder.is_dir():
            raise StoreError(f"there is no ledger of {site} in {state}; name the state with --state")
        return Store(layout, lambda: _read_secret(state), clock=clock)

    def snapshot(self) -> Snapshot:
        """The ledger as it is now.

        Raises:
            StoreError: the manifest or a segment cannot be read, or the store is gone.
        """
        manifest = self._manifest()
        # Before the state: a commit between the two must not make the state look old.
        noted = self._anchor.read()
        # First the pin, then the state: what a commit retires between the two is not in this state any more.
        try:
            pin = take_pin(self.layout, manifest.state().n)
        except OSError as e:
            raise StoreError(f"{self.layout.pins} cannot be written: {e}; only the gateway's user may read it") from e
        try:
            state = manifest.state()
            self._anchor.require(noted, state.n, state.hash)
            return Snapshot(self.layout, state, self._pending(state), pin)
        except BaseException:
            pin.let_go()
            raise

    def _pending(self, state: State) -> list[Piece]:
        pieces = []
        behind = 0
        found = segments(self.layout.segments)
        growing = growing_ones(found)
        for segment in found:
            if f"ledger/{segment.name}" in state.pending:
                continue
            so_far = state.segments.get(segment.name)
            start, before = (so_far.upto, so_far.hash) if so_far else (0, None)
            try:
                fresh = segment.path.stat().st_size - start
            except FileNotFoundError:
                continue
            if fresh <= 0:
                continue
            behind += fresh
            if behind > _PENDING_BYTES:
                raise StoreError(
                    f"more than {_PENDING_BYTES >> 20} MiB of segments are not compacted; run `hedgerow ledger compact`"
                )
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
            for _ in range(0 if done.more else _MERGES):
                if not merge(work):
                    break
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

    def thin(self, keep: Retention, wait: bool = False) -> list[Doomed]:
        """Lets go of whatever is older than it is kept; says what went, by which rule.

        What is compacted last is compacted first: nothing is deleted that was in no table.

        Raises:
            BusyError: another process is at it, and `wait` is false.
            StoreError: the store cannot be worked on, or the text of a hold is missing.
        """
        with self._round(wait) as work:
            sweep(work)
            behind = _is_behind(work)
            doomed = plan(self.layout, work.state, keep, work.now)
            # A segment that was not reached is in no table: it is not damaged, it is only not due yet.
            done = carry_out(work, [one for one in doomed if one.table != "segments" or not behind])
            sweep(work)
            return done

    def due(self, keep: Retention) -> list[Doomed]:
        """What `thin` would let go of now, without regard to holds; changes nothing.

        Raises:
            StoreError: the manifest cannot be read.
        """
        return plan(self.layout, self._manifest().state(), keep, self._clock())

    def delete_sealed(self, days: int, wait: bool = False) -> list[Doomed]:
        """Lets go of sealed addresses older than this; says what went.

        Raises:
            BusyError, StoreError: as `thin`.
        """
        if not any(sealed(self.layout, self._manifest().state(), days, self._clock())):
            return []
        with self._round(wait) as work:
            done = carry_out(work, list(sealed(self.layout, work.state, days, work.now)))
            sweep(work)
            return done

    def forget(self, person: str, keep_for_claims: str | None = None, wait: bool = True) -> Forgotten:
        """Erases a person from everything the ledger holds.

        Args:
            person: The site's identifier.
            keep_for_claims: Why the count of their disclosures is kept (which claims). Then a tombstone stands in
                their place in the tables, and their number in the sketches; without it all of it goes.
            wait: Wait for another process that works on the store.

        Raises:
            HeldError: a hold forbids it.
            BusyError, StoreError: as `thin`.
        """
        with self._round(wait) as work:
            sweep(work)
            if _is_behind(work, most_rounds=1_000_000):
                raise StoreError("segments are written faster than they are compacted; try again")
            check_holds(work, person)
            name = erased_name(self._secret(), self.layout.site, person)
            orders = ErasureOrders(self.layout, self._files)
            # Before the commit: after a crash between the two nobody would know that segments still wait.
            orders.add(Order(person, keep_for_claims, {}))
            done = forget(work, person, name, keep_for_claims)
            sweep(work)
            if done.waiting:
                written = {s.name: is_written(s) for s in segments(self.layout.segments) if s.name in done.waiting}
                orders.add(Order(person, keep_for_claims, written))
            else:
                orders.done(person)
            return done

    def finish_forgetting(self) -> list[Forgotten]:
        """Goes on with erasures that had to wait for a segment; says what it did.

        Raises:
            BusyError, StoreError: as `thin`.
        """
        written = {s.name: is_written(s) for s in segments(self.layout.segments)}
        waiting = ErasureOrders(self.layout, self._files).waiting()
        return [self.forget(o.person, o.keep_for_claims, wait=False) for o in waiting if o.can_go_on(written)]

    def hold(self, reason: str, until: date, **scope: Unpack[Scope]) -> Hold:
        """Stops thinning and erasing for people, principals (stable names) or everything of a period, until a day.

        Raises:
            StoreError: without a reason, or over already.
        """
        with self._round(wait=True) as work:
            return place(work, reason, until, **scope)

    def lift(self, hold_id: str, reason: str) -> None:
        """Ends a hold before its time.

        Raises:
            StoreError: there is none of this number in force, or no reason is given.
        """
        with self._round(wait=True) as work:
            lift(work, hold_id, reason)

    def holds(self) -> list[Hold]:
        """The holds in force.

        Raises:
            StoreError: the text of one is missing or was changed.
        """
        return in_force(self.layout, self._manifest().state(), self._clock())

    def head(self) -> tuple[int, str]:
        """Number and hash of the last commit; whoever keeps it elsewhere can tell later whether it was taken back.

        Raises:
            StoreError: the manifest cannot be read.
        """
        try:
            state = self._manifest().state()
        except StoreError:
            # `verify` tells where it is damaged, and must come to tell it.
            return 0, ""
        return state.n, state.hash

    def verify(self) -> list[Problem]:
        """Whatever is not as it was written; empty when all is. Segments' own chains: `_engine.verify_ledger`.

        Raises:
            StoreError: the manifest or the secret cannot be read.
        """
        if not self.layout.store.is_dir() and self._anchor.read() is None:
            return []
        key = signing_key(self._secret(), self.layout.site).public_key()
        return verify(self.layout, self._manifest(), self._anchor, key, self._clock())

    @contextmanager
    def _round(self, wait: bool) -> Iterator[Round]:
        with locked(self.layout, wait):
            writer = Writer(
                self._manifest(),
                self.layout.manifest,
                self.layout.head,
                self._anchor,
                self._files,
                signing_key(self._secret(), self.layout.site),
                self.layout.site,
                self._who,
            )
            keys = DayKeys(self.layout.day_keys, self._files)
            yield Round(self.layout, self._files, writer, keys, self._clock(), self._threads)

    @property
    def _anchor(self) -> Anchor:
        return Anchor(self.layout, self._files)

    def _manifest(self) -> Manifest:
        return Manifest(self.layout.manifest, self.layout.head, self._files)


def _is_behind(work: Round, most_rounds: int = _THIN_ROUNDS) -> bool:
    """Compacts what there is, in a bounded number of rounds; says whether something was left."""
    return all(compact(work).more for _ in range(most_rounds))


def _read_secret(state: Path) -> str:
    try:
        return read_secret(state)
    except SecretError as e:
        raise StoreError(str(e)) from e
