"""Recorded traffic as a log: the ledger's disclosures, written so that the replay can read them once more.

The ledger keeps who was shown whom, and no paths, addresses or agents. So each disclosure becomes one line per person,
on a route made for its set of fields, from an address made from the keyed names: one network stays one network, one
address one address, one client one client. What a ledger cannot show is not weighed (see `without_unseen`).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from hedgerow.audit.replaying import VOUCHED, AuditError, Json
from hedgerow.ledger.reading import Entry, LedgerError, entries

SEEN_IN_LEDGER: Final = frozenset({"declared_automation", "library_client", "asks_beyond_budget"})
"""Signals that a replay of the ledger can weigh; the others need paths, headers, pictures or prints."""

_NETWORK: Final = 0x2A0D << 32
_AUTOMATION: Final = "python-requests/2 ({client})"
_BROWSER: Final = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 {client}"
)

Shape = tuple[str, str, tuple[str, ...]]
"""Route, family and the names of the fields that were asked for."""


@dataclass
class Recorded:
    """A log made from a ledger, and what is needed to understand it."""

    shapes: dict[Shape, int] = field(default_factory=dict)
    lines: int = 0
    disclosures: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    damage: list[str] = field(default_factory=list)
    _networks: dict[str, tuple[int, dict[str, int]]] = field(default_factory=dict)

    def write(self, folder: Path, since_ms: int, to: Path) -> None:
        """Writes the log.

        Raises:
            AuditError: when there is no ledger, or nothing in it since then.
        """
        try:
            with to.open("w", encoding="utf-8") as out:
                for entry in entries(folder, self.damage.append, since_ms):
                    for line in self._lines(entry):
                        out.write(line)
                        self.lines += 1
        except LedgerError as error:
            raise AuditError(str(error)) from error
        if not self.lines:
            raise AuditError(
                "nobody was shown to anybody in that time, as far as this ledger goes back; try a longer --since"
            )

    def _lines(self, entry: Entry) -> Iterator[str]:
        if entry.kind not in {"disclosure", "reveal"} or not entry.people:
            return
        lane = str(entry.facts.get("lane", "visitor"))
        if lane in VOUCHED:
            self.left_out[lane] = self.left_out.get(lane, 0) + 1
            return
        self.disclosures += 1
        address = self._address(str(entry.facts.get("net", "-")), str(entry.facts.get("a", "-")))
        client = str(entry.facts.get("c", "-"))
        agent = (_AUTOMATION if lane == "automation" else _BROWSER).format(client=client)
        at = f"{entry.at.astimezone(UTC):%d/%b/%Y:%H:%M:%S} +0000"
        account = str(entry.facts.get("acc", "-"))
        for shown in entry.people:
            fields = tuple(sorted({*shown.fields, *shown.masked}))
            shape = (str(entry.facts.get("r", "")), str(entry.facts.get("f", "people")), fields)
            number = self.shapes.setdefault(shape, len(self.shapes))
            path = f"/{number}/{quote(shown.person, safe='')}"
            yield f'{address} - {account} [{at}] "GET {path} HTTP/1.1" 200 0 "-" "{agent}"\n'

    def _address(self, network: str, address: str) -> str:
        """An IPv6 address: one /48 for each network, one /64 for each address in it."""
        number, addresses = self._networks.setdefault(network, (len(self._networks), {}))
        within = addresses.setdefault(address, len(addresses)) % 65_536
        return str(IPv6Address(((_NETWORK | number) << 80) | (within << 64) | 1))

    def tables(self, tables: Json, site: str) -> Json:
        """A policy's tables with routes for this log: its own budgets and steps, and nothing it cannot weigh."""
        out = copy.deepcopy(tables)
        found: list[dict[str, Any]] = [s for s in out["sites"] if s["name"] == site]
        if not found:
            raise AuditError(f"the policy has no site `{site}`, of which this ledger is")
        mine = found[0]
        by_name = {r["name"]: r for r in mine["routes"]}
        index = {f["name"]: i for i, f in enumerate(mine["fields"])}
        mine["routes"] = [_route(shape, number, by_name, index) for shape, number in self.shapes.items()]
        return without_unseen(out, site)


def without_unseen(tables: Json, site: str) -> Json:
    """Leaves out what recorded traffic cannot show: signals of headers, pictures and paths, rules, bait, forwarding."""
    for s in tables["sites"]:
        if s["name"] == site:
            s["signals"] = [[name, weight] for name, weight in s["signals"] if name in SEEN_IN_LEDGER]
            s["rules"], s["bait"], s["robots"], s["trusted_hops"] = [], {"paths": []}, None, []
    return tables


def _route(shape: Shape, number: int, by_name: dict[str, dict[str, Any]], index: dict[str, int]) -> Json:
    name, family, fields = shape
    known = by_name.get(name, {})
    at = [{"html": {"selector": "b", "attribute": None}}]
    return {
        "name": f"{number}-{name}"[:64],
        "path": f"/{number}/{{person}}",
        "methods": [],
        "kind": "profile",
        "family": known.get("family", family),
        "person": "path",
        "fields": [{"field": index[f], "at": at} for f in fields if f in index],
        "on_unreadable": "pass",
        "max_body_bytes": 1 << 20,
    }


def since(text: str, now_s: int) -> int:
    """Unix milliseconds of so long ago: `7d`, `24h`, `90m`.

    Raises:
        ValueError: when it is no such time.
    """
    units = {"d": 86_400, "h": 3_600, "m": 60}
    amount, unit = text[:-1], text[-1:]
    if unit not in units or not (amount.isascii() and amount.isdecimal()) or not 0 < int(amount) <= 100_000:
        raise ValueError(f"`{text}` is not a time; write 7d, 24h or 90m")
    return (now_s - int(amount) * units[unit]) * 1000


def told(at_ms: int) -> str:
    """A time for people."""
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"
