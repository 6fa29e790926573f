"""Sessions from their first cookie to their last: what test_access.py does not ask for."""

from __future__ import annotations

from dataclasses import replace

from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

from console.route_table import BASE
from console.signed_in import Clock, sign_in
from console.test_access import made, signed_in_browser
from console.test_first_start import PASSWORD, form_token
from hedgerow.console.access.roles import Role
from hedgerow.console.app import create_app
from hedgerow.console.services import Services

ELSEWHERE = (
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "/%09/evil.example",
    "///evil.example",
    "http:evil.example",
    "javascript:alert(1)",
    "/\r\nSet-Cookie: evil=1",
    "/@evil.example\u2028",
    "?next=//evil.example",
)


def thief_with(app: FastAPI, token: str) -> Response:
    """What somebody is told who comes with a copied cookie."""
    browser = TestClient(app, base_url=BASE, follow_redirects=False)
    browser.cookies.set("hedgerow", token)
    return browser.get("/account")


def test_signing_out_ends_the_session_and_not_only_the_cookie(app: FastAPI, services: Services) -> None:
    made(services, "ada", Role.OWNER)
    browser = signed_in_browser(app, "ada")
    token = browser.cookies["hedgerow"]
    csrf = form_token(browser.get("/account").text)
    assert thief_with(app, token).status_code == 200
    left = browser.post("/sign-out", data={"csrf": csrf})
    assert left.status_code == 303
    gone = next(c for c in left.headers.get_list("set-cookie") if c.startswith("hedgerow="))
    assert "Max-Age=0" in gone or "1970" in gone
    assert thief_with(app, token).status_code == 303
    # Nor does an old form work for whoever signs in next at this machine.
    again = signed_in_browser(app, "ada")
    assert again.post("/sign-out", data={"csrf": csrf}).status_code == 403


def test_a_form_from_before_sign_in_is_worth_nothing_after(app: FastAPI, services: Services) -> None:
    made(services, "ada", Role.OWNER)
    browser = TestClient(app, base_url=BASE, follow_redirects=False)
    before = form_token(browser.get("/sign-in").text)
    browser.post("/sign-in", data={"csrf": before, "name": "ada", "password": PASSWORD})
    assert browser.post("/sign-out", data={"csrf": before}).status_code == 403
    assert browser.get("/account").status_code == 200


def test_signing_in_leads_nowhere_else(app: FastAPI, services: Services) -> None:
    made(services, "ada", Role.OWNER)
    for elsewhere in ELSEWHERE:
        browser = TestClient(app, base_url=BASE, follow_redirects=False)
        page = browser.get("/sign-in", params={"next": elsewhere})
        words = {"csrf": form_token(page.text), "name": "ada", "password": PASSWORD, "next": elsewhere}
        answer = browser.post("/sign-in", data=words)
        assert answer.status_code == 303, elsewhere
        where = answer.headers["location"]
        assert where.startswith("/"), elsewhere
        assert not where.startswith(("//", "/\\")), elsewhere
        assert all(" " < c < "\x7f" for c in where), elsewhere
        assert "evil" not in answer.headers.get("set-cookie", ""), elsewhere
    assert browser.get("/sign-in", params={"next": "/\0evil"}).status_code == 422


def test_over_https_cookies_are_bound_to_this_host(services: Services) -> None:
    secure = replace(services, settings=replace(services.settings, https=True, hosts=("console.example",)))
    app = create_app(secure)
    made(secure, "ada", Role.OWNER)
    browser = TestClient(app, base_url="https://console.example", follow_redirects=False)
    page = browser.get("/sign-in")
    answer = browser.post("/sign-in", data={"csrf": form_token(page.text), "name": "ada", "password": PASSWORD})
    cookies = page.headers.get_list("set-cookie") + answer.headers.get_list("set-cookie")
    assert len(cookies) >= 2
    for cookie in cookies:
        assert cookie.startswith("__Host-"), cookie
        assert {"httponly", "secure", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}, cookie
        assert "domain" not in cookie.lower()
        assert "samesite=lax" in cookie.lower()
    assert browser.get("/account").status_code == 200
    token = browser.cookies["__Host-hedgerow"]
    plain = TestClient(app, base_url="https://console.example", follow_redirects=False)
    plain.cookies.set("hedgerow", token)
    assert plain.get("/account").status_code == 303, "a name that another host could set is not read"


def test_a_new_password_ends_every_other_session(app: FastAPI, services: Services) -> None:
    made(services, "ada", Role.OWNER)
    here, there = signed_in_browser(app, "ada"), signed_in_browser(app, "ada")
    csrf = form_token(here.get("/account").text)
    assert here.post("/account/password", data={"csrf": csrf, "new": f"another {PASSWORD}"}).status_code == 303
    assert here.get("/account").status_code == 200
    assert there.get("/account").status_code == 303


def test_made_up_cookies_are_nobodys(app: FastAPI) -> None:
    browser = TestClient(app, base_url=BASE, follow_redirects=False)
    for token in ("", "x", "a" * 43, "A" * 6_000, "é" * 20, '";drop', "..%2f", "null"):
        answer = browser.get("/account", headers=[(b"cookie", f"hedgerow={token}".encode())])
        assert answer.status_code == 303, token
        assert answer.headers["location"] == "/sign-in?next=/account", token


def test_a_page_that_only_lies_open_keeps_no_session_alive(app: FastAPI, clock: Clock) -> None:
    """Its files, and what it asks for by itself, are no use of somebody."""
    browser = sign_in(app, Role.ANALYST).client
    style = next(p for p in browser.get("/").text.split('"') if p.startswith("/static/") and p.endswith(".css"))
    for _ in range(5):
        clock.forward(minutes=11)
        assert browser.get(style).status_code == 200
        assert browser.get("/today/now", headers={"hx-request": "true", "x-by-itself": "yes"}).status_code == 200
    clock.forward(minutes=11)
    ended = browser.get("/today/now", headers={"hx-request": "true", "x-by-itself": "yes"})
    assert ended.status_code == 401
    assert ended.headers["hx-redirect"].startswith("/sign-in?next=")
