"""For every route there is, from the table of them: who may not is refused and nothing is changed.

A new route is in these tests by being declared; one that does not say what it needs keeps the console from starting.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi import APIRouter, FastAPI
from starlette.testclient import TestClient

from console.route_table import BASE, address, ask, state_of
from console.signed_in import Clock, sign_in
from hedgerow.console.access import api_tokens, sessions
from hedgerow.console.access.actor import Actor
from hedgerow.console.access.gate import Declared
from hedgerow.console.access.roles import Permission, Role, permissions_of, roles_with
from hedgerow.console.app import route_table
from hedgerow.console.guards import SECURITY_HEADERS
from hedgerow.console.routes import PUBLIC, SIGNED_IN, UndeclaredError, declared_routes
from hedgerow.console.services import Services
from hedgerow.store.database import Database


def guarded(app: FastAPI) -> list[Declared]:
    """Routes that need a permission."""
    return [r for r in route_table(app) if isinstance(r.needs, Permission)]


def writing(app: FastAPI) -> list[Declared]:
    """Routes that may change something and go by the cookie."""
    return [r for r in route_table(app) if r.writes and not (r.kind == "api" and r.needs is PUBLIC)]


def test_every_route_stands_in_the_table_once(app: FastAPI) -> None:
    table = [(r.method, r.path) for r in route_table(app)]
    assert len(table) == len(set(table))
    assert ("GET", "/") in table
    described = app.openapi()["paths"]
    assert {p for p in described if not p.startswith("/api/v1/")} == set()


def test_a_route_that_does_not_say_what_it_needs_keeps_the_console_from_starting() -> None:
    routes = APIRouter()
    routes.add_api_route("/open", lambda: "anything", methods=["GET"])
    with pytest.raises(UndeclaredError, match="/open"):
        list(declared_routes(routes.routes))


def test_what_is_public_is_known_by_name(app: FastAPI) -> None:
    """Whoever adds a public route comes by here."""
    public = {r.path for r in route_table(app) if r.needs is PUBLIC}
    known = ("/static/", "/sign-in", "/set-up/", "/claim", "/.well-known/", "/metrics", "/healthy")
    assert {p for p in public if not p.startswith(known)} == set()


def test_the_auditor_may_see_everything_and_change_nothing() -> None:
    assert permissions_of([Role.AUDITOR]) == {Permission.SEE, Permission.SEE_PEOPLE}


@pytest.mark.parametrize("role", [*Role, None])
def test_a_role_gets_nothing_that_is_not_its_own(app: FastAPI, database: Database, role: Role | None) -> None:
    browser = sign_in(app, *([role] if role else []), name="somebody")
    before = state_of(database)
    refused = [r for r in guarded(app) if role is None or role not in roles_with(Permission(str(r.needs.value)))]
    for route in refused:
        answer = ask(browser.client, route, browser.csrf)
        assert answer.status_code == 403, (route, answer.status_code)
        assert "Your role does not let you" in answer.text, route
    assert state_of(database) == before
    assert role is Role.OWNER or refused


def test_a_stranger_is_sent_to_sign_in_or_told_so(app: FastAPI, database: Database) -> None:
    before = state_of(database)
    stranger = TestClient(app, base_url=BASE)
    for route in route_table(app):
        if route.needs is PUBLIC:
            continue
        answer = ask(stranger, route, "made-up")
        if route.kind == "api":
            assert answer.status_code == 401, route
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"].startswith("Bearer")
        else:
            assert answer.status_code == 303, route
            assert answer.headers["location"].startswith("/sign-in?next=/"), route
            if not route.writes:
                assert answer.headers["location"] == f"/sign-in?next={address(route)}"
    assert state_of(database) == before


def test_no_form_of_another_site_is_taken(app: FastAPI, database: Database) -> None:
    browser = sign_in(app, *Role)
    other = sign_in(app, *Role, name="other")
    before = state_of(database)
    ways: list[tuple[str | None, dict[str, str]]] = [
        (None, {}),
        ("", {}),
        (other.csrf, {}),
        (browser.csrf[:-1], {}),
        (browser.csrf, {"origin": "https://evil.example"}),
        (browser.csrf, {"origin": "null"}),
        (browser.csrf, {"origin": "http://127.0.0.1:8700"}),
        (browser.csrf, {"sec-fetch-site": "cross-site"}),
        (browser.csrf, {"sec-fetch-site": "same-site"}),
    ]
    routes = writing(app)
    assert routes
    for route in routes:
        for csrf, headers in ways:
            answer = ask(browser.client, route, csrf, **headers)
            assert answer.status_code == 403, (route, csrf, headers, answer.status_code)
    assert state_of(database) == before


def test_a_writing_route_is_never_reached_by_following_a_link(app: FastAPI) -> None:
    assert all(not r.writes for r in route_table(app) if r.kind == "page")
    assert all(r.method == "POST" for r in route_table(app) if r.kind == "action")


def test_dangerous_acts_ask_again_who_it_is(app: FastAPI, database: Database, clock: Clock) -> None:
    browser = sign_in(app, *Role)
    clock.forward(minutes=11)
    browser.client.get("/")  # the session's last use is noted now, and not among what is compared
    before = state_of(database)
    dangerous = [r for r in route_table(app) if r.fresh]
    assert dangerous
    for route in dangerous:
        answer = ask(browser.client, route, browser.csrf)
        if route.kind == "api":
            assert answer.status_code == 403
            assert "fresh proof" in answer.json()["detail"]
        else:
            assert answer.status_code == 303, route
            assert answer.headers["location"].startswith("/sign-in/again?next="), route
    assert state_of(database) == before


def test_a_token_does_what_it_was_given_and_no_more(app: FastAPI, services: Services) -> None:
    browser = sign_in(app, Role.OWNER)
    owner = Actor(browser.user_id, "owner", permissions=permissions_of([Role.OWNER]))
    now = services.clock()
    with services.database.session() as session:
        token, _ = api_tokens.make(session, owner, "reader", [Permission.SEE], 30, now)
    program = TestClient(app, base_url=BASE, headers={"authorization": f"Bearer {token}"})
    for route in guarded(app):
        if route.kind != "api":
            # Pages and forms do not know tokens.
            assert ask(program, route).status_code == 303, route
        elif route.needs is not Permission.SEE:
            assert ask(program, route).status_code == 403, route
    assert program.get("/api/v1/openapi.json").status_code == 200
    wrong = TestClient(app, base_url=BASE, headers={"authorization": f"Bearer {token[:-1]}"})
    wrong.cookies.set(sessions.cookie_name(services.settings), browser.client.cookies["hedgerow"])
    assert wrong.get("/api/v1/openapi.json").status_code == 401, "a wrong token is not made good by a cookie"


def test_a_token_ends_with_its_time_and_with_its_user(app: FastAPI, services: Services, clock: Clock) -> None:
    browser = sign_in(app, Role.OWNER)
    owner = Actor(browser.user_id, "owner", permissions=permissions_of([Role.OWNER]))
    with services.database.session() as session:
        token, _ = api_tokens.make(session, owner, "reader", [Permission.SEE], 1, services.clock())
    program = TestClient(app, base_url=BASE, headers={"authorization": f"Bearer {token}"})
    assert program.get("/api/v1/openapi.json").status_code == 200
    clock.now += timedelta(days=1)
    assert program.get("/api/v1/openapi.json").status_code == 401


def test_every_answer_has_the_headers_that_protect_it(app: FastAPI) -> None:
    browser = sign_in(app, *Role)
    for path in ("/", "/sign-in", "/nowhere", "/api/v1/nowhere", "/static/x/nowhere", "/api/v1/openapi.json"):
        answer = browser.client.get(path, follow_redirects=False)
        for name, value in SECURITY_HEADERS.items():
            assert answer.headers[name] == value, (path, name)
        assert answer.headers["cache-control"] == "no-store", path
    for route in route_table(app):
        if route.needs is SIGNED_IN and not route.writes and "{" not in route.path:
            assert "unsafe" not in ask(browser.client, route).headers["content-security-policy"]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.evil.example:8799", "[::1"])
def test_another_name_that_points_here_is_not_answered(app: FastAPI, host: str) -> None:
    answer = sign_in(app, Role.OWNER).client.get("/", headers={"host": host})
    if host == "[::1":
        assert answer.status_code in (200, 421)
    else:
        assert answer.status_code == 421
        assert "Today" not in answer.text


@pytest.mark.parametrize("host", ["localhost:8799", "127.0.0.1", "[::1]:8799", "LOCALHOST"])
def test_the_loopback_is_answered(app: FastAPI, host: str) -> None:
    assert sign_in(app, Role.OWNER).client.get("/", headers={"host": host}).status_code == 200


def test_a_body_has_its_bounds(app: FastAPI, services: Services) -> None:
    browser = sign_in(app, *Role)
    most = services.settings.body_bytes
    answer = browser.client.post("/sign-out", content=b"x", headers={"content-length": str(most + 1)})
    assert answer.status_code == 413

    def pieces() -> object:
        for _ in range(most // (1 << 20) + 1):
            yield b"x" * (1 << 20)

    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = browser.client.post("/sign-out", content=pieces(), headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 413


def test_nobody_is_sent_elsewhere_after_signing_in(app: FastAPI) -> None:
    browser = sign_in(app, Role.OWNER)
    for elsewhere in (
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "/ /evil.example",
        "javascript:alert(1)",
        "/\tevil",
        "/%0d%0aset-cookie:x=1\r\nx",
        "",
    ):
        answer = browser.client.get("/sign-in", params={"next": elsewhere}, follow_redirects=False)
        assert answer.status_code == 303
        assert answer.headers["location"] == "/", elsewhere
    kept = browser.client.get("/sign-in", params={"next": "/decisions?act=user.add"}, follow_redirects=False)
    assert kept.headers["location"] == "/decisions?act=user.add"
