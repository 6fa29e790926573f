"""Notices: deadlines over all cases; per case the worksheet, the duties of each regime, and the decision to sign."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Query, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from hedgerow.cases.core.telling import kept_facts
from hedgerow.cases.filing import casework, deciding, dues, statements, typed
from hedgerow.cases.filing.blocking import blockers
from hedgerow.cases.filing.casework import Casework
from hedgerow.cases.filing.statements import Stated
from hedgerow.cases.notices import explaining, worksheet
from hedgerow.cases.notices.codes import EVENTS, Duty
from hedgerow.cases.notices.decisions import Outcome
from hedgerow.cases.notices.evidence import Suggestion, suggestions
from hedgerow.cases.notices.languages import language, languages
from hedgerow.cases.notices.loading import shipped
from hedgerow.cases.notices.problems import NoticeError
from hedgerow.console import notice_acts as acts
from hedgerow.console.access.actor import CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.case_parts import CasePanel
from hedgerow.console.navigation import Entry
from hedgerow.console.problems import NotFound
from hedgerow.console.rendering import go, render
from hedgerow.console.routes import action, page
from hedgerow.console.services import CurrentServices, Services
from hedgerow.store.models.cases import Case

NAVIGATION: Final = (Entry(50, "Notices", "/notices", Permission.SEE),)
CASE_BLOCKERS: Final = (blockers,)
PAGE: Final = 100
"""Due items on one page."""

Long = Annotated[str, Form(max_length=20_000)]
Word = Annotated[str, Form(max_length=120)]


async def whole_form(request: Request) -> FormData:
    """Every field of the form; the gate has read and bounded it already."""
    return await request.form()


WholeForm = Annotated[FormData, Depends(whole_form)]


def panel(session: Session, case_id: str, services: Services) -> dict[str, Any]:
    """What a case's page shows of its notices."""
    now = services.clock()
    work = casework.read(session, kept_facts(session, case_id), now)
    return {
        "due": dues.of_case(work)[:6],
        "regimes": [a.regime.id for a in work.plan.applies],
        "decided": len(work.records.decisions),
        "filed": len(work.records.filings),
        "duty_words": acts.DUTY_WORDS,
        "what_words": acts.WHAT_WORDS,
    }


CASE_PANELS: Final = (CasePanel(60, "notices", "Notices", Permission.SEE, "notices/panel.html", panel),)


def router(services: Services) -> APIRouter:  # noqa: ARG001 - the face of every module
    """The pages."""
    routes = APIRouter()
    page(routes, "/notices", needs=Permission.SEE)(overview)
    page(routes, "/notices/regimes", needs=Permission.SEE)(regimes)
    page(routes, "/notices/regimes/{regime}", needs=Permission.SEE)(one_regime)
    page(routes, "/notices/cases/{case_id}", needs=Permission.SEE)(one_case)
    page(routes, "/notices/cases/{case_id}/worksheet", needs=Permission.SEE)(facts_page)
    action(routes, "/notices/cases/{case_id}/statements", needs=Permission.WORK_CASE)(state)
    page(routes, "/notices/cases/{case_id}/decide/{regime}/{duty}", needs=Permission.SEE)(decide_page)
    action(routes, "/notices/cases/{case_id}/decide/{regime}/{duty}", needs=Permission.DECIDE_NOTICE, fresh=True)(sign)
    action(routes, "/notices/cases/{case_id}/late", needs=Permission.DECIDE_NOTICE)(late)
    return routes


