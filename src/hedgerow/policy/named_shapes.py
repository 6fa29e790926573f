"""Shapes of values that stand in several rooms of a policy."""

from __future__ import annotations

from typing import Final

from hedgerow.policy import defaults, words
from hedgerow.policy.shapes import Choice, Keyed, Limits, Setting, Text, Whole

NAME: Final = Text("members", words.wrong_name, 64)
SENSITIVITY: Final = Choice(defaults.SENSITIVITIES)
STANDING: Final = Choice(defaults.STANDINGS)
FAILURE: Final = Choice(
    {
        "refuse": "answer with an error; nobody is shown",
        "pass": "let the answer pass as it is, and say so in the ledger",
    }
)
PER_SENSITIVITY: Final = Keyed(SENSITIVITY, Limits())


def seconds(name: str, default: int, low: int, high: int, sentence: str) -> Setting:
    """A setting that is a time in whole seconds, from `low` to `high`."""
    return Setting(name, Whole(low, high), default, "seconds", sentence)
