"""Mail out, over SMTP: TLS unless the server is on this machine, bounded in time, nothing in a header but one line."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from typing import Final, Protocol

from hedgerow.outward.addresses import AddressError, header_text, mail_address
from hedgerow.outward.settings import OutwardError, Smtp, secret_of

LONGEST_TEXT: Final = 200_000
"""Longest text of a mail, in characters."""


class NotNowError(OutwardError):
    """The server could not be reached or said `later` (4xx): try again."""


class NeverError(OutwardError):
    """The server refused for good (5xx), or the mail cannot be sent as it is."""


@dataclass(frozen=True)
class Mail:
    """One mail to one address."""

    to: str
    subject: str
    text: str
    message_id: str
    """With its angle brackets; made once and kept, so that a repeat is the same mail."""
    name: str = ""
    automatic: bool = True
    """Whether `Auto-Submitted` (RFC 3834) says so: keeps out-of-office answers away."""
    reply_to: str = ""
    """Where answers go, when not to the sender."""
    pdf: tuple[str, bytes] | None = None
    """Name and content of a PDF that comes with it."""


class Mailer(Protocol):
    """Sends mail; tests have their own."""

    @property
    def domain(self) -> str:
        """The domain of the sender, for message identifiers."""
        ...

    @contextmanager
    def open(self) -> Iterator[Connection]:
        """One connection for several mails."""
        ...


class Connection(Protocol):
    """An open way to the server."""

    def send(self, mail: Mail, now: datetime) -> str:
        """Sends one mail and returns what the server answered."""
        ...


class SmtpMailer:
    """Mail through one server."""

    def __init__(self, settings: Smtp) -> None:
        """Checks the settings; connects to nothing.

        Raises:
            OutwardError: the sender is not an address.
        """
        self.settings = settings
        try:
            self.sender = mail_address(settings.sender)
        except AddressError as e:
            raise OutwardError(f"[smtp] sender: {e}") from e

    @property
    def domain(self) -> str:
        """The domain of the sender."""
        return self.sender.rpartition("@")[2]

    @contextmanager
    def open(self) -> Iterator[_Open]:
        """Connects, with TLS and credentials as configured.

        Raises:
            NotNowError: nobody answers, or TLS cannot be had.
            NeverError: the credentials are refused.
        """
        server = self._connect()
        try:
            yield _Open(server, self.sender)
        finally:
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()

    def _connect(self) -> smtplib.SMTP:
        s = self.settings
        context = ssl.create_default_context(cafile=str(s.ca_file) if s.ca_file else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        password = secret_of(s.password_file) if s.user and s.password_file else ""
        server: smtplib.SMTP | None = None
        try:
            if s.security == "tls":
                server = smtplib.SMTP_SSL(s.host, s.port, timeout=s.timeout_s, context=context)
            else:
                server = smtplib.SMTP(s.host, s.port, timeout=s.timeout_s)
            server.ehlo_or_helo_if_needed()
            if s.security == "starttls":
                # Raises where the server does not offer it: a mail is never sent in the clear instead.
                server.starttls(context=context)
                server.ehlo()
            if s.user:
                server.login(s.user, password)
        except smtplib.SMTPAuthenticationError as e:
            _close(server)
            raise NeverError(f"{s.host} refused user and password; look at [smtp] user and password_file") from e
        except smtplib.SMTPNotSupportedError as e:
            _close(server)
            raise NeverError(f"{s.host} offers no {s.security}: {e}; use another port or `security`") from e
        except (smtplib.SMTPException, OSError) as e:
            _close(server)
            raise NotNowError(f"{s.host}:{s.port} could not be used: {_words(e)}") from e
        return server


def _close(server: smtplib.SMTP | None) -> None:
    if server is not None:
        server.close()


class _Open:
    def __init__(self, server: smtplib.SMTP, sender: str) -> None:
        self._server = server
        self._sender = sender

    def send(self, mail: Mail, now: datetime) -> str:
        """Sends one mail.

        Raises:
            NotNowError: try again, with the same message identifier.
            NeverError: do not.
        """
        message = composed(mail, self._sender, now)
        try:
            refused = self._server.send_message(message, self._sender, [mail_address(mail.to)])
        except AddressError as e:
            raise NeverError(str(e)) from e
        except smtplib.SMTPRecipientsRefused as e:
            code, said = next(iter(e.recipients.values()))
            raise _answer(code, said) from e
        except smtplib.SMTPResponseException as e:
            raise _answer(e.smtp_code, e.smtp_error) from e
        except (smtplib.SMTPException, OSError) as e:
            raise NotNowError(_words(e)) from e
        if refused:
            code, said = next(iter(refused.values()))
            raise _answer(code, said)
        return "accepted"


def _answer(code: int, said: bytes | str) -> OutwardError:
    # What a server says repeats the address more often than not; only its codes are kept.
    text = said.decode("ascii", "replace") if isinstance(said, bytes) else said
    words = f"the server answered {code}{_enhanced(text)}"
    return NeverError(words) if 500 <= code < 600 else NotNowError(words)


def _enhanced(text: str) -> str:
    first = text.split(" ", 1)[0]
    parts = first.split(".")
    return f" {first}" if len(parts) == 3 and all(p.isdigit() and len(p) <= 3 for p in parts) else ""


def _words(e: Exception) -> str:
    return type(e).__name__ if isinstance(e, smtplib.SMTPException) else str(e)[:200]


def composed(mail: Mail, sender: str, now: datetime) -> EmailMessage:
    """The mail as it leaves.

    Raises:
        NeverError: when it cannot be a mail.
    """
    if len(mail.text) > LONGEST_TEXT:
        raise NeverError(f"the text is longer than {LONGEST_TEXT:,} characters")
    local, _, domain = mail.message_id.strip("<>").rpartition("@")
    if not local or not domain or header_text(mail.message_id) != mail.message_id:
        raise NeverError("the message has no identifier")
    message = EmailMessage(policy=SMTP_POLICY)
    try:
        message["From"] = sender
        to = mail_address(mail.to)
        message["To"] = Address(header_text(mail.name, 100), addr_spec=to)
        message["Subject"] = header_text(mail.subject)
        message["Date"] = format_datetime(now)
        message["Message-ID"] = mail.message_id
        if mail.automatic:
            message["Auto-Submitted"] = "auto-generated"
        if mail.reply_to:
            message["Reply-To"] = Address(addr_spec=mail_address(mail.reply_to))
        message.set_content(mail.text)
        if mail.pdf is not None:
            name, content = mail.pdf
            message.add_attachment(content, maintype="application", subtype="pdf", filename=header_text(name, 100))
    except (AddressError, ValueError) as e:
        raise NeverError(f"this cannot be written as a mail: {e}") from e
    return message
