"""No page and no act without its JSON twin: held against the route table, so that a new one cannot be forgotten."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Request
from starlette.responses import HTMLResponse, Response

from console.filing_cases import case_row
from console.signed_in import sign_in
from hedgerow.console import twins
from hedgerow.console.access.gate import Declared, Mark
from hedgerow.console.access.roles import Permission, Role
from hedgerow.console.app import route_table
from hedgerow.console.routes import action
from hedgerow.console.services import Services
from hedgerow.policy import load_text
from hedgerow.store.models.accounts import User
from hedgerow.store.models.cases import CaseTask
from hedgerow.store.models.outbox import Channel

SHOWN_ELSEWHERE = {
    "/": "/api/v1/today",
    "/today/now": "/api/v1/today",
    "/today/due": "/api/v1/today",
    "/principals/now": "/api/v1/principals",
    "/status": "/api/v1/status/{month}",
    "/notices/cases/{case_id}/filings": "/api/v1/notices/cases/{case_id}",
    "/notices/cases/{case_id}/worksheet": "/api/v1/notices/cases/{case_id}",
    "/notices/cases/{case_id}/decide/{regime}/{duty}": "/api/v1/notices/cases/{case_id}",
    "/notifications/{channel_id}": "/api/v1/notifications/{channel_id}",
    "/letters/{letter_id}/particulars": "/api/v1/letters/{letter_id}",
}
"""Pages that show a part of another document, or the newest of several."""
EMPTY_FORMS = {
    "/cases/new": "/api/v1/cases",
    "/claims/new": "/api/v1/claims",
    "/cases/{case_id}/letters/new": "/api/v1/cases/{case_id}/letters",
    "/policy/edit": "/api/v1/policy/propose",
}
"""Pages that are nothing but a form to fill in: what it takes is described with its act."""
WITHOUT = {
    "/static/{digest}/{name:path}": "styles and scripts of the pages",
    "/live": "a stream of events that tells an open page to look again; programs ask, or are told by a webhook",
    "/metrics": "is for programs already, in the text format of Prometheus",
}
"""Routes without a twin, each with its reason. One's own sign-in comes on top (`twins.OWN_SIGN_IN`)."""


def api_routes(app: FastAPI) -> dict[tuple[str, str], Declared]:
    return {(r.method, r.path): r for r in route_table(app) if r.kind == "api"}


def with_pages(app: FastAPI) -> list[Declared]:
    """Pages and acts that need a twin."""
    return [
        r
        for r in route_table(app)
        if r.kind != "api" and r.path not in WITHOUT and not r.path.startswith(twins.OWN_SIGN_IN)
    ]


def twin_of(route: Declared, known: dict[tuple[str, str], Declared]) -> Declared | None:
    if route.kind == "action":
        method, _, path = twins.ELSEWHERE.get(route.path, f"POST /api/v1{route.path}").partition(" ")
        return known.get((method, twins.RENAMED.get(route.path, path)))
    if route.path in EMPTY_FORMS:
        return known.get(("POST", EMPTY_FORMS[route.path]))
    return known.get(("GET", SHOWN_ELSEWHERE.get(route.path, f"/api/v1{route.path}")))


def test_every_page_and_every_act_has_a_twin_with_the_same_permission(app: FastAPI) -> None:
    known = api_routes(app)
    described = app.openapi()["paths"]
    missing, other = [], []
    for route in with_pages(app):
        twin = twin_of(route, known)
        if twin is None or twin.method.lower() not in described.get(twin.path, {}):
            missing.append(f"{route.kind} {route.path}")
        elif twin.needs is not route.needs and route.path not in SHOWN_ELSEWHERE:
            other.append(f"{route.path}: {route.needs}, its twin {twin.needs}")
        elif route.kind == "action" and route.fresh and not twin.fresh:
            other.append(f"{route.path} asks again who it is, its twin does not")
    assert missing == []
    assert other == []


def test_what_has_no_twin_is_there_and_is_what_it_says(app: FastAPI) -> None:
    table = route_table(app)
    pages = {r.path for r in table if r.kind != "api"}
    assert set(WITHOUT) <= pages
    assert set(SHOWN_ELSEWHERE) | set(EMPTY_FORMS) | set(twins.ELSEWHERE) | set(twins.FILES) <= pages
    own = [r for r in table if r.path.startswith(twins.OWN_SIGN_IN)]
    assert {r.needs for r in own} == {Mark.PUBLIC, Mark.SIGNED_IN}


