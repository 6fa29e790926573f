"""The audit trail: who opened, exported, erased or asked what, when and why. `<state>/audit.jsonl`.

Recorded before the act: an act that failed to be recorded must not take place. The trail itself names no person shown
on the site: identifiers, and the values in SQL, stand in it as keyed names, so that an erasure is complete and can
still be proven (`person_name` gives the same name for the same identifier).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import pwd
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from hedgerow.ledger import chained
from hedgerow.secret import SecretError, read_secret

FILE: Final = "audit.jsonl"
_VALUE: Final = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\b\d[\w.]*|--[^\n]*|/\*.*?\*/""", re.DOTALL)
_PLAIN_NAME: Final = re.compile(r'"[A-Za-z_]\w{0,62}"\Z', re.ASCII)
_BEYOND_US: Final = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|(?P<beyond>\$|[\w&]'|/\*(?:(?!\*/).)*/\*)|/\*.*?\*/""", re.DOTALL
)
"""Strings between dollars, or with a letter before them (E'...' knows backslashes), and comments in comments: finding
where such end takes a parser of SQL, and a wrong guess would let a value through."""


class TrailError(Exception):
    """Nothing was recorded, so nothing was done."""


def now_utc() -> datetime:
    """The clock of everything here; tests give another."""
    return datetime.now(UTC)


def who() -> str:
    """The account of the operating system, not $USER: that one anybody may set."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


@dataclass(frozen=True)
class Trail:
    """The trail of one state."""

    state: Path
    clock: Callable[[], datetime] = now_utc

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.state / FILE

    def record(self, what: str, **facts: Any) -> chained.Facts:
        """Writes one line and waits for the disk; returns it.

        Raises:
            TrailError: it could not be written.
        """
        line = {"at": self.clock().isoformat(timespec="seconds"), "who": who(), "what": what, **facts}
        try:
            return chained.append(self.path, line, chained.sealing_key(self.state))
        except chained.ChainError as error:
            raise TrailError(str(error)) from error

    def person_name(self, person: str) -> str:
        """The name under which a person stands in the trail and in the index of evidence packs.

        Raises:
            TrailError: the secret of the state cannot be read.
        """
        return self._name("person", person)

    def statement(self, sql: str) -> str:
        """A statement with every value in it replaced by its keyed name, and its comments left out.

        Where it cannot be told for certain what is a value, all of it is one.
        """
        if any(found["beyond"] for found in _BEYOND_US.finditer(sql)):
            return f"<{self._name('value', sql)[:12]}> (the whole statement)"

        def hidden(found: re.Match[str]) -> str:
            text = found[0]
            if text.startswith(("--", "/*")):
                return " "
            if _PLAIN_NAME.match(text):
                return text
            return f"<{self._name('value', text)[:12]}>"

        left = " ".join(_VALUE.sub(hidden, sql).split())
        # A quote or the end of a comment that is left over: something was not as it looked.
        if "'" in left or "*/" in left or left.count('"') % 2:
            return f"<{self._name('value', sql)[:12]}> (the whole statement)"
        return left

    def _name(self, kind: str, value: str) -> str:
        try:
            secret = bytes.fromhex(read_secret(self.state))
        except SecretError as error:
            raise TrailError(str(error)) from error
        key = hmac.new(secret, b"hedgerow audit trail, version 1", hashlib.sha256).digest()
        return hmac.new(key, f"{kind}\0{value}".encode(), hashlib.sha256).hexdigest()[:24]
