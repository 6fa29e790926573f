"""What a person decides for everybody, over real sockets: a posture, a masked field, a closed route, for a time."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hedgerow.measures import Act, Measure, MeasureTable, new_id, standing, take_up
from tests.gateway import pages
from tests.gateway.conftest import StartGateway
from tests.gateway.policies import FIELDS, ROUTES, policy
from tests.gateway.running import Gateway, people_in
from tests.gateway.site import Exchange, Site
from tests.gateway.test_measures import DAY, DRILL, ELSEWHERE, START, Person, address_name, command, decide, reasons
from tests.gateway.wire import FETCH

FIELD_VALUES = {"name": "Name{}x", "town": "Town{}x", "email": "mail{}x@club.example"}


@pytest.fixture
def running(site: Site, gateway: StartGateway) -> Gateway:
    return gateway(policy(site.url), "--drill-clock", DRILL, enforce=True)


def for_everybody(
    running: Gateway,
    act: Act,
    *,
    route: str | None = None,
    field: str | None = None,
    posture: str | None = None,
    lasting_s: int = DAY,
) -> Measure:
    measure = Measure(
        new_id(), "club", "", "", act, START - 10, START + lasting_s, None, "tester", "a test", route, field, posture
    )
    MeasureTable(running.state).set(measure, START)
    take_up(running.control())
    return measure


def test_a_closed_route_explains_itself_to_everybody_and_opens_by_itself(running: Gateway, site: Site) -> None:
    measure = for_everybody(running, Act.CLOSE, route="profile", lasting_s=2 * DAY)
    person = Person(running)
    page = person.get("/members/7")
    assert page.status == 503
    assert page.header("retry-after") == str(2 * DAY)
    assert "It is not about you" in page.text
    assert "17 January 2027, 08:00 UTC" in page.text
    assert "privacy@club.example" in page.text
    reference = pages.reference(page.text)
    assert f"/.hedgerow/appeal?ref={reference}" in pages.links(page.text, "main a")
    assert "close this part of it for everybody" in person.get(f"/.hedgerow/why/{reference}").text
    assert site.count("/members/7") == 0, "the site was not asked"
    assert person.get("/members").status == 200, "another route"
    assert person.get("/about").status == 200
    assert Person(running, ELSEWHERE).get("/members/8").status == 503
    told = json.loads(command(running, "explain", reference, "--json").stdout)
    assert [r["code"] for r in told["entry"]["reasons"]] == ["measure_close"]
    assert standing(running.control())[measure.id].hits == 2
    person.now = START + 2 * DAY
    assert person.get("/members/7").status == 200


def test_a_program_is_told_that_a_route_is_closed_and_a_release_does_not_open_it(running: Gateway) -> None:
    for_everybody(running, Act.CLOSE, route="api-profile", lasting_s=3_600)
    decide(running, Act.RELEASE, "address", address_name(running))
    with running.wire() as wire:
        told = wire.ask("/api/members/7", {**FETCH, DRILL: str(START)})
    problem = told.data()
    assert (told.status, problem["type"], problem["retry_after_s"]) == (503, "urn:hedgerow:problem:closed", 3_600)
    assert problem["appeal"] == f"/.hedgerow/appeal?ref={problem['reference']}"


def test_a_masked_field_is_shown_to_nobody_and_everything_else_is_charged_as_ever(running: Gateway) -> None:
    measure = for_everybody(running, Act.MASK, field="town")
    person = Person(running)
    page = person.get("/members/7").text
    assert "Name7x" in page
    assert "Town7x" not in page
    listing = person.get("/members?from=20").text
    assert "Name25x" in listing
    assert "Town25x" not in listing
    rows = person.get("/api/members?from=40", FETCH).text
    assert "Name45x" in rows
    assert "Town45x" not in rows
    assert "measure_mask" in reasons(running)
    shown = [p for e in running.ledger() for p in e.get("p", [])]  # type: ignore[attr-defined]
    town = 1 << 1
    assert len(people_in(running.ledger())) == 21, "each of them was shown, and counted"
    assert all(not bits & town and masked & town for _, bits, masked in shown)
    assert standing(running.control())[measure.id].hits == 3
    person.now = START + DAY
    assert "Town7x" in person.get("/members/7").text


def test_a_field_masked_on_one_route_stays_on_the_others(running: Gateway) -> None:
    for_everybody(running, Act.MASK, field="town", route="list")
    person = Person(running)
    assert "Town25x" not in person.get("/members?from=20").text
    assert "Town7x" in person.get("/members/7").text


def test_what_is_masked_for_everybody_is_not_offered_and_older_links_open_nothing(running: Gateway) -> None:
    person = Person(running)
    person.get("/members/7")
    link = pages.reveal_link(person.get("/members/7").text)
    form = pages.reveal_button(person.get(link).text)
    mask = for_everybody(running, Act.MASK, field="email")
    assert pages.links(person.get("/members/7").text, "a.hedgerow-reveal") == []
    masked = person.visitor.post(form.action, form.body(), **{DRILL: str(START)})
    assert masked.status == 503
    assert "It is not about you" in masked.text
    MeasureTable(running.state).end(mask.id, START)
    for_everybody(running, Act.CLOSE, route="profile")
    closed = person.visitor.post(form.action, form.body(), **{DRILL: str(START)})
    assert closed.status == 503
    revealed = [e for e in running.ledger() if e["k"] == "reveal"]
    assert [p[1] for e in revealed for p in e["p"]] == [0], "recorded with what was really shown: nothing"  # type: ignore[attr-defined]
    assert "mail7x" not in person.get("/members/7").text


def test_a_posture_shows_newcomers_less_and_whom_they_know_they_still_see(site: Site, gateway: StartGateway) -> None:
    running = gateway(policy(site.url), "--drill-clock", DRILL, enforce=True)
    person = Person(running)
    person.get("/members/900")

    def towns(who: Person, people: range) -> list[int]:
        return [n for n in people if f"Town{n}x" in who.get(f"/members/{n}").text]

    assert towns(person, range(1, 6)) == [1, 2, 3, 4, 5]
    measure = for_everybody(running, Act.POSTURE, posture="high")
    assert towns(person, range(1, 10)) == [1, 2, 3, 4, 5], "whom it knows, and nobody new"
    assert towns(Person(running, ELSEWHERE), range(1, 10)) == [1, 2]
    assert "measure_posture" in reasons(running)
    assert "posture.high" not in reasons(running), "strangers did not make it so tense"
    site_now = running.edge_status()["sites"][0]  # type: ignore[index]
    assert [m["posture"] for m in site_now["for_everybody"]] == ["high"]
    person.now = START + DAY + 3_600
    assert towns(person, range(10, 13)) == [10, 11, 12]
    assert standing(running.control())[measure.id].hits == 18


def test_measures_for_everybody_are_there_after_a_crash(running: Gateway) -> None:
    for_everybody(running, Act.CLOSE, route="list")
    for_everybody(running, Act.MASK, field="town")
    running.crash()
    person = Person(running)
    assert person.get("/members").status == 503
    assert "Town7x" not in person.get("/members/7").text


def test_in_watch_mode_it_is_recorded_and_not_carried_out(site: Site, gateway: StartGateway) -> None:
    running = gateway(policy(site.url), "--drill-clock", DRILL, enforce=False)
    for_everybody(running, Act.CLOSE, route="profile")
    mask = for_everybody(running, Act.MASK, field="town")
    person = Person(running)
    assert "Town7x" in person.get("/members/7").text
    assert "Town25x" in person.get("/members?from=20").text
    verdicts = [e for e in running.ledger() if e["k"] == "verdict"]
    assert [(e["act"], e["mode"], e["why"]) for e in verdicts] == [("refuse", "watch", ["measure_close"])]
    assert not standing(running.control())[mask.id].enforced


def test_what_the_policy_does_not_have_does_nothing_and_is_said_so(running: Gateway) -> None:
    gone = for_everybody(running, Act.CLOSE, route="was-there-once")
    there = for_everybody(running, Act.CLOSE, route="list")
    met = standing(running.control())
    assert (met[gone.id].known, met[there.id].known) == (False, True)
    assert Person(running).get("/members/7").status == 200


def test_the_command_line_closes_lists_and_opens_again(site: Site, gateway: StartGateway) -> None:
    running = gateway(policy(site.url), enforce=True)
    assert running.get("/members/7").status == 200
    asked = command(running, "measure", "reach-everybody", "close", "profile", "--json")
    assert asked.exit_code == 0, asked.stderr
    assert json.loads(asked.stdout)["ledger"]["visitors"] == 1
    wrong = command(running, "measure", "everybody", "close", "nowhere")
    assert wrong.exit_code == 1
    assert "no route `nowhere`" in wrong.stderr
    done = command(running, "measure", "everybody", "close", "profile", "--for", "2h", "--why", "a test", "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["in_force"] is True
    assert running.get("/members/7").status == 503
    assert "the route profile" in command(running, "measure", "list").stdout
    assert "the route profile" not in command(running, "status", "--once").stderr
    assert command(running, "measure", "end", told["measure"]["id"]).exit_code == 0
    assert running.get("/members/7").status == 200
    assert command(running, "measure", "everybody", "posture", "high").exit_code == 0
    assert command(running, "measure", "everybody", "mask", "email", "--route", "list").exit_code == 1
    assert command(running, "measure", "everybody", "refuse", "profile").exit_code == 1


@pytest.fixture(scope="module")
def masking(module_site: Site, module_gateway: StartGateway) -> Gateway:
    """A gateway in front of a site that also names its people in a header."""

    def named(exchange: Exchange) -> None:
        n = int(exchange.path.rsplit("/", 1)[1])
        values = "".join(f"<p class={f}>{v.format(n)}</p>" for f, v in FIELD_VALUES.items())
        exchange.answer(f"<!doctype html><body>{values}</body>", kind="text/html", hedgerow_people=str(n))

    module_site.on("/named/*", named)
    by_header = {
        "path": "/named/{person}",
        "name": "named",
        "kind": "profile",
        "person": "path",
        "fields": {f: {"html": f".{f}"} for f in FIELD_VALUES},
    }
    open_to_all = {s: {"contact": "budgeted"} for s in ("stranger", "proven", "automation")}
    people = {"fields": FIELDS, "routes": [*ROUTES, by_header]}
    written = policy(module_site.url, {"people": people, "show": open_to_all})
    return module_gateway(written, "--drill-clock", DRILL, enforce=True)


PAGES = {
    "/members/{}": "profile",
    "/members?from={}": "list",
    "/api/members?from={}": "api-list",
    "/api/members/{}": "api-profile",
    "/named/{}": "named",
}
number = iter(range(1_000, 10**9, 100))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    masks=st.lists(
        st.tuples(st.sampled_from(sorted(FIELD_VALUES)), st.sampled_from([None, *PAGES.values()])),
        max_size=4,
        unique=True,
    ),
    asked=st.lists(st.sampled_from(sorted(PAGES)), min_size=1, max_size=5),
    last_octet=st.integers(1, 200),
)
def test_a_masked_field_never_lets_its_value_out(
    masking: Gateway, masks: list[tuple[str, str | None]], asked: list[str], last_octet: int
) -> None:
    MeasureTable(masking.state).path.unlink(missing_ok=True)
    table = MeasureTable(masking.state)
    for field, route in masks:
        table.set(Measure(new_id(), "club", "", "", Act.MASK, START - 9, START + DAY, route=route, field=field), START)
    take_up(masking.control())
    person = Person(masking, f"127.0.8.{last_octet}")
    for template in asked:
        n = next(number)
        answer = person.get(template.format(n))
        hidden = {f for f, route in masks if route in (None, PAGES[template])}
        assert answer.status == 200
        for field, value in FIELD_VALUES.items():
            there = re.search(value.format(r"\d+"), answer.text) is not None
            # The page of the list does not have addresses at all.
            has = not (field == "email" and PAGES[template] == "list")
            assert there == (has and field not in hidden), (template, field)
