"""A site that speaks HTTP/2: it works from end to end, and visitors that stall do not hold up the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.gateway.conftest import StartGateway
from tests.gateway.frames import Frames
from tests.gateway.http2 import Http2
from tests.gateway.policies import policy, profile
from tests.gateway.running import Gateway, people_in, until
from tests.gateway.site2 import Asked, Site2, Told
from tests.gateway.websocket import UPGRADE
from tests.gateway.wire import BROWSER, Wire, request

LARGE = b"x" * 6_000_000


def before(site: Site2, module_gateway: StartGateway, **upstream: object) -> Gateway:
    """A gateway before a site of HTTP/2, with one worker, so that all visitors share what is shared."""
    to = {"url": site.url, "http2": True, "answer_timeout_s": 30.0, **upstream}
    return module_gateway(policy(site.url, {"upstream": to}), limits={}, enforce=True, workers=1)


@pytest.fixture(scope="module")
def site2() -> Iterator[Site2]:
    site = Site2()
    page = profile(7).encode()
    site.scripts["/members/7"] = lambda _: Told(page, [("content-type", "text/html; charset=utf-8")])
    site.scripts["/large"] = lambda _: Told(LARGE, [("content-type", "text/plain")])
    yield site
    site.close()


@pytest.fixture(scope="module")
def through(site2: Site2, module_gateway: StartGateway) -> Gateway:
    return before(site2, module_gateway)


def headers_of(data: dict[str, object]) -> dict[str, str]:
    """What the site was asked, by name."""
    found = data["headers"]
    assert isinstance(found, list)
    return dict(found)


def test_a_request_reaches_it_and_its_answer_the_visitor(through: Gateway) -> None:
    with through.wire() as wire:
        got = wire.ask("/here?x=1", {"Cookie": "a=1", "Connection": "X-Hop", "X-Hop": "1", "X-Kept": "2"})
        told = headers_of(got.data())
        assert (told[":path"], told[":authority"], told[":method"]) == ("/here?x=1", "site.example", "GET")
        assert (told["x-kept"], told["cookie"]) == ("2", "a=1")
        assert not {"host", "connection", "x-hop", "transfer-encoding"} & set(told)
        assert got.header("via") == "2.0 hedgerow"
        assert wire.ask("/up", method="POST", body=b"x" * 200_000).data()["body"] == "x" * 200_000
        assert wire.ask("/empty", method="HEAD").status == 200


def test_visitors_of_http_2_reach_it_as_well(through: Gateway) -> None:
    with through.wire() as wire:
        visitor = Http2(wire)
        assert headers_of(visitor.ask("/two").data())[":path"] == "/two"
        assert visitor.ask("/up2", method="POST", body=b"y" * 9_000).data()["body"] == "y" * 9_000


def test_people_on_it_are_counted_and_masked(through: Gateway) -> None:
    got = through.get("/members/7", BROWSER)
    assert got.status == 200
    assert "Name7x" in got.text
    assert "mail7x" not in got.text
    assert "7" in people_in(through.ledger())


def test_its_trailers_arrive_and_its_early_hints_do_not(through: Gateway, site2: Site2) -> None:
    hints = [[(":status", "103"), ("link", "</a.css>; rel=preload")]]
    site2.scripts["/hints"] = lambda _: Told(b"body", [("trailer", "x-sum")], trailers=[("x-sum", "42")], interim=hints)
    with through.wire() as wire:
        wire.send(request("/hints", {"TE": "trailers"}))
        assert wire.head().status == 200, "no other head comes before it"
    with through.wire() as wire:
        wire.send(request("/hints", {"TE": "trailers"}))
        got = wire.answer()
    assert (got.status, got.body, got.trailers) == (200, b"body", [("x-sum", "42")])


def test_a_large_answer_arrives_whole(through: Gateway) -> None:
    assert through.get("/large").body == LARGE


def test_a_visitor_that_leaves_resets_its_stream_only(through: Gateway, site2: Site2) -> None:
    site2.scripts["/never"] = lambda _: None
    with through.wire() as stays, through.wire() as leaves:
        leaves.send(request("/never"))
        site2.wait_for(lambda: any(a.path == "/never" for a in site2.asked))
        leaves.reset()
        site2.wait_for(lambda: any(a.path == "/never" for a in site2.reset))
        (left,) = (a for a in site2.reset if a.path == "/never")
        assert stays.ask("/stays").data()["connection"] == left.connection, "which goes on"


def test_stalled_downloads_do_not_block_other_visitors(through: Gateway, site2: Site2) -> None:
    with ExitStack() as held:
        for _ in range(6):
            stalled = held.enter_context(Wire(through.address, receive_buffer=4096))
            stalled.send(request("/large"))
        site2.wait_for(lambda: len(site2.blocked) >= 6)
        assert through.get("/fourth").status == 200
        assert len(through.get("/large").body) == len(LARGE)


def test_where_the_site_takes_few_streams_more_connections_are_opened(module_gateway: StartGateway) -> None:
    site = Site2(most_streams=4)
    site.scripts["/never"] = lambda _: None
    try:
        running = before(site, module_gateway, keep_idle=1)
        with ExitStack() as held:
            assert running.get("/first").status == 200
            for n in range(1, 11):
                held.enter_context(running.wire()).send(request("/never"))
                site.wait_for_requests("/never", n)
            assert running.get("/still").status == 200
            assert site.connections >= 3
            assert site.broken == []
        # Nobody asks for so many any more: as many are kept as `keep_idle` says.
        until(lambda: len(site.sockets) == 1, "the end of the connections that are not needed")
        assert running.get("/after").status == 200
    finally:
        site.close()


def test_connections_that_carry_nothing_are_kept_for_the_next_who_need_them(module_gateway: StartGateway) -> None:
    site = Site2(most_streams=1)
    try:
        running = before(site, module_gateway)
        for _ in range(3):
            with running.wire() as wire:
                visitor = Frames(wire)
                streams = [visitor.ask("/at-once") for _ in range(5)]
                visitor.until_ended(streams)
        assert site.connections <= 5
    finally:
        site.close()


def test_many_requests_at_once_to_a_site_without_connections_open_no_more_than_may_be(
    module_gateway: StartGateway,
) -> None:
    site = Site2()
    try:
        running = before(site, module_gateway)
        with running.wire() as wire:
            visitor = Frames(wire)
            assert visitor.until_ended(visitor.ask_at_once("/burst", 90)) == {200}
        assert site.connections <= 32
    finally:
        site.close()


def test_a_site_that_ends_its_connection_is_reached_on_another(through: Gateway, site2: Site2) -> None:
    assert through.get("/one").status == 200
    for socket in list(site2.sockets):
        socket.shutdown(2)
    assert through.get("/two").status == 200


def test_a_websocket_is_refused_with_the_reason_and_never_reaches_it(through: Gateway, site2: Site2) -> None:
    with through.wire() as wire:
        wire.send(request("/ws", UPGRADE))
        got = wire.answer()
    assert got.status == 501
    assert got.data()["type"] == "urn:hedgerow:problem:no-websockets"
    told = through.command("explain", str(got.data()["reference"]))
    assert "upstream.http2" in told.stdout
    assert site2.count("/ws") == 0


def test_an_upgrade_that_a_site_may_pass_over_is_passed_over(through: Gateway) -> None:
    with through.wire() as wire:
        got = wire.ask("/other", {"Connection": "Upgrade", "Upgrade": "something/1"})
    assert got.status == 200
    assert not {"upgrade", "connection"} & set(headers_of(got.data()))


def test_an_event_stream_of_it_flows(through: Gateway, site2: Site2) -> None:
    def events(_: Asked) -> Told:
        return Told(b"data: 1\n\n", [("content-type", "text/event-stream")], open=True)

    site2.scripts["/events"] = events
    with through.wire() as wire:
        frames = Frames(wire)
        stream = frames.ask("/events")
        assert frames.status(stream) == 200
        assert frames.data(stream) == b"data: 1\n\n"
        (asked,) = (a for a in site2.asked if a.path == "/events")
        site2.go_on(asked, b"data: 2\n\n")
        assert frames.data(stream) == b"data: 2\n\n"
