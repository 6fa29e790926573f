"""A person's decisions, met over real sockets: they hit whom they name, end by themselves, and survive restarts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hedgerow.cli import app
from hedgerow.control import ControlError
from hedgerow.ledger.keyed import SiteKeys
from hedgerow.measures import Act, Measure, MeasureTable, new_id, reach_now, standing, take_up
from hedgerow.secret import read_secret
from tests.gateway import pages
from tests.gateway.conftest import StartGateway
from tests.gateway.policies import policy, small
from tests.gateway.running import Gateway, until
from tests.gateway.site import Site
from tests.gateway.wire import FETCH, Answer, Visitor

DRILL = "drill-time"
START = 1_800_000_000
DAY = 86_400
HOME = "127.0.0.1"
NEIGHBOUR = "127.0.0.2"
ELSEWHERE = "127.0.9.1"


class Person:
    """A visitor with the clock in its hand."""

    def __init__(self, running: Gateway, source: str | None = None) -> None:
        self.visitor: Visitor = running.visitor(source)
        self.now = START

    def get(self, target: str, headers: dict[str, str] | None = None) -> Answer:
        return self.visitor.ask(target, headers={DRILL: str(self.now), **(headers or {})})


@pytest.fixture
def running(site: Site, gateway: StartGateway) -> Gateway:
    return gateway(policy(site.url), "--drill-clock", DRILL, enforce=True)


def address_name(running: Gateway, address: str = HOME) -> str:
    return SiteKeys(read_secret(running.state), "club").address(address)


def names(running: Gateway, reference: str) -> dict[str, str]:
    """All keyed names of the request with a reference."""
    entry = next(e for e in running.ledger() if e.get("ref") == reference)
    levels = {"address": "a", "network": "net", "session": "s", "account": "acc", "client": "c"}
    return {level: str(entry[key]) for level, key in levels.items() if key in entry}


def names_of(running: Gateway, source: str | None = None) -> dict[str, str]:
    """All keyed names of whoever comes from an address without a cookie."""
    before = len(running.ledger())
    assert Person(running, source).get("/members/900").status == 200
    until(lambda: len(running.ledger()) > before, "an entry")
    return names(running, str(running.ledger()[-1]["ref"]))


def test_the_gateway_gives_a_network_the_name_that_block_lists_look_for(running: Gateway) -> None:
    keys = SiteKeys(read_secret(running.state), "club")
    assert names_of(running)["network"] == keys.network(HOME) == keys.network(NEIGHBOUR)
    assert names_of(running, ELSEWHERE)["network"] == keys.network(ELSEWHERE) != keys.network(HOME)


def decide(
    running: Gateway, act: Act, level: str, name: str, lasting_s: int = DAY, factor: int | None = None
) -> Measure:
    measure = Measure(
        new_id(), "club", level, name, act, START - 10, START + lasting_s, factor, by="tester", why="a test"
    )
    MeasureTable(running.state).set(measure, START)
    take_up(running.control())
    return measure


def command(running: Gateway, *words: str) -> Result:
    """`hedgerow …`, without the start of another process for each."""
    return CliRunner().invoke(app, [*words, "--state", str(running.state)])


def reasons(running: Gateway) -> set[str]:
    return {str(code) for entry in running.ledger() if isinstance(why := entry.get("why"), Sequence) for code in why}


def test_a_refusal_explains_itself_hits_its_address_alone_and_ends_by_itself(running: Gateway, site: Site) -> None:
    measure = decide(running, Act.REFUSE, "address", address_name(running), 2 * DAY)
    stopped = Person(running)
    page = stopped.get("/members/7")
    assert page.status == 403
    assert page.header("retry-after") == str(2 * DAY)
    assert "17 January 2027, 08:00 UTC" in page.text
    assert "privacy@club.example" in page.text
    reference = pages.reference(page.text)
    assert f"/.hedgerow/appeal?ref={reference}" in pages.links(page.text, "main a")
    assert stopped.get("/about").status == 403, "every page of the site"
    assert stopped.get("/robots.txt").status == 200, "open to everybody"
    assert site.count("/members/7") == 0
    assert Person(running, NEIGHBOUR).get("/members/7").status == 200
    why = stopped.get(f"/.hedgerow/why/{reference}")
    assert why.status == 200
    assert "decided to stop visits from here" in why.text
    met = standing(running.control())[measure.id]
    assert (met.hits, met.holds, met.last_ms) == (3, True, START * 1000)
    stopped.now = START + 2 * DAY
    assert stopped.get("/members/7").status == 200


def test_a_program_is_told_when_it_ends_and_where_to_appeal(running: Gateway) -> None:
    decide(running, Act.REFUSE, "address", address_name(running), 3_600)
    with running.wire() as wire:
        told = wire.ask("/api/members/7", {**FETCH, DRILL: str(START)})
    problem = told.data()
    assert (told.status, problem["type"], problem["retry_after_s"]) == (403, "urn:hedgerow:problem:refused", 3_600)
    assert problem["appeal"] == f"/.hedgerow/appeal?ref={problem['reference']}"


def test_releasing_an_address_beats_refusing_its_network(running: Gateway) -> None:
    found = names_of(running)
    decide(running, Act.REFUSE, "network", found["network"])
    assert Person(running).get("/members/7").status == 403
    assert Person(running, NEIGHBOUR).get("/members/7").status == 403
    assert Person(running, ELSEWHERE).get("/members/7").status == 200
    decide(running, Act.RELEASE, "address", found["address"])
    assert Person(running).get("/members/7").status == 200
    assert Person(running, NEIGHBOUR).get("/members/7").status == 403


def test_a_released_visitor_meets_no_rule_and_keeps_its_budget(site: Site, gateway: StartGateway) -> None:
    no = [{"name": "no", "when": "true", "then": "refuse"}]
    budgets = {standing: small("personal", 3) for standing in ("stranger", "proven", "automation")}
    running = gateway(policy(site.url, {"rules": no, "budgets": budgets}), "--drill-clock", DRILL, enforce=True)
    person = Person(running)
    assert person.get("/members/1").status == 403
    decide(running, Act.RELEASE, "address", address_name(running))
    towns = [f"Town{n}x" in (answer := person.get(f"/members/{n}")).text for n in range(1, 6)]
    assert answer.status == 200
    assert towns == [True, True, True, False, False]


def test_a_lowered_budget_masks_sooner(site: Site, gateway: StartGateway) -> None:
    budgets = {standing: small("personal", 12) for standing in ("stranger", "proven", "automation")}
    running = gateway(policy(site.url, {"budgets": budgets}), "--drill-clock", DRILL, enforce=True)
    decide(running, Act.BUDGET, "address", address_name(running), factor=4)
    lowered, whole = Person(running), Person(running, ELSEWHERE)
    assert sum(f"Town{n}x" in lowered.get(f"/members/{n}").text for n in range(1, 9)) == 3
    assert sum(f"Town{n}x" in whole.get(f"/members/{n}").text for n in range(1, 9)) == 8
    assert {"measure_budget", "budget.personal.address.hour"} <= reasons(running)


def test_links_to_contacts_open_nothing_more_for_whoever_is_refused(running: Gateway) -> None:
    person = Person(running)
    person.get("/members/7")
    link = pages.reveal_link(person.get("/members/7").text)
    form = pages.reveal_button(person.get(link).text)
    measure = decide(running, Act.REFUSE, "address", address_name(running))
    refused = person.visitor.post(form.action, form.body(), **{DRILL: str(START)})
    assert refused.status == 403
    assert "We stopped visits from here" in refused.text
    assert not [e for e in running.ledger() if e["k"] == "reveal"]
    MeasureTable(running.state).end(measure.id, START)
    take_up(running.control())
    assert person.visitor.post(form.action, form.body(), **{DRILL: str(START)}).status == 303


def test_a_challenge_is_put_until_it_is_solved(running: Gateway) -> None:
    decide(running, Act.PROVE, "address", address_name(running))
    person = Person(running)
    challenge = person.get("/members/7")
    assert challenge.status == 403
    assert f"/.hedgerow/appeal?ref={pages.reference(challenge.text)}" in pages.links(challenge.text, "a")
    form = pages.wait_form(challenge.text)
    person.now += 900
    passed = person.visitor.post(form.action, form.body(), **{DRILL: str(person.now)})
    assert passed.status == 303
    assert person.get("/members/7").status == 200
    assert {"measure_prove", "solved_wait"} <= reasons(running)
    sites = running.edge_status()["sites"]
    assert isinstance(sites, list)
    assert (sites[0]["counters"]["solved"], sites[0]["counters"]["solved_by_waiting"]) == (1, 1)


def test_watching_marks_and_stops_nothing(running: Gateway) -> None:
    measure = decide(running, Act.WATCH, "address", address_name(running))
    assert Person(running).get("/members/7").status == 200
    assert Person(running, NEIGHBOUR).get("/members/7").status == 200
    marked = [e for e in running.ledger() if "measure_watch" in str(e.get("why"))]
    assert [e["a"] for e in marked] == [address_name(running)]
    assert standing(running.control())[measure.id].hits == 1


def test_in_watch_mode_a_refusal_is_recorded_and_not_carried_out(site: Site, gateway: StartGateway) -> None:
    running = gateway(policy(site.url), "--drill-clock", DRILL, enforce=False)
    decide(running, Act.REFUSE, "address", address_name(running))
    assert Person(running).get("/members/7").status == 200
    verdicts = [e for e in running.ledger() if e["k"] == "verdict"]
    assert [(e["act"], e["mode"], e["why"]) for e in verdicts] == [("refuse", "watch", ["measure_refuse"])]


def test_measures_are_there_after_a_crash_and_after_a_hand_over(running: Gateway) -> None:
    decide(running, Act.REFUSE, "address", address_name(running))
    running.crash()
    assert Person(running).get("/members/7").status == 403
    crashed = running.edge_pid()
    assert running.command("restart").returncode == 0
    until(lambda: running.edge_pid() != crashed, "an edge that has taken over")
    assert Person(running).get("/members/7").status == 403


def test_a_file_that_is_written_without_a_word_is_taken_up_too(running: Gateway) -> None:
    measure = Measure(new_id(), "club", "address", address_name(running), Act.REFUSE, START - 1, START + DAY)
    MeasureTable(running.state).set(measure, START)
    until(lambda: measure.id in standing(running.control()), "the edge to look by itself")
    assert Person(running).get("/members/7").status == 403


def test_a_broken_file_changes_nothing_and_is_told(running: Gateway) -> None:
    decide(running, Act.REFUSE, "address", address_name(running))
    path = MeasureTable(running.state).path
    good = path.read_text()
    path.write_text(good.replace('"refuse"', '"banish"'))
    with pytest.raises(ControlError, match="banish"):
        take_up(running.control())
    assert Person(running).get("/members/7").status == 403
    assert "banish" in str(running.control().ask("measures")["problem"])
    assert "banish" in str(running.edge_status()["measures_problem"])
    path.unlink()
    assert take_up(running.control())["sites"] == {"club": 0}
    assert Person(running).get("/members/7").status == 200


def test_counts_survive_a_new_table_and_measures_of_unknown_sites_are_told(running: Gateway) -> None:
    first = decide(running, Act.WATCH, "address", address_name(running))
    Person(running).get("/members/7")
    other = Measure(new_id(), "shop", "address", address_name(running), Act.REFUSE, START - 1, START + DAY)
    MeasureTable(running.state).set(other, START)
    assert take_up(running.control()) == {"sites": {"club": 1}, "unknown_sites": {"shop": 1}}
    assert standing(running.control())[first.id].hits == 1
    assert Person(running).get("/members/7").status == 200


def test_reach_counts_who_is_behind_a_network_and_who_looks_ordinary(running: Gateway) -> None:
    for source in (HOME, NEIGHBOUR):
        person = Person(running, source)
        for n in range(3):
            person.get(f"/members/{n + 1}")
    Person(running, ELSEWHERE).get("/members/1")
    network = names_of(running)["network"]
    found = reach_now(running.control(), "club", "network", network)
    # Everybody's first page comes without a cookie: each browser is a visitor twice until it has come back.
    assert (found["addresses"], found["sessions"], found["accounts"]) == (2, 2, 0)
    assert found["ordinary"] == found["visitors"] == found["held"] == 4
    assert "Only visitors who were shown people" in str(found["caveat"])
    for level, name, said in (
        ("strangers", network, "counted for"),
        ("network", "1f0c", "24 lower-case"),
        ("licence", network, "counted for"),
    ):
        with pytest.raises(ControlError, match=said):
            reach_now(running.control(), "club", level, name)
    with pytest.raises(ControlError, match="no site"):
        reach_now(running.control(), "shop", "network", network)


def test_the_command_line_decides_lists_counts_and_takes_back(site: Site, gateway: StartGateway) -> None:
    running = gateway(policy(site.url), enforce=True)
    assert running.get("/members/7").status == 200
    done = command(running, "measure", "set", "refuse", HOME, "--for", "2h", "--why", "a test", "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["in_force"] is True
    assert told["measure"]["name"] == address_name(running)
    assert running.get("/members/7").status == 403
    listed = json.loads(command(running, "measure", "list", "--json").stdout)["measures"]
    assert [(m["id"], m["holds"], m["hits"]) for m in listed] == [(told["measure"]["id"], True, 1)]
    asked = command(running, "measure", "reach", HOME, "--json")
    assert asked.exit_code == 0, asked.stderr
    reach = json.loads(asked.stdout)
    assert (reach["ledger"]["visitors"], reach["ledger"]["addresses"], reach["live"]["addresses"]) == (1, 1, 1)
    assert command(running, "measure", "end", told["measure"]["id"]).exit_code == 0
    assert running.get("/members/7").status == 200
    wrong = command(running, "measure", "end", told["measure"]["id"])
    assert wrong.exit_code == 1
    assert "no measure" in wrong.stderr
    trail = (Path(running.state) / "audit.jsonl").read_text()
    assert "measure-set" in trail
    assert "measure-end" in trail
