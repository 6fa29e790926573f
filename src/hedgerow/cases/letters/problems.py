"""What can be wrong with a letter."""

from __future__ import annotations


class LetterError(Exception):
    """A letter cannot be made, changed or sent this way; the message says what to do."""


class UnsafeFileError(LetterError):
    """An uploaded file was refused before it was read; the message says why."""
