"""Expand: who else shares a trait with the principals of a case, and what ties these to each other. With the reason.

Traits are those of the audit (`hedgerow.audit.traits`): network, client, account, kind of page, pace; and the people
themselves. A trait that many visitors have ties nobody, and is named as such instead of listing everybody who has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import duckdb
from pyroaring import BitMap

from hedgerow.audit.traits import FEWEST_PAGES, pace, shared
from hedgerow.audit.wording import count, number, share
from hedgerow.audit.wording import pace as pace_in_words
from hedgerow.cases.core.actors import Reader, readers, union
from hedgerow.ledger.questions.period import Period
from hedgerow.ledger.questions.refs import Group

RARE_SHARE: Final = 0.05
RARE: Final = 20
"""A trait ties only where at most so large a share of all actors has it, or so few."""
FEWEST_PEOPLE: Final = 10
OVERLAP: Final = 0.5
LIFT: Final = 2.0
"""Overlap of people: at least half of what an actor was shown (ten people or more), twice what chance would give."""
MOST_OTHERS: Final = 500

TRAITS: Final = {
    "network": "the same network",
    "client": "the same software",
    "account": "the same account",
    "template": "the same kind of page, at the same time",
    "timing": "the same pace, at the same time",
    "people": "the same people",
}
"""What can be shared, for the screen and the reference."""


@dataclass(frozen=True)
class Other:
    """Somebody who is not in the case and shares something with it."""

    reader: Reader
    shares: tuple[str, ...]
    """Names of traits."""
    reasons: tuple[str, ...]
    """A sentence each."""
    new_people: int
    """People it was shown that the case does not know yet."""


@dataclass(frozen=True)
class Expanded:
    """The answer."""

    members: tuple[Reader, ...]
    """The principals of the case, as actors."""
    others: tuple[Other, ...]
    others_in_all: int
    ties: tuple[str, ...]
    """What the principals have in common with each other."""
    too_common: tuple[str, ...]
    """Traits they have that too many others have, too."""
    actors: int
    """Actors that were looked at."""


def expand(
    connection: duckdb.DuckDBPyConnection,
    group: Group,
    period: Period,
    step: Callable[[str], None] = lambda _: None,
) -> Expanded:
    """Looks for others.

    Args:
        connection: With the ledger's views.
        group: The principals of the case.
        period: The stretch of the case; only days with detail show traits.
        step: Told what is being done.
    """
    step("gathers everybody who was shown people")
    found = readers(connection, period, group, step)
    members = [r for r in found if r.meant]
    others = [r for r in found if r.meant < r.pages and not r.vouched]
    if not members:
        return Expanded((), (), 0, (), (), len(found))
    case_people = union(members)
    known = BitMap.union(*(r.people for r in found), BitMap())
    chance = len(case_people) / max(len(known), 1)
    ties, too_common = [], []
    tests: list[tuple[str, Callable[[Reader], bool], str]] = []
    for trait, key_of, told in _SIMPLE:
        for value in sorted({v for m in members if (v := key_of(m)) is not None}):
            having = sum(1 for r in found if key_of(r) == value)
            if having > max(RARE, RARE_SHARE * len(found)):
                too_common.append(
                    f"{told(value)} is no tie: {share(having, len(found))} of all {number(len(found))} have it."
                )
            else:
                tests.append((trait, _has(key_of, value), f"{told(value)}, as principals of the case"))
    step("compares them with the principals of the case")
    answer = []
    for reader in others:
        shares, reasons = [], []
        if reader.meant:
            # Some of its pages are the case's own (its account was used from an address of the case), some are not.
            shares.append("account" if reader.level == "account" else reader.level)
            reasons.append(
                f"{count(reader.meant, 'page')} of its {number(reader.pages)} were read by principals of the case; the "
                "others from elsewhere"
            )
        for trait, test, told_so in tests:
            if test(reader) and (trait == "network" or trait == "client" or _at_once(reader, members)):
                shares.append(trait)
                reasons.append(told_so)
        same = len(reader.people & case_people)
        if (
            len(reader.people) >= FEWEST_PEOPLE
            and same >= OVERLAP * len(reader.people)
            and same >= LIFT * chance * len(reader.people)
        ):
            shares.append("people")
            reasons.append(
                f"{number(same)} of its {number(len(reader.people))} people are people of the case; by chance it "
                f"would be about {number(chance * len(reader.people))}"
            )
        if shares:
            answer.append(Other(reader, tuple(dict.fromkeys(shares)), tuple(reasons), len(reader.people - case_people)))
    answer.sort(key=lambda o: (-len(o.shares), -o.new_people, o.reader.key))
    if len(members) > 1:
        ties = [f"They {_TOGETHER[s]}." for s in shared([m.as_actor() for m in members]) if s in _TOGETHER]
        ties += _people_tie(members, case_people)
    return Expanded(
        tuple(members), tuple(answer[:MOST_OTHERS]), len(answer), tuple(ties), tuple(too_common), len(found)
    )


_TOGETHER: Final = {
    "network": "come from one network",
    "client": "use the same software",
    "template": "read the same kind of page",
    "pace": "go at the same pace",
}


def _people_tie(members: Iterable[Reader], people: BitMap) -> list[str]:
    reads = sum(len(m.people) for m in members)
    again = reads - len(people)
    if reads < FEWEST_PEOPLE:
        return []
    if again <= 0.1 * reads:
        return [
            f"They share the people out: of {number(reads)} people, each counted for itself, "
            f"{f'only {number(again)}' if again else 'none'} had been shown to another one of them."
        ]
    return [f"They were shown {number(len(people))} people together, {number(again)} of them more than once."]


def _paced(reader: Reader) -> str | None:
    found = pace(reader.as_actor())
    if found is None or reader.pages < FEWEST_PAGES or found[1] > 1:
        # Only an even pace says anything: people pause as it comes.
        return None
    return pace_in_words(reader.gap_mean_s, reader.gap_cv)


def _timing(reader: Reader) -> str | None:
    found = _paced(reader)
    return f"{found} ({reader.client or 'software not known'})" if found else None


_SIMPLE: Final[tuple[tuple[str, Callable[[Reader], str | None], Callable[[str], str]], ...]] = (
    ("network", lambda r: r.network, lambda v: f"network {v[:8]}"),
    ("client", lambda r: r.client, lambda v: f"software {v[:8]}"),
    (
        "template",
        lambda r: f"{r.client}\0{r.route}" if r.client and r.route else None,
        lambda v: f"the page `{v.partition(chr(0))[2]}` with software {v[:8]}",
    ),
    ("timing", _timing, lambda v: f"the pace {v.partition(' (')[0]}"),
)


def _has(key_of: Callable[[Reader], str | None], value: str) -> Callable[[Reader], bool]:
    return lambda reader: key_of(reader) == value


def _at_once(reader: Reader, members: Iterable[Reader]) -> bool:
    """Whether it was there while any of the case was, give or take an hour."""
    return any(
        reader.first.timestamp() - 3_600 <= m.last.timestamp()
        and m.first.timestamp() - 3_600 <= reader.last.timestamp()
        for m in members
    )
