"""The facts of a case, typed. Everything may be absent: what is not known stays missing and is listed as missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from hedgerow.cases.notices.codes import Event
from hedgerow.cases.notices.counts import Count, Figures


class Certainty(StrEnum):
    """Whether a kind of information reached the other side. A first notice lists all three."""

    CONFIRMED = "confirmed"
    POSSIBLE = "possible"
    EXCLUDED = "excluded"


@dataclass(frozen=True)
class Contact:
    """Somebody who can answer questions."""

    name: str
    email: str = ""
    phone: str = ""
    role: str = ""


@dataclass(frozen=True)
class Organisation:
    """Who answers for the site."""

    name: str = ""
    identifiers: tuple[str, ...] = ()
    sector: str = ""
    size: str = ""
    address: str = ""
    established_in: tuple[str, ...] = ()
    """Codes of places where it has an establishment."""
    main_establishment: str | None = None
    """The one of them where decisions about the data are taken."""
    contact: Contact | None = None
    officer: Contact | None = None
    """Data-protection officer, if there is one."""
    representatives: tuple[tuple[str, str], ...] = ()
    """Place and name of each local representative."""


@dataclass(frozen=True)
class Kind:
    """A kind of information, as the ledger or the people map shows it."""

    name: str
    certainty: Certainty
    reason: str
    """Why it is confirmed, possible or excluded: evidence, never a guess."""
    sensitivity: str = "personal"
    """`basic`, `personal`, `contact` or `special`, as in the people map; `credentials` beside them."""


@dataclass(frozen=True)
class Group:
    """People of one sort."""

    name: str
    children: bool = False
    at_risk: bool = False
    count: Count | None = None


@dataclass(frozen=True)
class Residence:
    """How many of the people live in one place (ISO 3166: `FR`, `CA-QC`, `US-CA`)."""

    place: str
    people: Count


@dataclass(frozen=True)
class Step:
    """Something that was done, and when."""

    at: datetime
    what: str


@dataclass(frozen=True)
class EarlierSign:
    """A claim or anomaly before the case that might have been about it. It goes into the first notice."""

    at: datetime
    what: str


@dataclass(frozen=True)
class Holder:
    """Who has the information, as far as is known."""

    name: str
    names_to_keep_out: tuple[str, ...] = ()
    """Other spellings and handles that must not appear in what people are told."""
    serious_threat: str = ""
    """Why naming the holder is needed against a serious threat to life or health; empty when it is not."""


@dataclass(frozen=True)
class Facts:
    """One case. Times are aware datetimes."""

    reference: str
    organisation: Organisation = field(default_factory=Organisation)
    narrative: str = ""
    plain_words: dict[str, str] = field(default_factory=dict)
    """What happened in words for the people concerned, by language."""
    cause: str = ""
    period_from: date | None = None
    period_to: date | None = None
    period_note: str = ""
    """Why the period is an approximation; empty when it is not."""
    events: dict[Event, datetime] = field(default_factory=dict)
    awareness: str = ""
    """How the organisation became aware and who told it."""
    steps: tuple[Step, ...] = ()
    nature: tuple[str, ...] = ()
    """Of `confidentiality`, `integrity`, `availability`."""
    systems: tuple[str, ...] = ()
    processors: tuple[str, ...] = ()
    holder: Holder | None = None
    kinds: tuple[Kind, ...] = ()
    records: Count | None = None
    groups: tuple[Group, ...] = ()
    people: Figures = field(default_factory=Figures)
    residences: tuple[Residence, ...] = ()
    harms: tuple[str, ...] = ()
    """Codes of likely harms; the words are in the language packs."""
    severity: str = ""
    """Result with its method, as `severity` gives it or a person wrote it."""
    in_place: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    planned: tuple[str, ...] = ()
    plain_taken: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Measures taken, in words for the people concerned, by language."""
    plain_planned: dict[str, tuple[str, ...]] = field(default_factory=dict)
    told_people: str = ""
    why_people: str = ""
    """Why there is a public notice, a delay, an exception, or no notice to people."""
    told_others: tuple[str, ...] = ()
    warnings: tuple[EarlierSign, ...] = ()
    answers: dict[str, str] = field(default_factory=dict)
    """Answers to the worksheet: `Q1` to `Q8`."""

    @property
    def count(self) -> Count | None:
        """The number of people that holds now."""
        return self.people.current.count if self.people.current else None
