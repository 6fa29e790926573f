"""The verdict an appeal is about, explained: by the gateway, which knows its numbers, and without people."""

from __future__ import annotations

from typing import Any, Final

from hedgerow.control import Control, ControlError

_KEPT: Final = ("at_ms", "action", "mode", "lane", "standing", "route", "status", "people_shown", "people_masked")
_MOST_REASONS: Final = 50
_LONGEST: Final = 300


def explain(control: Control, site: str, reference: str | None) -> dict[str, Any] | None:
    """What the gateway says of a reference; None when it is not known, or nobody answers.

    Args:
        control: The gateway.
        site: The site of the appeal: a reference of another site is none of its business.
        reference: The number on the visitor's page.
    """
    if reference is None:
        return None
    try:
        entry = control.ask("explain", reference=reference).get("entry")
    except ControlError:
        # Not running, or gone from the ledger: the page says that nothing is known, and asks again.
        return None
    if not isinstance(entry, dict) or entry.get("site", site) != site:
        return None
    reasons = entry.get("reasons")
    kept = {k: entry[k] for k in _KEPT if isinstance(entry.get(k), str | int)}
    told = [_reason(r) for r in reasons[:_MOST_REASONS] if isinstance(r, dict)] if isinstance(reasons, list) else []
    return {**kept, "reasons": told}


def _reason(found: dict[str, Any]) -> dict[str, Any]:
    weight = found.get("weight")
    return {
        "code": str(found.get("code", ""))[:_LONGEST],
        "weight": weight if isinstance(weight, int) else 0,
        "detail": str(found.get("detail") or "")[:_LONGEST],
        "sentence": str(found.get("sentence") or "")[:_LONGEST],
    }
