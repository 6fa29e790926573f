"""A score of severity, as a help for people who decide and never instead of them.

Method: ENISA, Recommendations for a methodology of the assessment of severity of personal data breaches (2013), read
through an extraction: score = data context x ease of identification + circumstances.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hedgerow.cases.notices.problems import NoticeError
from hedgerow.cases.notices.worksheet import follows

CONTEXT: Final[dict[str, int]] = {"simple": 1, "behavioural": 2, "financial": 3, "sensitive": 4}
"""Data context by kind of data."""
IDENTIFICATION: Final[dict[str, float]] = {"negligible": 0.25, "limited": 0.5, "significant": 0.75, "maximum": 1.0}
"""How easily people are recognised."""
CONFIDENTIALITY: Final[dict[str, float]] = {"none": 0.0, "known_recipients": 0.25, "unknown_recipients": 0.5}
"""How far confidentiality was lost."""
MALICE: Final = 0.5
BANDS: Final = ((2.0, "low"), (3.0, "medium"), (4.0, "high"))


@dataclass(frozen=True)
class Severity:
    """A score with how it was made."""

    score: float
    band: str
    method: str


def severity(
    context: str,
    identification: str,
    confidentiality: str,
    *,
    malicious: bool,
    public: bool,
    answers: dict[str, str],
) -> Severity:
    """The score. `public` lowers the context by one step, except where Q2 or Q3 says that something was not public.

    Raises:
        NoticeError: for a word that is not in the tables above.
    """
    for word, table in ((context, CONTEXT), (identification, IDENTIFICATION), (confidentiality, CONFIDENTIALITY)):
        if word not in table:
            raise NoticeError(f"`{word}` is not one of: {', '.join(map(str, table))}")
    points = CONTEXT[context]
    remark = ""
    if public and follows(answers).public_must_not_lower:
        remark = "; `already public` was not applied, because Q2 or Q3 is yes"
    elif public and points > 1:
        points, remark = points - 1, "; context lowered by one, because it was public"
    score = points * IDENTIFICATION[identification] + CONFIDENTIALITY[confidentiality] + (MALICE if malicious else 0.0)
    band = next((name for limit, name in BANDS if score < limit), "very high")
    method = (
        f"ENISA 2013: context {points} x identification {IDENTIFICATION[identification]} + "
        f"confidentiality {CONFIDENTIALITY[confidentiality]} + malice {MALICE if malicious else 0.0}{remark}"
    )
    return Severity(round(score, 2), band, method)