def test_a_twin_of_a_form_is_described_with_the_fields_and_bounds_of_the_form(app: FastAPI) -> None:
    document: dict[str, Any] = app.openapi()
    done = document["paths"]["/api/v1/cases/{case_id}/tasks/{task_id}/done"]["post"]
    reference = done["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    shape = document["components"]["schemas"][reference.rpartition("/")[2]]
    assert shape["required"] == ["outcome"]
    assert shape["properties"]["outcome"]["maxLength"] == 4_000
    assert shape["additionalProperties"] is False


def test_a_twin_does_what_its_form_does(app: FastAPI, services: Services) -> None:
    person = sign_in(app, Role.PRIVACY)
    person.client.headers["x-csrf-token"] = person.csrf
    with services.database.session() as session:
        case_id = case_row(session)
        task = CaseTask(
            case_id=case_id,
            title="Look",
            due_at=None,
            assignee_id=None,
            made_at=services.clock(),
            made_by="x",
            done_at=None,
            done_by=None,
        )
        session.add(task)
        session.flush()
        task_id = task.id
    answer = person.client.post(f"/api/v1/cases/{case_id}/tasks/{task_id}/done", json={"outcome": "Nothing there"})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"said": "Done.", "where": f"/cases/{case_id}#tasks"}
    with services.database.reading() as session:
        assert session.get_one(CaseTask, task_id).outcome == "Nothing there"
    wrong = person.client.post(f"/api/v1/cases/{case_id}/tasks/{task_id}/done", json={"outcome": "x", "more": "y"})
    assert wrong.status_code == 422
    assert wrong.headers["content-type"] == "application/problem+json"


def test_a_file_is_the_same_for_a_program(app: FastAPI, services: Services) -> None:
    person = sign_in(app, Role.AUDITOR)
    with services.database.session() as session:
        case_id = case_row(session)
    page, twin = (person.client.get(f"{base}/cases/{case_id}/timeline.csv") for base in ("", "/api/v1"))
    assert twin.headers["content-type"] == page.headers["content-type"] == "text/csv; charset=utf-8"
    assert twin.content == page.content


def test_an_address_with_a_parameter_does_not_answer_for_a_fixed_one(app: FastAPI, services: Services) -> None:
    policy = "sites:\n  - name: club\n    upstream: http://127.0.0.1:3000\n"
    services.folder.own_policy.write_text(policy)
    services.folder.policy.write_text(json.dumps(load_text(policy.encode()).tables))
    browser = sign_in(app, Role.OWNER).client
    fixed = [r.path for r in route_table(app) if r.kind == "api" and r.method == "GET" and "{" not in r.path]
    assert "/api/v1/visitors/examples.jsonl" in fixed
    assert [path for path in fixed if browser.get(path).status_code == 404] == []


def test_a_channel_is_added_chosen_and_taken_away_over_json(app: FastAPI, services: Services) -> None:
    owner = sign_in(app, Role.OWNER)
    owner.client.headers["x-csrf-token"] = owner.csrf
    new = {"name": "SIEM", "kind": "webhook", "target": "https://hooks.example/x/secret-path"}
    added = owner.client.post("/api/v1/notifications", json=new)
    assert added.status_code == 201, added.text
    assert added.json()["secret"].startswith("whsec_")
    where = f"/api/v1/notifications/{added.json()['channel']['id']}"
    assert owner.client.put(where, json={"least": {"review.due": "low"}}).json() == {"kinds": 1}
    renewed = owner.client.post(f"{where}/secret")
    assert renewed.json()["secret"] != added.json()["secret"]
    assert owner.client.post(f"{where}/switch", json={"state": "off"}).json()["said"] == "Switched off."
    shown = owner.client.get(where).json()
    assert shown["least"] == {"review.due": "low"}
    assert shown["disabled_at"]
    assert "secret-path" not in json.dumps(shown)
    assert owner.client.post(f"{where}/remove").status_code == 200
    with services.database.reading() as session:
        assert session.query(Channel).count() == 0


def test_a_user_is_added_over_json_and_the_link_is_shown_once(app: FastAPI) -> None:
    owner = sign_in(app, Role.OWNER)
    owner.client.headers["x-csrf-token"] = owner.csrf
    added = owner.client.post("/api/v1/users", json={"name": "ann@club.example", "roles": ["privacy"]})
    assert added.status_code == 201, added.text
    assert "/set-up/" in added.json()["link"]
    listed = owner.client.get("/api/v1/users").json()
    assert {u["name"] for u in listed["users"]} == {"owner@example.org", "ann@club.example"}
    assert "/set-up/" not in json.dumps(listed)


def test_who_does_not_manage_users_is_told_no_mail_address(app: FastAPI, services: Services) -> None:
    owner, auditor = sign_in(app, Role.OWNER), sign_in(app, Role.AUDITOR)
    with services.database.session() as session:
        session.get_one(User, owner.user_id).email = "ann@people.example"
    assert "ann@people.example" in owner.client.get("/api/v1/users").text
    assert "ann@people.example" not in auditor.client.get("/api/v1/users").text


def test_a_form_that_no_twin_can_be_made_of_keeps_the_console_from_starting() -> None:
    routes = APIRouter()

    @action(routes, "/odd", needs=Permission.SEE)
    def odd(request: Request, what: str) -> Response:
        return HTMLResponse("")

    with pytest.raises(twins.TwinError, match="/odd: `what`"):
        twins.routers(routes.routes)
