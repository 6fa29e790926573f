"""Letters as JSON: the twin of the pages, with the same permissions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, UploadFile
from starlette.responses import Response

from hedgerow.cases.letters import keeping, telling
from hedgerow.cases.letters.docx_package import MOST_BYTES
from hedgerow.cases.letters.files import checked_hash
from hedgerow.cases.letters.grounds import grounds, to_look_up
from hedgerow.cases.letters.kinds import KINDS
from hedgerow.cases.notices.languages import languages
from hedgerow.console.access.actor import CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.letter_desk import LetterDesk, LetterInput, told
from hedgerow.console.letter_shapes import (
    AnswerIn,
    Approval,
    Arrival,
    DueLetter,
    Happening,
    KindOfLetter,
    LetterDetail,
    LetterKinds,
    LetterSummary,
    Look,
    NewLetter,
    NextStep,
    Part,
    Recheck,
    Return,
    Rule,
    Sending,
    VersionSummary,
    Why,
)
from hedgerow.console.routes import api
from hedgerow.console.services import Services
from hedgerow.store.models.letters import Letter

SUMMARIES: Final = 200
"""Letters, or things to do about them, in one answer."""


def router(services: Services) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["letters"])
    desk = LetterDesk(services)

    def detail(letter_id: str) -> LetterDetail:
        with told(), services.database.reading() as session:
            return _detail(keeping.find_letter(session, letter_id), services.clock())

    @api(routes, "/api/v1/letter-kinds", needs=Permission.SEE)
    def kinds() -> LetterKinds:
        return LetterKinds(
            kinds=[
                KindOfLetter(
                    kind=k.value, title=r.title, to=r.to, answer_days=r.answer_days, steps=[s.value for s in r.steps]
                )
                for k, r in KINDS.items()
            ],
            languages=languages(),
            rules=[
                Rule(
                    id=g.id,
                    title=g.title,
                    source=g.source,
                    dated=g.dated,
                    verified=g.verified,
                    remark=g.remark,
                    places=list(g.places),
                )
                for g in grounds().values()
            ],
        )

    @api(routes, "/api/v1/letters", needs=Permission.SEE)
    def listed(
        answer: Response,
        case: Annotated[str | None, Query(max_length=40)] = None,
        state: Annotated[str | None, Query(max_length=20)] = None,
        page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    ) -> list[LetterSummary]:
        """One page; `X-Total-Count` says how many letters there are, `X-Pages` on how many pages."""
        with services.database.reading() as session:
            found = telling.listed(session, services.clock(), case_id=case, state=state, page=page, size=SUMMARIES)
            answer.headers.update({"X-Total-Count": str(found.total), "X-Pages": str(found.pages)})
            return [LetterSummary(**vars(r)) for r in found.rows]

    @api(routes, "/api/v1/letters/due", needs=Permission.SEE)
    def due() -> list[DueLetter]:
        with services.database.reading() as session:
            return [DueLetter(**vars(i)) for i in telling.due_items(session, services.clock(), most=SUMMARIES)]

    @api(routes, "/api/v1/letters/{letter_id}", needs=Permission.SEE)
    def one(letter_id: str) -> LetterDetail:
        return detail(letter_id)

    @api(routes, "/api/v1/letters/{letter_id}/versions/{number}", needs=Permission.SEE)
    def version(letter_id: str, number: int) -> dict[str, Any]:
        with told(), services.database.reading() as session:
            return keeping.document(keeping.find_letter(session, letter_id), number).as_json()

    @api(routes, "/api/v1/cases/{case_id}/letters", needs=Permission.WRITE_LETTER, method="POST", status_code=201)
    def draft(case_id: str, actor: CurrentActor, given: NewLetter) -> LetterDetail:
        with told():
            made = desk.draft(actor, case_id, _input(given), given.follows)
        return detail(made)

    @api(routes, "/api/v1/letters/{letter_id}/particulars", needs=Permission.WRITE_LETTER, method="POST")
    def redraft(letter_id: str, actor: CurrentActor, given: NewLetter) -> LetterDetail:
        with told():
            desk.redraft(actor, letter_id, _input(given), given.read)
        return detail(letter_id)

    @api(routes, "/api/v1/letters/{letter_id}/parts", needs=Permission.WRITE_LETTER, method="POST")
    def part(letter_id: str, actor: CurrentActor, change: Part) -> LetterDetail:
        if change.what == "remove":
            desk.remove(actor, letter_id, change.read, change.place)
        elif change.what == "insert":
            desk.insert(actor, letter_id, change.read, change.place, change.text)
        else:
            desk.rewrite(actor, letter_id, change.read, change.place, change.text)
        return detail(letter_id)

    @api(routes, "/api/v1/letters/{letter_id}/upload", needs=Permission.WRITE_LETTER, method="POST")
    def upload(
        letter_id: str, actor: CurrentActor, file: UploadFile, read: Annotated[int, Query(ge=1, le=10_000)]
    ) -> LetterDetail:
        desk.upload(actor, letter_id, read, file.file.read(MOST_BYTES + 1))
        return detail(letter_id)

    @api(routes, "/api/v1/letters/{letter_id}/approve", needs=Permission.APPROVE_LETTER, method="POST")
    def approve(letter_id: str, actor: CurrentActor, given: Approval) -> LetterDetail:
        desk.approve(actor, letter_id, given.version, sources_checked=given.sources_checked)
        return detail(letter_id)

    @api(routes, "/api/v1/letters/{letter_id}/withdraw", needs=Permission.WRITE_LETTER, method="POST")
    def withdraw(letter_id: str, actor: CurrentActor, given: Why) -> LetterDetail:
        desk.withdraw(actor, letter_id, given.reason)
        return detail(letter_id)

    @api(routes, "/api/v1/letters/{letter_id}/sent", needs=Permission.SEND, method="POST")
    def sent(letter_id: str, actor: CurrentActor, given: Sending) -> LetterDetail:
        desk.sent(actor, letter_id, given.channel, given.proof, given.at)
        return detail(letter_id)

    @api(routes, "/api/v1/letters/{letter_id}/mail", needs=Permission.SEND, method="POST")
    def mail(letter_id: str, actor: CurrentActor) -> LetterDetail:
        desk.mail(actor, letter_id)
        return detail(letter_id)

    @api(routes, "/api/v1/letters/{letter_id}/not-sent", needs=Permission.SEND, method="POST")
    def not_sent(letter_id: str, actor: CurrentActor, given: Why) -> LetterDetail:
        desk.not_sent(actor, letter_id, given.reason)
        return detail(letter_id)

    @api(routes, "/api/v1/letters/{letter_id}/delivered", needs=Permission.SEND, method="POST")
    def delivered(letter_id: str, actor: CurrentActor, given: Arrival) -> LetterDetail:
        desk.delivered(actor, letter_id, given.proof, given.at)
        return detail(letter_id)

    @api(routes, "/api/v1/letters/{letter_id}/bounced", needs=Permission.SEND, method="POST")
    def bounced(letter_id: str, actor: CurrentActor, given: Return) -> LetterDetail:
        desk.bounced(actor, letter_id, given.reason, given.at)
        return detail(letter_id)

    @api(routes, "/api/v1/letters/{letter_id}/answer", needs=Permission.WRITE_LETTER, method="POST")
    def answer(letter_id: str, actor: CurrentActor, given: AnswerIn) -> LetterDetail:
        with told():
            digest = checked_hash(given.reply_sha256)
        desk.answered(actor, letter_id, given.answer, given.summary, given.at, None, digest)
        return detail(letter_id)

    @api(routes, "/api/v1/letters/{letter_id}/escalate", needs=Permission.WRITE_LETTER, method="POST")
    def escalate(letter_id: str, actor: CurrentActor, given: NextStep) -> LetterDetail:
        desk.escalate(actor, letter_id, given.step, given.reason)
        return detail(letter_id)

    @api(routes, "/api/v1/letters/{letter_id}/close", needs=Permission.DECIDE_CASE, method="POST")
    def close(letter_id: str, actor: CurrentActor, given: Why) -> LetterDetail:
        desk.close(actor, letter_id, given.reason)
        return detail(letter_id)

    @api(routes, "/api/v1/letters/{letter_id}/reopen", needs=Permission.WRITE_LETTER, method="POST")
    def reopen(letter_id: str, actor: CurrentActor, given: Why) -> LetterDetail:
        desk.reopen(actor, letter_id, given.reason)
        return detail(letter_id)

    @api(routes, "/api/v1/letters/{letter_id}/rechecks/{recheck_id}", needs=Permission.WRITE_LETTER, method="POST")
    def recheck(letter_id: str, recheck_id: str, actor: CurrentActor, given: Look) -> LetterDetail:
        desk.rechecked(actor, letter_id, recheck_id, given.outcome, given.text)
        return detail(letter_id)

    return routes


def _input(given: NewLetter) -> LetterInput:
    return LetterInput.of(given.kind, given.language, given.recipient, given.sender, given.particulars)


def _detail(letter: Letter, now: datetime) -> LetterDetail:
    written = keeping.document(letter)
    return LetterDetail(
        **vars(telling.row_of(letter, now)),
        language=letter.language,
        recipient=letter.recipient,
        sender=letter.sender,
        particulars=letter.particulars,
        document=written.as_json(),
        sha256=written.sha256,
        gaps=list(keeping.gaps(written)),
        rules_to_look_up=[g.id for g in to_look_up(written.grounds)],
        approved_version=letter.approved_version,
        approved_at=letter.approved_at,
        approved_by=letter.approved_by,
        docx_sha256=letter.docx_sha256,
        pdf_sha256=letter.pdf_sha256,
        answer_by=letter.answer_by,
        zone=letter.zone,
        channel=letter.channel,
        channel_reference=letter.channel_reference,
        delivered_at=letter.delivered_at,
        answered_at=letter.answered_at,
        versions=[VersionSummary.model_validate(v, from_attributes=True) for v in letter.versions],
        events=[Happening.model_validate(e, from_attributes=True) for e in letter.events],
        rechecks=[Recheck.model_validate(r, from_attributes=True) for r in letter.rechecks],
    )
