"""Reads what came back: delivery status notifications (RFC 3464) from a drop folder, bounded, matched by our own ids.

Whoever runs the mailbox saves its messages as `.eml` files into `bounces/` of the state directory. A file is believed
only as far as it names a message identifier of ours, which nobody can guess; an address alone marks nobody. A file that
was read is deleted, since it holds addresses; one that was not understood is set aside.
"""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from hedgerow.store.models.filings import MailingRecipient

FOLDER: Final = "bounces"
ASIDE: Final = "not-understood"
MOST_BYTES: Final = 1 << 20
"""Longest message that is read."""
MOST_FILES: Final = 2_000
"""Files of one round."""
MOST_PARTS: Final = 50
_ID: Final = re.compile(r"<[0-9a-z]{20}\.[0-9a-z]{20}@[A-Za-z0-9.-]{1,253}>")
_STATUS: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\Z")


@dataclass(frozen=True)
class Bounce:
    """One message of ours that was not delivered."""

    message_id: str
    action: str
    """`failed`, `delayed`, `delivered`, `relayed` or `expanded`."""
    status: str
    """`5.1.1`; empty where it names none."""


@dataclass
class Round:
    """What one look into the folder found."""

    bounced: int = 0
    delayed: int = 0
    unknown: int = 0
    """Understood, but of no message of ours."""
    aside: int = 0
    people: list[str] = field(default_factory=list)
    """Rows of recipients that bounced."""


def parse(content: bytes) -> list[Bounce]:
    """The bounces of one message; an empty list when it is not a delivery status notification of ours."""
    if len(content) > MOST_BYTES:
        return []
    try:
        message = message_from_bytes(content, policy=default)
        if message.get_content_type() != "multipart/report":
            return []
        parts = _parts(message)
    except (ValueError, LookupError, TypeError, AttributeError, IndexError, RecursionError):
        # The parser of the standard library raises many things on hostile mail; all of them mean: not understood.
        return []
    statuses = [s for p in parts if p.get_content_type() == "message/delivery-status" for s in _statuses(p)]
    ids = list(dict.fromkeys(i for p in parts if _is_original(p) for i in _original(p)))
    if not statuses or not ids:
        return []
    action, status = statuses[0]
    return [Bounce(i, action, status) for i in ids[:1]]


def _parts(message: Message) -> list[Message]:
    payload = message.get_payload()
    if not isinstance(payload, list):
        return []
    return [p for p in payload[:MOST_PARTS] if isinstance(p, Message)]


def _is_original(part: Message) -> bool:
    return part.get_content_type() in {"message/rfc822", "text/rfc822-headers", "message/rfc822-headers"}


def _original(part: Message) -> list[str]:
    if part.get_content_type() == "message/rfc822":
        inner = part.get_payload()
        first = inner[0] if isinstance(inner, list) and inner else None
        text = str(first.get("Message-ID", "")) if isinstance(first, Message) else ""
    else:
        payload = part.get_payload(decode=True)
        raw = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
        found = re.search(r"(?im)^message-id:\s*(\S+)", raw)
        text = found.group(1) if found else ""
    return _ID.findall(text)


def _statuses(part: Message) -> list[tuple[str, str]]:
    """Action and status of each recipient: the groups after the first one, which is about the message."""
    found = []
    groups = part.get_payload()
    for group in groups[:MOST_PARTS] if isinstance(groups, list) else []:
        if not isinstance(group, Message):
            continue
        action = str(group.get("Action", "")).strip().lower()
        status = str(group.get("Status", "")).strip().split(" ")[0]
        if action in {"failed", "delayed", "delivered", "relayed", "expanded"}:
            found.append((action, status if _STATUS.match(status) else ""))
    return found


def take_in(session: Session, folder: Path) -> Round:
    """Reads the drop folder; files are deleted or set aside by `clear` after the transaction has been committed."""
    seen = Round()
    for path in waiting(folder):
        content = read(path)
        found = parse(content) if content is not None else []
        if not found:
            seen.aside += 1
            continue
        for bounce in found:
            _mark(session, bounce, seen)
    session.flush()
    return seen


def _mark(session: Session, bounce: Bounce, seen: Round) -> None:
    row = session.scalar(select(MailingRecipient).where(MailingRecipient.message_id == bounce.message_id))
    if row is None:
        seen.unknown += 1
    elif bounce.action == "failed":
        row.state = "bounced"
        row.said = f"came back{f': {bounce.status}' if bounce.status else ''}"
        seen.bounced += 1
        seen.people.append(row.id)
    elif bounce.action == "delayed":
        seen.delayed += 1


def waiting(folder: Path) -> list[Path]:
    """The files in the folder, oldest name first, a bounded number of them."""
    if not folder.is_dir():
        return []
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".eml") and entry.is_file(follow_symlinks=False):
                found.append(Path(entry.path))
            if len(found) >= MOST_FILES:
                break
    return sorted(found)


def read(path: Path) -> bytes | None:
    """One file, bounded; None when it is too large, no plain file, or gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as f:
        if not stat.S_ISREG(os.fstat(f.fileno()).st_mode):
            return None
        content = f.read(MOST_BYTES + 1)
    return content if len(content) <= MOST_BYTES else None


def clear(paths: list[Path]) -> None:
    """Deletes what was read and sets aside what was not understood; call it when the marks are committed."""
    for path in paths:
        content = read(path)
        if content is not None and parse(content):
            path.unlink(missing_ok=True)
            continue
        aside = path.parent / ASIDE
        aside.mkdir(mode=0o700, exist_ok=True)
        # Another console of the same state may have been here.
        with suppress(FileNotFoundError):
            path.replace(aside / path.name)
