"""Decides about a principal, from the console: recorded in the trail, written into the table, taken up by the edge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import duckdb
from sqlalchemy import select
from sqlalchemy.orm import Session

from hedgerow.cases.core.problems import CaseError
from hedgerow.console.access.actor import Actor
from hedgerow.console.decisions import record
from hedgerow.console.problems import Conflict, NotFound, Wrong, sentence_of
from hedgerow.console.services import Services
from hedgerow.control import ControlError, NotRunningError
from hedgerow.ledger.keyed import SiteKeys
from hedgerow.ledger.questions.period import Period
from hedgerow.ledger.questions.reach import CAVEAT, reach
from hedgerow.ledger.questions.refs import Ref, find_group
from hedgerow.measures import (
    LEVELS,
    OF_PRINCIPALS,
    Act,
    Measure,
    MeasureError,
    MeasureTable,
    NamingError,
    Standing,
    new_id,
    reach_now,
    read_span,
    stable_name,
    standing,
    take_up,
    undone_on_rollback,
)
from hedgerow.measures.measure import LONGEST_WORDS_BYTES
from hedgerow.store.models.trail import Decision

WIDE: Final = ("address", "network", "client")
"""Levels at which several people may be behind one principal."""
HARD: Final = (Act.BUDGET, Act.PROVE, Act.REFUSE)
"""What ordinary visitors behind a wide principal would notice: asked about before it is set."""
REACH_DAYS: Final = 7
SPANS: Final = {"1h": "1 hour", "12h": "12 hours", "1d": "1 day", "2d": "2 days", "1w": "1 week", "4w": "4 weeks"}
ACT_WORDS: Final = {
    Act.WATCH: "Watch: its requests are marked, nothing else",
    Act.BUDGET: "Lower its budgets",
    Act.PROVE: "Prove: ask for a challenge until it is solved",
    Act.REFUSE: "Refuse every page",
    Act.RELEASE: "Release: no signal, no rule and no earlier step counts; budgets stay",
}
"""What can be decided about a principal."""
_SHORT: Final = 16
_MOST_PAST: Final = 50


@dataclass(frozen=True)
class Asked:
    """What somebody wants to decide, as it was typed."""

    site: str
    level: str
    name: str
    act: str
    lasting: str
    factor: int | None
    reason: str


@dataclass(frozen=True)
class Estimate:
    """Who would be hit, by the gateway's last day and the ledger's last week; what cannot be said is a sentence."""

    live: dict[str, Any] | None
    live_problem: str
    ledger: dict[str, Any] | None
    ledger_problem: str
    days: int = REACH_DAYS
    caveat: str = CAVEAT

    @property
    def ordinary(self) -> int | None:
        """Ordinary visitors hit, the larger of both figures; None when neither is known."""
        known = [v for of in (self.live, self.ledger) if of and isinstance(v := of.get("ordinary"), int)]
        return max(known, default=None)


@dataclass(frozen=True)
class Shown:
    """One measure with what it met."""

    measure: Measure
    holds: bool
    hits: int | None
    """Since the gateway started; None where the gateway says nothing of it."""
    last_ms: int | None
    standing: Standing | None = None
    """How it stands at the gateway."""


def needs_confirmation(level: str, act: str) -> bool:
    """Whether the people behind are looked at first."""
    return level in WIDE and act in HARD


def estimate(services: Services, site: str, level: str, name: str) -> Estimate:
    """Who is behind a principal."""
    live, live_problem = None, ""
    try:
        live = dict(reach_now(services.control, site, level, name))
    except ControlError as e:
        live_problem = f"The gateway could not be asked: {e}."
    ledger, ledger_problem = None, ""
    now = services.clock()
    try:
        with services.ledgers.asking(site) as connection:
            period = Period(now - timedelta(days=REACH_DAYS), now)
            ledger = reach(connection, find_group(connection, [Ref(level, name)]), period).as_data()
    except CaseError as e:
        ledger_problem = f"The ledger could not be asked: {e}."
    return Estimate(live, live_problem, ledger, ledger_problem)


def check(services: Services, actor: Actor, asked: Asked) -> None:
    """Says no to what cannot be decided; decides nothing.

    Raises:
        Wrong: it cannot be.
    """
    _measure(services, actor, asked, services.clock())


def set_measure(services: Services, actor: Actor, asked: Asked, *, confirmed: bool) -> tuple[Measure, str]:
    """Decides; returns the measure and a sentence on whether it is in force.

    Raises:
        Wrong: it cannot be.
        Conflict: many may be behind it, and nobody has confirmed.
    """
    now = services.clock()
    measure = _measure(services, actor, asked, now)
    details: dict[str, Any] = {
        "measure": measure.id,
        "site": measure.site,
        "level": measure.level,
        "name": measure.name,
        "act": measure.act.value,
        "factor": measure.factor,
        "until": measure.until,
    }
    if needs_confirmation(measure.level, measure.act):
        if not confirmed:
            raise Conflict("Look first who is behind it, then confirm.")
        details["ordinary_expected"] = _expected(services, measure)
    keep(services, actor, measure, asked.reason.strip(), details, now)
    return measure, told_edge(services)


def keep(
    services: Services, actor: Actor, measure: Measure, reason: str, details: dict[str, Any], now: datetime
) -> list[Measure]:
    """Records a decision and writes it into the table: both, or neither. Returns what it replaces.

    Raises:
        Wrong: it cannot be written.
    """
    table, now_s = MeasureTable(services.folder.path), int(now.timestamp())
    try:
        with services.database.session() as session:
            record(session, actor, "measure.set", subject_of(measure), reason, details, at=now)
            replaced = table.set(measure, now_s)
            # What the trail does not keep must not be in force.
            undone_on_rollback(session, lambda: table.take_back(measure, replaced, now_s))
    except MeasureError as e:
        raise Wrong(sentence_of(e)) from e
    return replaced


def end_measure(services: Services, actor: Actor, measure_id: str, reason: str) -> tuple[Measure, str]:
    """Takes a decision back.

    Raises:
        NotFound: there is none of this number in force.
        Wrong: without a reason.
    """
    if not reason.strip():
        raise Wrong("Say why it ends.")
    now = services.clock()
    table = MeasureTable(services.folder.path)
    found = next((m for m in _read(table) if m.id == measure_id and m.until_s > now.timestamp()), None)
    if found is None:
        raise NotFound("There is no such measure in force; it may have ended.")
    about = {"about": found.whom} if found.act.for_everybody else {"level": found.level, "name": found.name}
    details = {"measure": found.id, "site": found.site, **about, "act": found.act}
    now_s = int(now.timestamp())
    try:
        with services.database.session() as session:
            record(session, actor, "measure.end", subject_of(found), reason.strip(), details, at=now)
            ended = table.end(measure_id, now_s)
            undone_on_rollback(session, lambda: table.take_back(None, [ended], now_s))
    except MeasureError as e:
        raise Conflict(sentence_of(e)) from e
    return ended, told_edge(services)


def told_edge(services: Services) -> str:
    """Makes the running gateway look now; says what came of it."""
    try:
        take_up(services.control)
    except NotRunningError:
        return "No gateway is running; the next one starts with it."
    except ControlError as e:
        return f"It is written, but the gateway did not take it up: {e}."
    return "The gateway has taken it up."


def listed(services: Services, *, ended: bool = False, site: str = "") -> tuple[list[Shown], str]:
    """Measures with their hits, the newest first, and a problem as a sentence.

    Raises:
        Wrong: the file is not one of ours.
    """
    now_s = services.clock().timestamp()
    found = [m for m in _read(MeasureTable(services.folder.path)) if ended or now_s < m.until_s]
    met: dict[str, Standing] = {}
    problem = ""
    try:
        met = standing(services.control)
    except NotRunningError:
        problem = "No gateway is running, so nobody counts what they meet; the next one starts with them."
    except ControlError as e:
        problem = f"The gateway does not say what they meet: {e}."
    rows = []
    for m in sorted((m for m in found if not site or m.site == site), key=lambda m: (-m.from_s, m.id)):
        one = met.get(m.id)
        rows.append(Shown(m, m.holds(now_s), one.hits if one else None, one.last_ms if one else None, one))
    return rows, problem


def of_principal(services: Services, site: str, level: str, name: str) -> tuple[list[Shown], str]:
    """Measures about one principal, also those that ended within a week."""
    rows, problem = listed(services, ended=True, site=site)
    return [r for r in rows if r.measure.level == level and r.measure.name[:_SHORT] == name[:_SHORT]], problem


def past(session: Session, site: str, level: str, name: str) -> list[Decision]:
    """What was ever decided about one principal, newest first."""
    asked = select(Decision).where(Decision.subject == _subject(site, level, name)).order_by(Decision.number.desc())
    rows = list(session.scalars(asked.limit(_MOST_PAST)))
    # They are shown after the transaction.
    session.expunge_all()
    return rows


def full_name(services: Services, site: str, level: str, name: str) -> str:
    """The whole stable name of a principal.

    Raises:
        Wrong: the ledger does not know it.
    """
    doors = services.ledgers
    try:
        with doors.asking(site) as connection:
            return stable_name(connection, f"{level}:{name}", SiteKeys(doors.secret(), site))[1]
    except (CaseError, NamingError, duckdb.Error) as e:
        raise Wrong(sentence_of(e)) from e


def subject_of(measure: Measure) -> str:
    """Under which subject the trail keeps decisions about its principal, or about its site."""
    if measure.act.for_everybody:
        return f"site:{measure.site}"
    return _subject(measure.site, measure.level, measure.name)


def _subject(site: str, level: str, name: str) -> str:
    return f"principal:{site}/{level}/{name[:_SHORT]}"


def _measure(services: Services, actor: Actor, asked: Asked, now: datetime) -> Measure:
    if not asked.reason.strip():
        raise Wrong("Say why: it stands in the trail, and whoever appeals is answered by it.")
    if asked.site not in services.overviews.sites():
        raise NotFound("There is no such site.")
    if asked.level not in LEVELS:
        raise Wrong(f"Nothing can be decided about a {asked.level[:20]}; only about {', '.join(LEVELS)}.")
    try:
        act = Act(asked.act)
    except ValueError as e:
        raise Wrong(f"A measure is one of {', '.join(OF_PRINCIPALS)}.") from e
    now_s = int(now.timestamp())
    try:
        return Measure(
            id=new_id(),
            site=asked.site,
            level=asked.level,
            name=asked.name,
            act=act,
            from_s=now_s,
            until_s=now_s + read_span(asked.lasting),
            factor=asked.factor if act is Act.BUDGET else None,
            by=cut(actor.name),
            why=cut(asked.reason.strip()),
        )
    except MeasureError as e:
        raise Wrong(sentence_of(e)) from e


def _expected(services: Services, measure: Measure) -> int | None:
    """What the gateway says at this moment of ordinary visitors hit: kept beside the decision."""
    try:
        found = reach_now(services.control, measure.site, measure.level, measure.name).get("ordinary")
    except ControlError:
        # Not known; the page of the confirmation said so.
        return None
    return found if isinstance(found, int) else None


def _read(table: MeasureTable) -> list[Measure]:
    try:
        return table.read()
    except MeasureError as e:
        raise Wrong(sentence_of(e)) from e


def cut(words: str) -> str:
    """As much of somebody's words as a measure keeps; the trail has all."""
    return words.encode()[:LONGEST_WORDS_BYTES].decode("utf-8", "ignore")
