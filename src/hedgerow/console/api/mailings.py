"""The JSON twins of mailings: a file of addresses, its words, its progress, approve, pause, go on."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from hedgerow.cases.filing import address_file, mailings
from hedgerow.console import mailing_acts, people_of_case
from hedgerow.console import notice_acts as acts
from hedgerow.console.access.actor import CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.api.notices import MailingDocument, Strict, mailing_document
from hedgerow.console.pages.notice_mailings import KEEP_DAYS, PER_MINUTE
from hedgerow.console.problems import Wrong
from hedgerow.console.routes import api
from hedgerow.console.services import CurrentServices, Services
from hedgerow.outward.settings import OutwardError


class WordsDocument(BaseModel):
    """What people are told in one language."""

    subject: str
    text: str
    lacking: list[str]
    """Why it may not be sent yet; empty once it may, or was."""


class WholeMailing(BaseModel):
    """One mailing with its words. Nobody's address is in it."""

    mailing: MailingDocument
    case_id: str
    texts: dict[str, WordsDocument]
    """By language."""
    not_reached: int
    """People whose notice came back or was refused."""


class UploadBody(Strict):
    """A file of addresses for one mailing, as the page takes it."""

    addresses: str = Field(min_length=1, max_length=address_file.MOST_BYTES)
    """CSV; its columns are those of the page."""
    regime: str = Field(max_length=20)
    default_language: str = Field(max_length=8)
    per_minute: int = Field(PER_MINUTE, ge=1, le=mailings.FASTEST)
    delete_after_days: int = Field(KEEP_DAYS, ge=0, le=mailings.MOST_DAYS)


class UploadedDocument(BaseModel):
    """What became of a file of addresses."""

    mailing_id: str
    people: int
    others: int
    """Lines of people whom the case does not concern: they were not kept."""
    without: int
    """People concerned for whom the file has no line."""
    faulty: int
    faults: list[str]


def router(services: Services) -> APIRouter:  # noqa: ARG001 - the face of every module
    """The routes."""
    routes = APIRouter(tags=["notices"])
    one = "/api/v1/notices/mailings/{mailing_id}"
    people = "/api/v1/notices/cases/{case_id}/people"
    api(routes, people, needs=Permission.SEE)(of_case)
    api(routes, people, needs=Permission.SEND, method="POST", status_code=201)(upload)
    api(routes, one, needs=Permission.SEE)(one_mailing)
    api(routes, f"{one}/approve", needs=Permission.SEND, method="POST", fresh=True)(approve)
    api(routes, f"{one}/pause", needs=Permission.SEND, method="POST")(pause)
    api(routes, f"{one}/go-on", needs=Permission.SEND, method="POST")(go_on)
    return routes


def of_case(services: CurrentServices, case_id: str) -> list[MailingDocument]:
    """The mailings of a case."""
    with acts.looking(services, case_id) as (session, work):
        return [mailing_document(session, row) for row in mailing_acts.of_case(session, work.case.id)]


def upload(services: CurrentServices, actor: CurrentActor, case_id: str, body: UploadBody) -> UploadedDocument:
    """Takes a file of addresses."""
    try:
        mailer = mailing_acts.mailer_of(services)
    except OutwardError as e:
        raise Wrong(f"{e}.") from e
    content = body.addresses.encode()
    if len(content) > address_file.MOST_BYTES:
        raise Wrong(f"The file is longer than {address_file.MOST_BYTES >> 20} MB.")
    done = mailing_acts.upload(
        services,
        actor,
        case_id,
        content,
        regime=body.regime,
        default_language=body.default_language,
        per_minute=body.per_minute,
        delete_after_days=body.delete_after_days,
        domain=mailer.domain if mailer else mailing_acts.NO_DOMAIN,
        people=lambda case: people_of_case.people(services, case),
    )
    return UploadedDocument(
        mailing_id=done.mailing_id,
        people=done.people,
        others=done.others,
        without=done.without,
        faulty=done.faulty,
        faults=list(done.faults),
    )


def one_mailing(services: CurrentServices, mailing_id: str) -> WholeMailing:
    """One mailing: its words, its progress, how many were not reached."""
    return _whole(services, mailing_id)


def approve(services: CurrentServices, actor: CurrentActor, mailing_id: str) -> WholeMailing:
    """Freezes the words and lets the mailing go."""
    mailing_acts.approve(services, actor, mailing_id)
    return _whole(services, mailing_id)


def pause(services: CurrentServices, actor: CurrentActor, mailing_id: str) -> WholeMailing:
    """Stops a mailing for now."""
    mailing_acts.pause(services, actor, mailing_id)
    return _whole(services, mailing_id)


def go_on(services: CurrentServices, actor: CurrentActor, mailing_id: str) -> WholeMailing:
    """Lets a paused mailing go on."""
    mailing_acts.go_on(services, actor, mailing_id)
    return _whole(services, mailing_id)


def _whole(services: Services, mailing_id: str) -> WholeMailing:
    with services.database.reading() as session:
        case_id = mailing_acts.find(session, mailing_id).case_id
    with acts.looking(services, case_id) as (session, work):
        row = mailing_acts.find(session, mailing_id)
        drafted = {} if row.texts else mailings.drafts(work, row.regime, mailings.used_languages(session, row))
        texts = {
            name: WordsDocument(subject=said["subject"], text=said["text"], lacking=[])
            for name, said in row.texts.items()
        } or {
            name: WordsDocument(subject=d.subject, text=d.text, lacking=mailings.lacking(d))
            for name, d in drafted.items()
        }
        found = mailings.progress(session, row.id)
        return WholeMailing(
            mailing=mailing_document(session, row),
            case_id=case_id,
            texts=texts,
            not_reached=found.bounced + found.failed,
        )
