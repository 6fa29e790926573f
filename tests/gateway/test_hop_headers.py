"""Headers between hops: what stays behind, what is added, who is believed."""

from __future__ import annotations

import socket

import pytest

from tests.gateway.conftest import StartGateway
from tests.gateway.policies import policy
from tests.gateway.running import Gateway, people_in
from tests.gateway.site import Exchange, Site
from tests.gateway.wire import BROWSER, Answer, CutError


def told(answer: Answer) -> dict[str, list[str]]:
    """Headers that the site got, by lower-case name."""
    found: dict[str, list[str]] = {}
    pairs = answer.data()["headers"]
    assert isinstance(pairs, list)
    for name, value in pairs:
        found.setdefault(name.lower(), []).append(value)
    return found


def test_hop_by_hop_headers_stay_behind(watching: Gateway) -> None:
    with watching.wire() as wire:
        got = told(
            wire.ask(
                "/hop",
                [
                    ("Connection", "keep-alive, X-Secret"),
                    ("Connection", "x-other"),
                    ("Keep-Alive", "timeout=9"),
                    ("Proxy-Connection", "keep-alive"),
                    ("Proxy-Authorization", "Basic eDp5"),
                    ("TE", "gzip"),
                    ("Upgrade", "h2c"),
                    ("X-Secret", "1"),
                    ("X-Other", "2"),
                    ("X-Kept", "3"),
                ],
            )
        )
    left = {"keep-alive", "proxy-connection", "proxy-authorization", "te", "upgrade", "x-secret", "x-other"}
    assert not left & got.keys()
    assert got["x-kept"] == ["3"]
    assert "x-secret" not in ", ".join(got.get("connection", [])).lower()


@pytest.mark.parametrize("protocol", ["h2c", "H2C", "websocket, h2c", "HTTP/2.0", "TLS/1.0"])
def test_no_upgrade_takes_further_requests_past_the_gateway(watching: Gateway, protocol: str) -> None:
    """A site that agreed to HTTP/2 in clear would be asked for people's pages within the tunnel, unseen."""
    with watching.wire() as wire:
        got = told(
            wire.ask("/hop", [("Connection", "Upgrade"), ("Upgrade", protocol), ("HTTP2-Settings", "AAMAAABkAAQAAP__")])
        )
    assert not {"upgrade", "http2-settings"} & got.keys()


def test_hop_by_hop_headers_of_the_site_stay_behind(watching: Gateway, module_site: Site) -> None:
    def hop(exchange: Exchange) -> None:
        exchange.answer(
            "ok", Connection="X-Inner", X_Inner="1", Keep_Alive="timeout=5", Proxy_Authenticate="Basic", X_Kept="2"
        )

    module_site.on("/hop-back", hop)
    with watching.wire() as wire:
        got = wire.ask("/hop-back")
    assert not got.header("x-inner")
    assert not got.header("keep-alive")
    assert not got.header("proxy-authenticate")
    assert got.header("x-kept") == "2"


def test_the_site_is_told_where_the_visitor_comes_from(watching: Gateway) -> None:
    with watching.wire(source="127.0.0.9") as wire:
        got = told(wire.ask("/from"))
    assert got["x-forwarded-for"] == ["127.0.0.9"]
    assert got["x-forwarded-proto"] == ["http"]
    assert got["x-forwarded-host"] == ["site.example"]
    assert got["host"] == ["site.example"]
    assert got["forwarded"] == ['for=127.0.0.9;host="site.example";proto=http']
    assert got["via"] == ["1.1 hedgerow"]


def test_via_is_continued_both_ways(watching: Gateway, module_site: Site) -> None:
    module_site.on("/via-back", lambda x: x.answer("ok", Via="1.1 inner"))
    with watching.wire() as wire:
        assert told(wire.ask("/via", {"Via": "1.0 fred"}))["via"] == ["1.0 fred, 1.1 hedgerow"]
        assert wire.ask("/via-back").header("via") == "1.1 inner, 1.1 hedgerow"


def test_a_visitor_cannot_say_where_it_comes_from(watching: Gateway) -> None:
    lies = {
        "X-Forwarded-For": "203.0.113.1",
        "Forwarded": "for=203.0.113.1",
        "X-Real-IP": "203.0.113.1",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
    }
    with watching.wire() as wire:
        got = told(wire.ask("/lies", lies))
    assert "203.0.113.1" not in str(got)
    assert "evil.example" not in str(got)
    assert got["x-forwarded-proto"] == ["http"]


def test_a_trusted_hop_is_continued(site: Site, gateway: StartGateway) -> None:
    running = gateway(policy(site.url, {"trusted_hops": ["127.0.0.0/8"]}), enforce=False)
    with running.wire() as wire:
        got = told(wire.ask("/hops", {"X-Forwarded-For": "203.0.113.1", "X-Forwarded-Proto": "https"}))
    assert got["x-forwarded-for"] == ["203.0.113.1, 127.0.0.1"]
    assert got["x-forwarded-proto"] == ["https"]


def address_names(running: Gateway) -> set[object]:
    return {entry.get("a") for entry in running.ledger() if "a" in entry}


def test_visitors_behind_a_trusted_hop_are_told_apart(site: Site, gateway: StartGateway) -> None:
    running = gateway(policy(site.url, {"trusted_hops": ["127.0.0.0/8"]}), enforce=False)
    for n in (1, 2, 3):
        running.get(f"/members/{n}", {"X-Forwarded-For": f"203.0.113.{n}"})
    assert people_in(running.ledger()) == {"1", "2", "3"}
    assert len(address_names(running)) == 3


