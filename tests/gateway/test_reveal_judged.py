"""A reveal is judged as its page is: whoever would not be shown the page now is not shown its field either."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import pytest

from tests.gateway import pages
from tests.gateway.conftest import StartGateway
from tests.gateway.policies import ROOMY, policy
from tests.gateway.running import Gateway
from tests.gateway.site import Site
from tests.gateway.wire import FETCH, Answer, Visitor

DRILL = "drill-time"
HOURS = itertools.count(1_800_000_000, 3_600)
"""Each visitor comes an hour after the one before: the clock of a gateway never goes back."""

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


@dataclass
class Asking:
    """A visitor with the clock in its hand, who may look odd."""

    visitor: Visitor
    now: int = field(default_factory=lambda: next(HOURS))

    def get(self, target: str, *looks: str) -> Answer:
        return self.visitor.get(target, **{DRILL: str(self.now)}, **dict.fromkeys(looks, "1"))

    def post(self, form: pages.Form, *looks: str, **more: str) -> Answer:
        headers = {DRILL: str(self.now), **dict.fromkeys(looks, "1"), **more}
        return self.visitor.post(form.action, form.body(), **headers)

    def link(self, person: int) -> str:
        """The link in place of a member's contact, while nothing is odd about the visitor."""
        self.get(f"/members/{person}")
        return pages.links(self.get(f"/members/{person}").text, "a.hedgerow-reveal")[0]

    def button(self, person: int) -> pages.Form:
        page = self.get(self.link(person))
        return next(f for f in pages.forms(page.text) if "hedgerow-reveal" in f.fields)

    def sees(self, person: int) -> bool:
        return f"mail{person}x" in self.get(f"/members/{person}").text


@pytest.fixture(scope="module")
def judging(module_site: Site, module_gateway: StartGateway) -> Gateway:
    written = policy(module_site.url, {"budgets": BUDGETS, "rules": RULES})
    return module_gateway(written, "--drill-clock", DRILL, enforce=True)


def revealed(running: Gateway, person: int) -> list[object]:
    """The ledger's entries of this person's reveals."""
    return [e for e in running.ledger() if e["k"] == "reveal" and f"'{person}'" in str(e["p"])]


def verdicts(running: Gateway, action: str) -> int:
    """How many verdicts of this kind were carried out."""
    sites = running.edge_status()["sites"]
    assert isinstance(sites, list)
    return int(sites[0]["counters"]["verdicts"][action])


def test_whoever_is_refused_the_page_is_refused_the_field(judging: Gateway) -> None:
    person = Asking(judging.visitor())
    button = person.button(21)
    refused = person.post(button, "x-odder")
    assert refused.status == 403
    assert "Show email" not in refused.text
    assert pages.reference(refused.text)
    assert person.get(person.link(21), "x-odder").status == 403, "the question is not asked either"
    verdict = [e for e in judging.ledger() if e["k"] == "verdict"][-2]
    assert (verdict["act"], verdict["r"]) == ("refuse", "profile")
    assert "rule.odder" in verdict["why"]  # type: ignore[operator]
    assert not person.sees(21)
    assert revealed(judging, 21) == []


def test_a_program_that_is_refused_is_told_in_its_own_words(judging: Gateway) -> None:
    person = Asking(judging.visitor())
    refused = person.post(person.button(22), "x-odder", **FETCH)
    assert (refused.status, refused.data()["type"]) == (403, "urn:hedgerow:problem:refused")
    assert not person.sees(22)


def test_a_reveal_that_is_challenged_goes_on_by_itself_once_it_is_solved(judging: Gateway) -> None:
    person = Asking(judging.visitor())
    challenge = person.post(person.button(23), "x-odd")
    assert challenge.status == 403
    assert revealed(judging, 23) == []
    form = pages.wait_form(challenge.text)
    person.now += 600
    solved = person.post(form, "x-odd")
    assert (solved.status, solved.header("location")) == (307, "/.hedgerow/reveal")
    shown = person.post(pages.Form("/.hedgerow/reveal", form.pairs), "x-odd")
    assert (shown.status, shown.header("location")) == (303, "/members/23")
    assert person.sees(23)
    assert len(revealed(judging, 23)) == 1


def test_the_question_is_challenged_too_and_asked_once_it_is_solved(judging: Gateway) -> None:
    person = Asking(judging.visitor())
    link = person.link(24)
    before = verdicts(judging, "prove")
    form = pages.wait_form(person.get(link, "x-odd").text)
    assert verdicts(judging, "prove") == before + 1
    person.now += 600
    solved = person.post(form, "x-odd")
    assert (solved.status, solved.header("location")) == (303, link)
    assert "Show email" in person.get(link, "x-odd").text


def test_an_operators_rule_about_the_page_holds_for_its_fields(judging: Gateway) -> None:
    person = Asking(judging.visitor())
    person.get("/members/25")
    long_address = "/members/25?" + "x" * 3_000
    link = pages.links(person.get(long_address).text, "a.hedgerow-reveal")[0]
    longer = next(f for f in pages.forms(person.get(link).text) if "hedgerow-reveal" in f.fields)
    for button in (person.button(25), longer):
        asked = person.post(button, "x-late")
        assert asked.status == 403
        assert "ign in" in asked.text
    assert not person.sees(25)


def test_a_visitor_whose_fields_are_masked_may_still_reveal(judging: Gateway) -> None:
    person = Asking(judging.visitor())
    for n in range(30, 34):
        person.get(f"/members/{n}")
    button = person.button(35)
    assert "Town35x" not in person.get("/members/35").text, "the budget of towns is spent"
    assert person.post(button).status == 303
    assert person.sees(35)


def test_in_watch_mode_the_verdict_is_recorded_and_the_field_shown(site: Site, gateway: StartGateway) -> None:
    running = gateway(policy(site.url, {"rules": RULES}), "--drill-clock", DRILL, enforce=True)
    person = Asking(running.visitor())
    button = person.button(26)
    running.command("watch")
    assert person.post(button, "x-odder").status == 303
    verdict = next(e for e in running.ledger() if e["k"] == "verdict")
    assert (verdict["act"], verdict["mode"]) == ("refuse", "watch")
    assert len(revealed(running, 26)) == 1
