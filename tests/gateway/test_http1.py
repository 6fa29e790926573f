"""HTTP/1 towards visitors: connections, versions, ranges, trailers, interim answers."""

from __future__ import annotations

import threading

import pytest

from tests.gateway.running import Gateway
from tests.gateway.site import Exchange, Site
from tests.gateway.wire import Wire, request


def test_a_connection_carries_one_request_after_another(watching: Gateway) -> None:
    with watching.wire() as wire:
        for n in range(5):
            assert wire.ask(f"/echo/{n}").data()["target"] == f"/echo/{n}"


def test_pipelined_requests_are_answered_in_order(watching: Gateway) -> None:
    with watching.wire() as wire:
        wire.send(b"".join(request(f"/pipe/{n}") for n in range(8)))
        assert [wire.answer().data()["target"] for _ in range(8)] == [f"/pipe/{n}" for n in range(8)]


def test_a_pipelined_post_keeps_its_body_to_itself(watching: Gateway) -> None:
    with watching.wire() as wire:
        wire.send(request("/one", method="POST", body=b"GET /evil HTTP/1.1\r\n\r\n") + request("/two"))
        first, second = wire.answer().data(), wire.answer().data()
    assert (first["body"], second["target"]) == ("GET /evil HTTP/1.1\r\n\r\n", "/two")


def test_connection_close_is_obeyed(watching: Gateway) -> None:
    with watching.wire() as wire:
        got = wire.ask("/", {"Connection": "close"})
        assert got.status == 200
        assert wire.closed()


def test_http_1_0_gets_an_unchunked_answer_and_a_closed_connection(watching: Gateway, module_site: Site) -> None:
    module_site.on("/old", lambda x: x.chunks([b"one ", b"two"], kind="text/plain"))
    with watching.wire() as wire:
        wire.send(b"GET /old HTTP/1.0\r\nHost: site.example\r\n\r\n")
        got = wire.answer()
        assert got.complete
        assert got.header("transfer-encoding") == ""
        assert got.body == b"one two"
        assert wire.closed()


def test_head_has_the_length_and_no_body(watching: Gateway, module_site: Site) -> None:
    module_site.on("/sized", lambda x: x.answer("twelve bytes", kind="text/plain"))
    with watching.wire() as wire:
        got = wire.ask("/sized", method="HEAD")
        assert got.header("content-length") == "12"
        assert wire.ask("/sized").text == "twelve bytes"


def test_head_on_a_profile_shows_nobody_and_passes(enforcing: Gateway) -> None:
    with enforcing.wire() as wire:
        assert wire.ask("/members/3", method="HEAD").status == 200
        assert wire.ask("/still").status == 200


def test_a_bodiless_status_leaves_the_connection_usable(watching: Gateway, module_site: Site) -> None:
    def nothing(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 204 Nothing\r\nX-Kept: 1\r\n\r\n")

    module_site.on("/nothing", nothing)
    module_site.on("/same", lambda x: x.send(b'HTTP/1.1 304 Same\r\nETag: "a"\r\n\r\n'))
    with watching.wire() as wire:
        assert wire.ask("/nothing").status == 204
        assert wire.ask("/same").header("etag") == '"a"'
        assert wire.ask("/after").status == 200


def test_trailers_of_the_site_reach_the_visitor(watching: Gateway, module_site: Site) -> None:
    def with_trailers(exchange: Exchange) -> None:
        exchange.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
            b"4\r\nbody\r\n0\r\nX-Sum: 42\r\n\r\n"
        )

    module_site.on("/trailers", with_trailers)
    with watching.wire() as wire:
        got = wire.ask("/trailers", {"TE": "trailers"})
    assert got.body == b"body"
    assert [(n.lower(), v) for n, v in got.trailers] == [("x-sum", "42")]


def test_trailers_of_the_visitor_reach_the_site(watching: Gateway, module_site: Site) -> None:
    seen: list[tuple[str, str]] = []

    def take(exchange: Exchange) -> None:
        assert exchange.body() == b"body"
        seen.extend(exchange.trailers)
        exchange.answer("taken")

    module_site.on("/take-trailers", take)
    with watching.wire() as wire:
        wire.send(
            b"POST /take-trailers HTTP/1.1\r\nHost: site.example\r\nTransfer-Encoding: chunked\r\n"
            b"Trailer: X-Sum\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 7\r\n\r\n"
        )
        assert wire.answer().text == "taken"
    assert [(n.lower(), v) for n, v in seen] == [("x-sum", "7")]


