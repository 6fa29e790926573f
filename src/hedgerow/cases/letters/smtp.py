"""Sends a letter through the mail server that is set for notices: its text, and the frozen PDF with it."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from datetime import datetime

from hedgerow.cases.letters.mailing import MailError, OutgoingLetter, UnsureError
from hedgerow.outward.settings import OutwardError
from hedgerow.outward.smtp import Mail, NeverError
from hedgerow.outward.smtp import Mailer as Server
from hedgerow.store.base import new_id


class LetterMailer:
    """`mailing.Mailer` over one mail server."""

    def __init__(self, server: Server, clock: Callable[[], datetime]) -> None:
        self._server = server
        self._clock = clock

    def send(self, message: OutgoingLetter) -> str:
        """Sends a letter as a mail; people write it, so it does not say that it is automatic.

        Raises:
            MailError: it did not go out: no connection, or the server refused it.
            UnsureError: the connection broke while it went.
        """
        mail = Mail(
            to=message.to,
            subject=message.subject,
            text=message.text,
            message_id=f"<{new_id()}@{self._server.domain}>",
            automatic=False,
            reply_to=message.reply_to,
            pdf=(message.file_name, message.pdf),
        )
        talking = False
        try:
            with self._server.open() as connection:
                talking = True
                connection.send(mail, self._clock())
        except OutwardError as e:
            said_no = isinstance(e.__cause__, smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused)
            if isinstance(e, NeverError) or said_no or not talking:
                raise MailError(str(e)) from e
            raise UnsureError(str(e)) from e
        return mail.message_id
