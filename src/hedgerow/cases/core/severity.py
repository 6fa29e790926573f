"""The severity of a case: a score with its method, or a person's own judgement; never below what a claim has proven."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hedgerow.cases.core.problems import CaseError
from hedgerow.cases.notices.problems import NoticeError
from hedgerow.cases.notices.severity import severity as score

SEVERITIES: Final = ("none", "low", "medium", "high", "critical")
"""Least first."""
OF_BAND: Final = {"low": "low", "medium": "medium", "high": "high", "very high": "critical"}
"""The bands of the score (ENISA 2013) in the words of cases."""
GENUINE_FLOOR: Final = "medium"
"""With even one genuine record in a claim, a case is no less: one record that is out shows that there is a way out."""


@dataclass(frozen=True)
class Judged:
    """A severity and how it was found."""

    severity: str
    method: str


def by_score(
    context: str,
    identification: str,
    confidentiality: str,
    *,
    malicious: bool,
    public: bool,
    answers: dict[str, str] | None = None,
) -> Judged:
    """By the score that notices use, too; the words are in `hedgerow.cases.notices.severity`.

    Raises:
        CaseError: for a word that is not one of the method's.
    """
    try:
        found = score(
            context, identification, confidentiality, malicious=malicious, public=public, answers=answers or {}
        )
    except NoticeError as error:
        raise CaseError(str(error)) from error
    return Judged(OF_BAND[found.band], f"{found.method} = {found.score:g} ({found.band})")


def by_judgement(severity: str) -> Judged:
    """As a person judges it; their reason is kept beside it.

    Raises:
        CaseError: it is none of the five.
    """
    if severity not in SEVERITIES:
        raise CaseError(f"a severity is one of: {', '.join(SEVERITIES)}")
    return Judged(severity, "a person's judgement, without a score")


def at_least(judged: Judged, floor: str | None) -> Judged:
    """The same, raised to the floor where it is below it."""
    if floor is None or rank(judged.severity) >= rank(floor):
        return judged
    return Judged(
        floor, f"{judged.method}; raised to {floor}, because a record of a claim is genuine or the claim true"
    )


def rank(severity: str) -> int:
    """For comparing."""
    return SEVERITIES.index(severity)
