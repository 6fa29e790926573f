"""Visitors that hold a connection and say little: cut off in time, and nobody else waits for them."""

from __future__ import annotations

import contextlib
import threading
import time

import pytest

from tests.gateway import frames
from tests.gateway.conftest import Certificates, StartGateway, certificates_in
from tests.gateway.policies import policy
from tests.gateway.running import Gateway
from tests.gateway.site import Exchange, Site
from tests.gateway.wire import Wire, request

LIMITS = {"head_timeout_s": 1.0, "handshake_timeout_s": 1.0, "stall_timeout_s": 1.0}


@pytest.fixture(scope="module")
def impatient(module_site: Site, module_gateway: StartGateway) -> Gateway:
    return module_gateway(policy(module_site.url), limits=LIMITS)


def cut_within(wire: Wire, seconds: float) -> bytes:
    """Waits until the gateway ends the connection; what it said before."""
    wire.socket.settimeout(seconds)
    said = b""
    with contextlib.suppress(ConnectionResetError):
        while got := wire.socket.recv(1 << 16):
            said += got
    return said


def test_a_head_that_trickles_is_cut_off(impatient: Gateway, module_site: Site) -> None:
    with impatient.wire() as wire:
        began = time.monotonic()
        wire.send(b"GET /slow HTTP/1.1\r\nHost: site.example\r\n")
        wire.socket.settimeout(0.2)
        ended = False
        while not ended and time.monotonic() - began < 8:
            try:
                wire.send(b"X: 1\r\n")
                ended = wire.socket.recv(1000) == b"" or True
            except TimeoutError:
                continue
            except OSError:
                ended = True
        assert ended, "still open after 8 s with a limit of 1 s"
    assert module_site.count("/slow") == 0


def test_a_connection_that_says_nothing_is_ended(impatient: Gateway) -> None:
    with impatient.wire() as wire:
        cut_within(wire, 8)


def test_an_idle_kept_connection_is_ended(impatient: Gateway) -> None:
    with impatient.wire() as wire:
        assert wire.ask("/kept").status == 200
        assert cut_within(wire, 8) == b""


def test_a_body_that_stalls_is_cut_off(impatient: Gateway, module_site: Site) -> None:
    with impatient.wire() as wire:
        wire.send(b"POST /stall HTTP/1.1\r\nHost: site.example\r\nContent-Length: 100\r\n\r\nonly this")
        said = cut_within(wire, 10)
    assert said == b"" or said.split(b" ")[1] in {b"408", b"400", b"502", b"504"}


def test_a_slow_but_steady_upload_is_borne(impatient: Gateway) -> None:
    with impatient.wire() as wire:
        wire.send(b"POST /steady HTTP/1.1\r\nHost: site.example\r\nContent-Length: 6\r\n\r\n")
        wire.socket.settimeout(0.4)
        for _ in range(5):
            wire.send(b"x")
            with pytest.raises(TimeoutError):
                wire.fill()
        wire.socket.settimeout(10)
        wire.send(b"x")
        assert wire.answer().data()["body"] == "x" * 6


