"""The API against its own description: whatever fits it, from whoever holds a token, is answered as it says.

schemathesis makes requests from the OpenAPI document: well-formed and malformed ones. No answer may be a failure of
ours, and each has a status, a media type and a shape that the document names. The same requests come on every run.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from case_world import NOW, SITE, keyed, shown
from console.route_table import BASE, state_of
from console.signed_in import SignedIn, sign_in
from hedgerow.console.access import api_tokens
from hedgerow.console.access.actor import Actor
from hedgerow.console.access.roles import Permission, Role, permissions_of
from hedgerow.console.services import Services
from hedgerow.store.database import Database
from written_ledger import Segment

CHECKS = [
    schemathesis.checks.not_a_server_error,
    schemathesis.checks.status_code_conformance,
    schemathesis.checks.content_type_conformance,
    schemathesis.checks.response_schema_conformance,
]


@pytest.fixture
def owner(app: FastAPI, services: Services) -> SignedIn:
    """An owner, in a console that has a ledger."""
    rows = [shown(n, NOW - timedelta(hours=30, seconds=-20 * n), address="h", network="hn") for n in range(1, 11)]
    Segment(services.folder.path, SITE).append(*rows)
    return sign_in(app, Role.OWNER)


@pytest.fixture
def known(owner: SignedIn) -> dict[str, list[str]]:
    """Identifiers of what is there, by the name a path gives them: a made-up one is only ever not found."""
    api = owner.client
    api.headers["x-csrf-token"] = owner.csrf
    principals = [f"address:{keyed('address', 'h')}"]
    new = {"title": "A harvest", "site": SITE, "reason": "seen", "principals": principals}
    case = api.post("/api/v1/cases", json=new)
    assert case.status_code == 201, case.text
    case_id = case.json()["id"]
    given_words = {"kind": "cease_and_desist", "language": "en", "recipient": {"name": "Data Offers Ltd"}}
    letter = api.post(f"/api/v1/cases/{case_id}/letters", json=given_words)
    claim = owner.post("/claims/new", site=SITE, source="form", subject="A list", text="is offered", language="en")
    channel = owner.post("/notifications", name="team", kind="mail", target="team@club.example")
    return {
        "case_id": [case_id],
        "letter_id": [letter.json()["id"]] if letter.status_code == 201 else [],
        "claim_id": [claim.headers["location"].rpartition("/")[2]],
        "channel_id": [channel.headers["location"].rpartition("/")[2]],
        "regime": ["EU", "NZ"],
        "number": ["1"],
    }


def program(app: FastAPI, services: Services, role: Role) -> TestClient:
    """A program with a token for all that a role may do."""
    user = sign_in(app, role, name=f"program-{role}")
    actor = Actor(user.user_id, f"program-{role}", frozenset({role}), permissions_of([role]))
    with services.database.session() as session:
        token, _ = api_tokens.make(session, actor, "program", sorted(actor.permissions), 30, services.clock())
    return TestClient(app, base_url=BASE, headers={"authorization": f"Bearer {token}"})


PARTS = 3
"""The operations are asked in so many tests, which run side by side and each within its time."""


def battery(
    client: TestClient,
    app: FastAPI,
    known: dict[str, list[str]],
    examples: int,
    only: Callable[[str], bool],
    part: int | None = None,
) -> int:
    """Sends so many requests to every operation, or to those of one part; gives how many succeeded."""
    schema = schemathesis.openapi.from_dict(app.openapi())
    schema.app = app
    headers, cookies = dict(client.headers), dict(client.cookies)
    succeeded = 0
    for number, found in enumerate(schema.get_all_operations()):
        operation = found.ok()  # type: ignore[union-attr]
        if not only(operation.method.upper()) or part not in (None, number % PARTS):
            continue

        @settings(
            max_examples=examples,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(), real=st.integers(0, 3))
        def ask(case: Any, real: int) -> None:
            nonlocal succeeded
            if real:
                for name in case.path_parameters or {}:
                    if known.get(name):
                        case.path_parameters[name] = known[name][real % len(known[name])]
            answer = case.call(base_url=BASE, headers=headers, cookies=cookies)
            case.validate_response(answer, checks=CHECKS)
            succeeded += answer.status_code < 300

        ask()
    return succeeded


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(PARTS))
def test_the_api_answers_everything_as_it_says(
    app: FastAPI, owner: SignedIn, known: dict[str, list[str]], database_kind: str, part: int
) -> None:
    """With a browser's session that has just proven who it is, so that nothing is out of reach."""
    assert battery(owner.client, app, known, 6 if database_kind == "sqlite" else 3, lambda _: True, part) > 20


@pytest.mark.timeout(300)
@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("role", list(Role))
def test_a_token_of_each_role_is_answered_as_the_api_says(
    app: FastAPI, services: Services, known: dict[str, list[str]], role: Role
) -> None:
    client = program(app, services, role)
    assert battery(client, app, known, 2, lambda _: True) > 10


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_an_auditors_token_changes_nothing(
    app: FastAPI, services: Services, database: Database, known: dict[str, list[str]]
) -> None:
    client = program(app, services, Role.AUDITOR)
    assert permissions_of([Role.AUDITOR]) == {Permission.SEE, Permission.SEE_PEOPLE}
    battery(client, app, known, 1, lambda _: True)
    before = state_of(database)
    assert battery(client, app, known, 2, lambda method: method != "GET") == 0
    assert state_of(database) == before
