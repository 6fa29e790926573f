"""The first page: an attack is on it, a gateway that does not run is said so, what is due stands in its order."""

from __future__ import annotations

from datetime import timedelta

from case_world import SITE
from console.signed_in import START, sign_in
from console.watched_world import HARVESTER, top, watched
from hedgerow.cases.core.opening import open_by_person
from hedgerow.console.access.actor import Actor
from hedgerow.console.access.roles import Permission, Role, permissions_of
from hedgerow.console.dues import due_items
from hedgerow.console.services import Services

ANN = Actor("ann", "Ann", frozenset({Role.PRIVACY}), permissions_of({Role.PRIVACY}))


def test_an_attack_is_on_the_first_page_with_what_speaks_against_it(services: Services) -> None:
    app, edge = watched(services)
    browser = sign_in(app, Role.AUDITOR)
    page = browser.client.get("/").text
    assert f'href="/principals/{SITE}/address/{HARVESTER[:16]}"' in page
    assert "Asks for identifiers in order" in page
    assert "members: raised" in page
    assert "more than the" in page or "none in the same hours a week before" in page
    assert "People by lane" in page
    assert page.count("data-at=") >= 24, "the course stands as a table, too"
    edge.top = [top("ab" * 8, 77)]
    part = browser.client.get("/today/now", headers={"hx-request": "true"}).text
    assert "<html" not in part
    assert 'data-live-on="status"' in part
    assert "address abababab" in part
    told = browser.client.get("/api/v1/today").json()
    assert told["edge"]["sites"][0]["state"]["top"][0]["day"] == [77, 77, 0]
    assert told["sites"][0]["people"]["now"] >= 40
    assert told["sites"][0]["most_curious"]["people"] >= 40
    assert told["signals"][0]["sentence"].startswith("Asks for identifiers in order")


def test_a_gateway_that_does_not_run_is_said_plainly(services: Services) -> None:
    app, edge = watched(services)
    edge.runs = False
    browser = sign_in(app, Role.OWNER)
    page = browser.client.get("/").text
    assert "The gateway is not running" in page
    assert "People disclosed" in page
    assert browser.client.get("/api/v1/today").json()["edge"]["running"] is False


def test_what_is_due_first_stands_first(services: Services) -> None:
    now = services.clock()
    with services.database.session() as session:
        case = open_by_person(session, ANN, now, title="Somebody reads all", site=SITE, reason="seen")
        number = case.number
    with services.database.reading() as session:
        items = due_items(session, services)
    dated = [i.by for i in items if i.by is not None]
    assert dated == sorted(dated)
    assert items[0].by == START + timedelta(hours=4)
    assert items[0].what.startswith(number)
    assert items[0].href == f"/cases/{case.id}#tasks"
    assert Permission.SEE in ANN.permissions
