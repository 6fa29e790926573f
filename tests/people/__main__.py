"""Runs all journeys, prints a table, writes build/people.json; 1 if a visitor was bothered."""

from __future__ import annotations

import argparse
import json
import sys
import time
from contextlib import nullcontext
from typing import Final

from examples.directory import people_of
from tests.harvest import processes
from tests.people import access, crowd, ordinary, textual
from tests.people.rows import HEADING, Row, line
from tests.people.setting import Journey, Setting

SEED: Final = 7
MEMBERS: Final = 5_000
JOURNEYS: Final[dict[str, Journey]] = {
    "browse": ordinary.browse,
    "tabs": ordinary.three_tabs,
    "signed-in": ordinary.signed_in,
    "w3m": textual.w3m,
    "lynx": textual.lynx,
    "lynx-no-cookies": textual.lynx_without_cookies,
    "crowd": crowd.crowd,
    "keyboard": access.keyboard,
    "challenge": access.challenge_in_three_tabs,
    "axe": access.accessibility,
}
ONLY_PROTECTED: Final = ("keyboard", "challenge")
"""Journeys through pages that the bare site does not have."""


def run(name: str, site: str, *, protected: bool, quick: bool) -> Row:
    """One journey, at a gateway of its own, so that none pays for another."""
    with processes.gateway(site) if protected else nullcontext(site) as base:
        directory = people_of(MEMBERS, SEED)
        # Fifty behind one address are the promise; at the bare site a few show that the journey itself is right.
        profiles, visitors = (6 if quick else 15), (50 if protected or not quick else 8)
        return JOURNEYS[name](Setting(base, site, directory, protected, profiles, visitors))


def write(rows: list[Row]) -> None:
    """Writes the rows; their keys are in docs/reference/measurements.md."""
    file = processes.ROOT / "build" / "people.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps([row.flat() for row in rows], indent=1) + "\n", encoding="utf-8")


def main() -> int:
    """Reads the command line, runs, reports."""
    parser = argparse.ArgumentParser(prog="python -m tests.people", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer profiles")
    parser.add_argument("--bare", action="store_true", help="at the site itself, to check the journeys")
    parser.add_argument("--journey", action="append", choices=sorted(JOURNEYS), help="only this one; may be repeated")
    asked = parser.parse_args()
    names = [n for n in asked.journey or JOURNEYS if not (asked.bare and n in ONLY_PROTECTED)]
    rows: list[Row] = []
    sys.stdout.write(HEADING + "\n")
    with processes.site(MEMBERS, SEED) as site:
        for name in names:
            began = time.monotonic()
            rows.append(run(name, site, protected=not asked.bare, quick=asked.quick))
            sys.stdout.write(f"{line(rows[-1])}   [{time.monotonic() - began:.0f} s]\n")
            sys.stdout.flush()
    if not asked.bare:
        write(rows)
    bothered = [row.journey for row in rows if row.complaints()]
    if bothered:
        sys.stdout.write(f"visitors were bothered: {', '.join(bothered)}\n")
    return 1 if bothered else 0


if __name__ == "__main__":
    sys.exit(main())
