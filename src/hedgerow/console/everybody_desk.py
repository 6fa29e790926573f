"""Decides about a site for everybody, from the console: who would be hit is counted first, then it is kept.

`measure_desk` has what is decided about one principal, and writes both.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from hedgerow.cases.core.problems import CaseError
from hedgerow.console.access.actor import Actor
from hedgerow.console.measure_desk import REACH_DAYS, Estimate, cut, keep, told_edge
from hedgerow.console.problems import Conflict, NotFound, Wrong, sentence_of
from hedgerow.console.services import Services
from hedgerow.ledger.questions.period import Period
from hedgerow.ledger.questions.reach import CAVEAT, WIDE_CAVEAT, reach_everybody
from hedgerow.measures import FOR_EVERYBODY, Act, Measure, MeasureError, new_id, read_span
from hedgerow.measures.everybody import Target, check_known, read_target, shows
from hedgerow.measures.measure import POSTURES

WIDE_WORDS: Final = {
    Act.POSTURE: "Posture: newcomers are shown less; whom visitors know already they still see",
    Act.MASK: "Mask a field: nobody sees it, members neither",
    Act.CLOSE: "Close a route: it shows nobody, members neither",
}


@dataclass(frozen=True)
class AskedWide:
    """What somebody wants to decide for everybody, as it was typed."""

    site: str
    act: str
    what: str
    """`raised` or `high`; a field; a route."""
    route: str
    """Where, for a posture and a field; empty: every route that shows people."""
    lasting: str
    reason: str


@dataclass(frozen=True)
class Choices:
    """What can be decided about a site."""

    site: str
    decisions: tuple[tuple[str, str], ...]
    """`posture:high`, `mask:email`, `close:list`, each with its words."""
    routes: tuple[str, ...]
    problem: str = ""
    """Why nothing can be decided, as a sentence."""


def choices(services: Services, site: str) -> Choices:
    """What can be decided about a site, from the people map in force."""
    try:
        known = shows(services.folder.path, site)
    except MeasureError as e:
        return Choices(site, (), (), sentence_of(e))
    decisions = [(f"posture:{p}", f"Posture at least {p}") for p in reversed(POSTURES)]
    decisions += [(f"mask:{f}", f"Mask the field {f}") for f in known.fields]
    decisions += [(f"close:{r}", f"Close the route {r}") for r in known.routes]
    return Choices(site, tuple(decisions), tuple(known.routes))


def target_of(services: Services, site: str, act: str, what: str, route: str) -> Target:
    """What is meant, checked against the people map in force.

    Raises:
        NotFound: there is no such site.
        Wrong: it cannot be, or the site has no such route or field.
    """
    if site not in services.overviews.sites():
        raise NotFound("There is no such site.")
    if act not in FOR_EVERYBODY:
        raise Wrong(f"For everybody, a measure is one of {', '.join(FOR_EVERYBODY)}.")
    try:
        target = read_target(Act(act), what, route)
        check_known(target, shows(services.folder.path, site))
    except MeasureError as e:
        raise Wrong(sentence_of(e)) from e
    return target


def estimate_everybody(services: Services, site: str, target: Target) -> Estimate:
    """Whom a decision for everybody would have met in the last days, by the ledger."""
    now = services.clock()
    caveat = f"{WIDE_CAVEAT} {CAVEAT}"
    try:
        with services.ledgers.asking(site) as connection:
            period = Period(now - timedelta(days=REACH_DAYS), now)
            found = reach_everybody(connection, target.reached, period).as_data()
    except CaseError as e:
        return Estimate(None, "", None, f"The ledger could not be asked: {e}.", caveat=caveat)
    return Estimate(None, "", found, "", caveat=caveat)


def measure_of(services: Services, actor: Actor, asked: AskedWide) -> Measure:
    """The measure that is asked for; nothing is decided by this.

    Raises:
        NotFound: there is no such site.
        Wrong: it cannot be.
    """
    if not asked.reason.strip():
        raise Wrong("Say why: it stands in the trail, and everybody who meets it may ask.")
    target = target_of(services, asked.site, asked.act, asked.what, asked.route)
    now_s = int(services.clock().timestamp())
    try:
        return Measure(
            id=new_id(),
            site=asked.site,
            level="",
            name="",
            act=target.act,
            from_s=now_s,
            until_s=now_s + read_span(asked.lasting),
            by=cut(actor.name),
            why=cut(asked.reason.strip()),
            route=target.route,
            field=target.field,
            posture=target.posture,
        )
    except MeasureError as e:
        raise Wrong(sentence_of(e)) from e


def set_for_everybody(
    services: Services, actor: Actor, asked: AskedWide, *, confirmed: bool
) -> tuple[Measure, list[Measure], str]:
    """Decides; returns the measure, what it replaces, and a sentence on whether it is in force.

    Raises:
        NotFound: there is no such site.
        Wrong: it cannot be.
        Conflict: everybody may be hit, and nobody has confirmed.
    """
    measure = measure_of(services, actor, asked)
    if not confirmed:
        raise Conflict("Look first who would be hit, then confirm.")
    details: dict[str, Any] = {
        "measure": measure.id,
        "site": measure.site,
        "act": measure.act.value,
        "about": measure.whom,
        "until": measure.until,
        "ordinary_expected": estimate_everybody(services, measure.site, Target.of(measure)).ordinary,
    }
    replaced = keep(services, actor, measure, asked.reason.strip(), details, services.clock())
    return measure, replaced, told_edge(services)
