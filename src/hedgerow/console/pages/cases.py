"""Cases: the list, opening one by hand, and the page of one case. What is done there is in `case_work`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Form, Query, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from hedgerow.cases.core.closing import LESSON_KINDS, blockers
from hedgerow.cases.core.containing import delays_of, times_of
from hedgerow.cases.core.counting import Question, look_for_others
from hedgerow.cases.core.edge_measures import EdgeMeasures
from hedgerow.cases.core.editions import edition
from hedgerow.cases.core.ladder import LADDER, STEPS
from hedgerow.cases.core.ledgers import Ledgers
from hedgerow.cases.core.listing import ORDERS, STATES, Wanted, list_cases
from hedgerow.cases.core.opening import Who, open_by_person
from hedgerow.cases.core.problems import BlockedError, CaseError, ChangedError, NoSuchCaseError
from hedgerow.cases.core.sealing import Sealer
from hedgerow.cases.core.severity import SEVERITIES
from hedgerow.cases.core.sharing import TRAITS
from hedgerow.cases.core.telling import keep_facts
from hedgerow.cases.core.working import find_case, genuine_floor
from hedgerow.cases.notices.severity import CONFIDENTIALITY, CONTEXT, IDENTIFICATION
from hedgerow.console import containment_desk
from hedgerow.console.access.actor import CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.case_parts import case_blockers, case_panels, measures_of
from hedgerow.console.navigation import Entry
from hedgerow.console.problems import Conflict, NotFound, Problem, Wrong, sentence_of
from hedgerow.console.rendering import go, render
from hedgerow.console.routes import action, page
from hedgerow.console.services import CurrentServices, Services
from hedgerow.moments import aware_moment
from hedgerow.store.models.accounts import User
from hedgerow.store.models.cases import Case
from hedgerow.store.models.claims import Claim
from hedgerow.store.models.policy_versions import PolicyVersion

NAVIGATION: Final = (Entry(40, "Cases", "/cases", Permission.SEE),)


def CASE_MEASURES(services: Services) -> EdgeMeasures:  # noqa: N802 - named as `case_parts` looks for it
    """Steps of containment are measures of the edge."""
    return EdgeMeasures(services.folder.path, services.control)


TONES: Final = {"none": "quiet", "low": "quiet", "medium": "watch", "high": "alarm", "critical": "alarm"}
MARK_TONES: Final = {"confirmed": "alarm", "possible": "watch", "excluded": "calm"}

Row = TypeVar("Row", Case, Claim)
MOST_EVENTS: Final = 200
"""The newest of a case's timeline; its file has all of them."""

Words = Annotated[str, Form(max_length=4_000)]
LongWords = Annotated[str, Form(max_length=20_000)]
Short = Annotated[str, Form(max_length=300)]


@contextmanager
def told() -> Iterator[None]:
    """Around what is done to a case: its errors become answers in plain words."""
    try:
        yield
    except NoSuchCaseError as error:
        raise NotFound(sentence_of(error)) from error
    except (BlockedError, ChangedError) as error:
        raise Conflict(sentence_of(error)) from error
    except CaseError as error:
        raise Wrong(sentence_of(error)) from error


def acted(
    request: Request,
    here: Services,
    find: Callable[[Session, str], Row],
    wanted: str,
    back: str,
    say: str,
    act: Callable[[Session, Row, datetime], object],
) -> Response:
    """One act on a case or a claim, in one transaction, then back to the section of the page it stood in.

    Args:
        request: with the form.
        here: the console.
        find: gives the case or the claim.
        wanted: its identifier, or its number.
        back: the page with its section, `/cases/{}#notes`; the braces become the identifier.
        say: what was done.
        act: does it.
    """
    with told(), here.database.session() as session:
        row = find(session, wanted)
        act(session, row, here.clock())
        shown = row.id
    return go(request, back.format(shown), say)


def ledgers(services: Services) -> Ledgers:
    """The ledgers of the state directory."""
    return services.ledgers


def sealer(services: Services) -> Sealer:
    """Opens and seals with the state's secret."""
    return Sealer(ledgers(services).secret())


def moment_of(text: str, what: str) -> datetime:
    """A moment of a form (`datetime-local`, UTC) or a day.

    Raises:
        Wrong: it is none.
    """
    try:
        return aware_moment(text.strip()).astimezone(UTC)
    except ValueError as error:
        raise Wrong(f"{what}: write day and time, as 2026-11-26T18:00 (UTC).") from error


def maybe_moment(text: str, what: str) -> datetime | None:
    """The same; nothing where nothing was written."""
    return moment_of(text, what) if text.strip() else None


def people_to_ask(session: Session) -> list[tuple[str, str]]:
    """Users that a task can be given to."""
    rows = session.scalars(select(User).where(User.disabled_at.is_(None)).order_by(User.shown_name)).all()
    return [(u.id, u.shown_name) for u in rows if any(r.role != "auditor" for r in u.roles)]


def router(services: Services) -> APIRouter:
    """List, opening, one case."""
    routes = APIRouter()
    _list(routes)
    _open(routes, services)
    _show(routes)
    return routes


def _list(routes: APIRouter) -> None:
    @page(routes, "/cases", needs=Permission.SEE)
    def cases(
        request: Request,
        actor: CurrentActor,
        here: CurrentServices,
        state: Annotated[str, Query(max_length=20)] = "",
        severity: Annotated[str, Query(max_length=20)] = "",
        origin: Annotated[str, Query(max_length=20)] = "",
        q: Annotated[str, Query(max_length=200)] = "",
        mine: Annotated[str, Query(max_length=5)] = "",
        order: Annotated[str, Query(max_length=20)] = "deadline",
        number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
    ) -> Response:
        wanted = Wanted(
            state, severity, origin, "", q, actor.id if mine else "", order if order in ORDERS else "deadline", number
        )
        with here.database.reading() as session:
            found = list_cases(session, wanted)
        kept = {"state": state, "severity": severity, "origin": origin, "q": q, "mine": mine, "order": wanted.order}
        return render(
            request,
            "cases/list.html",
            found=found,
            wanted=kept,
            query=[(k, v) for k, v in kept.items() if v],
            states=STATES,
            severities=SEVERITIES,
            orders=ORDERS,
            tones=TONES,
        )


