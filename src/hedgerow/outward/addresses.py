"""Mail addresses: what may stand in an envelope and a header. Stricter than RFC 5321, on purpose."""

from __future__ import annotations

import re
from typing import Final

LONGEST: Final = 254
"""Longest address, in characters (RFC 5321, 4.5.3.1.3, without the brackets)."""
_LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*\Z")
_LABEL: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z")


class AddressError(ValueError):
    """Not an address that mail is sent to. The message never repeats it."""


def mail_address(text: str) -> str:
    """The address as it goes into an envelope: an international domain in its ASCII form.

    Quoted local parts, comments, routes and addresses at an IP number are refused: sites do not have them, and every
    one of them has been used to smuggle a second command or recipient past somebody's check.

    Raises:
        AddressError: with why not.
    """
    local, at, domain = text.strip().rpartition("@")
    if not at:
        raise AddressError("there is no @ in the address")
    if len(text) > LONGEST * 2 or len(local) > 64:
        raise AddressError("the address is too long")
    if not _LOCAL.match(local):
        raise AddressError("what stands before the @ is not understood")
    try:
        plain = domain.encode("idna").decode("ascii") if not domain.isascii() else domain
    except UnicodeError as e:
        raise AddressError("the domain is not understood") from e
    labels = plain.split(".")
    if len(labels) < 2 or not all(map(_LABEL.match, labels)) or labels[-1].isdigit():
        raise AddressError("the domain is not understood")
    whole = f"{local}@{plain.lower()}"
    if len(whole) > LONGEST:
        raise AddressError("the address is too long")
    return whole


def header_text(text: str, longest: int = 200) -> str:
    """Text that may stand in a header: one line, no control character, bounded."""
    return "".join(c if c.isprintable() else " " for c in text)[:longest].strip()
