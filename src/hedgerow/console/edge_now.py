"""The gateway's status, read: who reads how many people at this moment, and how tense each family is.

Shown by pages and given by their JSON twins as it stands here. What a newer gateway says besides is left out.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from pydantic import BaseModel, Field, ValidationError

from hedgerow.control import Control, ControlError, NotRunningError
from hedgerow.ledger.questions.suspicion import MOST_REASONS

TOP: Final = 20
STRICTER: Final = ("mask", "prove", "slow", "sign_in", "refuse", "decoy")


class TopPrincipal(BaseModel):
    """One principal that reads now. Numbers are distinct people: with basic, personal, contact fields."""

    level: str = Field(max_length=12)
    name: str = Field(max_length=24)
    hour: list[int] = Field(min_length=3, max_length=3)
    day: list[int] = Field(min_length=3, max_length=3)
    last_s: int = 0
    signals: list[str] = Field(default=[], max_length=MOST_REASONS)
    """What spoke against it in the last minutes, in sentences."""

    @property
    def people_hour(self) -> int:
        """Distinct people of the hour, at least: a person may have been shown with several kinds of fields."""
        return max(self.hour)

    @property
    def people_day(self) -> int:
        """The same of the day."""
        return max(self.day)


class FamilyNow(BaseModel):
    """How tense one family of pages is."""

    family: str
    posture: str
    people_hour: list[int] = []
    people_day: list[int] = []
    raised_hour_personal: int | None = None
    raised_day_personal: int | None = None
    stale: str | None = None


class CountersNow(BaseModel):
    """Counts since the gateway started."""

    requests: int = 0
    people_requests: int = 0
    disclosures: int = 0
    masked: int = 0
    verdicts: dict[str, int] = {}
    unreadable: int = 0
    ledger_failures: int = 0
    solved: int = 0
    solved_by_waiting: int = 0
    letters: int = 0
    letters_not_taken: int = 0

    @property
    def stricter(self) -> int:
        """Requests that did not simply pass."""
        return sum(n for act, n in self.verdicts.items() if act in STRICTER)


class StateNow(BaseModel):
    """What the gateway remembers of one site."""

    principals: int = 0
    top: list[TopPrincipal] = []
    postures: list[FamilyNow] = []


class SiteNow(BaseModel):
    """One site at this moment."""

    site: str
    title: str | None = None
    mode: str = "watch"
    counters: CountersNow = CountersNow()
    measures: int = 0
    state: StateNow = StateNow()


class EdgeNow(BaseModel):
    """The gateway at this moment."""

    running: bool
    problem: str = ""
    """Why nothing is known, as a sentence."""
    started_ms: int | None = None
    now_ms: int | None = None
    measures_problem: str | None = None
    sites: list[SiteNow] = []

    def site(self, name: str) -> SiteNow | None:
        """One site; None where the gateway does not have it."""
        return next((s for s in self.sites if s.site == name), None)


def ask(control: Control, top: int = TOP) -> EdgeNow:
    """Asks the gateway; that it does not run is an answer, too."""
    try:
        return read(control.ask("status", top=top))
    except NotRunningError:
        return EdgeNow(running=False, problem="The gateway is not running: nothing is counted and nobody is stopped.")
    except ControlError as e:
        return EdgeNow(running=False, problem=f"The gateway does not answer: {e}.")


def read(status: dict[str, Any] | dict[str, object]) -> EdgeNow:
    """The status as the live stream has it, or as the gateway answered."""
    if status.get("running") is False:
        return EdgeNow(running=False, problem=f"The gateway does not answer: {status.get('sentence', '')}.")
    try:
        return EdgeNow.model_validate({**status, "running": True})
    except ValidationError:
        return EdgeNow(
            running=False,
            problem="The gateway's status has another shape; are gateway and console of the same version?",
        )


def when(ms: int | None) -> datetime | None:
    """A moment of the gateway."""
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC)
