"""Every step of the ladder and every word of a rule, as a visitor notices it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from typing import Final

import pytest

from tests.gateway import pages
from tests.gateway.clock import DRILL, Clock, Person
from tests.gateway.conftest import StartGateway, club
from tests.gateway.policies import NO_SIGNALS, Policy, names, policy, small, towns
from tests.gateway.running import Gateway, people_in, until
from tests.gateway.site import Exchange, Site
from tests.gateway.wire import FETCH, Answer

SLOW_S: Final = 1.5
BAIT: Final = "/staff-of-1987"
SIGN_IN: Final = "https://site.example/sign-in"

STEPS: Final[list[Policy]] = [
    {"name": f"then-{step}", "when": f'request.path == "/{step}" || request.query == "{step}"', "then": step}
    for step in ("slow", "sign_in", "decoy", "refuse", "prove", "mask")
]
RULES: Final[list[Policy]] = [
    {
        "name": "friends",
        "when": 'identity.agent == "curl" && request.path == "/refused"',
        "then": "allow",
        "last": True,
    },
    *STEPS,
    {"name": "refused", "when": 'request.path == "/refused"', "then": "refuse"},
    {"name": "allowed-at-first", "when": 'request.path == "/later"', "then": "allow"},
    {"name": "but-not-by-post", "when": 'request.path == "/later" && request.method == "POST"', "then": "refuse"},
    {"name": "doubtful", "when": 'request.query == "doubtful"', "weight": 60},
    {"name": "worse", "when": 'request.query == "worse"', "weight": 90},
    {"name": "worst", "when": 'request.query == "worst"', "weight": 130},
    {"name": "greedy", "when": 'request.path == "/facts" && state.people_hour.personal >= 3u', "then": "sign_in"},
    {"name": "member", "when": 'request.path == "/facts" && identity.account', "then": "refuse"},
    {"name": "broken", "when": 'request.headers["x-absent"] == "1"', "then": "refuse"},
]


CLOCK: Final = Clock()


def person_at(running: Gateway, source: str) -> Person:
    """A visitor of an address of its own."""
    return Person(running, source, CLOCK)


@pytest.fixture(scope="module")
def site_behind() -> Iterator[Site]:
    site = club(Site())

    def signed_in(exchange: Exchange) -> None:
        exchange.answer("in", Set_Cookie="sid=s3cret; Path=/", Hedgerow_Account="lea", Hedgerow_Account_Since="1")

    site.on("/signed-in", signed_in)
    yield site
    site.close()


@pytest.fixture(scope="module")
def running(site_behind: Site, module_gateway: StartGateway) -> Gateway:
    four = small("personal", 4)
    of_site: Policy = {
        "rules": RULES,
        "signals": {**NO_SIGNALS, "bait_taken": 100},
        "bait": [BAIT],
        "account": {"cookie": "sid", "sign_in": SIGN_IN},
        "ladder": {
            "slow_ms": round(SLOW_S * 1_000),
            "prove_beyond": 5,
            "sign_in_beyond": 13,
            "refuse_beyond": 25,
            "refuse_for_s": 1_500,
        },
        "budgets": {
            **dict.fromkeys(("stranger", "proven", "automation"), four),
            "member": {"account": four["session"], "address": four["address"]},
        },
    }
    return module_gateway(policy(site_behind.url, of_site), "--drill-clock", DRILL, enforce=True)


def told(running: Gateway, number: str) -> list[str]:
    """Codes of the reasons under a reference."""
    entry = running.control().ask("explain", reference=number)["entry"]
    assert isinstance(entry, dict)
    return [reason["code"] for reason in entry["reasons"]]


def slowed_so_far(running: Gateway) -> int:
    """How many requests were made to wait; counted before they do."""
    sites = running.edge_status()["sites"]
    assert isinstance(sites, list)
    return int(sites[0]["counters"]["verdicts"]["slow"])


def test_slow_waits_gives_the_page_whole_and_holds_nobody_else_up(running: Gateway) -> None:
    waiting, quick = person_at(running, "127.1.1.1"), person_at(running, "127.1.2.1")
    got: list[tuple[Answer, float]] = []

    def wait() -> None:
        begun = time.monotonic()
        got.append((waiting.get("/members/7?slow"), time.monotonic() - begun))

    # Both of two workers are at it.
    threads = [threading.Thread(target=wait) for _ in range(4)]
    for t in threads:
        t.start()
    until(lambda: slowed_so_far(running) == 4, "four requests that are made to wait")
    assert quick.get("/members/7").status == 200
    assert got == [], "they still wait"
    for t in threads:
        t.join(20)
    assert len(got) == 4
    for answer, took_s in got:
        assert took_s >= SLOW_S
        assert (answer.status, towns(answer.text), names(answer.text)) == (200, {7}, {7})
    slowed = [e for e in running.ledger() if e["k"] == "verdict" and e["act"] == "slow"]
    assert [e["why"] for e in slowed] == [["rule.then-slow"]] * 4


def test_sign_in_shows_where_and_to_a_program_says_so(running: Gateway, site_behind: Site) -> None:
    person = person_at(running, "127.1.3.1")
    page = person.get("/sign_in")
    assert page.status == 403
    assert SIGN_IN in pages.links(page.text, "a.button")
    assert "sign" in page.text.lower()
    assert "You have looked at many people" not in page.text, "it has not: a rule is why"
    assert told(running, pages.reference(page.text)) == ["rule.then-sign_in"]
    data = person.get("/sign_in", FETCH)
    assert data.status == 403
    assert data.header("content-type").startswith("application/problem+json")
    assert str(data.data()["type"]).endswith("sign-in-needed")
    assert site_behind.count("/sign_in") == 0


@pytest.mark.parametrize(("n", "target"), list(enumerate(["/members/7?decoy", BAIT])))
def test_a_decoy_shows_made_up_people_and_none_of_the_site(
    running: Gateway, site_behind: Site, n: int, target: str
) -> None:
    person = person_at(running, f"127.1.4{n}.1")
    asked, shown = len(site_behind.visits), people_in(running.ledger())
    page = person.get(target)
    assert page.status == 200
    assert "no-store" in page.header("cache-control")
    mails = re.findall(r"[\w.+-]+@([\w.-]+)", page.text)
    made_up = [host for host in mails if re.fullmatch(r"example\.(org|com|net)", host)]
    assert len(made_up) >= 10
    assert set(mails) - set(made_up) == {"club.example"}, "our own contact, for who came by accident"
    assert not towns(page.text)
    assert BAIT in pages.links(page.text, "a"), "it leads further in"
    assert person.get(target).text.count("@") == page.text.count("@")
    assert len(site_behind.visits) == asked, "the site is not asked"
    assert people_in(running.ledger()) == shown, "nobody was disclosed"
    code = told(running, pages.reference(page.text))[0]
    assert code == ("signal.bait_taken" if target == BAIT else "rule.then-decoy")


def test_refuse_and_prove_by_a_rule_give_their_page(running: Gateway, site_behind: Site) -> None:
    person = person_at(running, "127.1.5.1")
    refused = person.get("/refuse")
    assert refused.status == 403
    assert "A rule of this site does not allow this." in refused.text
    challenge = person.get("/prove")
    assert challenge.status == 403
    assert person.wait_out(challenge).header("location") == "/prove"
    assert person.get("/prove").status == 200
    assert (site_behind.count("/refuse"), site_behind.count("/prove")) == (0, 1)


def test_rules_run_in_order_and_the_last_word_ends_them(running: Gateway) -> None:
    person = person_at(running, "127.1.6.1")
    assert person.get("/refused").status == 403
    assert person.get("/refused", {"User-Agent": "curl/8.5.0", "Accept": "*/*"}).status == 200
    assert person.get("/later").status == 200, "an allow without last is only the word so far"
    assert person.visitor.post("/later", b"a=1", **person.headers).status == 403


def test_a_rule_decides_by_what_somebody_was_shown_and_who_is_signed_in(running: Gateway) -> None:
    person = person_at(running, "127.1.7.1")
    person.get("/about")
    for n in (1, 2):
        person.get(f"/members/{n}")
    assert person.get("/facts").status == 200
    person.get("/members/3")
    assert SIGN_IN in person.get("/facts").text
    member = person_at(running, "127.1.8.1")
    assert member.get("/signed-in").status == 200
    assert "does not allow this" in member.get("/facts").text


def test_a_rule_that_cannot_be_evaluated_is_left_out_and_said(running: Gateway) -> None:
    person = person_at(running, "127.1.9.1")
    refused = person.get("/members/7?worst")
    assert "rule_failed.broken" in told(running, pages.reference(refused.text))


def test_points_lead_to_a_proof_then_to_waiting_and_to_refusal(running: Gateway) -> None:
    person = person_at(running, "127.1.10.1")
    assert person.get("/members/7").status == 200
    challenge = person.get("/members/7?doubtful")
    assert challenge.status == 403
    assert told(running, pages.reference(challenge.text))[0] == "rule.doubtful"
    assert person.wait_out(challenge).status == 303
    assert person.get("/members/7?doubtful").status == 200, "no loop"
    begun = time.monotonic()
    assert towns(person.get("/members/7?worse").text) == {7}
    assert time.monotonic() - begun >= SLOW_S
    refused = person.get("/members/7?worst")
    assert refused.status == 403
    assert refused.header("retry-after") == "1500"
    assert "We cannot show you this page now" in refused.text
    assert person.get("/about?worst").status == 200, "a page that shows nobody is not kept from anybody"


def test_asking_on_and_on_leads_up_the_ladder_and_ends_by_itself(running: Gateway) -> None:
    person = person_at(running, "127.1.11.1")
    person.get("/about")
    first = person.get("/members")
    assert towns(first.text) == {1, 2, 3, 4}
    assert names(first.text) == set(range(1, 11)), "the page stays, with what everybody may see"
    challenge = person.get("/members?from=11")
    assert challenge.status == 403
    assert {"budget.personal.session.hour", "beyond.prove"} <= set(told(running, pages.reference(challenge.text)))
    assert person.wait_out(challenge).status == 303
    assert person.get("/members?from=11").status == 200, "a pass, and the same budget"
    sign_in = person.get("/members?from=21")
    assert sign_in.status == 403
    assert SIGN_IN in pages.links(sign_in.text, "a.button")
    assert "You have looked at many people" in sign_in.text
    assert towns(sign_in.text) == set()
    assert person.get("/about").status == 200
    CLOCK.now_s += 2 * 3_600
    assert towns(person.get("/members?from=21").text) == {21, 22, 23, 24}


def test_a_member_who_asks_on_and_on_is_refused_for_a_while_with_a_date(running: Gateway) -> None:
    member = person_at(running, "127.1.12.1")
    member.get("/signed-in")
    for start in (101, 111, 121):
        assert member.get(f"/members?from={start}").status == 200
    for n in range(131, 141):
        member.get(f"/members/{n}")
    refused = member.get("/members?from=141")
    assert refused.status == 429
    assert refused.header("retry-after") == "1500"
    assert "25 minutes" in refused.text
    assert "beyond.refuse" in told(running, pages.reference(refused.text))
    data = member.get("/api/members", FETCH)
    assert (data.status, data.data()["status"], data.header("retry-after")) == (429, 429, "1500")
    CLOCK.now_s += 3_700
    assert towns(member.get("/members?from=141").text) == {141, 142, 143, 144}


def test_a_rule_that_masks_replaces_the_ladder_and_not_the_budget(running: Gateway) -> None:
    person = person_at(running, "127.1.13.1")
    person.get("/about")
    person.get("/members")
    assert person.get("/members?from=11").status == 403
    masked = person.get("/members?mask")
    assert (masked.status, towns(masked.text)) == (200, {1, 2, 3, 4})
    assert masked.header("hedgerow-masked")
