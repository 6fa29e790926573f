"""A site that speaks HTTP/2 with prior knowledge: answers scripts by path and minds every window."""

from __future__ import annotations

import json
import queue
import select
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings

from tests.gateway.wire import PATIENCE_S

Pairs = list[tuple[str, str]]


@dataclass
class Asked:
    """One request."""

    connection: int
    stream: int
    headers: Pairs
    body: bytes = b""
    trailers: Pairs = field(default_factory=list)

    def header(self, name: str) -> str:
        """A header's value; empty when absent."""
        return ", ".join(v for n, v in self.headers if n == name)

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.header(":path").split("?")[0]


@dataclass
class Told:
    """One answer. `interim` are heads that come before it; one that is `open` goes on when `Site2.go_on` says so."""

    body: bytes = b""
    headers: Pairs = field(default_factory=list)
    status: int = 200
    trailers: Pairs = field(default_factory=list)
    interim: list[Pairs] = field(default_factory=list)
    open: bool = False


def echo(asked: Asked) -> Told:
    """What was asked, as JSON."""
    told = {"headers": asked.headers, "body": asked.body.decode("latin-1"), "connection": asked.connection}
    return Told(json.dumps(told).encode(), [("content-type", "application/json")])


class Site2:
    """The site. What has no script is echoed; a script that gives nothing leaves its stream without an answer."""

    def __init__(self, most_streams: int = 100) -> None:
        self.most_streams: Final = most_streams
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self.listener.getsockname()[1]
        self.scripts: dict[str, Callable[[Asked], Told | None]] = {}
        self.asked: list[Asked] = []
        self.reset: list[Asked] = []
        self.served: dict[int, Served] = {}
        self.blocked: set[tuple[int, int]] = set()
        self.sockets: set[socket.socket] = set()
        self.connections = 0
        self.broken: list[str] = []
        self.news = threading.Condition()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def count(self, path: str) -> int:
        """How often a path was asked for."""
        with self.news:
            return sum(a.path == path for a in self.asked)

    def wait_for_requests(self, path: str, times: int) -> None:
        """Waits until a path was asked for so often."""
        self.wait_for(lambda: sum(a.path == path for a in self.asked) >= times)

    def wait_for(self, true: Callable[[], bool]) -> None:
        """Waits for something that happens here."""
        with self.news:
            assert self.news.wait_for(true, PATIENCE_S)

    def go_on(self, asked: Asked, body: bytes) -> None:
        """Sends the rest of an answer that was left open, and ends it."""
        served = self.served[asked.connection]
        served.rest.put((asked.stream, body))
        served.bell.send(b"!")

    def close(self) -> None:
        """Ends everything."""
        self.listener.close()
        for s in list(self.sockets):
            s.close()

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self.listener.accept()
            except OSError:
                return
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sockets.add(accepted)
            self.connections += 1
            served = self.served[self.connections] = Served(self, accepted, self.connections)
            threading.Thread(target=served.run, daemon=True).start()


class Served:
    """One connection of the site."""

    def __init__(self, site: Site2, accepted: socket.socket, number: int) -> None:
        self.site = site
        self.socket = accepted
        self.number = number
        self.h2 = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, header_encoding="utf-8", validate_outbound_headers=False)
        )
        self.asked: dict[int, Asked] = {}
        self.left: dict[int, tuple[memoryview, Pairs]] = {}
        self.open: set[int] = set()
        self.rest: queue.SimpleQueue[tuple[int, bytes]] = queue.SimpleQueue()
        self.bell, self.rung = socket.socketpair()

    def run(self) -> None:
        """Serves to the end."""
        most = {h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: self.site.most_streams}
        self.h2.local_settings = h2.settings.Settings(client=False, initial_values=most)
        self.h2.initiate_connection()
        try:
            while True:
                self.socket.sendall(self.h2.data_to_send())
                ready, _, _ = select.select([self.socket, self.rung], [], [])
                if self.rung in ready:
                    self._go_on()
                if self.socket in ready:
                    got = self.socket.recv(1 << 16)
                    if not got:
                        return
                    for event in self.h2.receive_data(got):
                        self._take(event)
                self._send()
        except OSError:
            pass
        except h2.exceptions.ProtocolError as e:
            self.site.broken.append(repr(e))
        finally:
            with self.site.news:
                self.site.blocked = {b for b in self.site.blocked if b[0] != self.number}
            self.site.sockets.discard(self.socket)
            for end in (self.socket, self.bell, self.rung):
                end.close()

    def _go_on(self) -> None:
        self.rung.recv(1)
        stream, body = self.rest.get()
        self.open.discard(stream)
        self.left[stream] = (memoryview(body), [])

    def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            pairs = [(str(n), str(v)) for n, v in event.headers]
            self.asked[event.stream_id] = Asked(self.number, event.stream_id, pairs)
        elif isinstance(event, h2.events.DataReceived):
            self.asked[event.stream_id].body += event.data or b""
            self.h2.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            self.asked[event.stream_id].trailers = [(str(n), str(v)) for n, v in event.headers]
        elif isinstance(event, h2.events.StreamReset):
            self.left.pop(event.stream_id, None)
            with self.site.news:
                self.site.blocked.discard((self.number, event.stream_id))
                self.site.reset.append(self.asked[event.stream_id])
                self.site.news.notify_all()
        elif isinstance(event, h2.events.StreamEnded):
            self._answer(self.asked[event.stream_id])

    def _answer(self, asked: Asked) -> None:
        with self.site.news:
            self.site.asked.append(asked)
            self.site.news.notify_all()
        told = self.site.scripts.get(asked.path, echo)(asked)
        if told is None:
            return
        for interim in told.interim:
            self.h2.send_headers(asked.stream, interim)
        self.h2.send_headers(asked.stream, [(":status", str(told.status)), *told.headers])
        self.left[asked.stream] = (memoryview(told.body), told.trailers)
        if told.open:
            self.open.add(asked.stream)

    def _send(self) -> None:
        """Sends as much as the windows let."""
        for stream, (body, trailers) in list(self.left.items()):
            while body and (room := min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)):
                self.h2.send_data(stream, bytes(body[:room]))
                body = body[room:]
            with self.site.news:
                if body:
                    self.left[stream] = (body, trailers)
                    self.site.blocked.add((self.number, stream))
                else:
                    del self.left[stream]
                    self.site.blocked.discard((self.number, stream))
                self.site.news.notify_all()
            if stream in self.open:
                continue
            if not body and trailers:
                self.h2.send_headers(stream, trailers, end_stream=True)
            elif not body:
                self.h2.end_stream(stream)
