"""The shapes of letters in JSON."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

Word = Annotated[str, Field(max_length=64)]
Reason = Annotated[str, Field(max_length=4_000)]


class LetterSummary(BaseModel):
    """One letter in a list."""

    id: str
    number: str
    case_id: str
    kind: str
    title: str
    to: str
    state: str
    version: int
    sent_at: datetime | None
    due_at: datetime | None
    recheck_at: datetime | None
    confirmation: str
    changed_at: datetime


class DueLetter(BaseModel):
    """Something a person has to do about a letter."""

    letter_id: str
    number: str
    case_id: str
    what: str
    due_at: datetime


class VersionSummary(BaseModel):
    """One version of a letter."""

    number: int
    made_at: datetime
    writer: str
    origin: str
    sha256: str
    upload_sha256: str | None
    warnings: list[str]


class Happening(BaseModel):
    """One thing that happened with a letter."""

    act: str
    at: datetime
    by: str
    text: str
    details: dict[str, Any]


class Recheck(BaseModel):
    """One later look."""

    id: str
    due_at: datetime
    after_days: int
    state: str
    outcome: str | None
    note: str
    evidence_sha256: str
    checked_at: datetime | None
    checked_by: str | None


class Rule(BaseModel):
    """A legal rule a letter can name."""

    id: str
    title: str
    source: str
    dated: date | None
    verified: str
    remark: str
    places: list[str]


class KindOfLetter(BaseModel):
    """One kind of letter."""

    kind: str
    title: str
    to: str
    answer_days: int | None
    steps: list[str]


class LetterKinds(BaseModel):
    """What can be written, in which languages, naming which rules."""

    kinds: list[KindOfLetter]
    languages: list[str]
    rules: list[Rule]


class LetterDetail(LetterSummary):
    """One letter, whole."""

    language: str
    recipient: dict[str, Any]
    sender: dict[str, Any]
    particulars: dict[str, Any]
    document: dict[str, Any]
    """The newest version: its parts in their order."""
    sha256: str
    gaps: list[str]
    rules_to_look_up: list[str]
    approved_version: int | None
    approved_at: datetime | None
    approved_by: str | None
    docx_sha256: str | None
    pdf_sha256: str | None
    answer_by: date | None
    zone: str
    channel: str | None
    channel_reference: str
    delivered_at: datetime | None
    answered_at: datetime | None
    versions: list[VersionSummary]
    events: list[Happening]
    rechecks: list[Recheck]


class NewLetter(BaseModel):
    """What a letter is drafted from; the facts come from the case."""

    kind: Word
    language: Word = "en"
    recipient: dict[str, Any] = {}
    sender: dict[str, Any] = {}
    particulars: dict[str, Any] = {}
    follows: Word = ""
    read: Annotated[int | None, Field(ge=1, le=10_000, description="Of a redraft: the version that was read.")] = None


class Part(BaseModel):
    """A change of one part: `rewrite`, `insert` (a paragraph after it) or `remove`."""

    what: Annotated[str, Field(pattern="^(rewrite|insert|remove)$")]
    read: Annotated[int, Field(ge=1, le=10_000, description="The version that was read.")]
    place: Annotated[int, Field(ge=-1, le=10_000)]
    text: Annotated[str, Field(max_length=20_000)] = ""


class Approval(BaseModel):
    """A person answers for a version."""

    version: Annotated[int, Field(ge=1, le=10_000)]
    sources_checked: bool = False


class Why(BaseModel):
    """An act with its reason."""

    reason: Reason


class Sending(BaseModel):
    """How a letter was sent by hand."""

    channel: Word
    proof: Annotated[str, Field(max_length=500)]
    at: Word = ""


class Arrival(BaseModel):
    """That it arrived."""

    proof: Reason
    at: Word = ""


class Return(BaseModel):
    """That it came back."""

    reason: Reason
    at: Word = ""


class AnswerIn(BaseModel):
    """An answer."""

    answer: Word
    summary: Reason
    at: Word = ""
    reply_sha256: Word = ""


class NextStep(BaseModel):
    """The next step, with its reason."""

    step: Word
    reason: Reason


class Look(BaseModel):
    """What a later look found."""

    outcome: Word
    text: Reason
