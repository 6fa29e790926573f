"""How often verdicts seem to have hit ordinary visitors: the ledger's estimate, beside what was found on appeal.

Two methods that know nothing of each other. On appeal a person found a verdict wrong: certain, but whoever does not write
is not heard of, so it is a lower bound. The ledger knows who came back and then read like an ordinary visitor
(`hedgerow.ledger.questions.followed`): everybody is counted, but what reading proves is a matter of definition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from hedgerow.appeals.proportion import Proportion, proportion
from hedgerow.appeals.rates import SMALLEST, shown
from hedgerow.ledger.questions.followed import CHALLENGE, FEWEST, FOLLOWED, REFUSAL
from hedgerow.store.models.appeals import Appeal
from hedgerow.store.models.followed import FollowedStops

DEFINITIONS: Final = (
    (
        "False challenges, by the ledger",
        f"visitors who solved their challenge and in the {FOLLOWED.days} days after it read like an ordinary visitor, of "
        "all who were challenged; an estimate, with the range in which it lies in 95 of 100 cases",
    ),
    (
        "False refusals, by the ledger",
        f"visitors who came back within {FOLLOWED.days} days of a refusal and read like an ordinary visitor, of all who "
        "were refused; whoever stayed away for good is not among them",
    ),
    (
        "Like an ordinary visitor",
        f"at least one person was shown to them, not more different people than to 95 of 100 visitors of the lane who "
        f"were not stopped (or {FEWEST}, whichever is more), no signal of a harvest, and no further refusal",
    ),
    (
        "What the estimate cannot know",
        "who went away instead of solving a challenge; a robot that solves one and then reads little, which counts as a "
        "visitor; what somebody did under another cookie; whether pictures and styles were fetched, as the ledger has "
        "only answers that show people",
    ),
)
WAYS: Final = {
    "work": "with JavaScript, by the browser's work",
    "wait": "without JavaScript, by waiting",
    "other": "way not recorded",
}
NETWORKS: Final = {
    "residential": "residential",
    "mobile": "mobile",
    "hosting": "hosting",
    "education_government": "education or government",
    "unknown": "unknown",
}


@dataclass(frozen=True)
class Estimated:
    """Stopped visitors of one lane, or of one kind of network; None = fewer than `SMALLEST`, and more than none."""

    name: str
    challenged: int | None
    false_challenge: Proportion | None
    refused: int | None
    false_refusal: Proportion | None
    appeals: int | None
    """About any stop, in the same days."""
    wrong: int | None
    """Of them, those that a person found wrong, all or in part."""


@dataclass(frozen=True)
class WayThrough:
    """Visitors who solved a challenge in one way."""

    name: str
    solved: int | None
    ordinary: Proportion | None
    """Of those who solved it in this way, who then read like an ordinary visitor."""


@dataclass(frozen=True)
class Estimate:
    """What the ledger says of the stops of some days."""

    days: int
    """Days that are counted."""
    gone: int
    """Days whose detail was gone before they were counted."""
    since: date | None
    until: date | None
    """First and last day counted."""
    whole: Estimated
    lanes: tuple[Estimated, ...]
    networks: tuple[Estimated, ...]
    ways: tuple[WayThrough, ...]
    usual: tuple[tuple[str, int, int], ...]
    """Lane, and the least and the greatest ordinary number of people of these days; the empty name is of all lanes."""


def kept_days(session: Session, since: date, until: date, site: str | None = None) -> list[FollowedStops]:
    """What was counted of the stops of some days, `until` not included; of all sites where none is named."""
    asked = select(FollowedStops).where(FollowedStops.day >= since, FollowedStops.day < until)
    if site is not None:
        asked = asked.where(FollowedStops.site == site)
    return list(session.scalars(asked.order_by(FollowedStops.day, FollowedStops.site)))


def estimate(days: Sequence[FollowedStops], appeals: Iterable[Appeal]) -> Estimate:
    """Adds up days.

    Args:
        days: As they were counted, of one site or of several.
        appeals: That came in the same days.
    """
    counted = [d for d in days if not d.gone]
    rows: list[Mapping[str, Any]] = [row for d in counted for row in d.rows]
    written = list(appeals)
    lanes = sorted({str(r["lane"]) for r in rows} | {a.lane for a in written})
    return Estimate(
        days=len({d.day for d in counted}),
        gone=len({d.day for d in days if d.gone}),
        since=min((d.day for d in counted), default=None),
        until=max((d.day for d in counted), default=None),
        whole=_estimated("all", rows, written),
        lanes=tuple(
            _estimated(n, [r for r in rows if r["lane"] == n], [a for a in written if a.lane == n]) for n in lanes
        ),
        networks=tuple(
            _estimated(
                words,
                [r for r in rows if r["network_kind"] == kind],
                [a for a in written if a.network_kind == kind],
            )
            for kind, words in NETWORKS.items()
        ),
        ways=tuple(_way(way, words, rows) for way, words in WAYS.items()),
        usual=_usual(counted),
    )


def _estimated(name: str, rows: Iterable[Mapping[str, Any]], appeals: Sequence[Appeal]) -> Estimated:
    found = list(rows)
    challenged, falsely_challenged = _sums(found, lambda r: r["stop"] == CHALLENGE)
    refused, falsely_refused = _sums(found, lambda r: r["stop"] == REFUSAL)
    return Estimated(
        name,
        shown(challenged),
        proportion(falsely_challenged, challenged, SMALLEST),
        shown(refused),
        proportion(falsely_refused, refused, SMALLEST),
        shown(len(appeals)),
        shown(sum(a.outcome in ("wrong", "partly") for a in appeals)),
    )


def _way(way: str, words: str, rows: Iterable[Mapping[str, Any]]) -> WayThrough:
    solved, ordinary = _sums(rows, lambda r: r["stop"] == CHALLENGE and r["way"] == way)
    return WayThrough(words, shown(solved), proportion(ordinary, solved, SMALLEST))


def _sums(rows: Iterable[Mapping[str, Any]], belongs: Callable[[Mapping[str, Any]], bool]) -> tuple[int, int]:
    mine = [r for r in rows if belongs(r)]
    return sum(int(r["visitors"]) for r in mine), sum(int(r["ordinary"]) for r in mine)


def _usual(days: Iterable[FollowedStops]) -> tuple[tuple[str, int, int], ...]:
    numbers: dict[str, list[int]] = {}
    for day in days:
        for lane, people in day.usual.items():
            numbers.setdefault(lane, []).append(int(people))
    return tuple((lane, min(found), max(found)) for lane, found in sorted(numbers.items()))
