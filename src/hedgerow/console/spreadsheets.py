"""Words from outside in a spreadsheet: what would be read as a formula is made to be read as words."""

from __future__ import annotations

from typing import Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")  # noqa: RUF001 - as they come


def cell(words: str) -> str:
    """The words with an apostrophe before them, if a spreadsheet would take them for a formula (CSV injection)."""
    return "'" + words if words.lstrip(" \ufeff\u200b").startswith(_FORMULA) else words
