"""How often verdicts hit the wrong people: what is known, as bounds, with small numbers left out.

Definitions, as they stand beside the figures:

* false challenge, at least: visitors whose challenge a person judged wrong on appeal, of all who were challenged;
* false challenge, at most: visitors who solved their challenge, of all who were challenged: whoever solves one is most
  often a person, and a robot may solve it too;
* false refusal, at least: visitors whose refusal a person judged wrong on appeal, of all who were refused. There is no
  upper bound: whoever does not appeal is not heard of.

A number from 1 to 4 is not shown, nor a rate made of one: it could be about somebody who is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from hedgerow.ledger.questions.stopped import Stopped
from hedgerow.store.models.appeals import Appeal

SMALLEST: Final = 5
DEFINITIONS: Final = (
    ("False challenges, at least", "challenged visitors whom a person found wrongly stopped on appeal, of all of them"),
    ("False challenges, at most", "visitors who solved their challenge, of all challenged: a robot may solve one, too"),
    (
        "False refusals, at least",
        "refused visitors whom a person found wrongly refused on appeal, of all refused; there is no upper bound, as "
        "whoever does not appeal is not heard of",
    ),
    ("Fewer than 5", "numbers from 1 to 4, and rates made of them, are not shown: they could be about somebody known"),
)
_MOST_APPEALS: Final = 100_000


@dataclass(frozen=True)
class Rate:
    """Figures of one lane; None = fewer than `SMALLEST`, and more than none."""

    name: str
    challenged: int | None
    solved: int | None
    refused: int | None
    appeals: int | None
    wrong: int | None
    false_challenge_at_least: float | None
    false_challenge_at_most: float | None
    false_refusal_at_least: float | None


@dataclass(frozen=True)
class Counted:
    """Appeals of one kind of visitors, of whom the ledger cannot say how many there are."""

    name: str
    appeals: int | None
    answered: int | None
    wrong: int | None
    wrong_share: float | None
    """Of those answered."""


@dataclass(frozen=True)
class Rates:
    """The figures of one site and period."""

    lanes: tuple[Rate, ...]
    ways: tuple[tuple[str, int | None], ...]
    """Visitors who solved a challenge, with JavaScript and without."""
    networks: tuple[Counted, ...]
    kinds: tuple[Counted, ...]
    """Without JavaScript, with an aid, others."""


def rates(session: Session, site: str, since: datetime, stopped: Iterable[Stopped]) -> Rates:
    """Puts together what the ledger counted and what people decided.

    Args:
        session: With the appeals.
        site: Of this site.
        since: Appeals that came later.
        stopped: Visitors by lane, as the ledger counted them over the same time.
    """
    asked = select(Appeal).where(Appeal.site == site, Appeal.received_at >= since).limit(_MOST_APPEALS)
    appeals = session.scalars(asked).all()
    lanes = {s.lane: s for s in stopped}
    names = sorted({*lanes, *(a.lane for a in appeals)})
    return Rates(
        lanes=tuple(_of_lane(n, lanes.get(n, Stopped(n, 0, 0, 0, 0, 0)), appeals) for n in names),
        ways=(
            ("with JavaScript", shown(sum(s.solved_by_work for s in lanes.values()))),
            ("without JavaScript, by waiting", shown(sum(s.solved_by_waiting for s in lanes.values()))),
        ),
        networks=_networks(appeals),
        kinds=(
            _counted("without JavaScript", appeals, lambda a: a.no_script),
            _counted("with a screen reader or another aid", appeals, lambda a: a.aid),
            _counted("neither", appeals, lambda a: not a.aid and not a.no_script),
        ),
    )


def appeals_between(session: Session, since: datetime, until: datetime, site: str | None = None) -> list[Appeal]:
    """Appeals that came in some time, of all sites where none is named."""
    asked = select(Appeal).where(Appeal.received_at >= since, Appeal.received_at < until)
    if site is not None:
        asked = asked.where(Appeal.site == site)
    return list(session.scalars(asked.limit(_MOST_APPEALS)))


def found_wrong_share(appeals: Iterable[Appeal], action: str, stopped: int) -> float | None:
    """Visitors whom a person found wrongly stopped, of all who were stopped in that way; a lower bound.

    Args:
        appeals: Of the time.
        action: `prove` or `refuse`.
        stopped: How many visitors were, as the ledger counted.
    """
    return share(min(_visitors(appeals, action), stopped), stopped)


def shown(number: int) -> int | None:
    """A number that may be shown; None for what is too small."""
    return number if number == 0 or number >= SMALLEST else None


def share(part: int, whole: int) -> float | None:
    """A rate that may be shown; None when either is too small."""
    return round(part / whole, 4) if whole >= SMALLEST and shown(part) is not None else None


def _of_lane(name: str, found: Stopped, appeals: Iterable[Appeal]) -> Rate:
    mine = [a for a in appeals if a.lane == name]
    challenged = min(_visitors(mine, "prove"), found.challenged)
    refused = min(_visitors(mine, "refuse"), found.refused)
    return Rate(
        name,
        shown(found.challenged),
        shown(found.solved),
        shown(found.refused),
        shown(len(mine)),
        shown(sum(map(_wrong, mine))),
        share(challenged, found.challenged),
        share(found.solved, found.challenged),
        share(refused, found.refused),
    )


def _networks(appeals: Iterable[Appeal]) -> tuple[Counted, ...]:
    every = list(appeals)
    numbers = {a.asn for a in every if a.asn is not None}
    rows = [_counted(f"AS{n}", every, lambda a, n=n: a.asn == n) for n in sorted(numbers)]
    told = [r for r in rows if r.appeals is not None]
    small = {r.name for r in rows if r.appeals is None}
    if small:
        told.append(_counted("other networks", every, lambda a: f"AS{a.asn}" in small))
    if any(a.asn is None for a in every):
        told.append(_counted("network not known", every, lambda a: a.asn is None))
    return tuple(told)


def _counted(name: str, appeals: Iterable[Appeal], belongs: Callable[..., Any]) -> Counted:
    mine = [a for a in appeals if belongs(a)]
    answered = sum(a.outcome is not None for a in mine)
    wrong = sum(map(_wrong, mine))
    return Counted(name, shown(len(mine)), shown(answered), shown(wrong), share(wrong, answered))


def _wrong(appeal: Appeal) -> bool:
    return appeal.outcome in ("wrong", "partly")


def _visitors(appeals: Iterable[Appeal], action: str) -> int:
    """Different visitors whom a person found wrongly stopped: who writes twice is one."""
    found = set()
    for appeal in appeals:
        verdict = appeal.verdict or {}
        if _wrong(appeal) and verdict.get("action") == action and verdict.get("mode") == "enforce":
            names = appeal.names
            found.add(names.get("account") or names.get("session") or names.get("address") or appeal.id)
    return len(found)
