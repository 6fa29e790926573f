"""The ledger's views in an in-memory DuckDB, filled from a list of what happened: a second hand on the contract."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import duckdb
from pyroaring import BitMap

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
LEVELS = ("address", "network", "session", "account", "client", "licence")


def keyed(kind: str, value: str) -> str:
    """A keyed name for tests."""
    return hashlib.sha256(f"{kind}:{value}".encode()).hexdigest()[:24]


@dataclass(frozen=True)
class Shown:
    """One person's fields shown to one principal."""

    at: datetime
    person: str
    shown: tuple[str, ...] = ("name",)
    masked: tuple[str, ...] = ()
    address: str = "203.0.113.9"
    """As it is; the views get its names."""
    account: str | None = None
    kind: str = "disclosure"
    status: int | None = 200
    action: str = "allow"
    mode: str = "enforce"
    route: str = "member"
    source: str = "gateway"
    names: dict[str, str] = field(default_factory=dict)

    @property
    def network(self) -> str:
        """Its /24."""
        return keyed("network", self.address.rsplit(".", 1)[0])

    @property
    def day_name(self) -> str:
        """The address's name of the day."""
        return keyed(f"address {self.at.date()}", self.address)

    @property
    def standing(self) -> str:
        """Stranger or member."""
        return "member" if self.account else "stranger"

    def principal(self, level: str) -> str | None:
        """Its keyed name at a level."""
        return {
            "address": self.day_name,
            "network": self.network,
            "session": keyed("session", self.address),
            "account": keyed("account", self.account) if self.account else None,
            "client": keyed("client", "chrome"),
            "licence": None,
        }[level]


def connect(
    happened: Iterable[Shown], thinned_before: date | None = None, gaps: Iterable[tuple[datetime, str, str | None]] = ()
) -> duckdb.DuckDBPyConnection:
    """The views; before `thinned_before` sketches only. Gaps: when, note, address (None: the ledger's own)."""
    con = duckdb.connect(":memory:")
    con.execute(_TABLES)
    people: dict[str, int] = {}
    sketched: dict[tuple[date, str, str, str], list[Shown]] = {}
    events = list(happened)
    for seq, e in enumerate(events, 1):
        people.setdefault(e.person, len(people))
        day = e.at.date()
        detailed = thinned_before is None or day >= thinned_before
        for level in LEVELS:
            if name := e.principal(level):
                sketched.setdefault((day, level, name, " ".join(sorted(e.shown))), []).append(e)
        if e.standing == "stranger":
            sketched.setdefault((day, "strangers", "", " ".join(sorted(e.shown))), []).append(e)
        if detailed:
            at = e.at.replace(tzinfo=None)
            who = [e.principal(level) for level in LEVELS]
            con.execute(
                "INSERT INTO disclosures VALUES (?,?,?,?,?,'7K3M-P9QT-2XWA',0,'00000000000000aa',?,?,?,?,?,?,?,"
                "'visitor',?,?,'members','GET',?,?,?,?)",
                [at, e.kind, e.person, list(e.shown), list(e.masked), seq]  # noqa: RUF005
                + [*who, e.standing, e.route, e.status, e.action, e.mode, e.source],
            )
            con.execute(
                "INSERT INTO entries VALUES (?,?,'7K3M-P9QT-2XWA',0,'00000000000000aa',?,?,?,?,?,?,?,'visitor',?,?,"
                "'members','GET',?,?,?,[],NULL,NULL,NULL,?)",
                [at, e.kind, seq, *who, e.standing, e.route, e.status, e.action, e.mode, e.source],
            )
            con.execute(
                "INSERT INTO links SELECT ?, ?, ? WHERE NOT EXISTS (FROM links WHERE day = ? AND address = ?)",
                [day, e.day_name, keyed("address", e.address), day, e.day_name],
            )
    for at, note, address in gaps:
        e = Shown(at, "", address=address or "")
        who = [e.principal(level) if address else None for level in LEVELS]
        con.execute(
            "INSERT INTO entries VALUES (?,'gap',NULL,0,'00000000000000aa',0,?,?,?,?,?,?,NULL,NULL,'member',NULL,NULL,"
            "NULL,NULL,NULL,['unreadable'],NULL,?,NULL,'gateway')",
            [at.replace(tzinfo=None), *who, note],
        )
    for (day, level, name, shown), of in sketched.items():
        numbers = BitMap(people[e.person] for e in of)
        times = [e.at.replace(tzinfo=None) for e in of]
        thinned = thinned_before is not None and day < thinned_before
        con.execute(
            "INSERT INTO sketches VALUES (?,?,?,?,?,?,?,?,?)",
            [day, level, name, shown, numbers.serialize(), len(numbers), min(times), max(times), thinned],
        )
    if made_from := {e.source for e in events} - {"gateway"}:
        con.executemany("INSERT INTO sources VALUES ('00000000000000aa',?)", [[source] for source in made_from])
    con.executemany("INSERT INTO people VALUES (?,?)", [[n, p] for p, n in people.items()] or [[0, "nobody"]])
    return con


_TABLES = """
CREATE TABLE entries("at" TIMESTAMP, kind VARCHAR, reference VARCHAR, part UINTEGER, writer VARCHAR, seq UBIGINT,
    address VARCHAR, network VARCHAR, session VARCHAR, account VARCHAR, client VARCHAR, licence VARCHAR, lane VARCHAR,
    standing VARCHAR, route VARCHAR, family VARCHAR, method VARCHAR, status USMALLINT, action VARCHAR, mode VARCHAR,
    reasons VARCHAR[], details VARCHAR, note VARCHAR, network_kind VARCHAR, source VARCHAR);
CREATE TABLE disclosures("at" TIMESTAMP, kind VARCHAR, person VARCHAR, shown VARCHAR[], masked VARCHAR[],
    reference VARCHAR, part UINTEGER, writer VARCHAR, seq UBIGINT, address VARCHAR, network VARCHAR, session VARCHAR,
    account VARCHAR, client VARCHAR, licence VARCHAR, lane VARCHAR, standing VARCHAR, route VARCHAR, family VARCHAR,
    method VARCHAR, status USMALLINT, action VARCHAR, mode VARCHAR, source VARCHAR);
CREATE TABLE sketches(day DATE, level VARCHAR, principal VARCHAR, shown VARCHAR, people BLOB, people_count UINTEGER,
    first_at TIMESTAMP, last_at TIMESTAMP, thinned BOOLEAN);
CREATE TABLE people(number UINTEGER, person VARCHAR);
CREATE TABLE links(day DATE, address VARCHAR, stable VARCHAR);
CREATE TABLE sources(writer VARCHAR, source VARCHAR);
CREATE VIEW disclosures_by_principal AS FROM disclosures;
"""


class TestKeys:
    """Keyed names for tests."""

    __test__ = False

    def address(self, address: str) -> str:
        """Of an address."""
        return keyed("address", address)

    def account(self, account: str) -> str:
        """Of an account."""
        return keyed("account", account)
