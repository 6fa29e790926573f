"""What a case needs of whoever sets measures in the engine: set one, end one, list those of a case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from hedgerow.console.access.actor import Actor


@dataclass(frozen=True)
class Measure:
    """One measure as it is in force."""

    id: str
    step: str
    """Of the ladder: `hedgerow.cases.core.ladder`."""
    target: str
    """`account:1f0c...`, `route:member`, `field:email`, `site:directory`."""
    set_at: datetime
    effective_at: datetime | None
    """When the edge confirmed it; None while it did not."""
    expires_at: datetime | None
    ended_at: datetime | None = None


class Measures(Protocol):
    """Sets and ends measures. Each raises `CaseError` with a sentence where it cannot."""

    def set(
        self,
        session: Session,
        actor: Actor,
        now: datetime,
        *,
        site: str,
        step: str,
        target: str,
        until: datetime,
        reason: str,
        case: str,
    ) -> Measure:
        """Sets a measure in the edge, and says whether it is effective already."""

    def end(self, session: Session, actor: Actor, now: datetime, measure_id: str, reason: str) -> Measure:
        """Ends a measure before its time."""

    def of_case(self, session: Session, case: str) -> Sequence[Measure]:
        """Measures that were set for a case (its number)."""


class Blockers(Protocol):
    """Something else that keeps a case open: an undecided notice, a letter that was not sent."""

    def __call__(self, session: Session, case_id: str) -> list[str]:
        """What is left to do, a sentence each; empty when nothing is."""
