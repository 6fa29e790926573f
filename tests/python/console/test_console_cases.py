"""The pages of cases: list, opening, every section's forms; roles; the JSON twins; exports."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from case_world import NOW, SITE, keyed, shown, visitors
from console.signed_in import SignedIn, sign_in
from hedgerow.console import case_rounds
from hedgerow.console.access.roles import Role
from hedgerow.console.app import create_app
from hedgerow.console.services import Services
from hedgerow.measures.measure import Act
from hedgerow.measures.table import MeasureTable
from hedgerow.policy import load_text
from hedgerow.store.models.cases import Case
from hedgerow.store.models.trail import Decision
from written_ledger import Segment


@pytest.fixture
def ledger(services: Services) -> None:
    """A harvest and some visitors."""
    rows = [shown(n, NOW - timedelta(hours=30, seconds=-20 * n), address="h", network="hn") for n in range(1, 41)]
    rows += [shown(n, NOW - timedelta(hours=29, seconds=-9 * n), address="h2", network="hn") for n in range(50, 60)]
    rows += visitors(40, 300, NOW - timedelta(days=5))
    Segment(services.folder.path, SITE).append(*sorted(rows, key=lambda r: int(r["t"])))


def opened(browser: SignedIn, title: str = "A harvest") -> str:
    answer = browser.post(
        "/cases/new",
        title=title,
        site=SITE,
        reason="seen on Today",
        since=(NOW - timedelta(days=7)).isoformat(),
        principals=f"address:{keyed('address', 'h')}",
    )
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


@pytest.mark.usefixtures("ledger")
def test_a_case_goes_from_opening_to_closing_without_javascript(app: FastAPI, services: Services) -> None:
    browser = sign_in(app, Role.OWNER)
    where = opened(browser)
    assert browser.client.get("/cases").text.count(">C-2026-0001</a>") == 1
    first = browser.client.get(where)
    assert first.status_code == 200
    assert "Nobody has written down yet" in first.text
    assert browser.post(f"{where}/count").status_code == 303
    page = browser.client.get(where).text
    assert "<strong>40 people</strong>" in page
    others = browser.client.get(f"{where}/others").text
    assert keyed("address", "h2")[:8] in others
    assert "the same network" in others
    add = {"reason": "the same network", "chosen": f"address:{keyed('address', 'h2')}"}
    assert browser.post(f"{where}/principals", **add).status_code == 303
    refused = browser.post(f"{where}/count")
    assert refused.status_code == 422
    assert "say why the figure is replaced" in refused.text
    assert browser.post(f"{where}/count", reason="a second address").status_code == 303
    assert browser.post(f"{where}/fields", name="name", mark="possible", reason="read from a cache").status_code == 303
    severity = {"context": "simple", "identification": "maximum", "confidentiality": "unknown_recipients"}
    assert browser.post(f"{where}/severity", reason="names", **severity).status_code == 303
    outside = {"what": "the list was taken off", "started": "2026-11-26T11:00", "effective": "2026-11-26T11:30"}
    assert browser.post(f"{where}/containment/outside", **outside).status_code == 303
    assert browser.post(f"{where}/evidence", reason="for counsel").status_code == 303
    assert browser.post(f"{where}/hold", until="2027-05-01", reason="a civil claim").status_code == 303
    assert browser.post(f"{where}/notes", text="called <b>the host</b>").status_code == 303
    blocked = browser.post(f"{where}/close", reason="done")
    assert blocked.status_code == 409
    assert "4 tasks are not done" in blocked.text
    for task in re.findall(rf"{where}/tasks/(\w+)/done", browser.client.get(where).text):
        assert browser.post(f"{where}/tasks/{task}/done", outcome="done").status_code == 303
    assert browser.post(f"{where}/lessons", change="sign-in for the list", kind="outside").status_code == 303
    page = browser.client.get(where).text
    assert "Nothing keeps it open." in page
    assert "called &lt;b&gt;the host&lt;/b&gt;" in page
    assert browser.post(f"{where}/close", reason="done").status_code == 303
    assert "by owner@example.org: done" in browser.client.get(where).text
    with services.database.reading() as session:
        assert session.scalars(select(Case.state)).one() == "closed"
        acts = set(session.scalars(select(Decision.act)))
    assert {"case.open", "case.count", "case.severity", "case.step", "case.evidence", "case.hold", "case.close"} <= acts


@pytest.mark.usefixtures("ledger")
def test_exports_are_csv_that_no_spreadsheet_takes_for_formulas(app: FastAPI) -> None:
    browser = sign_in(app, Role.OWNER)
    where = opened(browser)
    browser.post(f"{where}/count")
    browser.post(f"{where}/remarks", what="=HYPERLINK(1)", at="2026-11-26T11:00")
    people = list(csv.reader(io.StringIO(browser.client.get(f"{where}/people.csv").text)))
    assert people[0][:2] == ["person", "field"]
    assert len(people) == 41
    timeline = list(csv.reader(io.StringIO(browser.client.get(f"{where}/timeline.csv").text)))
    assert any(row[3] == "'=HYPERLINK(1)" for row in timeline)
    for part in ("fields", "principals", "tasks"):
        assert browser.client.get(f"{where}/{part}.csv").status_code == 200
    assert browser.client.get(f"{where}/secrets.csv").status_code == 404


@pytest.mark.usefixtures("ledger")
def test_an_auditor_sees_everything_and_changes_nothing(app: FastAPI) -> None:
    where = opened(sign_in(app, Role.OWNER))
    auditor = sign_in(app, Role.AUDITOR)
    page = auditor.client.get(where)
    assert page.status_code == 200
    forms = [f for f in re.findall(r'<form method="post" action="([^"]+)"', page.text) if f != "/sign-out"]
    assert forms == []
    assert auditor.post(f"{where}/notes", text="x").status_code == 403
    assert auditor.client.get("/cases/new").status_code == 403


@pytest.mark.usefixtures("ledger")
def test_an_address_is_opened_only_with_a_fresh_sign_in_and_by_whom_may(app: FastAPI, services: Services) -> None:
    browser = sign_in(app, Role.OWNER)
    where = opened(browser)
    principal = re.findall(rf"{where}/principals/(\w+)/open-address", browser.client.get(where).text)[0]
    counsel = sign_in(app, Role.COUNSEL)
    assert counsel.post(f"{where}/principals/{principal}/open-address", reason="who").status_code == 403
    services.clock.forward(minutes=11)  # type: ignore[attr-defined]
    stale = browser.post(f"{where}/principals/{principal}/open-address", reason="who")
    assert stale.status_code == 303
    assert "/sign-in/again" in stale.headers["location"]


@pytest.mark.usefixtures("ledger")
def test_the_list_filters_and_orders_and_says_when_nothing_fits(app: FastAPI) -> None:
    browser = sign_in(app, Role.OWNER)
    opened(browser, "100% of the people")
    opened(browser, "Something else")
    assert "Something else" not in browser.client.get("/cases", params={"q": "100%"}).text
    assert "No case is like this." in browser.client.get("/cases", params={"q": "%x%"}).text
    assert "No case is like this." in browser.client.get("/cases?severity=critical").text
    assert browser.client.get("/cases?state=all&order=opened&origin=person&mine=yes&page=9").status_code == 200


def test_a_case_that_is_not_there_is_said_so(app: FastAPI) -> None:
    browser = sign_in(app, Role.PRIVACY)
    assert browser.client.get("/cases/nothing").status_code == 404
    assert browser.post("/cases/nothing/notes", text="x").status_code == 404


@pytest.mark.usefixtures("ledger")
def test_a_step_against_a_principal_is_a_measure_of_the_edge(app: FastAPI, services: Services) -> None:
    browser = sign_in(app, Role.OWNER)
    where = opened(browser)
    target = f"address:{keyed('address', 'h')}"
    step = {"step": "refuse", "hours": "24", "reason": "it goes on", "targets": target}
    first = browser.post(f"{where}/containment", **step)
    assert first.status_code == 200
    assert "Ordinary visitors hit, estimated" in first.text
    assert MeasureTable(services.folder.path).read() == [], "nothing is decided before it was looked at"
    step["confirmed"] = "yes"
    assert browser.post(f"{where}/containment", **step).status_code == 303
    (measure,) = MeasureTable(services.folder.path).read()
    assert (measure.act, measure.level, measure.by) == (Act.REFUSE, "address", "owner@example.org")
    assert measure.why == "C-2026-0001: it goes on"
    page = browser.client.get(where).text
    # No edge runs here, so that it works has to be noted by hand.
    assert "not known to work yet" in page
    row = re.findall(rf"{where}/containment/(\w+)/effective", page)[0]
    assert browser.post(f"{where}/containment/{row}/effective", at="2026-11-26T12:00").status_code == 303
    assert "contained" in browser.client.get("/cases").text
    policy = browser.post(f"{where}/containment", **{**step, "step": "mask", "targets": "", "target": "field:email"})
    assert policy.status_code == 422
    assert "no policy is in force here" in policy.text.lower()
    assert browser.post(f"{where}/containment/{row}/end", reason="released").status_code == 303
    services.clock.forward(seconds=5)  # type: ignore[attr-defined]
    assert not any(m.holds(services.clock().timestamp()) for m in MeasureTable(services.folder.path).read())


@pytest.mark.usefixtures("ledger")
def test_two_who_write_the_summary_do_not_write_over_each_other(app: FastAPI) -> None:
    ann, bea = sign_in(app, Role.OWNER), sign_in(app, Role.PRIVACY)
    where = opened(ann)
    (read,) = re.findall(rf'{where}/describe">.*?name="read" value="(\w+)"', ann.client.get(where).text)
    assert bea.post(f"{where}/describe", title="A harvest", summary="by Bea", read=read).status_code == 303
    refused = ann.post(f"{where}/describe", title="A harvest", summary="by Ann", read=read)
    assert refused.status_code == 409
    assert "somebody changed this while you edited it" in refused.text.lower()
    assert "by Bea" in ann.client.get(where).text
    assert ann.post(f"{where}/describe", title="A harvest", summary="by both").status_code == 303


@pytest.mark.usefixtures("ledger")
def test_a_measure_of_a_step_that_was_not_taken_is_not_in_force(app: FastAPI, services: Services) -> None:
    browser = sign_in(app, Role.OWNER)
    where = opened(browser)
    both = [f"address:{keyed('address', 'h')}", "address:" + "0" * 24]
    asked: dict[str, str | list[str]] = {"reason": "it reads on", "hours": "4", "targets": both, "step": "refuse"}
    refused = browser.post(f"{where}/containment", **asked, confirmed="yes")
    assert refused.status_code == 422
    now = services.clock().timestamp()
    assert [m for m in MeasureTable(services.folder.path).read() if m.holds(now)] == []
    with services.database.reading() as session:
        assert session.scalars(select(Decision).where(Decision.act == "case.step")).all() == []


POLICY = """sites:
  - name: directory
    upstream: http://127.0.0.1:3000
    people:
      fields: {name: basic, email: contact}
      routes:
        - path: /members/{person}
          name: member
          kind: profile
          person: path
          fields: {name: {html: h1}, email: {html: .e}}
        - path: /members
          name: list
          kind: list
          person: {html: li, id: a, attribute: href}
          fields: {name: {html: a}}
