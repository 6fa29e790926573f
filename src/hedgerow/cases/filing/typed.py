"""What a form holds, as a value to state: the one place that knows which key takes a number, a moment or lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from hedgerow.cases.notices.places import PLACE
from hedgerow.cases.notices.problems import NoticeError
from hedgerow.moments import aware_moment

TEXTS: Final[dict[str, str]] = {
    "narrative": "What happened, and how",
    "cause": "Cause or weakness used, as far as known",
    "awareness": "How you became aware, and who told you",
    "period_note": "Why the period is an approximation",
    "severity": "Severity with its method",
    "told_people": "Whether, when and how people were or will be told",
    "why_people": "Why there is a public notice, a delay, an exception, or no notice to people",
}
"""Keys that take one text."""
LINES: Final[dict[str, str]] = {
    "in_place": "Measures that were in place",
    "taken": "Measures taken",
    "planned": "Measures planned",
    "systems": "Systems and services concerned, and where they are",
    "processors": "Processors, joint controllers, vendors",
    "told_others": "Other authorities and bodies told, police",
    "harms": "Likely harms",
    "nature": "What was lost",
}
"""Keys that take several texts, one a line."""
BY_LANGUAGE: Final[dict[str, str]] = {
    "plain_words": "What happened, in words for the people concerned",
    "plain_taken": "Measures taken, in words for the people concerned",
    "plain_planned": "Measures planned, in words for the people concerned",
}


def value_of(key: str, form: Mapping[str, Sequence[str]]) -> Any:
    """The value that a form states for a key; None takes it back.

    Args:
        key: as in `hedgerow.cases.filing.statements`.
        form: the fields of the form, each with all its values.

    Raises:
        NoticeError: a number or a moment that is none.
    """
    head = key.partition(".")[0]
    if head in {"residences", "records"}:
        return _count(form)
    if head == "events":
        return moment_of(_one(form, "value"))
    if head in LINES or head in {"plain_taken", "plain_planned"}:
        chosen = [v for v in form.get("value", ()) if v.strip()]
        return [line.strip() for v in chosen for line in v.splitlines() if line.strip()] or None
    if head == "groups":
        return _groups(form)
    if head == "organisation":
        return _organisation(form)
    if head == "holder":
        return _holder(form)
    return _one(form, "value") or None


def _one(form: Mapping[str, Sequence[str]], name: str) -> str:
    return next(iter(form.get(name, ())), "").strip()


def _count(form: Mapping[str, Sequence[str]]) -> dict[str, Any] | None:
    low, high, method = _one(form, "low"), _one(form, "high"), _one(form, "method")
    if not low and not high:
        return None
    found: dict[str, Any] = {"low": _whole(low or high), "method": method}
    if high and high != low:
        found["high"] = _whole(high)
    if not method:
        raise NoticeError("say how it was counted or estimated")
    return found


def _whole(text: str) -> int:
    bare = text.replace(",", "").replace(" ", "")
    if not (bare.isascii() and bare.isdigit()) or len(bare) > 11:
        raise NoticeError("a number of people is written with digits")
    return int(bare)


def moment_of(text: str) -> str | None:
    """A moment as a form gives it, in UTC: `2026-11-26T18:00`.

    Raises:
        NoticeError: when it is none.
    """
    if not text:
        return None
    try:
        return aware_moment(text).isoformat()
    except ValueError as e:
        raise NoticeError("this is not a moment; write it as 2026-11-26T18:00, in UTC") from e


def _groups(form: Mapping[str, Sequence[str]]) -> list[dict[str, Any]] | None:
    children = {line.strip() for v in form.get("children", ()) for line in v.splitlines()}
    risk = {line.strip() for v in form.get("at_risk", ()) for line in v.splitlines()}
    names = [line.strip() for v in form.get("value", ()) for line in v.splitlines() if line.strip()]
    every = dict.fromkeys([*names, *sorted(children | risk)])
    return [{"name": n, "children": n in children, "at_risk": n in risk} for n in every if n] or None


def _organisation(form: Mapping[str, Sequence[str]]) -> dict[str, Any] | None:
    found: dict[str, Any] = {k: _one(form, k) for k in ("name", "sector", "size", "address")}
    found["identifiers"] = [x.strip() for x in _one(form, "identifiers").splitlines()]
    found["established_in"] = [x.strip().upper() for x in _one(form, "established_in").replace(",", " ").split()]
    found["main_establishment"] = _one(form, "main_establishment").upper() or None
    found["representatives"] = _representatives(_one(form, "representatives"))
    for role in ("contact", "officer"):
        person = {k: _one(form, f"{role}_{k}") for k in ("name", "email", "phone", "role")}
        found[role] = person if person["name"] else None
    return found if any(found.values()) else None


def _representatives(text: str) -> dict[str, str]:
    """One a line, as `FR: Example Représentation, 1 rue de l'Exemple, Paris, eu@rep.example`."""
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        place, colon, who = line.partition(":")
        place, who = place.strip().upper(), " ".join(who.split())
        if not colon or not PLACE.match(place) or not who:
            raise NoticeError(
                "a representative is written as its place, a colon, then name, address and how to reach it: "
                "FR: Example Representation, 1 rue Example, Paris, eu@representation.example"
            )
        if place in found:
            raise NoticeError(f"{place} has two representatives; write both into one line")
        found[place] = who
    return found


def _holder(form: Mapping[str, Sequence[str]]) -> dict[str, Any] | None:
    name = _one(form, "name")
    others = [x.strip() for x in _one(form, "names_to_keep_out").splitlines() if x.strip()]
    return {"name": name, "names_to_keep_out": others, "serious_threat": _one(form, "serious_threat")} if name else None
