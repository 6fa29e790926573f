"""What happens with a letter: approved, sent, delivered, returned, answered, escalated, closed, looked after."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, UploadFile
from starlette.responses import Response

from hedgerow.cases.letters.files import MOST_BYTES
from hedgerow.console.access.actor import CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.letter_desk import LetterDesk
from hedgerow.console.rendering import go
from hedgerow.console.routes import action
from hedgerow.console.services import Services

Word = Annotated[str, Form(max_length=40)]
Reason = Annotated[str, Form(max_length=4_000)]
Proof = Annotated[str, Form(max_length=500)]


def _content(file: UploadFile | None) -> bytes | None:
    """An uploaded file, never more than is kept and one byte; None where the field was left empty."""
    return (file.file.read(MOST_BYTES + 1) or None) if file is not None else None


def router(services: Services) -> APIRouter:
    """Acts on letters."""
    routes = APIRouter()
    desk = LetterDesk(services)

    @action(routes, "/letters/{letter_id}/approve", needs=Permission.APPROVE_LETTER)
    def approve(
        request: Request,
        letter_id: str,
        actor: CurrentActor,
        version: Annotated[int, Form(ge=1)],
        sources_checked: Word = "",
    ) -> Response:
        desk.approve(actor, letter_id, version, sources_checked=sources_checked == "yes")
        return go(request, f"/letters/{letter_id}", "Approved. This version is frozen; it may be sent now.")

    @action(routes, "/letters/{letter_id}/withdraw", needs=Permission.WRITE_LETTER)
    def withdraw(request: Request, letter_id: str, actor: CurrentActor, reason: Reason) -> Response:
        desk.withdraw(actor, letter_id, reason)
        return go(request, f"/letters/{letter_id}", "The letter is withdrawn.")

    @action(routes, "/letters/{letter_id}/sent", needs=Permission.SEND)
    def sent(
        request: Request,
        letter_id: str,
        actor: CurrentActor,
        channel: Word,
        proof: Proof = "",
        at: Word = "",
        picture: UploadFile | None = None,
    ) -> Response:
        desk.sent(actor, letter_id, channel, proof, at, _content(picture))
        return go(request, f"/letters/{letter_id}", "Recorded as sent.")

    @action(routes, "/letters/{letter_id}/mail", needs=Permission.SEND)
    def mail(request: Request, letter_id: str, actor: CurrentActor) -> Response:
        desk.mail(actor, letter_id)
        return go(request, f"/letters/{letter_id}", "The mail went out.")

    @action(routes, "/letters/{letter_id}/not-sent", needs=Permission.SEND)
    def not_sent(request: Request, letter_id: str, actor: CurrentActor, reason: Reason) -> Response:
        desk.not_sent(actor, letter_id, reason)
        return go(request, f"/letters/{letter_id}", "Recorded: the mail did not go out.")

    @action(routes, "/letters/{letter_id}/delivered", needs=Permission.SEND)
    def delivered(request: Request, letter_id: str, actor: CurrentActor, proof: Reason, at: Word = "") -> Response:
        desk.delivered(actor, letter_id, proof, at)
        return go(request, f"/letters/{letter_id}", "Recorded as delivered.")

    @action(routes, "/letters/{letter_id}/bounced", needs=Permission.SEND)
    def bounced(request: Request, letter_id: str, actor: CurrentActor, reason: Reason, at: Word = "") -> Response:
        desk.bounced(actor, letter_id, reason, at)
        return go(request, f"/letters/{letter_id}", "Recorded as returned; send it by another way.")

    @action(routes, "/letters/{letter_id}/answer", needs=Permission.WRITE_LETTER)
    def answer(
        request: Request,
        letter_id: str,
        actor: CurrentActor,
        answer: Word,
        summary: Reason,
        at: Word = "",
        reply: UploadFile | None = None,
    ) -> Response:
        desk.answered(actor, letter_id, answer, summary, at, _content(reply))
        return go(request, f"/letters/{letter_id}", "The answer is recorded.")

    @action(routes, "/letters/{letter_id}/escalate", needs=Permission.WRITE_LETTER)
    def escalate(request: Request, letter_id: str, actor: CurrentActor, step: Word, reason: Reason) -> Response:
        following = desk.escalate(actor, letter_id, step, reason)
        if following is None:
            return go(request, f"/letters/{letter_id}", "Recorded. This step is counsel's own work.")
        case = desk.case_of(letter_id)
        return go(request, f"/cases/{case}/letters/new?kind={following.value}&follows={letter_id}", "Recorded.")

    @action(routes, "/letters/{letter_id}/close", needs=Permission.DECIDE_CASE)
    def close(request: Request, letter_id: str, actor: CurrentActor, reason: Reason) -> Response:
        desk.close(actor, letter_id, reason)
        return go(request, f"/letters/{letter_id}", "Closed. Later looks go on.")

    @action(routes, "/letters/{letter_id}/reopen", needs=Permission.WRITE_LETTER)
    def reopen(request: Request, letter_id: str, actor: CurrentActor, reason: Reason) -> Response:
        desk.reopen(actor, letter_id, reason)
        return go(request, f"/letters/{letter_id}", "Open again.")

    @action(routes, "/letters/{letter_id}/rechecks/{recheck_id}", needs=Permission.WRITE_LETTER)
    def recheck(
        request: Request,
        letter_id: str,
        recheck_id: str,
        actor: CurrentActor,
        outcome: Word,
        text: Reason,
        picture: UploadFile | None = None,
    ) -> Response:
        desk.rechecked(actor, letter_id, recheck_id, outcome, text, _content(picture))
        return go(request, f"/letters/{letter_id}", "What you saw is recorded.")

    return routes
