"""Notices: forms and drafts, what left in phases, the public notice, and the register of breaches."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request
from sqlalchemy import select
from starlette.responses import Response

from hedgerow.cases.filing import casework, mailings, registering, statements
from hedgerow.cases.filing.casework import Casework
from hedgerow.cases.filing.sending import Left
from hedgerow.cases.filing.typed import moment_of
from hedgerow.cases.notices import european_form
from hedgerow.cases.notices.codes import MEANINGS, Code, Duty
from hedgerow.cases.notices.contents import authority_form
from hedgerow.cases.notices.counts import Count
from hedgerow.cases.notices.european_form import Answer
from hedgerow.cases.notices.filings import Kind
from hedgerow.cases.notices.languages import languages
from hedgerow.cases.notices.problems import NoticeError
from hedgerow.cases.notices.rules import PUBLIC_NOTICE
from hedgerow.console import notice_acts as acts
from hedgerow.console.access.actor import Actor, CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.pages.notices import Long, WholeForm, Word, shell
from hedgerow.console.problems import NotFound
from hedgerow.console.rendering import go, render
from hedgerow.console.routes import action, page
from hedgerow.console.services import CurrentServices, Services
from hedgerow.store.models.cases import Case
from hedgerow.store.models.filings import NoticePublic

ENTRIES: Final = 100
"""Of the register, on one page."""
EUROPEAN: Final = frozenset({"EU", "EU_NEXT"})
"""Regimes whose authorities take the European form."""

Lines = Annotated[str, Form(max_length=20_000)]
Number = Annotated[int, Form(ge=0, le=10_000_000_000)]


def router(services: Services) -> APIRouter:  # noqa: ARG001 - the face of every module
    """The pages."""
    routes = APIRouter()
    base = "/notices/cases/{case_id}"
    page(routes, f"{base}/forms/{{regime}}", needs=Permission.SEE)(form_page)
    page(routes, f"{base}/forms/{{regime}}/european.json", needs=Permission.SEE)(european_json)
    page(routes, f"{base}/forms/{{regime}}/european.csv", needs=Permission.SEE)(european_csv)
    action(routes, f"{base}/forms/{{regime}}", needs=Permission.WORK_CASE)(answer_form)
    page(routes, f"{base}/drafts/{{regime}}/{{language}}", needs=Permission.SEE)(draft_page)
    page(routes, f"{base}/filings", needs=Permission.SEE)(filings_page)
    action(routes, f"{base}/filings", needs=Permission.SEND, fresh=True)(record_filing)
    action(routes, f"{base}/public", needs=Permission.DECIDE_NOTICE, fresh=True)(public)
    action(routes, f"{base}/register", needs=Permission.WORK_CASE)(enter)
    page(routes, "/notices/register", needs=Permission.SEE)(register_page)
    page(routes, "/notices/register.csv", needs=Permission.SEE)(register_csv)
    page(routes, "/notices/register.json", needs=Permission.SEE)(register_json)
    action(routes, "/notices/register/{case_id}/{regime}/remove", needs=Permission.DECIDE_NOTICE, fresh=True)(remove)
    return routes


def european(work: Casework, regime: str) -> tuple[Answer, ...]:
    """The European form: from the facts, from a person, or suggested.

    Raises:
        NoticeError: the regime's authorities do not take it.
    """
    if regime not in EUROPEAN:
        raise NoticeError(f"the European form is for {', '.join(sorted(EUROPEAN))}, not for {regime[:20]}")
    found = []
    for given in european_form.answers(work.under(regime)):
        own = work.stated.get(f"{statements.FORM}.{regime}.{given.field.id}")
        own_text = own.value if own is not None and isinstance(own.value, str) else ""
        found.append(Answer(given.field, own_text, "person") if own_text else given)
    return tuple(found)


def form_page(request: Request, services: CurrentServices, case_id: str, regime: str) -> Response:
    """The authority's notice, content by content, and the European form where it is one."""
    with acts.looking(services, case_id) as (_, work):
        case = work.under(regime)
        return render(
            request,
            "notices/form.html",
            **shell(work),
            applies=case.applies,
            form=authority_form(case),
            european=european(work, regime) if regime in EUROPEAN else (),
            meanings=MEANINGS,
            languages=languages(),
        )


