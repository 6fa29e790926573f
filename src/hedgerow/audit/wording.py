"""Numbers, times and lists as a report says them to people who do not read logs for a living."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from hedgerow.policy.defaults import SIGNALS

_OF_SIGNALS = {
    "declared_automation": "says that it is a program",
    "library_client": "is a programming library or command-line tool, not a browser",
    "header_contradiction": "claims to be a browser whose headers would look different",
    "forged_crawler": "claims to be a search engine, from an address that is not one of its own",
    "enumeration": "goes through the identifiers in order, or with even gaps",
    "profile_only_diet": "reads pages of people and nothing else",
    "no_subresources": "loads pages without their pictures, styles and scripts",
    "robots_refused": "asks for what robots.txt refuses to robots",
    "bait_taken": "followed a link that no person is shown",
    "asks_beyond_budget": "went on asking for people after it had been shown as many as anybody needs",
}
_MANY = {
    "says": "say",
    "is": "are",
    "claims": "claim",
    "goes": "go",
    "reads": "read",
    "loads": "load",
    "asks": "ask",
}


def number(n: float) -> str:
    """`12,345`."""
    return f"{n:,.0f}"


def share(part: float, whole: float) -> str:
    """`62 %`, `0.4 %`, `under 0.1 %`; of nothing it is `0 %`."""
    if not whole or not part:
        return "0 %"
    percent = 100 * part / whole
    if percent < 0.1:
        return "under 0.1 %"
    if part < whole and percent > 99.9:
        return "over 99.9 %"
    return f"{percent:.1f} %" if percent < 10 and round(percent, 1) != round(percent) else f"{percent:.0f} %"


def count(n: int, one: str, many: str | None = None) -> str:
    """`1 person`, `2 people`."""
    return f"{number(n)} {one if n == 1 else many or one + 's'}"


def moment(at_s: int) -> str:
    """`3 May 2026, 10:02 UTC`."""
    at = datetime.fromtimestamp(at_s, UTC)
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def day(at_s: int) -> str:
    """`3 May 2026`."""
    at = datetime.fromtimestamp(at_s, UTC)
    return f"{at.day} {at:%B %Y}"


def span(first_s: int, last_s: int) -> str:
    """From when to when, in words."""
    if last_s - first_s < 60:
        return f"on {moment(first_s)}"
    return f"from {moment(first_s)} to {moment(last_s)} ({lasting(last_s - first_s)})"


def lasting(seconds: float) -> str:
    """`4 h 53 min`, `12 days`, `40 s`."""
    s = round(seconds)
    if s < 60:
        return f"{s} s"
    if s < 3_600:
        return f"{s // 60} min"
    if s < 2 * 86_400:
        return f"{s // 3_600} h {s % 3_600 // 60} min"
    return f"{s / 86_400:.0f} days"


def listed(words: Iterable[str]) -> str:
    """`a, b and c`."""
    w = list(words)
    return " and ".join([", ".join(w[:-1]), w[-1]]) if len(w) > 1 else "".join(w)


def signal(code: str) -> str:
    """What a signal says of somebody, as the end of a sentence."""
    name = code.removeprefix("signal.")
    if name in _OF_SIGNALS:
        return _OF_SIGNALS[name]
    if name.startswith("rule."):
        return f"met your own rule `{name.removeprefix('rule.')}`"
    return SIGNALS[name][1] if name in SIGNALS else f"gave the signal `{name}`"


def signal_of_many(code: str) -> str:
    """The same of several."""
    first, _, rest = signal(code).partition(" ")
    return f"{_MANY.get(first, first)} {rest}"


def chance(p: float) -> str:
    """`less than 1 in a million`."""
    if p <= 0:
        return "too small to be told"
    for bound, words in ((1e-12, "a million million"), (1e-9, "a thousand million"), (1e-6, "a million")):
        if p <= bound:
            return f"less than 1 in {words}"
    digits = 1 / p
    return f"about 1 in {number(float(f'{digits:.1g}'))}"


def pace(gap_mean_s: float | None, gap_cv: float | None) -> str | None:
    """How fast, and how evenly."""
    if gap_mean_s is None or gap_mean_s <= 0:
        return None
    evenly = ", evenly, as a clock does" if gap_cv is not None and gap_cv < 0.3 else ""
    if gap_mean_s < 1:
        return f"{1 / gap_mean_s:.0f} pages a second{evenly}"
    return f"a page every {lasting(gap_mean_s)}{evenly}"
