"""Appeals of visitors who were stopped, and what was learnt from them. What somebody wrote is kept sealed, and goes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from hedgerow.store.base import Base, Json, Key


class Appeal(Base):
    """One appeal."""

    __tablename__ = "appeals"
    __table_args__ = (Index("ix_appeals_state_received_at", "state", "received_at"),)

    id: Mapped[Key]
    letter_id: Mapped[str] = mapped_column(String(32), unique=True)
    """Of the gateway's letter: the same letter is taken up once."""
    number: Mapped[str] = mapped_column(String(20), index=True)
    """The number that the visitor was given."""
    site: Mapped[str] = mapped_column(String(100), index=True)
    reference: Mapped[str | None] = mapped_column(String(20), index=True)
    """Of the verdict it is about; None where the visitor gave none."""
    received_at: Mapped[datetime]
    taken_up_at: Mapped[datetime]
    answer_by: Mapped[datetime]
    lane: Mapped[str] = mapped_column(String(30))
    asn: Mapped[int | None] = mapped_column(BigInteger)
    """Number of the autonomous system: 32 bits without a sign (RFC 6793), more than PostgreSQL's INTEGER takes."""
    network_kind: Mapped[str] = mapped_column(String(30), default="unknown")
    """As the gateway's tables said when it came."""
    aid: Mapped[bool]
    """Says to use a screen reader or another aid."""
    no_script: Mapped[bool]
    """Says that the browser works without JavaScript."""
    names: Mapped[dict[str, Any]]
    """Keyed names by level: what a release is taken about. Empty once erased."""
    sealed_text: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What was written; None once it was erased."""
    sealed_reply: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Where to answer; None where nobody said, or once it was erased."""
    verdict: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """The verdict explained, without people; None while nobody could say."""
    state: Mapped[str] = mapped_column(String(10), default="open")
    """`open` or `answered`."""
    outcome: Mapped[str | None] = mapped_column(String(10))
    """`upheld`, `wrong` or `partly`."""
    answer: Mapped[str] = mapped_column(Text, default="")
    """What the visitor is told, in words."""
    reason: Mapped[str] = mapped_column(Text, default="")
    """Why it was decided so, for those who come later."""
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None] = mapped_column(String(200))
    mail: Mapped[str] = mapped_column(String(12), default="none")
    """`none` (nothing to send), `to_send`, `sent` or `failed`."""
    mail_words: Mapped[str] = mapped_column(String(300), default="")
    """Why it was not sent."""
    message_id: Mapped[str] = mapped_column(String(200), default="")
    mailed_at: Mapped[datetime | None]
    """When it was sent; while it is `to_send`, since when somebody is sending it."""
    measure_id: Mapped[str | None] = mapped_column(String(64))
    """The release."""
    erase_after: Mapped[datetime]
    """When words, address and names go."""
    erased_at: Mapped[datetime | None]


class AppealExample(Base):
    """A verdict that was wrong, as an example to train and test with. Nothing in it is about a person."""

    __tablename__ = "appeal_examples"

    id: Mapped[Key]
    appeal_id: Mapped[str] = mapped_column(ForeignKey("appeals.id"), unique=True)
    site: Mapped[str] = mapped_column(String(100), index=True)
    reference: Mapped[str | None] = mapped_column(String(20))
    label: Mapped[str] = mapped_column(String(20))
    """`ordinary`: stopped by mistake."""
    signals: Mapped[list[Any]]
    """Code and points of each reason of the verdict."""
    features: Mapped[dict[str, Any]]
    """Lane, route, standing, action, mode, whether without JavaScript or with an aid."""
    made_at: Mapped[datetime]
