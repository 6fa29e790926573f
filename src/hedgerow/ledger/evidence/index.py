"""Which packs were made and whom they hold: `<state>/evidence/<pack>.json`.

People stand in it by the keyed names of the audit trail, so that an erasure request can be told which packs hold the
person, and the index itself holds nobody's identifier.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hedgerow.policy import write_whole

FOLDER: Final = "evidence"


@dataclass(frozen=True)
class Known:
    """One pack that was made."""

    pack: str
    site: str
    at: str
    reason: str
    manifest_sha256: str
    people: frozenset[str]


def note(state: Path, known: Known) -> None:
    """Notes a pack.

    Raises:
        OSError: it cannot be written.
    """
    folder = state / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    facts: dict[str, Any] = {
        "pack": known.pack,
        "site": known.site,
        "at": known.at,
        "reason": known.reason,
        "manifest_sha256": known.manifest_sha256,
        "people": sorted(known.people),
    }
    write_whole(folder / f"{known.pack}.json", json.dumps(facts, ensure_ascii=False) + "\n")


def packs(state: Path, site: str) -> Iterator[Known]:
    """Every pack of a site that was made here.

    Raises:
        OSError: the index cannot be read.
        ValueError: a file of it is not one.
    """
    folder = state / FOLDER
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
        facts = json.loads(path.read_text(encoding="utf-8"))
        if facts.get("site") == site:
            yield Known(
                str(facts["pack"]),
                site,
                str(facts["at"]),
                str(facts["reason"]),
                str(facts["manifest_sha256"]),
                frozenset(map(str, facts["people"])),
            )
