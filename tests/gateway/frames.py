"""A visitor of HTTP/2 made of frames: keeps windows shut, answers pings and goes on after GOAWAY, as it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import hpack
from hyperframe.frame import (
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from tests.gateway.wire import Wire

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class Frames:
    """One connection. Settings and pings of the other side are acknowledged as frames are read."""

    def __init__(self, wire: Wire, window: int | None = None) -> None:
        self.wire = wire
        self.encoder = hpack.Encoder()
        self.decoder = hpack.Decoder()
        self.next_stream = 1
        self.read: list[Frame] = []
        self.heads: dict[int, list[dict[bytes, bytes]]] = {}
        first = SettingsFrame(settings={} if window is None else {SettingsFrame.INITIAL_WINDOW_SIZE: window})
        wire.send(PREFACE + first.serialize())

    def send(self, frame: Frame) -> None:
        """Sends a frame as it is."""
        self.wire.send(frame.serialize())

    def ask(self, target: str, method: str = "GET", headers: tuple[tuple[str, str], ...] = ()) -> int:
        """Begins a request without a body; the number of its stream."""
        frame = self._head(target, method, headers)
        self.send(frame)
        return int(frame.stream_id)

    def ask_at_once(self, target: str, times: int) -> list[int]:
        """Begins many requests in one breath; the numbers of their streams."""
        frames = [self._head(target, "GET", ()) for _ in range(times)]
        self.wire.send(b"".join(f.serialize() for f in frames))
        return [int(f.stream_id) for f in frames]

    def _head(self, target: str, method: str, headers: tuple[tuple[str, str], ...]) -> HeadersFrame:
        stream, self.next_stream = self.next_stream, self.next_stream + 2
        pseudo = ((":method", method), (":scheme", "http"), (":authority", "site.example"), (":path", target))
        block = self.encoder.encode([*pseudo, *headers])
        return HeadersFrame(stream, data=block, flags=["END_HEADERS", "END_STREAM"])

    def widen(self, stream: int, octets: int) -> None:
        """Lets the other side send so much more on a stream, and on the connection."""
        self.send(WindowUpdateFrame(stream, window_increment=octets))
        self.send(WindowUpdateFrame(0, window_increment=octets))

    def next(self) -> Frame:
        """The next frame; raises `CutError` at the end of the connection."""
        frame, length = Frame.parse_frame_header(memoryview(self.wire.exactly(9)))
        frame.parse_body(memoryview(self.wire.exactly(length)))
        if isinstance(frame, SettingsFrame) and "ACK" not in frame.flags:
            self.send(SettingsFrame(flags=["ACK"]))
        if isinstance(frame, PingFrame) and "ACK" not in frame.flags:
            self.send(PingFrame(opaque_data=frame.opaque_data, flags=["ACK"]))
        if isinstance(frame, HeadersFrame):
            # Each, whoever waits for it: the table that both sides keep is changed by every one (RFC 7541, 2.2).
            assert "END_HEADERS" in frame.flags, "a head in several frames is not read here"
            self.heads.setdefault(frame.stream_id, []).append(dict(self.decoder.decode(frame.data, raw=True)))
        self.read.append(frame)
        return frame

    def until(self, true: Callable[[Frame], bool]) -> Frame:
        """Reads until a frame is as wanted."""
        while not true(frame := self.next()):
            pass
        return frame

    def status(self, stream: int) -> int:
        """Reads to the next head of an answer, unless it was read while something else was waited for; its status."""
        while not self.heads.get(stream):
            self.next()
        return int(self.heads[stream].pop(0)[b":status"])

    def until_ended(self, streams: Iterable[int]) -> set[int]:
        """Reads until all of these answers have ended; their statuses."""
        wanted = set(streams)
        left = set(wanted)
        while left:
            frame = self.next()
            if isinstance(frame, HeadersFrame | DataFrame) and "END_STREAM" in frame.flags:
                left.discard(frame.stream_id)
        return {self.status(stream) for stream in wanted}

    def data(self, stream: int) -> bytes:
        """The next piece of a body."""
        piece = self.until(lambda f: isinstance(f, DataFrame) and f.stream_id == stream)
        assert isinstance(piece, DataFrame)
        return piece.data

    def until_reset(self, stream: int) -> RstStreamFrame:
        """Reads until the other side gives a stream up."""
        found = self.until(lambda f: isinstance(f, RstStreamFrame) and f.stream_id == stream)
        assert isinstance(found, RstStreamFrame)
        return found

    def until_gone(self) -> GoAwayFrame:
        """Reads until the other side says that it takes no more requests."""
        found = self.until(lambda f: isinstance(f, GoAwayFrame))
        assert isinstance(found, GoAwayFrame)
        return found
