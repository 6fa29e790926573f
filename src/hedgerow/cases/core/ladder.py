"""The steps of containment, from looking on to closing a route, and how long it took to stop a harvest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol


@dataclass(frozen=True)
class Step:
    """One step of the ladder."""

    name: str
    title: str
    sentence: str
    """What it does, and whom else it meets."""
    on: str
    """What it is set on: `principal`, `field`, `route`, `site` or `outside`."""
    contains: bool
    """Whether it stops the disclosure. What only slows or watches contains nothing."""


LADDER: Final[tuple[Step, ...]] = (
    Step("watch", "Watch", "Every request is kept in detail; nothing is stopped.", "principal", False),
    Step("budget", "Lower the budget", "It is shown fewer people from now on.", "principal", False),
    Step("prove", "Ask for a proof", "It meets a challenge before it is shown anybody.", "principal", False),
    Step("refuse", "Refuse", "It is shown nobody until this expires.", "principal", True),
    Step(
        "posture",
        "Posture high",
        "Newcomers are shown next to nobody while it lasts; whom visitors know already they still see.",
        "route",
        True,
    ),
    Step("mask", "Mask a field for strangers", "Nobody who is not signed in sees this field.", "field", True),
    Step("close_route", "Close a route", "Nobody is shown anything there, members neither.", "route", True),
    Step(
        "outside",
        "Done outside Hedgerow",
        "An account was closed, a page was changed, an export was taken away: say what.",
        "outside",
        True,
    ),
)
STEPS: Final = {step.name: step for step in LADDER}


class Taken(Protocol):
    """A step that was taken."""

    @property
    def step(self) -> str:
        """Its name."""

    @property
    def effective_at(self) -> datetime | None:
        """From when on it worked."""


@dataclass(frozen=True)
class Delays:
    """How long it took, in seconds; None where one of the two ends is not known."""

    to_detect_s: int | None
    """From the first disclosure until somebody or something noticed."""
    to_contain_s: int | None
    """From the first disclosure until the first step that stops it worked."""
    from_detection_s: int | None
    """From detection until then. Below zero where it was stopped before anybody looked."""


def contained_at(taken: Iterable[Taken]) -> datetime | None:
    """When the first step worked that stops disclosure; None while there is none."""
    moments = [t.effective_at for t in taken if t.effective_at is not None and STEPS[t.step].contains]
    return min(moments, default=None)


def delays(first_disclosure: datetime | None, detected: datetime | None, contained: datetime | None) -> Delays:
    """The three delays of a case."""
    return Delays(
        _between(first_disclosure, detected), _between(first_disclosure, contained), _between(detected, contained)
    )


def _between(begin: datetime | None, end: datetime | None) -> int | None:
    return None if begin is None or end is None else round((end - begin).total_seconds())
