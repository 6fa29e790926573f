"""Claims: the list, entering one that came by telephone, the page of one, and what is done with it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Query, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from hedgerow.cases.claims import correlation, deciding, receiving, samples
from hedgerow.cases.claims.checking import FILE, KINDS, OUTCOMES, Beforehand, SiteChecker
from hedgerow.cases.claims.listing import list_claims
from hedgerow.cases.claims.words import acknowledgement
from hedgerow.cases.core.editions import edition
from hedgerow.cases.core.problems import CaseError
from hedgerow.cases.core.working import find_case
from hedgerow.console.access.actor import Actor, CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.long_work import Step
from hedgerow.console.navigation import Entry
from hedgerow.console.pages.case_exports import csv_file
from hedgerow.console.pages.cases import LongWords, Short, Words, acted, ledgers, maybe_moment, sealer, told
from hedgerow.console.rendering import go, render
from hedgerow.console.routes import action, page
from hedgerow.console.services import CurrentServices, Services
from hedgerow.store.models.cases import Case
from hedgerow.store.models.claims import Claim

NAVIGATION: Final = (Entry(42, "Claims", "/claims", Permission.SEE),)
TONES: Final = {"received": "watch", "examining": "watch", "genuine": "alarm", "unfounded": "quiet", "hoax": "quiet"}
OUTCOME_TONES: Final = {"genuine": "alarm", "no_match": "quiet", "not_checked": "watch"}

Text = Annotated[str, Form(max_length=200_000)]
Name = Annotated[str, Form(max_length=64)]
Act = Callable[[Session, Claim, datetime], object]


def checker(services: Services, site: str) -> SiteChecker:
    """Compares samples with a site's people."""
    doors = ledgers(services)

    def is_person(identifier: str) -> bool:
        with doors.asking(site) as connection:
            row = connection.execute("SELECT 1 FROM people WHERE person = ? LIMIT 1", [identifier]).fetchone()
        return row is not None

    return SiteChecker(is_person, doors.secret(), site, services.folder.path / "sites" / site / FILE)


def _do(request: Request, here: Services, claim_id: str, section: str, say: str, act: Act) -> Response:
    return acted(request, here, receiving.find_claim, claim_id, f"/claims/{{}}#{section}", say, act)


def _waiting(here: Services, claim_id: str) -> tuple[str, list[tuple[str, str]]]:
    """The site of a claim that is not decided, and its samples that are not known to be genuine."""
    with here.database.reading() as session:
        claim = receiving.find_claim(session, claim_id)
        receiving.must_be_undecided(claim)
        return claim.site, samples.to_compare(claim, sealer(here))


def router(services: Services) -> APIRouter:  # noqa: ARG001 - the face of every module
    """List, entering, one claim, its acts."""
    routes = APIRouter()
    _list(routes)
    _enter(routes)
    _show(routes)
    _examine(routes)
    _decide(routes)
    return routes


def _list(routes: APIRouter) -> None:
    @page(routes, "/claims", needs=Permission.SEE)
    def claims(
        request: Request,
        here: CurrentServices,
        state: Annotated[str, Query(max_length=20)] = "",
        number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
    ) -> Response:
        with here.database.reading() as session:
            found = list_claims(session, state, number)
            numbers = {
                c.id: c.number
                for c in session.scalars(
                    select(Case).where(Case.id.in_([c.case_id for c in found.claims if c.case_id]))
                )
            }
            return render(
                request,
                "claims/list.html",
                found=found,
                state=state,
                states=deciding.STATES,
                sources=receiving.SOURCES,
                tones=TONES,
                numbers=numbers,
            )

    @page(routes, "/claims.csv", needs=Permission.SEE)
    def exported(here: CurrentServices) -> Response:
        columns = ("number", "source", "subject", "state", "received_at", "acknowledged_at", "decided_at", "summary")
        with here.database.reading() as session:
            rows = [
                tuple(
                    getattr(c, name).isoformat() if isinstance(getattr(c, name), datetime) else getattr(c, name)
                    for name in columns
                )
                for c in session.scalars(select(Claim).order_by(Claim.number))
            ]
        return csv_file("claims.csv", columns, rows)


