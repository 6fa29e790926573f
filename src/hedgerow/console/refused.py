"""Refuse measures whose address is known: what block lists may say. An address is known only where somebody opened it.

A measure bears a keyed name, from which nothing comes back. An address stands here only if a person opened its seal for
a case, with a reason, and it was not erased since. Measures against networks, accounts and sessions have no address.
"""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from hedgerow.cases.core.keeping import known_address
from hedgerow.cases.core.problems import CaseError
from hedgerow.cases.core.sealing import Sealer
from hedgerow.console.services import Services
from hedgerow.measures.measure import Act, Measure
from hedgerow.measures.table import MeasureTable
from hedgerow.outward.block_lists import Refused
from hedgerow.secret import read_secret
from hedgerow.store.models.cases import Case, CasePrincipal


def refused(services: Services, now: datetime) -> list[Refused]:
    """What is refused at a moment, and where it comes from.

    Raises:
        MeasureError: the file of measures cannot be read; then the lists stay as they are.
        SecretError: the secret cannot be read.
    """
    at = int(now.timestamp())
    measures = [
        m
        for m in MeasureTable(services.folder.path).read()
        if m.act is Act.REFUSE and m.level == "address" and m.from_s <= at < m.until_s
    ]
    if not measures:
        return []
    known = _known(services)
    found = []
    for measure in measures:
        address = _address_of(measure, known)
        if address is not None:
            found.append(Refused(address, datetime.fromtimestamp(measure.from_s, UTC), measure.until, "measure"))
    return found


def _known(services: Services) -> dict[tuple[str, str], str]:
    """Opened addresses by site and keyed name."""
    sealer = Sealer(read_secret(services.folder.path))
    found: dict[tuple[str, str], str] = {}
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
            if opened is not None:
                found[site, principal.name] = opened[0]
    return found


def _address_of(measure: Measure, known: dict[tuple[str, str], str]) -> str | None:
    """The address, or in IPv6 its /64, which is what a measure is about."""
    for (site, name), address in known.items():
        if site == measure.site and name.startswith(measure.name):
            plain = ipaddress.ip_address(address.partition("/")[0])
            return str(plain) if plain.version == 4 else str(ipaddress.ip_network((plain, 64), strict=False))
    return None
