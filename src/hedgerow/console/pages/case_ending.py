"""What ends a case, in forms of its page: evidence and holds, lessons, closing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from hedgerow.cases.core import closing, counting, keeping, opening, working
from hedgerow.console.access.actor import Actor, CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.case_parts import case_blockers
from hedgerow.console.long_work import Step
from hedgerow.console.pages.case_work import Act, Moment, Name, do, do_beside
from hedgerow.console.pages.cases import Words, ledgers, moment_of, told
from hedgerow.console.routes import action
from hedgerow.console.services import CurrentServices, Services
from hedgerow.store.models.cases import Case


def router(services: Services) -> APIRouter:  # noqa: ARG001 - the face of every module
    """Every act."""
    routes = APIRouter()
    for add in (_kept, _lessons, _state):
        add(routes)
    return routes


def _kept(routes: APIRouter) -> None:
    @action(routes, "/cases/{case_id}/evidence", needs=Permission.WORK_CASE)
    def freeze(request: Request, actor: CurrentActor, here: CurrentServices, case_id: str, reason: Words) -> Response:
        with told(), here.database.reading() as session:
            case = working.find_case(session, case_id)
            opening.must_be_open(case)
            question, number = counting.Question.of(case, here.clock()), case.number

        def freeze(step: Step) -> Act:
            made = keeping.freeze(ledgers(here), question, number, reason, actor.name, here.clock(), step)

            def keep(session: Session, case: Case, now: datetime) -> None:
                keeping.note_pack(session, actor, now, case, made, reason)

            return keep

        named = ("evidence", "Freezing the evidence", "evidence", "The evidence is frozen.")
        return do_beside(request, here, actor, question.case_id, named, freeze)

    @action(routes, "/cases/{case_id}/evidence/{evidence_id}/check", needs=Permission.WORK_CASE)
    def check(request: Request, here: CurrentServices, case_id: str, evidence_id: str) -> Response:
        with told(), here.database.reading() as session:
            pack = keeping.find_pack(working.find_case(session, case_id), evidence_id)
            folder, wanted = Path(pack.path), pack.sha256
        said = keeping.checked_pack(folder, wanted)

        def act(session: Session, case: Case, now: datetime) -> None:
            keeping.note_check(session, now, case, evidence_id, said)

        return do(request, here, case_id, "evidence", "Checked.", act)

    @action(routes, "/cases/{case_id}/hold", needs=Permission.DECIDE_CASE)
    def hold(
        request: Request, actor: CurrentActor, here: CurrentServices, case_id: str, until: Moment, reason: Words
    ) -> Response:
        def act(session: Session, case: Case, now: datetime) -> None:
            keeping.place_hold(session, actor, now, case, ledgers(here), moment_of(until, "Until"), reason)

        return do(request, here, case_id, "evidence", "Held: the ledger keeps it.", act)

    @action(routes, "/cases/{case_id}/hold/{hold_id}/lift", needs=Permission.DECIDE_CASE)
    def lift(
        request: Request, actor: CurrentActor, here: CurrentServices, case_id: str, hold_id: str, reason: Words
    ) -> Response:
        def act(session: Session, case: Case, now: datetime) -> None:
            keeping.lift_hold(session, actor, now, case, ledgers(here), hold_id, reason)

        return do(request, here, case_id, "evidence", "The hold is lifted.", act)


def _lessons(routes: APIRouter) -> None:
    @action(routes, "/cases/{case_id}/lessons", needs=Permission.WORK_CASE)
    def lesson(
        request: Request,
        actor: CurrentActor,
        here: CurrentServices,
        case_id: str,
        change: Words,
        kind: Name,
        reference: Annotated[str, Form(max_length=100)] = "",
    ) -> Response:
        def act(session: Session, case: Case, now: datetime) -> None:
            closing.add_lesson(session, actor, now, case, change=change, kind=kind, reference=reference)

        return do(request, here, case_id, "closing", "The change is noted.", act)

    @action(routes, "/cases/{case_id}/no-lesson", needs=Permission.DECIDE_CASE)
    def no_lesson(
        request: Request, actor: CurrentActor, here: CurrentServices, case_id: str, reason: Words
    ) -> Response:
        def act(session: Session, case: Case, now: datetime) -> None:
            closing.say_no_lesson(session, actor, now, case, reason)

        return do(request, here, case_id, "closing", "Noted.", act)


def _state(routes: APIRouter) -> None:
    def add(path: str, say: str, does: Callable[[Session, Actor, datetime, Case, str], None]) -> None:
        @action(routes, f"/cases/{{case_id}}/{path}", needs=Permission.DECIDE_CASE)
        def move_on(
            request: Request, actor: CurrentActor, here: CurrentServices, case_id: str, reason: Words
        ) -> Response:
            def act(session: Session, case: Case, now: datetime) -> None:
                does(session, actor, now, case, reason)

            return do(request, here, case_id, "closing", say, act)

    def close(session: Session, actor: Actor, now: datetime, case: Case, reason: str) -> None:
        closing.close_case(session, actor, now, case, reason, case_blockers())

    add("closing", "The case is about to be closed.", closing.start_closing)
    add("close", "The case is closed.", close)
    add("reopen", "The case is open again.", closing.reopen_case)
