"""Random tokens and what is kept of them: never the token, only its hash."""

from __future__ import annotations

import hashlib
import secrets


def new_token() -> str:
    """256 random bits, safe in cookies and URLs."""
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """SHA-256 of a token, for the table: a token of 256 random bits needs no slow hash (OWASP, Session Management)."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
