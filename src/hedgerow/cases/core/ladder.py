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
    """What it is set on: `principal`, `everybody` or `outside`."""
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
        "everybody",
        True,
    ),
    Step("mask", "Mask a field", "Nobody sees this field, members neither; everything else stays.", "everybody", True),
    Step("close_route", "Close a route", "Nobody is shown anything there, members neither.", "everybody", True),
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
    def target(self) -> str:
        """On whom or what."""

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


@dataclass(frozen=True)
class Times:
    """How fast a case was contained, counted from its opening; None where it has not come to that."""

    first_effective_at: datetime | None
    """From when on any step worked, be it watching."""
    full_at: datetime | None
    """From when on every principal of the case was under a step that stops it."""
    to_first_s: int | None
    to_full_s: int | None


def first_effective_at(taken: Iterable[Taken]) -> datetime | None:
    """When the first step worked, whatever it does."""
    return min((t.effective_at for t in taken if t.effective_at is not None), default=None)


def fully_contained_at(taken: Iterable[Taken], principals: Iterable[str]) -> datetime | None:
    """When the last of the principals was under a step that stops it; None while one is not.

    A step for everybody, or outside, covers all of them.

    Args:
        taken: The steps.
        principals: `address:1f0c…`, those in the case now.
    """
    stopping = [(t, t.effective_at) for t in taken if t.effective_at is not None and STEPS[t.step].contains]
    for_all = [at for t, at in stopping if STEPS[t.step].on != "principal"]
    moments = [
        min([*for_all, *(at for t, at in stopping if t.target == who)], default=None) for who in {*principals}
    ] or [min(for_all, default=None)]
    whole = [at for at in moments if at is not None]
    return max(whole) if len(whole) == len(moments) else None


def times(opened: datetime, taken: Iterable[Taken], principals: Iterable[str]) -> Times:
    """From the opening of a case to its first step that worked, and to its full containment."""
    steps = list(taken)
    first, full = first_effective_at(steps), fully_contained_at(steps, principals)
    return Times(first, full, _between(opened, first), _between(opened, full))


def delays(first_disclosure: datetime | None, detected: datetime | None, contained: datetime | None) -> Delays:
    """The three delays of a case."""
    return Delays(
        _between(first_disclosure, detected), _between(first_disclosure, contained), _between(detected, contained)
    )


def _between(begin: datetime | None, end: datetime | None) -> int | None:
    return None if begin is None or end is None else round((end - begin).total_seconds())
