"""What the console does by the clock, in one thread: due items and reminders, mail, notifications, block lists.

Each task stands alone: one that fails is logged and tried again with the next round, and stops no other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import select

from hedgerow.cases.core.problems import CaseError
from hedgerow.cases.core.telling import case_facts
from hedgerow.cases.filing import casework, dues
from hedgerow.cases.notices.problems import NoticeError
from hedgerow.console import case_rounds, intake_round, mailing_acts
from hedgerow.console.followed_counts import count_followed
from hedgerow.console.letter_rounds import round_of_letters
from hedgerow.console.month_counts import count_months
from hedgerow.console.outward_state import folder_of_lists
from hedgerow.console.policy_desk import keep_found
from hedgerow.console.refused import RefusedNow
from hedgerow.console.refused import refused as refused_now
from hedgerow.console.reminding import remind, remind_of_dues, remind_of_measures
from hedgerow.console.services import Services
from hedgerow.console.telling_others import Teller
from hedgerow.measures.measure import MeasureError
from hedgerow.outward import block_lists, delivering
from hedgerow.outward.announcing import announce
from hedgerow.outward.delivering import Ways
from hedgerow.outward.happenings import Happening
from hedgerow.outward.settings import Outward, OutwardError
from hedgerow.outward.smtp import SmtpMailer
from hedgerow.secret import SecretError
from hedgerow.store.models.cases import Case
from hedgerow.store.models.filings import NoticeDue

EVERY_S: Final = 5.0
RECKON_EVERY: Final = timedelta(minutes=2)
RECKON_ALL_EVERY: Final = timedelta(hours=24)
"""A case takes some 50 ms, so all of them are reckoned once a day and in between those in which something happened."""
ANSWERS_EVERY: Final = timedelta(minutes=1)
LISTS_EVERY: Final = timedelta(minutes=1)
CASES_EVERY: Final = timedelta(seconds=case_rounds.EVERY_S)
LETTERS_EVERY: Final = timedelta(minutes=1)
POLICY_EVERY: Final = timedelta(seconds=30)
MONTHS_EVERY: Final = timedelta(minutes=5)
FOLLOWED_EVERY: Final = timedelta(minutes=30)
CLEAN_EVERY: Final = timedelta(hours=6)
EDGE_EVERY: Final = timedelta(seconds=30)
DUES_EVERY: Final = timedelta(minutes=1)


@dataclass
class Rounds:
    """The tasks of the clock."""

    services: Services
    refused: Callable[[Services, datetime], RefusedNow] = refused_now
    """Refuse measures, and where those come from whose address is known."""
    ways: Ways | None = None
    """How messages leave; by `outward.toml` as it is now, where none is given."""
    edge_was_up: bool = False
    _next: dict[str, datetime] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _threads: dict[str, threading.Thread] = field(default_factory=dict)
    _teller: Teller | None = None
    _reckoned: datetime | None = None
    _made: Ways | None = None
    _lists_of: Outward | None = None
    _told_wrong: object = None

    def start(self) -> None:
        """Starts the thread."""
        self._thread = threading.Thread(target=self._run, name="rounds", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends it, after the task under way."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            self.once()

    def once(self) -> None:
        """One round of everything that is due at this moment."""
        for name, task in (
            ("cases", self._cases),
            ("reckon", self._reckon),
            ("tell", self._tell),
            ("dues", self._dues),
            ("settings", self._settings),
            ("edge", self._edge),
            ("intake", self._intake),
            ("mail", self._mail),
            ("letters", self._letters),
            ("containment", self._containment),
            ("months", self._months),
            ("followed", self._followed),
            ("policy", self._policy),
            ("deliver", self._deliver),
            ("lists", self._lists),
            ("clean", self._clean),
        ):
            try:
                task()
            except Exception as e:  # noqa: BLE001 - a round must outlive whatever one task meets; it is logged
                structlog.get_logger().error("round_failed", task=name, error=type(e).__name__, exc_info=e)

    def _due(self, name: str, every: timedelta) -> bool:
        now = self.services.clock()
        if name in self._next and now < self._next[name]:
            return False
        self._next[name] = now + every
        return True

    def _outward(self) -> Ways:
        """How messages leave. Made anew when the settings changed; wrong ones change nothing."""
        if self.ways is not None:
            return self.ways
        settings = self.services.outward.current()
        if self._made is None or self._made.settings != settings:
            mailer = SmtpMailer(settings.smtp) if settings.smtp else None
            self._made = Ways(self.services.folder.path, settings, mailer, self.services.settings.base_url)
        return self._made

    def _cases(self) -> None:
        """The rules look at the ledgers, in a thread of their own: a large one takes seconds, clocks must not wait."""
        self._beside("cases", CASES_EVERY, case_rounds.look)

    def _containment(self) -> None:
        case_rounds.note_what_works(self.services)

    def _beside(self, name: str, every: timedelta, work: Callable[[Services], object]) -> None:
        """Does something in a thread of its own when it is due, unless it is still at it."""
        running = self._threads.get(name)
        if running is not None and running.is_alive():
            return
        if self._due(name, every):
            thread = threading.Thread(target=_told, args=(name, work, self.services), name=name, daemon=True)
            self._threads[name] = thread
            thread.start()

    def _reckon(self) -> None:
        if self._due("reckon", RECKON_EVERY):
            now = self.services.clock()
            whole = self._due("reckon everything", RECKON_ALL_EVERY)
            reckon(self.services, None if whole else self._reckoned)
            self._reckoned = now
        remind(self.services)

    def _tell(self) -> None:
        if self._teller is None:
            self._teller = Teller(self.services)
        self._teller.once()

    def _dues(self) -> None:
        """Says what is due soon and what is late, wherever in the console it waits."""
        if self._due("dues", DUES_EVERY):
            remind_of_dues(self.services)
            remind_of_measures(self.services)

    def _settings(self) -> None:
        """Says it once when `outward.toml` became wrong while former settings go on."""
        if self.ways is not None or not self.services.outward.kept:
            return
        told = self.services.outward.print
        if told == self._told_wrong:
            return
        self._told_wrong = told
        self._announce(
            "settings.wrong",
            title="outward.toml has mistakes; the settings from before it was changed stay in force",
            severity="medium",
            decide="Correct the file; the page Notifications says what is wrong",
            path="/notifications",
        )

    def _edge(self) -> None:
        """Says it once when the gateway stops answering; one that never answered is none of this console's."""
        if not self._due("edge", EDGE_EVERY):
            return
        up, was_up = self.services.control.answers(), self.edge_was_up
        self.edge_was_up = up
        if up or not was_up:
            return
        self._announce(
            "edge.down",
            title="The gateway does not answer",
            severity="critical",
            decide="Look at hedgerow status and the log of the gateway",
        )

    def _announce(self, kind: str, *, title: str, severity: str, decide: str, path: str = "/") -> None:
        now = self.services.clock()
        name = f"{kind.replace('.', '-')}-{now.isoformat(timespec='seconds')}"
        happening = Happening(id=name, kind=kind, at=now, title=title, severity=severity, decide=decide, path=path)
        with self.services.database.session() as session:
            announce(session, happening)

    def _intake(self) -> None:
        intake_round.take_up(self.services)
        if self._due("answers", ANSWERS_EVERY):
            intake_round.send_answers(self.services, self._outward().mailer)

    def _mail(self) -> None:
        mailing_acts.round_of_mail(self.services, self._outward().mailer)

    def _letters(self) -> None:
        if self._due("letters", LETTERS_EVERY):
            round_of_letters(self.services)

    def _months(self) -> None:
        """Counts the months of the ledgers, in a thread of its own: a large one takes a while."""
        self._beside("months", MONTHS_EVERY, count_months)

    def _followed(self) -> None:
        """Follows visitors who were stopped, a day at a time; on the side, as it reads a week of the ledger."""
        self._beside("followed", FOLLOWED_EVERY, count_followed)

    def _policy(self) -> None:
        """Keeps a policy that was edited by hand as a version: here, because looking at a page changes nothing."""
        if self._due("policy", POLICY_EVERY):
            keep_found(self.services)

    def _deliver(self) -> None:
        delivering.deliver(self.services.database, self._outward(), self.services.clock)

    def _lists(self) -> None:
        settings = self._outward().settings
        changed = settings != self._lists_of
        if not changed and not self._due("lists", LISTS_EVERY):
            return
        before, self._lists_of = self._lists_of, settings
        try:
            if changed and before is not None:
                self._empty_lists(before, settings)
            if settings.lists:
                now = self.services.clock()
                found = self.refused(self.services, now)
                block_lists.write(folder_of_lists(self.services, settings), settings.lists, found.known, now)
        except (OutwardError, MeasureError, SecretError) as e:
            structlog.get_logger().warning("lists_not_written", error=str(e))

    def _empty_lists(self, before: Outward, settings: Outward) -> None:
        """Lists that are written no more are emptied: a guard that reads them on would hold an old state for ever."""
        old = folder_of_lists(self.services, before)
        same = old == folder_of_lists(self.services, settings)
        gone = [kind for kind in before.lists if not same or kind not in settings.lists]
        block_lists.write(old, gone, (), self.services.clock())

    def _clean(self) -> None:
        if self._due("clean", CLEAN_EVERY):
            with self.services.database.session() as session:
                delivering.clean(session, self.services.clock())
            intake_round.erase_due(self.services)