"""


class Carries:
    """A gateway that has every measure of the table, and carries it out or only watches."""

    timeout_s = 0.1

    def __init__(self, services: Services) -> None:
        self.table = MeasureTable(services.folder.path)
        self.mode = "enforce"
        self.told = 0

    def ask(self, do: str, **_words: object) -> dict[str, object]:
        if do == "measures_reload":
            self.told += 1
            return {"sites": {}}
        rows = [{"id": m.id, "holds": True, "hits": 3, "last_ms": None, "known": True} for m in self.table.read()]
        return {"sites": [{"site": SITE, "mode": self.mode, "measures": rows}]}

    def answers(self) -> bool:
        return True


@pytest.fixture
def carried(services: Services) -> tuple[FastAPI, Services, Carries]:
    """The console beside a gateway with a policy in force."""
    services.folder.policy.write_text(json.dumps(load_text(POLICY.encode()).tables))
    edge = Carries(services)
    there = Services(services.database, services.folder, edge, services.clock)  # type: ignore[arg-type]
    return create_app(there), there, edge


@pytest.mark.usefixtures("ledger")
def test_every_level_is_taken_from_one_screen_and_its_times_are_measured(
    carried: tuple[FastAPI, Services, Carries],
) -> None:
    app, services, edge = carried
    browser = sign_in(app, Role.PRIVACY)
    where = opened(browser)
    services.clock.forward(minutes=10)  # type: ignore[attr-defined]
    for wide, what in (
        ("posture|site", "every route that shows people"),
        ("mask|field:email@member", "email"),
        ("close_route|route:list", "list"),
    ):
        asked = {"wide": wide, "hours": "12", "reason": "it goes on"}
        look = browser.post(f"{where}/containment", **asked)
        assert look.status_code == 200
        assert "Ordinary visitors hit, estimated" in look.text
        step, _, target = wide.partition("|")
        decided = {"step": step, "targets": target, "hours": "12", "reason": "it goes on", "confirmed": "yes"}
        assert browser.post(f"{where}/containment", **decided).status_code == 303
        assert any(what in m.whom for m in MeasureTable(services.folder.path).read())
    page = browser.client.get(where).text
    assert page.count("In force at the gateway now; met 3 requests") == 3
    assert "ordinary visitors were expected to be hit" in page
    answer = browser.client.get(f"/api/v1{where}/containment").json()
    assert (answer["to_first_s"], answer["to_full_s"]) == (600, 600)
    taken = {level["step"]: len(level["taken"]) for level in answer["levels"]}
    assert (taken["posture"], taken["mask"], taken["close_route"], taken["refuse"]) == (1, 1, 1, 0)
    assert "close_route|route:list" in answer["for_everybody"]
    reach = browser.client.get(
        f"/api/v1{where}/containment/reach", params={"step": "close_route", "target": "route:list"}
    )
    assert reach.json()[0]["target"] == "route:list"
    unlooked = {"step": "mask", "targets": ["field:name"], "hours": 1, "reason": "r"}
    headers = {"x-csrf-token": browser.csrf}
    assert browser.client.post(f"/api/v1{where}/containment", json=unlooked, headers=headers).status_code == 409
    looked = {**unlooked, "confirmed": True}
    assert browser.client.post(f"/api/v1{where}/containment", json=looked, headers=headers).status_code == 201
    gone = {**looked, "step": "close_route", "targets": ["route:nowhere"]}
    assert browser.client.post(f"/api/v1{where}/containment", json=gone, headers=headers).status_code == 422
    assert sign_in(app, Role.AUDITOR).client.get(where).text.count("In force at the gateway now") == 4
    assert edge.told


@pytest.mark.usefixtures("ledger")
def test_a_step_that_is_only_watched_works_from_when_the_gateway_carries_it_out(
    carried: tuple[FastAPI, Services, Carries],
) -> None:
    app, services, edge = carried
    edge.mode = "watch"
    browser = sign_in(app, Role.OWNER)
    where = opened(browser)
    decided = {"step": "close_route", "targets": "route:list", "hours": "12", "reason": "r", "confirmed": "yes"}
    assert browser.post(f"{where}/containment", **decided).status_code == 303
    page = browser.client.get(where).text
    assert "not known to work yet" in page
    assert "The site is in watch mode" in page
    assert case_rounds.note_what_works(services) == 0
    edge.mode = "enforce"
    services.clock.forward(minutes=5)  # type: ignore[attr-defined]
    assert case_rounds.note_what_works(services) == 1
    assert browser.client.get(f"/api/v1{where}/containment").json()["to_full_s"] == 300
    assert ">contained<" in browser.client.get("/cases").text.lower()


@pytest.mark.usefixtures("ledger")
def test_what_the_record_does_not_keep_is_not_in_force(
    carried: tuple[FastAPI, Services, Carries], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, services, edge = carried
    browser = sign_in(app, Role.OWNER)
    where = opened(browser)
    decided = {"step": "posture", "targets": "site", "hours": "12", "reason": "r", "confirmed": "yes"}
    assert browser.post(f"{where}/containment", **decided).status_code == 303
    before = MeasureTable(services.folder.path).read()

    def broken(*_args: object, **_more: object) -> None:
        raise RuntimeError("the disk is full")

    services.clock.forward(minutes=1)  # type: ignore[attr-defined]
    row = re.findall(rf"{where}/containment/(\w+)/end", browser.client.get(where).text)[0]
    monkeypatch.setattr("hedgerow.cases.core.containing.note_event", broken)
    told = edge.told
    for path, form in ((f"{where}/containment", decided), (f"{where}/containment/{row}/end", {"reason": "r"})):
        with pytest.raises(RuntimeError):
            browser.post(path, **form)
        assert MeasureTable(services.folder.path).read() == before
    assert edge.told >= told + 4, "the gateway is told of both, and of their end"


@pytest.mark.usefixtures("ledger")
def test_the_page_of_measures_decides_for_everybody_and_takes_it_back(
    carried: tuple[FastAPI, Services, Carries],
) -> None:
    app, services, _ = carried
    services.overviews.refresh()
    browser = sign_in(app, Role.ANALYST)
    assert "Close the route list" in browser.client.get("/measures").text
    asked = {"site": SITE, "decision": "close:list", "route": "", "lasting": "2d", "reason": "a harvest"}
    look = browser.post("/measures/everybody", **asked)
    assert "Nothing is decided yet" in look.text
    assert MeasureTable(services.folder.path).read() == []
    assert browser.post("/measures/everybody", **asked, confirmed="yes").status_code == 303
    page = browser.client.get("/measures").text
    assert "Everybody: the route list" in page
    (one,) = browser.client.get("/api/v1/measures").json()["measures"]
    assert (one["act"], one["route"], one["works"], one["level"]) == ("close", "list", True, "")
    assert browser.post("/measures/everybody", **{**asked, "decision": "close:nowhere"}).status_code == 422
    for role in (Role.PRIVACY, Role.AUDITOR):
        assert sign_in(app, role).post("/measures/everybody", **asked, confirmed="yes").status_code == 403
    headers = {"x-csrf-token": browser.csrf}
    wide = {"site": SITE, "act": "mask", "what": "email", "reason": "r"}
    assert browser.client.post("/api/v1/measures", json=wide, headers=headers).status_code == 409
    made = browser.client.post("/api/v1/measures", json={**wide, "confirmed": True}, headers=headers)
    assert made.status_code == 201
    assert browser.client.get("/api/v1/measures/reach", params={**wide, "route": ""}).json()["ledger"] is not None
    services.clock.forward(seconds=5)  # type: ignore[attr-defined]
    assert browser.post(f"/measures/{one['id']}/end", reason="over").status_code == 303
    assert [m.act for m in MeasureTable(services.folder.path).read() if m.holds(services.clock().timestamp())] == [
        Act.MASK
    ]
