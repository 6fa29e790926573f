"""Notices of a case: what was stated, decided, sent and kept. Rows are added; what they replace stays beside them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hedgerow.store.base import Base, Json, Key
from hedgerow.store.models.cases import make_with_tables, refusals


class NoticeStatement(Base):
    """One thing that somebody stated for the notices of a case: an answer of the worksheet, a place, a moment.

    The latest row of a key holds. `case_id` is NULL for what is true of the site in every case: the organisation.
    """

    __tablename__ = "notice_statements"
    __table_args__ = (UniqueConstraint("case_id", "key", "number", name="uq_notice_statements_number"),)

    id: Mapped[Key]
    case_id: Mapped[str | None] = mapped_column(ForeignKey("cases.id"))
    key: Mapped[str] = mapped_column(String(120))
    """Path in the shape of a case's facts: `answers.Q1`, `events.aware`, `residences.FR`, `plain_words.en`."""
    number: Mapped[int]
    """Of this key in this case, from 1: two people who answer at once do not overwrite each other."""
    value: Mapped[Any] = mapped_column(Json, nullable=True)
    """NULL: it was taken back."""
    why: Mapped[str] = mapped_column(Text, default="")
    by: Mapped[str] = mapped_column(String(200))
    by_id: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime]


class NoticeDecision(Base):
    """A signed answer to the question of one duty of one regime, bound by hashes to what it was taken on."""

    __tablename__ = "notice_decisions"
    __table_args__ = (Index("ix_notice_decisions_case", "case_id", "regime", "duty"),)

    id: Mapped[Key]
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    regime: Mapped[str] = mapped_column(String(20))
    duty: Mapped[str] = mapped_column(String(20))
    outcome: Mapped[str] = mapped_column(String(20))
    reasons: Mapped[str] = mapped_column(Text)
    factors: Mapped[dict[str, Any]]
    by: Mapped[str] = mapped_column(String(200))
    by_id: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime]
    rules: Mapped[str] = mapped_column(String(64))
    """Digest of the rule set."""
    rule_version: Mapped[date]
    facts: Mapped[str] = mapped_column(String(64))
    """Digest of the facts as they were."""
    parts: Mapped[dict[str, Any]]
    """Digest of each part of the facts: later it can be said which ones changed."""
    signature: Mapped[str] = mapped_column(String(64))
    """SHA-256 over all of the above; the trail has it too."""


class NoticeLateness(Base):
    """Why something was not done in time."""

    __tablename__ = "notice_lateness"

    id: Mapped[Key]
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    regime: Mapped[str] = mapped_column(String(20))
    duty: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(200))
    by_id: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime]


class NoticeFiling(Base):
    """One notice as it left: first, supplement or withdrawal, with what it said."""

    __tablename__ = "notice_filings"
    __table_args__ = (
        UniqueConstraint("case_id", "regime", "duty", "number", name="uq_notice_filings_number"),
        Index("ix_notice_filings_case", "case_id", "at"),
    )

    id: Mapped[Key]
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    regime: Mapped[str] = mapped_column(String(20))
    duty: Mapped[str] = mapped_column(String(20))
    number: Mapped[int]
    """In its series, from 1: two people who send at once collide here instead of telling an authority twice."""
    kind: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime]
    """When it left, as a person says."""
    recorded_at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(200))
    by_id: Mapped[str] = mapped_column(String(100))
    way: Mapped[str] = mapped_column(String(500), default="")
    """How it was sent, and the receipt: the authority's number."""
    given: Mapped[list[str]]
    open: Mapped[list[str]]
    promised: Mapped[date | None]
    people: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """The number of people it stated: low, high, method."""
    reason: Mapped[str] = mapped_column(Text, default="")
    content: Mapped[list[Any]]
    """What it said, content by content, frozen."""
    facts: Mapped[str] = mapped_column(String(64))


class NoticeDue(Base):
    """What waits for a person, by when: reckoned from the rows above and from the case, so that lists need one query.

    The only table here whose rows are replaced: it holds nothing that is not said elsewhere.
    """

    __tablename__ = "notice_due"
    __table_args__ = (Index("ix_notice_due_order", "due_at"),)

    id: Mapped[Key]
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    regime: Mapped[str] = mapped_column(String(20))
    duty: Mapped[str] = mapped_column(String(20))
    what: Mapped[str] = mapped_column(String(20))
    """`decide`, `do`, `supplement`, `aware`, `late_reason` or `record`."""
    mandatory: Mapped[bool]
    due_at: Mapped[datetime | None]
    """None: the law has no number, or the clock does not run."""
    by_law: Mapped[bool]
    """Whether `due_at` is the law's; else it is what an authority expects, what was promised, or a house rule."""
    words: Mapped[str] = mapped_column(String(500))
    zone: Mapped[str] = mapped_column(String(64))
    place: Mapped[str] = mapped_column(String(10))
    running: Mapped[bool]
    reckoned_at: Mapped[datetime]


