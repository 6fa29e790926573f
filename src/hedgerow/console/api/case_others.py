"""The JSON twins of what a case's page opens beside itself: who else shares a trait, and a sealed address."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from hedgerow.cases.core import keeping, working
from hedgerow.cases.core.counting import Question, look_for_others
from hedgerow.cases.core.sharing import Expanded
from hedgerow.console.access.actor import CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.pages.cases import ledgers, sealer, told
from hedgerow.console.routes import api
from hedgerow.console.services import CurrentServices, Services


class OtherDocument(BaseModel):
    """Somebody else who shares something with the principals of a case."""

    level: str
    name: str
    """Keyed name."""
    shares: list[str]
    """Names of traits."""
    reasons: list[str]
    people: int
    new_people: int
    """People it was shown that the case does not know yet."""
    pages: int
    first: datetime
    last: datetime


class OthersDocument(BaseModel):
    """Who else shares a trait with the principals of a case."""

    others: list[OtherDocument]
    others_in_all: int
    ties: list[str]
    """What the principals have in common with each other."""
    too_common: list[str]
    """Traits they have that too many others have, too."""


class ReasonBody(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")
    reason: Annotated[str, Field(min_length=1, max_length=4_000)]


class AddressDocument(BaseModel):
    """An address that was opened: shown now, and recorded."""

    address: str


def router(services: Services) -> APIRouter:  # noqa: ARG001 - the face of every module
    """The routes."""
    routes = APIRouter(tags=["cases"])
    one = "/api/v1/cases/{case_id}"
    opening = f"{one}/principals/{{principal_id}}/open-address"
    api(routes, f"{one}/others", needs=Permission.SEE)(others)
    api(routes, opening, needs=Permission.OPEN_SEALED, method="POST", fresh=True)(open_address)
    return routes


def others(actor: CurrentActor, here: CurrentServices, case_id: str) -> OthersDocument:
    """Asks the ledger who else shares a trait; that may take a while."""
    with told():
        with here.database.reading() as session:
            case = working.find_case(session, case_id)
            question, key = Question.of(case, here.clock()), f"others:{case.id}"
        # In its turn with the pages' own questions: each holds as much memory as one may.
        words = "Looking for others that share something"
        work = here.long_work.answer(
            f"{key}/{question.digest}",
            words,
            actor.name,
            lambda step: look_for_others(here.ledgers, question, step),
            None,
        )
    found: Expanded = work.answer
    return OthersDocument(
        others=[
            OtherDocument(
                level=o.reader.level,
                name=o.reader.name,
                shares=list(o.shares),
                reasons=list(o.reasons),
                people=len(o.reader.people),
                new_people=o.new_people,
                pages=o.reader.pages,
                first=o.reader.first,
                last=o.reader.last,
            )
            for o in found.others
        ],
        others_in_all=found.others_in_all,
        ties=list(found.ties),
        too_common=list(found.too_common),
    )


def open_address(
    actor: CurrentActor, here: CurrentServices, case_id: str, principal_id: str, body: ReasonBody
) -> AddressDocument:
    """Opens the sealed address of a principal for a case, with a reason that is recorded."""
    with told(), here.database.session() as session:
        case = working.find_case(session, case_id)
        opened = keeping.open_address(
            session, actor, here.clock(), case, ledgers(here), sealer(here), principal_id, body.reason
        )
    return AddressDocument(address=opened.address)
