"""A small world for tests of cases: a state directory with a ledger, a database, people who act, a virtual clock."""

# ruff: noqa: ARG002 - a fake has the face of what it stands for

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from hedgerow.cases.core.ledgers import Ledgers, PeopleMap
from hedgerow.cases.core.measures import Measure
from hedgerow.cases.core.sealing import Sealer
from hedgerow.console.access.actor import Actor
from hedgerow.console.access.roles import Role, permissions_of
from hedgerow.store.database import Database
from written_ledger import SECRET, Segment

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
SITE = "directory"
FIELDS = {"name": "basic", "town": "personal", "email": "contact", "diagnosis": "special"}
NAME, TOWN, EMAIL = 1, 2, 4


def keyed(kind: str, value: object) -> str:
    """A keyed name: 24 hexadecimal digits."""
    return hashlib.sha256(f"{kind}:{value}".encode()).hexdigest()[:24]


def user(name: str, *roles: Role) -> Actor:
    """A user of the console, signed in."""
    held = frozenset(roles or {Role.PRIVACY})
    return Actor(f"user-{name}", name, held, permissions_of(held))


ANN, BEA = user("Ann"), user("Bea", Role.COUNSEL)


class Clock:
    """Time that stands until it is told to go."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def go(self, **since: float) -> datetime:
        """So much later."""
        self.at += timedelta(**since)
        return self.at


def shown(
    person: object,
    at: datetime,
    *,
    bits: int = NAME,
    masked: int = 0,
    address: object = "a",
    network: object = "n",
    client: object = "chrome",
    account: object = None,
    route: str = "member",
    lane: str = "visitor",
    why: Sequence[str] = (),
    status: int = 200,
) -> dict[str, Any]:
    """One person shown to one actor."""
    entry: dict[str, Any] = {
        "t": int(at.timestamp() * 1000),
        "k": "disclosure",
        "ref": hashlib.sha256(f"{person}{at}{address}".encode()).hexdigest()[:14].upper(),
        "a": keyed("address", address),
        "net": keyed("network", network),
        "s": keyed("session", address),
        "c": keyed("client", client),
        "lane": lane,
        "st": "member" if account else "stranger",
        "r": route,
        "f": "members",
        "m": "GET",
        "code": status,
        "act": "allow",
        "mode": "enforce",
        "p": [[str(person), bits, masked]],
    }
    if account:
        entry["acc"] = keyed("account", account)
    if why:
        entry["why"] = list(why)
    return entry


def visitors(count: int, members: int, at: datetime, seed: int = 1) -> list[dict[str, Any]]:
    """Ordinary visitors: each reads a few of the popular, at leisure, from a network of their own."""
    import random

    chance = random.Random(seed)
    rows = []
    for n in range(count):
        start = at + timedelta(seconds=chance.uniform(0, 5 * 86_400))
        for _ in range(chance.randint(1, 8)):
            person = min(members, int(chance.paretovariate(0.9)))
            start += timedelta(seconds=chance.uniform(5, 400))
            rows.append(shown(person, start, address=f"v{n}", network=f"vn{n}", client=f"browser{n % 7}"))
    return rows


@dataclass
class FakeMeasures:
    """Measures that work at once, or not."""

    delay_s: float = 0.0
    set_ones: list[Measure] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def set(
        self,
        session: Session,
        actor: Actor,
        now: datetime,
        *,
        site: str,
        step: str,
        target: str,
        until: datetime,
        reason: str,
        case: str,
    ) -> Measure:
        effective = now + timedelta(seconds=self.delay_s) if self.delay_s >= 0 else None
        made = Measure(f"measure-{len(self.set_ones)}", step, target, now, effective, until)
        self.set_ones.append(made)
        return made

    def end(self, session: Session, actor: Actor, now: datetime, measure_id: str, reason: str) -> Measure:
        self.ended.append(measure_id)
        return self.set_ones[0]

    def of_case(self, session: Session, case: str) -> Sequence[Measure]:
        return self.set_ones


class MappedLedgers(Ledgers):
    """Ledgers with a people map of their own: no policy was ever kept in this state."""

    members: int | None = None

    def people_map(self, site: str) -> PeopleMap:
        routes = {"member": frozenset({"name", "town", "email"}), "list": frozenset({"name"})}
        return PeopleMap(dict(FIELDS), routes, self.members)


@dataclass
class World:
    """All of it."""

    state: Path
    database: Database
    clock: Clock
    ledgers: MappedLedgers
    sealer: Sealer

    @classmethod
    def make(cls, state: Path, database: Database) -> World:
        clock = Clock()
        (state / "secret").write_text(SECRET + "\n")
        return cls(state, database, clock, MappedLedgers(state, clock), Sealer(SECRET))

    def write(self, rows: Iterable[dict[str, Any]], members: int | None = None) -> None:
        """A ledger with these rows, oldest first."""
        segment = Segment(self.state, SITE)
        segment.append(*sorted(rows, key=lambda r: r["t"]))
        self.ledgers.members = members

    @contextmanager
    def session(self) -> Iterator[Session]:
        with self.database.session() as session:
            yield session
