"""From the set-up link to signed in, with an authenticator, and out again."""

from __future__ import annotations

import re

import pyotp
from fastapi import FastAPI
from starlette.testclient import TestClient

from console.signed_in import Clock
from hedgerow.console.access import setup_links
from hedgerow.console.services import Services

PASSWORD = "orchard kettle seven lanterns"


def form_token(page: str) -> str:
    """The hidden token of a page's forms."""
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found, page
    return found[1]


def test_from_the_link_to_signed_in_and_out(app: FastAPI, services: Services, clock: Clock) -> None:
    with services.database.session() as session:
        token = setup_links.first(session, clock())
    browser = TestClient(app, base_url="http://127.0.0.1:8799")
    page = browser.get(f"/set-up/{token}")
    assert "Make the owner" in page.text
    words = {"csrf": form_token(page.text), "name": "Ada@Example.org", "shown_name": "Ada", "password": "short"}
    assert "at least 15 characters" in browser.post(f"/set-up/{token}", data=words).text
    made = browser.post(f"/set-up/{token}", data={**words, "password": PASSWORD})
    assert "ada@example.org" in made.text
    assert browser.get(f"/set-up/{token}").status_code == 404, "the link works once"

    asked = browser.post("/account/authenticator", data={"csrf": form_token(made.text)})
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", asked.text)
    assert secret
    code = pyotp.TOTP(secret[1]).at(clock())
    done = browser.post(
        "/account/authenticator", data={"csrf": form_token(made.text), "secret": secret[1], "code": code}
    )
    assert done.text.count("<li><code>") == 10

    browser.post("/sign-out", data={"csrf": form_token(made.text)})
    assert browser.get("/", follow_redirects=False).headers["location"] == "/sign-in?next=/"

    page = browser.get("/sign-in")
    words = {"csrf": form_token(page.text), "name": "ada@example.org", "password": "wrong wrong wrong"}
    assert "do not belong together" in browser.post("/sign-in", data=words).text
    asked = browser.post("/sign-in", data={**words, "password": PASSWORD})
    assert "Your code" in asked.text
    assert "does not work" in browser.post("/sign-in/code", data={"csrf": words["csrf"], "code": code}).text, (
        "used once"
    )
    clock.forward(seconds=30)
    code = pyotp.TOTP(secret[1]).at(clock())
    inside = browser.post("/sign-in/code", data={"csrf": words["csrf"], "code": code})
    assert "<h1>Today</h1>" in inside.text
    assert "session.begin" in browser.get("/decisions").text


def test_guessing_is_slowed_down_and_never_for_ever(app: FastAPI, clock: Clock) -> None:
    browser = TestClient(app, base_url="http://127.0.0.1:8799")
    words = {"csrf": form_token(browser.get("/sign-in").text), "name": "ada@example.org", "password": "guess"}
    statuses = [browser.post("/sign-in", data=words).status_code for _ in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    clock.forward(minutes=16)
    assert browser.post("/sign-in", data=words).status_code == 401
