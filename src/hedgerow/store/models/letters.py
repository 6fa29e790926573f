"""Letters: each with every version it ever had, what was done with it, when to look again. Nothing is overwritten."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hedgerow.store.base import Base, Key
from hedgerow.store.models.cases import make_with_tables, refusals


class Letter(Base):
    """One letter, from its draft to its end."""

    __tablename__ = "letters"
    __table_args__ = (
        UniqueConstraint("case_id", "serial"),
        Index("ix_letters_state_due_at", "state", "due_at"),
    )

    id: Mapped[Key]
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    serial: Mapped[int]
    """Counts the letters of a case from 1."""
    number: Mapped[str] = mapped_column(String(40), unique=True)
    """For people, and printed on it: `C-2026-0001-L2`."""
    kind: Mapped[str] = mapped_column(String(30))
    language: Mapped[str] = mapped_column(String(8))
    recipient: Mapped[dict[str, Any]]
    sender: Mapped[dict[str, Any]]
    particulars: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(12), default="draft")
    version: Mapped[int] = mapped_column(default=1)
    """Number of the newest version."""
    follows_id: Mapped[str | None] = mapped_column(ForeignKey("letters.id"), index=True)
    """The letter after which this one was written."""
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(200))
    approved_version: Mapped[int | None]
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[str | None] = mapped_column(String(200))
    docx_sha256: Mapped[str | None] = mapped_column(String(64))
    """The frozen files of the approved version."""
    pdf_sha256: Mapped[str | None] = mapped_column(String(64))
    answer_by: Mapped[date | None] = mapped_column(Date)
    """The day that stands in the newest version."""
    zone: Mapped[str] = mapped_column(String(64), default="UTC")
    sending_at: Mapped[datetime | None]
    """Set while a mail goes out; when it stays set, nobody knows whether it went."""
    channel: Mapped[str | None] = mapped_column(String(20))
    channel_reference: Mapped[str] = mapped_column(String(500), default="")
    """Number of the registered letter, identifier of the message, hash of the picture of the form."""
    sent_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    confirmation: Mapped[str] = mapped_column(String(12), default="none")
    """Of the deletion: `none`, `received` or `contradicted`."""
    closed_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]

    versions: Mapped[list[LetterVersion]] = relationship(order_by="LetterVersion.number")
    events: Mapped[list[LetterEvent]] = relationship(order_by="LetterEvent.recorded_at, LetterEvent.serial")
    rechecks: Mapped[list[LetterRecheck]] = relationship(order_by="LetterRecheck.due_at, LetterRecheck.id")


class LetterVersion(Base):
    """What a letter said at one time. Never changed."""

    __tablename__ = "letter_versions"
    __table_args__ = (UniqueConstraint("letter_id", "number"),)

    id: Mapped[Key]
    letter_id: Mapped[str] = mapped_column(ForeignKey("letters.id"), index=True)
    number: Mapped[int]
    made_at: Mapped[datetime]
    written_by: Mapped[str] = mapped_column(String(200))
    """Identifier of the writer."""
    writer: Mapped[str] = mapped_column(String(200))
    """Name of the writer, as it was."""
    origin: Mapped[str] = mapped_column(String(10))
    """`drafted`, `edited` or `uploaded`."""
    document: Mapped[dict[str, Any]]
    sha256: Mapped[str] = mapped_column(String(64))
    """Of the document's canonical JSON."""
    upload_sha256: Mapped[str | None] = mapped_column(String(64))
    """The uploaded DOCX, as it came."""
    warnings: Mapped[list[str]] = mapped_column(default=list)


class LetterEvent(Base):
    """One thing that was done with a letter or happened to it. Never changed."""

    __tablename__ = "letter_events"
    __table_args__ = (UniqueConstraint("letter_id", "serial"),)

    id: Mapped[Key]
    letter_id: Mapped[str] = mapped_column(ForeignKey("letters.id"), index=True)
    serial: Mapped[int]
    act: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime]
    """When it happened."""
    recorded_at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text, default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)


class LetterRecheck(Base):
    """A day on which somebody looks whether the information is still there."""

    __tablename__ = "letter_rechecks"
    __table_args__ = (Index("ix_letter_rechecks_state_due_at", "state", "due_at"),)

    id: Mapped[Key]
    letter_id: Mapped[str] = mapped_column(ForeignKey("letters.id"), index=True)
    due_at: Mapped[datetime]
    after_days: Mapped[int]
    state: Mapped[str] = mapped_column(String(10), default="open")
    """`open`, `done` or `replaced` (by those that begin with a confirmation)."""
    outcome: Mapped[str | None] = mapped_column(String(20))
    """`gone`, `still_offered` or `unclear`."""
    note: Mapped[str] = mapped_column(Text, default="")
    evidence_sha256: Mapped[str] = mapped_column(String(64), default="")
    checked_at: Mapped[datetime | None]
    checked_by: Mapped[str | None] = mapped_column(String(200))


APPEND_ONLY = ("letter_versions", "letter_events")
SQLITE_TRIGGERS, POSTGRESQL_TRIGGERS = refusals(APPEND_ONLY)
make_with_tables(APPEND_ONLY, SQLITE_TRIGGERS, POSTGRESQL_TRIGGERS)
