"""Reasons of verdicts in sentences: the engine's own words for an operator."""

from __future__ import annotations

import json
from functools import cache

from hedgerow import _engine
from hedgerow.policy.defaults import SIGNALS


@cache
def _known() -> dict[str, str]:
    return {str(r["code"]): str(r["operator"]) for r in json.loads(_engine.reasons())}


def sentence(code: str) -> str:
    """What a reason means, as a sentence; a code that nobody knows stands for itself."""
    if code.startswith("signal.") and code[7:] in SIGNALS:
        words = SIGNALS[code[7:]][1]
        return f"{words[:1].upper()}{words[1:]}."
    known = _known()
    if code in known:
        return known[code]
    # A code that ends in a dot is a beginning: what follows is said beside it.
    for beginning in (b for b in known if b.endswith(".") and code.startswith(b)):
        return f"{known[beginning].rstrip('.')} ({code[len(beginning) :]})."
    return code


def is_signal(code: str) -> bool:
    """Whether a reason speaks against a visitor, as a spent budget does not."""
    return code.startswith(("signal.", "beyond.", "rule."))
