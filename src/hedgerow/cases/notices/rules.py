"""A regime as data: who must be told, under which test, by when, with which contents, and how sure we are of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from hedgerow.cases.notices.codes import Code, Duty, Event


class Status(StrEnum):
    """What a rule rests on."""

    LAW = "law"
    GUIDANCE = "guidance"
    PROPOSAL = "proposal"


class Verified(StrEnum):
    """Whether the rule was compared with the text it rests on."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"


class Unit(StrEnum):
    """How a period is counted."""

    HOURS = "hours"
    """They run through nights, week-ends and holidays."""
    DAYS = "days"
    """Calendar days; the day of the event is not counted."""
    BUSINESS_DAYS = "business_days"
    """Neither week-end nor public holiday at the authority's seat; the day of the event is not counted."""


@dataclass(frozen=True)
class Period:
    """A number of units after an event."""

    amount: int
    unit: Unit
    event: Event
    roll: bool = False
    """Whether a period in days that ends on a week-end or holiday goes on to the next working day."""


@dataclass(frozen=True)
class AtOnce:
    """No number in the law: its words, and from when they run."""

    words: str
    event: Event


@dataclass(frozen=True)
class AfterAuthority:
    """Together with the authority's notice or after it."""

    words: str


Limit = Period | AtOnce | AfterAuthority


@dataclass(frozen=True)
class Test:
    """What a person has to decide. Never computed: `people_at_least` is only shown beside the question."""

    __test__ = False  # not a test of pytest

    name: str
    question: str
    factors: dict[str, str]
    """What the reasons must go into: name and question of each factor."""
    people_at_least: int | None = None
    """Number of people that meets the test alone, where the regime has such a limb."""
    counted: str = "territory"
    """Whose number: people in the regime's `territory`, or `all` people concerned."""


@dataclass(frozen=True)
class Notice:
    """One notice a regime asks for."""

    test: Test
    limit: Limit
    mandatory: bool = True
    """False where notice is only urged or advised."""
    expected: Period | None = None
    """What the authority expects where the law has no number."""
    fields: tuple[Code, ...] = ()
    also: tuple[Code, ...] = ()
    """Asked for by the authority's form beyond the law."""
    forbidden: tuple[str, ...] = ()
    """What the people's notice must not say."""
    modes: tuple[str, ...] = ()
    """Ways in which people may be told, in their order."""
    public_notice: tuple[str, ...] = ()
    """Reasons that allow a public notice instead."""
    exceptions: tuple[str, ...] = ()
    """When people need not be told, in a sentence each; a person relies on one, with reasons."""


@dataclass(frozen=True)
class RegisterRule:
    """What is recorded and for how long."""

    scope: str
    """`all` breaches, or only the `notified` ones."""
    keep_months: int | None
    """None where the law has no period."""
    keep_from: Event | None


@dataclass(frozen=True)
class Source:
    """Where a rule comes from and how it was looked at."""

    text: str
    dated: date | None
    how: str
    """`read`: the text itself or a copy of it; `regulator`: the authority's own page; `summary`; `memory`."""
    checked: date | None
    remark: str


@dataclass(frozen=True)
class Regime:
    """One regime."""

    id: str
    title: str
    version: date
    status: Status
    authority: str
    authority_name: str
    complain_at: str
    places: tuple[str, ...]
    applies_by: tuple[str, ...]
    time_zone: str | None
    """None: that of the authority's place."""
    calendar: str | None
    """Holiday calendar; None: that of the authority's place."""
    verified: Verified
    unverified: tuple[str, ...]
    sources: tuple[Source, ...]
    assess: Period | None
    to_authority: Notice | None
    to_people: Notice | None
    to_third_parties: Notice | None
    register: RegisterRule | None
    phased: bool
    extra_rules: tuple[str, ...]
    language: str | None
    enabled_from: date | None
    """From when a proposal counts; None: not yet."""
    replaces: str | None
    inherits: str | None
    notes: tuple[str, ...]

    def in_force(self, day: date) -> bool:
        """Whether the rule counts on a day. A proposal counts from its dated switch, and never without one."""
        if self.status is Status.PROPOSAL:
            return self.enabled_from is not None and day >= self.enabled_from
        return self.enabled_from is None or day >= self.enabled_from

    def notice(self, duty: Duty) -> Notice | None:
        """The notice of one duty."""
        return {
            Duty.AUTHORITY: self.to_authority,
            Duty.PEOPLE: self.to_people,
            Duty.THIRD_PARTIES: self.to_third_parties,
        }.get(duty)


EXTRA_RULES: Final[dict[str, str]] = {
    "list_possible_data": "The first notice lists information that may be involved, beside what is confirmed.",
    "attach_prior_warnings": "Earlier claims and anomalies that may be connected are attached.",
    "track_supplement": "A promised follow-up is a deadline with an owner.",
}

FORBIDDEN: Final[dict[str, str]] = {
    "other_individuals": "Nothing about other people concerned.",
    "holder_identity_unless_serious_threat": "Not who holds the information, unless that is needed against a serious "
    "threat to life or health.",
}

PUBLIC_NOTICE: Final[dict[str, str]] = {
    "disproportionate_effort": "Telling each person would take an effort out of proportion.",
    "no_contact_data": "There is no way to reach the people directly.",
    "equal_effect": "A public announcement informs people equally well.",
    "further_harm": "Telling each person directly would do further harm.",
    "ordered": "The authority asked for it.",
}

MODES: Final[dict[str, str]] = {
    "all": "Everybody whose information is concerned.",
    "at_risk": "Only those at risk of harm.",
    "publish": "A statement on the site that is also made known.",
}
