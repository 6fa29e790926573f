"""The application behind the gateway: does what a script says, well or badly, and remembers every byte it was sent."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from tests.gateway.wire import PATIENCE_S

_LINE: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+ [\x21-\x7e]+ HTTP/1\.[01]")
_FIELD: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*")


class NotHttpError(Exception):
    """The gateway sent something that is no well-formed request."""


@dataclass
class Exchange:
    """One request the site got, and the connection to answer it on."""

    site: Site
    socket: socket.socket
    connection: int
    method: str
    target: str
    version: str
    headers: list[tuple[str, str]]
    head: bytes
    buffer: bytearray
    keep: bool = True
    body_read: bool = False
    trailers: list[tuple[str, str]] = field(default_factory=list)

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.split("?")[0]

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [v for n, v in self.headers if n.lower() == name.lower()]

    def header(self, name: str) -> str:
        """A header's value; empty when absent."""
        return ", ".join(self.all(name))

    def fill(self) -> None:
        """Waits for more bytes of the request."""
        got = self.socket.recv(1 << 16)
        if not got:
            raise ConnectionError("the gateway ended the connection")
        self.buffer += got

    def pieces(self) -> Iterable[bytes]:
        """The request's body, piece by piece."""
        self.body_read = True
        if self.header("transfer-encoding"):
            while True:
                size = int(self._line().split(b";")[0], 16)
                if size == 0:
                    break
                yield self._exactly(size)
                if self._exactly(2) != b"\r\n":
                    raise NotHttpError("a chunk without its end")
            while line := self._line():
                name, _, value = line.decode("latin-1").partition(":")
                self.trailers.append((name, value.strip()))
            return
        left = int(self.header("content-length") or 0)
        while left:
            if not self.buffer:
                self.fill()
            piece = bytes(self.buffer[:left])
            del self.buffer[: len(piece)]
            left -= len(piece)
            yield piece

    def _line(self) -> bytes:
        while b"\r\n" not in self.buffer:
            self.fill()
        line, _, rest = bytes(self.buffer).partition(b"\r\n")
        self.buffer[:] = rest
        return line

    def _exactly(self, count: int) -> bytes:
        while len(self.buffer) < count:
            self.fill()
        found = bytes(self.buffer[:count])
        del self.buffer[:count]
        return found

    def body(self) -> bytes:
        """The whole body."""
        return b"".join(self.pieces())

    def send(self, data: bytes) -> None:
        """Sends bytes as they are."""
        self.socket.sendall(data)

    def answer(self, body: bytes | str = b"", status: int = 200, kind: str = "text/html", **headers: str) -> None:
        """A proper answer with a length."""
        if not self.body_read:
            self.body()
        data = body.encode() if isinstance(body, str) else body
        lines = [f"HTTP/1.1 {status} Scripted", f"Content-Type: {kind}", f"Content-Length: {len(data)}"]
        lines += [f"{n.replace('_', '-')}: {v}" for n, v in headers.items()]
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + (b"" if self.method == "HEAD" else data))

    def chunks(self, pieces: Iterable[bytes], kind: str = "text/html", **headers: str) -> None:
        """A proper answer in chunks."""
        if not self.body_read:
            self.body()
        lines = ["HTTP/1.1 200 Scripted", f"Content-Type: {kind}", "Transfer-Encoding: chunked"]
        lines += [f"{n.replace('_', '-')}: {v}" for n, v in headers.items()]
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))
        for piece in pieces:
            self.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.send(b"0\r\n\r\n")

    def data(self, value: object) -> None:
        """A proper answer in JSON."""
        self.answer(json.dumps(value).encode(), kind="application/json")

    def hang_up(self) -> None:
        """Ends the connection after this."""
        self.keep = False

    def reset(self) -> None:
        """Ends the connection now, with a RST."""
        self.keep = False
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def wait_until_gone(self) -> None:
        """Waits until the gateway has ended this connection."""
        try:
            while self.socket.recv(1 << 16):
                pass
        except OSError:
            pass


Script = Callable[[Exchange], None]


