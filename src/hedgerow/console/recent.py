"""What the newest lines of the ledger say: signals of the last minutes, while everything else is asked on the side.

A page that is open looks every second, so only the end of each file is read, however long it is. Its hashes are not
checked here: `hedgerow ledger verify` does that.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import structlog

from hedgerow.console.edge_now import EdgeNow
from hedgerow.console.reason_words import is_signal, sentence

TAIL_BYTES: Final = 128 << 10
WRITERS: Final = 4
"""Processes whose newest file is read: one serves, one may be ending."""
MINUTES: Final = 15
MOST_SHOWN: Final = 5
STATUS_DIGITS: Final = 16
"""Digits of a name in the gateway's status."""
_LEVELS: Final = {"a": "address", "net": "network", "s": "session", "acc": "account", "c": "client"}


@dataclass
class Recent:
    """Signals of the last minutes."""

    by_principal: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    """By level and the first digits of the name."""
    in_all: Counter[str] = field(default_factory=Counter)

    def sentences(self, level: str, name: str) -> list[str]:
        """What speaks against one principal, most frequent first."""
        found = self.by_principal.get((level, name[:STATUS_DIGITS]), Counter[str]())
        return [sentence(code) for code, _ in found.most_common(MOST_SHOWN)]

    def told(self) -> list[tuple[str, int]]:
        """Every signal as a sentence, with how many entries bear it."""
        return [(sentence(code), n) for code, n in self.in_all.most_common(MOST_SHOWN)]


def recent(state: Path, site: str, now: datetime) -> Recent:
    """Reads the end of a site's newest segments; a ledger that cannot be read says nothing here."""
    found = Recent()
    since_ms = int((now - timedelta(minutes=MINUTES)).timestamp() * 1000)
    try:
        for entry in _entries(state / "sites" / site / "ledger"):
            _add(found, entry, since_ms)
    except OSError as e:
        structlog.get_logger().warning("recent_not_read", site=site, error=type(e).__name__)
    return found


def with_signals(state: Path, now: datetime, edge: EdgeNow) -> dict[str, Recent]:
    """Adds the signals to the principals of a status; what was read, by site."""
    read = {s.site: recent(state, s.site, now) for s in edge.sites}
    for site in edge.sites:
        for one in site.state.top:
            one.signals = read[site.site].sentences(one.level, one.name)
    return read


def _add(found: Recent, entry: dict[str, Any], since_ms: int) -> None:
    at, why = entry.get("t"), entry.get("why")
    if not isinstance(at, int) or at < since_ms or not isinstance(why, list):
        return
    codes = [str(c) for c in why if is_signal(str(c))]
    found.in_all.update(codes)
    for key, level in _LEVELS.items():
        if codes and key in entry:
            found.by_principal.setdefault((level, str(entry[key])[:STATUS_DIGITS]), Counter()).update(codes)


def _entries(folder: Path) -> Iterator[dict[str, Any]]:
    if not folder.is_dir():
        return
    newest: dict[str, Path] = {}
    for path in sorted(folder.glob("*.seg"), reverse=True):
        writer = path.stem.split("-")[1] if path.stem.count("-") == 2 else path.stem
        newest.setdefault(writer, path)
        if len(newest) == WRITERS:
            break
    for path in newest.values():
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
            # What comes before the first break may be half a line.
            lines = file.read(TAIL_BYTES).split(b"\n")[1:]
        for line in lines:
            try:
                entry = json.loads(line.partition(b" ")[2])
            except ValueError:
                continue  # the last line is being written, or is damaged: `verify` tells of the latter
            if isinstance(entry, dict):
                yield entry
