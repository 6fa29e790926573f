"""Notices to people by mail: the file of addresses, approval, progress, bounces, and the mail-merge file."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO
from typing import Annotated, Final

from fastapi import APIRouter, File, Form, Request, UploadFile
from sqlalchemy import select
from starlette.responses import Response

from hedgerow.cases.filing import address_file, mailings
from hedgerow.cases.filing.merging import merge_file
from hedgerow.cases.filing.telling import PersonFields
from hedgerow.cases.notices.languages import language, languages
from hedgerow.cases.notices.recipients import cell
from hedgerow.console import mailing_acts, people_of_case
from hedgerow.console import notice_acts as acts
from hedgerow.console.access.actor import CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.pages.notice_filings import download
from hedgerow.console.pages.notices import Word, shell
from hedgerow.console.problems import Wrong
from hedgerow.console.rendering import go, render
from hedgerow.console.routes import action, page
from hedgerow.console.services import CurrentServices, Services
from hedgerow.outward.settings import OutwardError
from hedgerow.store.models.filings import Mailing

PER_MINUTE: Final = 60
KEEP_DAYS: Final = 14


def router(services: Services) -> APIRouter:  # noqa: ARG001 - the face of every module
    """The pages."""
    routes = APIRouter()
    page(routes, "/notices/cases/{case_id}/people", needs=Permission.SEE)(people_page)
    action(routes, "/notices/cases/{case_id}/people", needs=Permission.SEND)(upload)
    page(routes, "/notices/mailings/{mailing_id}", needs=Permission.SEE)(mailing_page)
    action(routes, "/notices/mailings/{mailing_id}/approve", needs=Permission.SEND, fresh=True)(approve)
    action(routes, "/notices/mailings/{mailing_id}/pause", needs=Permission.SEND)(pause)
    action(routes, "/notices/mailings/{mailing_id}/go-on", needs=Permission.SEND)(go_on)
    page(routes, "/notices/mailings/{mailing_id}/people.csv", needs=Permission.SEND)(merge_csv)
    page(routes, "/notices/mailings/{mailing_id}/not-reached.csv", needs=Permission.SEE_PEOPLE)(not_reached_csv)
    return routes


def people_page(request: Request, services: CurrentServices, case_id: str) -> Response:
    """Whom to tell, and how far that is."""
    with acts.looking(services, case_id) as (session, work):
        asked = select(Mailing).where(Mailing.case_id == work.case.id).order_by(Mailing.made_at.desc())
        rows = list(session.scalars(asked))
        return render(
            request,
            "notices/people.html",
            **shell(work),
            mailings=[(row, mailings.progress(session, row.id)) for row in rows],
            regimes=[a.regime.id for a in work.plan.applies if a.regime.to_people],
            languages=[(name, language(name).name) for name in languages()],
            columns=address_file.COLUMNS,
            per_minute=PER_MINUTE,
            keep_days=KEEP_DAYS,
            unused_days=mailings.UNUSED_DAYS,
            most_days=mailings.MOST_DAYS,
            mail=_mail_ready(services),
        )


def _mail_ready(services: Services) -> str:
    """Empty when mail can be sent, else what is missing."""
    try:
        return "" if mailing_acts.mailer_of(services) else "No mail server is configured."
    except OutwardError as e:
        return str(e)


def upload(
    request: Request,
    services: CurrentServices,
    actor: CurrentActor,
    case_id: str,
    addresses: Annotated[UploadFile, File()],
    regime: Word,
    default_language: Word,
    per_minute: Annotated[int, Form(ge=1, le=mailings.FASTEST)] = PER_MINUTE,
    delete_after_days: Annotated[int, Form(ge=0, le=mailings.MOST_DAYS)] = KEEP_DAYS,
) -> Response:
    """Takes a file of addresses."""
    content = addresses.file.read(address_file.MOST_BYTES + 1)
    try:
        mailer = mailing_acts.mailer_of(services)
    except OutwardError as e:
        raise Wrong(f"{e}.") from e
    done = mailing_acts.upload(
        services,
        actor,
        case_id,
        content,
        regime=regime,
        default_language=default_language,
        per_minute=per_minute,
        delete_after_days=delete_after_days,
        domain=mailer.domain if mailer else mailing_acts.NO_DOMAIN,
        people=lambda case: people_of_case.people(services, case),
    )
    said = [f"{done.people:,} people were taken."]
    if done.others:
        said.append(f"{done.others:,} lines are of people whom the case does not concern; they were not kept.")
    if done.without:
        said.append(f"{done.without:,} people concerned have no line.")
    if done.faulty:
        said.append(f"{done.faulty:,} lines have faults: {'; '.join(done.faults[:3])}.")
    return go(request, f"/notices/mailings/{done.mailing_id}", " ".join(said))


def mailing_page(request: Request, services: CurrentServices, mailing_id: str) -> Response:
    """One mailing: its words, its progress, who was not reached."""
    with services.database.reading() as session:
        case_id = mailing_acts.find(session, mailing_id).case_id
    with acts.looking(services, case_id) as (session, work):
        row = mailing_acts.find(session, mailing_id)
        found = {} if row.texts else mailings.drafts(work, row.regime, mailings.used_languages(session, row))
        return render(
            request,
            "notices/mailing.html",
            **shell(work),
            mailing=row,
            progress=mailings.progress(session, row.id),
            lost=mailings.not_reached(session, row.id),
            texts=row.texts or {name: {"subject": d.subject, "text": d.text} for name, d in found.items()},
            lacking={name: mailings.lacking(d) for name, d in found.items()},
            mail=_mail_ready(services),
        )


def approve(request: Request, services: CurrentServices, actor: CurrentActor, mailing_id: str) -> Response:
    """Lets a mailing go."""
    mailing_acts.approve(services, actor, mailing_id)
    return go(request, f"/notices/mailings/{mailing_id}", "Approved. The notices leave one after the other.")


def pause(request: Request, services: CurrentServices, actor: CurrentActor, mailing_id: str) -> Response:
    """Stops a mailing for now."""
    mailing_acts.pause(services, actor, mailing_id)
    return go(request, f"/notices/mailings/{mailing_id}", "Paused.")


def go_on(request: Request, services: CurrentServices, actor: CurrentActor, mailing_id: str) -> Response:
    """Lets a paused mailing go on."""
    mailing_acts.go_on(services, actor, mailing_id)
    return go(request, f"/notices/mailings/{mailing_id}", "It goes on.")


def merge_csv(services: CurrentServices, actor: CurrentActor, mailing_id: str) -> Response:
    """The mail-merge file. That it was taken out is in the trail: it holds addresses."""
    with services.database.reading() as session:
        case_id = mailing_acts.find(session, mailing_id).case_id
    known: Iterable[PersonFields] | None = people_of_case.people(services, case_id)
    if known is None:
        raise Wrong("The ledger cannot list the people of this case now, so there is no file.")
    with acts.doing(services, actor, case_id) as d:
        text = merge_file(d.session, mailing_acts.find(d.session, mailing_id), known)
        d.note("mailing.take_out", mailing=mailing_id, lines=text.count("\r\n") - 1)
        name = f"{d.work.case.number}-people.csv"
    return download(text, "text/csv; charset=utf-8", name)


def not_reached_csv(services: CurrentServices, mailing_id: str) -> Response:
    """The bounce list: identifiers and what the servers answered, without addresses."""
    out = StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(("person", "state", "answer"))
    with services.database.reading() as session:
        row = mailing_acts.find(session, mailing_id)
        lost = mailings.not_reached(session, row.id, most=address_file.MOST_PEOPLE)
        writer.writerows([cell(r.person), r.state, cell(r.said)] for r in lost)
    return download(out.getvalue(), "text/csv; charset=utf-8", "not-reached.csv")