def overview(
    request: Request, services: CurrentServices, number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1
) -> Response:
    """What waits over all cases, by date, a page at a time."""
    with services.database.reading() as session:
        waiting = dues.waiting(session, services.clock())
        pages = max(1, -(-waiting.total // PAGE))
        number = min(number, pages)
        found = dues.listed(session, most=PAGE, skip=(number - 1) * PAGE)
        ids = {d.case_id for d in found}
        numbers = dict(session.execute(select(Case.id, Case.number).where(Case.id.in_(ids))).all()) if ids else {}
    return render(
        request,
        "notices/overview.html",
        items=found,
        numbers=numbers,
        waiting=waiting,
        number=number,
        pages=pages,
        duty_words=acts.DUTY_WORDS,
        what_words=acts.WHAT_WORDS,
    )


def regimes(request: Request) -> Response:
    """Every regime, with version and whether it was verified."""
    rules = shipped()
    return render(
        request,
        "notices/regimes.html",
        rows=explaining.listed(rules),
        digest=rules.digest,
        version=rules.version,
        warning=explaining.WARNING,
    )


def one_regime(request: Request, regime: str) -> Response:
    """One regime in words, with its sources."""
    found = shipped().regimes.get(regime)
    if found is None:
        raise NotFound("There is no such regime. All of them are listed under Notices, Regimes.")
    return render(
        request,
        "notices/regime.html",
        regime=found,
        lines=explaining.explained(found),
        sources=explaining.sources(found),
        warning=explaining.WARNING,
    )


def one_case(request: Request, services: CurrentServices, case_id: str) -> Response:
    """Where the notices of a case stand."""
    with acts.looking(services, case_id) as (session, work):
        rows = casework.decisions(session, work.case.id)
        return render(
            request,
            "notices/case.html",
            **shell(work),
            waiting=dues.of_case(work),
            decided=[decided(row, work) for row in reversed(rows)],
            sources={a.regime.id: explaining.sources(a.regime) for a in work.plan.applies},
            duty_words=acts.DUTY_WORDS,
            what_words=acts.WHAT_WORDS,
            warning=explaining.WARNING,
        )


def shell(work: Casework) -> dict[str, Any]:
    """What every page of a case's notices shows."""
    return {"case": work.case, "work": work, "plan": work.plan, "digest": work.digest}


def decided(row: Any, work: Casework) -> dict[str, Any]:
    """A decision with what has changed since."""
    return {
        "row": row,
        "intact": deciding.intact(row),
        "older": deciding.older_facts(row, work),
        "older_rules": deciding.older_rules(row, work),
    }


def facts_page(request: Request, services: CurrentServices, case_id: str) -> Response:
    """The worksheet and every fact that is stated by people."""
    with acts.looking(services, case_id) as (session, work):
        harms = {k: language("en").harms[k][0] for k in language("en").harms}
        return render(
            request,
            "notices/worksheet.html",
            **shell(work),
            questions=list(worksheet.QUESTIONS.values()),
            follows=worksheet.follows(work.facts.answers),
            suggested=suggested(work),
            stated=work.stated,
            history=statements.history(session, work.case.id)[:200],
            texts=typed.TEXTS,
            lines={k: v for k, v in typed.LINES.items() if k not in {"harms", "nature"}},
            by_language=typed.BY_LANGUAGE,
            languages={name: language(name).name for name in languages()},
            events={k: v for k, v in EVENTS.items() if k not in statements.SENT_EVENTS},
            harms=harms,
            value=lambda key: _shown(work.stated.get(key)),
            document=work.facts,
            representatives=lambda o: "\n".join(f"{place}: {who}" for place, who in o.representatives),
        )


def suggested(work: Casework) -> dict[str, Suggestion]:
    """What the ledger suggests to each question; nothing where it was not asked yet."""
    affected = work.case.affected()
    return suggestions(affected) if affected else {}


def _shown(stated: Stated | None) -> Any:
    return stated.value if stated is not None and stated.value is not None else ""


def state(
    request: Request,
    services: CurrentServices,
    actor: CurrentActor,
    case_id: str,
    form: WholeForm,
    key: Word,
    why: Long = "",
) -> Response:
    """States one thing about the case."""
    values = {name: [v for v in form.getlist(name) if isinstance(v, str)] for name in form}
    place = next(iter(values.get("place", ())), "").strip().upper()
    whole = f"residences.{place}" if key == "residences" else key
    with acts.told():
        value = typed.value_of(whole, values)
    changed = acts.state(services, actor, case_id, whole, value, why)
    return go(
        request,
        f"/notices/cases/{case_id}/worksheet",
        "It is written down." if changed else "Nothing changed: that is what was written already.",
    )


def decide_page(request: Request, services: CurrentServices, case_id: str, regime: str, duty: str) -> Response:
    """The question of one duty, with everything that bears on it, and the form to sign."""
    with acts.looking(services, case_id) as (session, work):
        applies = work.applies(regime)
        owed = work.plan.duty(regime, _duty(duty))
        if owed is None or owed.test is None:
            raise NoticeError(f"{regime} asks no such question")
        mine = [r for r in casework.decisions(session, work.case.id) if (r.regime, r.duty) == (regime, duty)]
        return render(
            request,
            "notices/decide.html",
            **shell(work),
            applies=applies,
            owed=owed,
            follows=worksheet.follows(work.facts.answers),
            answers=work.facts.answers,
            questions=worksheet.QUESTIONS,
            sources=explaining.sources(applies.regime),
            explained=explaining.explained(applies.regime),
            earlier=[decided(r, work) for r in reversed(mine)],
            duty_words=acts.DUTY_WORDS,
            warning=explaining.WARNING,
        )


def _duty(text: str) -> Duty:
    if text not in set(Duty):
        raise NotFound("There is no such duty.")
    return Duty(text)


def sign(
    request: Request,
    services: CurrentServices,
    actor: CurrentActor,
    case_id: str,
    regime: str,
    duty: str,
    form: WholeForm,
    outcome: Word,
    reasons: Long,
    seen: Word,
) -> Response:
    """Signs the answer."""
    factors = {
        name.removeprefix("factor."): v for name, v in form.items() if name.startswith("factor.") and isinstance(v, str)
    }
    if outcome not in set(Outcome):
        raise NotFound("The answer is to notify or not to notify.")
    acts.sign(
        services,
        actor,
        case_id,
        regime=regime,
        duty=_duty(duty),
        outcome=Outcome(outcome),
        reasons=reasons,
        factors=factors,
        seen=seen,
    )
    return go(request, f"/notices/cases/{case_id}", f"Signed under {regime}.")


def late(
    request: Request,
    services: CurrentServices,
    actor: CurrentActor,
    case_id: str,
    regime: Word,
    duty: Word,
    text: Long,
) -> Response:
    """Records why something is late."""
    acts.excuse(services, actor, case_id, regime, _duty(duty), text)
    return go(request, f"/notices/cases/{case_id}", "The reason is written down; the notice must give it.")
