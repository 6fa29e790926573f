"""A letter as a mail: what leaves, and what is known when it did not."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.message import EmailMessage

import pytest

from hedgerow.cases.letters.drafting import draft
from hedgerow.cases.letters.kinds import Kind
from hedgerow.cases.letters.mailing import MailError, UnsureError, outgoing
from hedgerow.cases.letters.problems import LetterError
from hedgerow.cases.letters.smtp import LetterMailer
from hedgerow.outward.smtp import Connection, Mail, NeverError, NotNowError, composed
from letters_case import FACTS, NOW, RECIPIENT, SENDER, TYPED

LETTER = draft(Kind.HOST_NOTICE, FACTS, RECIPIENT, "fr", SENDER, NOW, number="C-2026-0001-L1", particulars=TYPED["fr"])
MESSAGE = outgoing(LETTER, RECIPIENT.email, SENDER.email, b"%PDF-1.7 frozen")


class Server:
    """A mail server that does as it is told."""

    domain = "club.example"

    def __init__(self, at_open: Exception | None = None, at_send: Exception | None = None) -> None:
        self.at_open, self.at_send = at_open, at_send
        self.taken: list[EmailMessage] = []

    @contextmanager
    def open(self) -> Iterator[Connection]:
        if self.at_open is not None:
            raise self.at_open
        yield self

    def send(self, mail: Mail, now: datetime) -> str:
        if self.at_send is not None:
            raise self.at_send
        self.taken.append(composed(mail, "notices@club.example", now))
        return "accepted"


def caused(error: Exception, by: Exception) -> Exception:
    error.__cause__ = by
    return error


def test_a_mail_has_the_text_the_pdf_and_where_to_answer() -> None:
    server = Server()
    identifier = LetterMailer(server, lambda: NOW).send(MESSAGE)
    (mail,) = server.taken
    assert mail["Message-ID"] == identifier
    assert mail["Reply-To"] == "privacy@club.example"
    assert mail["To"] == "legal@offers.example"
    assert mail["Auto-Submitted"] is None
    body = mail.get_body()
    assert body is not None
    assert "Retirer les données aux adresses indiquées" in body.get_content()
    (pdf,) = mail.iter_attachments()
    assert (pdf.get_content_type(), pdf.get_filename()) == ("application/pdf", "C-2026-0001-L1.pdf")
    assert pdf.get_content() == b"%PDF-1.7 frozen"


@pytest.mark.parametrize(
    ("server", "kind"),
    [
        (Server(at_open=NotNowError("nobody answers")), MailError),
        (Server(at_send=NeverError("550")), MailError),
        (Server(at_send=caused(NotNowError("451"), smtplib.SMTPDataError(451, b"later"))), MailError),
        (Server(at_send=caused(NotNowError("broken"), smtplib.SMTPServerDisconnected())), UnsureError),
        (Server(at_send=caused(NotNowError("slow"), TimeoutError())), UnsureError),
    ],
)
def test_whether_it_went_out_is_known_or_said_to_be_unknown(server: Server, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        LetterMailer(server, lambda: NOW).send(MESSAGE)


@pytest.mark.parametrize("address", ["", "nobody", "a@b\nBcc: c@d", "a @b.example", "x" * 250 + "@b.example"])
def test_an_address_that_is_none_is_not_written_to(address: str) -> None:
    with pytest.raises(LetterError, match="need a mail address"):
        outgoing(LETTER, address, SENDER.email, b"x")
