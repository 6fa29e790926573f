"""The policy: as it is, what it means, changed with check, back-test and history, by one person or by two."""

from __future__ import annotations

import difflib
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from hedgerow.console.access.actor import Actor, CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.back_tests import SPANS
from hedgerow.console.navigation import Entry
from hedgerow.console.policy_desk import (
    MOST_CHARACTERS,
    PROPOSED,
    Current,
    agree,
    check,
    current,
    history,
    propose,
    refuse,
    version_of,
)
from hedgerow.console.problems import Conflict, Wrong
from hedgerow.console.rendering import go, render
from hedgerow.console.routes import action, api, page
from hedgerow.console.services import CurrentServices, Services
from hedgerow.policy import PolicyError, load_text
from hedgerow.policy.meaning import doubts, meaning
from hedgerow.store.models.accounts import User
from hedgerow.store.models.policy_versions import PolicyVersion

NAVIGATION: Final = (Entry(70, "Policy", "/policy", Permission.SEE),)
PolicyText = Annotated[str, Form(max_length=MOST_CHARACTERS)]
Note = Annotated[str, Form(max_length=4_000)]
Base = Annotated[str, Form(max_length=64)]


class ChangeDocument(BaseModel):
    """One setting that differs."""

    setting: str
    before: str | None
    after: str | None
    direction: str
    """`stricter`, `looser` or `other`."""


class CheckedDocument(BaseModel):
    """What a text would be as a policy."""

    ok: bool
    mistakes: list[str]
    changes: list[ChangeDocument]
    thin_routes: list[str]


class CandidateDocument(BaseModel):
    """A policy to be checked."""

    text: str = Field(max_length=MOST_CHARACTERS)


class PolicyDocument(BaseModel):
    """The policy in force."""

    sha256: str
    text: str
    meaning: str
    doubts: list[str]


class VersionDocument(BaseModel):
    """One version."""

    id: str
    number: int
    sha256: str
    state: str
    note: str
    made_at: str
    made_by: str | None
    decided_at: str | None
    decided_by: str | None


