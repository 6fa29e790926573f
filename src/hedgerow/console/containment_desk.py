"""Containment on one screen: each level, whom it would hit, what was set, and how it stands at the gateway."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy.orm import Session

from hedgerow.cases.core import containing, working
from hedgerow.cases.core.edge_measures import ACTS, wide_target
from hedgerow.cases.core.ladder import LADDER, STEPS, Step
from hedgerow.cases.core.problems import CaseError
from hedgerow.console import everybody_desk, measure_desk
from hedgerow.console.access.actor import Actor
from hedgerow.console.case_parts import measures_of
from hedgerow.console.measure_desk import Estimate
from hedgerow.console.problems import Wrong, sentence_of
from hedgerow.console.services import Services
from hedgerow.control import ControlError, NotRunningError
from hedgerow.measures import MeasureError, standing
from hedgerow.measures.everybody import check_known, shows
from hedgerow.store.models.cases import Case, Containment

MOST_TARGETS: Final = 20
"""Principals whose visitors are counted before one decision; a count asks the ledger."""


@dataclass(frozen=True)
class Expected:
    """Whom one target of a step would hit."""

    target: str
    found: Estimate


@dataclass(frozen=True)
class Row:
    """One step that was taken, as it stands."""

    row: Containment
    edge: str
    """How it stands at the gateway, in a sentence; empty where it is over, or no measure."""


@dataclass(frozen=True)
class Level:
    """One level of containment."""

    step: Step
    rows: tuple[Row, ...]


def levels(services: Services, case: Case) -> list[Level]:
    """All levels with what was set on each; the gateway is asked once, and only where something may be in force."""
    now = services.clock()
    on = {
        c.id for c in case.containment if c.measure_id and not c.ended_at and (not c.expires_at or c.expires_at > now)
    }
    said: dict[str, str] = {}
    problem = ""
    if on:
        try:
            said = {i: one.in_words for i, one in standing(services.control).items()}
        except NotRunningError:
            problem = "No gateway is running; the next one starts with it."
        except ControlError as e:
            problem = f"The gateway does not say how it stands: {e}."

    def row(c: Containment) -> Row:
        edge = (problem or said.get(c.measure_id or "", "The gateway does not have it.")) if c.id in on else ""
        return Row(c, edge)

    return [Level(step, tuple(row(c) for c in case.containment if c.step == step.name)) for step in LADDER]


def wide_choices(services: Services, site: str) -> tuple[list[tuple[str, str]], str]:
    """Steps for everybody with their targets, `mask|field:email`, each with its words; and why there are none."""
    found = everybody_desk.choices(services, site)
    if found.problem:
        return [], found.problem
    rows = [("posture|site", "Posture high, on every route that shows people")]
    rows += [(f"posture|route:{r}", f"Posture high, on the family of the route {r}") for r in found.routes]
    for act, name in (decision.split(":", 1) for decision, _ in found.decisions):
        if act == "mask":
            rows.append((f"mask|field:{name}", f"Mask the field {name}, on every route"))
            rows += [(f"mask|field:{name}@{r}", f"Mask the field {name}, on the route {r}") for r in found.routes]
        elif act == "close":
            rows.append((f"close_route|route:{name}", f"Close the route {name}"))
    return rows, ""


def expected(services: Services, site: str, step: str, targets: Sequence[str]) -> list[Expected]:
    """Whom a step would hit, for each target that more than one visitor may be behind.

    Raises:
        Wrong: there is no such step, or the site has no such route or field.
    """
    known = STEPS.get(step)
    if known is None or step not in ACTS:
        raise Wrong(f"A step is one of {', '.join(ACTS)}.")
    if known.on == "everybody":
        return [Expected(t, _wide(services, site, step, t)) for t in targets[:MOST_TARGETS]]
    pairs = [(t, *t.partition(":")[::2]) for t in targets]
    asked = [(t, level, name) for t, level, name in pairs if measure_desk.needs_confirmation(level, ACTS[step])]
    return [Expected(t, measure_desk.estimate(services, site, level, name)) for t, level, name in asked[:MOST_TARGETS]]


def take(
    services: Services,
    session: Session,
    actor: Actor,
    case: Case,
    *,
    step: str,
    targets: Sequence[str],
    hours: int,
    reason: str,
    hit: Sequence[Expected],
) -> list[Containment]:
    """Takes a step on every target, in one transaction: all of them, or none.

    Raises:
        CaseError: one cannot be taken.
    """
    if not targets:
        raise CaseError("say on whom or what")
    now = services.clock()
    ordinary = {e.target: e.found.ordinary for e in hit}
    return [
        containing.take_step(
            session,
            actor,
            now,
            case,
            measures_of(services),
            step=step,
            target=one,
            until=now + timedelta(hours=hours),
            reason=reason,
            ordinary_expected=ordinary.get(one),
        )
        for one in targets
    ]


def site_of(services: Services, case_id: str) -> tuple[str, str]:
    """Site and number of a case.

    Raises:
        NoSuchCaseError: there is none.
    """
    with services.database.reading() as session:
        case = working.find_case(session, case_id)
        return case.site, case.number


def _wide(services: Services, site: str, step: str, target: str) -> Estimate:
    try:
        wide = wide_target(step, target)
        check_known(wide, shows(services.folder.path, site))
    except MeasureError as e:
        raise Wrong(sentence_of(e)) from e
    return everybody_desk.estimate_everybody(services, site, wide)
