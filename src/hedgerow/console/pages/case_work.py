"""What is done in a case: each form of its page, one act each, back to the section it stood in.

Evidence, holds, lessons and closing are in `case_ending`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from hedgerow.cases.core import containing, counting, keeping, opening, working
from hedgerow.cases.core.ladder import STEPS
from hedgerow.cases.core.problems import CaseError
from hedgerow.cases.core.severity import Judged, by_judgement, by_score
from hedgerow.console import containment_desk
from hedgerow.console.access.actor import Actor, CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.case_parts import measures_of
from hedgerow.console.long_work import Step
from hedgerow.console.pages.cases import (
    LongWords,
    Short,
    Words,
    acted,
    ledgers,
    maybe_moment,
    moment_of,
    people_to_ask,
    sealer,
    told,
)
from hedgerow.console.rendering import go, render
from hedgerow.console.routes import action
from hedgerow.console.services import CurrentServices, Services
from hedgerow.store.models.cases import Case

Moment = Annotated[str, Form(max_length=40)]
Name = Annotated[str, Form(max_length=64)]
Chosen = Annotated[list[str], Form(max_length=600)]
MOST_CHOSEN: Final = 500

Act = Callable[[Session, Case, datetime], object]


def do(request: Request, here: Services, case_id: str, section: str, say: str, act: Act) -> Response:
    """One act on a case."""
    return acted(request, here, working.find_case, case_id, f"/cases/{{}}#{section}", say, act)


def do_beside(
    request: Request,
    here: Services,
    actor: Actor,
    case_id: str,
    named: tuple[str, str, str, str],
    ask: Callable[[Step], Act],
) -> Response:
    """An act that asks the ledger first, which may take long: beside the pages, then one transaction.

    Args:
        request: the form.
        here: the console's surroundings.
        actor: who asked.
        case_id: identifier of the case.
        named: the act in one word, what is done in words, the section of the page, and a good end in a sentence.
        ask: asks, outside of any transaction, and gives the act that keeps the answer.
    """
    word, title, section, say = named

    def work(step: Step) -> str:
        act = ask(step)
        step("keeps the answer")
        with here.database.session() as session:
            act(session, working.find_case(session, case_id), here.clock())
        return say

    with told():
        begun = here.long_work.begin(f"case:{case_id}/{word}", title, actor.name, work)
        done = here.long_work.wait(begun, here.act_patience_s)
    return go(request, f"/cases/{case_id}#{section}", say if done else f"{title}: it goes on beside the pages.")


def router(services: Services) -> APIRouter:  # noqa: ARG001 - the face of every module
    """Every act."""
    routes = APIRouter()
    for add in (_describing, _principals, _affected, _severity, _containment, _tasks):
        add(routes)
    return routes


def _describing(routes: APIRouter) -> None:
    @action(routes, "/cases/{case_id}/describe", needs=Permission.WORK_CASE)
    def describe(
        request: Request,
        actor: CurrentActor,
        here: CurrentServices,
        case_id: str,
        title: Short,
        summary: LongWords = "",
        read: Name = "",
    ) -> Response:
        def act(session: Session, case: Case, now: datetime) -> None:
            working.describe(session, actor, now, case, title=title, summary=summary, read=read)

        return do(request, here, case_id, "summary", "Saved.", act)

    @action(routes, "/cases/{case_id}/period", needs=Permission.WORK_CASE)
    def period(
        request: Request,
        actor: CurrentActor,
        here: CurrentServices,
        case_id: str,
        since: Moment,
        reason: Words,
        until: Moment = "",
    ) -> Response:
        def act(session: Session, case: Case, now: datetime) -> None:
            working.set_period(
                session,
                actor,
                now,
                case,
                since=moment_of(since, "Since"),
                until=maybe_moment(until, "Until"),
                reason=reason,
            )

        return do(request, here, case_id, "summary", "The period is changed. Ask the ledger again.", act)

    @action(routes, "/cases/{case_id}/notes", needs=Permission.WORK_CASE)
    def note(request: Request, actor: CurrentActor, here: CurrentServices, case_id: str, text: LongWords) -> Response:
        def act(session: Session, case: Case, now: datetime) -> None:
            working.add_note(session, actor, now, case, text)

        return do(request, here, case_id, "notes", "Noted.", act)

    @action(routes, "/cases/{case_id}/remarks", needs=Permission.WORK_CASE)
    def remark(
        request: Request, actor: CurrentActor, here: CurrentServices, case_id: str, what: Words, at: Moment
    ) -> Response:
        def act(session: Session, case: Case, now: datetime) -> None:
            working.remark(session, actor, now, case, what, moment_of(at, "When"))

        return do(request, here, case_id, "timeline", "Added to the timeline.", act)


def _principals(routes: APIRouter) -> None:
    @action(routes, "/cases/{case_id}/principals", needs=Permission.WORK_CASE)
    def add(
        request: Request,
        actor: CurrentActor,
        here: CurrentServices,
        case_id: str,
        reason: Words,
        principal: Annotated[str, Form(max_length=200)] = "",
        chosen: Chosen = [],  # noqa: B006 - FastAPI copies it
    ) -> Response:
        def act(session: Session, case: Case, now: datetime) -> None:
            who = []
            for text in [*chosen[:MOST_CHOSEN], *([principal] if principal.strip() else [])]:
                ref = ledgers(here).read_ref(case.site, text)
                if ref.level is None:
                    raise CaseError("say the level of a keyed name, as in `account:1f0c9a7be2d4a1b2c3d4e5f6`")
                who.append(opening.Who(ref.level, ref.name, reason))
            if not who:
                raise CaseError("nobody was named or chosen")
            opening.add_principals(session, actor, now, case, who)

        return do(request, here, case_id, "principals", "Added. Ask the ledger again.", act)

    @action(routes, "/cases/{case_id}/principals/{principal_id}/remove", needs=Permission.WORK_CASE)
    def remove(
        request: Request, actor: CurrentActor, here: CurrentServices, case_id: str, principal_id: str, reason: Words
    ) -> Response:
        def act(session: Session, case: Case, now: datetime) -> None:
            opening.remove_principal(session, actor, now, case, principal_id, reason)

        return do(request, here, case_id, "principals", "Taken out. Ask the ledger again.", act)

    @action(routes, "/cases/{case_id}/principals/{principal_id}/open-address", needs=Permission.OPEN_SEALED, fresh=True)
    def open_address(
        request: Request, actor: CurrentActor, here: CurrentServices, case_id: str, principal_id: str, reason: Words
    ) -> Response:
        with told(), here.database.session() as session:
            case = working.find_case(session, case_id)
            opened = keeping.open_address(
                session, actor, here.clock(), case, ledgers(here), sealer(here), principal_id, reason
            )
            shown, number = case.id, case.number
        # Shown once on a page of its own: it must not lie in a cookie or in the address of a page.
        return render(request, "cases/address.html", case_id=shown, number=number, address=opened.address)


def _affected(routes: APIRouter) -> None:
    @action(routes, "/cases/{case_id}/count", needs=Permission.WORK_CASE)
    def count(
        request: Request, actor: CurrentActor, here: CurrentServices, case_id: str, reason: Words = ""
    ) -> Response:
        with told(), here.database.reading() as session:
            question = counting.Question.of(working.find_case(session, case_id), here.clock())

        def ask(step: Step) -> Act:
            answer = counting.ask(ledgers(here), question, step)

            def keep(session: Session, case: Case, now: datetime) -> None:
                counting.keep(session, actor, now, case, answer, reason)

            return keep

        named = ("count", "Asking the ledger who was affected", "people", "The ledger was asked.")
        return do_beside(request, here, actor, question.case_id, named, ask)

    @action(routes, "/cases/{case_id}/fields", needs=Permission.WORK_CASE)
    def mark(
        request: Request,
        actor: CurrentActor,
        here: CurrentServices,
        case_id: str,
        name: Name,
        mark: Name,
        reason: Words,
        sensitivity: Name = "",
    ) -> Response:
        def act(session: Session, case: Case, now: datetime) -> None:
            working.mark_field(session, actor, now, case, name, mark, reason, sensitivity)

        return do(request, here, case_id, "people", f"{name} is marked {mark}.", act)


def _severity(routes: APIRouter) -> None:
    @action(routes, "/cases/{case_id}/severity", needs=Permission.DECIDE_CASE)
    def severity(
        request: Request,
        actor: CurrentActor,
        here: CurrentServices,
        case_id: str,
        reason: Words,
        severity: Name = "",
        context: Name = "",
        identification: Name = "",
        confidentiality: Name = "",
        malicious: Name = "",
        public: Name = "",
        link: Name = "",
    ) -> Response:
        def judged() -> Judged:
            if severity:
                return by_judgement(severity)
            # Whether something was not public (Q2) or was linked (Q3) keeps `public` from lowering the score.
            return by_score(
                context,
                identification,
                confidentiality,
                malicious=bool(malicious),
                public=bool(public),
                answers={"Q3": "yes"} if link else {},
            )

        def act(session: Session, case: Case, now: datetime) -> None:
            working.set_severity(session, actor, now, case, judged(), reason)

        return do(request, here, case_id, "severity", "The severity is decided.", act)


def _containment(routes: APIRouter) -> None:
    @action(routes, "/cases/{case_id}/containment", needs=Permission.WORK_CASE)
    def step(
        request: Request,
        actor: CurrentActor,
        here: CurrentServices,
        case_id: str,
        reason: Words,
        hours: Annotated[int, Form(ge=1, le=90 * 24)],
        step: Name = "",
        targets: Chosen = [],  # noqa: B006 - FastAPI copies it
        target: Annotated[str, Form(max_length=300)] = "",
        wide: Annotated[str, Form(max_length=600)] = "",
        confirmed: Annotated[str, Form(max_length=5)] = "",
    ) -> Response:
        if wide:
            # What is for everybody is chosen with its target.
            step, _, target = wide.partition("|")
        wanted = [one for t in [*targets[:MOST_CHOSEN], target] if (one := t.strip())]
        with told():
            site, number = containment_desk.site_of(here, case_id)
            # Outside of any transaction: the ledger may take long to answer.
            hit = containment_desk.expected(here, site, step, wanted)
        if hit and confirmed != "yes":
            return render(
                request,
                "cases/confirm_step.html",
                case_id=case_id,
                number=number,
                step=STEPS[step],
                targets=wanted,
                hours=hours,
                reason=reason,
                hit=hit,
                uncounted=len(wanted) - len(hit),
            )

        def act(session: Session, case: Case, now: datetime) -> None:  # noqa: ARG001 - the face of every act
            containment_desk.take(
                here, session, actor, case, step=step, targets=wanted, hours=hours, reason=reason, hit=hit
            )

        return do(request, here, case_id, "containment", "Set.", act)

    @action(routes, "/cases/{case_id}/containment/outside", needs=Permission.WORK_CASE)
    def outside(
        request: Request,
        actor: CurrentActor,
        here: CurrentServices,
        case_id: str,
        what: Words,
        started: Moment,
        effective: Moment = "",
    ) -> Response:
        def act(session: Session, case: Case, now: datetime) -> None:
            containing.note_step_outside(
                session,
                actor,
                now,
                case,
                what=what,
                started_at=moment_of(started, "Begun"),
                effective_at=maybe_moment(effective, "Worked from"),
            )

        return do(request, here, case_id, "containment", "Noted.", act)

    @action(routes, "/cases/{case_id}/containment/{step_id}/effective", needs=Permission.WORK_CASE)
    def effective(
        request: Request, actor: CurrentActor, here: CurrentServices, case_id: str, step_id: str, at: Moment
    ) -> Response:
        def act(session: Session, case: Case, now: datetime) -> None:
            containing.note_effective(session, actor, now, case, step_id, moment_of(at, "Worked from"))

        return do(request, here, case_id, "containment", "Noted.", act)

    @action(routes, "/cases/{case_id}/containment/{step_id}/end", needs=Permission.WORK_CASE)
    def end(
        request: Request, actor: CurrentActor, here: CurrentServices, case_id: str, step_id: str, reason: Words
    ) -> Response:
        def act(session: Session, case: Case, now: datetime) -> None:
            containing.end_step(session, actor, now, case, measures_of(here), step_id, reason)

        return do(request, here, case_id, "containment", "Ended.", act)


def _tasks(routes: APIRouter) -> None:
    @action(routes, "/cases/{case_id}/tasks", needs=Permission.WORK_CASE)
    def add(
        request: Request,
        actor: CurrentActor,
        here: CurrentServices,
        case_id: str,
        title: Short,
        due: Moment = "",
        assignee: Name = "",
    ) -> Response:
        def act(session: Session, case: Case, now: datetime) -> None:
            who = _user(session, assignee)
            working.add_task(session, actor, now, case, title, maybe_moment(due, "Due"), who)

        return do(request, here, case_id, "tasks", "The task is added.", act)

    @action(routes, "/cases/{case_id}/tasks/{task_id}/assign", needs=Permission.WORK_CASE)
    def assign(
        request: Request,
        actor: CurrentActor,
        here: CurrentServices,
        case_id: str,
        task_id: str,
        assignee: Name = "",
        due: Moment = "",
    ) -> Response:
        def act(session: Session, case: Case, now: datetime) -> None:
            _of_case(case, task_id)
            working.assign_task(session, actor, now, task_id, _user(session, assignee), maybe_moment(due, "Due"))

        return do(request, here, case_id, "tasks", "Saved.", act)

    @action(routes, "/cases/{case_id}/tasks/{task_id}/done", needs=Permission.WORK_CASE)
    def done(
        request: Request, actor: CurrentActor, here: CurrentServices, case_id: str, task_id: str, outcome: Words
    ) -> Response:
        def act(session: Session, case: Case, now: datetime) -> None:
            _of_case(case, task_id)
            working.finish_task(session, actor, now, task_id, outcome)

        return do(request, here, case_id, "tasks", "Done.", act)


def _of_case(case: Case, task_id: str) -> None:
    if all(t.id != task_id for t in case.tasks):
        raise CaseError("this task is not of this case")


def _user(session: Session, user_id: str) -> tuple[str, str] | None:
    if not user_id:
        return None
    found = next(((i, name) for i, name in people_to_ask(session) if i == user_id), None)
    if found is None:
        raise CaseError("a task is given to a user who may work on cases")
    return found
