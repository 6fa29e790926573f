"""Happenings as OCSF events of schema 1.8.0, as JSON lines or through a webhook.

What was noticed is a Detection Finding (2004), what is owed by a moment or late is a Compliance Finding (2003). Source:
ocsf/ocsf-schema at release 1.8.0 (16 March 2026), `events/findings/detection_finding.json`,
`events/findings/compliance_finding.json` and the objects they use. Only attributes of that release are written; what
has no place there goes into `unmapped`, as the schema says. A finding has one identifier for its life: a case's number,
so that its opening, changes and closing are one finding.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from hedgerow import __version__
from hedgerow.outward.happenings import KINDS
from hedgerow.outward.settings import OutwardError

SCHEMA: Final = "1.8.0"
CLASS: Final = 2004
COMPLIANCE_CLASS: Final = 2003
CATEGORY: Final = 2
FILE: Final = "ocsf-events.jsonl"
CREATE, UPDATE, CLOSE = 1, 2, 3
ACTIVITIES: Final = {CREATE: "Create", UPDATE: "Update", CLOSE: "Close"}
FINDINGS: Final[dict[str, tuple[int, bool]]] = {
    "case.opened": (CREATE, True),
    "case.severity": (UPDATE, False),
    "case.contained": (UPDATE, False),
    "case.closed": (CLOSE, False),
    "claim.received": (CREATE, True),
    "alarm.coverage": (CREATE, True),
    "alarm.bait": (CREATE, True),
    "posture.raised": (CREATE, True),
    "test": (CREATE, False),
}
"""Kinds of happenings that were noticed: their activity, and whether they are an alert. Mail is no finding."""
WARNING, FAIL = 2, 3
DUTIES: Final[dict[str, tuple[int, bool]]] = {
    "review.due": (WARNING, False),
    "deadline.near": (WARNING, False),
    "deadline.missed": (FAIL, True),
    "letter.overdue": (FAIL, False),
}
"""Kinds of happenings about what is owed by a moment: `compliance.status_id`, and whether they are an alert."""
TOLD: Final = frozenset({*FINDINGS, *DUTIES})
"""Everything that is told as an event."""
_COMPLIANCE_WORDS: Final = {WARNING: "Warning", FAIL: "Fail"}
_SEVERITY: Final = {"note": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}
_SEVERITY_WORDS: Final = {1: "Informational", 2: "Low", 3: "Medium", 4: "High", 5: "Critical"}
_STATUS: Final = {CREATE: (1, "New"), UPDATE: (2, "In Progress"), CLOSE: (4, "Resolved")}
_RULE: Final = 1
"""`analytic.type_id`: Rule."""


def event(payload: Mapping[str, Any], console_url: str = "") -> dict[str, Any]:
    """One happening as an OCSF event.

    Raises:
        OutwardError: it is no finding.
    """
    kind = payload["type"]
    if kind not in TOLD:
        raise OutwardError(f"`{kind}` is no finding; OCSF is told {', '.join((*FINDINGS, *DUTIES))}")
    duty = kind in DUTIES
    activity, alert = (CREATE, DUTIES[kind][1]) if duty else FINDINGS[kind]
    number, name = (COMPLIANCE_CLASS, "Compliance Finding") if duty else (CLASS, "Detection Finding")
    at = int(datetime.fromisoformat(payload["at"]).timestamp() * 1_000)
    severity = _SEVERITY[payload["severity"]]
    status, status_words = _STATUS[activity]
    said = {
        "class_uid": number,
        "class_name": name,
        "category_uid": CATEGORY,
        "category_name": "Findings",
        "activity_id": activity,
        "activity_name": ACTIVITIES[activity],
        "type_uid": number * 100 + activity,
        "type_name": f"{name}: {ACTIVITIES[activity]}",
        "time": at,
        "severity_id": severity,
        "severity": _SEVERITY_WORDS[severity],
        "status_id": status,
        "status": status_words,
        "is_alert": alert,
        "message": payload["title"],
        "finding_info": _finding(payload, activity, at, console_url),
        "metadata": {
            "version": SCHEMA,
            "uid": payload["id"],
            "log_name": "hedgerow",
            "product": {"name": "Hedgerow", "vendor_name": "Hedgerow", "version": __version__},
        },
    }
    if duty:
        said["compliance"] = _compliance(payload, DUTIES[kind][0])
    unmapped = {k: payload[k] for k in ("decide", "by", "site", "case") if payload.get(k)}
    return {**said, "unmapped": unmapped} if unmapped else said


def _finding(payload: Mapping[str, Any], activity: int, at: int, console_url: str) -> dict[str, Any]:
    kind = payload["type"]
    found: dict[str, Any] = {
        # A case is one finding for its life; each thing that is owed in it is one of its own.
        "uid": payload["id"] if kind in DUTIES else payload["case"] or payload["id"],
        "title": payload["title"],
        "desc": payload["title"],
        "created_time": at,
        "analytic": {"type_id": _RULE, "type": "Rule", "name": kind, "uid": kind},
    }
    if activity != CREATE:
        # When it was created is in the event of its creation; this one says only when it changed.
        found["modified_time"] = found.pop("created_time")
    if console_url:
        found["src_url"] = f"{console_url}{payload['path']}"
    return found


def _compliance(payload: Mapping[str, Any], status: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "control": payload["type"],
        "desc": KINDS[payload["type"]].sentence,
        "status_id": status,
        "status": _COMPLIANCE_WORDS[status],
    }
    if payload.get("decide"):
        found["requirements"] = [payload["decide"]]
    if payload.get("by"):
        found["status_details"] = [f"by {payload['by']}"]
    return found


def line(payload: Mapping[str, Any], console_url: str = "") -> bytes:
    """One event as a line of the file."""
    text = json.dumps(event(payload, console_url), ensure_ascii=False, separators=(",", ":"))
    return text.encode() + b"\n"


class EventFile:
    """A file of events, one JSON object a line, set aside when it is full and kept for a bounded number of times."""

    def __init__(self, path: Path, most_bytes: int, keep: int) -> None:
        """Nothing is opened yet.

        Args:
            path: of the file that is written; older ones are `<name>.1`, `.2`, ..., the highest the oldest.
            most_bytes: from which size on it is set aside.
            keep: how many of those set aside are kept.
        """
        self.path = path
        self.most_bytes = most_bytes
        self.keep = keep

    def append(self, text: bytes) -> None:
        """Writes whole lines, and waits until the disk has them: the outbox counts them as told.

        Raises:
            OutwardError: the file cannot be written.
        """
        try:
            self._set_aside(len(text))
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o640)
            try:
                _mend(descriptor)
                written = os.write(descriptor, text)
                if written != len(text):
                    os.ftruncate(descriptor, os.fstat(descriptor).st_size - written)
                    raise OutwardError(f"{self.path} took only a part of an event; is the disk full?")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as e:
            raise OutwardError(f"{self.path} cannot be written: {e.strerror}") from e

    def _set_aside(self, more: int) -> None:
        try:
            size = self.path.stat().st_size
        except FileNotFoundError:
            return
        if size == 0 or size + more <= self.most_bytes:
            return
        self._numbered(self.keep).unlink(missing_ok=True)
        for number in range(self.keep - 1, 0, -1):
            if self._numbered(number).exists():
                self._numbered(number).replace(self._numbered(number + 1))
        self.path.replace(self._numbered(1))

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


def _mend(descriptor: int) -> None:
    """A line that a crash cut off is ended, so that the next event does not become part of it."""
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        os.write(descriptor, b"\n")
