"""Several sites in one gateway: each by its host, with its own policy, mode, certificate and memory."""

from __future__ import annotations

import shutil
import ssl
from collections.abc import Iterator
from typing import Final

import pytest

from hedgerow.ledger.keyed import SiteKeys
from hedgerow.secret import read_secret
from tests.gateway import pages
from tests.gateway.conftest import Certificates, StartGateway, club
from tests.gateway.policies import policy, tight, towns
from tests.gateway.running import Gateway, free_port, people_in
from tests.gateway.site import Site
from tests.gateway.wire import BROWSER, Answer, Wire

CLUB, SHOP, ALIAS = "club.example", "shop.example", "www.shop.example"
REFUSE: Final = [{"name": "closed-shop", "when": 'request.path == "/office"', "then": "refuse"}]


class Pair:
    """A gateway before two sites, with a door in the clear and one with TLS."""

    def __init__(self, running: Gateway, secure: int, certificates: dict[str, Certificates]) -> None:
        self.running = running
        self.secure = secure
        self.certificates = certificates

    def ask(self, host: str, target: str, **headers: str) -> Answer:
        """In the clear, by `Host`."""
        with Wire(self.running.address, name=host, source=headers.pop("source", None)) as wire:
            return wire.ask(target, {**BROWSER, **headers})

    def ask_securely(self, host: str, target: str, trust: str) -> Answer:
        """Over TLS, by the name in the handshake; only the certificate of `trust` is believed."""
        context = self.certificates[trust].trust()
        with Wire(("127.0.0.1", self.secure), context, name=host) as wire:
            return wire.ask(target, BROWSER)


@pytest.fixture(scope="module")
def pair(module_gateway: StartGateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: apt-get install openssl")
    first, second = club(Site()), club(Site())
    first.page("/", "the club")
    second.page("/", "the shop")
    certificates = {}
    for host in (CLUB, SHOP):
        certificates[host] = Certificates(tmp_path_factory.mktemp("tls"))
        certificates[host].make(host, f"{host},DNS:www.{host}")

    def tls(host: str) -> dict[str, str]:
        return {"certificate": str(certificates[host].chain), "key": str(certificates[host].key)}

    of_club = tight(first.url, 2, hosts=[CLUB], tls=tls(CLUB), mode="watch", rules=REFUSE, title="The club")["sites"]
    of_shop = tight(
        second.url,
        *(5, "personal"),
        name="shop",
        hosts=[SHOP, ALIAS],
        tls=tls(SHOP),
        mode="enforce",
        rules=REFUSE,
        title="The shop",
        contact="help@shop.example",
    )["sites"]
    assert isinstance(of_club, list)
    assert isinstance(of_shop, list)
    plain, secure = free_port(), free_port()
    listen = [{"address": f"127.0.0.1:{plain}"}, {"address": f"127.0.0.1:{secure}", "tls": True}]
    written = {**policy(first.url), "sites": [*of_club, *of_shop]}
    yield Pair(module_gateway(written, listen=listen, port=plain), secure, certificates)
    first.close()
    second.close()


def test_each_host_gets_its_own_site(pair: Pair) -> None:
    assert pair.ask(CLUB, "/").text == "the club"
    assert pair.ask(SHOP, "/").text == pair.ask(ALIAS, "/").text == "the shop"
    assert pair.ask(f"{SHOP.upper()}:8080", "/").text == "the shop"
    assert pair.ask("else.example", "/").status == 421


def test_one_watches_while_the_other_enforces_each_by_its_own_policy(pair: Pair) -> None:
    source = "127.7.1.1"
    assert towns(pair.ask(CLUB, "/members", source=source).text) == set(range(1, 11))
    assert towns(pair.ask(SHOP, "/members?from=21", source=source).text) == {21, 22, 23, 24, 25}
    assert pair.ask(CLUB, "/office").status == 200
    refused = pair.ask(SHOP, "/office")
    assert refused.status == 403
    assert "The shop" in refused.text
    assert "help@shop.example" in refused.text
    assert people_in(pair.running.ledger("club")) >= {str(n) for n in range(1, 11)}
    assert {e["act"] for e in pair.running.ledger("club") if e["k"] == "verdict"} == {"refuse"}
    assert {e["mode"] for e in pair.running.ledger("club") if e["k"] == "disclosure"} == {"watch"}
    assert {e["mode"] for e in pair.running.ledger("shop") if e["k"] == "disclosure"} == {"enforce"}


def test_nothing_of_one_is_in_the_memory_of_the_other(pair: Pair) -> None:
    source = "127.7.2.1"
    spent = pair.ask(SHOP, "/members?from=61", source=source)
    assert towns(spent.text) == {61, 62, 63, 64, 65}
    assert not people_in(pair.running.ledger("club")) & {str(n) for n in range(61, 71)}
    assert towns(pair.ask(CLUB, "/members?from=61", source=source).text) == set(range(61, 71))
    secret = read_secret(pair.running.state)
    named = {site: SiteKeys(secret, site).address(source) for site in ("club", "shop")}
    for site, other in (("club", "shop"), ("shop", "club")):
        addresses = {str(e.get("a")) for e in pair.running.ledger(site)}
        assert named[site] in addresses
        assert named[other] not in addresses, "the same address has another name in the other's ledger"
    cookies = spent.cookies()
    (name,) = cookies
    with Wire(pair.running.address, name=CLUB, source="127.7.3.1") as wire:
        got = wire.ask("/members/5", {**BROWSER, "Cookie": f"{name}={cookies[name]}"})
    assert got.cookies(), "the cookie of one is nothing to the other: a session of its own begins"


def test_a_reference_of_one_is_not_explained_to_visitors_of_the_other(pair: Pair) -> None:
    number = pages.reference(pair.ask(SHOP, "/office").text)
    assert pair.ask(SHOP, f"/.hedgerow/why/{number}").status == 200
    assert pair.ask(CLUB, f"/.hedgerow/why/{number}").status == 404
    told = pair.running.control().ask("explain", reference=number)["entry"]
    assert isinstance(told, dict)
    assert told["site"] == "shop"


def test_each_has_its_own_certificate(pair: Pair) -> None:
    for host, body in ((CLUB, "the club"), (SHOP, "the shop")):
        assert pair.ask_securely(host, "/", trust=host).text == body
    assert pair.ask_securely(ALIAS, "/", trust=SHOP).text == "the shop"
    for host, other in ((CLUB, SHOP), (SHOP, CLUB)):
        with pytest.raises(ssl.SSLCertVerificationError):
            pair.ask_securely(host, "/", trust=other)


def test_one_is_switched_and_the_other_stays(pair: Pair) -> None:
    running = pair.running
    try:
        assert running.control().ask("mode", site="club", mode="enforce")["ok"] is True
        assert pair.ask(CLUB, "/office").status == 403
        assert pair.ask(SHOP, "/office").status == 403
        assert running.control().ask("mode", site="shop", mode="watch")["ok"] is True
        assert pair.ask(SHOP, "/office").status == 200
        assert pair.ask(CLUB, "/office").status == 403
        sites = running.edge_status()["sites"]
        assert isinstance(sites, list)
        assert {s["site"]: s["mode"] for s in sites} == {"club": "enforce", "shop": "watch"}
        assert all(s["counters"]["requests"] > 0 for s in sites)
    finally:
        # The other tests of this file are about the modes of the policy.
        for name, mode in (("club", "watch"), ("shop", "enforce")):
            running.control().ask("mode", site=name, mode=mode)
