"""A value in a cell of a table that somebody will open in a spreadsheet: never a formula. One rule for all exports."""

from __future__ import annotations

from typing import Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters that spreadsheets take for a formula or a command (OWASP, CSV injection), their wide forms too."""
_SKIPPED: Final = " '\"\u00a0\ufeff\u200b"
"""What some programs skip before they look."""


def cell(value: object) -> str:
    """The value as words, with an apostrophe before whatever might be taken for a formula.

    Numbers stay as they are: a minus before digits alone is a number to every spreadsheet. Words that begin with an
    apostrophe get a second one, so that taking one away always gives the words back.
    """
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    text = str(value).replace("\x00", "\\x00")
    return "'" + text if text.startswith("'") or text.lstrip(_SKIPPED).startswith(_FORMULA) else text
