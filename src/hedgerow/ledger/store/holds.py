"""Litigation holds: what must not be thinned or erased, for whom, why, and until when.

A hold names people or principals, so its text lies in a file of its own beside the store, for the owner only; the
manifest has its number and hash, so that nobody can slip one in or take one out unseen.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TypedDict, Unpack

from hedgerow.ledger.store.commit import State
from hedgerow.ledger.store.layout import Layout
from hedgerow.ledger.store.problems import StoreError
from hedgerow.ledger.store.round import Round


class HeldError(StoreError):
    """A hold forbids it."""


@dataclass(frozen=True)
class Hold:
    """One hold. Without people and without principals it holds everything of its period."""

    id: str
    reason: str
    who: str
    at: str
    until: str
    """The last day it holds, ISO."""
    people: tuple[str, ...] = ()
    principals: tuple[str, ...] = ()
    """Keyed names of any level, 24 digits; addresses by their stable name."""
    since: str | None = None
    before: str | None = None
    """Period of disclosures it is about, days: from `since`, up to and without `before`."""

    def covers(self, day: str) -> bool:
        """Whether disclosures of a day are held."""
        return (self.since is None or day >= self.since) and (self.before is None or day < self.before)

    def as_data(self) -> dict[str, object]:
        """For programs."""
        return asdict(self)

    def text(self) -> bytes:
        """As it stands in the file of holds."""
        return (json.dumps(asdict(self), ensure_ascii=False, sort_keys=True) + "\n").encode()


def path_of(layout: Layout) -> Path:
    """The file of holds; a hold that is over leaves it with the next thinning."""
    return layout.folder / "holds.jsonl"


class Scope(TypedDict, total=False):
    """What a hold is about; what is not named it does not narrow."""

    people: Iterable[str]
    principals: Iterable[str]
    """Keyed names of any level; addresses by their stable name."""
    since: date | None
    """First day of the disclosures held."""
    before: date | None
    """The day after the last one."""


def place(work: Round, reason: str, until: date, **scope: Unpack[Scope]) -> Hold:
    """Places a hold.

    Raises:
        StoreError: without a reason, or when it would be over already.
    """
    if not reason.strip():
        raise StoreError("a hold needs a reason: which claim, which authority, which case")
    if until < work.now.date():
        raise StoreError(f"a hold until {until} would be over already; name a later day")
    hold = Hold(
        secrets.token_hex(6),
        reason,
        work.writer.who,
        work.now.isoformat(timespec="seconds"),
        until.isoformat(),
        tuple(scope.get("people", ())),
        tuple(scope.get("principals", ())),
        _iso(scope.get("since")),
        _iso(scope.get("before")),
    )
    # The text first: a commit about a hold that nobody can read would hold nothing.
    work.files.append(path_of(work.layout), hold.text())
    facts = {"id": hold.id, "until": hold.until, "sha256": hashlib.sha256(hold.text()).hexdigest()}
    work.writer.commit("hold", work.now, hold=facts)
    return hold


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def lift(work: Round, hold_id: str, reason: str) -> None:
    """Ends a hold before its time.

    Raises:
        StoreError: there is none of that number, or no reason.
    """
    if hold_id not in work.state.holds:
        raise StoreError(f"there is no hold {hold_id} in force")
    if not reason.strip():
        raise StoreError("a hold is lifted for a reason; say it")
    work.writer.commit("lift", work.now, lift=hold_id, reason=reason)


def forget_those_over(work: Round) -> None:
    """Ends holds that are over, and takes the text of all that are not in force out of the file."""
    today = work.now.date().isoformat()
    for facts in list(work.state.holds.values()):
        if facts["until"] < today:
            work.writer.commit("lift", work.now, lift=facts["id"], reason="its day is over")
    path = path_of(work.layout)
    if not path.exists():
        return
    kept = {facts["sha256"] for facts in work.state.holds.values()}
    lines = path.read_bytes().splitlines(keepends=True)
    left = b"".join(line for line in lines if hashlib.sha256(line).hexdigest() in kept)
    if not left:
        work.files.remove(path)
    elif len(left) < sum(map(len, lines)):
        unnamed = path.with_suffix(".new")
        work.files.remove(unnamed)
        work.files.write_new(unnamed, left)
        work.files.rename(unnamed, path)


def in_force(layout: Layout, state: State, now: datetime) -> list[Hold]:
    """The holds in force.

    Raises:
        StoreError: the text of one is missing or was changed. Nothing may be deleted then: nobody knows what is held.
    """
    if not state.holds:
        return []
    texts = {}
    path = path_of(layout)
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except OSError as e:
        raise StoreError(f"the holds cannot be read: {e}; restore {path}, or lift the holds by their number") from e
    for line in lines:
        texts[hashlib.sha256(line).hexdigest()] = line
    found = []
    for facts in state.holds.values():
        if facts["until"] < now.date().isoformat():
            continue
        text = texts.get(facts["sha256"])
        if text is None:
            raise StoreError(
                f"the text of hold {facts['id']} is missing in {path} or was changed; restore it, or lift the hold"
            )
        read = json.loads(text)
        read["people"], read["principals"] = tuple(read["people"]), tuple(read["principals"])
        found.append(Hold(**read))
    return found