def european_json(services: CurrentServices, case_id: str, regime: str) -> Response:
    """The European form as structured data."""
    with acts.looking(services, case_id) as (_, work):
        document = {
            "form": "european-breach-notice",
            "status": "draft of our own; see docs/explanation/notices.md",
            "case": work.case.number,
            "regime": regime,
            "made_at": services.clock().isoformat(timespec="seconds"),
            "facts": work.digest,
            "rules": work.rules.digest,
            "fields": european_form.as_data(european(work, regime)),
        }
        name = f"{work.case.number}-{regime}-european-form.json"
    return download(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "application/json", name)


def european_csv(services: CurrentServices, case_id: str, regime: str) -> Response:
    """The European form as a table."""
    with acts.looking(services, case_id) as (_, work):
        text = european_form.as_csv(european(work, regime))
        name = f"{work.case.number}-{regime}-european-form.csv"
    return download(text, "text/csv; charset=utf-8", name)


def download(text: str, kind: str, name: str) -> Response:
    """A file to save. Its name is made of numbers and words of our own."""
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-._") else "-" for c in name)
    return Response(text, media_type=kind, headers={"content-disposition": f'attachment; filename="{safe}"'})


def answer_form(
    request: Request,
    services: CurrentServices,
    actor: CurrentActor,
    case_id: str,
    regime: str,
    form: WholeForm,
) -> Response:
    """Writes down a person's answers to fields of the European form; those left as they are stay as they are."""
    given = {k.removeprefix("field."): v for k, v in form.items() if k.startswith("field.") and isinstance(v, str)}
    confirmed = {k.removeprefix("confirm.") for k, v in form.items() if k.startswith("confirm.") and v == "yes"}
    changed = write_answers(services, actor, case_id, regime, given, confirmed)
    return go(request, f"/notices/cases/{case_id}/forms/{regime}", f"{changed} fields were written down.")


def write_answers(
    services: Services, actor: Actor, case_id: str, regime: str, given: Mapping[str, str], confirmed: Container[str]
) -> int:
    """Writes down answers to fields of the European form, by field; what says the same as before is left alone.

    Args:
        services: the console's surroundings.
        actor: who answers.
        case_id: the case.
        regime: one whose authorities take the form.
        given: text by field; fields that there are not are left out.
        confirmed: fields whose suggestion is taken over as it is.

    Returns:
        How many were written.
    """
    with acts.looking(services, case_id) as (_, work):
        shown = {a.field.id: a for a in european(work, regime)}
    changed = 0
    for field, text in given.items():
        before = shown.get(field)
        if before is None:
            continue
        same = text.replace("\r\n", "\n").strip() == before.value.strip()
        if same and (before.by != "suggestion" or field not in confirmed):
            continue
        changed += acts.state(services, actor, case_id, f"{statements.FORM}.{regime}.{field}", text, "the form")
    return changed


def draft_page(request: Request, services: CurrentServices, case_id: str, regime: str, language: str) -> Response:
    """The people's notice in one language, with its reading level."""
    if language not in languages():
        raise NotFound("There is no such language pack.")
    with acts.looking(services, case_id) as (_, work):
        found = mailings.drafts(work, regime, [language])[language]
        return render(
            request,
            "notices/draft.html",
            **shell(work),
            draft=found,
            lacking=mailings.lacking(found),
            regime=regime,
            languages=languages(),
        )


def filings_page(request: Request, services: CurrentServices, case_id: str) -> Response:
    """What left, what is still open, and the forms to record more."""
    with acts.looking(services, case_id) as (session, work):
        public = session.scalars(
            select(NoticePublic).where(NoticePublic.case_id == work.case.id).order_by(NoticePublic.at.desc())
        ).all()
        return render(
            request,
            "notices/filings.html",
            **shell(work),
            filings=list(reversed(casework.filings(session, work.case.id))),
            public=public,
            duties=[o for o in work.plan.duties if o.test is not None],
            owed=[o for o in work.plan.duties if o.follow_up is not None],
            codes=[(str(c), f"{c}: {m.name}") for c, m in MEANINGS.items()],
            meanings={str(c): m.name for c, m in MEANINGS.items()},
            grounds=_grounds(work),
            duty_words=acts.DUTY_WORDS,
            entries=registering.entries(session, case_id=work.case.id),
        )


def _grounds(work: Casework) -> list[tuple[str, list[tuple[str, str]]]]:
    """Regimes that let people be told in public, with the reasons they know."""
    return [
        (a.regime.id, [(word, PUBLIC_NOTICE[word]) for word in a.regime.to_people.public_notice])
        for a in work.plan.applies
        if a.regime.to_people and a.regime.to_people.public_notice
    ]


