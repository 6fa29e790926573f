"""The door to whatever sends mail: a message with a letter's text and PDF, and the identifier it went out under."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from hedgerow.cases.letters.document import LetterDocument
from hedgerow.cases.letters.plain import body
from hedgerow.cases.letters.problems import LetterError


class MailError(Exception):
    """The mail was refused before it was taken over; the message says why. It did not go out."""


class UnsureError(Exception):
    """The connection broke while the mail went out: nobody knows whether it did."""


@dataclass(frozen=True)
class OutgoingLetter:
    """One mail with a letter."""

    to: str
    reply_to: str
    subject: str
    text: str
    file_name: str
    pdf: bytes


class Mailer(Protocol):
    """Sends a mail."""

    def send(self, message: OutgoingLetter) -> str:
        """Hands the mail over and gives its Message-ID.

        Raises:
            MailError: it was refused and did not go out.
            UnsureError: nobody knows. Any other error counts as the same.
        """
        ...


def outgoing(written: LetterDocument, to: str, reply_to: str, pdf: bytes) -> OutgoingLetter:
    """The mail of a letter: its text, and the frozen PDF.

    Raises:
        LetterError: without a usable address.
    """
    for address in (to, reply_to):
        if "@" not in address or len(address) > 254 or any(c.isspace() or ord(c) < 33 for c in address):
            raise LetterError("recipient and sender each need a mail address; draft the letter anew with it")
    # A subject is one line: a line end in it would begin another header field.
    subject = " ".join(written.subject.split())[:200]
    return OutgoingLetter(to, reply_to, subject, body(written), f"{written.number}.pdf", pdf)
