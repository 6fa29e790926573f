"""What a case tells to those who write about it: letters, notices, filings. Read once, frozen, without a database.

`hedgerow.cases.core.telling.case_facts` fills it; letters and filing read it and never the case's tables. Nothing in
here is a guess: what nobody found out is empty, and a number without an exact answer is a range with its method.
Principals are keyed names; an address stands in it only where a person opened it for this case, with a reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from hedgerow.cases.notices.counts import Count, Figure, Figures
from hedgerow.cases.notices.evidence import Affected
from hedgerow.cases.notices.facts import Certainty, EarlierSign, Kind, Residence, Step


@dataclass(frozen=True)
class OpenedAddress:
    """A sealed address that somebody opened for this case."""

    address: str
    opened_at: datetime
    opened_by: str
    reason: str


@dataclass(frozen=True)
class PrincipalFacts:
    """Who received people, as far as is known."""

    id: str
    """Of the row in the case; letters refer to it."""
    level: str
    """`address`, `network`, `session`, `account`, `client`, `licence` or `strangers`."""
    name: str
    """Keyed name; empty for strangers."""
    label: str
    """What people of the site call it, where somebody wrote it; else empty."""
    why: str
    """Why it belongs to the case, in a sentence."""
    opened: OpenedAddress | None = None


@dataclass(frozen=True)
class FieldFacts:
    """One field of people, and whether it reached the other side."""

    name: str
    sensitivity: str
    """`basic`, `personal`, `contact`, `special` or `credentials`."""
    certainty: Certainty
    reason: str
    """Evidence in a sentence: why it is confirmed, possible or excluded."""
    people: int | None = None
    """People with it, as the ledger counts; None where it cannot be counted."""

    def as_kind(self) -> Kind:
        """For the worksheet and the forms of notices."""
        return Kind(self.name, self.certainty, self.reason, self.sensitivity)


@dataclass(frozen=True)
class ContainmentFacts:
    """One measure against the principals of the case."""

    step: str
    """`watch`, `budget`, `prove`, `refuse`, `posture`, `mask`, `close_route`, ..."""
    what: str
    """In a sentence, with on whom or what."""
    started_at: datetime
    effective_at: datetime | None
    ended_at: datetime | None = None


@dataclass(frozen=True)
class EvidenceFacts:
    """One evidence pack, frozen by its hash."""

    name: str
    sha256: str
    """Of its manifest, which names every file with a hash."""
    made_at: datetime
    reason: str


@dataclass(frozen=True)
class ClaimFacts:
    """A claim that is part of the case: somebody said that data has leaked."""

    number: str
    received_at: datetime
    source: str
    summary: str


@dataclass(frozen=True)
class LessonFacts:
    """A change to the controls that came out of the case, or why there is none."""

    change: str
    done_at: datetime | None


@dataclass(frozen=True)
class CaseFacts:
    """One case. All times are aware, UTC."""

    id: str
    number: str
    """`C-2026-0001`."""
    title: str
    summary: str
    """What happened, in sentences that a person wrote or approved; may be empty."""
    site: str
    state: str
    """`open`, `contained`, `closing` or `closed`."""
    origin: str
    """`rule`, `person` or `claim`."""
    opened_at: datetime
    opened_by: str
    closed_at: datetime | None = None

    period_since: datetime | None = None
    """The period the case is about: what the ledger is asked for."""
    period_until: datetime | None = None
    first_disclosure_at: datetime | None = None
    """As the ledger shows it for the principals of the case."""
    last_disclosure_at: datetime | None = None
    detected_at: datetime | None = None
    """When a rule, a person or a claim noticed."""
    contained_at: datetime | None = None
    """When the first measure that stops something took effect."""

    severity: str = "none"
    """`none`, `low`, `medium`, `high` or `critical`."""
    severity_method: str = ""

    principals: tuple[PrincipalFacts, ...] = ()
    ties: tuple[str, ...] = ()
    """What the principals have in common, in sentences."""
    fields: tuple[FieldFacts, ...] = ()
    people: Figures = field(default_factory=Figures)
    """Every figure given, oldest first; the last one holds. Superseded, never overwritten."""
    membership: int | None = None
    """People the site shows altogether."""
    routes: tuple[str, ...] = ()
    """Routes by which people were read."""
    residences: tuple[Residence, ...] = ()
    controls_passed: tuple[str, ...] = ()
    containment: tuple[ContainmentFacts, ...] = ()
    evidence: tuple[EvidenceFacts, ...] = ()
    claims: tuple[ClaimFacts, ...] = ()
    warnings: tuple[EarlierSign, ...] = ()
    """Earlier claims and anomalies about the same people or principals: a first notice lists them."""
    timeline: tuple[Step, ...] = ()
    lessons: tuple[LessonFacts, ...] = ()
    caveats: tuple[str, ...] = ()
    """What the ledger cannot tell about this case, in sentences."""

    @property
    def count(self) -> Count | None:
        """People affected as known now: exact, or a range with its method; None before anybody counted."""
        return self.people.current.count if self.people.current else None

    @property
    def figure(self) -> Figure | None:
        """The same with who gave it and when."""
        return self.people.current

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The fields, as the notices' worksheet and forms take them."""
        return tuple(f.as_kind() for f in self.fields)

    def affected(self) -> Affected | None:
        """The door of the notices' worksheet, where a count and the times are known."""
        if self.count is None or self.first_disclosure_at is None or self.last_disclosure_at is None:
            return None
        return Affected(
            people=self.count,
            kinds=self.kinds,
            first_seen=self.first_disclosure_at,
            last_seen=self.last_disclosure_at,
            residences=self.residences,
            membership=self.membership,
            controls_passed=self.controls_passed,
        )
