"""What somebody had read when they changed it: two people who edit the same words must not overwrite each other."""

from __future__ import annotations

import hashlib

from hedgerow.cases.core.problems import ChangedError


def edition(*texts: str) -> str:
    """A short name for some texts as they are now; a form carries it until it is sent."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def must_be_as_read(read: str, *texts: str) -> None:
    """Says no to a change of something else than was read. A program that read nothing names no edition.

    Args:
        read: `edition` of what was read; empty: nothing was.
        texts: as they are now.

    Raises:
        ChangedError: somebody changed them meanwhile.
    """
    if read and read != edition(*texts):
        raise ChangedError(
            "somebody changed this while you edited it; go back, copy what you wrote, load the page again and take the "
            "other change into it"
        )
