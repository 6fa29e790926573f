"""Tells when a hand-set posture threshold has gone stale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

_STALE = 3.0
"""How many times the written threshold may differ from the usual before it is said."""


def notices(written: Mapping[str, int], usual: Mapping[str, float], learned_factor: float) -> Iterator[str]:
    """One sentence for each threshold that no longer fits.

    Args:
        written: people in an hour for `raised`, by sensitivity, where the operator wrote them.
        usual: 95th percentile of people in an hour shown to all strangers, by sensitivity.
        learned_factor: what a learned threshold would be, as a multiple of the usual.
    """
    for sensitivity, threshold in written.items():
        normal = usual.get(sensitivity)
        if not normal:
            continue
        written_here = f"posture.raised.{sensitivity} is set by hand to {threshold:,} people an hour,"
        advice = f"write {normal * learned_factor:,.0f}, or leave it to be learned"
        if threshold <= normal:
            yield (f"{written_here} and {normal:,.0f} are usual: the posture is raised most of the time; {advice}")
        elif threshold > normal * learned_factor * _STALE:
            yield (f"{written_here} and only {normal:,.0f} are usual: a harvest would hardly be noticed; {advice}")
