"""New accounts begin with less: by the date the application gives, else from when they were first seen."""

from __future__ import annotations

from typing import Final

import pytest

from tests.gateway.conftest import StartGateway
from tests.gateway.policies import Policy, policy, small
from tests.gateway.running import Gateway
from tests.gateway.site import Exchange, Site
from tests.gateway.test_budgets import towns
from tests.gateway.wire import Answer, Visitor

DRILL: Final = "drill-time"
START: Final = 1_800_000_000
DAY: Final = 86_400
NEW, OF_AGE, STRANGER = 3, 7, 2


class Clock:
    """The gateways': one for all tests of this file, because it never goes backwards."""

    now_s = START


class Member:
    """Somebody who signs in; the application says who it is, and since when where it knows."""

    def __init__(self, running: Gateway, source: str, name: str, since: str = "") -> None:
        self.running = running
        self.visitor: Visitor = running.visitor(source)
        self.name = name
        self.since = since

    def get(self, target: str) -> Answer:
        return self.visitor.ask(target, headers={DRILL: str(Clock.now_s)})

    def sign_in(self) -> None:
        assert self.get(f"/sign-in/{self.name}?{self.since}").status == 200

    def shown(self) -> int:
        """How many people a page of ten shows it whole; each time others."""
        return len(towns(self.get("/members").text))


def policy_of(site: Site) -> Policy:
    of_site = {
        "account": {"cookie": "sid", "new_for_s": 7 * DAY},
        "budgets": {
            "stranger": small("personal", STRANGER),
            "new_member": {"account": {"personal": f"{NEW}/hour"}},
            "member": {"account": {"personal": f"{OF_AGE}/hour"}},
        },
    }
    return policy(site.url, of_site)


def welcoming(site: Site) -> Site:
    """A site that signs in whoever asks, and names the account with every answer to its cookie, as it should."""

    def sign_in(exchange: Exchange) -> None:
        name = exchange.path.rsplit("/", 1)[1]
        since = exchange.target.partition("?")[2]
        cookie = f"sid={name}-{since}; Path=/"
        if since:
            exchange.answer("in", Set_Cookie=cookie, Hedgerow_Account=name, Hedgerow_Account_Since=since)
        else:
            exchange.answer("in", Set_Cookie=cookie, Hedgerow_Account=name)

    def sign_out(exchange: Exchange) -> None:
        exchange.answer("out", Hedgerow_Account="")

    site.on("/sign-in/*", sign_in)
    site.on("/sign-out", sign_out)
    return site


@pytest.fixture(scope="module")
def running(module_site: Site, module_gateway: StartGateway) -> Gateway:
    return module_gateway(policy_of(welcoming(module_site)), "--drill-clock", DRILL, enforce=True)


def test_the_age_is_the_applications_word_else_from_when_it_was_first_seen(running: Gateway) -> None:
    now_s = Clock.now_s
    begun: list[tuple[str, int]] = [
        (str(now_s - 30 * DAY), OF_AGE),
        ("2021-04-09T00:00:00Z", OF_AGE),
        (str(now_s - 7 * DAY), OF_AGE),
        (str(now_s - 7 * DAY + 60), NEW),
        (str(now_s + 9 * DAY), NEW),
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
    Clock.now_s += 6 * DAY
    member.sign_in()
    assert member.shown() == NEW
    Clock.now_s += DAY + 60
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
    liar.visitor.cookies["sid"] = "noor-2021-04-09T00:00:00"
    assert liar.shown() == STRANGER
