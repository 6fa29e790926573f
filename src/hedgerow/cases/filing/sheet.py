"""Puts a case and what people stated about it together into the facts that the law is asked with. Pure.

The case (ledger, people map, log of measures) comes first, what a person stated for the notices stands above it. When
the organisation knew of the breach is never taken from the case: the moment an alarm rang is shown beside the question.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, Final

from hedgerow.cases.case_facts import CaseFacts
from hedgerow.cases.filing.statements import FORM, PARTS, SITE, WHOLE, Stated
from hedgerow.cases.notices.counts import Count
from hedgerow.cases.notices.facts import Facts
from hedgerow.cases.notices.facts_file import case_of_data
from hedgerow.cases.notices.places import PLACE

Json = dict[str, Any]
LONGEST: Final = 20_000
"""Longest text of a fact, in characters: as in a case's file."""
_SHORT: Final = 500


def facts(case: CaseFacts, stated: Mapping[str, Stated]) -> Facts:
    """The facts of a case for its notices.

    Raises:
        NoticeFileError: when what was stated does not hold together.
    """
    return case_of_data(document(case, stated), case.number)[0]


def document(case: CaseFacts, stated: Mapping[str, Stated]) -> Json:
    """The same as a document in the shape of a case's file, without decisions and filings."""
    found = _from_case(case)
    places: dict[str, Json] = {r["place"]: r for r in found.pop("residences")}
    for key, statement in stated.items():
        head, _, part = key.partition(".")
        if statement.value is None or head == FORM:
            continue
        if head == "residences":
            places[part] = {"place": part, **statement.value}
        elif head in PARTS:
            found.setdefault(head, {})[part] = statement.value
        elif head in WHOLE or head == SITE:
            found[head] = statement.value
    if places:
        found["residences"] = [places[p] for p in sorted(places)]
    return {k: _printable(v) for k, v in found.items() if v not in ("", None, [], {})}


def _from_case(case: CaseFacts) -> Json:
    since = case.first_disclosure_at or case.period_since
    until = case.last_disclosure_at or case.period_until
    events = {"detection": _moment(case.detected_at)} if case.detected_at else {}
    return {
        "reference": case.number,
        "narrative": case.summary,
        "period_from": since.date().isoformat() if since else None,
        "period_to": until.date().isoformat() if until else None,
        "events": events,
        "steps": [{"at": _moment(s.at), "what": s.what} for s in case.timeline[-200:] if s.what.strip()],
        "systems": _systems(case),
        "kinds": [
            {
                "name": _word(k.name),
                "certainty": k.certainty.value,
                "reason": k.reason or "no reason was written",
                "sensitivity": k.sensitivity,
            }
            for k in case.kinds
        ],
        "people": [
            {**_count(f.count), "at": _moment(f.at), "by": f.by[:_SHORT], "reason": f.reason}
            for f in case.people.history
        ],
        "residences": [{"place": r.place, **_count(r.people)} for r in case.residences if PLACE.match(r.place)],
        "severity": f"{case.severity}, {case.severity_method}" if case.severity_method else "",
        "taken": [c.what for c in case.containment[:100] if c.what.strip()],
        "planned": [one.change for one in case.lessons[:100] if one.done_at is None and one.change.strip()],
        "warnings": [{"at": _moment(w.at), "what": w.what} for w in case.warnings[:100] if w.what.strip()],
    }


def _systems(case: CaseFacts) -> list[str]:
    routes = [f"{case.site}: {route}"[:LONGEST] for route in case.routes[:100]]
    return routes or ([case.site] if case.site else [])


def _count(count: Count) -> Json:
    return {"low": count.low, "high": count.high, "method": count.method or "no method was written"}


def _word(name: str) -> str:
    """A field's name as rules and language packs write it: what the site calls otherwise still gets through."""
    bare = "".join(c if c.isascii() and c.isalnum() else "_" for c in name.lower())[:40]
    return bare if bare[:1].isalpha() else f"f_{bare}"[:40]


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _printable(value: Any) -> Any:
    """One character that no file may hold would stop the whole from being read; breaks become spaces, others U+FFFD."""
    match value:
        case str():
            one = " ".join(value.split())
            return "".join(c if c.isprintable() or c == " " else "\ufffd" for c in one)[:LONGEST]
        case list():
            return [_printable(v) for v in value]
        case dict():
            return {k: _printable(v) for k, v in value.items()}
        case _:
            return value


def parts(found: Facts) -> dict[str, str]:
    """A digest of each part of the facts, by name."""
    return {f.name: _digest(_plain(getattr(found, f.name))) for f in fields(found)}


def digest(found: Facts) -> str:
    """SHA-256 over the facts, in hexadecimal: what a decision was taken on."""
    return _digest(parts(found))


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The names of the parts that differ."""
    return sorted(k.replace("_", " ") for k in {*before, *now} if before.get(k) != now.get(k))


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _plain(value: Any) -> Any:
    """As JSON has it; a moment always in UTC, so that the same moment is the same text."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    match value:
        case Enum():
            return value.value
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case dict():
            return {str(_plain(k)): _plain(v) for k, v in value.items()}
        case tuple() | list():
            return [_plain(v) for v in value]
        case _:
            return value
