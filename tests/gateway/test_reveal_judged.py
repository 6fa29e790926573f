"""A reveal is judged as its page is: whoever would not be shown the page now is not shown its field either."""

from __future__ import annotations

import pytest

from tests.gateway import pages
from tests.gateway.clock import DRILL, Clock, Person
from tests.gateway.conftest import StartGateway
from tests.gateway.policies import ROOMY, policy
from tests.gateway.running import Gateway, people_in
from tests.gateway.site import Site
from tests.gateway.wire import FETCH

RULES = [
    {"name": "odd", "when": "'x-odd' in request.headers", "then": "allow", "weight": 65},
    {"name": "odder", "when": "'x-odder' in request.headers", "then": "allow", "weight": 200},
    {
        "name": "members-only",
        "when": "request.path.startsWith('/members/') && 'x-late' in request.headers",
        "then": "sign_in",
    },
]
BUDGETS = {"stranger": {**ROOMY, "session": {**ROOMY["session"], "personal": "3/hour"}}, "proven": ROOMY}
CLOCK = Clock()
ODD, ODDER, LATE = {"x-odd": "1"}, {"x-odder": "1"}, {"x-late": "1"}
"""What a visitor says that looks odd; by default nothing."""


class Asking(Person):
    """A visitor who asks for members' contacts, an hour after the one before."""

    def __init__(self, running: Gateway) -> None:
        CLOCK.now_s += 3_600
        super().__init__(running, clock=CLOCK)

    def link(self, person: int) -> str:
        """The link in place of a member's contact, while nothing is odd about the visitor."""
        self.get(f"/members/{person}")
        return pages.reveal_link(self.get(f"/members/{person}").text)

    def button(self, person: int) -> pages.Form:
        page = self.get(self.link(person))
        return pages.reveal_button(page.text)

    def sees(self, person: int) -> bool:
        return f"mail{person}x" in self.get(f"/members/{person}").text


@pytest.fixture(scope="module")
def judging(module_site: Site, module_gateway: StartGateway) -> Gateway:
    written = policy(module_site.url, {"budgets": BUDGETS, "rules": RULES})
    return module_gateway(written, "--drill-clock", DRILL, enforce=True)


def revealed(running: Gateway, person: int) -> list[object]:
    """The ledger's entries of this person's reveals."""
    return [e for e in running.ledger() if e["k"] == "reveal" and str(person) in people_in([e])]


def verdicts(running: Gateway, action: str) -> int:
    """How many verdicts of this kind were carried out."""
    sites = running.edge_status()["sites"]
    assert isinstance(sites, list)
    return int(sites[0]["counters"]["verdicts"][action])


def test_whoever_is_refused_the_page_is_refused_the_field(judging: Gateway) -> None:
    person = Asking(judging)
    button = person.button(21)
    refused = person.post(button, ODDER)
    assert refused.status == 403
    assert "Show email" not in refused.text
    number = pages.reference(refused.text)
    assert person.get(person.link(21), ODDER).status == 403, "the question is not asked either"
    (verdict,) = (e for e in judging.ledger() if e["k"] == "verdict" and e["ref"] == number)
    assert (verdict["act"], verdict["r"]) == ("refuse", "profile")
    assert "rule.odder" in verdict["why"]  # type: ignore[operator]
    assert not person.sees(21)
    assert revealed(judging, 21) == []


def test_a_program_that_is_refused_is_told_in_its_own_words(judging: Gateway) -> None:
    person = Asking(judging)
    refused = person.post(person.button(22), {**ODDER, **FETCH})
    assert (refused.status, refused.data()["type"]) == (403, "urn:hedgerow:problem:refused")
    assert not person.sees(22)


def test_a_reveal_that_is_challenged_goes_on_by_itself_once_it_is_solved(judging: Gateway) -> None:
    person = Asking(judging)
    challenge = person.post(person.button(23), ODD)
    assert challenge.status == 403
    assert revealed(judging, 23) == []
    form = pages.wait_form(challenge.text)
    solved = person.wait_out(challenge, ODD)
    assert (solved.status, solved.header("location")) == (307, "/.hedgerow/reveal")
    shown = person.post(pages.Form("/.hedgerow/reveal", form.pairs), ODD)
    assert (shown.status, shown.header("location")) == (303, "/members/23")
    assert person.sees(23)
    assert len(revealed(judging, 23)) == 1


def test_the_question_is_challenged_too_and_asked_once_it_is_solved(judging: Gateway) -> None:
    person = Asking(judging)
    link = person.link(24)
    before = verdicts(judging, "prove")
    page = person.get(link, ODD)
    assert verdicts(judging, "prove") == before + 1
    solved = person.wait_out(page, ODD)
    assert (solved.status, solved.header("location")) == (303, link)
    assert "Show email" in person.get(link, ODD).text


def test_an_operators_rule_about_the_page_holds_for_its_fields(judging: Gateway) -> None:
    person = Asking(judging)
    person.get("/members/25")
    long_address = "/members/25?" + "x" * 3_000
    link = pages.reveal_link(person.get(long_address).text)
    longer = pages.reveal_button(person.get(link).text)
    for button in (person.button(25), longer):
        asked = person.post(button, LATE)
        assert asked.status == 403
        assert "sign in" in asked.text.lower()
    assert not person.sees(25)


def test_a_visitor_whose_fields_are_masked_may_still_reveal(judging: Gateway) -> None:
    person = Asking(judging)
    for n in range(30, 34):
        person.get(f"/members/{n}")
    button = person.button(35)
    assert "Town35x" not in person.get("/members/35").text, "the budget of towns is spent"
    assert person.post(button).status == 303
    assert person.sees(35)


def test_in_watch_mode_the_verdict_is_recorded_and_the_field_shown(site: Site, gateway: StartGateway) -> None:
    running = gateway(policy(site.url, {"rules": RULES}), "--drill-clock", DRILL, enforce=True)
    person = Asking(running)
    button = person.button(26)
    switched = running.command("watch")
    assert switched.returncode == 0, switched.stderr
    assert person.post(button, ODDER).status == 303
    verdict = next(e for e in running.ledger() if e["k"] == "verdict")
    assert (verdict["act"], verdict["mode"]) == ("refuse", "watch")
    assert len(revealed(running, 26)) == 1
