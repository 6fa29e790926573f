"""A websocket as far as a gateway sees one: the upgrade, its answer, and bytes that come back as they went."""

from __future__ import annotations

from typing import Final

from tests.gateway.site import Exchange

UPGRADE: Final = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}
SWITCH: Final = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


def echo_frames(exchange: Exchange) -> None:
    """Takes the upgrade and says everything back, as raw bytes."""
    assert exchange.header("upgrade") == "websocket"
    assert "upgrade" in exchange.header("connection").lower()
    exchange.send(SWITCH + b"hello")
    exchange.keep = False
    exchange.send(bytes(exchange.buffer))
    while got := exchange.socket.recv(1 << 16):
        exchange.send(got)
