"""What is wrong with a policy, in a form an operator can act on."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, order=True)
class Place:
    """A place in the policy file; both numbers start at 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Problem:
    """One mistake: where, what, and what to write instead."""

    place: Place
    message: str
    write: str | None = None

    def __str__(self) -> str:
        """`line:column: what is wrong; what to write`."""
        advice = f"\n    write: {self.write}" if self.write else ""
        return f"{self.place.line}:{self.place.column}: {self.message}{advice}"


@dataclass
class Report:
    """Collects everything that is wrong with one file, so that it is said at once and not one mistake a run."""

    file: str
    problems: list[Problem] = field(default_factory=list)

    def add(self, place: Place, message: str, write: str | None = None) -> None:
        """Notes a mistake; the same one at the same place only once."""
        problem = Problem(place, message, write)
        if problem not in self.problems:
            self.problems.append(problem)

    def lines(self) -> list[str]:
        """All mistakes as `file:line:column: ...`, in the order of the file."""
        return [f"{self.file}:{p}" for p in sorted(self.problems, key=lambda p: p.place)]


class PolicyError(Exception):
    """The policy cannot be used; `report` says everything that is wrong with it."""

    def __init__(self, report: Report) -> None:
        super().__init__("\n".join(report.lines()))
        self.report = report


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """The known word that was most likely meant, or `None` when nothing is near."""
    choices = list(known)
    folded = {c.replace("_", "").replace("-", "").lower(): c for c in choices}
    exact = folded.get(word.replace("_", "").replace("-", "").replace(" ", "").lower())
    if exact is not None:
        return exact
    near = difflib.get_close_matches(word.lower(), choices, n=1, cutoff=0.6)
    return near[0] if near else None
