"""One letter: an appeal of somebody who was stopped, or the claim that people's information is somewhere else."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

FORMAT: Final = 1
MOST_BYTES: Final = 128 * 1024
"""Longest line: 16 KiB of text, of which JSON may write every byte as six."""
NETWORK_KINDS: Final = ("residential", "mobile", "hosting", "education_government", "unknown")
LEVELS: Final = ("address", "network", "session", "account", "client")
_ID: Final = re.compile(r"[0-9a-f]{32}\Z")
_SITE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_NUMBER: Final = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\Z")
_NAME: Final = re.compile(r"[0-9a-f]{24}\Z")
_LANE: Final = re.compile(r"[a-z_]{1,30}\Z")
_LAST_MS: Final = 253_402_300_799_000
_LONGEST: Final = {"reply": 4_096, "message": 4_096, "where": 16_384, "since": 16_384, "records": 16_384}
_COMMON: Final = {"format", "kind", "id", "site", "at_ms", "number", "reply"}
_APPEAL: Final = _COMMON | {"reference", "message", "aid", "no_script", "names", "lane", "asn"}
_MAYBE: Final = {"network_kind"}
"""Of an appeal; a gateway of an earlier release does not write it."""
_CLAIM: Final = _COMMON | {"where", "since", "records"}


class LetterError(ValueError):
    """Not a letter of ours; the message names what is wrong and none of what was written."""


@dataclass(frozen=True)
class Letter:
    """What both have in common."""

    id: str
    """The same for the same letter sent twice: keep it once."""
    site: str
    at: datetime
    """When it came, UTC."""
    number: str
    """The number the visitor was given for it."""
    reply: str = field(repr=False)
    """Where to answer; empty when no answer is wanted. A person's information."""


@dataclass(frozen=True)
class Appeal(Letter):
    """Somebody says that being stopped was wrong."""

    message: str = field(repr=False)
    reference: str | None
    """The reference of the verdict it is about."""
    names: Mapping[str, str]
    """Keyed names of whoever wrote, by level: what a release is taken about."""
    lane: str
    asn: int | None
    """Number of the autonomous system, where a table is given."""
    aid: bool
    """Says to use a screen reader or another aid."""
    no_script: bool
    """Says that the browser works without JavaScript."""
    network_kind: str
    """`unknown` where no table says."""


@dataclass(frozen=True)
class Claim(Letter):
    """Somebody says that people's information is somewhere else. Nothing is kept of whoever wrote but the letter."""

    where: str = field(repr=False)
    since: str = field(repr=False)
    records: str = field(repr=False)


def read_letter(line: bytes) -> Appeal | Claim:
    """Reads one line of the spool.

    Raises:
        LetterError: it is none.
    """
    if len(line) > MOST_BYTES:
        raise LetterError(f"it is longer than {MOST_BYTES:,} bytes")
    try:
        data = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        # Not what the parser says: it would quote the letter.
        raise LetterError("it is not a line of JSON") from None
    if not isinstance(data, dict) or data.get("format") is True or data.get("format") != FORMAT:
        raise LetterError(f"it is not an object of format {FORMAT}")
    kind = data.get("kind")
    if kind == "appeal" and set(data) - _MAYBE == _APPEAL:
        return Appeal(
            **_common(data),
            message=_text(data, "message"),
            reference=_maybe(data["reference"], "reference", _NUMBER),
            names=_names(data["names"]),
            lane=_word(data["lane"], "lane", _LANE),
            asn=_asn(data["asn"]),
            aid=data["aid"] == "yes",
            no_script=data["no_script"] == "yes",
            network_kind=_network_kind(data.get("network_kind", "unknown")),
        )
    if kind == "report" and set(data) == _CLAIM:
        return Claim(
            **_common(data), where=_text(data, "where"), since=_text(data, "since"), records=_text(data, "records")
        )
    raise LetterError("it is neither an appeal nor a report, or has other keys than they have")


def _common(data: dict[str, Any]) -> dict[str, Any]:
    at_ms = data["at_ms"]
    if isinstance(at_ms, bool) or not isinstance(at_ms, int) or not 0 <= at_ms <= _LAST_MS:
        raise LetterError("`at_ms` is not a time")
    return {
        "id": _word(data["id"], "id", _ID),
        "site": _word(data["site"], "site", _SITE),
        "at": datetime.fromtimestamp(at_ms / 1000, UTC),
        "number": _word(data["number"], "number", _NUMBER),
        "reply": _text(data, "reply"),
    }


def _word(value: object, name: str, shape: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not shape.match(value):
        raise LetterError(f"`{name}` is not of its form")
    return value


def _maybe(value: object, name: str, shape: re.Pattern[str]) -> str | None:
    return None if value is None else _word(value, name, shape)


def _text(data: dict[str, Any], name: str) -> str:
    value = data[name]
    if not isinstance(value, str):
        raise LetterError(f"`{name}` is not text")
    try:
        length = len(value.encode())
    except UnicodeEncodeError:
        raise LetterError(f"`{name}` has halves of characters in it") from None
    if length > _LONGEST[name]:
        raise LetterError(f"`{name}` is longer than {_LONGEST[name]:,} bytes")
    return value


def _names(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or set(value) != set(LEVELS):
        raise LetterError("`names` does not have the levels of a visitor")
    return {level: _word(name, level, _NAME) for level, name in value.items() if name is not None}


def _network_kind(value: object) -> str:
    if not isinstance(value, str) or value not in NETWORK_KINDS:
        raise LetterError("`network_kind` is not a kind of network")
    return value


def _asn(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**32:
        raise LetterError("`asn` is not a number of an autonomous system")
    return value
