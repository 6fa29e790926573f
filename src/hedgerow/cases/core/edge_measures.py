"""Steps of containment as measures of the edge (`hedgerow.measures`): about principals, or for everybody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from hedgerow.cases.core.ladder import STEPS
from hedgerow.cases.core.measures import Measure
from hedgerow.cases.core.problems import CaseError
from hedgerow.console.access.actor import Actor
from hedgerow.control import Control, ControlError
from hedgerow.measures.asking import standing, take_up
from hedgerow.measures.everybody import Target, check_known, read_target, shows
from hedgerow.measures.kept import undone_on_rollback
from hedgerow.measures.measure import LONGEST_WORDS_BYTES, Act, MeasureError, new_id
from hedgerow.measures.measure import Measure as EdgeMeasure
from hedgerow.measures.table import MeasureTable

FACTOR: Final = 10
"""What `budget` divides budgets by: enough to stop a harvest, and a visitor can still look somebody up."""
ACTS: Final = {
    "watch": Act.WATCH,
    "budget": Act.BUDGET,
    "prove": Act.PROVE,
    "refuse": Act.REFUSE,
    "posture": Act.POSTURE,
    "mask": Act.MASK,
    "close_route": Act.CLOSE,
}
"""Step of the ladder, and the measure that carries it out."""
_STEPS: Final = {act: step for step, act in ACTS.items()}
POSTURE: Final = "high"
"""What the step `posture` raises it to: a posture that only slows contains nothing."""


def wide_target(step: str, target: str) -> Target:
    """A step for everybody: `site`, `route:list`, `field:email` or `field:email@list`.

    Raises:
        MeasureError: it is none.
    """
    kind, _, name = target.partition(":")
    match step, kind:
        case "posture", "site" | "route":
            return read_target(Act.POSTURE, POSTURE, name)
        case "mask", "field":
            field, _, route = name.partition("@")
            return read_target(Act.MASK, field, route)
        case "close_route", "route":
            return read_target(Act.CLOSE, name)
    raise MeasureError("say on what: `site` or `route:NAME` for a posture, `field:NAME` to mask, `route:NAME` to close")


@dataclass(frozen=True)
class EdgeMeasures:
    """Writes the table of measures and has the edge read it."""

    state: Path
    control: Control

    def set(
        self,
        session: Session,
        actor: Actor,
        now: datetime,
        *,
        site: str,
        step: str,
        target: str,
        until: datetime,
        reason: str,
        case: str,
    ) -> Measure:
        """Sets a measure; it is effective now where the edge carries it out already.

        Where the transaction is not kept, neither is the measure.

        Raises:
            CaseError: it cannot be set; nothing was.
        """
        table, now_s = MeasureTable(self.state), int(now.timestamp())
        try:
            measure = self._made(site, step, target, now_s, int(until.timestamp()), actor, f"{case}: {reason}")
            replaced = table.set(measure, now_s)
        except MeasureError as error:
            raise CaseError(str(error)) from error
        self._undone(session, lambda: table.take_back(measure, replaced, now_s))
        return Measure(measure.id, step, target, now, self._effective(measure, now), measure.until)

    def end(self, session: Session, actor: Actor, now: datetime, measure_id: str, reason: str) -> Measure:  # noqa: ARG002
        """Ends a measure; where the transaction is not kept, it goes on.

        Raises:
            CaseError: there is none of this number in force.
        """
        table, now_s = MeasureTable(self.state), int(now.timestamp())
        try:
            ended = table.end(measure_id, now_s)
        except MeasureError as error:
            raise CaseError(str(error)) from error
        self._undone(session, lambda: table.take_back(None, [ended], now_s))
        self._told()
        return _measure(ended, now)

    def of_case(self, session: Session, case: str) -> Sequence[Measure]:  # noqa: ARG002
        """Measures that were set for a case."""
        try:
            return [_measure(m, None) for m in MeasureTable(self.state).read() if m.why.startswith(f"{case}: ")]
        except MeasureError as error:
            raise CaseError(str(error)) from error

    def _made(self, site: str, step: str, target: str, now_s: int, until_s: int, actor: Actor, why: str) -> EdgeMeasure:
        act = ACTS[step]
        by, why = _cut(actor.name), _cut(why)
        if STEPS[step].on == "everybody":
            wide = wide_target(step, target)
            check_known(wide, shows(self.state, site))
            return EdgeMeasure(
                new_id(), site, "", "", act, now_s, until_s, None, by, why, wide.route, wide.field, wide.posture
            )
        level, _, name = target.partition(":")
        factor = FACTOR if act is Act.BUDGET else None
        return EdgeMeasure(new_id(), site, level, name, act, now_s, until_s, factor, by, why)

    def _undone(self, session: Session, take_back: Callable[[], None]) -> None:
        def undo() -> None:
            take_back()
            self._told()

        undone_on_rollback(session, undo)

    def _told(self) -> bool:
        """Makes the edge look now. It reads the table by itself within seconds, too, and when it starts."""
        try:
            take_up(self.control)
        except ControlError:
            return False
        return True

    def _effective(self, measure: EdgeMeasure, now: datetime) -> datetime | None:
        """Now, where the edge says that it carries it out; else the clock's round finds out when that began."""
        if self._told():
            with suppress(ControlError):
                met = standing(self.control, measure.site).get(measure.id)
                return now if met is not None and met.works else None
        return None


def _measure(found: EdgeMeasure, ended: datetime | None) -> Measure:
    begun = datetime.fromtimestamp(found.from_s, UTC)
    step = _STEPS.get(found.act, found.act.value)
    return Measure(found.id, step, found.whom.replace(" ", ":", 1), begun, None, found.until, ended)


def _cut(words: str) -> str:
    """At most as many bytes as a measure keeps; the case has the whole."""
    return words.encode("utf-8")[: LONGEST_WORDS_BYTES - 4].decode("utf-8", "ignore")
