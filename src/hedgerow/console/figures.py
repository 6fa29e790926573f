"""Gathers the figures of `/metrics`: from the edge, the database, and now and then the ledger."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

import duckdb
import structlog
from sqlalchemy import func, select

from hedgerow.cases.filing import dues
from hedgerow.console.services import Services
from hedgerow.control import ControlError
from hedgerow.ledger.questions.coverage import count_members, coverage
from hedgerow.ledger.reading import LedgerError, sites
from hedgerow.ledger.store import Store, StoreError
from hedgerow.outward.metrics import Figures
from hedgerow.store.models.cases import Case
from hedgerow.store.models.filings import Mailing, MailingRecipient
from hedgerow.store.models.outbox import OutboxMessage

LEDGER_EVERY: Final = timedelta(minutes=5)
"""How long an answer of the ledger holds: it costs more than a scrape may."""
MOST_DUES: Final = 10_000


@dataclass
class Gatherer:
    """Gathers figures; remembers what the ledger said."""

    services: Services
    _ledger: list[tuple[str, float, tuple[str, ...]]] = field(default_factory=list)
    _ledger_at: datetime | None = None
    _ledger_whole: bool = True
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def gather(self) -> Figures:
        """The figures of this moment."""
        found = Figures()
        self._edge(found)
        self._database(found)
        self._from_ledger(found)
        return found

    def _edge(self, found: Figures) -> None:
        try:
            status = self.services.control.ask("status")
        except ControlError:
            found.put("hedgerow_edge_up", 0)
            found.put("hedgerow_figures_missing", 1, "edge")
            return
        found.put("hedgerow_edge_up", 1)
        every = status.get("sites")
        for site in every if isinstance(every, list) else []:
            name, counters = str(site.get("site", "")), site.get("counters") or {}
            for key, metric in (
                ("requests", "hedgerow_requests"),
                ("disclosures", "hedgerow_disclosures"),
                ("ledger_failures", "hedgerow_ledger_failures"),
            ):
                if isinstance(counters.get(key), int):
                    found.put(metric, counters[key], name)

    def _database(self, found: Figures) -> None:
        now = self.services.clock()
        with self.services.database.reading() as session:
            cases = select(Case.severity, func.count()).where(Case.state != "closed").group_by(Case.severity)
            for severity, number in session.execute(cases):
                found.put("hedgerow_cases_open", number, severity)
            waiting = dues.listed(session, most=MOST_DUES)
            people = (
                select(MailingRecipient.state, func.count())
                .join(Mailing, Mailing.id == MailingRecipient.mailing_id)
                .where(Mailing.state.in_(("sending", "paused")))
                .group_by(MailingRecipient.state)
            )
            for state, number in session.execute(people):
                found.put("hedgerow_mailing_people", number, state)
            outbox = select(OutboxMessage.state, func.count()).group_by(OutboxMessage.state)
            for state, number in session.execute(outbox):
                found.put("hedgerow_outbox_messages", number, state)
        for what in sorted({d.what for d in waiting}):
            mine = [d for d in waiting if d.what == what]
            found.put("hedgerow_deadlines_open", len(mine), what)
            found.put("hedgerow_deadlines_overdue", sum(d.overdue(now) for d in mine), what)
        dated = [d.due_at for d in waiting if d.due_at is not None and d.mandatory]
        if dated:
            found.put("hedgerow_next_deadline_seconds", (min(dated) - now).total_seconds())

    def _from_ledger(self, found: Figures) -> None:
        with self._lock:
            now = self.services.clock()
            if self._ledger_at is None or now - self._ledger_at >= LEDGER_EVERY:
                self._ledger, self._ledger_whole = ask_ledgers(self.services, now)
                self._ledger_at = now
            rows, whole = list(self._ledger), self._ledger_whole
        for metric, value, labels in rows:
            found.put(metric, value, *labels)
        if not whole:
            found.put("hedgerow_figures_missing", 1, "ledger")


def ask_ledgers(services: Services, now: datetime) -> tuple[list[tuple[str, float, tuple[str, ...]]], bool]:
    """The ledger's figures of every site, and whether each could be asked."""
    rows: list[tuple[str, float, tuple[str, ...]]] = []
    whole = True
    try:
        names = sites(services.folder.path)
    except (LedgerError, OSError):
        return [], False
    for site in names:
        try:
            rows += _of_site(services, site, now)
        except (StoreError, LedgerError, duckdb.Error, OSError) as e:
            structlog.get_logger().warning("figures_missing", site=site, error=type(e).__name__)
            whole = False
    return rows, whole


def _of_site(services: Services, site: str, now: datetime) -> list[tuple[str, float, tuple[str, ...]]]:
    midnight = datetime.combine(now.astimezone(UTC).date(), time(), UTC).replace(tzinfo=None)
    rows: list[tuple[str, float, tuple[str, ...]]] = []
    with Store.open(services.folder.path, site, clock=services.clock).snapshot() as snapshot:
        connection = snapshot.connect()
        try:
            people: Any = connection.execute(
                'SELECT count(DISTINCT person) FROM disclosures WHERE "at" >= ? AND len(shown) > 0', [midnight]
            ).fetchone()
            rows.append(("hedgerow_people_disclosed_today", float(people[0]), (site,)))
            verdicts = connection.execute(
                "SELECT coalesce(lane, 'unknown'), action, count(*) FROM entries"
                ' WHERE "at" >= ? AND action IS NOT NULL GROUP BY ALL',
                [midnight],
            ).fetchall()
            rows += [("hedgerow_verdicts_today", float(n), (site, str(lane), str(act))) for lane, act, n in verdicts]
            members = count_members(connection, None, None)
            if members.number:
                found = coverage(connection, now.astimezone(UTC).date(), members, top=1, windows=(30,))
                shares = [s.as_data(members)["share"] for s in found.top if s.level != "strangers"]
                rows.append(("hedgerow_most_curious_share", max(shares, default=0.0), (site,)))
        finally:
            connection.close()
    return rows
