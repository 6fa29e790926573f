"""Keeps what must not lie open in the database: opened addresses, and what claimants sent. AES-GCM, its own key."""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hedgerow.cases.core.problems import CaseError

_NONCE: Final = 12


class Sealer:
    """Seals and opens texts with the state's secret. A sealed text opens only for the purpose it was sealed for."""

    def __init__(self, secret: str) -> None:
        """Makes the keys.

        Args:
            secret: The content of the state's secret, 64 hexadecimal digits.
        """
        whole = bytes.fromhex(secret)
        self._key = hmac.new(whole, b"hedgerow 2026-11 sealed in cases", hashlib.sha256).digest()
        self._names = hmac.new(whole, b"hedgerow 2026-11 digests in cases", hashlib.sha256).digest()

    def seal(self, text: str, purpose: str) -> bytes:
        """Seals a text."""
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(self._key).encrypt(nonce, text.encode("utf-8"), purpose.encode("utf-8"))

    def open(self, sealed: bytes, purpose: str) -> str:
        """Opens a text.

        Raises:
            CaseError: it was sealed for something else or with another secret, or was changed.
        """
        try:
            return AESGCM(self._key).decrypt(sealed[:_NONCE], sealed[_NONCE:], purpose.encode("utf-8")).decode("utf-8")
        except (InvalidTag, ValueError) as error:
            raise CaseError(
                "a sealed text does not open; was the database restored without the secret that belongs to it?"
            ) from error

    def digest(self, text: str, purpose: str) -> str:
        """A keyed hash: the same for the same text, and says nothing of it to whoever has no key."""
        return hmac.new(self._names, f"{purpose}\0{text}".encode(), hashlib.sha256).hexdigest()
