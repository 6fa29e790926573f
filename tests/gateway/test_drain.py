"""An edge that drains: what flows goes on until its time is over, and ends in order; nothing new begins."""

from __future__ import annotations

import signal
import threading
import time
from dataclasses import dataclass, field

import pytest

from tests.gateway.conftest import StartGateway
from tests.gateway.frames import Frames
from tests.gateway.policies import policy
from tests.gateway.running import until
from tests.gateway.site import Exchange, Site
from tests.gateway.websocket import UPGRADE, echo_frames
from tests.gateway.wire import CutError, request

DRAIN_S = 4.0


@dataclass
class Ticker:
    """An event stream whose events are sent by hand."""

    opened: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    streams: list[Exchange] = field(default_factory=list)

    def __call__(self, exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        self.streams.append(exchange)
        self.opened.release()
        exchange.keep = False
        exchange.wait_until_gone()

    def tick(self) -> None:
        """One event on each."""
        for exchange in self.streams:
            exchange.send(b"7\r\ndata:x\n\r\n")


def test_what_flows_lives_until_the_drains_time_is_over_and_nothing_new_begins(
    site: Site, gateway: StartGateway
) -> None:
    ticker = Ticker()
    site.on("/ws", echo_frames)
    site.on("/events", ticker)
    running = gateway(policy(site.url), limits={"drain_timeout_s": DRAIN_S})
    with running.wire() as socket, running.wire() as events, running.wire() as two:
        socket.send(request("/ws", UPGRADE))
        assert socket.head().status == 101
        assert socket.exactly(5) == b"hello"
        events.send(request("/events"))
        frames = Frames(two)
        stream = frames.ask("/events")
        assert events.head().status == 200
        assert frames.status(stream) == 200
        for _ in range(2):
            assert ticker.opened.acquire(timeout=10)

        began = time.monotonic()
        running.process.send_signal(signal.SIGTERM)
        until(lambda: not running.serves(), "a closed listener")
        # The first GOAWAY only announces the second, which names the last stream that is served (RFC 9113, 6.8).
        while frames.until_gone().last_stream_id != stream:
            pass
        late = frames.ask("/late-stream")
        rounds, pause = 0, threading.Event()
        while time.monotonic() < began + DRAIN_S * 0.7:
            socket.send(b"still there?")
            assert socket.exactly(12) == b"still there?"
            ticker.tick()
            assert events.chunk() == b"data:x\n"
            assert frames.data(stream) == b"data:x\n"
            rounds += 1
            pause.wait(0.1)
        assert rounds > 0, "the machine was too busy to see anything flow"
        assert site.count("/late-stream") == 0
        assert late not in [f.stream_id for f in frames.read]

        assert socket.closed()
        with pytest.raises(CutError, match="closed"):
            events.chunk()
        with pytest.raises(CutError, match="closed"):
            frames.until(lambda _: False)
        took = time.monotonic() - began
        assert DRAIN_S * 0.9 < took < DRAIN_S + 8
    assert running.process.wait(10) == 0


def test_an_edge_whose_websockets_have_ended_drains_at_once(site: Site, gateway: StartGateway) -> None:
    site.on("/ws", echo_frames)
    running = gateway(policy(site.url), limits={"drain_timeout_s": 30})
    with running.wire() as socket:
        socket.send(request("/ws", UPGRADE))
        assert socket.head().status == 101
        running.process.send_signal(signal.SIGTERM)
        until(lambda: not running.serves(), "a closed listener")
        socket.send(b"bye")
        assert socket.exactly(8) == b"hellobye"
    assert running.process.wait(5) == 0


def test_websockets_count_among_the_connections_of_an_address(site: Site, gateway: StartGateway) -> None:
    site.on("/ws", echo_frames)
    running = gateway(policy(site.url), limits={"connections_per_address": 2}, workers=1)
    with running.wire() as first:
        with running.wire() as second:
            for socket in (first, second):
                socket.send(request("/ws", UPGRADE))
                assert socket.head().status == 101
            assert not running.serves()
            with running.wire("127.0.9.9") as another:
                assert another.ask("/elsewhere").status == 200
        until(lambda: running.serves(), "room after a websocket has ended")


def test_websockets_count_among_all_connections(site: Site, gateway: StartGateway) -> None:
    site.on("/ws", echo_frames)
    running = gateway(policy(site.url), limits={"connections": 1}, workers=1)
    with running.wire("127.0.9.8") as socket:
        socket.send(request("/ws", UPGRADE))
        assert socket.head().status == 101
        assert not running.serves()
