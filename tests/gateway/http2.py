"""A visitor that speaks HTTP/2: several requests on one connection."""

from __future__ import annotations

from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events

from tests.gateway.wire import Answer, Wire


@dataclass
class Stream:
    """One answer as it comes."""

    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    trailers: list[tuple[str, str]] = field(default_factory=list)
    ended: bool = False
    reset: int | None = None


class Http2:
    """HTTP/2 on a connection, with prior knowledge or after ALPN."""

    def __init__(self, wire: Wire, *, check: bool = True) -> None:
        self.wire = wire
        self.h2 = h2.connection.H2Connection(
            h2.config.H2Configuration(
                client_side=True,
                header_encoding="utf-8",
                validate_outbound_headers=check,
                normalize_outbound_headers=check,
            )
        )
        self.streams: dict[int, Stream] = {}
        self.gone: int | None = None
        self.h2.initiate_connection()
        self.flush()

    def flush(self) -> None:
        """Sends what is due."""
        self.wire.send(self.h2.data_to_send())

    def begin(
        self,
        target: str,
        headers: list[tuple[str, str]] | None = None,
        method: str = "GET",
        body: bytes | None = None,
        pseudo: list[tuple[str, str]] | None = None,
    ) -> int:
        """Sends a request; the number of its stream."""
        stream = self.h2.get_next_available_stream_id()
        own = [(":method", method), (":scheme", "http"), (":authority", "site.example"), (":path", target)]
        self.h2.send_headers(stream, (pseudo or own) + (headers or []), end_stream=body is None)
        if body is not None:
            self.h2.send_data(stream, body, end_stream=True)
        self.streams[stream] = Stream()
        self.flush()
        return stream

    def pump(self) -> None:
        """Waits for more and takes it in."""
        self.wire.fill()
        got, self.wire.buffer = self.wire.buffer, b""
        for event in self.h2.receive_data(got):
            if isinstance(event, h2.events.ConnectionTerminated):
                self.gone = int(event.error_code or 0)
                continue
            number = getattr(event, "stream_id", None)
            stream = self.streams.get(number) if isinstance(number, int) else None
            if stream is None:
                continue
            if isinstance(event, h2.events.ResponseReceived):
                stream.headers = [(str(n), str(v)) for n, v in event.headers or []]
            elif isinstance(event, h2.events.TrailersReceived):
                stream.trailers = [(str(n), str(v)) for n, v in event.headers or []]
            elif isinstance(event, h2.events.DataReceived):
                stream.body += event.data or b""
                self.h2.acknowledge_received_data(event.flow_controlled_length or 0, number or 0)
            elif isinstance(event, h2.events.StreamEnded):
                stream.ended = True
            elif isinstance(event, h2.events.StreamReset):
                stream.reset = int(event.error_code or 0)
        self.flush()

    def finish(self, number: int) -> Answer:
        """Waits for the end of an answer."""
        stream = self.streams[number]
        while not stream.ended and stream.reset is None and self.gone is None:
            self.pump()
        headers = dict(stream.headers)
        return Answer(
            int(headers.get(":status", 0)),
            stream.headers,
            stream.body,
            stream.ended,
            "HTTP/2",
            stream.trailers,
        )

    def ask(
        self, target: str, headers: list[tuple[str, str]] | None = None, method: str = "GET", body: bytes | None = None
    ) -> Answer:
        """One request and its answer."""
        return self.finish(self.begin(target, headers, method, body))