def _enter(routes: APIRouter) -> None:
    @page(routes, "/claims/new", needs=Permission.WORK_CASE)
    def new_claim(request: Request, here: CurrentServices) -> Response:
        return render(request, "claims/new.html", sites=ledgers(here).sites(), sources=receiving.SOURCES)

    @action(routes, "/claims/new", needs=Permission.WORK_CASE)
    def enter(
        request: Request,
        actor: CurrentActor,
        here: CurrentServices,
        site: Annotated[str, Form(max_length=100)],
        source: Name,
        subject: Short,
        text: Text,
        contact: Annotated[str, Form(max_length=1_000)] = "",
        received: Annotated[str, Form(max_length=40)] = "",
        language: Annotated[str, Form(max_length=8)] = "en",
    ) -> Response:
        now = here.clock()
        with told():
            if site not in ledgers(here).sites():
                raise CaseError("there is no ledger of this site")
            key = hashlib.sha256(f"{secrets.token_hex(16)}{text}".encode()).hexdigest()
            what = receiving.Received(
                source, site, subject, text, maybe_moment(received, "Received") or now, key, contact, (), language
            )
            with here.database.session() as session:
                claim, _ = receiving.receive(session, actor, now, what, sealer(here))
                claim_id, number = claim.id, claim.number
        return go(request, f"/claims/{claim_id}", f"{number} is taken up.")


def _show(routes: APIRouter) -> None:
    @page(routes, "/claims/{claim_id}", needs=Permission.SEE)
    def one_claim(request: Request, actor: CurrentActor, here: CurrentServices, claim_id: str) -> Response:
        with here.database.reading() as session, told():
            claim = receiving.find_claim(session, claim_id)
            return render(request, "claims/claim.html", **claim_values(session, claim, here, actor))


def claim_values(session: Session, claim: Claim, services: Services, actor: Actor) -> dict[str, Any]:
    """What the template of a claim needs. What was sent may hold people's information: it needs `see_people`."""
    now = services.clock()
    seals = sealer(services)
    sees = actor.may(Permission.SEE_PEOPLE)
    subject, body = acknowledgement(claim, "")
    return {
        "claim": claim,
        "read": edition(claim.summary),
        "text": receiving.text_of(claim, seals) if sees else None,
        "contact": receiving.contact_of(claim, seals) if sees else None,
        "opened_samples": [
            (s, seals.open(s.sealed, f"sample:{s.id}") if sees and s.sealed is not None else None)
            for s in claim.samples
        ],
        "case": session.get(Case, claim.case_id) if claim.case_id else None,
        "open_cases": session.scalars(
            select(Case).where(Case.site == claim.site, Case.state != "closed").order_by(Case.number.desc()).limit(100)
        ).all(),
        "works": services.long_work.of(f"claim:{claim.id}"),
        "latest": claim.correlations[-1] if claim.correlations else None,
        "current": deciding.current_correlation(claim, now),
        "obstacles": deciding.obstacles(claim, now) if claim.decided_at is None else [],
        "acknowledgement": {"subject": subject, "body": body},
        "states": deciding.STATES,
        "sources": receiving.SOURCES,
        "kinds": KINDS,
        "outcomes": OUTCOMES,
        "tones": TONES,
        "outcome_tones": OUTCOME_TONES,
        "is_open": claim.decided_at is None,
        "sees": sees,
    }


