"""A regime that is like another says only what differs. What a rule rests on is never inherited."""

from __future__ import annotations

from typing import Final

from hedgerow.policy.problem import Report
from hedgerow.policy.source import Scalar, Table

OWN: Final = frozenset(
    {
        *("id", "title", "version", "status", "enabled_from", "replaces", "inherits", "authority", "places"),
        *("verified", "unverified", "sources", "time_zone", "calendar", "extra_rules", "language", "notes"),
    }
)
"""Words that each regime writes for itself: a copy of a rule is not a verified rule."""


def inherited(files: dict[str, tuple[Table, Report]]) -> dict[str, Table]:
    """The tables by regime, each completed by the one it inherits from. Mistakes go into the reports."""
    return {name: _complete(name, files, ()) for name in files}


def _complete(name: str, files: dict[str, tuple[Table, Report]], below: tuple[str, ...]) -> Table:
    table, report = files[name]
    parent = table.get("inherits")
    if not isinstance(parent, Scalar) or parent.empty:
        return table
    if parent.text in (*below, name):
        report.add(parent.place, f"{name} inherits from itself through {parent.text}", "inherits: another regime")
        return table
    if parent.text not in files:
        report.add(
            parent.place, f"there is no regime `{parent.text}` to inherit from", f"inherits: {next(iter(files))}"
        )
        return table
    above = _complete(parent.text, files, (*below, name))
    written = {k.text for k, _ in table.entries}
    taken = tuple((k, v) for k, v in above.entries if k.text not in written and k.text not in OWN)
    return Table(table.entries + taken, table.place)
