"""Places: their codes, and the time zone of the authority that sits there."""

from __future__ import annotations

import re
from typing import Final

PLACE: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?\Z")
ID: Final = re.compile(r"[A-Z][A-Z0-9_]{0,19}\Z")
WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")

ZONES: Final[dict[str, str]] = {
    # The European Economic Area: where the authority sits (tz database).
    "AT": "Europe/Vienna",
    "BE": "Europe/Brussels",
    "BG": "Europe/Sofia",
    "CY": "Asia/Nicosia",
    "CZ": "Europe/Prague",
    "DE": "Europe/Berlin",
    "DK": "Europe/Copenhagen",
    "EE": "Europe/Tallinn",
    "ES": "Europe/Madrid",
    "FI": "Europe/Helsinki",
    "FR": "Europe/Paris",
    "GR": "Europe/Athens",
    "HR": "Europe/Zagreb",
    "HU": "Europe/Budapest",
    "IE": "Europe/Dublin",
    "IS": "Atlantic/Reykjavik",
    "IT": "Europe/Rome",
    "LI": "Europe/Vaduz",
    "LT": "Europe/Vilnius",
    "LU": "Europe/Luxembourg",
    "LV": "Europe/Riga",
    "MT": "Europe/Malta",
    "NL": "Europe/Amsterdam",
    "NO": "Europe/Oslo",
    "PL": "Europe/Warsaw",
    "PT": "Europe/Lisbon",
    "RO": "Europe/Bucharest",
    "SE": "Europe/Stockholm",
    "SI": "Europe/Ljubljana",
    "SK": "Europe/Bratislava",
}


def inside(place: str, within: str) -> bool:
    """Whether a place is another or a part of it: `CA-QC` is inside `CA`, and not the other way round."""
    return place == within or place.startswith(f"{within}-")
