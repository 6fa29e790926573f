"""Two policies on the same traffic: what each does, and to whom the second does something else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from hedgerow.audit.findings import CAVEAT
from hedgerow.audit.gathering import MUCH_PEOPLE, MUCH_SHARE
from hedgerow.audit.replaying import VOUCHED, Json, Replay, Seen, seen
from hedgerow.audit.wording import number, share
from hedgerow.policy.defaults import ACTIONS

MOST_NAMED: Final = 20
KINDS: Final = {
    "likely_people": "likely people",
    "large": "large readers",
    "automation": "declared programs",
    "vouched": "search engines and the like",
}
"""Kinds of visitors. Large readers are those who read as many people as an audit would call a harvest."""

Key = tuple[str, str | None, str | None]


@dataclass
class Column:
    """What one policy does."""

    verdicts: dict[str, int] = field(default_factory=dict)
    people_reads: int = 0
    withheld: int = 0
    touched: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    withheld_of: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))

    def add(self, actor: Seen, kind: str) -> None:
        """Counts an actor."""
        for action, n in actor.verdicts.items():
            self.verdicts[action] = self.verdicts.get(action, 0) + n
        self.people_reads += actor.people
        self.withheld += actor.masked
        self.touched[kind] += actor.stopped > 0
        self.withheld_of[kind] += actor.masked

    def as_json(self) -> Json:
        """For programs."""
        return {
            "verdicts": {a: self.verdicts.get(a, 0) for a in ACTIONS},
            "people_reads": self.people_reads,
            "withheld": self.withheld,
            "touched": self.touched,
            "withheld_of": self.withheld_of,
        }


def compare(before: Replay, after: Replay, people: int) -> Json:
    """What changes from the policy in force to the one that is tried."""
    first, second = Column(), Column()
    old: dict[Key, Seen] = {}
    actors = dict.fromkeys(KINDS, 0)
    for actor in seen(before):
        old[_key(actor)] = actor
        first.add(actor, _kind(actor, people))
    changed: list[tuple[int, Seen, Seen | None]] = []
    stricter = milder = 0
    for actor in seen(after):
        kind = _kind(actor, people)
        actors[kind] += 1
        second.add(actor, kind)
        was = old.get(_key(actor))
        harder = (actor.masked, actor.stopped), (was.masked, was.stopped) if was else (0, 0)
        if harder[0] != harder[1]:
            stricter += harder[0] > harder[1]
            milder += harder[0] < harder[1]
            changed.append((abs(actor.masked - (was.masked if was else 0)), actor, was))
    changed.sort(key=lambda c: (-c[0], -c[1].people, _key(c[1])[0]))
    return {
        "in_force": first.as_json(),
        "tried": second.as_json(),
        "actors": actors,
        "people": people,
        "stricter": stricter,
        "milder": milder,
        "changed": [
            {
                "address": a.account or a.address,
                "network": a.network,
                "agent": a.agent,
                "kind": _kind(a, people),
                "people": a.people,
                "withheld_in_force": was.masked if was else 0,
                "withheld_tried": a.masked,
                "verdicts_in_force": was.verdicts if was else {},
                "verdicts_tried": a.verdicts,
            }
            for _, a, was in changed[:MOST_NAMED]
        ],
        "caveat": CAVEAT,
    }


def _key(a: Seen) -> Key:
    return a.address, a.client, a.account


def _kind(a: Seen, people: int) -> str:
    if a.lane in VOUCHED:
        return "vouched"
    if a.lane == "automation":
        return "automation"
    return "large" if a.people >= max(MUCH_PEOPLE, MUCH_SHARE * people) else "likely_people"


def in_words(found: Json) -> str:
    """The comparison as a table for the terminal."""
    one, two = found["in_force"], found["tried"]
    rows: list[tuple[str, str, str, str]] = [("", "in force", "tried", "difference")]
    rows += [
        _row(f"requests: {action.replace('_', ' ')}", one["verdicts"][action], two["verdicts"][action])
        for action in ACTIONS
        if one["verdicts"][action] or two["verdicts"][action]
    ]
    rows.append(_row("people withheld (visitor and person)", one["withheld"], two["withheld"]))
    for kind, name in KINDS.items():
        if found["actors"][kind]:
            rows.append(
                _row(
                    f"{name} who meet anything, of {number(found['actors'][kind])}",
                    one["touched"][kind],
                    two["touched"][kind],
                )
            )
    widths = [max(len(r[i]) for r in rows) for i in range(4)]
    lines = ["  ".join([r[0].ljust(widths[0]), *(r[i].rjust(widths[i]) for i in (1, 2, 3))]).rstrip() for r in rows]
    lines += ["", f"Stricter for {number(found['stricter'])} visitors, milder for {number(found['milder'])}."]
    likely = found["actors"]["likely_people"]
    if likely:
        lines.append(
            f"Of the likely people, {share(two['touched']['likely_people'], likely)} would meet anything at all."
        )
    for c in found["changed"][:8]:
        lines.append(
            f"  {c['address'][:12]}  {KINDS[c['kind']]}, read {number(c['people'])} people: "
            f"{number(c['withheld_in_force'])} withheld now, {number(c['withheld_tried'])} then"
        )
    return "\n".join([*lines, "", found["caveat"]])


def _row(name: str, before: int, after: int) -> tuple[str, str, str, str]:
    return name, number(before), number(after), f"{after - before:+,}" if after != before else "same"