def _examine(routes: APIRouter) -> None:
    @action(routes, "/claims/{claim_id}/summary", needs=Permission.WORK_CASE)
    def summary(
        request: Request, actor: CurrentActor, here: CurrentServices, claim_id: str, summary: Words, read: Name = ""
    ) -> Response:
        def act(session: Session, claim: Claim, now: datetime) -> None:
            receiving.summarise(session, actor, now, claim, summary, read)

        return _do(request, here, claim_id, "said", "Saved.", act)

    @action(routes, "/claims/{claim_id}/acknowledge", needs=Permission.WORK_CASE)
    def acknowledge(
        request: Request, actor: CurrentActor, here: CurrentServices, claim_id: str, how: Words
    ) -> Response:
        def act(session: Session, claim: Claim, now: datetime) -> None:
            receiving.acknowledge(session, actor, now, claim, how)

        return _do(request, here, claim_id, "said", "Acknowledged.", act)

    @action(routes, "/claims/{claim_id}/samples", needs=Permission.WORK_CASE)
    def add_sample(
        request: Request, actor: CurrentActor, here: CurrentServices, claim_id: str, kind: Name, value: Words
    ) -> Response:
        with told():
            site, _ = _waiting(here, claim_id)
            # Outside of any transaction: the ledger is asked, and the file of hashes read.
            compared = Beforehand.ask(checker(here, site), [(kind, value)])

        def act(session: Session, claim: Claim, now: datetime) -> None:
            samples.add_sample(session, actor, now, claim, kind, value, compared, sealer(here))

        return _do(request, here, claim_id, "samples", "Compared.", act)

    @action(routes, "/claims/{claim_id}/check", needs=Permission.WORK_CASE)
    def check_again(request: Request, actor: CurrentActor, here: CurrentServices, claim_id: str) -> Response:
        with told():
            site, asked = _waiting(here, claim_id)
            compared = Beforehand.ask(checker(here, site), asked)

        def act(session: Session, claim: Claim, now: datetime) -> None:
            samples.check_again(session, actor, now, claim, compared, sealer(here))

        return _do(request, here, claim_id, "samples", "Compared again.", act)

    @action(routes, "/claims/{claim_id}/correlate", needs=Permission.WORK_CASE)
    def correlate(request: Request, actor: CurrentActor, here: CurrentServices, claim_id: str) -> Response:
        with told(), here.database.reading() as session:
            claim = receiving.find_claim(session, claim_id)
            receiving.must_be_undecided(claim)
            asked, site = samples.samples_digest(claim), claim.site
            people = [s.person for s in claim.samples if s.person]
            known_id = claim.id

        def work(step: Step) -> str:
            with ledgers(here).asking(site) as connection:
                found = correlation.correlate(connection, people, here.clock(), step)
            step("keeps the answer")
            with here.database.session() as session:
                claim = receiving.find_claim(session, known_id)
                deciding.keep_correlation(session, actor, here.clock(), claim, asked, found)
            return "The ledger was asked."

        # Beside the pages: 180 days of a large ledger take long.
        title = f"Asking {correlation.DAYS} days of the ledger who was shown the samples"
        with told():
            begun = here.long_work.begin(f"claim:{known_id}/correlate", title, actor.name, work)
            done = here.long_work.wait(begun, here.act_patience_s)
        say = "The ledger was asked." if done else f"{title}: it goes on beside the pages."
        return go(request, f"/claims/{known_id}#correlation", say)

    @action(routes, "/claims/{claim_id}/case", needs=Permission.WORK_CASE)
    def to_case(
        request: Request, actor: CurrentActor, here: CurrentServices, claim_id: str, reason: Words, case: Name = ""
    ) -> Response:
        def act(session: Session, claim: Claim, now: datetime) -> None:
            if case:
                samples.join_case(session, actor, now, claim, find_case(session, case), reason)
            else:
                samples.open_case(session, actor, now, claim, reason)

        return _do(request, here, claim_id, "decision", "It is part of a case.", act)


def _decide(routes: APIRouter) -> None:
    @action(routes, "/claims/{claim_id}/genuine", needs=Permission.DECIDE_CASE)
    def genuine(request: Request, actor: CurrentActor, here: CurrentServices, claim_id: str, reason: Words) -> Response:
        def act(session: Session, claim: Claim, now: datetime) -> None:
            deciding.confirm_genuine(session, actor, now, claim, reason)

        return _do(request, here, claim_id, "decision", "It is true, and a case deals with it.", act)

    @action(routes, "/claims/{claim_id}/dismiss", needs=Permission.DECIDE_CASE)
    def propose(
        request: Request, actor: CurrentActor, here: CurrentServices, claim_id: str, kind: Name, reason: Words
    ) -> Response:
        def act(session: Session, claim: Claim, now: datetime) -> None:
            deciding.propose_dismissal(session, actor, now, claim, kind, reason)

        return _do(request, here, claim_id, "decision", "Proposed. A second person has to agree.", act)

    @action(routes, "/claims/{claim_id}/dismiss/confirm", needs=Permission.DECIDE_CASE)
    def confirm(
        request: Request, actor: CurrentActor, here: CurrentServices, claim_id: str, reason: LongWords
    ) -> Response:
        def act(session: Session, claim: Claim, now: datetime) -> None:
            deciding.confirm_dismissal(session, actor, now, claim, reason, one_person=here.settings.one_person)

        return _do(request, here, claim_id, "decision", "The claim is dismissed.", act)

    @action(routes, "/claims/{claim_id}/dismiss/withdraw", needs=Permission.DECIDE_CASE)
    def withdraw(
        request: Request, actor: CurrentActor, here: CurrentServices, claim_id: str, reason: Words
    ) -> Response:
        def act(session: Session, claim: Claim, now: datetime) -> None:
            deciding.withdraw_proposal(session, actor, now, claim, reason)

        return _do(request, here, claim_id, "decision", "The proposal is void.", act)

    @action(routes, "/claims/{claim_id}/again", needs=Permission.DECIDE_CASE)
    def again(request: Request, actor: CurrentActor, here: CurrentServices, claim_id: str, reason: Words) -> Response:
        def act(session: Session, claim: Claim, now: datetime) -> None:
            deciding.take_up_again(session, actor, now, claim, reason)

        return _do(request, here, claim_id, "decision", "It is taken up again.", act)