def router(services: Services) -> APIRouter:  # noqa: ARG001 - the face of every module
    """The pages, what their forms do, their twins."""
    routes = APIRouter()

    @page(routes, "/policy", needs=Permission.SEE)
    def policy(request: Request, services: CurrentServices) -> Response:
        found = current(services)
        return render(request, "policy/policy.html", **_facts(services, found))

    @page(routes, "/policy/edit", needs=Permission.EDIT_POLICY)
    def edit(request: Request, services: CurrentServices) -> Response:
        found = current(services)
        return render(
            request,
            "policy/edit.html",
            text=found.text,
            base=found.sha256,
            note="",
            checked=None,
            error="",
            path=found.path,
        )

    @action(routes, "/policy/check", needs=Permission.EDIT_POLICY)
    def check_text(
        request: Request, services: CurrentServices, text: PolicyText = "", note: Note = "", base: Base = ""
    ) -> Response:
        found = current(services)
        plain = text.replace("\r\n", "\n")
        return render(
            request,
            "policy/edit.html",
            text=plain,
            base=base,
            note=note,
            checked=check(plain, found.text),
            error="",
            path=found.path,
        )

    @action(routes, "/policy/propose", needs=Permission.EDIT_POLICY)
    def propose_text(
        request: Request,
        services: CurrentServices,
        actor: CurrentActor,
        text: PolicyText = "",
        note: Note = "",
        base: Base = "",
    ) -> Response:
        found = current(services)
        try:
            with services.database.session() as session:
                version = propose(session, actor, found, text, note, base, services.clock())
                version_id = version.id
        except (Wrong, Conflict) as e:
            # What was typed is not lost.
            plain = text.replace("\r\n", "\n")
            newest = found.sha256 if isinstance(e, Conflict) else base
            return render(
                request,
                "policy/edit.html",
                e.status,
                text=plain,
                base=newest,
                note=note,
                checked=check(plain, found.text),
                error=e.sentence,
                path=found.path,
            )
        return go(request, f"/policy/versions/{version_id}", "Proposed. Nothing has changed yet.")

    @page(routes, "/policy/versions/{version_id}", needs=Permission.SEE)
    def version(request: Request, services: CurrentServices, actor: CurrentActor, version_id: str) -> Response:
        with services.database.reading() as session:
            row = version_of(session, version_id)
            base = session.get(PolicyVersion, row.base_id) if row.base_id else None
            before = base.text if base else ""
            checked = check(row.text, before)
            names = _names(session)
            sites = [s.text("name") for s in checked.compiled.sites] if checked.compiled else []
            tests = [(site, span, services.back_tests.of(row.sha256, site, span)) for site in sites for span in SPANS]
            difference = "\n".join(
                difflib.unified_diff(before.split("\n"), row.text.split("\n"), "before", "after", lineterm="", n=2)
            )
            return render(
                request,
                "policy/version.html",
                row=row,
                checked=checked,
                names=names,
                difference=difference,
                tests=[(site, span, t) for site, span, t in tests if t is not None],
                sites=sites,
                spans=SPANS,
                second=services.settings.two_person_policy,
                may_agree=may_agree(services, actor, row),
            )

    @action(routes, "/policy/versions/{version_id}/back-test", needs=Permission.EDIT_POLICY)
    def back_test(
        request: Request,
        services: CurrentServices,
        version_id: str,
        site: Annotated[str, Form(max_length=100)] = "",
        span: Annotated[str, Form(max_length=10)] = "7d",
    ) -> Response:
        with services.database.reading() as session:
            row = version_of(session, version_id)
            text = row.text
        compiled = load_text(text.encode())
        if span not in SPANS or site not in {s.text("name") for s in compiled.sites}:
            raise Wrong(f"Choose a site of the policy and one of {', '.join(SPANS)}.")
        services.back_tests.ask(compiled, site, span)
        return go(request, f"/policy/versions/{version_id}", "The back-test runs; load this page again in a moment.")

    @action(routes, "/policy/versions/{version_id}/agree", needs=Permission.EDIT_POLICY, fresh=True)
    def agree_to(request: Request, services: CurrentServices, actor: CurrentActor, version_id: str) -> Response:
        with services.database.session() as session:
            agree(session, actor, services, version_of(session, version_id), services.clock())
        return go(request, "/policy", "In force: the gateway takes it up within a second or two.")

    @action(routes, "/policy/versions/{version_id}/refuse", needs=Permission.EDIT_POLICY)
    def refuse_it(
        request: Request, services: CurrentServices, actor: CurrentActor, version_id: str, reason: Note = ""
    ) -> Response:
        with services.database.session() as session:
            refuse(session, actor, version_of(session, version_id), reason, services.clock())
        return go(request, "/policy", "The proposal is off the table; it stays in the history.")

    @api(routes, "/api/v1/policy", needs=Permission.SEE)
    def policy_document(services: CurrentServices) -> PolicyDocument:
        found = current(services)
        facts = _facts(services, found)
        return PolicyDocument(sha256=found.sha256, text=found.text, meaning=facts["words"], doubts=facts["doubtful"])

    @api(routes, "/api/v1/policy/check", needs=Permission.EDIT_POLICY, method="POST")
    def check_document(services: CurrentServices, candidate: CandidateDocument) -> CheckedDocument:
        checked = check(candidate.text, current(services).text)
        return CheckedDocument(
            ok=not checked.mistakes,
            mistakes=list(checked.mistakes),
            changes=[
                ChangeDocument(setting=c.setting, before=c.before, after=c.after, direction=c.direction)
                for c in checked.changes
            ],
            thin_routes=[f"{p.site}: {p.path}" for p in checked.thin],
        )

    @api(routes, "/api/v1/policy/versions", needs=Permission.SEE)
    def versions_document(
        services: CurrentServices, limit: Annotated[int, Query(ge=1, le=500)] = 50
    ) -> list[VersionDocument]:
        with services.database.reading() as session:
            names = _names(session)
            return [
                VersionDocument(
                    id=v.id,
                    number=v.number,
                    sha256=v.sha256,
                    state=v.state,
                    note=v.note,
                    made_at=v.made_at.isoformat(),
                    made_by=names.get(v.made_by or ""),
                    decided_at=v.decided_at.isoformat() if v.decided_at else None,
                    decided_by=names.get(v.decided_by or ""),
                )
                for v in history(session, limit)
            ]

    return routes


def _facts(services: Services, found: Current) -> dict[str, Any]:
    try:
        compiled = load_text(found.text.encode(), found.path.name)
        words, doubtful, mistakes = meaning(compiled), [str(p) for p in doubts(compiled)], []
    except PolicyError as e:
        words, doubtful, mistakes = "", [], e.report.lines()
    with services.database.reading() as session:
        rows = history(session)
        names = _names(session)
    return {
        "found": found,
        "words": words,
        "doubtful": doubtful,
        "mistakes": mistakes,
        "versions": rows,
        "names": names,
        "proposals": [v for v in rows if v.state == PROPOSED],
        "second": services.settings.two_person_policy,
    }


def may_agree(services: Services, actor: Actor, row: PolicyVersion) -> bool:
    """Whether somebody may put a proposal into force: where a second person is asked for, not who made it."""
    if row.state != PROPOSED or not actor.may(Permission.EDIT_POLICY):
        return False
    if not services.settings.two_person_policy:
        return True
    return actor.may(Permission.APPROVE_POLICY) and (row.made_by != actor.id or services.settings.one_person)


def _names(session: Session) -> dict[str, str]:
    return {user.id: user.shown_name for user in session.scalars(select(User))}
