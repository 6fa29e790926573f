"""How old an account is, where the application does not say: since it was first seen, also after a restart."""

from __future__ import annotations

import time

from hedgerow.control import Json
from tests.gateway.conftest import StartGateway
from tests.gateway.policies import policy, profile
from tests.gateway.running import Gateway, until
from tests.gateway.site import Exchange, Site
from tests.gateway.wire import BROWSER

DAY_S = 86_400
ACCOUNTS = {"account": {"cookie": "sid", "new_for_s": 7 * DAY_S}}


def whoever_signed_in(exchange: Exchange) -> None:
    """A member's page, for the account of the cookie."""
    account = exchange.header("cookie").partition("sid=")[2].partition(";")[0]
    exchange.answer(profile(1), kind="text/html", Hedgerow_Account=account)


def standing(running: Gateway, account: str, at_s: float) -> object:
    """Which budget the ledger says an account had at a time of the drill clock."""
    before = len(disclosures(running))
    got = running.get("/members/1", {**BROWSER, "Cookie": f"sid={account}", "drill-time": f"{at_s:.3f}"})
    assert got.status == 200
    entries = disclosures(running)
    assert len(entries) == before + 1
    return entries[-1]["st"]


def disclosures(running: Gateway) -> list[Json]:
    """The ledger's disclosures in the order of their times."""
    return sorted((e for e in running.ledger() if e["k"] == "disclosure"), key=lambda e: (str(e["t"]), str(e["n"])))


def test_an_account_keeps_its_age_over_restarts_and_a_new_one_stays_new(site: Site, gateway: StartGateway) -> None:
    site.on("/members/1", whoever_signed_in)
    running = gateway(policy(site.url, ACCOUNTS), "--drill-clock", "drill-time", enforce=True)
    begun_s = time.time()
    assert standing(running, "ada", begun_s) == "new_member"
    running.crash()
    assert standing(running, "ada", begun_s + 8 * DAY_S) == "member"
    assert standing(running, "bob", begun_s + 8 * DAY_S + 1) == "new_member"
    running.crash()
    assert standing(running, "ada", begun_s + 9 * DAY_S) == "member"
    assert standing(running, "bob", begun_s + 9 * DAY_S + 1) == "new_member"


def test_ages_are_kept_when_the_ledger_no_longer_tells_of_them(site: Site, gateway: StartGateway) -> None:
    site.on("/members/1", whoever_signed_in)
    running = gateway(policy(site.url, ACCOUNTS), "--drill-clock", "drill-time", enforce=True)
    begun_s = time.time()
    assert standing(running, "ada", begun_s) == "new_member"
    assert running.stop() == 0
    for segment in (running.state / "sites" / "club" / "ledger").glob("*.seg"):
        segment.unlink()
    again = gateway(policy(site.url, ACCOUNTS), "--drill-clock", "drill-time", enforce=True, state=running.state)
    assert standing(again, "ada", begun_s + 40 * DAY_S) == "member"
    assert standing(again, "bob", begun_s + 40 * DAY_S + 1) == "new_member"


def test_an_age_the_application_told_once_is_not_forgotten_by_an_answer_without_it(
    site: Site, gateway: StartGateway
) -> None:
    def told(exchange: Exchange) -> None:
        exchange.answer(
            profile(1), kind="text/html", Hedgerow_Account="ada", Hedgerow_Account_Since="2020-01-01T00:00:00Z"
        )

    running = gateway(policy(site.url, ACCOUNTS), enforce=True, limits={})
    site.on("/members/1", told)
    assert running.get("/members/1", {**BROWSER, "Cookie": "sid=one"}).status == 200
    site.on("/members/1", lambda x: x.answer(profile(1), kind="text/html", Hedgerow_Account="ada"))
    assert running.get("/members/1", {**BROWSER, "Cookie": "sid=one"}).status == 200
    until(lambda: len(disclosures(running)) == 2, "both entries")
    assert [e["st"] for e in disclosures(running)] == ["member", "member"]