class NoticePublic(Base):
    """A public notice instead of telling each person, with its justification."""

    __tablename__ = "notice_public"

    id: Mapped[Key]
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    regime: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(40))
    explained: Mapped[str] = mapped_column(Text)
    where: Mapped[list[str]]
    reach_low: Mapped[int]
    reach_high: Mapped[int]
    reach_method: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(200))
    by_id: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime]


class BreachEntry(Base):
    """One state of one case in the register of one regime; the latest holds, earlier ones stay."""

    __tablename__ = "breach_entries"
    __table_args__ = (
        UniqueConstraint("case_id", "regime", "number", name="uq_breach_entries_number"),
        Index("ix_breach_entries_keep", "keep_until"),
    )

    id: Mapped[Key]
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    regime: Mapped[str] = mapped_column(String(20))
    number: Mapped[int]
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(200))
    by_id: Mapped[str] = mapped_column(String(100))
    entry: Mapped[dict[str, Any]]
    """As the register is exported."""
    keep_until: Mapped[date | None]
    keep_rests_on: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 over `entry`."""


class Mailing(Base):
    """Notices to people by mail: who approved which words, how fast they go, and when the addresses are deleted."""

    __tablename__ = "mailings"

    id: Mapped[Key]
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    regime: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    """`draft`, `sending`, `paused`, `done` or `stopped`."""
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(String(200))
    file_sha256: Mapped[str] = mapped_column(String(64))
    people: Mapped[int]
    """Lines of the operator's file that were taken."""
    default_language: Mapped[str] = mapped_column(String(8))
    per_minute: Mapped[int]
    delete_after_days: Mapped[int]
    texts: Mapped[dict[str, Any]]
    """Subject and text by language, frozen at the approval."""
    given: Mapped[list[str]]
    """Contents the texts have, by their codes."""
    facts: Mapped[str] = mapped_column(String(64), default="")
    """Digest of the facts that the texts were made of."""
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[str] = mapped_column(String(200), default="")
    approved_by_id: Mapped[str] = mapped_column(String(100), default="")
    done_at: Mapped[datetime | None]
    delete_at: Mapped[datetime | None]
    """When the addresses go: so many days after the last notice left, or after a file was left unused."""
    deleted_at: Mapped[datetime | None]
    filing_id: Mapped[str | None] = mapped_column(ForeignKey("notice_filings.id"))


class MailingRecipient(Base):
    """One person to tell. Address and name are emptied on the stated schedule; that the person was told stays."""

    __tablename__ = "mailing_recipients"
    __table_args__ = (
        UniqueConstraint("mailing_id", "person", name="uq_mailing_recipients_person"),
        Index("ix_mailing_recipients_next", "mailing_id", "state", "next_at"),
    )

    id: Mapped[Key]
    mailing_id: Mapped[str] = mapped_column(ForeignKey("mailings.id", ondelete="CASCADE"))
    person: Mapped[str] = mapped_column(String(500))
    """The site's own identifier."""
    address: Mapped[str] = mapped_column(String(320))
    name: Mapped[str] = mapped_column(String(500))
    language: Mapped[str] = mapped_column(String(8))
    message_id: Mapped[str] = mapped_column(String(200), unique=True)
    """Made before the first attempt and never changed: what is sent twice is one message to whoever receives it."""
    state: Mapped[str] = mapped_column(String(20))
    """`waiting`, `sending`, `sent`, `bounced` or `failed`."""
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    said: Mapped[str] = mapped_column(String(300), default="")
    """What the server answered, without the address."""


APPEND_ONLY = ("notice_statements", "notice_decisions", "notice_lateness", "notice_filings", "notice_public")
"""Not `breach_entries`: those are deleted once their period of the law is over, and carry a digest."""
SQLITE_TRIGGERS, POSTGRESQL_TRIGGERS = refusals(APPEND_ONLY)
make_with_tables(APPEND_ONLY, SQLITE_TRIGGERS, POSTGRESQL_TRIGGERS)
