"""A small identity provider over real sockets, which can also be told to lie."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey


class IdentityProvider:
    """What it says of whom, and how it answers."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.key = RSAKey.generate_key(2048, {"kid": "one"})
        self.published = [self.key]
        self.person: dict[str, Any] = {
            "sub": "s-1",
            "preferred_username": "ada",
            "name": "Ada",
            "groups": ["privacy-team"],
        }
        self.lie: dict[str, Any] = {}
        """Claims that replace the true ones; None removes one."""
        self.sign: Callable[[dict[str, Any]], str] = self.signed
        self.asked: dict[str, str] = {}
        self.secret = "a secret of the client/+"
        self.issuer = ""
        self.tokens_given = 0

    def signed(self, claims: dict[str, Any]) -> str:
        """As it should be."""
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    def unsigned(self, claims: dict[str, Any]) -> str:
        """The old trick: `alg: none`."""
        parts = [json.dumps({"alg": "none"}), json.dumps(claims)]
        return ".".join(base64.urlsafe_b64encode(p.encode()).rstrip(b"=").decode() for p in parts) + "."

    def signed_with_the_public_key(self, claims: dict[str, Any]) -> str:
        """The other old trick: the public key taken for a shared secret."""
        return jwt.encode({"alg": "HS256", "kid": "one"}, claims, OctKey.import_key(self.key.as_pem(private=False)))

    def authorize(self, url: str) -> str:
        """What a person's browser does there: signs in and is sent back."""
        self.asked = {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}
        return f"{self.asked['redirect_uri']}?code=the-code&state={self.asked['state']}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """The exchange of the code."""
        expected = base64.b64encode(b"hedgerow:a%20secret%20of%20the%20client%2F%2B").decode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).rstrip(
            b"="
        )
        if (
            authorization != f"Basic {expected}"
            or form.get("code") != "the-code"
            or form.get("redirect_uri") != self.asked["redirect_uri"]
            or challenge.decode() != self.asked["code_challenge"]
        ):
            return 400, {"error": "invalid_grant"}
        now = int(self.clock().timestamp())
        claims = {"iss": self.issuer, "aud": "hedgerow", "exp": now + 300, "iat": now, "nonce": self.asked["nonce"]}
        claims |= {"auth_time": now, **self.person, **self.lie}
        self.tokens_given += 1
        said = {k: v for k, v in claims.items() if v is not None}
        return 200, {"id_token": self.sign(said), "access_token": "x", "token_type": "Bearer"}

    def document(self, path: str) -> dict[str, Any] | None:
        """What it publishes."""
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
            }
        if path == "/keys":
            return {"keys": [k.as_dict(private=False) for k in self.published]}
        return None


@contextmanager
def serving(provider: IdentityProvider) -> Iterator[IdentityProvider]:
    """Answers on a port of the loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/authorize?"):
                # As a provider at which this browser has signed in before: it asks nothing and sends back.
                self.send_response(302)
                self.send_header("location", provider.authorize(self.path))
                self.send_header("content-length", "0")
                self.end_headers()
                return
            found = provider.document(self.path)
            self._answer(200 if found else 404, found or {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {k: v[0] for k, v in parse_qs(body).items()}
            self._answer(*provider.token(form, self.headers.get("authorization", "")))

        def _answer(self, status: int, said: dict[str, Any]) -> None:
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()
