"""Watch mode changes nothing; the command line switches and explains."""

from __future__ import annotations

import pytest

from tests.gateway import pages
from tests.gateway.conftest import StartGateway
from tests.gateway.policies import policy, tight, towns
from tests.gateway.running import Gateway, people_in, until
from tests.gateway.site import Site
from tests.gateway.wire import BROWSER, FETCH, Wire

REFUSE = [{"name": "no-entry", "when": 'request.path.startsWith("/closed")', "then": "refuse"}]


@pytest.mark.parametrize("target", ["/members", "/members/5", "/api/members", "/api/members/5", "/other"])
def test_watching_changes_no_byte(site: Site, gateway: StartGateway, target: str) -> None:
    running = gateway(tight(site.url, people=1), enforce=False)
    with Wire(("127.0.0.1", site.port)) as direct:
        plain = direct.ask(target, BROWSER)
    for _ in range(3):
        got = running.get(target, BROWSER)
        assert got.status == plain.status
        if target != "/other":
            assert got.body == plain.body
    if target == "/members":
        assert people_in(running.ledger()) == {str(n) for n in range(1, 11)}


def test_watching_carries_no_verdict_out_but_records_it(site: Site, gateway: StartGateway) -> None:
    running = gateway(policy(site.url, {"rules": REFUSE}), enforce=False)
    assert running.get("/closed", BROWSER).status == 200
    assert any(e.get("act") == "refuse" and e.get("mode") == "watch" for e in running.ledger())


def test_a_running_gateway_is_switched_to_enforce_and_back(site: Site, gateway: StartGateway) -> None:
    running = gateway(tight(site.url, people=2))
    with running.wire() as kept:
        assert len(towns(kept.ask("/members", BROWSER).text)) == 10
        switched = running.command("enforce")
        assert switched.returncode == 0, switched.stderr
        assert len(towns(kept.ask("/members?from=31", BROWSER).text)) < 10
        assert running.command("watch", "club").returncode == 0
        assert len(towns(kept.ask("/members?from=41", BROWSER).text)) == 10
    assert [e["mode"] for e in running.ledger() if e["k"] == "mode"][-2:] == ["enforce", "watch"]


def test_a_site_that_is_not_there_is_not_switched(watching: Gateway) -> None:
    done = watching.command("enforce", "nowhere")
    assert done.returncode == 1
    assert "nowhere" in done.stderr


def test_a_switch_outlasts_a_restart(site: Site, gateway: StartGateway) -> None:
    running = gateway(tight(site.url, people=2))
    assert running.command("enforce").returncode == 0
    assert running.stop() == 0
    again = gateway(tight(site.url, people=2), state=running.state)
    assert len(towns(again.get("/members?from=51", BROWSER).text)) == 2


def test_a_refusal_is_explained_to_the_visitor_and_by_its_number_to_the_operator(
    site: Site, gateway: StartGateway
) -> None:
    running = gateway(policy(site.url, {"rules": REFUSE}), enforce=True)
    got = running.get("/closed", BROWSER)
    assert got.status == 403
    assert "no-store" in got.header("cache-control")
    assert "privacy@club.example" in got.text
    number = pages.reference(got.text)
    told = running.command("explain", number)
    assert told.returncode == 0, told.stderr
    assert "refuse" in told.stdout
    assert "the rule `no-entry` says refuse" in told.stdout
    why = running.get(f"/.hedgerow/why/{number}", BROWSER)
    assert why.status == 200
    assert number in why.text


def test_a_masked_answer_is_explained_by_the_number_in_its_header(site: Site, gateway: StartGateway) -> None:
    running = gateway(tight(site.url, people=2), enforce=True)
    number = running.get("/members", BROWSER).header("hedgerow-masked")
    told = running.command("explain", number)
    assert told.returncode == 0, told.stderr
    assert "budget" in told.stdout
    assert running.get(f"/.hedgerow/why/{number}", BROWSER).status == 200


def test_an_unknown_number_is_said_to_be_unknown(watching: Gateway) -> None:
    assert watching.command("explain", "0000-0000-0000").returncode == 1
    assert watching.get("/.hedgerow/why/0000-0000-0000", BROWSER).status == 404


def test_a_program_gets_a_problem_document(site: Site, gateway: StartGateway) -> None:
    running = gateway(policy(site.url, {"rules": REFUSE}), enforce=True)
    got = running.get("/closed", FETCH)
    assert got.status == 403
    assert got.header("content-type").startswith("application/problem+json")
    assert got.data()["status"] == 403


def test_status_tells_what_was_disclosed(site: Site, gateway: StartGateway) -> None:
    running = gateway(policy(site.url), enforce=False)
    running.get("/members", BROWSER)
    told = running.command("status", "--json")
    assert told.returncode == 0, told.stderr
    assert '"club"' in told.stdout
    assert running.command("status", "--once").returncode == 0


def test_robots_and_well_known_are_left_alone(site: Site, gateway: StartGateway) -> None:
    everything = [{"name": "all", "when": "true", "then": "prove"}]
    running = gateway(policy(site.url, {"rules": everything}), enforce=True)
    assert running.get("/robots.txt", BROWSER).status == 200
    assert running.get("/.well-known/security.txt", BROWSER).status == 200
    until(lambda: site.count("/robots.txt") >= 1, "robots.txt")
