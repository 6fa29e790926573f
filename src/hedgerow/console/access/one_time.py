"""One-time codes of an authenticator (RFC 6238), and recovery codes for when it is lost."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime
from pathlib import Path
from typing import Final

import pyotp
import segno
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hedgerow.console.access.tokens import hash_of
from hedgerow.secret import read_secret
from hedgerow.store.models.accounts import RecoveryCode, User

STEP_S: Final = 30
_AROUND: Final = 1
"""Steps before and after that are taken too: clocks of phones differ."""
RECOVERY_CODES: Final = 10
_LETTERS: Final = "23456789abcdefghjkmnpqrstvwxyz"


class SealedSecretError(Exception):
    """An authenticator's secret cannot be opened: the state's secret is another one now."""


def _key(state: Path) -> bytes:
    derived = HKDF(SHA256(), 32, None, b"hedgerow console totp v1")
    return derived.derive(bytes.fromhex(read_secret(state)))


def new_secret() -> str:
    """A fresh secret, 160 random bits in base 32 (RFC 4226, section 4)."""
    return pyotp.random_base32()


def seal(secret: str, user_id: str, state: Path) -> str:
    """The secret as it is kept: a copy of the database alone makes no codes."""
    nonce = secrets.token_bytes(12)
    return (nonce + AESGCM(_key(state)).encrypt(nonce, secret.encode(), user_id.encode())).hex()


def opened(sealed: str, user_id: str, state: Path) -> str:
    """The secret again.

    Raises:
        SealedSecretError: it was sealed with another state's secret, or for another user.
    """
    raw = bytes.fromhex(sealed)
    try:
        return AESGCM(_key(state)).decrypt(raw[:12], raw[12:], user_id.encode()).decode()
    except InvalidTag as e:
        raise SealedSecretError(
            "the authenticator's secret cannot be opened with this state's secret; an owner resets it with "
            "`hedgerow user reset`"
        ) from e


def step_of(secret: str, code: str, now: datetime, after: int) -> int | None:
    """The time step whose code this is, if it is later than `after`: no code works twice (RFC 6238, section 5.2)."""
    digits = code.replace(" ", "")
    if len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        return None
    maker = pyotp.TOTP(secret, interval=STEP_S)
    at = int(now.timestamp()) // STEP_S
    found = None
    for step in range(at - _AROUND, at + _AROUND + 1):
        if hmac.compare_digest(maker.generate_otp(step), digits) and step > after:
            found = step
    return found


def picture(secret: str, name: str, issuer: str) -> tuple[str, str]:
    """For an authenticator: the address to set it up with, and the same as a picture (SVG text)."""
    address = pyotp.TOTP(secret, interval=STEP_S).provisioning_uri(name=name, issuer_name=issuer)
    drawn = segno.make(address, error="m").svg_inline(
        scale=5, border=4, dark="#000", light="#fff", title="Set-up code for an authenticator", omitsize=False
    )
    return address, str(drawn)


def make_recovery_codes(session: Session, user: User, now: datetime) -> list[str]:
    """Fresh recovery codes, shown once; earlier ones no longer work."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes = [
        "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4)) for _ in range(RECOVERY_CODES)
    ]
    session.add_all(RecoveryCode(user_id=user.id, code_hash=hash_of(_bare(c)), made_at=now) for c in codes)
    session.flush()
    return codes


def use_recovery_code(session: Session, user: User, code: str, now: datetime) -> bool:
    """Whether it is one of theirs that was not used; then it is used now."""
    bare = _bare(code)
    if not 15 <= len(bare) <= 40:
        return False
    row = session.scalar(
        select(RecoveryCode).where(
            RecoveryCode.user_id == user.id, RecoveryCode.code_hash == hash_of(bare), RecoveryCode.used_at.is_(None)
        )
    )
    if row is None:
        return False
    row.used_at = now
    return True


def _bare(code: str) -> str:
    return code.replace("-", "").replace(" ", "").strip().lower()
