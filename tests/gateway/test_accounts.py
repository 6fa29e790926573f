"""New accounts begin with less: by the date the application gives, else since they were first seen, restarts or not."""

from __future__ import annotations

import time
from typing import Final

import pytest

from hedgerow.control import Json
from tests.gateway.clock import DRILL, Clock, Person
from tests.gateway.conftest import StartGateway
from tests.gateway.policies import Policy, policy, profile, small, towns
from tests.gateway.running import Gateway
from tests.gateway.site import Exchange, Site

DAY_S: Final = 86_400
NEW, OF_AGE, STRANGER = 3, 7, 2
CLOCK: Final = Clock()
"""Of the gateway that the tests of this file share."""


class Member(Person):
    """Somebody who signs in; the application says who it is, and since when where it knows."""

    def __init__(self, running: Gateway, source: str, name: str, since: str = "", clock: Clock = CLOCK) -> None:
        super().__init__(running, source, clock)
        self.name = name
        self.since = since

    def sign_in(self) -> None:
        assert self.get(f"/sign-in/{self.name}?{self.since}").status == 200

    def shown(self) -> int:
        """How many people a page of ten shows it whole; each time others."""
        return len(towns(self.get("/members").text))

    def standing(self) -> object:
        """Looks at somebody with the cookie it once got: which budget the ledger says it had."""
        self.visitor.cookies["sid"] = f"of-{self.name}"
        before = len(disclosures(self.running))
        assert self.get("/members/1").status == 200
        entries = disclosures(self.running)
        assert len(entries) == before + 1
        return entries[-1]["st"]


def disclosures(running: Gateway) -> list[Json]:
    """The ledger's disclosures in the order of their times."""
    return sorted((e for e in running.ledger() if e["k"] == "disclosure"), key=lambda e: (str(e["t"]), str(e["n"])))


def policy_of(site: Site) -> Policy:
    of_site = {
        "account": {"cookie": "sid", "new_for_s": 7 * DAY_S},
        "budgets": {
            "stranger": small("personal", STRANGER),
            "new_member": {"account": {"personal": f"{NEW}/hour"}},
            "member": {"account": {"personal": f"{OF_AGE}/hour"}},
        },
    }
    return policy(site.url, of_site)


def welcoming(site: Site) -> Site:
    """A site that signs in whoever asks, and names the account there, at the way out and on one member's page."""

    def sign_in(exchange: Exchange) -> None:
        name = exchange.path.rsplit("/", 1)[1]
        since = exchange.target.partition("?")[2]
        cookie = f"sid=of-{name}; Path=/"
        if since:
            exchange.answer("in", Set_Cookie=cookie, Hedgerow_Account=name, Hedgerow_Account_Since=since)
        else:
            exchange.answer("in", Set_Cookie=cookie, Hedgerow_Account=name)

    def sign_out(exchange: Exchange) -> None:
        exchange.answer("out", Hedgerow_Account="")

    def member(exchange: Exchange) -> None:
        account = exchange.header("cookie").partition("sid=of-")[2].partition(";")[0]
        exchange.answer(profile(1), Hedgerow_Account=account)

    site.on("/members/1", member)
    site.on("/sign-in/*", sign_in)
    site.on("/sign-out", sign_out)
    return site


@pytest.fixture(scope="module")
def running(module_site: Site, module_gateway: StartGateway) -> Gateway:
    return module_gateway(policy_of(welcoming(module_site)), "--drill-clock", DRILL, enforce=True)


def test_the_age_is_the_applications_word_else_from_when_it_was_first_seen(running: Gateway) -> None:
    now_s = CLOCK.now_s
    begun: list[tuple[str, int]] = [
        (str(now_s - 30 * DAY_S), OF_AGE),
        ("2021-04-09T00:00:00Z", OF_AGE),
        (str(now_s - 7 * DAY_S), OF_AGE),
        (str(now_s - 7 * DAY_S + 60), NEW),
        (str(now_s + 9 * DAY_S), NEW),
        ("the-other-day", NEW),
        ("", NEW),
    ]
    for n, (since, people) in enumerate(begun):
        member = Member(running, f"127.3.{n}.1", f"member{n}", since)
        assert member.get("/about").status == 200
        member.sign_in()
        assert member.shown() == people, since
    standings = {e.get("st") for e in running.ledger() if e["k"] == "disclosure"}
    assert standings == {"new_member", "member"}


def test_an_account_that_was_first_seen_a_week_ago_is_of_age(running: Gateway) -> None:
    member = Member(running, "127.4.1.1", "lea")
    member.sign_in()
    assert member.shown() == NEW
    CLOCK.now_s += 6 * DAY_S
    member.sign_in()
    assert member.shown() == NEW
    CLOCK.now_s += DAY_S + 60
    member.sign_in()
    assert member.shown() == OF_AGE
    elsewhere = Member(running, "127.4.2.1", "lea")
    elsewhere.sign_in()
    assert elsewhere.shown() == OF_AGE, "the account, not the browser"


def test_who_signs_out_is_a_stranger_and_an_invented_cookie_is_nobodys(running: Gateway) -> None:
    member = Member(running, "127.5.1.1", "noor", "2021-04-09T00:00:00Z")
    member.sign_in()
    assert member.shown() == OF_AGE
    member.get("/sign-out")
    assert member.shown() == STRANGER
    liar = Member(running, "127.5.2.1", "x")
    liar.visitor.cookies["sid"] = "of-noo"
    assert liar.shown() == STRANGER


def test_an_account_keeps_its_age_over_restarts_and_a_new_one_stays_new(site: Site, gateway: StartGateway) -> None:
    running = gateway(policy_of(welcoming(site)), "--drill-clock", DRILL, enforce=True)
    clock = Clock(round(time.time()))
    ada, bob = (Member(running, f"127.6.{n}.1", name, clock=clock) for n, name in enumerate(("ada", "bob")))
    assert ada.standing() == "new_member"
    running.crash()
    clock.now_s += 8 * DAY_S
    assert ada.standing() == "member"
    assert bob.standing() == "new_member"
    running.crash()
    clock.now_s += DAY_S
    assert ada.standing() == "member"
    assert bob.standing() == "new_member"


def test_ages_are_kept_when_the_ledger_no_longer_tells_of_them(site: Site, gateway: StartGateway) -> None:
    running = gateway(policy_of(welcoming(site)), "--drill-clock", DRILL, enforce=True)
    clock = Clock(round(time.time()))
    assert Member(running, "127.6.2.1", "ada", clock=clock).standing() == "new_member"
    assert running.stop() == 0
    for segment in (running.state / "sites" / "club" / "ledger").glob("*.seg"):
        segment.unlink()
    again = gateway(policy_of(site), "--drill-clock", DRILL, enforce=True, state=running.state)
    clock.now_s += 40 * DAY_S
    assert Member(again, "127.6.2.1", "ada", clock=clock).standing() == "member"
    assert Member(again, "127.6.3.1", "bob", clock=clock).standing() == "new_member"


def test_an_age_the_application_told_once_is_not_forgotten_by_an_answer_without_it(running: Gateway) -> None:
    member = Member(running, "127.6.4.1", "mio", "2020-01-01T00:00:00Z")
    member.sign_in()
    assert [member.standing() for _ in range(2)] == ["member", "member"]