def record_filing(
    request: Request,
    services: CurrentServices,
    actor: CurrentActor,
    case_id: str,
    form: WholeForm,
    duty: Word,
    kind: Word,
    at: Word,
    way: Annotated[str, Form(max_length=500)],
    promised: Word = "",
    reason: Long = "",
) -> Response:
    """Records a notice that left."""
    regime, _, which = duty.partition("/")
    with acts.told():
        if which not in set(Duty) or kind not in set(Kind):
            raise NoticeError("choose which notice it was, and whether it was the first or a supplement")
        moment = moment_of(at)
        if moment is None:
            raise NoticeError("say when it left")
        given, open_ = _codes(form, "given"), _codes(form, "open")
        left = Left(
            regime,
            Duty(which),
            Kind(kind),
            datetime.fromisoformat(moment),
            way,
            given or None,
            open_ if given else None,
            _day(promised),
            reason,
        )
    row = acts.file(services, actor, case_id, left)
    rest = f" Still open: {', '.join(row.open)}." if row.open else ""
    return go(request, f"/notices/cases/{case_id}/filings", f"Recorded.{rest}")


def _codes(form: WholeForm, name: str) -> tuple[Code, ...]:
    found = [v for v in form.getlist(name) if isinstance(v, str)]
    wrong = [v for v in found if v not in set(Code)]
    if wrong:
        raise NoticeError(f"there is no content `{wrong[0][:10]}`")
    return tuple(Code(v) for v in dict.fromkeys(found))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as e:
        raise NoticeError("a day is written as 2026-11-26") from e


def public(
    request: Request,
    services: CurrentServices,
    actor: CurrentActor,
    case_id: str,
    ground: Word,
    explained: Long,
    where: Lines,
    low: Number,
    high: Number,
    method: Annotated[str, Form(max_length=2_000)],
) -> Response:
    """Records a public notice instead of telling each person."""
    regime, _, reason = ground.partition("/")
    with acts.told():
        reach = Count(low, high, method)
    acts.tell_in_public(
        services,
        actor,
        case_id,
        regime=regime,
        reason=reason,
        explained=explained,
        where=tuple(line.strip() for line in where.splitlines() if line.strip()),
        reach=reach,
    )
    return go(request, f"/notices/cases/{case_id}/filings", "The public notice and why are written down.")


def enter(request: Request, services: CurrentServices, actor: CurrentActor, case_id: str) -> Response:
    """Writes the case into the register."""
    added = acts.enter_register(services, actor, case_id)
    said = f"{added} entries were added." if added else "The register says it already."
    return go(request, f"/notices/cases/{case_id}/filings", said)


def register_page(
    request: Request, services: CurrentServices, number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1
) -> Response:
    """The register of breaches: every case under every regime, also those that were not notified."""
    today = services.clock().astimezone(UTC).date()
    with services.database.reading() as session:
        total = registering.entries_in_all(session)
        pages = max(1, -(-total // ENTRIES))
        number = min(number, pages)
        rows = registering.entries(session, most=ENTRIES, skip=(number - 1) * ENTRIES)
        ids = {r.case_id for r in rows}
        numbers = dict(session.execute(select(Case.id, Case.number).where(Case.id.in_(ids))).all())
        return render(
            request,
            "notices/register.html",
            rows=rows,
            numbers=numbers,
            today=today,
            intact={r.id: registering.intact(r) for r in rows},
            total=total,
            number=number,
            pages=pages,
        )


def register_csv(services: CurrentServices) -> Response:
    """The register as CSV, as an authority may ask for it."""
    with services.database.reading() as session:
        text = registering.as_csv(registering.entries(session))
    return download(text, "text/csv; charset=utf-8", "breach-register.csv")


def register_json(services: CurrentServices) -> Response:
    """The register as JSON, each entry with its hash."""
    with services.database.reading() as session:
        data = registering.as_data(registering.entries(session))
    return download(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "application/json", "breach-register.json")


def remove(
    request: Request,
    services: CurrentServices,
    actor: CurrentActor,
    case_id: str,
    regime: str,
    reason: Annotated[str, Form(max_length=4_000)],
) -> Response:
    """Deletes an entry whose time is over."""
    today = services.clock().astimezone(UTC).date()
    acts.remove_from_register(services, actor, case_id, regime, reason, today)
    return go(request, "/notices/register", "The entry is deleted; the trail says that it was.")
