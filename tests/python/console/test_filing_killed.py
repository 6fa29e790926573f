"""A sender that is killed in the middle of a mailing, before a real SMTP server: everybody is told, once."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from console.filing_cases import DANA, NOW, Clock, case_row, sign, state_all, upload, work
from hedgerow.cases.filing import address_file, mailings, posting
from hedgerow.cases.notices.codes import Duty
from hedgerow.outward.settings import Smtp
from hedgerow.outward.smtp import SmtpMailer
from hedgerow.store.database import Database

PEOPLE = 40
SENDER = """
import sys
from datetime import datetime, UTC
from hedgerow.cases.filing import posting
from hedgerow.outward.settings import Smtp
from hedgerow.outward.smtp import SmtpMailer
from hedgerow.store.database import Database
url, mailing, port, now = sys.argv[1:]
mailer = SmtpMailer(Smtp("127.0.0.1", "privacy@club.example", port=int(port), security="none"))
posting.post(Database(url), mailer, mailing, lambda: datetime.fromisoformat(now))
"""


class Box:
    """Counts what arrives, by identifier and by person; says when enough has come."""

    def __init__(self, enough: int) -> None:
        self.taken: list[tuple[str, str]] = []
        self.enough = enough
        self.reached = threading.Event()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        message = message_from_bytes(envelope.content)
        self.taken.append((str(message["Message-ID"]), envelope.rcpt_tos[0]))
        if len(self.taken) >= self.enough:
            self.reached.set()
        return "250 OK"


@pytest.mark.parametrize("after", [1, 17])
def test_a_sender_that_is_killed_skips_nobody_and_makes_no_second_message(database: Database, after: int) -> None:
    lines = "\n".join(f"m{n},m{n}@people.example,Member {n},en" for n in range(PEOPLE))
    found = address_file.read(f"identifier,email,name,language\n{lines}\n".encode())
    with database.session() as session:
        case_id = case_row(session)
        state_all(session, case_id)
        sign(session, work(session, case_id), duty=Duty.PEOPLE)
        mailing = upload(session, case_id, found, 1_000)
        mailings.approve(session, work(session, case_id), mailing, by=DANA, now=NOW)
    box = Box(after)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    try:
        url = database.url.render_as_string(hide_password=False)
        child = subprocess.Popen(
            [sys.executable, "-c", SENDER, url, mailing.id, str(port), NOW.isoformat()], cwd=Path.cwd()
        )
        assert box.reached.wait(60)
        os.kill(child.pid, signal.SIGKILL)
        child.wait(30)
        clock = Clock(NOW)
        clock.now += posting.LEASE
        mailer = SmtpMailer(Smtp("127.0.0.1", "privacy@club.example", port=port, security="none"))
        assert posting.post(database, mailer, mailing.id, clock).done
    finally:
        server.stop()
    assert {to for _, to in box.taken} == {f"m{n}@people.example" for n in range(PEOPLE)}
    ids = Counter(identifier for identifier, _ in box.taken)
    assert len(ids) == PEOPLE
    # Only what was under way at the moment of the kill can have come twice, under the same identifier.
    assert sum(ids.values()) <= PEOPLE + 1
    with database.reading() as session:
        assert mailings.progress(session, mailing.id) == mailings.Progress(0, 0, PEOPLE, 0, 0)
