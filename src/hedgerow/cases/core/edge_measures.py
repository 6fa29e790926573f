"""Steps of containment as measures of the edge (`hedgerow.measures`): watch, lower the budget, prove, refuse.

The other steps of the ladder are changes of the policy (posture, a field, a route): the edge has no measure for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import event
from sqlalchemy.orm import Session

from hedgerow.cases.core.ladder import STEPS
from hedgerow.cases.core.measures import Measure
from hedgerow.cases.core.problems import CaseError
from hedgerow.console.access.actor import Actor
from hedgerow.control import Control, ControlError
from hedgerow.measures.asking import take_up
from hedgerow.measures.measure import LONGEST_WORDS_BYTES, Act, MeasureError, new_id
from hedgerow.measures.measure import Measure as EdgeMeasure
from hedgerow.measures.table import MeasureTable

FACTOR: Final = 10
"""What `budget` divides budgets by: enough to stop a harvest, and a visitor can still look somebody up."""


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
        """Sets a measure; it is effective now where the edge has taken it up.

        Raises:
            CaseError: it cannot be set; nothing was.
        """
        level, _, name = target.partition(":")
        if step not in Act.__members__.values() or STEPS[step].on != "principal":
            raise CaseError(
                f"`{STEPS[step].title}` is a change of the policy: make it on the page Policy, then note it here as a "
                "step taken outside"
            )
        try:
            measure = EdgeMeasure(
                id=new_id(),
                site=site,
                level=level,
                name=name,
                act=Act(step),
                from_s=int(now.timestamp()),
                until_s=int(until.timestamp()),
                factor=FACTOR if step == Act.BUDGET else None,
                by=_cut(actor.name),
                why=_cut(f"{case}: {reason}"),
            )
            MeasureTable(self.state).set(measure, int(now.timestamp()))
        except MeasureError as error:
            raise CaseError(str(error)) from error
        self._goes_with(session, measure.id, now)
        return Measure(measure.id, step, target, now, self._taken_up(now), measure.until)

    def end(self, session: Session, actor: Actor, now: datetime, measure_id: str, reason: str) -> Measure:  # noqa: ARG002
        """Ends a measure.

        Raises:
            CaseError: there is none of this number in force.
        """
        try:
            ended = MeasureTable(self.state).end(measure_id, int(now.timestamp()))
        except MeasureError as error:
            raise CaseError(str(error)) from error
        self._taken_up(now)
        return _measure(ended, now)

    def of_case(self, session: Session, case: str) -> Sequence[Measure]:  # noqa: ARG002
        """Measures that were set for a case."""
        try:
            return [_measure(m, None) for m in MeasureTable(self.state).read() if m.why.startswith(f"{case}: ")]
        except MeasureError as error:
            raise CaseError(str(error)) from error

    def _goes_with(self, session: Session, measure_id: str, now: datetime) -> None:
        """Takes a measure back when its transaction is rolled back: what the trail did not keep is not in force."""

        def take_back(_rolled_back: Session) -> None:
            try:
                MeasureTable(self.state).end(measure_id, int(now.timestamp()))
            except MeasureError as error:
                structlog.get_logger("cases").error("measure_not_taken_back", measure=measure_id, error=str(error))
            self._taken_up(now)

        event.listen(session, "after_rollback", take_back, once=True)

    def _taken_up(self, now: datetime) -> datetime | None:
        try:
            take_up(self.control)
        except ControlError:
            # It is in the table all the same: an edge that starts, or looks in some seconds, reads it there. When it
            # began to work is noted by hand then.
            return None
        return now


def _measure(found: EdgeMeasure, ended: datetime | None) -> Measure:
    begun = datetime.fromtimestamp(found.from_s, UTC)
    return Measure(found.id, found.act.value, f"{found.level}:{found.name}", begun, None, found.until, ended)


def _cut(words: str) -> str:
    """At most as many bytes as a measure keeps; the case has the whole."""
    return words.encode("utf-8")[: LONGEST_WORDS_BYTES - 4].decode("utf-8", "ignore")