def _open(routes: APIRouter, services: Services) -> None:
    @page(routes, "/cases/new", needs=Permission.WORK_CASE)
    def new_case(request: Request, principal: Annotated[str, Query(max_length=200)] = "") -> Response:
        return render(request, "cases/new.html", sites=ledgers(services).sites(), principal=principal)

    @action(routes, "/cases/new", needs=Permission.WORK_CASE)
    def open_case(
        request: Request,
        actor: CurrentActor,
        here: CurrentServices,
        title: Short,
        site: Annotated[str, Form(max_length=100)],
        reason: Words,
        summary: LongWords = "",
        since: Annotated[str, Form(max_length=40)] = "",
        principals: Annotated[str, Form(max_length=20_000)] = "",
    ) -> Response:
        now = here.clock()
        with told():
            names = [line.strip() for line in principals.splitlines() if line.strip()][:200]
            refs = [ledgers(here).read_ref(site, text) for text in names]
            who = [Who(r.level, r.name, reason) for r in refs if r.level is not None]
            if len(who) < len(refs):
                raise CaseError("say the level of a keyed name, as in `account:1f0c9a7be2d4a1b2c3d4e5f6`")
            if site not in ledgers(here).sites():
                raise CaseError("there is no ledger of this site")
            with here.database.session() as session:
                case = open_by_person(
                    session,
                    actor,
                    now,
                    title=title,
                    site=site,
                    reason=reason,
                    summary=summary,
                    since=maybe_moment(since, "Since"),
                    principals=who,
                )
                case_id, number = case.id, case.number
        return go(request, f"/cases/{case_id}", f"{number} is open.")


def _show(routes: APIRouter) -> None:
    @page(routes, "/cases/{case_id}", needs=Permission.SEE)
    def one_case(request: Request, actor: CurrentActor, here: CurrentServices, case_id: str) -> Response:
        with here.database.reading() as session, told():
            keep_facts(session)
            case = find_case(session, case_id)
            panels = [(p, dict(p.values(session, case.id, here))) for p in case_panels() if actor.may(p.needs)]
            return render(request, "cases/case.html", panels=panels, **case_values(session, case, here))

    @page(routes, "/cases/{case_id}/others", needs=Permission.SEE)
    def others(request: Request, actor: CurrentActor, here: CurrentServices, case_id: str) -> Response:
        with told(), here.database.reading() as session:
            case = find_case(session, case_id)
            question = Question.of(case, here.clock())
            case_id, number, title, state = case.id, case.number, case.title, case.state
        key = f"others:{case_id}/{question.digest}"
        words = "Looking for others that share something"
        asks = request.headers.get("hx-request") == "true"
        work, problem = None, ""
        try:
            with told():
                work = here.long_work.answer(
                    key,
                    words,
                    actor.name,
                    lambda step: look_for_others(here.ledgers, question, step),
                    here.page_patience_s,
                )
        except Problem as error:
            if not asks:
                raise
            # The part of the page that asked shows it, and asks no more.
            problem = error.sentence
        found = work.answer if work is not None and not work.running else None
        return render(
            request,
            "cases/others.html",
            work=work,
            problem=problem,
            case_id=case_id,
            number=number,
            title=title,
            state=state,
            found=found,
            traits=TRAITS,
        )


def case_values(session: Session, case: Case, services: Services) -> dict[str, Any]:
    """What the template of a case needs."""
    now = services.clock()
    wide, wide_problem = containment_desk.wide_choices(services, case.site) if case.state != "closed" else ([], "")
    return {
        "case": case,
        "read": edition(case.title, case.summary),
        "works": services.long_work.of(f"case:{case.id}"),
        "figure_row": case.figures[-1] if case.figures else None,
        "events": case.events[-MOST_EVENTS:],
        "earlier_events": max(0, len(case.events) - MOST_EVENTS),
        "present": [p for p in case.principals if p.removed_at is None],
        "removed": [p for p in case.principals if p.removed_at is not None],
        "open_tasks": [t for t in case.tasks if t.done_at is None],
        "done_tasks": [t for t in case.tasks if t.done_at is not None],
        "claims": session.scalars(select(Claim).where(Claim.case_id == case.id).order_by(Claim.number)).all(),
        "delays": delays_of(case),
        "blockers": blockers(session, case, case_blockers()) if case.state != "closed" else [],
        "levels": containment_desk.levels(services, case),
        "times": times_of(case),
        "wide": wide,
        "wide_problem": wide_problem,
        "ladder": LADDER,
        "steps": STEPS,
        "measures": measures_of(services) is not None,
        "severities": SEVERITIES,
        "floor": genuine_floor(session, case),
        "contexts": list(CONTEXT),
        "identifications": list(IDENTIFICATION),
        "confidentialities": list(CONFIDENTIALITY),
        "lesson_kinds": LESSON_KINDS,
        "policy_versions": session.scalars(select(PolicyVersion).order_by(PolicyVersion.number.desc()).limit(50)).all(),
        "users": people_to_ask(session),
        "tones": TONES,
        "mark_tones": MARK_TONES,
        "states": STATES,
        "is_open": case.state != "closed",
        "today": now,
    }
