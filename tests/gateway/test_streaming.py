"""What flows: websockets, other upgrades, server-sent events, long polls."""

from __future__ import annotations

import threading

import pytest

from tests.gateway.conftest import StartGateway
from tests.gateway.policies import FIELDS, ROUTES, policy
from tests.gateway.running import Gateway
from tests.gateway.site import Exchange, Site
from tests.gateway.websocket import SWITCH, UPGRADE, echo_frames
from tests.gateway.wire import BROWSER, request


def test_a_websocket_is_carried_both_ways(watching: Gateway, module_site: Site) -> None:
    module_site.on("/ws", echo_frames)
    with watching.wire() as wire:
        wire.send(request("/ws", UPGRADE))
        head = wire.head()
        assert head.status == 101
        assert head.header("upgrade") == "websocket"
        assert head.header("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        assert wire.exactly(5) == b"hello"
        for n in range(50):
            frame = b"\x82\x7e" + n.to_bytes(2, "big") + bytes([n]) * 1000
            wire.send(frame)
            assert wire.exactly(len(frame)) == frame


def test_bytes_after_an_upgrade_are_not_passed_before_the_site_agrees(watching: Gateway, module_site: Site) -> None:
    """Else a refused upgrade would have smuggled whatever was behind it."""
    asked, agree = threading.Event(), threading.Event()
    early: list[bytes] = []

    def slow(exchange: Exchange) -> None:
        asked.set()
        assert agree.wait(20)
        exchange.socket.setblocking(False)
        try:
            early.append(bytes(exchange.buffer) + exchange.socket.recv(1000))
        except BlockingIOError:
            early.append(bytes(exchange.buffer))
        exchange.socket.settimeout(20)
        exchange.answer("no websockets here", status=403)

    module_site.on("/ws-refused", slow)
    module_site.forget()
    with watching.wire() as wire:
        wire.send(request("/ws-refused", UPGRADE) + request("/evil"))
        assert asked.wait(10)
        agree.set()
        assert wire.answer().status == 403
    assert early == [b""]
    assert module_site.not_http == []


def test_a_site_that_switches_unasked_is_an_error(watching: Gateway, module_site: Site) -> None:
    module_site.on("/unasked", lambda x: x.send(SWITCH))
    assert watching.get("/unasked").status == 502


def test_the_end_of_a_tunnel_reaches_the_other_side(watching: Gateway, module_site: Site) -> None:
    ended = threading.Event()

    def until_end(exchange: Exchange) -> None:
        exchange.send(SWITCH)
        exchange.keep = False
        while exchange.socket.recv(1000):
            pass
        ended.set()

    module_site.on("/ws-end", until_end)
    with watching.wire() as wire:
        wire.send(request("/ws-end", UPGRADE))
        assert wire.head().status == 101
    assert ended.wait(10)


def test_server_sent_events_arrive_one_by_one(watching: Gateway, module_site: Site) -> None:
    seen = [threading.Event() for _ in range(3)]

    def events(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for n, event in enumerate(seen):
            data = b"data: %d\n\n" % n
            exchange.send(b"%x\r\n%s\r\n" % (len(data), data))
            assert event.wait(20), "the event before was not seen"
        exchange.send(b"0\r\n\r\n")

    module_site.on("/events", events)
    with watching.wire() as wire:
        wire.send(request("/events", {"Accept": "text/event-stream"}))
        assert wire.head().header("content-type") == "text/event-stream"
        for n, event in enumerate(seen):
            assert wire.chunk() == b"data: %d\n\n" % n
            event.set()
        assert wire.chunk() == b""


def test_the_beginning_of_a_list_arrives_before_its_end_is_sent(enforcing: Gateway, module_site: Site) -> None:
    """Reading people must not mean waiting for the whole page."""
    seen = threading.Event()
    item = b'<li class=member><a href="/members/%d"><span class=name>Name%dx</span></a></li>'

    def two_halves(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n")
        first = b"<!doctype html><ul>" + b"".join(item % (n, n) for n in range(500, 520)) + b" " * 20_000
        second = b"".join(item % (n, n) for n in range(520, 540)) + b"</ul>"
        exchange.send(b"%x\r\n%s\r\n" % (len(first), first))
        assert seen.wait(10), "nothing had arrived when the second half was due"
        exchange.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(second), second))

    before = module_site.scripts["/members"]
    module_site.on("/members", two_halves)
    try:
        with enforcing.wire() as wire:
            wire.send(request("/members", BROWSER))
            head = wire.head()
            assert head.status == 200
            assert b"Name500x" in wire.chunk()
            seen.set()
            rest = b""
            while piece := wire.chunk():
                rest += piece
            assert b"Name539x" in rest
    finally:
        seen.set()
        module_site.on("/members", before)


def test_a_visitor_that_leaves_ends_the_sites_work(watching: Gateway, module_site: Site) -> None:
    gone = threading.Event()

    def endless(exchange: Exchange) -> None:
        exchange.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        try:
            while True:
                exchange.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        except OSError:
            gone.set()
            raise

    module_site.on("/endless", endless)
    with watching.wire() as wire:
        wire.send(request("/endless"))
        assert wire.head().status == 200
        wire.reset()
    assert gone.wait(20)


PASSING = [{**route, "on_unreadable": "pass"} for route in ROUTES]


def members_over_a_websocket(exchange: Exchange) -> None:
    """Switches, and tells of members in a form that nobody here reads."""
    exchange.send(SWITCH + b"Name5x")
    exchange.keep = False
    exchange.socket.recv(1)


@pytest.mark.parametrize("enforce", [False, True], ids=["watch", "enforce"])
def test_a_tunnel_on_a_route_with_people_is_told_in_the_ledger(
    site: Site, gateway: StartGateway, enforce: bool
) -> None:
    site.on("/members", members_over_a_websocket)
    # Who watches passes on also what would be refused.
    people = {"fields": FIELDS, "routes": PASSING if enforce else ROUTES}
    running = gateway(policy(site.url, {"people": people}), enforce=enforce, limits={})
    with running.wire() as wire:
        wire.send(request("/members", {**BROWSER, **UPGRADE}))
        assert wire.head().status == 101
        assert wire.exactly(6) == b"Name5x"
        gaps = [e for e in running.ledger() if e["k"] == "gap"]
        assert [(e["r"], e["code"], e["why"]) for e in gaps] == [("list", 101, ["unreadable"])]
        assert "websocket" in str(gaps[0]["note"])
    sites = running.edge_status()["sites"]
    assert isinstance(sites, list)
    assert sites[0]["counters"]["unreadable"] == 1


def test_a_tunnel_on_a_route_that_refuses_what_cannot_be_read_does_not_come_about(
    site: Site, gateway: StartGateway
) -> None:
    site.on("/members", members_over_a_websocket)
    running = gateway(policy(site.url), enforce=True, limits={})
    with running.wire() as wire:
        wire.send(request("/members", {**BROWSER, **UPGRADE}))
        got = wire.answer()
        assert got.status == 502
        assert b"Name5x" not in got.body
