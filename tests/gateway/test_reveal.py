"""One person's contact on request, without JavaScript: charged, recorded, and for nobody else."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from tests.gateway import pages
from tests.gateway.conftest import StartGateway
from tests.gateway.policies import ROOMY, policy, small
from tests.gateway.running import Gateway
from tests.gateway.site import Site
from tests.gateway.wire import Visitor


@pytest.fixture
def running(site: Site, gateway: StartGateway) -> Gateway:
    budgets = {"stranger": small("contact", 2), "proven": ROOMY, "automation": ROOMY}
    return gateway(policy(site.url, {"budgets": budgets}), enforce=True)


def masked_link(visitor: Visitor, person: int) -> str:
    """Opens a member's page twice, so that the cookie is known, and finds the link in place of the contact."""
    visitor.get(f"/members/{person}")
    got = visitor.get(f"/members/{person}")
    assert f"mail{person}x" not in got.text
    found = pages.reveal_link(got.text)
    assert found.startswith("/.hedgerow/reveal?t=")
    return found


def reveal(visitor: Visitor, person: int) -> int:
    """Follows the link and presses the button; the status of what came."""
    page = visitor.get(masked_link(visitor, person))
    assert page.status == 200
    assert "no-store" in page.header("cache-control")
    form = pages.reveal_button(page.text)
    done = visitor.post(form.action, form.body())
    if done.status == 303:
        assert done.header("location") == f"/members/{person}"
    return done.status


def test_a_contact_is_shown_when_it_is_asked_for(running: Gateway) -> None:
    visitor = running.visitor()
    assert reveal(visitor, 11) == 303
    assert "mail11x@club.example" in visitor.get("/members/11").text
    kinds = [(e["k"], e.get("p")) for e in running.ledger() if e["k"] == "reveal"]
    assert len(kinds) == 1
    assert "11" in str(kinds[0][1])


def test_following_the_link_alone_shows_nothing(running: Gateway) -> None:
    visitor = running.visitor()
    page = visitor.get(masked_link(visitor, 12))
    assert "mail12x" not in page.text
    assert "mail12x" not in visitor.get("/members/12").text
    assert not [e for e in running.ledger() if e["k"] == "reveal"]


def test_a_reveal_shows_nobody_else(running: Gateway) -> None:
    visitor, other = running.visitor(), running.visitor()
    assert reveal(visitor, 11) == 303
    assert "mail13x" not in visitor.get("/members/13").text
    other.get("/members/11")
    assert "mail11x" not in other.get("/members/11").text


def test_the_budget_of_contacts_ends_reveals(running: Gateway) -> None:
    visitor = running.visitor()
    assert [reveal(visitor, n) for n in (11, 12)] == [303, 303]
    assert reveal(visitor, 13) == 429
    assert "mail13x" not in visitor.get("/members/13").text
    assert "mail11x@club.example" in visitor.get("/members/11").text


def test_another_sessions_token_is_refused(running: Gateway) -> None:
    visitor, thief = running.visitor(), running.visitor()
    page = visitor.get(masked_link(visitor, 14))
    form = pages.reveal_button(page.text)
    thief.get("/members/14")
    thief.get("/members/14")
    assert thief.post(form.action, form.body()).status == 403
    assert "mail14x" not in thief.get("/members/14").text
    assert not [e for e in running.ledger() if e["k"] == "reveal"]


@pytest.mark.parametrize("token", ["", "x", "A" * 400, "%00", "../../etc"])
def test_an_invented_token_is_refused(running: Gateway, token: str) -> None:
    visitor = running.visitor()
    visitor.get("/members/15")
    visitor.get("/members/15")
    body = urlencode({"hedgerow-reveal": token}).encode()
    assert visitor.post("/.hedgerow/reveal", body).status == 403
    assert visitor.get(f"/.hedgerow/reveal?t={token}").status in {400, 403}


def test_a_changed_token_is_refused(running: Gateway) -> None:
    visitor = running.visitor()
    page = visitor.get(masked_link(visitor, 16))
    form = pages.reveal_button(page.text)
    token = form.fields["hedgerow-reveal"]
    for n in range(0, len(token), 7):
        changed = token[:n] + ("A" if token[n] != "A" else "B") + token[n + 1 :]
        answer = visitor.post(form.action, urlencode({"hedgerow-reveal": changed}).encode())
        assert answer.status == 403, f"letter {n} may be changed"


def test_without_a_cookie_the_button_is_explained(running: Gateway) -> None:
    visitor = running.visitor()
    page = visitor.get(masked_link(visitor, 17))
    form = pages.reveal_button(page.text)
    bare = running.visitor()
    got = bare.post(form.action, form.body())
    assert got.status == 403
    assert "cookie" in got.text.lower()
