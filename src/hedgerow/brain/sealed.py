"""Deletes sealed addresses when their time is over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

DAY_S = 86_400


def expire(folders: Iterable[Path], days_by_site: Mapping[str, int], now_s: float) -> int:
    """Deletes files older than the site's `privacy.sealed_address_days`; says how many.

    A folder is `<state>/sites/<name>/sealed`. A site that is no longer in the policy keeps nothing. Age is the time
    of the last writing: a file that is still written to is not yet over.
    """
    gone = 0
    for folder in folders:
        kept_s = days_by_site.get(folder.parent.name, 0) * DAY_S
        for file in folder.iterdir():
            if file.is_file() and not file.is_symlink() and now_s - file.stat().st_mtime > kept_s:
                file.unlink(missing_ok=True)
                gone += 1
    return gone