def echo(exchange: Exchange) -> None:
    """What the site was asked, as JSON."""
    body = exchange.body()
    exchange.data(
        {
            "method": exchange.method,
            "target": exchange.target,
            "headers": exchange.headers,
            "body": body.decode("latin-1") if len(body) < 10_000 else len(body),
            "connection": exchange.connection,
        }
    )


class Site:
    """A site with scripts by path. What has no script is echoed."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self.listener.getsockname()[1]
        self.scripts: dict[str, Script] = {}
        self.prefixes: dict[str, Script] = {}
        self.asked: list[Exchange] = []
        self.not_http: list[bytes] = []
        self.news = threading.Condition()
        self.sockets: set[socket.socket] = set()
        self.over = False
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def on(self, path: str, script: Script) -> None:
        """What to do when `path` is asked for; a path that ends in `*` is the beginning of many."""
        if path.endswith("*"):
            self.prefixes[path[:-1]] = script
        else:
            self.scripts[path] = script

    def page(self, path: str, body: str, kind: str = "text/html; charset=utf-8") -> None:
        """A page."""
        self.on(path, lambda x: x.answer(body, kind=kind))

    def count(self, path: str) -> int:
        """How often `path` was asked for."""
        with self.news:
            return sum(x.path == path for x in self.asked)

    @property
    def visits(self) -> list[Exchange]:
        """What visitors asked for; the brain's own look at robots.txt is left out."""
        with self.news:
            return [x for x in self.asked if x.path != "/robots.txt"]

    def last(self, path: str) -> Exchange:
        """The latest request for `path`."""
        with self.news:
            return next(x for x in reversed(self.asked) if x.path == path)

    def wait_for(self, path: str, times: int = 1) -> Exchange:
        """Waits until `path` was asked for so often."""
        with self.news:
            assert self.news.wait_for(lambda: sum(x.path == path for x in self.asked) >= times, PATIENCE_S), path
        return self.last(path)

    def forget(self) -> None:
        """Forgets what was asked so far."""
        with self.news:
            self.asked.clear()
            self.not_http.clear()

    def close(self) -> None:
        """Ends everything."""
        self.over = True
        self.listener.close()
        for s in list(self.sockets):
            s.close()

    def _accept(self) -> None:
        number = 0
        while True:
            try:
                accepted, _ = self.listener.accept()
            except OSError:
                return
            number += 1
            self.sockets.add(accepted)
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(accepted, number), daemon=True).start()

    def _serve(self, accepted: socket.socket, number: int) -> None:
        buffer = bytearray()
        try:
            while (exchange := self._next(accepted, number, buffer)) is not None:
                script = self.scripts.get(exchange.path) or next(
                    (s for p, s in self.prefixes.items() if exchange.path.startswith(p)), echo
                )
                script(exchange)
                if not exchange.keep:
                    return
        except (OSError, ConnectionError):
            pass
        except (NotHttpError, ValueError):
            with self.news:
                self.not_http.append(bytes(buffer))
                self.news.notify_all()
        finally:
            self.sockets.discard(accepted)
            accepted.close()

    def _next(self, accepted: socket.socket, number: int, buffer: bytearray) -> Exchange | None:
        while b"\r\n\r\n" not in buffer:
            got = accepted.recv(1 << 16)
            if not got:
                if buffer:
                    raise NotHttpError("half a request")
                return None
            buffer += got
        head, _, rest = bytes(buffer).partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        well_formed = _LINE.fullmatch(lines[0]) and all(_FIELD.fullmatch(line) for line in lines[1:])
        if not well_formed:
            raise NotHttpError("a malformed head")
        buffer[:] = rest
        method, target, version = lines[0].decode().split(" ")
        pairs = [line.decode("latin-1").partition(":") for line in lines[1:]]
        headers = [(name, value.strip()) for name, _, value in pairs]
        exchange = Exchange(self, accepted, number, method, target, version, headers, head, buffer)
        lengths, codings = exchange.all("content-length"), exchange.all("transfer-encoding")
        if len(exchange.all("host")) != 1 or len(lengths) > 1 or len(codings) > 1 or (lengths and codings):
            raise NotHttpError("framing or host that leaves a choice")
        if codings not in ([], ["chunked"]):
            raise NotHttpError("a coding other than chunked")
        with self.news:
            self.asked.append(exchange)
            self.news.notify_all()
        return exchange