def test_a_visitor_that_takes_nothing_is_cut_off(impatient: Gateway, module_site: Site) -> None:
    ended: list[bool] = []

    def much(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100000000\r\n\r\n")
        try:
            for _ in range(1000):
                exchange.send(b"x" * 100_000)
        except OSError:
            ended.append(True)
            raise

    module_site.on("/much", much)
    with Wire(impatient.address, receive_buffer=4096) as wire:
        wire.send(request("/much"))
        assert wire.head().status == 200
        from tests.gateway.running import until

        until(lambda: ended == [True], "the end of an answer that nobody takes")


def test_many_slow_visitors_do_not_hold_up_the_others(impatient: Gateway) -> None:
    slow = [impatient.wire() for _ in range(300)]
    try:
        for wire in slow:
            wire.send(b"GET /slow HTTP/1.1\r\nHost: si")
        began = time.monotonic()
        assert impatient.get("/quick").status == 200
        assert time.monotonic() - began < 2
    finally:
        for wire in slow:
            wire.close()


def test_http_2_that_says_nothing_after_its_preface_is_ended(impatient: Gateway) -> None:
    with impatient.wire() as wire:
        wire.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        cut_within(wire, 30)


def test_a_tls_handshake_on_a_plain_listener_is_ended(impatient: Gateway) -> None:
    with impatient.wire() as wire:
        wire.send(b"\x16\x03\x01")
        cut_within(wire, 8)
    with impatient.wire() as wire:
        wire.send(b"\x16\x03\x01\x00\x05hello\r\n\r\n")
        said = cut_within(wire, 8)
        assert said == b"" or said.startswith(b"HTTP/1.1 400 ")


def test_an_upload_may_take_longer_than_the_site_may_think(site: Site, gateway: StartGateway) -> None:
    """The site's time for an answer begins with the last piece of the request."""
    site.on("/upload", lambda x: x.answer(str(len(x.body())), kind="text/plain"))

    def silent(exchange: Exchange) -> None:
        exchange.body()
        exchange.wait_until_gone()

    site.on("/silent", silent)
    upstream = {"url": site.url, "answer_timeout_s": 0.8}
    running = gateway(policy(site.url, {"upstream": upstream}), enforce=False)
    pause = threading.Event()
    for path, status in (("/upload", 200), ("/silent", 504)):
        with running.wire() as wire:
            wire.send(request(path, {"Content-Length": "60"}, "POST"))
            for _ in range(6):
                pause.wait(0.3)
                wire.send(b"ten bytes!")
            began = time.monotonic()
            got = wire.answer()
            assert got.status == status
            assert time.monotonic() - began < 5
            if status == 200:
                assert got.text == "60"


@pytest.mark.parametrize("form", ["prove", "reveal", "report"])
def test_a_form_of_ours_that_never_ends_is_cut_off(impatient: Gateway, form: str) -> None:
    head = (
        f"POST /.hedgerow/{form} HTTP/1.1\r\nHost: site.example\r\nContent-Length: 100\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\na"
    )
    with impatient.wire() as wire:
        wire.send(head.encode())
        said = cut_within(wire, 8)
    assert said.split(b" ", 2)[1] == b"408"


def ended_after(wire: Wire, patience_s: float) -> float:
    """Waits until the gateway ends the connection; after how long, in seconds."""
    began = time.monotonic()
    cut_within(wire, patience_s)
    return time.monotonic() - began


@pytest.mark.parametrize("beginning", [b"P", b"PRI", frames.PREFACE[:23]], ids=["a byte", "three", "all but one"])
def test_half_a_preface_of_http_2_is_ended_in_time(impatient: Gateway, beginning: bytes) -> None:
    with impatient.wire() as wire:
        wire.send(beginning)
        assert ended_after(wire, 10) < 8


def test_a_preface_that_trickles_is_ended_in_time(impatient: Gateway) -> None:
    with impatient.wire() as wire:
        began = time.monotonic()
        wire.socket.settimeout(0.3)
        ended = False
        for octet in frames.PREFACE[:-1]:
            try:
                wire.send(bytes([octet]))
                ended = not wire.socket.recv(100)
            except TimeoutError:
                continue
            except OSError:
                ended = True
            if ended:
                break
        assert ended
        assert time.monotonic() - began < 8


@pytest.fixture(scope="module")
def impatient_tls(
    module_site: Site, module_gateway: StartGateway, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Gateway, Certificates]:
    made = certificates_in(tmp_path_factory.mktemp("certificates"))
    tls = {"certificate": str(made.chain), "key": str(made.key)}
    return module_gateway(policy(module_site.url, {"tls": tls}), limits=LIMITS, listen=[{"tls": True}]), made


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"])
def test_a_tls_handshake_that_does_not_go_on_is_ended_in_time(
    impatient_tls: tuple[Gateway, Certificates], said: bytes
) -> None:
    with impatient_tls[0].wire() as wire:
        wire.send(said)
        assert ended_after(wire, 10) < 8


@pytest.mark.parametrize("protocols", [("h2",), ("http/1.1",), ()], ids=["HTTP/2", "HTTP/1.1", "no word of it"])
def test_a_visitor_that_says_nothing_after_its_handshake_is_ended_in_time(
    impatient_tls: tuple[Gateway, Certificates], protocols: tuple[str, ...]
) -> None:
    running, made = impatient_tls
    with Wire(running.address, made.trust(*protocols)) as wire:
        assert ended_after(wire, 10) < 8
