"""Principals: why each is suspected, and what a person decides about it."""

from __future__ import annotations

import html
import re

from case_world import SITE
from console.signed_in import Clock, sign_in
from console.watched_world import HARVESTER, NETWORK, watched
from hedgerow.console.access.roles import Role
from hedgerow.console.app import create_app
from hedgerow.console.services import Services
from hedgerow.measures import Act, MeasureTable

ONE = f"/principals/{SITE}/address/{HARVESTER}"
WIDE = f"/principals/{SITE}/network/{NETWORK}"
WHY = {"reason": "reads all of them"}


def test_why_somebody_is_suspected_stands_in_sentences(services: Services) -> None:
    app, _ = watched(services)
    browser = sign_in(app, Role.AUDITOR)
    listed = browser.client.get("/principals").text
    assert f'href="{ONE[:-8]}"' in listed
    assert "Asks for identifiers in order" in listed
    page = browser.client.get(ONE)
    assert page.status_code == 200
    assert 'action="/principals' not in page.text, "an auditor decides nothing"
    record = browser.client.get(f"{ONE}/record")
    assert "Why it is suspected" in record.text
    assert "Asks for identifiers in order" in record.text
    assert "A budget of distinct people is spent" in record.text
    assert "30 days" in record.text
    part = browser.client.get(f"{ONE}/record", headers={"hx-request": "true"}).text
    assert "<html" not in part
    assert part.count("<tr><td><time") == 40, "one page of the timeline"
    assert browser.client.get(f"/principals/{SITE}/address/xyz").status_code == 404
    assert browser.client.get(f"/principals/nosite/address/{HARVESTER}").status_code == 404
    assert browser.client.get(f"{ONE}/record?before=nonsense").status_code == 422
    found = browser.post("/principals/find", site=SITE, who="account:8812")
    assert found.headers["location"].startswith(f"/principals/{SITE}/account/")


def test_the_timeline_goes_on_page_by_page(services: Services) -> None:
    from console.watched_world import harvest

    app, _ = watched(services, *harvest(90, minutes=60))
    browser = sign_in(app, Role.AUDITOR)
    first = browser.client.get(f"{ONE}/record").text
    older = html.unescape(re.findall(r'href="([^"]+before=[^"]+)"', first)[0])
    second = browser.client.get(older)
    assert second.status_code == 200
    assert "Newest entries" in second.text
    references = [set(re.findall(r'<td class="mono">([0-9A-F]{14})</td>', t)) for t in (first, second.text)]
    assert references[0]
    assert references[1]
    assert not references[0] & references[1]


def test_a_block_of_many_is_looked_at_first(services: Services, clock: Clock) -> None:
    app, edge = watched(services)
    browser = sign_in(app, Role.ANALYST)
    asked = browser.post(f"{WIDE}/measures", act="refuse", lasting="2d", **WHY)
    assert asked.status_code == 200
    assert "Who would be hit" in asked.text
    assert "Ordinary visitors hit, estimated" in asked.text
    assert "Counted are visitors who were shown people" in asked.text
    table = MeasureTable(services.folder.path)
    assert table.read() == [], "nothing is decided yet"
    done = browser.post(f"{WIDE}/measures", act="refuse", lasting="2d", confirmed="yes", **WHY)
    assert done.status_code == 303
    (measure,) = table.read()
    assert (measure.act, measure.level, measure.why) == (Act.REFUSE, "network", WHY["reason"])
    assert measure.until_s == int(clock().timestamp()) + 2 * 86_400
    assert edge.asked[-1]["do"] == "measures_reload"
    edge.hits = {measure.id: 31}
    assert ">31<" in browser.client.get("/measures").text
    trail = browser.client.get("/decisions").text
    assert "measure.set" in trail


def test_measures_outlive_the_console_and_end_with_a_reason(services: Services, clock: Clock) -> None:
    app, edge = watched(services)
    browser = sign_in(app, Role.OWNER)
    edge.runs = False
    said = browser.post(f"{ONE}/measures", act="watch", lasting="1w", **WHY)
    assert said.status_code == 303
    assert browser.post(f"{ONE}/measures", act="watch", lasting="1w").status_code == 422, "every one has a reason"
    assert browser.post(f"{ONE}/measures", act="watch", lasting="9y", **WHY).status_code == 422
    again = sign_in(create_app(app.state.services), Role.OWNER, name="other@example.org")
    assert "No gateway is running" in again.client.get("/measures").text
    (measure,) = MeasureTable(services.folder.path).read()
    assert again.post(f"/measures/{measure.id}/end").status_code == 422
    clock.forward(minutes=10)
    assert again.post(f"/measures/{measure.id}/end", reason="it was the library").status_code == 303
    assert "Nothing is decided." in again.client.get("/measures").text
    page = again.client.get(ONE).text
    assert "it was the library" in page, "what was decided stays on its page"
    assert again.post(f"/measures/{measure.id}/end", reason="again").status_code == 404


def test_a_principal_becomes_a_case(services: Services) -> None:
    app, _ = watched(services)
    browser = sign_in(app, Role.PRIVACY)
    short = f"/principals/{SITE}/session/{'0' * 16}"
    assert browser.post(f"{short}/case", title="x", reason="y").status_code == 422
    assert browser.post(f"{ONE}/measures", act="watch", lasting="1d", **WHY).status_code == 403
    opened = browser.post(f"{ONE}/case", title="Somebody reads all", reason="in order")
    assert opened.status_code == 303
    assert HARVESTER[:8] in browser.client.get(opened.headers["location"]).text


def test_the_json_twins_act_alike(services: Services) -> None:
    app, _ = watched(services)
    browser = sign_in(app, Role.ANALYST)
    token = {"X-CSRF-Token": browser.csrf}
    listed = browser.client.get("/api/v1/principals").json()
    assert listed["month"][0]["curious"][0]["people"] >= 40
    one = browser.client.get(f"/api/v1{ONE}").json()
    assert one["live"]["day"] == [40, 40, 0]
    record = browser.client.get(f"/api/v1{ONE}/record").json()
    assert record["reasons"][0]["code"] == "signal.enumeration"
    assert len(record["entries"]) == 40
    body = {"act": "prove", "lasting": "1d", "reason": "in order"}
    first = browser.client.post(f"/api/v1{WIDE}/measures", json=body, headers=token)
    assert first.status_code == 409
    reach = browser.client.get(f"/api/v1{WIDE}/reach").json()
    assert reach["live"]["ordinary"] == 12
    made = browser.client.post(f"/api/v1{WIDE}/measures", json={**body, "confirmed": True}, headers=token)
    assert made.status_code == 201, made.text
    measures = browser.client.get("/api/v1/measures").json()["measures"]
    assert [m["act"] for m in measures] == ["prove"]
    ended = browser.client.post(f"/api/v1/measures/{measures[0]['id']}/end", json={"reason": "solved"}, headers=token)
    assert ended.status_code == 200, ended.text
