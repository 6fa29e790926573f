"""Refuse measures whose address is known: what block lists may say. An address is known only where somebody opened it.

A measure bears a keyed name, from which nothing comes back. An address stands here only if a person opened its seal for
a case, with a reason, and it was not erased since; a network stands here if it is the network of such an address.
Measures against accounts, sessions and clients have no address.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from hedgerow.cases.core.keeping import known_address
from hedgerow.cases.core.problems import CaseError
from hedgerow.cases.core.sealing import Sealer
from hedgerow.console.services import Services
from hedgerow.ledger.keyed import SiteKeys, network_of
from hedgerow.measures.measure import Act, Measure
from hedgerow.measures.table import MeasureTable
from hedgerow.outward.block_lists import Refused
from hedgerow.secret import read_secret
from hedgerow.store.models.cases import Case, CasePrincipal

LEVELS: Final = frozenset({"address", "network"})
"""Levels that have something a firewall knows."""
_SHORT: Final = 16
"""Digits that a measure's name has at least."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Places = dict[tuple[str, str, str], Network]
"""By site, level and the first digits of the keyed name."""


@dataclass(frozen=True)
class RefusedNow:
    """What is refused at a moment."""

    known: tuple[Refused, ...] = ()
    """Where it comes from is known: this goes into lists."""
    kept_back: dict[str, int] = field(default_factory=dict)
    """Why others are refused by Hedgerow alone and stand in no list, and how many; without addresses."""


def refused(services: Services, now: datetime) -> RefusedNow:
    """What is refused at a moment, and where it comes from.

    Raises:
        MeasureError: the file of measures cannot be read; then the lists stay as they are.
        SecretError: the secret cannot be read.
    """
    at = now.timestamp()
    holding = [m for m in MeasureTable(services.folder.path).read() if m.level in LEVELS and m.holds(at)]
    refusing = [m for m in holding if m.act is Act.REFUSE]
    if not refusing:
        return RefusedNow()
    secret = read_secret(services.folder.path)
    places = _places(services, secret)
    found: list[Refused] = []
    kept_back: dict[str, int] = {}
    for measure in refusing:
        where = places.get((measure.site, measure.level, measure.name[:_SHORT]))
        if where is None:
            why = f"nobody opened an address of this {measure.level} for a case"
        elif measure.level == "network" and _holds_released(
            SiteKeys(secret, measure.site), where, _free(holding, measure.site)
        ):
            why = "somebody inside of the network is released, which a firewall does not see"
        else:
            since = datetime.fromtimestamp(measure.from_s, UTC)
            bare = where.network_address if where.prefixlen == where.max_prefixlen else where
            found.append(Refused(str(bare), since, measure.until, "measure"))
            continue
        kept_back[why] = kept_back.get(why, 0) + 1
    return RefusedNow(tuple(found), kept_back)


def _places(services: Services, secret: str) -> Places:
    """Addresses that somebody opened, and their networks."""
    sealer = Sealer(secret)
    found: Places = {}
    with services.database.reading() as session:
        asked = (
            select(CasePrincipal, Case.site)
            .join(Case, Case.id == CasePrincipal.case_id)
            .where(CasePrincipal.level == "address", CasePrincipal.openings.any())
            .options(selectinload(CasePrincipal.openings))
        )
        for principal, site in session.execute(asked):
            try:
                opened = known_address(principal, sealer)
            except CaseError as e:
                structlog.get_logger().warning("address_not_opened", principal=principal.id, error=str(e))
                continue
            if opened is None:
                continue
            address = opened[0].partition("/")[0]
            found[site, "address", principal.name[:_SHORT]] = own_network(address)
            found[site, "network", SiteKeys(secret, site).network(address)[:_SHORT]] = network_of(address)
    return found


def own_network(address: str) -> Network:
    """The address alone; in IPv6 its /64, which is what a measure is about."""
    plain = ipaddress.ip_address(address)
    return ipaddress.ip_network((plain, 32 if plain.version == 4 else 64), strict=False)


def _free(holding: Iterable[Measure], site: str) -> frozenset[str]:
    """Names of the addresses that are released at a site."""
    released = (m for m in holding if m.act is Act.RELEASE and m.level == "address" and m.site == site)
    return frozenset(m.name[:_SHORT] for m in released)


@lru_cache(maxsize=256)
def _holds_released(keys: SiteKeys, network: Network, released: frozenset[str]) -> bool:
    """Whether a released address lies in a network: the release beats the refusal, and a firewall must not undo it.

    Names are compared, so nobody's address comes to light; the network is left out as a whole, because a hole in it
    would say whose it is.
    """
    if not released:
        return False
    inside = network.subnets(new_prefix=32 if network.version == 4 else 64)
    return any(keys.address(str(one.network_address))[:_SHORT] in released for one in inside)