def _told(name: str, work: Callable[[Services], object], services: Services) -> None:
    try:
        work(services)
    except Exception as e:  # noqa: BLE001 - a thread must not die silently; it is logged, and tried again
        structlog.get_logger().error("round_failed", task=name, error=type(e).__name__, exc_info=e)


def reckon(services: Services, since: datetime | None = None) -> int:
    """Reckons the due items of open cases, one transaction a case; returns how many.

    Args:
        services: the console's surroundings.
        since: only cases that changed or in which something fell due from then on; None: all.
    """
    now = services.clock()
    with services.database.reading() as session:
        asked = select(Case.id).where(Case.state != "closed")
        if since is not None:
            passed = select(NoticeDue.case_id).where(NoticeDue.due_at >= since, NoticeDue.due_at <= now)
            asked = asked.where((Case.changed_at >= since) | Case.id.in_(passed))
        ids = list(session.scalars(asked))
        # A closed case waits for nothing; one that was closed since is emptied.
        ids += session.scalars(
            select(Case.id).where(Case.state == "closed", Case.id.in_(select(NoticeDue.case_id))).distinct()
        )
    for case_id in ids:
        try:
            with services.database.session() as session:
                now = services.clock()
                dues.refresh(session, casework.read(session, case_facts(session, case_id), now), now)
        except (NoticeError, CaseError) as e:
            structlog.get_logger().warning("dues_not_reckoned", case=case_id, error=str(e))
    return len(ids)
