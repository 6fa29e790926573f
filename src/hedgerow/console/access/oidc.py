"""Sign-in through an identity provider: authorization code with PKCE, state and nonce; the ID token is checked here.

Sources: OpenID Connect Core 1.0 (3.1), Discovery 1.0 (4), RFC 7636 (PKCE), RFC 9207 (`iss` of the answer), RFC 9700
(best current practice: exact redirect address, no implicit flow).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import httpx2
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from hedgerow.console.settings import OidcSettings

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "ES256", "ES384", "EdDSA", "Ed25519")
"""Signatures with a public key only: `none` and the shared-secret ones would let anybody who knows less sign."""
SCOPES: Final = "openid profile email"
_LEEWAY_S: Final = 60
_KEPT: Final = timedelta(hours=1)
_LEAST_BETWEEN: Final = timedelta(minutes=1)
"""A token with an unknown key makes us read the keys again, but no oftener than this."""
_LONGEST_ANSWER: Final = 1 << 20
_LONGEST_TOKEN: Final = 64 << 10


class OidcError(Exception):
    """The sign-in did not work; the message is for the person, and holds nothing secret."""


@dataclass(frozen=True)
class Begun:
    """What is kept between going and coming back, and where to go."""

    url: str
    state: str
    details: dict[str, Any]


@dataclass(frozen=True)
class Identity:
    """Whom the provider says it is."""

    issuer: str
    subject: str
    name: str
    shown_name: str
    email: str | None
    roles: tuple[str, ...]
    auth_time: int | None
    """When they last proved it there, Unix seconds."""


class Provider:
    """One identity provider. Its own settings and keys are read from it and kept for an hour."""

    def __init__(self, settings: OidcSettings, redirect_uri: str, timeout_s: float = 10.0) -> None:
        self.settings = settings
        self.redirect_uri = redirect_uri
        self._http = httpx2.Client(timeout=timeout_s, follow_redirects=False, trust_env=False)
        self._lock = threading.Lock()
        self._known: tuple[datetime, Mapping[str, Any]] | None = None
        self._keys: tuple[datetime, KeySet] | None = None

    def begin(self, now: datetime, *, prove_again: bool) -> Begun:
        """Where to send the browser, and what must come back.

        Raises:
            OidcError: the provider cannot be reached, or its settings will not do.
        """
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": SCOPES,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **({"prompt": "login", "max_age": "0"} if prove_again else {}),
        }
        where = self._endpoint("authorization_endpoint", now)
        url = f"{where}{'&' if '?' in where else '?'}{urlencode(asked)}"
        return Begun(url, state, {"nonce": nonce, "verifier": verifier})

    def finish(self, code: str, answered_issuer: str, details: Mapping[str, Any], now: datetime) -> Identity:
        """Turns the code into a checked identity.

        Args:
            code: from the provider's answer.
            answered_issuer: `iss` of the answer, or empty.
            details: what `begin` kept.
            now: when.

        Raises:
            OidcError: anything about it is not as it must be.
        """
        if answered_issuer and answered_issuer.rstrip("/") != self.settings.issuer:
            raise OidcError("The answer came from another identity provider, so it was not taken. Sign in again.")
        tokens = self._exchange(code, str(details["verifier"]), now)
        value = tokens.get("id_token")
        if not isinstance(value, str) or len(value) > _LONGEST_TOKEN:
            raise OidcError("The identity provider gave no identity. Its client must allow the scope `openid`.")
        claims = self._checked(value, now)
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), str(details["nonce"]).encode()):
            raise OidcError("The identity was made for another sign-in, so it was not taken. Sign in again.")
        return self._identity(claims)

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        subject = str(claims["sub"])
        if not 1 <= len(subject) <= 255:
            raise OidcError("The identity provider named nobody. Ask its operator.")
        groups = claims.get(self.settings.groups_claim)
        held = {str(g) for g in groups} if isinstance(groups, list) else {str(groups)} if groups else set()
        email = claims.get("email")
        name = str(claims.get("preferred_username") or email or subject)[:180]
        auth_time = claims.get("auth_time")
        return Identity(
            self.settings.issuer,
            subject,
            name,
            str(claims.get("name") or name)[:200],
            str(email)[:320] if email else None,
            tuple(sorted({role for group, role in self.settings.roles if group in held})),
            int(auth_time) if isinstance(auth_time, int | float) else None,
        )

    def _checked(self, value: str, now: datetime) -> dict[str, Any]:
        try:
            keys = self._key_set(now, fresh=False)
            try:
                token = jwt.decode(value, keys, algorithms=list(ALGORITHMS))
            except (JoseError, ValueError):
                # Keys are changed from time to time; the new ones are read once, not for every bad token.
                token = jwt.decode(value, self._key_set(now, fresh=True), algorithms=list(ALGORITHMS))
            moment = int(now.timestamp())
            jwt.JWTClaimsRegistry(
                now=moment,
                leeway=_LEEWAY_S,
                iss={"essential": True, "values": [self.settings.issuer, self.settings.issuer + "/"]},
                sub={"essential": True},
                aud={"essential": True, "value": self.settings.client_id},
                exp={"essential": True},
                iat={"essential": True},
            ).validate(token.claims)
        except (JoseError, ValueError) as e:
            raise OidcError(f"The identity was not taken ({type(e).__name__}). Sign in again.") from e
        claims = token.claims
        audience = claims["aud"]
        several = isinstance(audience, list) and len(audience) > 1
        if (several or "azp" in claims) and claims.get("azp") != self.settings.client_id:
            raise OidcError("The identity was made for another program, so it was not taken.")
        return claims

    def _exchange(self, code: str, verifier: str, now: datetime) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": verifier,
        }
        headers = {"accept": "application/json"}
        secret = self._secret()
        ways = self._discovered(now).get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if secret is not None and "client_secret_basic" in ways:
            pair = f"{quote(self.settings.client_id, safe='')}:{quote(secret, safe='')}"
            headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            form["client_id"] = self.settings.client_id
            if secret is not None:
                form["client_secret"] = secret
        return self._json("POST", self._endpoint("token_endpoint", now), data=form, headers=headers)

    def _secret(self) -> str | None:
        path = self.settings.client_secret_file
        if path is None:
            return None
        try:
            return path.read_text(encoding="utf-8").strip()
        except OSError as e:
            raise OidcError(
                "The console cannot read console.oidc.client_secret_file. Tell an owner of this site."
            ) from e

    def _discovered(self, now: datetime) -> Mapping[str, Any]:
        with self._lock:
            if self._known and now - self._known[0] < _KEPT:
                return self._known[1]
        found = self._json("GET", f"{self.settings.issuer}/.well-known/openid-configuration")
        if str(found.get("issuer", "")).rstrip("/") != self.settings.issuer:
            raise OidcError("The identity provider calls itself something else than console.oidc.issuer says.")
        with self._lock:
            self._known = (now, found)
        return found

    def _endpoint(self, name: str, now: datetime) -> str:
        url = str(self._discovered(now).get(name, ""))
        parts = urlsplit(url)
        loopback = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"}
        if not (parts.scheme == "https" or loopback) or not parts.hostname:
            raise OidcError(f"The identity provider's {name} is not an https address. Ask its operator.")
        return url

    def _key_set(self, now: datetime, *, fresh: bool) -> KeySet:
        with self._lock:
            if self._keys and now - self._keys[0] < (_LEAST_BETWEEN if fresh else _KEPT):
                return self._keys[1]
        found = self._json("GET", self._endpoint("jwks_uri", now)).get("keys")
        public = [k for k in found if isinstance(k, dict) and k.get("kty") in {"RSA", "EC", "OKP"}] if found else []
        if not public:
            raise OidcError("The identity provider publishes no keys. Ask its operator.")
        keys = KeySet.import_key_set({"keys": public[:100]})
        with self._lock:
            self._keys = (now, keys)
        return keys

    def _json(self, method: str, url: str, **more: Any) -> Mapping[str, Any]:
        try:
            with self._http.stream(method, url, **more) as answer:
                body = b""
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > _LONGEST_ANSWER:
                        raise OidcError("The identity provider's answer is too long. Try again later.")
                status = answer.status_code
            said = json.loads(body)
        except (httpx2.HTTPError, ValueError) as e:
            raise OidcError("The identity provider cannot be reached or answers strangely. Try again later.") from e
        if status != 200 or not isinstance(said, dict):
            raise OidcError(f"The identity provider refused (status {status}). Sign in again.")
        return said
