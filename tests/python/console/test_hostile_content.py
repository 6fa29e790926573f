"""Hostile words through every form and every field: nothing breaks, and nothing that is shown or exported runs.

`tests/browser/test_console_hostile.py` opens what is stored here in a real browser.
"""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

from case_world import NOW, SITE, keyed, shown
from console.hostile import (
    HOSTILE,
    MARK,
    MEASURES,
    SENT,
    SENT_TO_BOTH,
    api_posts,
    crawl,
    fill_in,
    gated,
    in_order,
    post,
)
from console.route_table import BASE, address
from console.signed_in import SignedIn, sign_in
from hedgerow.console.access.roles import Role
from hedgerow.console.app import route_table
from hedgerow.console.routes import PUBLIC
from hedgerow.console.services import Services
from written_ledger import Segment

POLICY = Path(__file__).parents[3] / "examples" / "directory" / "hedgerow.yaml"


@pytest.fixture
def owner(app: FastAPI, services: Services) -> SignedIn:
    """An owner in a console that has a ledger, a case with a letter, a claim and a channel."""
    rows = [shown(n, NOW - timedelta(hours=30, seconds=-20 * n), address="h", network="hn") for n in range(1, 11)]
    Segment(services.folder.path, SITE).append(*rows)
    services.folder.own_policy.write_bytes(POLICY.read_bytes())
    return furnished(unbroken(app, sign_in(app, Role.OWNER)))


def unbroken(app: FastAPI, browser: SignedIn) -> SignedIn:
    """The same browser, which is answered as browsers are when something fails."""
    client = TestClient(app, base_url=BASE, raise_server_exceptions=False)
    client.cookies.update(browser.client.cookies)
    return SignedIn(client, browser.user_id, browser.csrf)


def furnished(owner: SignedIn) -> SignedIn:
    """Has one of everything made."""
    principal = f"address:{keyed('address', 'h')}"
    case = owner.post("/cases/new", title="A", site=SITE, reason="seen", principals=principal).headers["location"]
    assert owner.post(f"{case}/count").status_code == 303
    letter = owner.post(f"{case}/letters", kind="cease_and_desist", language="en", recipient_name="Data Offers Ltd")
    claim = owner.post("/claims/new", site=SITE, source="form", subject="A list", text="is offered", language="en")
    channel = owner.post("/notifications", name="team", kind="mail", target="team@club.example")
    assert [a.status_code for a in (letter, claim, channel)] == [303] * 3
    return owner


def starts(app: FastAPI) -> list[str]:
    """Every page that needs no identifier."""
    return [r.path for r in route_table(app) if r.kind == "page" and "{" not in r.path and r.path != "/live"]


def runs(path: str, answer: Response) -> list[str]:
    """What in an answer would run, or lead astray whoever opens it."""
    wrong = []
    if answer.status_code >= 500:
        wrong.append(f"{path}: {answer.status_code}")
    if any(MARK in v for k, v in answer.headers.items() if k not in ("location", "set-cookie")):
        wrong.append(f"{path}: {answer.headers}")
    kind = answer.headers.get("content-type", "")
    if kind.startswith("text/html"):
        page = answer.text
        for pattern in (rf"<(script|img|svg)[^>]*{MARK}", rf"(href|src|action)=\"?javascript:[^>]*{MARK}", r"\b1337\b"):
            wrong += [f"{path}: {m[0][:200]}" for m in re.finditer(pattern, page)]
    elif kind.startswith("text/csv"):
        for row in csv.reader(io.StringIO(answer.text)):
            wrong += [f"{path}: {cell!r}" for cell in row if cell[:1] in ("=", "+", "@", "\t", "\r") and len(cell) > 1]
    elif kind.startswith(("application/json", "application/problem+json")) and "jsonl" not in kind:
        json.loads(answer.text)
    elif kind.startswith("application/jsonl"):
        [json.loads(line) for line in answer.text.splitlines()]
    elif "content-disposition" not in answer.headers and answer.status_code == 200:
        assert kind.startswith("text/plain"), (path, kind)
    disposition = answer.headers.get("content-disposition", "attachment")
    if re.search(r"\.\.|/|\\|\r|\n", disposition.replace("filename*=UTF-8''", "")):
        wrong.append(f"{path}: {disposition}")
    return wrong


@pytest.mark.slow
@pytest.mark.parametrize(("database_kind", "kind"), [*SENT, ("postgresql", "script")])
def test_hostile_words_in_every_form_break_nothing_and_run_nowhere(app: FastAPI, owner: SignedIn, kind: str) -> None:
    value = HOSTILE[kind]
    wrong: list[str] = []
    taken = 0
    forms = in_order(crawl(owner, starts(app)))
    for form in forms:
        answer = fill_in(owner, form, value, everywhere=kind in MEASURES)
        wrong += runs(form.action, answer)
        taken += answer.status_code == 303
    for path, page in crawl(owner, starts(app)).items():
        wrong += runs(path, page)
    assert wrong == []
    assert len(forms) > 60
    assert taken > 10 or kind in MEASURES


@pytest.mark.slow
@pytest.mark.parametrize(("database_kind", "kind"), [*SENT_TO_BOTH, ("sqlite", "script"), ("sqlite", "path")])
def test_hostile_words_in_every_field_of_every_route_break_nothing(app: FastAPI, owner: SignedIn, kind: str) -> None:
    value = HOSTILE[kind]
    wrong: list[str] = []
    case = owner.client.get("/api/v1/cases").json()["cases"][0]["id"]
    letter = owner.client.get("/api/v1/letters").json()[0]["id"]
    known = {"{case_id}": case, "{letter_id}": letter, "{regime}": "EU", "{duty}": "authority"}
    for declared, route in gated(app.routes):
        if declared.needs is PUBLIC or declared.path.endswith(("/sign-out", "/end", "/live")):
            continue
        path = address(declared)
        if declared.kind == "action":
            path = declared.path
            for name, identifier in known.items():
                path = path.replace(name, identifier)
            path = re.sub(r"\{[^}]+\}", "x", path)
            fields = {p.alias or p.name: value for p in route.dependant.body_params}
            wrong += runs(path, post(owner, path, {**fields, "csrf": owner.csrf}))
        elif declared.method == "GET":
            encoded = value.encode("utf-8", "surrogatepass")[:4_000]
            asked = {p.alias or p.name: encoded for p in route.dependant.query_params}
            if asked:
                wrong += runs(path, owner.client.get(path, params=asked, follow_redirects=False))
            if "{" in declared.path:
                parts = quote(encoded[:2_000], safe="")
                hostile_path = parts.join(re.split(r"\{[^}]+\}", declared.path))
                answer = owner.client.get(hostile_path, follow_redirects=False)
                wrong += runs(hostile_path[:80], answer)
                assert answer.status_code != 200 or "root:" not in answer.text
    owner.client.headers["x-csrf-token"] = owner.csrf
    for method, path, body in api_posts(app, value):
        for identifier in (case, letter, "x"):
            whole = re.sub(r"\{[^}]+\}", identifier, path)
            answer = owner.client.request(method, whole, content=body, headers={"content-type": "application/json"})
            wrong += runs(f"{method} {whole}", answer)
    assert wrong == []
