"""Refused addresses as files that other guards read: CrowdSec, fail2ban, nftables, or one a line.

Only what a person or a rule refused, with an address that is known: a network, or a sealed address that somebody opened
with a reason. Every entry carries its end. Addresses that are not on the public internet, and networks so wide that
they would shut out whole providers, are never written: a list is a loaded gun pointed at one's own proxy.
"""

from __future__ import annotations

import csv
import ipaddress
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Final

from hedgerow.outward.settings import LISTS, OutwardError
from hedgerow.policy import write_whole

WIDEST: Final = {4: 16, 6: 32}
"""Shortest prefix that is written."""
MOST_ENTRIES: Final = 100_000
FILES: Final = {
    "crowdsec-json": "crowdsec-decisions.json",
    "crowdsec-csv": "crowdsec-decisions.csv",
    "fail2ban": "fail2ban.log",
    "nftables": "nftables-refused.nft",
    "plain": "refused.txt",
}
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Refused:
    """One refuse measure whose address is known."""

    where: str
    """An address or a network."""
    since: datetime
    until: datetime
    """When it ends by itself."""
    reason: str = "refused"
    """A word, never a sentence of a person: it leaves the house."""


@dataclass(frozen=True)
class Listed:
    """What a list says, and what was left out."""

    entries: tuple[tuple[Network, Refused], ...]
    left_out: tuple[str, ...]
    """Why, in sentences without addresses."""


def listed(refused: Iterable[Refused], now: datetime) -> Listed:
    """What may be written at a moment: in force, public, not too wide, nothing inside of something else."""
    best: dict[Network, Refused] = {}
    out: dict[str, int] = {}
    for one in refused:
        why = _why_not(one, now)
        if why:
            out[why] = out.get(why, 0) + 1
            continue
        network = ipaddress.ip_network(one.where, strict=False)
        if network not in best or best[network].until < one.until:
            best[network] = one
    kept: list[tuple[Network, Refused]] = []
    for network, one in sorted(best.items(), key=lambda e: (e[0].version, e[0].prefixlen, int(e[0].network_address))):
        if _covered(network, one, best):
            continue
        kept.append((network, one))
    if len(kept) > MOST_ENTRIES:
        out[f"the list has room for {MOST_ENTRIES:,}; the ones that end last are kept"] = len(kept) - MOST_ENTRIES
        kept = sorted(kept, key=lambda e: e[1].until, reverse=True)[:MOST_ENTRIES]
    kept.sort(key=lambda e: (e[0].version, int(e[0].network_address), e[0].prefixlen))
    return Listed(tuple(kept), tuple(f"{n}: {why}" for why, n in sorted(out.items())))


def _why_not(one: Refused, now: datetime) -> str:
    try:
        network = ipaddress.ip_network(one.where, strict=False)
    except ValueError:
        return "not an address"
    if one.until <= now:
        return "over"
    if not network.network_address.is_global or network.is_multicast or not network.broadcast_address.is_global:
        return "not on the public internet"
    if network.prefixlen < WIDEST[network.version]:
        return f"wider than /{WIDEST[4]} or, in IPv6, /{WIDEST[6]}"
    if any(not (c.isascii() and (c.isalnum() or c in "-_.")) for c in one.reason) or len(one.reason) > 60:
        return "its reason is not a word"
    return ""


def _covered(network: Network, one: Refused, best: dict[Network, Refused]) -> bool:
    """Whether a wider entry holds at least as long: sets of intervals must not overlap (nftables refuses them)."""
    for length in range(WIDEST[network.version], network.prefixlen):
        wider = best.get(network.supernet(new_prefix=length))
        if wider is not None and wider.until >= one.until:
            return True
    return False


def _seconds(one: Refused, now: datetime) -> int:
    return max(1, int((one.until - now).total_seconds()))


def _bare(network: Network) -> str:
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)


def text(kind: str, found: Listed, now: datetime) -> str:
    """One list as a file.

    Raises:
        OutwardError: there is no such list.
    """
    match kind:
        case "crowdsec-json":
            rows = [
                {"duration": d, "reason": r, "scope": s, "type": "ban", "value": v}
                for d, r, s, v in _crowdsec(found, now)
            ]
            return json.dumps(rows, indent=1) + "\n"
        case "crowdsec-csv":
            out = StringIO()
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(("duration", "reason", "scope", "type", "value"))
            writer.writerows((d, r, s, "ban", v) for d, r, s, v in _crowdsec(found, now))
            return out.getvalue()
        case "fail2ban":
            return "".join(
                f"{one.since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} hedgerow refuse {_bare(network)} "
                f"until {one.until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} {one.reason}\n"
                for network, one in sorted(found.entries, key=lambda e: e[1].since)
            )
        case "nftables":
            return _nftables(found, now)
        case "plain":
            return "".join(f"{_bare(network)}\n" for network, _ in found.entries)
        case _:
            raise OutwardError(f"there is no list `{kind[:40]}`; there are {', '.join(LISTS)}")


def _crowdsec(found: Listed, now: datetime) -> list[tuple[str, str, str, str]]:
    # Formats of `cscli decisions import`: duration as Go writes it; scopes as CrowdSec itself keeps them, because what
    # is imported under another spelling is not sent to those who ask for `Ip` and `Range`.
    return [
        (
            f"{_seconds(one, now)}s",
            f"hedgerow/{one.reason}",
            "Ip" if network.prefixlen == network.max_prefixlen else "Range",
            _bare(network),
        )
        for network, one in found.entries
    ]


def _nftables(found: Listed, now: datetime) -> str:
    """One transaction for `nft -f`: the sets are made, emptied and filled at once.

    An entry that lies inside a wider one is left out even if it ends later: intervals must not overlap. It comes back
    with the file that is written after the wider one has ended.
    """
    kept: list[tuple[Network, Refused]] = []
    taken: dict[int, set[Network]] = {4: set(), 6: set()}
    for network, one in sorted(found.entries, key=lambda e: e[0].prefixlen):
        wider = (network.supernet(new_prefix=n) for n in range(WIDEST[network.version], network.prefixlen))
        if any(w in taken[network.version] for w in wider):
            continue
        taken[network.version].add(network)
        kept.append((network, one))
    kept.sort(key=lambda e: int(e[0].network_address))
    lines = [
        f"# Written by Hedgerow at {now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}; load it with: nft -f",
        "table inet hedgerow",
        "table inet hedgerow {",
        "\tset refused4 { type ipv4_addr; flags interval, timeout; }",
        "\tset refused6 { type ipv6_addr; flags interval, timeout; }",
        "}",
        "flush set inet hedgerow refused4",
        "flush set inet hedgerow refused6",
    ]
    for version in (4, 6):
        mine = [f"{_bare(n)} timeout {_seconds(o, now)}s" for n, o in kept if n.version == version]
        if mine:
            lines.append(f"add element inet hedgerow refused{version} {{ {', '.join(mine)} }}")
    return "\n".join(lines) + "\n"


def write(folder: Path, kinds: Iterable[str], refused: Iterable[Refused], now: datetime) -> Listed:
    """Writes the lists, each whole or not at all; one that says the same as before is written again, with new ends.

    Raises:
        OutwardError: a file cannot be written.
    """
    found = listed(refused, now)
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        for kind in kinds:
            write_whole(folder / FILES[kind], text(kind, found, now), mode=0o640)
    except OSError as e:
        raise OutwardError(f"the block lists in {folder} cannot be written: {e.strerror}") from e
    return found
