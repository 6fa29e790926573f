"""Where a webhook may go: only over TLS, never into private networks, and to the very address that was checked.

A name is resolved once, every address it has is judged, and the connection goes to one of those addresses: a second
look-up (DNS rebinding) would let a name that was judged harmless lead inside. Redirects are not followed.
Source of the networks: `ipaddress` of the standard library (IANA's special-purpose registries).
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from hedgerow.outward.settings import Network, OutwardError

LONGEST_URL: Final = 2_000
MOST_ANSWER_BYTES: Final = 64 << 10
"""Of an answer, no more is read."""
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]


class RefusedTargetError(OutwardError):
    """This is not an address that webhooks go to; the sentence says why."""


@dataclass(frozen=True)
class Target:
    """One URL, taken apart and checked for its form."""

    secure: bool
    host: str
    port: int
    path: str


def target(url: str) -> Target:
    """Checks the form of a URL.

    Raises:
        RefusedTargetError: with why not.
    """
    if len(url) > LONGEST_URL or not url.isascii() or any(c <= " " or c == "\x7f" for c in url):
        raise RefusedTargetError("a URL is at most 2,000 plain characters, without spaces")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as e:
        raise RefusedTargetError("this is not a URL") from e
    host = parts.hostname or ""
    if parts.scheme not in {"https", "http"} or not host:
        raise RefusedTargetError("a webhook goes to https://host/path")
    if parts.username is not None or parts.password is not None:
        raise RefusedTargetError("a URL with a user and a password is not taken; sign the body instead")
    if parts.fragment:
        raise RefusedTargetError("a URL with a # part is not taken")
    if parts.scheme == "http" and not _is_loopback(host):
        raise RefusedTargetError("only this machine may be told without TLS: use https://")
    path = parts.path or "/"
    return Target(
        parts.scheme == "https",
        host,
        port or (443 if parts.scheme == "https" else 80),
        path + (f"?{parts.query}" if parts.query else ""),
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def system_resolver(host: str, port: int) -> list[str]:
    """The addresses of a name, as the operating system finds them."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def addresses(where: Target, allowed: Iterable[Network], resolve: Resolve = system_resolver) -> list[Address]:
    """The addresses of a target, all of which may be told.

    Args:
        where: the target.
        allowed: private networks the operator allows.
        resolve: the resolver; the system's without it.

    Raises:
        RefusedTargetError: any of them lies inside.
        OutwardError: the name cannot be resolved.
    """
    allowed = tuple(allowed)
    try:
        found = [ipaddress.ip_address(a.partition("%")[0]) for a in resolve(where.host, where.port)]
    except (OSError, UnicodeError, ValueError) as e:
        raise OutwardError(f"{where.host} cannot be resolved") from e
    if not found:
        raise OutwardError(f"{where.host} has no address")
    for address in found:
        if not _may(address, where, allowed):
            # The address itself is not said: it would make of this form a map of the inside.
            raise RefusedTargetError(
                f"{where.host} leads to a private or special network; an operator can allow it in outward.toml, "
                "[webhooks] allowed_networks"
            )
    return list(dict.fromkeys(found))


def _may(address: Address, where: Target, allowed: tuple[Network, ...]) -> bool:
    plain = _plain(address)
    if any(n.version == plain.version and plain in n for n in allowed):
        return True
    if plain.is_loopback:
        # Said openly, as 127.0.0.1 or localhost; a name of the outside that leads here is a trap.
        return _is_loopback(where.host)
    return plain.is_global and not plain.is_multicast and not plain.is_reserved


def _plain(address: Address) -> Address:
    """An IPv4 address in IPv6's clothes (mapped, 6to4, NAT64) is judged as what it leads to."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


def post(
    url: str,
    body: bytes,
    headers: dict[str, str],
    *,
    allowed: Iterable[Network] = (),
    timeout_s: float = 10.0,
    resolve: Resolve = system_resolver,
    context: ssl.SSLContext | None = None,
) -> int:
    """Sends a body and returns the status of the answer.

    Raises:
        RefusedTargetError: the URL may not be told.
        OutwardError: it could not be reached.
    """
    where = target(url)
    found = addresses(where, allowed, resolve)
    connection = _Pinned(where, found[0], timeout_s, context)
    try:
        connection.request("POST", where.path, body=body, headers=headers)
        answer = connection.getresponse()
        answer.read(MOST_ANSWER_BYTES)
    except (OSError, http.client.HTTPException) as e:
        raise OutwardError(f"{where.host} could not be told: {type(e).__name__}") from e
    else:
        return answer.status
    finally:
        connection.close()


class _Pinned(http.client.HTTPConnection):
    """A connection to an address that was checked, while name and certificate are those of the URL."""

    def __init__(self, where: Target, address: Address, timeout_s: float, context: ssl.SSLContext | None) -> None:
        super().__init__(where.host, where.port, timeout=timeout_s)
        if where.secure:
            self.default_port = http.client.HTTPS_PORT
        self._where = where
        self._address = str(address)
        self._context = context

    def connect(self) -> None:
        """Connects to the checked address."""
        sock = socket.create_connection((self._address, self._where.port), self.timeout)
        if self._where.secure:
            context = self._context or ssl.create_default_context()
            try:
                sock = context.wrap_socket(sock, server_hostname=self._where.host)
            except BaseException:
                sock.close()
                raise
        self.sock = sock
