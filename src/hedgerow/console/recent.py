"""What the newest lines of the ledger say: signals of the last minutes, while everything else is asked on the side."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from hedgerow.console.edge_now import EdgeNow, SiteNow
from hedgerow.console.reason_words import is_signal, sentence
from hedgerow.ledger.reading import LedgerError, last_entries

LINES: Final = 300
MINUTES: Final = 15
MOST_SHOWN: Final = 5
STATUS_DIGITS: Final = 16
"""Digits of a name in the gateway's status."""


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
    """Reads the last lines of a site's ledger; a ledger that cannot be read says nothing here."""
    found = Recent()
    try:
        entries = last_entries(state / "sites" / site / "ledger", LINES, lambda _: None)
    except LedgerError as e:
        structlog.get_logger().warning("recent_not_read", site=site, error=str(e))
        return found
    since = now - timedelta(minutes=MINUTES)
    for entry in entries:
        codes = [str(c) for c in entry.facts.get("why", []) if is_signal(str(c))]
        if entry.at < since or not codes:
            continue
        found.in_all.update(codes)
        for level, name in entry.principals().items():
            found.by_principal.setdefault((level, name[:STATUS_DIGITS]), Counter()).update(codes)
    return found


def with_signals(state: Path, now: datetime, edge: EdgeNow) -> dict[str, Recent]:
    """Adds the signals to the principals of a status; what was read, by site."""
    read = {s.site: _of(state, s, now) for s in edge.sites}
    for site in edge.sites:
        for one in site.state.top:
            one.signals = read[site.site].sentences(one.level, one.name)
    return read


def _of(state: Path, site: SiteNow, now: datetime) -> Recent:
    return recent(state, site.site, now) if (state / "sites" / site.site / "ledger").is_dir() else Recent()
