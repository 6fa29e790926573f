"""Visitors that do not take what waits for them, or drop by drop: let go in time; whoever is slow but honest is not."""

from __future__ import annotations

import contextlib
import threading
import time

import pytest
from hyperframe.frame import DataFrame, PingFrame, RstStreamFrame

from tests.gateway.conftest import Certificates, StartGateway
from tests.gateway.frames import Frames
from tests.gateway.policies import policy
from tests.gateway.running import Gateway, until
from tests.gateway.site import Exchange, Site
from tests.gateway.websocket import UPGRADE, echo_frames
from tests.gateway.wire import CutError, Wire, request

LIMITS = {
    "head_timeout_s": 0.6,
    "handshake_timeout_s": 1.0,
    "stall_timeout_s": 0.8,
    "slow_grace_s": 1.5,
    "least_bytes_per_s": 400_000,
}
QUIET_S = LIMITS["stall_timeout_s"] + LIMITS["slow_grace_s"] + 0.3
"""Whoever owed anything would have been let go by then."""
IN_TIME_S = 10
"""Far more than any of the limits, also on a busy machine, and far less than for ever."""


class Large:
    """An answer far larger than any buffer on its way."""

    def __init__(self) -> None:
        self.ended = threading.Event()

    def __call__(self, exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100000000\r\n\r\n")
        try:
            for _ in range(1000):
                exchange.send(b"x" * 100_000)
        except OSError:
            self.ended.set()
            raise


@pytest.fixture(scope="module")
def strict(module_site: Site, module_gateway: StartGateway) -> Gateway:
    return module_gateway(policy(module_site.url), limits=LIMITS)


@pytest.fixture
def large(module_site: Site) -> Large:
    script = Large()
    module_site.on("/large", script)
    return script


def test_a_stream_whose_window_stays_shut_is_given_up_though_pings_are_answered(strict: Gateway, large: Large) -> None:
    with strict.wire() as wire:
        frames = Frames(wire, window=0)
        began = time.monotonic()
        stream = frames.ask("/large")
        assert frames.status(stream) == 200
        frames.until_reset(stream)
        assert 0.6 < time.monotonic() - began < IN_TIME_S
        # The connection goes on, and the site's is free.
        assert frames.status(frames.ask("/after")) == 200
    assert large.ended.wait(10)


def test_a_short_answer_that_is_not_taken_is_given_up_too(strict: Gateway) -> None:
    with strict.wire() as wire:
        frames = Frames(wire, window=0)
        frames.until_reset(frames.ask("/short"))


def test_streams_that_wait_for_each_other_have_more_time_and_end_all_the_same(strict: Gateway, large: Large) -> None:
    with strict.wire() as wire:
        frames = Frames(wire, window=0)
        began = time.monotonic()
        streams = [frames.ask("/large") for _ in range(3)]
        left = set(streams)
        while left:
            left.discard(frames.until(lambda f: isinstance(f, RstStreamFrame)).stream_id)
        assert 1.5 < time.monotonic() - began < IN_TIME_S


@pytest.mark.parametrize("asked", [False, True], ids=["never asked", "asked once"])
def test_a_connection_of_http_2_without_streams_ends_though_pings_are_answered(strict: Gateway, asked: bool) -> None:
    with strict.wire() as wire:
        frames = Frames(wire)
        if asked:
            assert frames.status(frames.ask("/once")) == 200
        began = time.monotonic()
        frames.until_gone()
        with contextlib.suppress(CutError):
            frames.until(lambda _: False)
        assert time.monotonic() - began < IN_TIME_S


def test_bytes_that_hyper_holds_for_a_shut_window_hold_no_connection(strict: Gateway) -> None:
    """A window of one byte lets a whole short answer leave our hands, and little of it the machine."""
    with strict.wire() as wire:
        frames = Frames(wire, window=1)
        assert frames.status(frames.ask("/one-byte")) == 200
        began = time.monotonic()
        with contextlib.suppress(CutError):
            frames.until(lambda _: False)
        assert time.monotonic() - began < IN_TIME_S


def test_a_connection_that_asks_now_and_then_is_kept(strict: Gateway) -> None:
    pause = threading.Event()
    with strict.wire() as wire:
        frames = Frames(wire)
        # Longer in all than `head_timeout_s`, and each pause much shorter.
        for _ in range(8):
            assert frames.status(frames.ask("/now-and-then")) == 200
            pause.wait(0.15)


def test_a_download_drop_by_drop_ends(strict: Gateway, large: Large) -> None:
    pause = threading.Event()
    with Wire(strict.address, receive_buffer=16_384) as wire:
        wire.send(request("/large"))
        assert wire.head().status == 200
        began = time.monotonic()
        while not large.ended.is_set() and time.monotonic() - began < 15:
            wire.socket.recv(8_192)
            pause.wait(0.1)
        took = time.monotonic() - began
    assert large.ended.is_set(), "80 kB a second with a least pace of 400"
    assert took > 1.2


def test_a_stream_drop_by_drop_ends(strict: Gateway, large: Large) -> None:
    pause = threading.Event()
    with strict.wire() as wire:
        frames = Frames(wire, window=16_384)
        stream = frames.ask("/large")
        began = time.monotonic()
        with contextlib.suppress(CutError, OSError):
            while time.monotonic() - began < 15:
                frame = frames.next()
                if isinstance(frame, RstStreamFrame):
                    break
                if isinstance(frame, DataFrame):
                    pause.wait(0.4)
                    frames.widen(stream, len(frame.data))
        took = time.monotonic() - began
    assert large.ended.wait(5)
    assert 1.2 < took < 12


@pytest.mark.parametrize("two", [False, True], ids=["HTTP/1.1", "HTTP/2"])
def test_a_slow_and_steady_download_is_borne(
    module_site: Site, module_gateway: StartGateway, large: Large, two: bool
) -> None:
    """The kernel's buffer on its own would make a steady reader look like one that has stopped."""
    lenient = module_gateway(policy(module_site.url), limits={**LIMITS, "least_bytes_per_s": 30_000})
    pause = threading.Event()
    with Wire(lenient.address, receive_buffer=16_384) as wire:
        if two:
            frames = Frames(wire, window=32_768)
            stream = frames.ask("/large")
        else:
            wire.send(request("/large"))
        began = time.monotonic()
        while time.monotonic() - began < 3:
            if two:
                frames.widen(stream, len(frames.data(stream)))
            else:
                assert wire.socket.recv(8_192)
            pause.wait(0.05)
        assert not large.ended.is_set()


def test_a_slow_and_steady_download_over_tls_is_borne(
    module_site: Site, module_gateway: StartGateway, certificates: Certificates, large: Large
) -> None:
    """What TLS holds is on its way too: what the kernel takes of it is progress."""
    tls = {"certificate": str(certificates.chain), "key": str(certificates.key)}
    limits = {**LIMITS, "stall_timeout_s": 1.2, "slow_grace_s": 10.0, "least_bytes_per_s": 10_000}
    lenient = module_gateway(policy(module_site.url, {"tls": tls}), limits=limits, listen=[{"tls": True}])
    pause = threading.Event()
    with Wire(lenient.address, certificates.trust(), receive_buffer=16_384) as wire:
        wire.send(request("/large"))
        began = time.monotonic()
        while time.monotonic() - began < 2.5:
            assert wire.socket.recv(4_096)
            pause.wait(0.07)
        assert not large.ended.is_set()


@pytest.mark.parametrize("two", [False, True], ids=["HTTP/1.1", "HTTP/2"])
def test_an_event_stream_of_a_quiet_site_owes_nothing(strict: Gateway, module_site: Site, two: bool) -> None:
    go_on = threading.Event()

    def events(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        exchange.send(b"7\r\ndata:1\n\r\n")
        assert go_on.wait(20)
        exchange.send(b"7\r\ndata:2\n\r\n0\r\n\r\n")

    module_site.on("/quiet", events)
    with strict.wire() as wire:
        if two:
            frames = Frames(wire)
            stream = frames.ask("/quiet")
            assert frames.data(stream) == b"data:1\n"
            pings = 0
            while pings < 4:
                pings += isinstance(frames.next(), PingFrame)
            go_on.set()
            assert frames.data(stream) == b"data:2\n"
        else:
            wire.send(request("/quiet"))
            assert wire.head().status == 200
            assert wire.chunk() == b"data:1\n"
            threading.Event().wait(QUIET_S)
            go_on.set()
            assert wire.chunk() == b"data:2\n"


def test_a_quiet_websocket_owes_nothing(strict: Gateway, module_site: Site) -> None:
    module_site.on("/ws", echo_frames)
    with strict.wire() as wire:
        wire.send(request("/ws", UPGRADE))
        assert wire.head().status == 101
        assert wire.exactly(5) == b"hello"
        threading.Event().wait(QUIET_S)
        wire.send(b"still there?")
        assert wire.exactly(12) == b"still there?"


def test_a_websocket_that_takes_nothing_ends(strict: Gateway, module_site: Site) -> None:
    ended = threading.Event()

    def flood(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        exchange.keep = False
        try:
            while True:
                exchange.send(b"x" * 100_000)
        except OSError:
            ended.set()
            raise

    module_site.on("/ws-flood", flood)
    with strict.wire() as wire:
        wire.send(request("/ws-flood", UPGRADE))
        assert wire.head().status == 101
        until(ended.is_set, "the end of a websocket whose messages nobody takes")
