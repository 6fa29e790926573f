"""Principals: who reads how many people, why each is suspected, what is decided about each."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from hedgerow.cases.core.opening import Who, open_by_person
from hedgerow.cases.core.problems import CaseError
from hedgerow.console import measure_desk, principal_figures, today_figures
from hedgerow.console.access.actor import CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.measure_desk import ACT_WORDS, SPANS, Asked
from hedgerow.console.navigation import Entry
from hedgerow.console.pages.cases import told
from hedgerow.console.problems import NotFound, Wrong
from hedgerow.console.rendering import go, render
from hedgerow.console.routes import action, page
from hedgerow.console.services import Services
from hedgerow.console.today_figures import Curious

NAVIGATION: Final = (Entry(20, "Principals", "/principals", Permission.SEE),)
Reason = Annotated[str, Form(max_length=4_000)]
Word = Annotated[str, Form(max_length=20)]
FACTORS: Final = tuple((str(n), f"divide by {n}") for n in (2, 4, 10, 20, 100))
_ONE: Final = "/principals/{site}/{level}/{name}"


def router(services: Services) -> APIRouter:
    """The list, one principal, and what is decided about it."""
    routes = APIRouter()
    _list(routes, services)
    _show(routes, services)
    _act(routes, services)
    return routes


def _list(routes: APIRouter, services: Services) -> None:
    @page(routes, "/principals", needs=Permission.SEE)
    def principals(request: Request) -> Response:
        values = _now(request, services)
        sites = [today_figures.of_site(services.overviews.of(s)) for s in values["names"]]
        choices = [(s, s) for s in services.overviews.sites()]
        return render(request, "principals/list.html", sites=sites, site_choices=choices, **values)

    @page(routes, "/principals/now", needs=Permission.SEE)
    def now(request: Request) -> Response:
        return render(request, "principals/now.html", **_now(request, services))

    # A form that is sent, though it changes nothing: an address must not stand in addresses, histories and traces.
    @action(routes, "/principals/find", needs=Permission.SEE)
    def find(
        request: Request,
        site: Annotated[str, Form(max_length=100)] = "",
        who: Annotated[str, Form(max_length=300)] = "",
    ) -> Response:
        if site not in services.overviews.sites():
            raise NotFound("There is no such site.")
        with told():
            ref = services.ledgers.read_ref(site, who)
            if ref.level is None:
                raise CaseError("say the level of a keyed name, as in `account:1f0c9a7be2d4a1b2c3d4e5f6`")
        return go(request, f"/principals/{site}/{ref.level}/{ref.name}")


def _show(routes: APIRouter, services: Services) -> None:
    @page(routes, _ONE, needs=Permission.SEE)
    def one(request: Request, site: str, level: str, name: str) -> Response:
        nothing: dict[str, Any] = {"record": None, "work": None, "problem": "", "before": "", "first_page": True}
        return render(request, "principals/one.html", **_one(request, services, site, level, name), **nothing)

    @page(routes, _ONE + "/record", needs=Permission.SEE)
    def record(
        request: Request,
        actor: CurrentActor,
        site: str,
        level: str,
        name: str,
        before: Annotated[str, Query(max_length=100)] = "",
    ) -> Response:
        principal_figures.checked(services, site, level, name)
        mark = principal_figures.read_mark(before)
        part = request.headers.get("hx-request") == "true"
        work, problem = None, ""
        try:
            work = services.long_work.answer(
                f"record:{site}/{level}/{name}/{before}",
                "Asking the ledger for its record",
                actor.name,
                lambda step: principal_figures.record_of(services, site, level, name, mark, step),
                services.page_patience_s,
            )
        except Wrong as error:
            if not part:
                raise
            # The part of the page that asked shows it, and asks no more.
            problem = error.sentence
        found = work.answer if work is not None and not work.running else None
        told_now: dict[str, Any] = {
            "record": found,
            "work": work,
            "problem": problem,
            "before": before,
            "first_page": mark is None,
        }
        if part:
            return render(request, "principals/record.html", site=site, level=level, name=name, **told_now)
        return render(request, "principals/one.html", **_one(request, services, site, level, name), **told_now)


def _act(routes: APIRouter, services: Services) -> None:
    @action(routes, _ONE + "/measures", needs=Permission.ACT)
    def set_measure(
        request: Request,
        actor: CurrentActor,
        site: str,
        level: str,
        name: str,
        act: Word,
        lasting: Word = "1d",
        factor: Annotated[int, Form(ge=1, le=1_000)] = 4,
        reason: Reason = "",
        confirmed: Word = "",
    ) -> Response:
        principal_figures.checked(services, site, level, name)
        asked = Asked(site, level, name, act, lasting, factor, reason)
        if reason.strip() and not confirmed and measure_desk.needs_confirmation(level, act):
            found = measure_desk.estimate(services, site, level, name)
            return render(request, "principals/confirm.html", asked=asked, found=found, words=ACT_WORDS, spans=SPANS)
        measure, said = measure_desk.set_measure(services, actor, asked, confirmed=confirmed == "yes")
        until = f"{measure.until:%d %b %Y, %H:%M} UTC"
        return go(request, f"/principals/{site}/{level}/{name}", f"{measure.act.capitalize()}, until {until}. {said}")

    @action(routes, _ONE + "/case", needs=Permission.WORK_CASE)
    def open_case(
        request: Request,
        actor: CurrentActor,
        site: str,
        level: str,
        name: str,
        title: Annotated[str, Form(max_length=200)] = "",
        reason: Reason = "",
    ) -> Response:
        principal_figures.checked(services, site, level, name)
        whole = name if len(name) == 24 else measure_desk.full_name(services, site, level, name)
        month = principal_figures.month_of(services, site, level, name)
        who = Who(level, whole, reason, month.people if month else None, ties=())
        with told(), services.database.session() as session:
            case = open_by_person(
                session, actor, services.clock(), title=title, site=site, reason=reason, principals=[who]
            )
            case_id, number = case.id, case.number
        return go(request, f"/cases/{case_id}", f"{number} is open.")


def _now(request: Request, services: Services) -> dict[str, Any]:
    edge = today_figures.edge(request, services)
    today_figures.signals(services, edge)
    return {"edge": edge, "names": today_figures.sites_of(services, edge)}


def _one(request: Request, services: Services, site: str, level: str, name: str) -> dict[str, Any]:
    principal_figures.checked(services, site, level, name)
    edge = _now(request, services)["edge"]
    measures, problem = measure_desk.of_principal(services, site, level, name)
    with services.database.reading() as session:
        past = measure_desk.past(session, site, level, name)
    month: Curious | None = principal_figures.month_of(services, site, level, name)
    return {
        "site": site,
        "level": level,
        "name": name,
        "edge": edge,
        "live": principal_figures.now_of(edge, site, level, name),
        "month": month,
        "overview_at": today_figures.of_site(services.overviews.of(site)).at,
        "measures": measures,
        "measures_problem": problem,
        "past": past,
        "acts": [(a.value, words) for a, words in ACT_WORDS.items()],
        "spans": list(SPANS.items()),
        "factors": FACTORS,
    }