def test_without_trusted_hops_a_forwarded_address_is_not_believed(site: Site, gateway: StartGateway) -> None:
    running = gateway(policy(site.url), enforce=False)
    for n in (1, 2, 3):
        running.get(f"/members/{n}", {"X-Forwarded-For": f"203.0.113.{n}"})
    assert len(address_names(running)) == 1


def test_only_the_last_untrusted_address_counts(site: Site, gateway: StartGateway) -> None:
    """Everything left of what the trusted hop itself added is the visitor's invention."""
    running = gateway(policy(site.url, {"trusted_hops": ["127.0.0.0/8"]}), enforce=False)
    for n in (1, 2, 3):
        running.get(f"/members/{n}", {"X-Forwarded-For": f"198.51.100.{n}, 203.0.113.1"})
    assert len(address_names(running)) == 1


def test_the_sites_private_headers_reach_no_visitor(watching: Gateway, module_site: Site) -> None:
    def private(exchange: Exchange) -> None:
        exchange.answer(
            "ok", Hedgerow_Account="ada", Hedgerow_Account_Since="1700000000", Hedgerow_People='"1"', X_Kept="1"
        )

    module_site.on("/private", private)
    with watching.wire() as wire:
        got = wire.ask("/private")
    names = {n.lower() for n, _ in got.headers}
    assert not {"hedgerow-account", "hedgerow-account-since", "hedgerow-people"} & names
    assert "x-kept" in names


def test_a_visitor_cannot_speak_for_the_application(watching: Gateway) -> None:
    lies = {"Hedgerow-Account": "root", "hedgerow-people": '"1"', "HEDGEROW-ACCOUNT-SINCE": "1"}
    with watching.wire() as wire:
        assert not {n for n in told(wire.ask("/speak", lies)) if n.startswith("hedgerow")}


def test_the_host_can_be_replaced(site: Site, gateway: StartGateway) -> None:
    written = policy(site.url, {"upstream": {"url": site.url, "host_header": "inner.example"}})
    running = gateway(written, enforce=False)
    got = told(running.get("/h"))
    assert got["host"] == ["inner.example"]
    assert got["x-forwarded-host"] == ["site.example"]


@pytest.mark.parametrize("version", [1, 2])
def test_the_proxy_protocol_tells_the_address(site: Site, gateway: StartGateway, version: int) -> None:
    running = gateway(policy(site.url), enforce=False, listen=[{"proxy_protocol": True}])
    with running.wire() as wire:
        if version == 1:
            wire.send(b"PROXY TCP4 203.0.113.7 203.0.113.8 40000 80\r\n")
        else:
            addresses = socket.inet_aton("203.0.113.7") + socket.inet_aton("203.0.113.8") + b"\x9c\x40\x00\x50"
            wire.send(b"\r\n\r\n\x00\r\nQUIT\n\x21\x11" + len(addresses).to_bytes(2, "big") + addresses)
        got = told(wire.ask("/proxied"))
    assert "203.0.113.7" in got["x-forwarded-for"][0]


def test_a_listener_that_demands_the_proxy_protocol_refuses_others(site: Site, gateway: StartGateway) -> None:
    running = gateway(policy(site.url), enforce=False, listen=[{"proxy_protocol": True}])
    with running.wire() as wire, pytest.raises(CutError):
        wire.ask("/bare")
    assert site.count("/bare") == 0


@pytest.mark.parametrize(
    "header",
    [
        b"PROXY TCP4 203.0.113.7\r\n",
        b"PROXY TCP4 999.0.113.7 203.0.113.8 40000 80\r\n",
        b"PROXY " + b"x" * 200,
        b"\r\n\r\n\x00\r\nQUIT\n\x31\x11\x00\x0c" + b"\x00" * 12,
        b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x02ab",
    ],
    ids=["short", "no address", "endless", "wrong version", "too few bytes"],
)
def test_a_broken_proxy_header_is_refused(site: Site, gateway: StartGateway, header: bytes) -> None:
    running = gateway(policy(site.url), enforce=False, listen=[{"proxy_protocol": True}])
    with running.wire() as wire:
        wire.send(header)
        with pytest.raises((CutError, BrokenPipeError, ConnectionResetError)):
            wire.ask("/bare")
    assert site.count("/bare") == 0


def test_a_plain_listener_does_not_read_the_proxy_protocol(watching: Gateway, module_site: Site) -> None:
    with watching.wire() as wire:
        wire.send(b"PROXY TCP4 203.0.113.7 203.0.113.8 40000 80\r\nGET /p HTTP/1.1\r\nHost: site.example\r\n\r\n")
        assert wire.answer().status == 400
    assert module_site.count("/p") == 0


def test_a_request_refused_for_its_host_does_not_lend_its_header_order_to_the_next(
    site: Site, gateway: StartGateway
) -> None:
    """A visitor's software is told by the order of its headers too: it must be that of its own request."""
    running = gateway(policy(site.url, {"hosts": ["site.example"]}), enforce=False)

    def client() -> object:
        return running.ledger()[-1]["c"]

    browser = {**BROWSER, "Accept-Encoding": "identity"}
    with running.wire() as wire:
        wire.ask("/members/3", browser)
    alone = client()
    with running.wire() as wire:
        backwards = "".join(f"{n}: {v}\r\n" for n, v in reversed(browser.items()))
        wire.send(f"GET /members/3 HTTP/1.1\r\n{backwards}Host: other.example\r\n\r\n".encode())
        assert wire.answer().status == 421
        assert wire.ask("/members/3", browser).status == 200
    assert client() == alone
