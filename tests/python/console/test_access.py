"""Sessions, roles, absence, links, codes, the trail: what an intruder would try, and what owners rely on."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from starlette.testclient import TestClient
from typer.testing import CliRunner

from console.route_table import BASE
from console.signed_in import Clock, sign_in
from console.test_first_start import PASSWORD, form_token
from hedgerow.cli import app as command_line
from hedgerow.console.access import one_time, passwords, sessions, setup_links, users
from hedgerow.console.access.actor import Actor
from hedgerow.console.access.holding import actor_for
from hedgerow.console.access.roles import Permission, Role
from hedgerow.console.decisions import record
from hedgerow.console.pages import decisions
from hedgerow.console.problems import Wrong
from hedgerow.console.services import Services
from hedgerow.console.trail_check import check_trail
from hedgerow.store.models.accounts import SignInSession, User

SHELL = Actor.shell("test")


def made(services: Services, name: str, *roles: Role, password: str = PASSWORD) -> str:
    """A user with a password; their identifier."""
    with services.database.session() as session:
        user = users.add(session, SHELL, name, "", "", roles, services.clock())
        user.password = passwords.keep(password)
        return user.id


def signed_in_browser(app: FastAPI, name: str, planted: str = "") -> TestClient:
    browser = TestClient(app, base_url=BASE, follow_redirects=False)
    if planted:
        browser.cookies.set("hedgerow", planted)
    words = {"csrf": form_token(browser.get("/sign-in").text), "name": name, "password": PASSWORD}
    assert browser.post("/sign-in", data=words).status_code == 303
    return browser


def test_a_token_that_was_planted_before_sign_in_is_worth_nothing_after(app: FastAPI, services: Services) -> None:
    made(services, "ada", Role.OWNER)
    planted = "a" * 43
    browser = signed_in_browser(app, "ada", planted)
    assert browser.get("/").status_code == 200
    thief = TestClient(app, base_url=BASE, follow_redirects=False)
    thief.cookies.set("hedgerow", planted)
    assert thief.get("/").status_code == 303


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(app: FastAPI, services: Services) -> None:
    made(services, "ada", Role.OWNER)
    browser = TestClient(app, base_url=BASE, follow_redirects=False)
    words = {"csrf": form_token(browser.get("/sign-in").text), "name": "ada", "password": PASSWORD}
    cookies = browser.post("/sign-in", data=words).headers.get_list("set-cookie")
    (own,) = [c for c in cookies if c.startswith("hedgerow=")]
    assert "HttpOnly" in own
    assert "SameSite=lax" in own
    assert "Path=/" in own


def test_a_session_ends_unused_and_ends_anyway(app: FastAPI, services: Services, clock: Clock) -> None:
    browser = sign_in(app, Role.OWNER).client
    clock.forward(minutes=59)
    assert browser.get("/").status_code == 200
    clock.forward(minutes=59)
    assert browser.get("/").status_code == 200, "its use was noted"
    clock.forward(minutes=61)
    assert browser.get("/", follow_redirects=False).status_code == 303
    busy = sign_in(app, Role.OWNER, name="busy").client
    for _ in range(23):
        clock.forward(minutes=30)
        assert busy.get("/").status_code == 200
    clock.forward(minutes=31)
    assert busy.get("/", follow_redirects=False).status_code == 303


def test_a_fresh_proof_changes_the_token(app: FastAPI, services: Services, clock: Clock) -> None:
    made(services, "ada", Role.OWNER)
    browser = signed_in_browser(app, "ada")
    old = browser.cookies["hedgerow"]
    clock.forward(minutes=11)
    page = browser.get("/sign-in/again?next=/account").text
    answer = browser.post(
        "/sign-in/again", data={"csrf": form_token(page), "password": PASSWORD, "next": "//evil.example"}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert browser.cookies["hedgerow"] != old
    thief = TestClient(app, base_url=BASE, follow_redirects=False)
    thief.cookies.set("hedgerow", old)
    assert thief.get("/").status_code == 303


def test_changed_roles_and_being_shut_out_end_what_is_open(app: FastAPI, services: Services) -> None:
    made(services, "owner", Role.OWNER)
    ada = made(services, "ada", Role.ANALYST)
    browser = signed_in_browser(app, "ada")
    with services.database.session() as session:
        user = session.get(User, ada)
        assert user is not None
        users.set_roles(session, SHELL, user, [Role.AUDITOR], "moved", services.clock())
    assert browser.get("/").status_code == 303
    browser = signed_in_browser(app, "ada")
    with services.database.session() as session:
        user = session.get(User, ada)
        assert user is not None
        users.disable(session, SHELL, user, "left", services.clock())
    assert browser.get("/").status_code == 303
    words = {"csrf": form_token(browser.get("/sign-in").text), "name": "ada", "password": PASSWORD}
    assert browser.post("/sign-in", data=words).status_code == 401


def test_there_is_always_an_owner(services: Services) -> None:
    ada = made(services, "ada", Role.OWNER)
    with services.database.session() as session:
        user = session.get(User, ada)
        assert user is not None
        with pytest.raises(Wrong, match="only owner"):
            users.set_roles(session, SHELL, user, [Role.AUDITOR], "", services.clock())
        with pytest.raises(Wrong, match="only owner"):
            users.disable(session, SHELL, user, "", services.clock())


def test_somebody_stands_in_for_the_absent_from_then_until_then(services: Services, clock: Clock) -> None:
    made(services, "owner", Role.OWNER)
    ada, bob = made(services, "ada", Role.COUNSEL), made(services, "bob", Role.ANALYST)

    def may() -> bool:
        with services.database.reading() as session:
            user = session.get(User, bob)
            assert user is not None
            return actor_for(session, user, clock()).may(Permission.APPROVE_LETTER)

    with services.database.session() as session:
        absent, stand_in = session.get(User, ada), session.get(User, bob)
        assert absent
        assert stand_in
        users.cover(session, SHELL, absent, stand_in, clock() + timedelta(days=1), clock() + timedelta(days=3), clock())
    seen = []
    for _ in range(5):
        seen.append(may())
        clock.forward(days=1)
    assert seen == [False, True, True, False, False]


def test_a_link_does_not_pass_by_an_authenticator(app: FastAPI, services: Services, clock: Clock) -> None:
    ada = made(services, "ada", Role.OWNER)
    with services.database.session() as session:
        user = session.get(User, ada)
        assert user is not None
        user.totp = one_time.seal(one_time.new_secret(), user.id, services.folder.path)
        token = setup_links.of_user(session, user, clock())
    browser = TestClient(app, base_url=BASE, follow_redirects=False)
    words = {"csrf": form_token(browser.get(f"/set-up/{token}").text), "password": "another " + PASSWORD}
    answer = browser.post(f"/set-up/{token}", data=words)
    assert answer.headers["location"] == "/sign-in"
    assert browser.get("/").status_code == 303


def test_a_recovery_code_works_once(services: Services, clock: Clock) -> None:
    ada = made(services, "ada", Role.OWNER)
    with services.database.session() as session:
        user = session.get(User, ada)
        assert user is not None
        codes = one_time.make_recovery_codes(session, user, clock())
        assert one_time.use_recovery_code(session, user, codes[0].upper(), clock())
        assert not one_time.use_recovery_code(session, user, codes[0], clock())
        assert one_time.use_recovery_code(session, user, codes[1], clock())


def test_nothing_that_opens_a_door_is_in_the_database(app: FastAPI, services: Services, clock: Clock) -> None:
    ada = made(services, "ada", Role.OWNER)
    secret = one_time.new_secret()
    with services.database.session() as session:
        user = session.get(User, ada)
        assert user is not None
        user.totp = one_time.seal(secret, user.id, services.folder.path)
        link = setup_links.of_user(session, user, clock())
        codes = one_time.make_recovery_codes(session, user, clock())
        token = sessions.start(session, user, "password", "", clock(), services.settings)
    with services.database.engine.connect() as connection:
        said = "".join(
            str(tuple(row))
            for table in ("users", "setup_links", "recovery_codes", "sign_in_sessions", "decisions")
            for row in connection.execute(text(f"SELECT * FROM {table}"))  # noqa: S608 - names of our own
        )
    for open_secret in (PASSWORD, secret, link, token, *codes, *(c.replace("-", "") for c in codes)):
        assert open_secret not in said


def test_a_changed_or_missing_row_of_the_trail_is_found(services: Services, database_kind: str) -> None:
    for n in range(4):
        with services.database.session() as session:
            record(session, SHELL, "case.note", "case:x", f"note {n}", at=services.clock())
    with services.database.reading() as session:
        whole = check_trail(session)
    assert (whole.rows, whole.problems) == (4, ())
    drop = (
        ["DROP TRIGGER decisions_no_update", "DROP TRIGGER decisions_no_delete"]
        if database_kind == "sqlite"
        else ["ALTER TABLE decisions DISABLE TRIGGER USER"]
    )
    with services.database.session() as session:
        for statement in (*drop, "UPDATE decisions SET reason = 'forged' WHERE number = 2"):
            session.execute(text(statement))
    with services.database.reading() as session:
        assert check_trail(session).problems == ("row 2 was changed after it was written",)
    with services.database.session() as session:
        session.execute(text("DELETE FROM decisions WHERE number = 2"))
    with services.database.reading() as session:
        assert "row 2 is missing; 3 follows 1" in check_trail(session).problems


def test_an_export_of_decisions_runs_in_no_spreadsheet(app: FastAPI, services: Services) -> None:
    with services.database.session() as session:
        record(session, SHELL, "case.note", "case:x", '=HYPERLINK("https://evil.example")', at=services.clock())
        record(session, SHELL, "case.note", "case:x", "<script>alert(1)</script>", at=services.clock())
    browser = sign_in(app, Role.AUDITOR).client
    rows = list(csv.DictReader(io.StringIO(browser.get("/decisions/export").text)))
    assert rows[0]["reason"].startswith("'=")
    page = browser.get("/decisions").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert len(browser.get("/decisions/export?form=json").json()) == len(rows)
    assert browser.get("/api/v1/decisions?act=case.note").json()["decisions"][0]["reason"].startswith("<script>")


def test_an_export_has_every_decision_however_many_there_are(
    app: FastAPI, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decisions, "CHUNK", 2)
    with services.database.session() as session:
        for number in range(5):
            record(session, SHELL, "case.note", f"case:{number}", "", at=services.clock())
    browser = sign_in(app, Role.AUDITOR).client
    rows = list(csv.DictReader(io.StringIO(browser.get("/decisions/export?act=case.note").text)))
    assert [row["subject"] for row in rows] == [f"case:{number}" for number in range(5)]
    found = browser.get("/decisions/export?act=case.note&form=json").json()
    assert [row["subject"] for row in found] == [f"case:{number}" for number in range(5)]
    assert browser.get("/decisions/export?act=nothing&form=json").json() == []


def test_the_same_from_the_shell(tmp_path: Path) -> None:
    state = ["--state", str(tmp_path / "state")]

    def run(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(command_line, [*words, *state])
        assert done.exit_code == code, done.output
        return done.output

    assert "/set-up/" in run("user", "link")
    assert "/set-up/" in run("user", "add", "Ada@Example.org", "--role", "owner", "--name", "Ada")
    run("user", "add", "bob@example.org", "--role", "analyst")
    assert "is a user" in run("user", "add", "bob@example.org", "--role", "analyst", code=1)
    run("user", "roles", "bob@example.org", "--role", "counsel", "--reason", "moved")
    run("user", "cover", "ada@example.org", "bob@example.org", "--until", "2090-01-01", code=1)
    listed = {u["name"]: u for u in json.loads(run("user", "list", "--json"))}
    assert listed["ada@example.org"]["roles"] == ["owner"]
    assert listed["bob@example.org"]["roles"] == ["counsel"]
    assert "only owner" in run("user", "disable", "ada@example.org", code=1)
    run("user", "disable", "bob@example.org", "--reason", "left")
    assert json.loads(run("user", "sessions", "bob@example.org", "--json")) == []
    assert "no user nobody" in run("user", "reset", "nobody", code=1)
    run("store", "check")
    verified = json.loads(run("store", "verify", "--json"))
    assert verified["problems"] == []
    assert verified["rows"] >= 5


def test_sessions_of_somebody_else_are_not_ended(app: FastAPI, services: Services) -> None:
    ada, eve = sign_in(app, Role.OWNER, name="ada"), sign_in(app, Role.AUDITOR, name="eve")
    with services.database.reading() as session:
        row = session.query(SignInSession).filter_by(user_id=ada.user_id).one()
    assert eve.post("/account/sessions/end", session_id=row.id).status_code == 404
    assert ada.client.get("/").status_code == 200
    assert ada.post("/account/sessions/end", session_id=row.id).status_code == 303
    assert ada.client.get("/", follow_redirects=False).status_code == 303


def test_a_reset_ends_the_tokens_that_whoever_had_the_account_made(
    app: FastAPI, services: Services, clock: Clock
) -> None:
    owner, lost = sign_in(app, Role.OWNER), sign_in(app, Role.ANALYST)
    page = lost.post("/account/tokens", name="mine", days="30", permissions="see").text
    token = page.partition("<pre>hrt_")[2].partition("</pre>")[0]
    program = TestClient(app, base_url=BASE, headers={"authorization": f"Bearer hrt_{token}"})
    assert program.get("/api/v1/decisions").status_code == 200
    assert owner.post(f"/users/{lost.user_id}/reset", reason="their laptop was stolen").status_code == 200
    assert program.get("/api/v1/decisions").status_code == 401


def test_a_program_that_reads_waits_for_no_writer(app: FastAPI, services: Services, clock: Clock) -> None:
    browser = sign_in(app, Role.ANALYST)
    page = browser.post("/account/tokens", name="mine", days="30", permissions="see").text
    token = page.partition("<pre>hrt_")[2].partition("</pre>")[0]
    program = TestClient(app, base_url=BASE, headers={"authorization": f"Bearer hrt_{token}"})
    assert program.get("/api/v1/decisions").status_code == 200
    with services.database.session() as session:
        record(session, SHELL, "test.act", "test:1", "", at=clock())
        assert program.get("/api/v1/decisions").status_code == 200
