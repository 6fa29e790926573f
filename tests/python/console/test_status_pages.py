"""The month's page: figures, changes, and a signature that nobody gives without having seen what changed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

import hedgerow
from console.signed_in import Clock, sign_in
from console.test_policy_pages import POLICY
from hedgerow.console import months, telling_others
from hedgerow.console.access.actor import Actor
from hedgerow.console.access.roles import Role
from hedgerow.console.decisions import record
from hedgerow.console.month_counts import count_months
from hedgerow.console.policy_desk import keep_found
from hedgerow.console.services import Services
from hedgerow.review.months import Month
from hedgerow.store.models.reviews import Review


def form(page: str) -> tuple[str, list[str]]:
    """The digest of a page, and the changes to be ticked."""
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', page)
    assert digest, page
    return digest[1], re.findall(r'name="seen" value="([\w-]+)"', page)


def test_a_review_is_signed_by_somebody_who_saw_every_change(app: FastAPI, services: Services, clock: Clock) -> None:
    owner = sign_in(app, Role.OWNER)
    assert owner.post("/users", name="bob@example.org", roles="auditor").status_code == 200
    assert "is not over" in owner.client.get("/status").text
    clock.forward(days=7)
    owner = sign_in(app, Role.OWNER, name="again@example.org")
    digest, changes = form(owner.client.get("/status/2026-11").text)
    assert len(changes) == 1
    words = {"digest": digest, "conclusion": "Nothing has to change."}
    assert "not acknowledged" in owner.post("/status/2026-11/sign", **words).text
    assert owner.post("/status/2026-11/sign", **words, seen=changes[0]).status_code == 303
    assert "signed" in owner.client.get("/status/2026-11").text
    with pytest.raises(DBAPIError, match="append-only"), services.database.session() as session:
        session.execute(update(Review).values(conclusion="Everything is well."))
    document = owner.client.get("/api/v1/status/2026-11").json()
    assert document["signed_by"] == ["again@example.org"]
    assert {f["key"] for f in document["figures"]} >= {"people_disclosed", "contain_s", "notices_late"}


def test_what_moved_since_the_page_was_shown_must_be_seen_first(app: FastAPI, clock: Clock) -> None:
    owner = sign_in(app, Role.OWNER)
    clock.forward(days=7)
    owner = sign_in(app, Role.OWNER, name="again@example.org")
    before, _ = form(owner.client.get("/status/2026-11").text)
    drill = {"scenario": "fifty addresses", "held_at": "2026-12-01T10:00", "findings": "noticed after 4 minutes"}
    assert owner.post("/status/drills", **drill).status_code == 303
    assert owner.post("/users", name="bob@example.org", roles="auditor").status_code == 200
    drill["held_at"] = "2026-11-28T10:00"
    assert owner.post("/status/drills", **drill).status_code == 303
    page = owner.client.get("/status/2026-11").text
    assert "fifty addresses" in page
    refused = owner.post("/status/2026-11/sign", digest=before, conclusion="Nothing.")
    assert refused.status_code == 422
    assert "something changed" in refused.text
    digest, changes = form(page)
    signed = owner.post("/status/2026-11/sign", digest=digest, conclusion="Nothing.", seen=changes)
    assert signed.status_code == 303


def test_a_policy_that_was_edited_by_hand_must_be_seen_too(app: FastAPI, services: Services, clock: Clock) -> None:
    services.folder.own_policy.write_text(POLICY.format(mode="enforce"))
    keep_found(services)
    services.folder.own_policy.write_text(POLICY.format(mode="watch"))
    keep_found(services)
    clock.forward(days=7)
    owner = sign_in(app, Role.OWNER)
    page = owner.client.get("/status/2026-11").text
    assert "found in the file, edited there by hand" in page
    digest, changes = form(page)
    words = {"digest": digest, "conclusion": "Nothing has to change."}
    assert "not acknowledged" in owner.post("/status/2026-11/sign", **words).text
    assert owner.post("/status/2026-11/sign", **words, seen=changes).status_code == 303


def test_that_there_were_more_changes_than_are_listed_is_a_change_to_be_seen(
    services: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(months, "MOST_CHANGES", 2)
    month = Month.of(clock())
    with services.database.session() as session:
        for n in range(5):
            record(session, Actor.system(), "measure.set", f"principal:{n}", "", at=clock())
        changes = months.gather(session, month, clock()).changes
    assert [c.key for c in changes] == ["d1", "d2", "more-3"]
    assert "3 more changes; read them on the page Decisions, from row 3 on" in changes[-1].what


def test_every_act_that_is_looked_for_in_the_trail_is_written_somewhere() -> None:
    written = "\n".join(p.read_text() for p in Path(hedgerow.__file__).parent.rglob("*.py") if p.name != "months.py")
    for act in (*months.CHANGING, *telling_others.ACTS):
        elsewhere = written.count(f'"{act}"') - (act in telling_others.ACTS)
        assert elsewhere > 0, f"{act} is looked for, and nothing writes it"


def test_a_month_that_has_not_begun_has_no_page(app: FastAPI) -> None:
    browser = sign_in(app, Role.AUDITOR).client
    assert browser.get("/status/2027-01").status_code == 404
    assert browser.get("/status/soon").status_code == 404
    assert browser.get("/status/2026-10").status_code == 200


def test_counting_without_a_ledger_leaves_the_figures_unknown(app: FastAPI, services: Services) -> None:
    count_months(services)
    figures = {f["key"]: f for f in sign_in(app, Role.PRIVACY).client.get("/api/v1/status/2026-11").json()["figures"]}
    assert figures["people_disclosed"]["value"] is None
    assert "not counted" in figures["people_disclosed"]["note"]
    assert figures["cases_opened"]["value"] == 0
