"""Each signal, raised by a short conversation with the real gateway, and named by its number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import pytest
from typer.testing import CliRunner

from hedgerow.brain.folder import read_words
from hedgerow.cli import app
from hedgerow.policy import defaults
from tests.gateway import clock, pages
from tests.gateway.conftest import StartGateway, club
from tests.gateway.policies import NEVER, ROOMY, policy, small
from tests.gateway.running import Gateway, until
from tests.gateway.site import Site

BAIT: Final = "/members-of-the-board-1987"
PIECE: Final = {"Accept": "text/css,*/*;q=0.1", "Sec-Fetch-Dest": "style", "Sec-Fetch-Mode": "no-cors"}
SCATTERED: Final = (411, 27, 803, 159, 964, 350, 72, 618, 233, 5, 777, 491, 120, 900, 306)
"""Fifteen people in no order, as links lead to them."""

RULES: Final = [
    {"name": "guarded", "when": 'request.path.startsWith("/guarded")', "then": "prove"},
    {"name": "asked-why", "when": 'request.path == "/why"', "then": "refuse"},
]


class Person(clock.Person):
    """A visitor that opens pages as browsers do, or as programs do."""

    def page(self, target: str) -> None:
        """A page as a browser opens it: with its style."""
        assert self.get(target).status == 200
        assert self.get("/style.css", PIECE).status == 200

    def solve(self) -> None:
        """Answers the challenge of `/guarded` by waiting."""
        assert self.wait_out(self.get("/guarded")).status == 303

    def says(self, agent: str) -> None:
        """Calls itself a program, and sends what programs send."""
        self.visitor.headers = {"User-Agent": agent, "Accept": "*/*"}


def ordinary(person: Person) -> None:
    person.page("/members")
    for n in SCATTERED:
        person.page(f"/members/{n}")
    person.page("/members?from=31")
    person.page("/about")


def declared(person: Person) -> None:
    person.says("Mozilla/5.0 (compatible; CollectorBot/1.2; +https://collector.example/bot)")
    person.get("/members/7")


def library(person: Person) -> None:
    person.says("python-requests/2.32.3")
    person.get("/members/7")


def contradiction(person: Person) -> None:
    person.visitor.headers["Sec-CH-UA"] = '"Chromium";v="126"'
    person.page("/members/7")


def forged(person: Person) -> None:
    person.says("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)")
    person.get("/members/7")


def enumerating(person: Person) -> None:
    for n in range(100, 110):
        person.page(f"/members/{n}")


def even_gaps(person: Person) -> None:
    for n in range(1_180, 100, -90):
        person.page(f"/members/{n}")


def profiles_only(person: Person) -> None:
    for n in SCATTERED:
        person.page(f"/members/{n}")


def bare_pages(person: Person) -> None:
    for n in range(12):
        assert person.get(f"/about/{n}").status == 200


def against_robots(person: Person) -> None:
    declared(person)
    person.get("/private/list")


def baited(person: Person) -> None:
    person.page("/members")
    assert person.get(BAIT).status == 200


def unsolved(person: Person) -> None:
    """The first one is put before the browser has a cookie of ours."""
    for n in range(4):
        assert person.get(f"/guarded/{n}").status == 403
        person.get("/style.css", PIECE)


def shared(person: Person) -> None:
    person.solve()
    for n in range(5):
        person.visitor.source = f"127.{200 + n}.0.1"
        person.page("/about")


def forgetful(person: Person) -> None:
    for n in range(21):
        person.get(f"/about/{n}")
        person.visitor.cookies.clear()
        person.get("/style.css", PIECE)


def insatiable(person: Person) -> None:
    """Forty people of twenty-five: more than halfway to the challenge that this leads to by itself."""
    person.page("/about")
    person.page("/members")
    for n in (70, 31, 55):
        person.page(f"/members?from={n}")


@dataclass(frozen=True)
class Case:
    """A conversation, and exactly which signals it raises, each with a word of its evidence."""

    name: str
    act: Callable[[Person], None]
    raised: dict[str, str]


CASES: Final = [
    Case("an ordinary reader", ordinary, {}),
    Case("a robot that says so", declared, {"declared_automation": "robot"}),
    Case("a library", library, {"library_client": "python-requests"}),
    Case("headers that contradict", contradiction, {"header_contradiction": "claims a browser without them"}),
    Case("a forged crawler", forged, {"forged_crawler": "outside the ranges"}),
    Case("one number after the other", enumerating, {"enumeration": "even step"}),
    Case("even gaps downwards", even_gaps, {"enumeration": "even step"}),
    Case("profiles and nothing else", profiles_only, {"profile_only_diet": "14 of 15 pages"}),
    Case("pages without their pieces", bare_pages, {"no_subresources": "not one picture"}),
    Case(
        "what robots.txt refuses",
        against_robots,
        {"declared_automation": "robot", "robots_refused": "1 requests for what robots.txt refuses"},
    ),
    Case("the bait", baited, {"bait_taken": "no person is shown"}),
    Case("challenges without an answer", unsolved, {"unsolved_challenges": "3 challenges"}),
    Case("a pass on tour", shared, {"pass_shared": "5 networks"}),
    Case("no cookie ever kept", forgetful, {"cookie_not_kept": "without our cookie"}),
    Case("asking on and on", insatiable, {"asks_beyond_budget": "beyond the budget"}),
]


@pytest.fixture(scope="module")
def watched(module_gateway: StartGateway) -> Iterator[Gateway]:
    site = club(Site())
    site.page("/robots.txt", "User-agent: *\nDisallow: /private/\n", "text/plain")
    site.page("/style.css", "p{}", "text/css")
    of_site = {
        "rules": RULES,
        "ladder": NEVER,
        "bait": [BAIT],
        "signals": {name: weight for name, (weight, _) in defaults.SIGNALS.items()},
        "budgets": {"stranger": small("personal", 25), "proven": ROOMY, "automation": ROOMY},
    }
    running = module_gateway(policy(site.url, of_site), "--drill-clock", clock.DRILL, enforce=True)
    # The brain reads it after the start; then the tables say it, and then the edge has them.
    until(lambda: "/private/" in str(read_words(running.folder().robots)), "robots.txt, read")
    until(lambda: "/private/" in running.folder().policy.read_text(), "robots.txt, in the tables")
    until(lambda: "policy reloaded" in running.said.text, "robots.txt, in force")
    yield running
    site.close()


@pytest.mark.parametrize(("n", "case"), list(enumerate(CASES)), ids=[case.name for case in CASES])
def test_a_conversation_is_named_by_its_signals_and_by_no_others(watched: Gateway, n: int, case: Case) -> None:
    person = Person(watched, f"127.{20 + n}.0.1")
    case.act(person)
    refused = person.get("/why")
    assert refused.status == 403
    assert len(watched.ledger()) > 0
    number = pages.reference(refused.text) if "<html" in refused.text else str(refused.data()["reference"])

    entry = watched.control().ask("explain", reference=number)["entry"]
    assert isinstance(entry, dict)
    reasons = {r["code"]: r for r in entry["reasons"]}
    assert {code.removeprefix("signal.") for code in reasons if code.startswith("signal.")} == case.raised.keys()

    told = CliRunner().invoke(app, ["explain", number, "--state", str(watched.state)])
    assert told.exit_code == 0, told.stderr
    for signal, evidence in case.raised.items():
        reason = reasons[f"signal.{signal}"]
        assert reason["weight"] == defaults.SIGNALS[signal][0]
        assert evidence in reason["detail"]
        assert reason["sentence"]
        assert f"signal.{signal} ({reason['weight']} points): {reason['sentence']}: {reason['detail']}" in told.stdout

    why = person.get(f"/.hedgerow/why/{number}").text
    assert ("looks like a program" in why) == bool(case.raised)
    assert "points" not in why, "a visitor is told no numbers to work against"


def test_no_signal_that_has_points_by_default_is_without_a_conversation() -> None:
    """`environment_odd` is raised by the page of a challenge: see test_challenge."""
    raised = {signal for case in CASES for signal in case.raised}
    assert defaults.SIGNALS.keys() - raised == {"environment_odd"}
