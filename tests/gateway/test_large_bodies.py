"""Large bodies both ways in constant memory. `HEDGEROW_FULL=1` makes them 1 GiB."""

from __future__ import annotations

import os
from typing import Final

import pytest

from tests.gateway.running import Gateway
from tests.gateway.site import Exchange, Site
from tests.gateway.wire import Wire, request

SIZE: Final = (1024 if os.environ.get("HEDGEROW_FULL") else 256) << 20
PIECE: Final = bytes(range(256)) * 1024
GROWTH: Final = 64 << 20

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def take(wire: Wire, count: int) -> int:
    """Receives without keeping; how much came."""
    got = len(wire.buffer)
    wire.buffer = b""
    room = bytearray(1 << 20)
    while got < count:
        n = wire.socket.recv_into(room)
        if n == 0:
            break
        got += n
    return got


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_download_passes_in_constant_memory(watching: Gateway, module_site: Site, chunked: bool) -> None:
    def download(exchange: Exchange) -> None:
        framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % SIZE
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n" + framing + b"\r\n\r\n")
        frame = b"%x\r\n%s\r\n" % (len(PIECE), PIECE) if chunked else PIECE
        for _ in range(SIZE // len(PIECE)):
            exchange.send(frame)
        if chunked:
            exchange.send(b"0\r\n\r\n")

    module_site.on("/download", download)
    watching.get("/warm-up")
    before = watching.resident_bytes()
    with watching.wire() as wire:
        wire.send(request("/download", {"Connection": "close"}))
        assert wire.head().status == 200
        assert take(wire, SIZE) >= SIZE
    assert watching.resident_bytes() - before < GROWTH


def test_a_large_upload_passes_in_constant_memory(watching: Gateway, module_site: Site) -> None:
    def upload(exchange: Exchange) -> None:
        exchange.answer(str(sum(len(p) for p in exchange.pieces())), kind="text/plain")

    module_site.on("/upload", upload)
    watching.get("/warm-up")
    before = watching.resident_bytes()
    with watching.wire() as wire:
        wire.send(b"POST /upload HTTP/1.1\r\nHost: site.example\r\nContent-Length: %d\r\n\r\n" % SIZE)
        for _ in range(SIZE // len(PIECE)):
            wire.send(PIECE)
        assert wire.answer().text == str(SIZE)
    assert watching.resident_bytes() - before < GROWTH


def test_a_visitor_that_does_not_read_holds_the_site_back_and_not_the_memory(
    watching: Gateway, module_site: Site
) -> None:
    def download(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % SIZE)
        exchange.socket.settimeout(1.5)
        try:
            while True:
                exchange.send(PIECE)
        except TimeoutError:
            stopped.append(True)
            exchange.hang_up()

    stopped: list[bool] = []
    module_site.on("/unread", download)
    before = watching.resident_bytes()
    with Wire(watching.address, receive_buffer=4096) as wire:
        wire.send(request("/unread"))
        assert wire.head().status == 200
        # The site gives up once nobody has taken anything for a while: that is the event to wait for.
        from tests.gateway.running import until

        until(lambda: stopped == [True], "a site that is held back")
        assert watching.resident_bytes() - before < GROWTH
