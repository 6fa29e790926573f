"""What people typed, before it is kept: no character that a database or a hash cannot hold, not too long."""

from __future__ import annotations

from typing import Final

from hedgerow.cases.notices.problems import NoticeError

LONGEST: Final = 20_000
"""Longest text, in characters."""


def typed_text(text: str, what: str, longest: int = LONGEST) -> str:
    """The text without spaces around it, its lines ended alike.

    Args:
        text: as it came.
        what: what it is, for the sentence.
        longest: in characters.

    Raises:
        NoticeError: it is too long, or holds a control character or half a character (a lone surrogate).
    """
    said = text.replace("\r\n", "\n").strip()
    if len(said) > longest:
        raise NoticeError(f"{what} has at most {longest:,} characters; this one has {len(said):,}")
    if any((ord(c) < 32 and c not in "\n\t") or c == "\x7f" or "\ud800" <= c <= "\udfff" for c in said):
        raise NoticeError(f"{what} holds a character that cannot be kept; type it anew")
    return said
