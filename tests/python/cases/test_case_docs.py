"""The reference page of case rules says what the data says."""

from __future__ import annotations

import re
from pathlib import Path

from hedgerow.cases.core.ladder import LADDER
from hedgerow.cases.core.rules import RULES
from hedgerow.cases.core.sharing import TRAITS
from hedgerow.cases.core.watching import EVERY_S

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "case-rules.md").read_text(encoding="utf-8")


def test_every_rule_and_number_stands_in_the_reference() -> None:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("|")]
    found: dict[str, dict[str, str]] = {}
    days: dict[str, str] = {}
    rule = ""
    for name, _, within, number, value, *_ in (r for r in rows if len(r) == 6):
        rule = name.strip("`") or rule
        days.setdefault(rule, within)
        if number.startswith("`"):
            found.setdefault(rule, {})[number.strip("`")] = value
    assert found == {r.name: {n: f"{t.value:g}" for n, t in r.thresholds.items()} for r in RULES}
    assert {r.name: str(r.days) for r in RULES}.items() <= days.items()
    assert f"{EVERY_S:.0f} seconds" in PAGE


def test_every_trait_and_step_stands_in_the_reference() -> None:
    assert all(f"`{trait}`" in PAGE for trait in TRAITS)
    steps = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| (yes|no) \|$", PAGE, re.MULTILINE))
    assert steps == {s.name: "yes" if s.contains else "no" for s in LADDER}
