"""The figures of a month, each with its definition: what is counted, of what, and from where.

A figure without its definition can be read as anything, and two months can only be compared when both were counted the
same way. So the definition stands in one table, is shown beside the figure, and goes into the digest that is signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Better(StrEnum):
    """Which way a figure should move."""

    LOWER = "lower"
    HIGHER = "higher"
    NEITHER = "neither"


class Unit(StrEnum):
    """What a figure is measured in."""

    PEOPLE = "people"
    REQUESTS = "requests"
    SHARE = "share"
    """A fraction; shown as percent."""
    SECONDS = "seconds"
    COUNT = "count"


@dataclass(frozen=True)
class Metric:
    """One figure's definition."""

    key: str
    name: str
    unit: Unit
    better: Better
    definition: str
    """What is counted, in a sentence or two."""
    source: str
    """Where it is read from."""


def _metric(key: str, name: str, unit: Unit, better: Better, definition: str, source: str) -> tuple[str, Metric]:
    return key, Metric(key, name, unit, better, definition, source)


_LEDGER: Final = "the ledger"
_CASES: Final = "cases"

METRICS: Final[Mapping[str, Metric]] = dict(
    [
        _metric(
            "people_disclosed",
            "People disclosed",
            Unit.PEOPLE,
            Better.NEITHER,
            "Different people of whom at least one field left for anybody in the month.",
            _LEDGER,
        ),
        _metric(
            "people_to_strangers",
            "People disclosed to strangers",
            Unit.PEOPLE,
            Better.LOWER,
            "Different people of whom at least one field left for somebody who was not signed in.",
            _LEDGER,
        ),
        _metric(
            "most_curious_share",
            "Most curious principal",
            Unit.SHARE,
            Better.LOWER,
            "The largest share of the membership that one address, network, session or account was shown in the last "
            "30 days of the month.",
            f"{_LEDGER} (daily bitmaps)",
        ),
        _metric(
            "people_to_suspects",
            "People exposed in cases",
            Unit.PEOPLE,
            Better.LOWER,
            "Different people affected in the cases opened in the month; where a case has a range, its upper end.",
            _CASES,
        ),
        _metric(
            "people_masked",
            "People masked",
            Unit.PEOPLE,
            Better.NEITHER,
            "Different people of whom at least one field was masked for somebody.",
            _LEDGER,
        ),
        _metric(
            "detect_s",
            "Time to detect",
            Unit.SECONDS,
            Better.LOWER,
            "Median time from the first disclosure to a principal of a case to the opening of the case.",
            _CASES,
        ),
        _metric(
            "contain_s",
            "Time to contain",
            Unit.SECONDS,
            Better.LOWER,
            "Median time from the opening of a case to its first containment that took effect.",
            _CASES,
        ),
        _metric(
            "false_challenge_share",
            "False challenges",
            Unit.SHARE,
            Better.LOWER,
            "Share of the challenges given that were solved by somebody who then read like an ordinary visitor, or "
            "were found wrong on appeal.",
            "the ledger and appeals",
        ),
        _metric(
            "false_refusal_share",
            "False refusals",
            Unit.SHARE,
            Better.LOWER,
            "Share of the refusals that were found wrong on appeal. Who does not appeal is not counted, so it is a "
            "lower bound.",
            "the ledger and appeals",
        ),
        _metric(
            "appeals_open_s",
            "Time to answer an appeal",
            Unit.SECONDS,
            Better.LOWER,
            "Median time from an appeal to a person's answer.",
            "appeals",
        ),
        _metric(
            "cases_opened", "Cases opened", Unit.COUNT, Better.NEITHER, "Cases opened in the month, by anybody.", _CASES
        ),
        _metric(
            "notices_late",
            "Notices after their deadline",
            Unit.COUNT,
            Better.LOWER,
            "Duties to notify that are still open after a deadline of the law that fell in the month, and those of "
            "which somebody wrote down in the month why they were late.",
            "notices",
        ),
        _metric(
            "deletions_confirmed",
            "Deletions confirmed",
            Unit.COUNT,
            Better.HIGHER,
            "Deletion demands whose confirmation came in the month.",
            "letters",
        ),
        _metric(
            "reviews_overdue",
            "Overdue reviews",
            Unit.COUNT,
            Better.LOWER,
            "Reviews and drills that were due before the end of the month and not done by then.",
            "this page",
        ),
        _metric(
            "gaps",
            "Gaps in the record",
            Unit.COUNT,
            Better.LOWER,
            "Entries of the ledger that say that something could not be read or recorded.",
            _LEDGER,
        ),
    ]
)


@dataclass(frozen=True)
class Figure:
    """One metric in one month, beside the month before."""

    metric: Metric
    value: float | None
    """None: there is nothing to count it from; never zero by default."""
    before: float | None
    note: str = ""
    """Why a value is missing, or what must be known to read it."""

    @property
    def change(self) -> float | None:
        """The relative change, where both are known and the earlier is not zero."""
        if self.value is None or not self.before:
            return None
        return (self.value - self.before) / self.before

    @property
    def worse(self) -> bool:
        """Whether it moved the wrong way."""
        if self.value is None or self.before is None or self.metric.better is Better.NEITHER:
            return False
        rose = self.value > self.before
        return self.value != self.before and rose == (self.metric.better is Better.LOWER)


def figures(
    values: Mapping[str, float | None], before: Mapping[str, float | None], notes: Mapping[str, str] | None = None
) -> tuple[Figure, ...]:
    """Every metric in the order of the table; what is in neither mapping has no value, and the page says so.

    Raises:
        KeyError: a value has no definition.
    """
    unknown = (values.keys() | before.keys()) - METRICS.keys()
    if unknown:
        raise KeyError(f"no definition for {', '.join(sorted(unknown))}")
    said = notes or {}
    return tuple(Figure(m, values.get(k), before.get(k), said.get(k, "")) for k, m in METRICS.items())
