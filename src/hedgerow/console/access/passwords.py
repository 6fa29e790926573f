"""Passwords: which are taken, how they are kept, how one is checked in the same time whether or not there is a user."""

from __future__ import annotations

import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

SHORTEST: Final = 15
"""Characters of a password that stands alone (NIST SP 800-63B-4, section 3.1.1.2)."""
LONGEST: Final = 256
_HASHER: Final = PasswordHasher()
"""argon2id with the library's parameters, which are those of RFC 9106 for memory-constrained machines."""
_NOBODYS: Final = _HASHER.hash("the password of nobody, for whom the same work is done")
_COMMON: Final = (
    "password",
    "passwort",
    "motdepasse",
    "hedgerow",
    "qwertz",
    "qwerty",
    "azerty",
    "letmein",
    "welcome",
    "123456",
)


class PasswordError(ValueError):
    """A password that is not taken; the message says why and what to do."""


def check_new(password: str, name: str) -> None:
    """Whether a new password is taken: length, and nothing that is tried first. No rules on kinds of characters.

    Raises:
        PasswordError: it is not.
    """
    plain = _prepared(password)
    if len(plain) < SHORTEST:
        raise PasswordError(
            f"use at least {SHORTEST} characters; four or five words that do not belong together do well"
        )
    if len(plain) > LONGEST:
        raise PasswordError(f"use at most {LONGEST} characters")
    low = plain.casefold()
    if len(set(low)) < 5:
        raise PasswordError("these are the same few characters again and again; use some words instead")
    for guess in (*_COMMON, name.partition("@")[0].casefold()):
        if guess and len(guess) >= 4 and len(low.replace(guess, "")) < SHORTEST - 5:
            raise PasswordError(f"this is little more than `{guess}`, which is tried first; use some words instead")


def keep(password: str) -> str:
    """What is kept of a password: argon2id in its own notation."""
    return _HASHER.hash(_prepared(password))


def fits(kept: str | None, password: str) -> bool:
    """Whether a password is the one kept. Without a user the same work is done, so that time tells nothing."""
    try:
        return _HASHER.verify(kept or _NOBODYS, _prepared(password[: 4 * LONGEST])) and kept is not None
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False


def outdated(kept: str) -> bool:
    """Whether it was kept with weaker parameters than today's, and should be kept anew while it is at hand."""
    return _HASHER.check_needs_rehash(kept)


def _prepared(password: str) -> str:
    """The same password typed on another machine is the same (NIST SP 800-63B-4: normalise before hashing)."""
    return unicodedata.normalize("NFKC", password)
