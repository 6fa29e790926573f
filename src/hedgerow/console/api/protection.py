"""The JSON twins of the people map, of one version of the policy, and of the month's signature."""

from __future__ import annotations

import difflib
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from hedgerow.console.access.actor import CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.back_tests import SPANS
from hedgerow.console.months import gather
from hedgerow.console.pages.policy import may_agree
from hedgerow.console.pages.status import read_month, sign_month
from hedgerow.console.policy_desk import MOST_CHARACTERS, check, current, propose, version_of
from hedgerow.console.problems import Wrong
from hedgerow.console.protections import in_force
from hedgerow.console.routes import api
from hedgerow.console.services import CurrentServices, Services
from hedgerow.review.signing import SigningError, check_signing
from hedgerow.store.models.policy_versions import PolicyVersion


class MappedRoute(BaseModel):
    """One route that shows people."""

    site: str
    route: str
    path: str
    kind: str
    fields: dict[str, str]
    """Field and sensitivity; none: only who is shown is known."""


class PeopleMapDocument(BaseModel):
    """Which routes show people, and which of their fields."""

    sites: list[str]
    routes: list[MappedRoute]
    proposal: bool
    """Whether a walk of the site found a map that is not in the policy yet."""


class TestDocument(BaseModel):
    """A back-test."""

    __test__ = False
    site: str
    span: str
    done: bool
    words: str
    problem: str


class OneVersion(BaseModel):
    """One version of the policy, and what it changes."""

    id: str
    number: int
    state: str
    sha256: str
    note: str
    text: str
    difference: str
    """Against the version it was made from, as `diff -u` shows it."""
    mistakes: list[str]
    back_tests: list[TestDocument]
    may_agree: bool
    """Whether whoever asks may put it into force."""


class ProposalBody(BaseModel):
    """A policy to propose."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(max_length=MOST_CHARACTERS)
    note: str = Field(max_length=2_000)
    """Why."""
    base: str = Field(max_length=64)
    """`sha256` of the policy that was edited."""


class Proposed(BaseModel):
    """A proposal that was kept; nothing has changed yet."""

    id: str
    number: int
    state: str


class SignBody(BaseModel):
    """A signature under a month."""

    model_config = ConfigDict(extra="forbid")
    digest: str = Field(max_length=64)
    """Of what was looked at, as the month's document says it."""
    seen: list[Annotated[str, Field(max_length=100)]] = Field(max_length=2_000)
    """The keys of all changes: each was seen."""
    conclusion: str = Field(max_length=4_000)


class Signed(BaseModel):
    """A month that was signed."""

    month: str
    digest: str
    signed_at: datetime


def router(services: Services) -> APIRouter:  # noqa: ARG001 - the face of every module
    """The routes."""
    routes = APIRouter(tags=["protection"])
    api(routes, "/api/v1/people-map", needs=Permission.SEE)(people_map)
    api(routes, "/api/v1/policy/propose", needs=Permission.EDIT_POLICY, method="POST", status_code=201)(propose_text)
    api(routes, "/api/v1/policy/versions/{version_id}", needs=Permission.SEE)(one_version)
    api(routes, "/api/v1/status/{month}/sign", needs=Permission.SIGN_REVIEW, method="POST", fresh=True)(sign)
    return routes


def people_map(services: CurrentServices) -> PeopleMapDocument:
    """Which routes show people, and which of their fields."""
    found = in_force(services)
    return PeopleMapDocument(
        sites=[site.text("name") for site in found.compiled.sites],
        routes=[
            MappedRoute(site=p.site, route=p.route, path=p.path, kind=p.kind, fields=dict(p.fields))
            for p in found.protections
        ],
        proposal=services.folder.proposal.exists(),
    )


def propose_text(services: CurrentServices, actor: CurrentActor, new: ProposalBody) -> Proposed:
    """Keeps a proposal."""
    found = current(services)
    with services.database.session() as session:
        row = propose(session, actor, found, new.text, new.note, new.base, services.clock())
        return Proposed(id=row.id, number=row.number, state=row.state)


def one_version(services: CurrentServices, actor: CurrentActor, version_id: str) -> OneVersion:
    """One version, what it changes, and its back-tests."""
    with services.database.reading() as session:
        row = version_of(session, version_id)
        base = session.get(PolicyVersion, row.base_id) if row.base_id else None
        before = base.text if base else ""
        checked = check(row.text, before)
        sites = [s.text("name") for s in checked.compiled.sites] if checked.compiled else []
        tests = [services.back_tests.of(row.sha256, site, span) for site in sites for span in SPANS]
        lines = difflib.unified_diff(before.split("\n"), row.text.split("\n"), "before", "after", lineterm="", n=2)
        return OneVersion(
            id=row.id,
            number=row.number,
            state=row.state,
            sha256=row.sha256,
            note=row.note,
            text=row.text,
            difference="\n".join(lines),
            mistakes=list(checked.mistakes),
            back_tests=[
                TestDocument(site=t.site, span=t.span, done=t.done, words=t.words, problem=t.problem)
                for t in tests
                if t is not None
            ],
            may_agree=may_agree(services, actor, row),
        )


def sign(services: CurrentServices, actor: CurrentActor, month: str, body: SignBody) -> Signed:
    """Signs the review of a month, which needs that every change was seen."""
    one, now = read_month(services, month), services.clock()
    try:
        with services.database.session() as session:
            shown = gather(session, one, now)
            check_signing(one, now, body.digest, shown.digest, shown.changes, set(body.seen), body.conclusion)
            sign_month(session, actor, shown, body.conclusion, now)
    except SigningError as e:
        raise Wrong(f"Not signed: {e}.") from e
    return Signed(month=str(one), digest=body.digest, signed_at=now)
