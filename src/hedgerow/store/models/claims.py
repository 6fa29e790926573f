"""Claims: somebody says that people's information has leaked. What they sent is kept sealed, and erased on schedule."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hedgerow.store.base import Base, Key
from hedgerow.store.models.cases import make_with_tables, refusals


class Claim(Base):
    """One claim."""

    __tablename__ = "claims"
    __table_args__ = (Index("ix_claims_state_received_at", "state", "received_at"),)

    id: Mapped[Key]
    number: Mapped[str] = mapped_column(String(20), unique=True)
    """For people: `L-2026-0001`."""
    intake_key: Mapped[str] = mapped_column(String(64), unique=True)
    """Hash of what came in: the same message is taken up once."""
    site: Mapped[str] = mapped_column(String(100), index=True)
    source: Mapped[str] = mapped_column(String(20))
    """`security_txt`, `form`, `email` or `other`."""
    subject: Mapped[str] = mapped_column(String(300))
    sealed_text: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What was sent; None once it was erased."""
    sealed_contact: Mapped[bytes | None] = mapped_column(LargeBinary)
    """How to reach whoever sent it; None where they did not say, or once it was erased."""
    attachments: Mapped[list[Any]] = mapped_column(default=list)
    """Name, kind, bytes and hash of each; the files stay with the mail."""
    language: Mapped[str] = mapped_column(String(8), default="en")
    received_at: Mapped[datetime]
    taken_up_at: Mapped[datetime]
    taken_up_by: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str] = mapped_column(Text, default="")
    """What it says, in the words of whoever examined it: without people's information."""
    state: Mapped[str] = mapped_column(String(12), default="received")
    """`received`, `examining`, `genuine`, `unfounded` or `hoax`; see `hedgerow.cases.claims.deciding`."""
    acknowledge_by: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None] = mapped_column(String(200))
    examine_by: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(200))
    decision_reason: Mapped[str] = mapped_column(Text, default="")
    case_id: Mapped[str | None] = mapped_column(ForeignKey("cases.id"), index=True)
    erase_after: Mapped[datetime | None]
    """When the raw text, contact and samples go; None while it is open."""
    erased_at: Mapped[datetime | None]
    hoax_proposed_at: Mapped[datetime | None]
    hoax_proposed_by_id: Mapped[str | None] = mapped_column(String(100))
    hoax_proposed_by: Mapped[str | None] = mapped_column(String(200))
    hoax_reason: Mapped[str] = mapped_column(Text, default="")
    hoax_correlation_id: Mapped[str | None] = mapped_column(String(20))
    """The correlation on which the proposal rests."""

    samples: Mapped[list[ClaimSample]] = relationship(order_by="ClaimSample.added_at, ClaimSample.id")
    correlations: Mapped[list[ClaimCorrelation]] = relationship(order_by="ClaimCorrelation.ran_at, ClaimCorrelation.id")
    events: Mapped[list[ClaimEvent]] = relationship(order_by="ClaimEvent.at, ClaimEvent.serial")


class ClaimSample(Base):
    """One record that was sent as proof."""

    __tablename__ = "claim_samples"

    id: Mapped[Key]
    claim_id: Mapped[str] = mapped_column(ForeignKey("claims.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    """`person` (identifier of the site), `fingerprint` (keyed hash of a field's content) or `record` (fields)."""
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """As it was entered; None once it was erased."""
    digest: Mapped[str] = mapped_column(String(64))
    """Keyed hash of the same: says whether a sample was entered twice, and which samples a correlation was about."""
    outcome: Mapped[str] = mapped_column(String(12))
    """`genuine`, `no_match` or `not_checked`."""
    person: Mapped[str | None] = mapped_column(String(300))
    """The site's identifier of whom it is about, where that is known; goes when the sample goes."""
    why: Mapped[str] = mapped_column(Text)
    added_at: Mapped[datetime]
    added_by: Mapped[str] = mapped_column(String(200))
    checked_at: Mapped[datetime | None]


class ClaimCorrelation(Base):
    """One run of the question: who was shown the people of the samples? Never changed, never deleted."""

    __tablename__ = "claim_correlations"

    id: Mapped[Key]
    claim_id: Mapped[str] = mapped_column(ForeignKey("claims.id"), index=True)
    ran_at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(200))
    since: Mapped[datetime]
    until: Mapped[datetime]
    samples_digest: Mapped[str] = mapped_column(String(64))
    people: Mapped[int]
    """Sampled people whom the ledger knows."""
    found: Mapped[list[Any]]
    """Principals, most suspicious first."""
    method: Mapped[str] = mapped_column(Text)
    caveats: Mapped[list[str]]


class ClaimEvent(Base):
    """One line of a claim's timeline. Never changed, never deleted."""

    __tablename__ = "claim_events"

    id: Mapped[Key]
    claim_id: Mapped[str] = mapped_column(ForeignKey("claims.id"), index=True)
    serial: Mapped[int]
    at: Mapped[datetime]
    what: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(200))


APPEND_ONLY = ("claim_correlations", "claim_events")
SQLITE_TRIGGERS, POSTGRESQL_TRIGGERS = refusals(APPEND_ONLY)
make_with_tables(APPEND_ONLY, SQLITE_TRIGGERS, POSTGRESQL_TRIGGERS)
