"""Which regimes a case comes under: where the people concerned live, and where the operator is established."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from hedgerow.cases.notices.counts import Count
from hedgerow.cases.notices.facts import Facts
from hedgerow.cases.notices.places import ZONES, inside
from hedgerow.cases.notices.rules import Regime


@dataclass(frozen=True)
class Authority:
    """One authority to tell: of a place, with its time zone, its calendar and the people there."""

    place: str
    zone: str
    calendar: str
    people: Count | None


@dataclass(frozen=True)
class Applies:
    """A regime that a case comes under, and why."""

    regime: Regime
    because: tuple[str, ...]
    people: Count | None
    """People concerned in the regime's territory; None where that is not known."""
    authorities: tuple[Authority, ...]
    notes: tuple[str, ...] = ()


def applicable(regimes: Iterable[Regime], facts: Facts) -> list[Applies]:
    """The regimes concerned, in the order of the rule set."""
    found = (_applies(r, facts) for r in regimes)
    return [a for a in found if a is not None]


def without_residence(facts: Facts) -> int:
    """How many people, at most, live in places nobody recorded: other regimes may be concerned."""
    return max(0, (facts.count.high if facts.count else 0) - sum(r.people.low for r in facts.residences))


def law_of(facts: Facts, today: date) -> date:
    """The day whose law is asked: that of awareness, or today while nobody is aware yet."""
    return min((at.date() for at in facts.events.values()), default=today)


def _applies(regime: Regime, facts: Facts) -> Applies | None:
    living = [
        r for r in facts.residences if r.people.high > 0 and any(inside(r.place, within) for within in regime.places)
    ]
    seats = [s for s in facts.organisation.established_in if any(inside(s, within) for within in regime.places)]
    because: list[str] = []
    if "residence" in regime.applies_by:
        because += [f"{r.people} people live in {r.place}{'' if r.people.exact else ', estimated'}" for r in living]
    if "establishment" in regime.applies_by:
        because += [f"the operator is established in {s}" for s in seats]
    if not because:
        return None
    low, high = sum(r.people.low for r in living), sum(r.people.high for r in living)
    methods = sorted({r.people.method for r in living})
    people = Count(low, high, "; ".join(methods)) if living else None
    if regime.time_zone is not None:
        seat = Authority(regime.places[0], regime.time_zone, regime.calendar or regime.places[0], people)
        return Applies(regime, tuple(because), people, (seat,))
    authorities, notes = _authorities(regime, facts, [r.place for r in living], seats)
    return Applies(regime, tuple(because), people, authorities, notes)


def _authorities(
    regime: Regime, facts: Facts, living: list[str], seats: list[str]
) -> tuple[tuple[Authority, ...], tuple[str, ...]]:
    """In the European Economic Area one authority a country; that of a main establishment leads."""
    main = facts.organisation.main_establishment
    countries = list(dict.fromkeys(p.split("-")[0] for p in [*living, *seats]))
    notes: tuple[str, ...] = ()
    if main is not None and any(inside(main, within) for within in regime.places):
        others = [c for c in countries if c != main]
        told = [main]
        if others:
            notes = (
                f"one-stop shop: the authority of {main} leads; those of {', '.join(others)} are concerned. "
                "Check that decisions about the data are really taken there.",
            )
    elif seats:
        told = countries
        notes = (
            "the operator is established here but no main establishment is named, so no authority leads: "
            "name `main_establishment`, or tell each country's authority",
        )
    else:
        told = countries
        notes = ("without an establishment here there is no one-stop shop: each country's authority is told",)
    return tuple(_authority(c, facts) for c in told), notes


def _authority(country: str, facts: Facts) -> Authority:
    here = [r.people for r in facts.residences if inside(r.place, country)]
    people = (
        Count(sum(c.low for c in here), sum(c.high for c in here), "; ".join(sorted({c.method for c in here})))
        if here
        else None
    )
    return Authority(country, ZONES[country], country, people)
