"""What stands before every route: the Host header, the size of a body, and the headers on every answer."""

from __future__ import annotations

import ipaddress
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
SECURITY_HEADERS: Final = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "x-robots-tag": "noindex, nofollow",
}


class BodyTooLargeError(Exception):
    """A request's body is longer than this console takes."""


class Guards:
    """The outermost layer."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str], body_bytes: int, *, https: bool) -> None:
        self.app = app
        self.hosts = hosts
        self.body_bytes = body_bytes
        self.https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    out[name] = value
                if self.https:
                    out["strict-transport-security"] = "max-age=31536000"
                # Pages hold what only this person may see; only the hashed files say otherwise.
                out.setdefault("cache-control", "no-store")
            await send(message)

        if not self._known_host(headers.get("host", "")):
            said = PlainTextResponse(
                "This name is not one of the console's. If it should be, add it to console.hosts in the policy.\n", 421
            )
            await said(scope, receive, guarded)
            return
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or int(length) > self.body_bytes:
            await self._too_large()(scope, receive, guarded)
            return
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                if taken > self.body_bytes:
                    raise BodyTooLargeError
            return message

        await self.app(scope, bounded, guarded)

    def _too_large(self) -> PlainTextResponse:
        return PlainTextResponse(f"This is longer than the {self.body_bytes:,} bytes that are taken.\n", 413)

    def _known_host(self, host: str) -> bool:
        """DNS rebinding: another site's name that points to our loopback is not answered."""
        name = host.lower()
        if name.startswith("["):
            name = name[1:].partition("]")[0]
        else:
            name = name.rpartition(":")[0] if name.count(":") == 1 else name
        if name in self.hosts or name == "localhost":
            return True
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return False
