"""The rules that open a case, as data: what each looks for, over how long, from which number on, and in which words.

The numbers are house values, chosen so that ordinary members of a site of some thousand people meet none of them
(docs/reference/case-rules.md says how they were tried). An operator changes them in `case-rules.yaml`; nothing here
reads a ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import yaml

from hedgerow.cases.core.problems import CaseError

FILE: Final = "case-rules.yaml"
"""In the state directory: an operator's own numbers."""
MOST_BYTES: Final = 64 << 10


@dataclass(frozen=True)
class Threshold:
    """One number of a rule."""

    value: float
    unit: str
    sentence: str
    least: float = 0
    most: float = 1_000_000_000


@dataclass(frozen=True)
class Rule:
    """One rule."""

    name: str
    title: str
    looks_for: str
    """What it finds, and what it is not."""
    days: int
    """How far back it looks, the present day included."""
    thresholds: Mapping[str, Threshold] = field(default_factory=dict)
    enabled: bool = True

    def at(self, name: str) -> float:
        """One of its numbers."""
        return self.thresholds[name].value


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "coverage",
        "One principal has seen a large part of the people",
        "An account, session, address or network that was shown a large share of all people within a month. Verified "
        "search engines, licence holders and researchers are left out: budgets and contracts rule them.",
        30,
        {
            "share": Threshold(
                0.10, "share of all people", "From this share on; a network from three times as much.", 0.001, 1
            ),
            "people": Threshold(
                100, "people", "And at least so many, so that a club of forty does not alarm itself.", 1
            ),
        },
    ),
    Rule(
        "group",
        "A harvest, alone or spread over several",
        "Actors whose people complement rather than repeat each other and who ignore popularity: the test of the "
        "audit, with its rate of false alarms (docs/explanation/groups.md).",
        7,
        {"people": Threshold(30, "people", "A group with fewer is nobody's harvest.", 30)},
    ),
    Rule(
        "bait",
        "Somebody took the bait",
        "An account or address that followed a link no person is shown, and was shown people as well. A lone follower "
        "of links who was shown hardly anybody is left alone.",
        7,
        {
            "times": Threshold(1, "requests", "Baits taken.", 1),
            "people": Threshold(20, "people", "And people shown in the same days.", 1),
        },
    ),
    Rule(
        "budget",
        "One principal spends its budget day after day",
        "An account or address whose budget was spent, or that went on asking beyond it, on several different days. "
        "A curious member does so once; a patient harvester every day.",
        7,
        {
            "days": Threshold(3, "days", "Different days on which it was spent.", 2, 7),
            "people": Threshold(50, "people", "And people shown in the same days.", 1),
        },
    ),
)
BY_NAME: Final = {rule.name: rule for rule in RULES}


@dataclass(frozen=True)
class Suspect:
    """One principal of an alarm."""

    level: str
    name: str
    why: str
    people: int


@dataclass(frozen=True)
class Alarm:
    """What a rule found: enough to open a case with."""

    rule: str
    title: str
    summary: str
    suspects: tuple[Suspect, ...]
    first: datetime
    last: datetime
    people: int
    ties: tuple[str, ...] = ()


def with_numbers(numbers: Mapping[str, Mapping[str, object]], rules: tuple[Rule, ...] = RULES) -> tuple[Rule, ...]:
    """The rules with an operator's own numbers: `{"coverage": {"share": 0.2}, "bait": {"enabled": False}}`.

    Raises:
        CaseError: a rule or number that does not exist, or a value out of its bounds.
    """
    known = {rule.name: rule for rule in rules}
    for name, changes in numbers.items():
        if name not in known:
            raise CaseError(f"there is no rule `{name[:40]}`; there are: {', '.join(known)}")
        known[name] = _changed(known[name], changes)
    return tuple(known.values())


def _changed(rule: Rule, changes: Mapping[str, object]) -> Rule:
    thresholds = dict(rule.thresholds)
    for key, value in changes.items():
        if key == "enabled" and isinstance(value, bool):
            rule = replace(rule, enabled=value)
            continue
        if key not in thresholds:
            raise CaseError(f"the rule `{rule.name}` has no number `{key[:40]}`; it has: {', '.join(thresholds)}")
        was = thresholds[key]
        if isinstance(value, bool) or not isinstance(value, int | float) or not was.least <= value <= was.most:
            raise CaseError(f"`{rule.name}.{key}` is a number from {was.least:g} to {was.most:g} ({was.unit})")
        thresholds[key] = replace(was, value=float(value))
    return replace(rule, thresholds=thresholds)


def read_rules(state: Path) -> tuple[Rule, ...]:
    """The rules with the numbers of `<state>/case-rules.yaml`, where an operator wrote that file.

    Raises:
        CaseError: the file cannot be read, or has a mistake; it says which.
    """
    path = state / FILE
    try:
        with path.open("rb") as file:
            text = file.read(MOST_BYTES + 1)
        said = yaml.safe_load(text) if len(text) <= MOST_BYTES else None
    except FileNotFoundError:
        return RULES
    except (OSError, yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise CaseError(f"{path} cannot be read: {error}; the rules stay as they were") from error
    if not isinstance(said, dict) or not all(isinstance(k, str) and isinstance(v, dict) for k, v in said.items()):
        raise CaseError(f"{path} is not a list of rules with numbers; write `coverage: {{share: 0.2}}`, a rule a line")
    try:
        return with_numbers(said)
    except CaseError as error:
        raise CaseError(f"{path}: {error}") from error
