"""The policy in the console: seen, checked, proposed, agreed to, with its history."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI

from console.signed_in import SignedIn, sign_in
from hedgerow.console.access.roles import Role
from hedgerow.console.app import create_app
from hedgerow.console.policy_desk import keep_found
from hedgerow.console.services import Services
from hedgerow.console.settings import ConsoleSettings
from hedgerow.policy.layers import LEAST

POLICY = """sites:
  - name: club
    upstream: http://127.0.0.1:3000
    mode: {mode}
    people:
      fields: {{name: basic, email: contact}}
      routes:
        - path: /members/{{person}}
          kind: profile
          person: path
          fields: {{name: {{html: h1}}, email: {{html: .email}}}}
"""


@pytest.fixture
def policy(services: Services) -> Path:
    """The policy of the state."""
    path = services.folder.own_policy
    path.write_text(POLICY.format(mode="enforce"))
    return path


def proposed(app: FastAPI, policy: Path, text: str) -> tuple[SignedIn, str]:
    """A proposal of an analyst, and where it stands."""
    browser = sign_in(app, Role.ANALYST)
    page = browser.client.get("/policy/edit").text
    base = page.partition('name="base" value="')[2].partition('"')[0]
    answer = browser.post("/policy/propose", text=text, note="fewer challenges", base=base)
    assert answer.status_code == 303, answer.text
    return browser, answer.headers["location"]


def test_a_thin_route_is_flagged_and_a_protected_one_is_not(app: FastAPI, policy: Path) -> None:
    browser = sign_in(app, Role.AUDITOR).client
    assert "no thin route" in browser.get("/layers").text
    policy.write_text(POLICY.format(mode="watch"))
    page = browser.get("/layers").text
    assert "1 thin route" in page
    assert f"fewer than {LEAST}" in page
    (route,) = browser.get("/api/v1/layers").json()
    assert route["thin"]
    assert all(layer["source"] for layer in route["layers"])
    assert "thin" in browser.get("/people-map").text


def test_a_change_is_checked_proposed_and_brought_into_force(app: FastAPI, policy: Path) -> None:
    before = policy.read_text()
    text = before.replace("mode: enforce", "mode: enforce\n    ladder: {prove_at: 70}")
    browser, version = proposed(app, policy, text)
    assert policy.read_text() == before, "nothing changes before somebody agrees"
    page = browser.client.get(version).text
    assert "club.ladder.prove_at" in page
    assert "looser" in page
    assert browser.post(f"{version}/agree").status_code == 303
    assert policy.read_text() == text
    history = browser.client.get("/api/v1/policy/versions").json()
    assert [v["state"] for v in history] == ["in_force", "superseded"]
    acts = [d["act"] for d in browser.client.get("/api/v1/decisions").json()["decisions"]]
    assert acts[:2] == ["policy.agree", "policy.propose"]


def test_mistakes_are_shown_with_their_place_and_what_was_typed_is_kept(app: FastAPI, policy: Path) -> None:
    browser = sign_in(app, Role.ANALYST)
    text = policy.read_text().replace("mode: enforce", "mode: enforced")
    page = browser.post("/policy/check", text=text, note="", base="x").text
    assert "4:11" in page
    assert "mode: enforced" in page
    base = browser.client.get("/policy/edit").text.partition('name="base" value="')[2].partition('"')[0]
    refused = browser.post("/policy/propose", text=text, note="x", base=base)
    assert refused.status_code == 422
    assert "mode: enforced" in refused.text


def test_a_file_that_was_edited_meanwhile_is_not_written_over(app: FastAPI, policy: Path) -> None:
    text = policy.read_text() + "# mine\n"
    browser, version = proposed(app, policy, text)
    policy.write_text(policy.read_text() + "# by hand\n")
    assert browser.post(f"{version}/agree").status_code == 409
    assert "# by hand" in policy.read_text()


def test_where_two_are_asked_for_one_is_not_enough(services: Services, policy: Path) -> None:
    two = Services(
        services.database, services.folder, services.control, services.clock, ConsoleSettings(two_person_policy=True)
    )
    app = create_app(two)
    text = policy.read_text() + "# mine\n"
    browser, version = proposed(app, policy, text)
    assert browser.post(f"{version}/agree").status_code == 403
    owner = sign_in(app, Role.OWNER)
    assert owner.post(f"{version}/agree").status_code == 303
    assert policy.read_text() == text


def test_without_a_policy_the_page_says_what_to_do(app: FastAPI) -> None:
    browser = sign_in(app, Role.OWNER)
    for path in ("/policy", "/policy/edit", "/layers", "/people-map"):
        page = browser.client.get(path)
        assert page.status_code == 200, path
        assert "There is no policy yet" in page.text
        assert "hedgerow protect --config" in page.text
    for path in ("/api/v1/policy", "/api/v1/layers"):
        answer = browser.client.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["title"] == "There is no policy yet"
        assert "hedgerow map" in answer.json()["detail"]
    assert browser.post("/policy/check", text="x").status_code == 404


def test_what_was_edited_by_hand_is_kept_and_looking_at_it_changes_nothing(
    app: FastAPI, services: Services, policy: Path
) -> None:
    browser = sign_in(app, Role.AUDITOR).client
    assert browser.get("/policy").status_code == 200
    assert browser.get("/api/v1/policy/versions").json() == []
    keep_found(services)
    keep_found(services)
    policy.write_text(policy.read_text() + "# by hand\n")
    keep_found(services)
    assert [v["state"] for v in browser.get("/api/v1/policy/versions").json()] == ["in_force", "superseded"]
