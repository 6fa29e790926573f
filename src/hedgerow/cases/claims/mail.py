"""Reads an e-mail that anybody may have sent: bounded in bytes, parts, depth and text. Nothing in it is carried out."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from email import policy
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesParser
from html.parser import HTMLParser
from typing import Final

MOST_BYTES: Final = 10 << 20
"""Of a whole message; mail servers usually stop at 25 MiB, and a claim is a text with samples."""
MOST_PARTS: Final = 100
MOST_TEXT: Final = 200_000
"""Characters of text that are kept."""
MOST_ATTACHMENTS: Final = 50
MOST_BOUNDARIES: Final = 40
"""Multiparts in multiparts: the parser goes down one level for each, and must not be led down a thousand."""


class MailError(Exception):
    """A message that is not taken up; the sentence says why."""


@dataclass(frozen=True)
class Attachment:
    """What was attached, without its content."""

    name: str
    kind: str
    size_bytes: int
    sha256: str

    def as_data(self) -> dict[str, object]:
        """For the database and for programs."""
        return {"name": self.name, "kind": self.kind, "bytes": self.size_bytes, "sha256": self.sha256}


@dataclass(frozen=True)
class Mail:
    """A message as far as it matters here."""

    subject: str
    sender: str
    """As the message says; anybody can write anything there."""
    text: str
    attachments: tuple[Attachment, ...]
    cut: bool
    """Text or attachments were left out, because there were too many."""
    key: str
    """Hash of the whole message."""


def read_mail(data: bytes) -> Mail:
    """Reads a message.

    Args:
        data: All of it; at most one byte more than `MOST_BYTES` need be given.

    Raises:
        MailError: it is too large, too deep, or not a message.
    """
    if len(data) > MOST_BYTES:
        raise MailError(f"it is larger than {MOST_BYTES >> 20} MiB; enter what it says by hand")
    if data.lower().count(b"boundary") > MOST_BOUNDARIES:
        raise MailError(f"it has more than {MOST_BOUNDARIES} parts within parts; enter what it says by hand")
    try:
        message = BytesParser(policy=policy.default).parsebytes(data)
        return _read(message, hashlib.sha256(data).hexdigest())
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, IndexError, RecursionError) as error:
        # The parser of the standard library meets some broken messages with errors of its own.
        raise MailError(
            f"it cannot be read as a message ({type(error).__name__}); enter what it says by hand"
        ) from error


def _read(message: EmailMessage, key: str) -> Mail:
    plain: list[str] = []
    marked_up: list[str] = []
    attachments: list[Attachment] = []
    parts = 0
    cut = False
    for part in message.walk():
        parts += 1
        if parts > MOST_PARTS:
            cut = True
            break
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        body = part.get_payload(decode=True)
        content = body if isinstance(body, bytes) else b""
        if part.get_content_disposition() == "attachment" or kind not in {"text/plain", "text/html"}:
            if len(attachments) >= MOST_ATTACHMENTS:
                cut = True
                continue
            name = printable(str(part.get_filename() or "unnamed"))[:200]
            attachments.append(Attachment(name, kind[:100], len(content), hashlib.sha256(content).hexdigest()))
            continue
        text = content[: 4 * MOST_TEXT].decode(_charset(part), "replace")
        (plain if kind == "text/plain" else marked_up).append(text)
    text = "\n".join(plain) if any(t.strip() for t in plain) else "\n".join(map(text_of_html, marked_up))
    cut |= len(text) > MOST_TEXT
    return Mail(
        printable(str(message.get("Subject", "")))[:300] or "(no subject)",
        printable(str(message.get("Reply-To") or message.get("From") or ""))[:300],
        printable(text[:MOST_TEXT], lines=True),
        tuple(attachments),
        cut,
        key,
    )


def _charset(part: EmailMessage) -> str:
    name = part.get_content_charset() or "utf-8"
    try:
        "".encode(name)
    except (LookupError, ValueError):
        return "latin-1"
    return name


def printable(text: str, *, lines: bool = False) -> str:
    """Text without characters that steer: no controls, no marks that turn the direction of writing."""
    kept = "\n\t" if lines else ""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c if c.isprintable() or c in kept else " " for c in text if c not in _TURNS).strip()


_TURNS: Final = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BLANK: Final = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")


class _Text(HTMLParser):
    """What a reader would see of a page, roughly."""

    _HIDDEN: Final = frozenset({"script", "style", "head", "title"})
    _BREAKS: Final = frozenset({"p", "br", "div", "tr", "li", "h1", "h2", "h3", "table"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._hidden += tag in self._HIDDEN
        if tag in self._BREAKS:
            self.found.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._HIDDEN and self._hidden:
            self._hidden -= 1

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.found.append(data)


def text_of_html(page: str) -> str:
    """The words of a page."""
    reader = _Text()
    reader.feed(page[: 4 * MOST_TEXT])
    reader.close()
    return _BLANK.sub("\n\n", "".join(reader.found)).strip()
