"""The pages of claims, and the JSON twins of cases and claims."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from fastapi import FastAPI

from case_world import NOW, SITE, keyed, shown, visitors
from console.signed_in import SignedIn, sign_in
from hedgerow.console.access.roles import Role
from hedgerow.console.services import Services
from written_ledger import Segment

REASON = "all of it is from a novel, as the sender says"


@pytest.fixture
def ledger(services: Services) -> None:
    """A thief and some visitors."""
    rows = [shown(n, NOW - timedelta(days=20, seconds=-20 * n), account="thief", address="t") for n in range(1, 41)]
    rows += visitors(40, 300, NOW - timedelta(days=5))
    Segment(services.folder.path, SITE).append(*sorted(rows, key=lambda r: int(r["t"])))


def entered(browser: SignedIn, text: str = "I have your members <script>") -> str:
    answer = browser.post(
        "/claims/new", site=SITE, source="other", subject="=Leak <b>", text=text, contact="a@b.example"
    )
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


@pytest.mark.usefixtures("ledger")
def test_a_genuine_sample_makes_a_case_of_medium_severity(app: FastAPI) -> None:
    browser = sign_in(app, Role.PRIVACY)
    where = entered(browser)
    page = browser.client.get(where).text
    assert "I have your members &lt;script&gt;" in page
    assert "We have received your report (L-2026-0001)" in page
    assert browser.post(f"{where}/acknowledge", how="by telephone").status_code == 303
    assert browser.post(f"{where}/samples", kind="person", value="17").status_code == 303
    page = browser.client.get(where).text
    assert "the site shows a person with this identifier" in page
    assert "severity medium" in page
    case = re.findall(r'href="(/cases/\w+)"', page)[0]
    assert browser.post(f"{case}/severity", severity="low", reason="small").status_code == 422
    assert "at least medium" in browser.client.get(case).text
    assert browser.post(f"{where}/correlate").status_code == 303
    page = browser.client.get(where).text
    assert keyed("account", "thief")[:8] in page
    assert "a sample is genuine" in page
    assert browser.post(f"{where}/dismiss", kind="hoax", reason=REASON).status_code == 422


@pytest.mark.usefixtures("ledger")
def test_a_hoax_takes_two_people(app: FastAPI) -> None:
    first, second = sign_in(app, Role.PRIVACY), sign_in(app, Role.COUNSEL)
    where = entered(first)
    first.post(f"{where}/samples", kind="person", value="nobody-17")
    first.post(f"{where}/summary", summary="names of a novel")
    assert "It cannot be dismissed now:" in first.client.get(where).text
    first.post(f"{where}/correlate")
    assert first.post(f"{where}/dismiss", kind="hoax", reason=REASON).status_code == 303
    assert "somebody else has to agree" in first.client.get(where).text
    alone = first.post(f"{where}/dismiss/confirm", reason=REASON)
    assert alone.status_code == 422
    assert "two people" in alone.text
    assert second.post(f"{where}/dismiss/confirm", reason="I compared them with the novel").status_code == 303
    assert "No claim is like this." in first.client.get("/claims").text
    assert "L-2026-0001" in first.client.get("/claims?state=hoax").text
    assert "'=Leak" in first.client.get("/claims.csv").text


@pytest.mark.usefixtures("ledger")
def test_an_auditor_changes_no_claim(app: FastAPI) -> None:
    where = entered(sign_in(app, Role.OWNER))
    auditor = sign_in(app, Role.AUDITOR)
    page = auditor.client.get(where)
    assert [f for f in re.findall(r'method="post" action="([^"]+)"', page.text) if f != "/sign-out"] == []
    assert auditor.post(f"{where}/genuine", reason="x").status_code == 403


@pytest.mark.usefixtures("ledger")
def test_the_json_twins_say_the_same_and_hold_no_raw_text(app: FastAPI) -> None:
    browser = sign_in(app, Role.OWNER)
    where = entered(browser, "raw text of somebody")
    token = {"X-CSRF-Token": browser.csrf}
    new = {"title": "x", "site": SITE, "reason": "y", "principals": [f"account:{keyed('account', 'thief')}"]}
    made = browser.client.post("/api/v1/cases", json=new, headers=token)
    assert made.status_code == 201, made.text
    case_id = made.json()["id"]
    assert browser.client.post("/api/v1/cases", json=new).status_code == 403
    counted = browser.client.post(f"/api/v1/cases/{case_id}/count", json={}, headers=token).json()
    assert (counted["people_low"], counted["people_high"]) == (40, 40)
    for path, body in (
        ("notes", {"text": "n"}),
        ("tasks", {"title": "t", "due_at": "2026-12-01T00:00:00Z"}),
        ("severity", {"severity": "low", "reason": "r"}),
    ):
        answer = browser.client.post(f"/api/v1/cases/{case_id}/{path}", json=body, headers=token)
        assert answer.status_code in {200, 201}, answer.text
    blocked = browser.client.post(f"/api/v1/cases/{case_id}/close", json={"reason": "r"}, headers=token)
    assert blocked.status_code == 409
    listed = browser.client.get("/api/v1/cases", params={"order": "severity"}).json()
    assert [c["number"] for c in listed["cases"]] == ["C-2026-0001"]
    claim = browser.client.get(f"/api/v1{where}")
    assert "of somebody" not in claim.text
    assert claim.json()["number"] == "L-2026-0001"
    assert browser.client.get("/api/v1/claims").json()["total"] == 1
    assert browser.client.get("/api/v1/cases/nothing").status_code == 404
    described = browser.client.get("/api/v1/openapi.json").json()
    assert "/api/v1/cases/{case_id}" in described["paths"]
