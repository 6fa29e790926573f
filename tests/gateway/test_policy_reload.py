"""A policy that is edited while the gateway serves."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator

import pytest

from hedgerow.brain.tables import Overrides, compile_tables, write_tables
from hedgerow.control import Control, ControlError
from tests.gateway import pages
from tests.gateway.conftest import StartGateway
from tests.gateway.policies import FIELDS, ROUTES, Policy, listing, policy, tight, towns
from tests.gateway.running import Gateway, people_in, until
from tests.gateway.site import Exchange, Site
from tests.gateway.wire import BROWSER, request

REFUSE = [{"name": "no-entry", "when": 'request.path.startsWith("/closed")', "then": "refuse"}]


def policy_id(running: Gateway) -> object:
    """Which policy the edge has in force."""
    sites = running.edge_status()["sites"]
    assert isinstance(sites, list)
    return sites[0]["policy"]


def two_sites(upstream: str, mode: str, more: Policy, ca_file: str | None = None) -> Policy:
    """`club` and `second`; `ca_file` goes to the second."""
    written = policy(upstream, {"hosts": ["site.example"], "mode": mode, **more})
    sites = written["sites"]
    assert isinstance(sites, list)
    to = {**sites[0]["upstream"], **({"url": "https://127.0.0.1:9", "ca_file": ca_file} if ca_file else {})}
    return {**written, "sites": [sites[0], {**sites[0], "name": "second", "hosts": ["second.example"], "upstream": to}]}


def test_an_edit_is_taken_up_without_dropping_a_connection(site: Site, gateway: StartGateway) -> None:
    written = policy(site.url)
    running = gateway(written, enforce=True)
    pid = running.edge_pid()
    with running.wire() as kept:
        assert kept.ask("/closed", BROWSER).status == 200
        before = policy_id(running)
        running.rewrite(policy(site.url, {"rules": REFUSE}))
        until(lambda: policy_id(running) != before, "the new policy")
        assert kept.ask("/closed", BROWSER).status == 403
        running.rewrite(written)
        until(lambda: policy_id(running) == before, "the old policy again")
        assert kept.ask("/closed", BROWSER).status == 200
    assert running.edge_pid() == pid


def test_a_broken_policy_file_changes_nothing_and_is_complained_about(site: Site, gateway: StartGateway) -> None:
    running = gateway(policy(site.url, {"rules": REFUSE}), enforce=True)
    before = policy_id(running)
    running.config.write_text("sites:\n  - name: [broken\n", encoding="utf-8")
    assert running.said.wait_for("the tables in force stay")
    assert running.get("/closed", BROWSER).status == 403
    assert running.get("/open", BROWSER).status == 200
    assert policy_id(running) == before


def test_a_policy_file_that_is_gone_changes_nothing(site: Site, gateway: StartGateway) -> None:
    running = gateway(policy(site.url, {"rules": REFUSE}), enforce=True)
    running.config.unlink()
    assert running.said.wait_for("the policy file is gone")
    assert running.get("/closed", BROWSER).status == 403


def test_what_was_spent_stays_spent_under_a_new_policy(site: Site, gateway: StartGateway) -> None:
    running = gateway(tight(site.url, people=4), enforce=True)
    assert towns(running.get("/members", BROWSER).text) == {1, 2, 3, 4}
    before = policy_id(running)
    running.rewrite(tight(site.url, people=6))
    until(lambda: policy_id(running) != before, "the new policy")
    assert towns(running.get("/members?from=21", BROWSER).text) == {21, 22}
    assert towns(running.get("/members?from=3", BROWSER).text) == {3, 4}


def test_a_site_can_be_added_while_the_gateway_serves(site: Site, gateway: StartGateway) -> None:
    written = policy(site.url, {"hosts": ["site.example"]})
    running = gateway(written, enforce=True)
    assert running.get("/", {"Host": "new.example"}).status in {404, 421}
    sites = written["sites"]
    assert isinstance(sites, list)
    running.rewrite({**written, "sites": [sites[0], {**sites[0], "name": "new", "hosts": ["new.example"]}]})
    until(lambda: running.get("/", {"Host": "new.example"}).status == 200, "the new site")


def test_a_reload_that_fails_at_one_site_changes_nothing_of_another(site: Site, gateway: StartGateway) -> None:
    both = two_sites(site.url, "watch", {"rules": []})
    running = gateway(both, limits={}, enforce=False)
    assert running.get("/members/1", {**BROWSER, "Host": "site.example"}).status == 200
    before = policy_id(running)
    broken = two_sites(site.url, "enforce", {"rules": REFUSE}, ca_file=str(running.state / "no-such.pem"))
    running.rewrite(broken)
    write_tables(running.folder(), compile_tables(running.config, running.folder(), Overrides()))
    with pytest.raises(ControlError, match=r"site `second`.*no-such\.pem"):
        running.control().ask("reload")
    sites = running.edge_status()["sites"]
    assert isinstance(sites, list)
    assert [(s["site"], s["mode"], s["policy"]) for s in sites] == [
        ("club", "watch", before),
        ("second", "watch", before),
    ]
    assert running.get("/closed", {**BROWSER, "Host": "site.example"}).status == 200
    assert running.get("/members/2", {**BROWSER, "Host": "site.example"}).status == 200
    segments = sorted((running.state / "sites" / "club" / "ledger").glob("*.seg"))
    assert len(segments) == 1, "the ledger goes on in the segment of the policy that stayed in force"
    assert people_in(running.ledger()) == {"1", "2"}
    # What was refused leaves nothing behind that would hinder the mended one.
    running.rewrite(two_sites(site.url, "enforce", {"rules": REFUSE}))
    write_tables(running.folder(), compile_tables(running.config, running.folder(), Overrides()))
    running.control().ask("reload")
    assert running.get("/closed", {**BROWSER, "Host": "site.example"}).status == 403
    assert running.get("/closed", {**BROWSER, "Host": "second.example"}).status == 403


def test_an_edge_that_dies_after_a_refused_reload_comes_back_with_the_policy_in_force(
    site: Site, gateway: StartGateway
) -> None:
    running = gateway(two_sites(site.url, "watch", {}), enforce=False)
    before = policy_id(running)
    running.rewrite(two_sites(site.url, "watch", {"rules": REFUSE}, ca_file=str(running.state / "no-such.pem")))
    assert running.said.wait_for("no-such.pem")
    until(lambda: str(before) in running.folder().policy.read_text(encoding="utf-8"), "the tables in force on disk")
    running.crash()
    assert policy_id(running) == before
    assert running.get("/members/1", {**BROWSER, "Host": "site.example"}).status == 200


def test_an_answer_under_way_is_recorded_under_the_names_of_its_own_policy(site: Site, gateway: StartGateway) -> None:
    reloaded = threading.Event()

    def slow_list(exchange: Exchange) -> None:
        def pieces() -> Iterator[bytes]:
            yield listing(range(1, 900)).removesuffix("</ul><p>Footer</p></body></html>").encode()
            assert reloaded.wait(20)
            yield listing(range(900, 910)).split("<ul>")[1].encode()

        exchange.chunks(pieces())

    site.on("/members", slow_list)
    running = gateway(policy(site.url), enforce=True)
    before = policy_id(running)
    with running.wire() as wire:
        wire.send(request("/members", BROWSER))
        wire.until(b"Name1x")
        fields = {"phone": "contact", **FIELDS}
        running.rewrite(policy(site.url, {"people": {"fields": fields, "routes": ROUTES}}))
        until(lambda: policy_id(running) != before, "the new policy")
        reloaded.set()
        wire.until(b"Name909x")
    headers: list[list[str]] = []
    told: dict[str, set[str]] = {}
    for segment in sorted((running.state / "sites" / "club" / "ledger").glob("*.seg")):
        lines = [json.loads(line.split(" ", 1)[1]) for line in segment.read_text(encoding="utf-8").splitlines()]
        headers.append(lines[0]["fields"])
        for person, shown, _ in (p for entry in lines[1:] for p in entry.get("p", [])):
            told[person] = {name for bit, name in enumerate(headers[-1]) if shown >> bit & 1}
    assert [set(h) for h in headers] == [set(FIELDS), {"phone", *FIELDS}]
    assert told["1"] == told["909"] == {"name", "town"}


def test_reloads_that_wait_for_each_other_hold_up_nothing_else(site: Site, gateway: StartGateway) -> None:
    running = gateway(policy(site.url), enforce=True)
    before = policy_id(running)
    tables = running.folder().policy
    whole = tables.with_suffix(".whole")
    tables.rename(whole)
    # Whoever reads this waits until somebody writes to it.
    os.mkfifo(tables)
    control = Control(running.state / "control.sock", timeout_s=30)
    said: list[object] = []
    asking = [threading.Thread(target=lambda: said.append(control.ask("reload")["policy"])) for _ in range(6)]
    for thread in asking:
        thread.start()
    # Opened for writing once the first of them reads.
    with tables.open("wb") as pipe:
        for _ in range(3):
            assert policy_id(running) == before
        pipe.write(whole.read_bytes())
        whole.rename(tables)
    for thread in asking:
        thread.join()
    assert said == [before] * 6


def test_a_reveal_link_opens_no_other_field_after_the_map_has_changed(site: Site, gateway: StartGateway) -> None:
    running = gateway(policy(site.url), enforce=True)
    visitor = running.visitor()

    def button(person: int) -> pages.Form:
        visitor.get(f"/members/{person}")
        link = pages.reveal_link(visitor.get(f"/members/{person}").text)
        return pages.reveal_button(visitor.get(link).text)

    def take_up(written: Policy) -> None:
        before = policy_id(running)
        running.rewrite(written)
        until(lambda: policy_id(running) != before, "the new policy")

    first, second = button(11), button(12)
    take_up(policy(site.url, {"rules": REFUSE}))
    assert visitor.post(first.action, first.body()).status == 303, "a rule changes no field"
    moved = {"fields": {"town": "contact", "email": "basic", "name": "personal"}, "routes": ROUTES[::-1]}
    take_up(policy(site.url, {"people": moved}))
    old = visitor.post(second.action, second.body())
    assert old.status == 403
    assert "open the page again" in old.text
    assert "/members/12" in pages.links(old.text, "main a")
    assert visitor.get(f"/.hedgerow/reveal?t={second.fields['hedgerow-reveal']}").status == 403
    assert "Town12x" not in visitor.get("/members/12").text
    fresh = button(12)
    assert visitor.post(fresh.action, fresh.body()).status == 303
    assert "Town12x" in visitor.get("/members/12").text
