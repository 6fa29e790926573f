"""What can be told to somebody outside: a closed list of kinds, and one happening in words.

A happening says what happened, what has to be decided and by when. It never holds a person's information, an
identifier of a person, an address of a principal or a principal's name: whoever wants those opens the console.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

SEVERITIES: Final = ("note", "low", "medium", "high", "critical")
"""From least to most."""
LONGEST: Final = 500
"""Longest sentence, in characters."""


@dataclass(frozen=True)
class Kind:
    """One kind of happening."""

    name: str
    sentence: str
    usual: str
    """Its usual severity."""


KINDS: Final[dict[str, Kind]] = {
    k.name: k
    for k in (
        Kind("case.opened", "A case was opened by a rule, a person or a claim.", "high"),
        Kind("case.severity", "The severity of a case was set or changed.", "high"),
        Kind("case.contained", "The first measure that stops something took effect.", "medium"),
        Kind("case.closed", "A case was closed.", "note"),
        Kind("claim.received", "Somebody says that information has leaked.", "high"),
        Kind("appeal.received", "A visitor asks a person to look at a verdict.", "low"),
        Kind(
            "alarm.coverage", "One principal, or several that belong together, have read unusually many people.", "high"
        ),
        Kind("alarm.bait", "A fictitious person was read or used.", "medium"),
        Kind("posture.raised", "The site became tense: strangers together are shown unusually many people.", "medium"),
        Kind("measure.set", "Somebody set a measure against a principal.", "low"),
        Kind("measure.ending", "A measure will soon end by itself.", "low"),
        Kind("measure.ended", "A measure expired or was released.", "note"),
        Kind(
            "deadline.near",
            "Something is due soon: a notice, a task, an appeal, a claim, an answer, a review.",
            "high",
        ),
        Kind("deadline.missed", "Something was due and is not done.", "critical"),
        Kind("notice.decided", "A notice was decided and signed.", "note"),
        Kind("notice.filed", "A notice to an authority or to people was recorded as sent.", "note"),
        Kind("mailing.done", "Every notice of a mailing has left.", "note"),
        Kind("mailing.stuck", "Notices to people do not leave: the mail server cannot be used.", "high"),
        Kind("letter.overdue", "A letter was not answered in time.", "medium"),
        Kind("review.due", "The review of the month before waits for its signature.", "low"),
        Kind("policy.waiting", "A change of the policy waits for a second person.", "medium"),
        Kind("settings.wrong", "outward.toml has mistakes: the former settings stay in force.", "medium"),
        Kind("edge.down", "The gateway does not answer.", "critical"),
        Kind("test", "A test message from the settings page.", "note"),
    )
}


class HappeningError(ValueError):
    """A happening that may not be told as it is."""


@dataclass(frozen=True)
class Happening:
    """One thing that happened."""

    id: str
    """The same for the same happening: it is told once."""
    kind: str
    at: datetime
    title: str
    """What happened, in a sentence."""
    severity: str
    decide: str = ""
    """What somebody has to decide or do; empty when nothing."""
    by: datetime | None = None
    """By when."""
    case: str = ""
    """Number of the case, as C-2026-0001."""
    path: str = "/"
    """Where in the console."""
    site: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise HappeningError(f"there is no kind `{self.kind[:40]}`; there are {', '.join(KINDS)}")
        if self.severity not in SEVERITIES:
            raise HappeningError(f"a severity is one of {', '.join(SEVERITIES)}")
        if not self.path.startswith("/") or "//" in self.path:
            raise HappeningError("a path starts with one slash: it leads into the console")
        for text in (self.title, self.decide):
            if len(text) > LONGEST:
                raise HappeningError(f"a sentence has at most {LONGEST} characters")
            if any(not c.isprintable() for c in text):
                raise HappeningError("a sentence is one line of text")
            if _MAIL.search(text) or _ADDRESS.search(text):
                raise HappeningError("a notification holds no mail address and no network address")
        if self.at.tzinfo is None or (self.by is not None and self.by.tzinfo is None):
            raise HappeningError("a moment has a time zone")

    def as_data(self) -> dict[str, Any]:
        """For the outbox and for webhooks."""
        return {
            "id": self.id,
            "type": self.kind,
            "at": _moment(self.at),
            "severity": self.severity,
            "title": self.title,
            "decide": self.decide,
            "by": _moment(self.by) if self.by else None,
            "case": self.case or None,
            "path": self.path,
            "site": self.site or None,
        }


_MAIL: Final = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_ADDRESS: Final = re.compile(
    r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])|(?<![\w:])[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){3,7}(?!\w)"
)


def from_data(data: dict[str, Any]) -> Happening:
    """A happening as the outbox kept it."""
    return Happening(
        id=data["id"],
        kind=data["type"],
        at=datetime.fromisoformat(data["at"]),
        title=data["title"],
        severity=data["severity"],
        decide=data["decide"],
        by=datetime.fromisoformat(data["by"]) if data["by"] else None,
        case=data["case"] or "",
        path=data["path"],
        site=data["site"] or "",
    )


def at_least(severity: str, least: str) -> bool:
    """Whether a severity reaches another."""
    return SEVERITIES.index(severity) >= SEVERITIES.index(least)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
