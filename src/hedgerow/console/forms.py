"""What several pages read from their forms."""

from __future__ import annotations

from datetime import UTC, datetime

from hedgerow.console.problems import Wrong
from hedgerow.moments import aware_moment


def moment_of(text: str) -> datetime:
    """A moment from a form's field (`datetime-local`), in UTC.

    Raises:
        Wrong: it is not one.
    """
    try:
        return aware_moment(text).astimezone(UTC)
    except ValueError as e:
        raise Wrong("Give a day and a time, as 2026-11-30 08:00, in UTC.") from e
