"""What speaks for a harvest, in sentences for people who do not read logs for a living."""

from __future__ import annotations

from collections import Counter
from statistics import median

from hedgerow.audit.gathering import Harvest
from hedgerow.audit.replaying import Seen
from hedgerow.audit.wording import chance, count, listed, number, pace, share, signal, signal_of_many

_SHARED = {
    "network": "come from one network",
    "asn": "come from one provider's networks",
    "client": "use the same software",
    "template": "ask for the same kind of page",
    "pace": "go at the same pace",
}


def signs(h: Harvest) -> list[str]:
    """Sentences, the most telling first."""
    found: list[str] = []
    people = len(h.people)
    found += _of_people(h, people)
    found += _of_timing(h.members)
    found += _of_signals(h.members)
    return found


def _of_people(h: Harvest, people: int) -> list[str]:
    group = h.group
    if group is None:
        return []
    measured = group.measured
    found = []
    if len(h.members) > 1:
        repeated = h.reads - people
        found.append(
            f"They complement each other: the {number(len(h.members))} of them read {number(h.reads)} people, each "
            f"counted for itself, and only {number(repeated)} of those had been read by another one already. As many "
            f"independent visitors would have read about {number(measured.union_expected)} different people, "
            f"not {number(people)}."
        )
    found.append(
        "Popularity does not matter to them: visitors read the popular, whereas these read people hardly anybody else "
        f"reads (popularity rank {measured.rank:.2f}, where {measured.rank_expected:.2f} is usual)."
        if len(h.members) > 1
        else "Popularity does not matter to it: visitors read the popular, whereas this one reads people hardly "
        f"anybody else reads (popularity rank {measured.rank:.2f}, where {measured.rank_expected:.2f} is usual)."
    )
    if group.p_value is not None:
        found.append(
            "Chance of finding any such thing in a whole log, if visitors read by popularity, or by tastes that have "
            f"nothing to do with their network, software and pace: {chance(group.p_value)}."
        )
    if group.shares:
        found.append(f"Nearly all of them {listed(_SHARED[s] for s in group.shares if s in _SHARED)}.")
    elif len(h.members) > 1:
        found.append(
            "They have no network, software or pace in common: only whom they read gives them away, and that they take "
            "turns. Visitors who look up whom they know look much the same one by one; some may be among them."
        )
    if group.possible:
        found.append(
            f"{count(len(group.possible), 'other visitor', 'other visitors')} read people hardly anybody else reads, "
            "too, but met the people of these as often as chance would. They are in no number here; a few of the "
            "harvest may be among them."
        )
    return found


def _of_timing(members: tuple[Seen, ...]) -> list[str]:
    found = []
    gaps = [m.gap_mean_s for m in members if m.gap_mean_s]
    spreads = [m.gap_cv for m in members if m.gap_cv is not None]
    if gaps and (said := pace(median(gaps), median(spreads) if spreads else None)):
        found.append(f"Pace{' of each' if len(members) > 1 else ''}: {said}.")
    hours = [sum(m.hours[h] for m in members if len(m.hours) == 24) for h in range(24)]
    begun = min(m.first_s for m in members)
    ended = max(m.last_s for m in members)
    if ended - begun > 3 * 86_400 and sum(hours) >= 200 and min(hours) >= 0.5 * sum(hours) / 24:
        found.append("It goes on at all hours of the day alike; people sleep.")
    sequential = [m.sequential_share for m in members if m.people >= 5]
    if sequential and median(sequential) >= 0.8:
        found.append(f"{share(median(sequential), 1)} of the steps go to the next identifier or one close to it.")
    return found


def _of_signals(members: tuple[Seen, ...]) -> list[str]:
    counts = Counter(code for m in members for code in set(m.signals))
    found = []
    for code, n in sorted(counts.items(), key=lambda i: (-i[1], i[0]))[:6]:
        if n >= max(1, 0.2 * len(members)):
            many = f"{share(n, len(members))} of them {signal_of_many(code)}."
            found.append(f"It {signal(code)}." if len(members) == 1 else many)
    return found
