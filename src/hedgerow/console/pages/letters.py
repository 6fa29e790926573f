"""Letters: the list with its deadlines, one letter with everything that may be done with it, and its files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from hedgerow.cases.letters import keeping, states, telling
from hedgerow.cases.letters.editing import as_typed
from hedgerow.cases.letters.following import PROOFS, Answer, Channel, shown_state
from hedgerow.cases.letters.grounds import chosen, to_look_up
from hedgerow.cases.letters.kinds import KINDS, Kind, Step
from hedgerow.cases.letters.pdf import set_as_pdf
from hedgerow.cases.letters.rechecking import Outcome
from hedgerow.cases.letters.states import Act, State
from hedgerow.console.access.roles import Permission
from hedgerow.console.case_parts import CasePanel
from hedgerow.console.letter_desk import LetterDesk, told
from hedgerow.console.navigation import Entry
from hedgerow.console.rendering import render
from hedgerow.console.routes import page
from hedgerow.console.services import Services
from hedgerow.store.models.cases import Case
from hedgerow.store.models.letters import Letter

NAVIGATION: Final = (Entry(45, "Letters", "/letters", Permission.SEE),)

DUE: Final = 20
"""Things to do above the list; the others follow when these are done."""
OF_CASE: Final = 50
"""Letters on the page of a case."""
TONES: Final[dict[str, str]] = {
    "draft": "quiet",
    "approved": "watch",
    "sent": "calm",
    "delivered": "calm",
    "bounced": "alarm",
    "answered": "watch",
    "overdue": "alarm",
    "escalated": "watch",
    "closed": "quiet",
    "withdrawn": "quiet",
}
ANSWERS: Final[dict[Answer, str]] = {
    Answer.CONFIRMS_DELETION: "It confirms the deletion",
    Answer.AGREES: "It agrees to what was asked",
    Answer.IN_PART: "It agrees in part",
    Answer.REFUSES: "It refuses",
    Answer.NOT_CONCERNED: "They say that it does not concern them",
    Answer.OTHER: "Something else",
}
STEPS: Final[dict[Step, str]] = {
    Step.REMINDER: "A last reminder, with the form to fill in",
    Step.HOST: "A notice to the hosting provider",
    Step.REGISTRAR: "A notice to the registrar",
    Step.AUTHORITY: "A complaint to the authority",
    Step.POLICE: "A complaint to the police",
    Step.COURT: "Counsel takes it to court",
}
OUTCOMES: Final[dict[Outcome, str]] = {
    Outcome.GONE: "It is gone",
    Outcome.STILL_OFFERED: "It is still there",
    Outcome.UNCLEAR: "It cannot be told",
}
HAPPENED: Final[dict[str, str]] = {
    "drafted": "Drafted",
    "edited": "Changed",
    "uploaded": "Edited file taken",
    "approve": "Approved",
    "withdraw": "Withdrawn",
    "sending": "Mail handed over",
    "send_failed": "Mail refused",
    "not_sent": "Mail did not go out",
    "send": "Sent",
    "deliver": "Delivered",
    "bounce": "Came back",
    "answer": "Answered",
    "fall_due": "Answer overdue",
    "escalate": "Next step taken",
    "close": "Closed",
    "reopen": "Opened again",
    "rechecks_planned": "Later looks planned",
    "rechecked": "Looked again",
    "contradicted": "Confirmation contradicted",
}
_KINDS: Final = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
    "txt": "text/plain; charset=utf-8",
}


def case_letters(session: Session, case_id: str, services: Services) -> Mapping[str, Any]:
    """The letters of a case, for its page."""
    found = telling.listed(session, services.clock(), case_id=case_id, size=OF_CASE)
    return {
        "case_id": case_id,
        "rows": found.rows,
        "more": found.total - len(found.rows),
        "tones": TONES,
        "kinds": [(k.value, f"{rule.title}: {rule.to}") for k, rule in KINDS.items()],
    }


CASE_PANELS: Final = (CasePanel(50, "letters", "Letters", Permission.SEE, "letters/case_panel.html", case_letters),)
CASE_BLOCKERS: Final = (telling.unfinished,)


def router(services: Services) -> APIRouter:
    """Pages that show letters."""
    routes = APIRouter()
    desk = LetterDesk(services)

    @page(routes, "/letters", needs=Permission.SEE)
    def listed(
        request: Request,
        state: Annotated[str, Query(max_length=20)] = "",
        number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
    ) -> Response:
        now = services.clock()
        with services.database.reading() as session:
            found = telling.listed(session, now, state=state or None, page=number)
            due = telling.due_items(session, now, most=DUE)
            more_due = telling.due_count(session, now) - len(due)
        return render(
            request,
            "letters/list.html",
            rows=found.rows,
            total=found.total,
            due=due,
            more_due=max(0, more_due),
            number=found.page,
            pages=found.pages,
            state=state,
            states=[s.value for s in State],
            tones=TONES,
        )

    @page(routes, "/letters/{letter_id}", needs=Permission.SEE)
    def one(
        request: Request, letter_id: str, version: Annotated[int | None, Query(ge=1, le=10_000)] = None
    ) -> Response:
        with told(), services.database.reading() as session:
            letter = keeping.find_letter(session, letter_id)
            values = _one(session, letter, version, services.clock())
            return render(request, "letters/one.html", has_mailer=desk.mailer is not None, **values)

    @page(routes, "/letters/{letter_id}/versions/{number}/letter.{form}", needs=Permission.SEE)
    def file(request: Request, letter_id: str, number: int, form: str) -> Response:  # noqa: ARG001
        with told():
            content = desk.file(letter_id, number, form)
            with services.database.reading() as session:
                name = keeping.find_letter(session, letter_id).number
        return _attached(content, _KINDS[form], f"{name}-v{number}.{form}")

    @page(routes, "/letters/{letter_id}/files/{digest}", needs=Permission.SEE)
    def kept_file(request: Request, letter_id: str, digest: str) -> Response:  # noqa: ARG001
        with told():
            with services.database.reading() as session:
                letter = keeping.find_letter(session, letter_id)
                if digest not in _files_of(letter):
                    raise keeping.NoSuchLetterError(f"letter {letter.number} has no such file")
            # Whatever somebody sent us is only ever saved, never shown: a reply may be any kind of file.
            return _attached(desk.files.read(digest), "application/octet-stream", f"{digest[:12]}.bin")

    return routes


def _attached(content: bytes, kind: str, name: str) -> Response:
    headers = {
        "content-disposition": f'attachment; filename="{name}"',
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
    }
    return Response(content, media_type=kind, headers=headers)


def _files_of(letter: Letter) -> set[str]:
    found = {letter.docx_sha256, letter.pdf_sha256, *(v.upload_sha256 for v in letter.versions)}
    found |= {e.details.get("reply_sha256") for e in letter.events} | {r.evidence_sha256 for r in letter.rechecks}
    if letter.channel == Channel.WEB_FORM.value:
        found.add(letter.channel_reference)
    return {f for f in found if f}


def _one(session: Session, letter: Letter, version: int | None, now: datetime) -> dict[str, Any]:
    """All that the page of a letter shows."""
    shown = version or letter.version
    written = keeping.document(letter, shown)
    case = session.get(Case, letter.case_id)
    state = shown_state(letter, now)
    acts = set(states.TABLE[state]) if letter.sending_at is None else set()
    newest = shown == letter.version
    kind = KINDS[Kind(letter.kind)]
    return {
        "letter": letter,
        "row": telling.row_of(letter, now),
        "case": case,
        "kind": kind,
        "written": written,
        "blocks": [(n, type(b).__name__, b, as_typed(b)) for n, b in enumerate(written.blocks)],
        "gaps": keeping.gaps(written),
        "rules": chosen(written.grounds),
        "open_rules": to_look_up(written.grounds),
        "shown": shown,
        "newest": newest,
        "writer_id": keeping.newest(letter).written_by,
        "editable": newest and Act.EDIT in acts,
        "acts": {a.value for a in acts},
        "state": state.value,
        "tones": TONES,
        "channels": [(c.value, PROOFS[c][0]) for c in Channel],
        "proofs": [f"{PROOFS[c][0]}: {PROOFS[c][1]}" for c in Channel],
        "answers": [(a.value, words) for a, words in ANSWERS.items()],
        "steps": [(s.value, STEPS[s]) for s in kind.steps],
        "outcomes": [(o.value, words) for o, words in OUTCOMES.items()],
        "unshown": set_as_pdf(written, approved=False)[1] if newest and state is State.DRAFT else (),
        "happened": HAPPENED,
        "answer_day": datetime.combine(written.answer_by, time(12), UTC) if written.answer_by else None,
    }
