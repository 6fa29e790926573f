"""HTTP/2 towards visitors: with prior knowledge, over TLS, many streams, and requests that must not become HTTP/1."""

from __future__ import annotations

import ssl
import threading

import pytest

from tests.gateway.conftest import Certificates, StartGateway
from tests.gateway.http2 import Http2
from tests.gateway.policies import policy
from tests.gateway.running import Gateway, people_in
from tests.gateway.site import Exchange, Site
from tests.gateway.wire import BROWSER, CutError

BROWSER2 = [(n.lower(), v) for n, v in BROWSER.items()]


def test_http_2_with_prior_knowledge_is_served(watching: Gateway) -> None:
    with watching.wire() as wire:
        visitor = Http2(wire)
        got = visitor.ask("/two?x=1")
        assert got.status == 200
        assert got.data()["target"] == "/two?x=1"
        headers = got.data()["headers"]
        assert isinstance(headers, list)
        told = {n.lower(): v for n, v in headers}
        assert told["host"] == "site.example"
        assert told["via"] == "2.0 hedgerow"
        assert visitor.ask("/three").data()["target"] == "/three"


def test_streams_do_not_wait_for_each_other(watching: Gateway, module_site: Site) -> None:
    open_the_gate = threading.Event()

    def slow(exchange: Exchange) -> None:
        assert open_the_gate.wait(20)
        exchange.answer("slow")

    module_site.on("/slow-stream", slow)
    with watching.wire() as wire:
        visitor = Http2(wire)
        first = visitor.begin("/slow-stream")
        others = [visitor.begin(f"/stream/{n}") for n in range(20)]
        for number in others:
            assert visitor.finish(number).status == 200
        assert not visitor.streams[first].ended
        open_the_gate.set()
        assert visitor.finish(first).body == b"slow"


def test_an_upload_over_http_2_arrives(watching: Gateway) -> None:
    with watching.wire() as wire:
        assert Http2(wire).ask("/up", method="POST", body=b"x" * 9_999).data()["body"] == "x" * 9_999


def test_trailers_pass_over_http_2(watching: Gateway, module_site: Site) -> None:
    module_site.on(
        "/trailers2",
        lambda x: x.send(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 42\r\n\r\n"
        ),
    )
    with watching.wire() as wire:
        got = Http2(wire).ask("/trailers2", [("te", "trailers")])
    assert got.body == b"ok"
    assert ("x-sum", "42") in got.trailers


def test_contacts_are_masked_over_http_2(enforcing: Gateway) -> None:
    with enforcing.wire() as wire:
        got = Http2(wire).ask("/members/21", BROWSER2)
    assert b"Name21x" in got.body
    assert b"mail21x" not in got.body
    assert "21" in people_in(enforcing.ledger())


@pytest.mark.parametrize(
    "headers",
    [
        [("transfer-encoding", "chunked")],
        [("connection", "close")],
        [("x-one", "a\r\nX-Two: b")],
        [("x-one", "a\nb")],
        [("content-length", "5")],
        [("X-Capital", "a")],
        [("x one", "a")],
        [("host", "other.example")],
    ],
    ids=["coding", "connection", "line end", "bare LF", "a length that lies", "capitals", "space", "two hosts"],
)
def test_a_request_that_http_1_would_read_otherwise_is_refused(
    watching: Gateway, module_site: Site, headers: list[tuple[str, str]]
) -> None:
    module_site.forget()
    with watching.wire() as wire:
        visitor = Http2(wire, check=False)
        try:
            stream = visitor.begin("/odd", headers)
            got = visitor.finish(stream)
            assert got.status in {0, 400}
            assert got.status == 400 or visitor.streams[stream].reset is not None or visitor.gone is not None
        except (CutError, OSError):
            pass
    assert module_site.not_http == []
    assert module_site.count("/odd") == 0


@pytest.mark.parametrize("target", ["/odd path", "/odd\r\nX: 1", "odd", ""])
def test_a_target_that_is_none_is_refused(watching: Gateway, module_site: Site, target: str) -> None:
    module_site.forget()
    with watching.wire() as wire:
        visitor = Http2(wire, check=False)
        try:
            got = visitor.ask(target)
            assert got.status in {0, 400}
        except CutError:
            pass
    assert module_site.not_http == []
    assert module_site.visits == []


def test_a_cancelled_stream_leaves_the_connection_usable(watching: Gateway, module_site: Site) -> None:
    entered, release = threading.Event(), threading.Event()

    def slow(exchange: Exchange) -> None:
        entered.set()
        release.wait(20)
        exchange.answer("late")

    module_site.on("/cancelled", slow)
    with watching.wire() as wire:
        visitor = Http2(wire)
        stream = visitor.begin("/cancelled")
        assert entered.wait(10)
        visitor.h2.reset_stream(stream)
        visitor.flush()
        assert visitor.ask("/after-cancel").status == 200
        release.set()


def test_a_flood_of_cancelled_streams_ends_the_connection_or_is_borne(watching: Gateway) -> None:
    """Rapid reset (CVE-2023-44487): whatever happens to this connection, the others are served."""
    with watching.wire() as wire:
        visitor = Http2(wire)
        try:
            for _ in range(2_000):
                stream = visitor.begin("/flood")
                visitor.h2.reset_stream(stream)
                visitor.flush()
        except (OSError, CutError):
            pass
        assert watching.get("/during-flood").status == 200


def test_tls_offers_http_2_and_http_1(site: Site, gateway: StartGateway, certificates: Certificates) -> None:
    tls = {"certificate": str(certificates.chain), "key": str(certificates.key)}
    running = gateway(policy(site.url, {"tls": tls}), enforce=False, listen=[{"tls": True}])
    for protocols, chosen in ((("h2", "http/1.1"), "h2"), (("http/1.1",), "http/1.1"), ((), None)):
        running.tls = certificates.trust(*protocols)
        with running.wire() as wire:
            assert isinstance(wire.socket, ssl.SSLSocket)
            assert wire.socket.selected_alpn_protocol() == chosen
            assert wire.socket.version() in {"TLSv1.3", "TLSv1.2"}
            got = Http2(wire).ask("/over-tls") if chosen == "h2" else wire.ask("/over-tls")
            assert got.status == 200
            headers = got.data()["headers"]
            assert isinstance(headers, list)
            assert ["x-forwarded-proto", "https"] in [[n.lower(), v] for n, v in headers]


def test_http_2_towards_the_site_is_refused_clearly_where_the_site_speaks_http_1(
    site: Site, gateway: StartGateway
) -> None:
    running = gateway(policy(site.url, {"upstream": {"url": site.url, "http2": True}}), enforce=False)
    assert running.get("/h2-site").status == 502


def test_cookies_in_several_fields_reach_a_site_of_http_1_as_one(watching: Gateway) -> None:
    """RFC 9113, section 8.2.3: they are joined before they are passed to what speaks no HTTP/2."""
    with watching.wire() as wire:
        crumbs = [("cookie", "a=1"), ("x-between", "1"), ("cookie", "b=2"), ("cookie", "c=3")]
        headers = Http2(wire).ask("/crumbs", crumbs).data()["headers"]
        assert isinstance(headers, list)
        assert [v for n, v in headers if n.lower() == "cookie"] == ["a=1; b=2; c=3"]
