"""Who is meant: an address, an account, a keyed name, or all strangers.

An address has two kinds of name. Segments of the gateway bear its stable name; everything compacted bears the name of
the day, and `links` joins the two only while the window of detail lasts. After that no one can follow an address from
day to day, so an answer about an address says from which day on it reaches.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from ipaddress import ip_address
from typing import Any, Final, Protocol

import duckdb

from hedgerow.ledger.store.layout import STRANGERS

LEVELS: Final = ("address", "network", "session", "account", "client", "licence", "strangers")
"""Levels at which a principal is known; `strangers` is the class of all who are not signed in."""
KEYED: Final = LEVELS[:-1]
STRANGE: Final = ", ".join(f"'{s}'" for s in STRANGERS)
"""Standings of the class of strangers, for SQL; the sketches of that level count the same."""
_NAME: Final = re.compile(r"[0-9a-f]{8,24}\Z")
WHOLE: Final = 24
"""Digits of a keyed name."""


class RefError(ValueError):
    """A reference nobody can be found by; the message says how to write one."""


class Keys(Protocol):
    """Gives keyed names; needs the state's secret."""

    def address(self, address: str) -> str:
        """The stable keyed name of an address."""

    def account(self, account: str) -> str:
        """The keyed name of an account."""


@dataclass(frozen=True)
class Ref:
    """One principal as the operator named it."""

    level: str | None
    """None: any level, found by the name."""
    name: str
    """A keyed name or the beginning of one (8 digits or more); empty for strangers."""

    def __str__(self) -> str:
        return "strangers" if self.level == "strangers" else f"{self.level or 'any'}:{self.name}"


def read_ref(text: str, keys: Keys) -> Ref:
    """`strangers`, `203.0.113.9`, `account:8812`, `network:1f0c9a7b`, or a keyed name of 8 to 24 digits.

    The value itself (an address, an account) is turned into its keyed name here and goes no further.

    Raises:
        RefError: it is none of these.
    """
    text = text.strip()
    if text == "strangers":
        return Ref("strangers", "")
    level, colon, value = text.partition(":")
    if colon and level in KEYED:
        return _of_level(level, value.strip(), keys)
    if _NAME.match(text):
        return Ref(None, text)
    if _is_address(text):
        return Ref("address", keys.address(text))
    raise RefError(
        f"`{text[:80]}` is not a principal: write an address, account:NAME, a keyed name (8 to 24 hexadecimal digits), "
        f"LEVEL:NAME with one of {', '.join(KEYED)}, or strangers"
    )


def _of_level(level: str, value: str, keys: Keys) -> Ref:
    if level == "address" and _is_address(value):
        return Ref(level, keys.address(value))
    if level == "account":
        # An account may be called anything, also something that looks like a keyed name; `account:=NAME` is never one.
        if value.startswith("="):
            return Ref(level, keys.account(value[1:]))
        return Ref(level, value if len(value) == WHOLE and _NAME.match(value) else keys.account(value))
    if _NAME.match(value):
        return Ref(level, value)
    raise RefError(f"`{value[:80]}` is not a keyed name of a {level}: 8 to 24 hexadecimal digits")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class Group:
    """Principals found in a ledger: at each level their keyed names."""

    names: dict[str, frozenset[str]]
    addresses_since: date | None = None
    """First day on which addresses can be followed; None when no address is meant or none was found."""
    unknown: tuple[Ref, ...] = ()
    """Of these nothing is in the ledger."""
    stable: dict[str, str] = field(default_factory=dict)
    """Name of the day to stable name, for the addresses meant."""

    def __bool__(self) -> bool:
        return any(self.names.values())

    def condition(self, prefix: str = "") -> tuple[str, list[Any]]:
        """SQL for rows of `entries` or `disclosures` that belong to the group, with its values."""
        parts: list[str] = []
        values: list[Any] = []
        for level, names in sorted(self.names.items()):
            if level == "strangers":
                parts.append(f"{prefix}standing IN ({STRANGE})")
            elif names:
                parts.append(f"{prefix}{level} {_among(names)}")
                values += _given(names)
        return f"({' OR '.join(parts) or 'false'})", values

    def sketched(self) -> tuple[str, list[Any]]:
        """SQL for rows of `sketches` that belong to the group, with its values."""
        parts: list[str] = []
        values: list[Any] = []
        for level, names in sorted(self.names.items()):
            if level == "strangers":
                parts.append("level = 'strangers'")
            elif names:
                parts.append(f"(level = '{level}' AND principal {_among(names)})")
                values += _given(names)
        return f"({' OR '.join(parts) or 'false'})", values


def _among(names: frozenset[str]) -> str:
    # One name is looked for in the Bloom filters of files. Of many a join is cheaper than a condition for each.
    return "= ?" if len(names) == 1 else "IN (SELECT unnest(?::VARCHAR[]))"


def _given(names: frozenset[str]) -> list[Any]:
    return list(names) if len(names) == 1 else [sorted(names)]


def find_group(connection: duckdb.DuckDBPyConnection, refs: Iterable[Ref]) -> Group:
    """Looks the principals up.

    The beginning of a name stands for every name that begins so, at every level. An address stands for its names on all
    days that can still be linked; so does one of those names.
    """
    names: dict[str, set[str]] = {}
    unknown: list[Ref] = []
    stable: dict[str, str] = {}
    since: date | None = None
    for ref in refs:
        found = False
        if ref.level == "strangers":
            names.setdefault("strangers", set()).add("")
            continue
        for level in (ref.level,) if ref.level else KEYED:
            if level == "address":
                days = _days_of_address(connection, ref.name)
                # A name of a day whose link is gone still names that day.
                matches = {a for _, a, _ in days} | _beginning_so(connection, level, ref.name)
                stable.update({a: s for _, a, s in days})
                if days:
                    since = followed_since(connection)
            else:
                matches = _beginning_so(connection, level, ref.name)
            if matches:
                found = True
                names.setdefault(level, set()).update(matches)
        if not found:
            unknown.append(ref)
    return Group({k: frozenset(v) for k, v in names.items()}, since, tuple(unknown), stable)


def followed_since(connection: duckdb.DuckDBPyConnection) -> date | None:
    """The first day of which names of addresses can still be linked to those of other days."""
    row = connection.execute("SELECT min(day) FROM links").fetchone()
    return row[0] if row else None


def _days_of_address(connection: duckdb.DuckDBPyConnection, name: str) -> list[tuple[date, str, str]]:
    match = "stable = ? OR address = ?" if len(name) == WHOLE else "starts_with(stable, ?) OR starts_with(address, ?)"
    return connection.execute(
        f"SELECT DISTINCT day, address, stable FROM links WHERE stable IN (SELECT stable FROM links WHERE {match})",
        [name, name],
    ).fetchall()


def _beginning_so(connection: duckdb.DuckDBPyConnection, level: str, name: str) -> set[str]:
    match = f"{level} = ?" if len(name) == WHOLE else f"starts_with({level}, ?)"
    sketched = "principal = ?" if len(name) == WHOLE else "starts_with(principal, ?)"
    found = connection.execute(
        f"SELECT DISTINCT {level} FROM entries WHERE {match}"
        f" UNION SELECT DISTINCT principal FROM sketches WHERE level = '{level}' AND {sketched}",
        [name, name],
    ).fetchall()
    return {str(n) for (n,) in found}
