"""A visitor made of bytes: says exactly what it is told to, and reads answers strictly."""

from __future__ import annotations

import json
import socket
import ssl
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

PATIENCE_S: Final = 20.0
"""Longest wait for anything: a test that reaches it fails."""

BROWSER: Final = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-GB,en;q=0.5",
    "Accept-Encoding": "identity",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "none",
    "Sec-Fetch-User": "?1",
    "Upgrade-Insecure-Requests": "1",
}
"""What an ordinary browser says."""

FETCH: Final = {
    **{k: v for k, v in BROWSER.items() if not k.startswith(("Sec-Fetch", "Upgrade"))},
    "Accept": "application/json",
    "Sec-Fetch-Dest": "empty",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Site": "same-origin",
}
"""What an ordinary browser says when a script on a page fetches something."""


@dataclass
class Answer:
    """One answer. `complete` is false when the connection ended before the body did."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""
    complete: bool = True
    version: str = "HTTP/1.1"
    trailers: list[tuple[str, str]] = field(default_factory=list)

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [v for n, v in self.headers if n.lower() == name.lower()]

    def header(self, name: str) -> str:
        """The value of a header; empty when it is absent."""
        return ", ".join(self.all(name))

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.body.decode()

    def data(self) -> dict[str, object]:
        """The body as a JSON object."""
        found = json.loads(self.body)
        assert isinstance(found, dict)
        return found

    def cookies(self) -> dict[str, str]:
        """Cookies it sets, by name."""
        pairs = (v.split(";")[0].split("=", 1) for v in self.all("set-cookie"))
        return {p[0]: p[1] for p in pairs if len(p) == 2}


class CutError(Exception):
    """The connection ended where more was due."""


class Wire:
    """One connection to the gateway. Use it in a `with`."""

    def __init__(
        self,
        address: tuple[str, int],
        tls: ssl.SSLContext | None = None,
        source: str | None = None,
        name: str = "site.example",
        receive_buffer: int | None = None,
    ) -> None:
        raw = socket.socket(socket.AF_INET)
        if receive_buffer:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        raw.settimeout(PATIENCE_S)
        try:
            if source:
                raw.bind((source, 0))
            raw.connect(address)
            self.socket: socket.socket = tls.wrap_socket(raw, server_hostname=name) if tls else raw
        except OSError:
            raw.close()
            raise
        self.name = name
        self.buffer = b""

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection."""
        self.socket.close()

    def reset(self) -> None:
        """Ends the connection with a RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Sends bytes as they are."""
        self.socket.sendall(data)

    def ask(
        self,
        target: str,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        method: str = "GET",
        body: bytes | None = None,
    ) -> Answer:
        """Sends one request as an ordinary client would, and reads its answer."""
        self.send(request(target, headers, method, body, self.name))
        return self.answer(bodiless=method == "HEAD")

    def served(self) -> bool:
        """Whether a request on it is answered; false where the connection ends instead."""
        try:
            got = self.ask("/any")
        except (OSError, CutError):
            return False
        assert got.status == 200, got.status
        return True

    def fill(self) -> None:
        """Waits for more bytes."""
        try:
            got = self.socket.recv(1 << 16)
        except (ConnectionResetError, ssl.SSLEOFError) as e:
            raise CutError("reset") from e
        if not got:
            raise CutError("closed")
        self.buffer += got

    def line(self) -> str:
        """One line without its CRLF."""
        return self.until(b"\r\n").decode("latin-1")

    def until(self, mark: bytes) -> bytes:
        """What comes before `mark`, which is taken away."""
        while mark not in self.buffer:
            self.fill()
        found, self.buffer = self.buffer.split(mark, 1)
        return found

    def exactly(self, count: int) -> bytes:
        """So many bytes."""
        while len(self.buffer) < count:
            self.fill()
        found, self.buffer = self.buffer[:count], self.buffer[count:]
        return found

    def closed(self) -> bool:
        """Whether the other side has ended the connection, with nothing more to say."""
        if self.buffer:
            return False
        try:
            self.fill()
        except CutError:
            return True
        except TimeoutError:
            return False
        return False

    def head(self) -> Answer:
        """A head, interim ones included."""
        version, status, *_ = self.line().split(" ", 2)
        assert version in {"HTTP/1.1", "HTTP/1.0"}, version
        return Answer(int(status), self._fields(), version=version)

    def _fields(self) -> list[tuple[str, str]]:
        fields: list[tuple[str, str]] = []
        while line := self.line():
            name, _, value = line.partition(":")
            fields.append((name, value.strip()))
        return fields

    def answer(self, *, bodiless: bool = False) -> Answer:
        """A whole answer; interim ones before it are skipped."""
        got = self.head()
        while got.status in {100, 102, 103}:
            got = self.head()
        if bodiless or got.status in {101, 204, 304}:
            return got
        try:
            self._body(got)
        except CutError:
            got.body += self.buffer
            self.buffer = b""
            got.complete = False
        return got

    def _body(self, got: Answer) -> None:
        if "chunked" in got.header("transfer-encoding"):
            while piece := self.chunk():
                got.body += piece
            got.trailers = self._fields()
        elif got.all("content-length"):
            wanted = int(got.header("content-length"))
            while len(got.body) < wanted:
                if not self.buffer:
                    self.fill()
                piece, self.buffer = self.buffer[: wanted - len(got.body)], self.buffer[wanted - len(got.body) :]
                got.body += piece
        else:
            self._rest(got)

    def _rest(self, got: Answer) -> None:
        """A body that the end of the connection ends: complete by definition, unless it was a reset."""
        while True:
            got.body, self.buffer = got.body + self.buffer, b""
            try:
                self.fill()
            except CutError as e:
                if str(e) == "reset":
                    raise
                return

    def chunk(self) -> bytes:
        """One chunk of a chunked body; empty = the last, its trailers still to be read."""
        size = int(self.line().split(";")[0], 16)
        if size == 0:
            return b""
        data = self.exactly(size)
        assert self.exactly(2) == b"\r\n"
        return data


def request(
    target: str,
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    method: str = "GET",
    body: bytes | None = None,
    host: str = "site.example",
) -> bytes:
    """The bytes of an ordinary request."""
    pairs = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
    lines = [f"{method} {target} HTTP/1.1"]
    if not any(n.lower() == "host" for n, _ in pairs):
        lines.append(f"Host: {host}")
    lines += [f"{n}: {v}" for n, v in pairs]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")


class Visitor:
    """A visitor with cookies, one connection a request: what a person's browser is to the budgets."""

    def __init__(self, address: tuple[str, int], source: str | None = None, **headers: str) -> None:
        self.address = address
        self.source = source
        self.headers = {**BROWSER, **headers}
        self.cookies: dict[str, str] = {}

    def ask(
        self,
        target: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request; cookies are kept as browsers do."""
        said = {**self.headers, **(headers or {})}
        if self.cookies:
            said["Cookie"] = "; ".join(f"{n}={v}" for n, v in self.cookies.items())
        with Wire(self.address, source=self.source) as wire:
            got = wire.ask(target, said, method, body)
        self.cookies.update(got.cookies())
        return got

    def get(self, target: str, **headers: str) -> Answer:
        """A GET."""
        return self.ask(target, headers=headers)

    def post(self, target: str, body: bytes, **headers: str) -> Answer:
        """Sends a form."""
        return self.ask(target, "POST", body, {"Content-Type": "application/x-www-form-urlencoded", **headers})