def test_expect_100_continue_is_answered_before_the_body_is_sent(watching: Gateway) -> None:
    with watching.wire() as wire:
        wire.send(b"POST /e HTTP/1.1\r\nHost: site.example\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert wire.head().status == 100
        wire.send(b"hello")
        assert wire.answer().data()["body"] == "hello"


def test_a_range_of_an_ordinary_file_passes(watching: Gateway, module_site: Site) -> None:
    def part(exchange: Exchange) -> None:
        assert exchange.header("range") == "bytes=2-4"
        exchange.send(
            b"HTTP/1.1 206 Part\r\nContent-Type: text/plain\r\nContent-Range: bytes 2-4/10\r\n"
            b"Content-Length: 3\r\n\r\ncde"
        )

    module_site.on("/file", part)
    with watching.wire() as wire:
        got = wire.ask("/file", {"Range": "bytes=2-4"})
    assert (got.status, got.header("content-range"), got.body) == (206, "bytes 2-4/10", b"cde")


def test_a_range_of_a_members_page_is_not_asked_of_the_site(enforcing: Gateway, module_site: Site) -> None:
    with enforcing.wire() as wire:
        got = wire.ask("/members/900", {"Range": "bytes=40-80"})
    assert got.status == 200
    assert module_site.last("/members/900").header("range") == ""


def test_a_chunked_upload_arrives_whole(watching: Gateway) -> None:
    with watching.wire() as wire:
        wire.send(b"POST /chunked HTTP/1.1\r\nHost: site.example\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in (b"one", b"two", b"three"):
            wire.send(b"%x;ext=1\r\n%s\r\n" % (len(piece), piece))
        wire.send(b"0\r\n\r\n")
        assert wire.answer().data()["body"] == "onetwothree"


def test_an_upload_flows_while_it_is_sent(watching: Gateway, module_site: Site) -> None:
    arrived = threading.Event()

    def take(exchange: Exchange) -> None:
        pieces = iter(exchange.pieces())
        next(pieces)
        arrived.set()
        rest = b"".join(pieces)
        exchange.answer(f"{len(rest)}")

    module_site.on("/flow", take)
    with watching.wire() as wire:
        wire.send(b"POST /flow HTTP/1.1\r\nHost: site.example\r\nContent-Length: 8\r\n\r\nhalf")
        assert arrived.wait(10), "the first half must reach the site before the second is sent"
        wire.send(b"half")
        assert wire.answer().status == 200


def test_interim_answers_of_the_site_do_not_confuse_the_visitor(watching: Gateway, module_site: Site) -> None:
    def hints(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n")
        exchange.answer("final")

    module_site.on("/hints", hints)
    with watching.wire() as wire:
        wire.send(request("/hints"))
        # None of them is passed on: the first head is the last.
        assert wire.head().status == 200
        assert wire.exactly(5) == b"final"
        assert wire.ask("/after-hints").status == 200


def test_an_answer_that_comes_before_the_upload_is_over_is_passed_on(watching: Gateway, module_site: Site) -> None:
    def refuse(exchange: Exchange) -> None:
        exchange.body_read = True
        exchange.answer("too much", status=413, Connection="close")
        exchange.hang_up()

    module_site.on("/early", refuse)
    with Wire(watching.address) as wire:
        wire.send(b"POST /early HTTP/1.1\r\nHost: site.example\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000)
        assert wire.answer().status in {413, 502}


def test_many_connections_at_once_are_all_answered(watching: Gateway) -> None:
    wires = [watching.wire() for _ in range(200)]
    try:
        for n, wire in enumerate(wires):
            wire.send(request(f"/many/{n}"))
        for n, wire in enumerate(wires):
            assert wire.answer().data()["target"] == f"/many/{n}"
    finally:
        for wire in wires:
            wire.close()


def test_an_options_request_that_may_go_no_further_is_answered_here(watching: Gateway, module_site: Site) -> None:
    """RFC 9110, section 7.6.2."""
    with watching.wire() as wire:
        got = wire.ask("/asked-here", {"Max-Forwards": "0"}, "OPTIONS")
        assert (got.status, got.body) == (204, b"")
        assert wire.ask("/still").status == 200
    assert module_site.count("/asked-here") == 0


@pytest.mark.parametrize(
    ("sent", "passed"), [("10", "9"), ("1", "0"), ("007", "6"), ("1" + "0" * 30, None), ("x", "x")]
)
def test_an_options_request_has_one_step_less_to_go(watching: Gateway, sent: str, passed: str | None) -> None:
    with watching.wire() as wire:
        headers = wire.ask("/further", {"Max-Forwards": sent}, "OPTIONS").data()["headers"]
    assert isinstance(headers, list)
    told = [v for n, v in headers if n.lower() == "max-forwards"]
    assert told == [passed] if passed else int(told[0]) < int(sent)


def test_the_limit_of_steps_concerns_no_other_method(watching: Gateway) -> None:
    with watching.wire() as wire:
        headers = wire.ask("/any-method", {"Max-Forwards": "0"}).data()["headers"]
    assert isinstance(headers, list)
    assert [v for n, v in headers if n.lower() == "max-forwards"] == ["0"]
