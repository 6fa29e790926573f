"""Which refusals may be told to other guards: those whose address somebody opened, and no other."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from console.filing_cases import DANA, NOW, case_row
from hedgerow.cases.core.sealing import Sealer
from hedgerow.cases.filing.blocking import blockers
from hedgerow.console.refused import refused
from hedgerow.console.services import Services
from hedgerow.ledger.keyed import SiteKeys
from hedgerow.outward import block_lists
from hedgerow.secret import read_secret
from hedgerow.store.models.cases import CasePrincipal, SealedOpening

NAME = "1f0c9a7be2d4a1b2c3d4e5f6"
OTHER = "aaaaaaaaaaaaaaaaaaaaaaaa"


def _measure(name: str, **changed: object) -> dict[str, object]:
    at = int(NOW.timestamp())
    whole: dict[str, object] = {
        "id": f"m-{name[:8]}",
        "site": "club",
        "level": "address",
        "name": name,
        "act": "refuse",
        "from_s": at - 60,
        "until_s": at + 3_600,
    }
    return {**whole, **changed}


def _opened(services: Services, address: str, name: str = NAME) -> None:
    sealer = Sealer(read_secret(services.folder.path))
    with services.database.session() as session:
        principal = CasePrincipal(
            case_id=case_row(session),
            level="address",
            name=name,
            why="it read many people",
            people=None,
            added_at=NOW,
            added_by="Dana Example",
            removed_at=None,
        )
        session.add(principal)
        session.flush()
        session.add(
            SealedOpening(
                principal_id=principal.id,
                sealed=sealer.seal(address, f"address:{principal.id}"),
                at=NOW,
                by=DANA.name,
                reason="to refuse it at the firewall",
                erase_after=None,
            )
        )


def _write(services: Services, *measures: dict[str, object]) -> None:
    (services.folder.path / "measures.json").write_text(json.dumps({"format": 1, "measures": list(measures)}))


def test_only_opened_addresses_that_are_refused_now_are_told(services: Services) -> None:
    _opened(services, "93.184.215.14")
    _write(
        services,
        _measure(NAME),
        _measure(OTHER),
        _measure(NAME, id="m-watch", act="watch"),
        _measure(NAME, id="m-site", site="another"),
    )
    (one,) = refused(services, NOW).known
    assert (one.where, one.until) == ("93.184.215.14", NOW + timedelta(hours=1))
    assert refused(services, NOW).kept_back == {"nobody opened an address of this address for a case": 2}
    assert refused(services, NOW + timedelta(hours=1)).known == ()


def test_an_address_of_ipv6_is_its_64(services: Services) -> None:
    _opened(services, "2606:4700:1:2:3:4:5:6")
    _write(services, _measure(NAME))
    assert [r.where for r in refused(services, NOW).known] == ["2606:4700:1:2::/64"]


def test_an_erased_address_is_not_told(services: Services) -> None:
    _opened(services, "93.184.215.14")
    with services.database.session() as session:
        for row in session.query(SealedOpening):
            row.sealed = None
    _write(services, _measure(NAME))
    assert refused(services, NOW).known == ()


def _keys(services: Services) -> SiteKeys:
    return SiteKeys(read_secret(services.folder.path), "club")


@pytest.mark.parametrize("digits", [16, 24])
@pytest.mark.parametrize(
    ("address", "network"),
    [("93.184.215.14", "93.184.215.0/24"), ("2606:4700:1:2:3:4:5:6", "2606:4700:1::/48")],
)
def test_a_refused_network_is_told_once_an_address_in_it_was_opened(
    services: Services, address: str, network: str, digits: int
) -> None:
    name = _keys(services).network(address)[:digits]
    _write(services, _measure(name, level="network"), _measure(OTHER, level="network"))
    assert refused(services, NOW).known == ()
    _opened(services, address, _keys(services).address(address))
    found = refused(services, NOW)
    assert [(r.where, r.until) for r in found.known] == [(network, NOW + timedelta(hours=1))]
    assert found.kept_back == {"nobody opened an address of this network for a case": 1}
    listed = block_lists.listed(found.known, NOW)
    assert [str(n) for n, _ in listed.entries] == [network]


@pytest.mark.parametrize(
    ("address", "released"),
    [("93.184.215.14", "93.184.215.200"), ("2606:4700:1:2:3:4:5:6", "2606:4700:1:ffff::1")],
)
def test_a_network_with_a_released_address_in_it_is_left_to_hedgerow(
    services: Services, address: str, released: str
) -> None:
    keys = _keys(services)
    _opened(services, address, keys.address(address))
    network = _measure(keys.network(address), level="network")
    _write(services, network, _measure(keys.address(released), act="release"))
    found = refused(services, NOW)
    assert found.known == ()
    assert "released" in next(iter(found.kept_back))
    _write(services, network, _measure(keys.address("93.184.216.200"), act="release"))
    assert len(refused(services, NOW).known) == 1, "somebody elsewhere is released"


def test_a_case_without_any_regime_is_not_kept_open_by_notices(services: Services) -> None:
    with services.database.session() as session:
        assert blockers(session, case_row(session)) == []
