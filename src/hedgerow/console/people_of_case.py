"""The people of a case with their fields, as its ledger knows them: for whom to tell, and for the mail-merge file."""

from __future__ import annotations

import structlog

from hedgerow.cases.core.counting import Question, list_people
from hedgerow.cases.core.problems import CaseError
from hedgerow.cases.core.working import find_case
from hedgerow.cases.filing.telling import PersonFields
from hedgerow.cases.notices.facts import Certainty
from hedgerow.console.services import Services
from hedgerow.ledger.questions import confidence
from hedgerow.ledger.questions.affected import Row


def people(services: Services, case_id: str) -> list[PersonFields] | None:
    """The people of a case; None where the ledger cannot be asked. It may take its time: never inside a transaction."""
    try:
        with services.database.reading() as session:
            case = find_case(session, case_id)
            question = Question.of(case, services.clock())
            marks = {f.name: Certainty(f.mark) for f in case.fields}
        with services.long_work.turn("case"):
            _, rows = list_people(services.ledgers, question)
    except CaseError as e:
        structlog.get_logger().warning("people_not_listed", case=case_id, error=str(e))
        return None
    return joined(rows, marks)


def joined(rows: list[Row], marks: dict[str, Certainty]) -> list[PersonFields]:
    """One entry a person; a field that the case excludes is excluded for everybody."""
    fields: dict[str, dict[str, Certainty]] = {}
    spans: dict[str, list[Row]] = {}
    for row in rows:
        sure = Certainty.POSSIBLE if row.confidence == confidence.POSSIBLE else Certainty.CONFIRMED
        mine = fields.setdefault(row.person, {})
        if marks.get(row.field) is Certainty.EXCLUDED:
            mine[row.field] = Certainty.EXCLUDED
        elif mine.get(row.field) is not Certainty.CONFIRMED:
            mine[row.field] = sure
        spans.setdefault(row.person, []).append(row)
    return [
        PersonFields(p, f, min(r.first for r in spans[p]), max(r.last for r in spans[p])) for p, f in fields.items()
    ]
