"""A log through the engine: what `_engine.LogReplay` tells, as plain types.

The same replay on one machine or on a Spark cluster looks the same from here; see `spark`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from pyroaring import BitMap

from hedgerow.audit.popularity import Counts

Json = dict[str, Any]
Progress = Callable[[int, int, int], None]
"""Told of bytes done, bytes in all, and lines."""

VOUCHED: frozenset[str] = frozenset({"search_engine", "licensed", "researcher"})
"""Lanes of declared readers, whose address or contract vouches for them: told apart in a report. Who makes previews
says so itself, and nothing vouches for it."""


class AuditError(Exception):
    """An audit that cannot be done; the message says what to do."""


class Replay(Protocol):
    """What both engines offer once a log was replayed."""

    def summary(self) -> str:
        """Counts of the whole log, as JSON."""

    def actors(self, at_least_people: int) -> Iterator[str]:
        """Actors, each as JSON."""

    def people(self, actor: int) -> bytes:
        """The people an actor read, as a portable roaring bitmap of person numbers."""

    def person(self, number: int) -> str:
        """The identifier of a person."""

    def popularity(self) -> bytes:
        """By person number, how many actors read this person: 32 bits each, little-endian."""


@dataclass(frozen=True)
class Seen:
    """One actor of a log: an account if it logs them, otherwise an address with its software. Names are keyed."""

    number: int
    address: str
    network: str
    client: str | None
    account: str | None
    agent: str | None
    lane: str
    asn: int | None
    first_s: int
    last_s: int
    requests: int
    pages: int
    people: int
    masked: int
    """Of those people, how many the policy would have masked or withheld."""
    verdicts: dict[str, int]
    signals: tuple[str, ...]
    gap_mean_s: float | None
    gap_cv: float | None
    hours: tuple[int, ...]
    template: str | None
    sequential_share: float
    long_tail_share: float

    @classmethod
    def of(cls, told: Json) -> Seen:
        """From the engine's JSON."""
        return cls(
            number=int(told["actor"]),
            address=str(told["address"]),
            network=str(told["network"]),
            client=told.get("client"),
            account=told.get("account"),
            agent=told.get("agent"),
            lane=str(told["lane"]),
            asn=told.get("asn"),
            first_s=int(told["first_s"]),
            last_s=int(told["last_s"]),
            requests=int(told["requests"]),
            pages=int(told.get("pages", 0)),
            people=int(told["people"]),
            masked=int(told.get("masked_people", 0)),
            verdicts={str(k): int(v) for k, v in told.get("verdicts", {}).items()},
            signals=tuple(sorted(str(s["code"]) for s in told.get("signals", []))),
            gap_mean_s=told.get("gap_mean_s"),
            gap_cv=told.get("gap_cv"),
            hours=tuple(told.get("hours", ())),
            template=told.get("template"),
            sequential_share=float(told.get("sequential_share") or 0.0),
            long_tail_share=float(told.get("long_tail_share") or 0.0),
        )

    @property
    def stopped(self) -> int:
        """Requests that would not simply have passed."""
        return sum(n for action, n in self.verdicts.items() if action != "allow")


def seen(replay: Replay, at_least_people: int = 1) -> Iterator[Seen]:
    """Actors of a replay that read so many people."""
    for told in replay.actors(at_least_people):
        yield Seen.of(json.loads(told))


def people_of(replay: Replay, actor: Seen) -> BitMap:
    """The people an actor read."""
    return BitMap.deserialize(replay.people(actor.number))


def popularity_of(replay: Replay) -> Counts:
    """By person number, how many actors read this person."""
    return np.frombuffer(replay.popularity(), dtype="<u4").astype(np.int64)


@dataclass(frozen=True)
class Wish:
    """What is to be replayed, and how."""

    files: tuple[Path, ...]
    log_format: str = "auto"
    workers: int = 0
    site: str | None = None
    ledger: Path | None = None
    secret: str | None = None
    now_s: int | None = None
    temporary: Path | None = None

    def options(self) -> str:
        """For the engine."""
        wanted: Json = {"format": self.log_format, "workers": self.workers}
        optional = {
            "site": self.site,
            "secret": self.secret,
            "ledger_folder": None if self.ledger is None else str(self.ledger),
            "temporary_folder": None if self.temporary is None else str(self.temporary),
            "now_s": self.now_s,
        }
        return json.dumps(wanted | {k: v for k, v in optional.items() if v is not None})


def replayed(policy: Json, wish: Wish, progress: Progress) -> Replay:
    """Replays a log on this machine.

    Raises:
        AuditError: with what is wrong with the policy, the options or a file.
    """
    # Imported here: the rest of the audit is pure Python and is tested without it.
    from hedgerow import _engine

    try:
        replay = _engine.LogReplay(json.dumps(policy), wish.options())
        replay.run([str(f) for f in wish.files], progress)
    except (ValueError, RuntimeError, OSError) as error:
        raise AuditError(str(error)) from error
    return replay
