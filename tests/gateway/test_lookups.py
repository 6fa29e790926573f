"""Tables of outside facts: autonomous systems and refreshed ranges of crawlers, in a running gateway."""

from __future__ import annotations

import json
from pathlib import Path

from tests.gateway.conftest import StartGateway
from tests.gateway.policies import policy
from tests.gateway.running import Gateway, until
from tests.gateway.site import Site
from tests.gateway.wire import BROWSER, Wire

RULES = [{"name": "not-from-there", "when": "identity.asn == 64500", "then": "refuse"}]


def table(file: Path, *numbers: int) -> None:
    """A table that gives 127.0.0.0/24, 127.0.1.0/24 and so on a number each; put in place in one step."""
    rows = [f"127.0.{n}.0\t127.0.{n}.255\t{number}\tZZ\tEXAMPLE\n" for n, number in enumerate(numbers)]
    fresh = file.with_suffix(".fresh")
    fresh.write_text("".join(rows))
    fresh.replace(file)


def status(running: Gateway, source: str) -> int:
    with Wire(running.address, source=source) as wire:
        return wire.ask("/members/7", BROWSER).status


def test_the_number_of_a_network_is_in_rules_and_in_the_ledger_and_a_new_table_is_taken_up(
    site: Site, gateway: StartGateway, tmp_path: Path
) -> None:
    file = tmp_path / "asn.tsv"
    table(file, 64500, 64501)
    running = gateway(policy(site.url, {"rules": RULES}, asn_table=str(file)), enforce=True)
    assert (status(running, "127.0.0.9"), status(running, "127.0.1.9"), status(running, "127.0.2.9")) == (403, 200, 200)
    told = {e["k"]: e.get("asn") for e in running.ledger() if e.get("asn") == 64500}
    assert told == {"verdict": 64500}
    assert {e.get("asn") for e in running.ledger() if e["k"] == "disclosure"} == {64501, None}
    table(file, 64501, 64500)
    until(lambda: status(running, "127.0.1.9") == 403, "the new table")
    assert status(running, "127.0.0.9") == 200
    file.write_text("127.0.0.0\tnonsense\n")
    assert running.said.wait_for("line 1")
    assert status(running, "127.0.1.9") == 403, "a broken table changes nothing"
    table(file, 64500, 64501)
    until(lambda: status(running, "127.0.0.9") == 403, "the mended table")


def test_a_gateway_does_not_start_with_a_table_it_cannot_read(
    site: Site, gateway: StartGateway, tmp_path: Path
) -> None:
    running = gateway(policy(site.url, asn_table=str(tmp_path / "none.tsv")), expect_start=False)
    assert running.process.wait(60) == 4
    assert "none.tsv" in running.said.text


def test_refreshed_ranges_are_taken_up_by_the_running_gateway(
    site: Site, gateway: StartGateway, tmp_path: Path
) -> None:
    running = gateway(policy(site.url, {"trusted_hops": ["127.0.0.0/8"]}), enforce=True)
    robot = {"User-Agent": "Mozilla/5.0 (compatible; bingbot/2.0)", "X-Forwarded-For": "93.184.215.7"}

    def lane() -> str:
        running.get("/members/7", robot)
        return str(running.ledger()[-1]["lane"])

    assert lane() != "search_engine"
    file = tmp_path / "bingbot.json"
    file.write_text(json.dumps({"creationTime": "2026-11-20", "prefixes": [{"ipv4Prefix": "93.184.215.0/24"}]}))
    said = running.command("crawlers", "refresh", "--from", f"bingbot={file}", "--accept-loss")
    assert said.returncode == 0, said.stderr
    assert "the running gateway has taken them up" in said.stdout
    assert lane() == "search_engine"
    started_later = gateway(policy(site.url, {"trusted_hops": ["127.0.0.0/8"]}), enforce=True)
    assert started_later.get("/members/7", robot).status == 200
    assert started_later.ledger()[-1]["lane"] != "search_engine", "another state directory knows nothing of it"


def test_a_broken_table_does_not_keep_a_new_policy_from_being_taken_up(
    site: Site, gateway: StartGateway, tmp_path: Path
) -> None:
    file = tmp_path / "asn.tsv"
    table(file, 64500)
    running = gateway(policy(site.url, {"rules": RULES}, asn_table=str(file)), enforce=True)
    assert status(running, "127.0.0.9") == 403
    file.write_text("127.0.0.0\tnonsense\n")
    assert running.said.wait_for("line 1")
    refuse_all = [*RULES, {"name": "nobody", "when": "true", "then": "refuse"}]
    running.rewrite(policy(site.url, {"rules": refuse_all}, asn_table=str(file)))
    until(lambda: status(running, "127.0.1.9") == 403, "the new policy")
    running.rewrite(policy(site.url, {"rules": RULES}, asn_table=str(file)))
    until(lambda: status(running, "127.0.1.9") == 200, "the policy before")
    assert status(running, "127.0.0.9") == 403, "the table that was read before stays in force"
    file.unlink()
    running.rewrite(policy(site.url, {"rules": refuse_all}, asn_table=str(file)))
    until(lambda: status(running, "127.0.1.9") == 403, "the new policy, without the file")
