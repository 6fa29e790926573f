"""The door from the ledger: who was affected, which fields, how surely; and what that suggests for the worksheet.

Whatever reads the ledger fills `Affected`; this room never reads it itself. A suggestion carries its evidence and is
shown beside the question. The answer is a person's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hedgerow.cases.notices.counts import Count
from hedgerow.cases.notices.facts import Kind, Residence
from hedgerow.cases.notices.worksheet import Answer

MANY_PEOPLE: Final = 500
MANY_SHARE: Final = 0.1
LONG_DAYS: Final = 30
"""From when Q4 suggests `yes`. House values: the smallest number any regime here counts, a tenth, a month."""
GRAVE: Final = frozenset({"contact", "special", "credentials"})
"""Sensitivities that make Q5 suggest `yes`; places do as well."""


@dataclass(frozen=True)
class Affected:
    """What the ledger shows for the principals of a case."""

    people: Count
    kinds: tuple[Kind, ...]
    """Each field confirmed, possible or excluded, with its reason."""
    first_seen: datetime
    last_seen: datetime
    residences: tuple[Residence, ...] = ()
    membership: int | None = None
    """People the site shows altogether."""
    children: int | None = None
    """How many of the people are flagged as children; None where the site has no such flag."""
    controls_passed: tuple[str, ...] = ()
    """Controls the principals got past: `challenge`, `budget`, `block`, `sign-in`."""
    beyond_audience: int | None = None
    """People whose field reached somebody outside the audience they had chosen; None where choices are not recorded."""
    lookup_routes: tuple[str, ...] = ()
    """Routes that join a number or address to a person, as far as the principals used them."""


@dataclass(frozen=True)
class Suggestion:
    """What evidence says to a question. `unknown` where the ledger cannot tell."""

    answer: Answer
    because: str


def suggestions(a: Affected) -> dict[str, Suggestion]:
    """Suggestions for Q1 to Q5. Q6 to Q8 are about intent, publication and remedy: no log tells them."""
    return {"Q1": _control(a), "Q2": _audience(a), "Q3": _link(a), "Q4": _scale(a), "Q5": _grave(a)}


def _control(a: Affected) -> Suggestion:
    if a.controls_passed:
        return Suggestion(Answer.YES, f"got past: {', '.join(a.controls_passed)}")
    return Suggestion(Answer.UNKNOWN, "no control is recorded as passed; that is no proof that none was")


def _audience(a: Affected) -> Suggestion:
    if a.beyond_audience is None:
        return Suggestion(Answer.UNKNOWN, "what people had chosen is not recorded")
    if a.beyond_audience:
        return Suggestion(Answer.YES, f"{a.beyond_audience:,} people's fields went beyond the audience they had chosen")
    return Suggestion(Answer.NO, "every field stayed within the audience the person had chosen")


def _link(a: Affected) -> Suggestion:
    if a.lookup_routes:
        return Suggestion(Answer.YES, f"routes that join were used: {', '.join(a.lookup_routes)}")
    if a.membership and a.people.low >= a.membership:
        return Suggestion(Answer.YES, "the whole membership was read, so there is a list of all members")
    return Suggestion(Answer.UNKNOWN, "no route that joins was used; other links are not seen from here")


def _scale(a: Affected) -> Suggestion:
    days = (a.last_seen - a.first_seen).days
    share = a.people.high / a.membership if a.membership else None
    said = f"{a.people} people" + (f", {share:.0%} of the membership" if share is not None else "") + f", {days} days"
    if a.people.low >= MANY_PEOPLE or days >= LONG_DAYS:
        return Suggestion(Answer.YES, said)
    if share is not None and a.membership and a.people.low / a.membership >= MANY_SHARE:
        return Suggestion(Answer.YES, said)
    if a.people.high >= MANY_PEOPLE or (share is not None and share >= MANY_SHARE):
        return Suggestion(Answer.UNKNOWN, f"{said}: the range does not tell")
    return Suggestion(Answer.NO, said)


def _grave(a: Affected) -> Suggestion:
    there = [k for k in a.kinds if k.certainty.value != "excluded"]
    grave = [f"{k.name} ({k.certainty.value})" for k in there if k.sensitivity in GRAVE or k.name == "location"]
    if a.children:
        grave.append(f"{a.children:,} children")
    if grave:
        return Suggestion(Answer.YES, ", ".join(grave))
    if not a.kinds or a.children is None:
        return Suggestion(Answer.UNKNOWN, "kinds of information or flags of children are not recorded")
    return Suggestion(Answer.NO, "only basic and personal fields, and no children")
