"""A share of a number of visitors, with the range in which the true share lies in 95 of 100 cases."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

_Z: Final = 1.959963984540054
"""The 97.5 % quantile of the normal distribution: 2.5 % are left out on either side."""


@dataclass(frozen=True)
class Proportion:
    """`part` of `whole`, none of them too small to be shown."""

    part: int
    whole: int
    share: float
    low: float
    high: float
    """Wilson's 95 % interval. It holds for visitors who are independent of each other; a robot that comes as many
    visitors is not, and makes the true range wider than it says."""


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Wilson's score interval, 95 %: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209. It holds for small numbers, too,
    and never leaves 0..1, as the textbook's share plus or minus its error does.

    Args:
        part: How many.
        whole: Of how many, at least one.

    Returns:
        The lower and the upper end, as fractions.

    Raises:
        ValueError: the part is not between none and all.
    """
    if not 0 <= part <= whole or whole < 1:
        raise ValueError(f"{part} of {whole} is no share")
    share, square = part / whole, _Z * _Z
    middle = (share + square / (2 * whole)) / (1 + square / whole)
    reach = _Z / (1 + square / whole) * math.sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    # At the ends rounding may leave a trace on the wrong side of the share itself.
    return min(share, max(0.0, middle - reach)), max(share, min(1.0, middle + reach))


def proportion(part: int, whole: int, smallest: int) -> Proportion | None:
    """A share that may be shown; None where its numbers are too small.

    Args:
        part: How many.
        whole: Of how many.
        smallest: Numbers below it, but for none, are not shown: they could be about somebody who is known.
    """
    if whole < smallest or 0 < part < smallest:
        return None
    low, high = wilson(part, whole)
    return Proportion(part, whole, round(part / whole, 4), round(low, 4), round(high, 4))
