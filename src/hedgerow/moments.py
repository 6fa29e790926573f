"""Moments as people write them in forms and files."""

from __future__ import annotations

from datetime import UTC, datetime


def aware_moment(text: str) -> datetime:
    """`2026-11-26T18:00`, with or without a zone; without one it is UTC, as everything here is.

    Raises:
        ValueError: it is no moment; whoever asks says so in the words of its field.
    """
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
