"""A backtest on recorded traffic: what the engine's replay of the ledger says, as a table."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from hedgerow.audit.findings import CAVEAT
from hedgerow.audit.replaying import Json
from hedgerow.audit.wording import number
from hedgerow.policy.defaults import ACTIONS

_COUNTS: Final = {
    "people_masked": "people of whom something is withheld",
    "principals_affected": "visitors to whom that happens",
    "likely_people_affected": "of those, likely people",
}


def since(text: str, now_s: int) -> int:
    """Unix milliseconds of so long ago: `7d`, `24h`, `90m`.

    Raises:
        ValueError: when it is no such time.
    """
    units = {"d": 86_400, "h": 3_600, "m": 60}
    amount, unit = text[:-1], text[-1:]
    if unit not in units or not (amount.isascii() and amount.isdecimal()) or not 0 < int(amount) <= 100_000:
        raise ValueError(f"`{text}` is not a time; write 7d, 24h or 90m")
    return max(0, (now_s - int(amount) * units[unit]) * 1000)


def told(at_ms: int) -> str:
    """A time for people."""
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"


def compared(before: Json, after: Json) -> Json:
    """The same traffic under two policies, neither of which need be the one that was in force."""
    out = {k: v for k, v in after.items() if k != "difference"}
    out["in_force"] = before["tried"]
    out["difference"] = {key: after["tried"][key] - before["tried"][key] for key in _COUNTS}
    return out


def recorded_in_words(found: Json) -> str:
    """The comparison for the terminal."""
    one, two = found["in_force"], found["tried"]
    rows = [("", "in force", "tried", "difference")]
    for action in ACTIONS:
        before, after = one["verdicts"].get(action, 0), two["verdicts"].get(action, 0)
        if before or after:
            rows.append(_row(f"requests: {action.replace('_', ' ')}", before, after))
    rows += [_row(sentence, one[key], two[key]) for key, sentence in _COUNTS.items()]
    widths = [max(len(r[i]) for r in rows) for i in range(4)]
    lines = ["  ".join([r[0].ljust(widths[0]), *(r[i].rjust(widths[i]) for i in (1, 2, 3))]).rstrip() for r in rows]
    difference = found["difference"]
    if "principals_affected_only_then" in difference:
        lines += [
            "",
            f"Newly met by something: {number(difference['principals_affected_only_then'])} visitors; no more: "
            f"{number(difference['principals_affected_no_more'])}.",
        ]
    left = sum(found["left_out"].values())
    if left:
        why = ", ".join(f"{name.replace('_', ' ')} {n:,}" for name, n in sorted(found["left_out"].items()))
        lines += ["", f"{left:,} entries could not be tried: {why}."]
    return "\n".join([*lines, "", *found["unknown"], CAVEAT])


def _row(name: str, before: int, after: int) -> tuple[str, str, str, str]:
    return name, number(before), number(after), f"{after - before:+,}" if after != before else "same"
