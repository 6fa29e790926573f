"""People asked for in the order of their numbers: seen wherever a site writes the number."""

from __future__ import annotations

import pytest

from tests.gateway import pages
from tests.gateway.conftest import StartGateway
from tests.gateway.policies import FIELDS, NO_SIGNALS, ROUTES, policy
from tests.gateway.running import Gateway
from tests.gateway.site import Site

CARD = {"path": "/card", "name": "card", "kind": "profile", "person": "header"}
ORDER = [{"name": "in-order", "when": "request.path == '/look' && state.risk > 0", "then": "refuse"}]


@pytest.fixture(scope="module")
def weighing(module_site: Site, module_gateway: StartGateway) -> Gateway:
    """A gateway that refuses `/look` to whoever was seen asking in order."""
    site = {
        "people": {"fields": FIELDS, "routes": [*ROUTES, CARD]},
        "signals": {**NO_SIGNALS, "enumeration": 5},
        "rules": ORDER,
    }
    return module_gateway(policy(module_site.url, site), enforce=True)


@pytest.mark.parametrize(
    ("target", "last"),
    [("/members/00{}", 20), ("/card?id=u{}&tab=1", 20), ("/members?sort=name&from={}", 35)],
)
def test_an_order_is_seen_and_explained(weighing: Gateway, target: str, last: int) -> None:
    person = weighing.visitor()
    for n in range(10, last):
        assert person.get(target.format(n)).status == 200
    refused = person.get("/look")
    assert refused.status == 403
    told = weighing.command("explain", pages.reference(refused.text)).stdout
    assert "signal.enumeration" in told


def test_a_reader_of_a_list_is_not_suspected(weighing: Gateway) -> None:
    person = weighing.visitor()
    for page in range(1, 60, 10):
        person.get(f"/members?from={page}")
        for opened in (page + 1, page + 4, page + 5):
            person.get(f"/members/{opened}")
    assert person.get("/look").status == 200
