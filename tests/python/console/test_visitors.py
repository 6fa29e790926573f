"""Appeals: taken up once, answered by a person, wrong ones released and learnt from, all of it erased on schedule."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from case_world import SITE, keyed
from console.signed_in import START, Clock, SignedIn, sign_in
from console.watched_world import EdgeThatSays, watched
from hedgerow.appeals.rates import rates, share, shown
from hedgerow.console import intake_round
from hedgerow.console.access.roles import Role
from hedgerow.console.rounds import Rounds
from hedgerow.console.services import Services
from hedgerow.ledger.questions.stopped import Stopped
from hedgerow.measures import Act, MeasureTable
from hedgerow.outward.smtp import Mail, NotNowError
from hedgerow.store.models.appeals import Appeal, AppealExample

REFERENCE = "4F7K-92MA-0XQT"
VERDICT = {
    "site": SITE,
    "reference": REFERENCE,
    "at_ms": int(START.timestamp() * 1000),
    "action": "prove",
    "mode": "enforce",
    "lane": "visitor",
    "route": "member",
    "status": 403,
    "people_shown": 0,
    "reasons": [{"code": "signal.cookie_not_kept", "weight": 10, "detail": "3 of 3", "sentence": "Kept no cookie."}],
}


def put(state: Path, number: int = 1, **more: object) -> Path:
    """A letter as the edge leaves it."""
    data: dict[str, Any] = {
        "format": 1,
        "kind": "appeal",
        "id": f"{number:032x}",
        "site": SITE,
        "at_ms": int(START.timestamp() * 1000) - 60_000,
        "number": "7K3M-Q2ZD-90XF",
        "reply": "eve@example.org",
        "reference": REFERENCE,
        "message": "I use a reader <script>alert(1)</script>",
        "aid": "yes",
        "no_script": "",
        "lane": "visitor",
        "asn": 64_500,
        "names": {
            "address": keyed("address", "v"),
            "network": keyed("network", "v"),
            "session": keyed("session", "v"),
            "account": None,
            "client": None,
        },
        **more,
    }
    folder = state / "intake"
    folder.mkdir(exist_ok=True)
    path = folder / f"{data['at_ms']:013d}-{data['id']}.json"
    path.write_text(json.dumps(data) + "\n")
    return path


def report(state: Path) -> None:
    """A report of leaked information, as the edge leaves it."""
    path = put(state, 99)
    data = {k: v for k, v in json.loads(path.read_text()).items() if k in {"format", "id", "site", "at_ms", "number"}}
    path.write_text(
        json.dumps({**data, "kind": "report", "reply": "", "where": "a forum", "since": "", "records": ""}) + "\n"
    )


@pytest.fixture
def world(services: Services) -> tuple[FastAPI, EdgeThatSays, Services]:
    """A console, its gateway that can explain the verdict, and one letter that waits."""
    app, edge = watched(services)
    edge.explained = {REFERENCE: VERDICT}
    put(services.folder.path)
    return app, edge, app.state.services


def appealed(browser: SignedIn) -> str:
    """Identifier of the one appeal that waits."""
    found: list[dict[str, Any]] = browser.client.get("/api/v1/visitors").json()["appeals"]
    return str(found[0]["id"])


def test_a_wrongly_stopped_visitor_is_answered_and_released(
    world: tuple[FastAPI, EdgeThatSays, Services],
) -> None:
    app, _, services = world
    report(services.folder.path)
    Rounds(services).once()
    put(services.folder.path)
    intake_round.take_up(services)
    assert list((services.folder.path / "intake").glob("*.json")) == []
    browser = sign_in(app, Role.ANALYST)
    assert browser.client.get("/api/v1/claims").json()["total"] == 1, "a report is a claim"
    appeal = appealed(browser)
    assert browser.client.get("/api/v1/visitors").json()["total"] == 1, "the same letter is one appeal"
    assert "Appeal 7K3M-Q2ZD-90XF: answer" in browser.client.get("/").text
    page = browser.client.get(f"/visitors/{appeal}").text
    assert "I use a reader &lt;script&gt;" in page
    assert "Kept no cookie." in page
    assert "AS64500" in page
    auditor = sign_in(app, Role.AUDITOR)
    assert 'action="/visitors/' not in auditor.client.get(f"/visitors/{appeal}").text
    assert browser.post(f"/visitors/{appeal}/answer", outcome="wrong", words="", reason="x").status_code == 422
    form = {"outcome": "wrong", "words": "Sorry.", "reason": "x"}
    assert browser.post(f"/visitors/{appeal}/answer", level="account", **form).status_code == 422
    assert browser.post(f"/visitors/{appeal}/answer", lasting="9y", **form).status_code == 422
    assert MeasureTable(services.folder.path).read() == []
    done = browser.post(
        f"/visitors/{appeal}/answer", outcome="wrong", words="We are sorry.", reason="a reader keeps no cookie"
    )
    assert done.status_code == 303
    (measure,) = MeasureTable(services.folder.path).read()
    assert (measure.act, measure.level, measure.name) == (Act.RELEASE, "session", keyed("session", "v"))
    page = browser.client.get(f"/visitors/{appeal}").text
    assert "We are sorry." in page
    assert "no mail server is set" in page
    again = browser.post(f"/visitors/{appeal}/answer", outcome="upheld", words="no", reason="no")
    assert again.status_code == 409
    (example,) = [json.loads(line) for line in browser.client.get("/visitors/examples.jsonl").text.splitlines()]
    assert example["label"] == "ordinary"
    assert example["signals"] == [{"code": "signal.cookie_not_kept", "weight": 10}]
    assert example["features"]["aid"] is True
    whole = json.dumps(example)
    assert "eve@" not in whole
    assert keyed("session", "v") not in whole
    assert "appeal.answer" in browser.client.get("/decisions").text


def test_an_upheld_verdict_releases_nobody_and_words_go_on_schedule(
    world: tuple[FastAPI, EdgeThatSays, Services], clock: Clock
) -> None:
    app, _, services = world
    intake_round.take_up(services)
    browser = sign_in(app, Role.OWNER)
    appeal = appealed(browser)
    token = {"X-CSRF-Token": browser.csrf}
    body = {"outcome": "upheld", "words": "It was right.", "reason": "it read all of them"}
    answered = browser.client.post(f"/api/v1/visitors/{appeal}/answer", json=body, headers=token)
    assert answered.status_code == 200, answered.text
    assert MeasureTable(services.folder.path).read() == []
    document = browser.client.get(f"/api/v1/visitors/{appeal}")
    assert document.json()["outcome"] == "upheld"
    assert "reader" not in document.text, "what somebody wrote stands on the page alone"
    clock.forward(days=91)
    assert intake_round.erase_due(services) == 1
    with services.database.reading() as session:
        row = session.get(Appeal, appeal)
        assert row is not None
        assert (row.sealed_text, row.sealed_reply, row.names) == (None, None, {})
        assert session.query(AppealExample).count() == 0
    later = sign_in(app, Role.OWNER, name="later@example.org")
    assert "on schedule" in later.client.get(f"/visitors/{appeal}").text


@dataclass
class Post:
    """A mail server that may say `later`."""

    later: bool = True
    sent: list[Mail] = field(default_factory=list)
    domain: str = "example.org"

    @contextmanager
    def open(self) -> Iterator[Post]:
        """Itself."""
        yield self

    def send(self, mail: Mail, now: datetime) -> str:  # noqa: ARG002 - the face of a connection
        """Takes a mail, or not."""
        if self.later:
            raise NotNowError("try later")
        self.sent.append(mail)
        return "accepted"


def test_an_answer_waits_for_the_mail_server(
    world: tuple[FastAPI, EdgeThatSays, Services], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, _, services = world
    post = Post()
    monkeypatch.setattr("hedgerow.console.visitor_desk.mailer_of", lambda _: post)
    intake_round.take_up(services)
    browser = sign_in(app, Role.OWNER)
    appeal = appealed(browser)
    form = {"outcome": "partly", "words": "Half of it.", "reason": "half"}
    assert browser.post(f"/visitors/{appeal}/answer", **form).status_code == 303
    assert "waits for the mail server" in browser.client.get(f"/visitors/{appeal}").text
    post.later = False
    assert intake_round.send_answers(services, post) == 1
    assert intake_round.send_answers(services, post) == 0, "once"
    assert [(m.to, m.text) for m in post.sent] == [("eve@example.org", "Half of it.")]


def test_nothing_waits_for_the_mail_server_and_a_crash_leaves_the_answer_to_the_next_round(
    world: tuple[FastAPI, EdgeThatSays, Services], monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    app, _, services = world
    post = Post(later=False)
    intake_round.take_up(services)
    appeal = appealed(sign_in(app, Role.OWNER))
    with services.database.session() as session:
        row = session.get_one(Appeal, appeal)
        row.state, row.mail, row.answer, row.message_id = "answered", "to_send", "Half of it.", "<a@example.org>"

    class DiedError(Exception):
        """The console was killed."""

    def meanwhile(mail: Mail, now: datetime) -> str:
        assert intake_round.send_answers(services, post) == 0, "another console sends it no second time"
        with services.database.session() as session:
            session.get_one(Appeal, appeal).reason = "written while the server thinks"
        raise DiedError

    with monkeypatch.context() as patched:
        patched.setattr(post, "send", meanwhile)
        with pytest.raises(DiedError):
            intake_round.send_answers(services, post)
    assert intake_round.send_answers(services, post) == 0, "nobody knows yet whether it went"
    clock.forward(minutes=11)
    assert intake_round.send_answers(services, post) == 1
    assert [m.message_id for m in post.sent] == ["<a@example.org>"], "a repeat is known by its identifier"


def test_a_network_number_of_32_bits_stops_no_letter(world: tuple[FastAPI, EdgeThatSays, Services]) -> None:
    app, _, services = world
    put(services.folder.path, 2, asn=4_294_967_294)
    assert intake_round.take_up(services).letters == 2
    asn = {a["asn"] for a in sign_in(app, Role.AUDITOR).client.get("/api/v1/visitors").json()["appeals"]}
    assert asn == {64_500, 4_294_967_294}


def test_rates_are_bounds_and_small_numbers_are_not_shown(world: tuple[FastAPI, EdgeThatSays, Services]) -> None:
    app, _, services = world
    assert [shown(n) for n in (0, 1, 4, 5)] == [0, None, None, 5]
    assert share(4, 100) is None
    assert share(3, 3) is None
    assert share(0, 100) == 0.0
    for n in range(2, 9):
        # The last two are of one visitor.
        who = {
            "address": None,
            "network": None,
            "session": keyed("session", min(n, 7)),
            "account": None,
            "client": None,
        }
        put(services.folder.path, n, names=who)
    intake_round.take_up(services)
    with services.database.session() as session:
        for row in session.query(Appeal):
            row.outcome, row.state = "wrong", "answered"
        found = rates(
            session, SITE, datetime(2026, 11, 1, tzinfo=START.tzinfo), [Stopped("visitor", 100, 40, 3, 30, 2)]
        )
    (lane,) = found.lanes
    assert (lane.challenged, lane.refused, lane.appeals) == (100, None, 8)
    assert (lane.false_challenge_at_least, lane.false_challenge_at_most) == (0.07, 0.4)
    assert lane.false_refusal_at_least is None
    assert dict(found.ways) == {"with JavaScript": 30, "without JavaScript, by waiting": None}
    assert [(c.name, c.appeals, c.wrong_share) for c in found.networks] == [("AS64500", 8, 1.0)]
    assert {c.name: c.appeals for c in found.kinds}["with a screen reader or another aid"] == 8
    browser = sign_in(app, Role.AUDITOR)
    page = browser.client.get("/visitors?state=all").text
    assert "AS64500" in page
    assert "False challenges, at least" in page
    told = browser.client.get("/api/v1/visitors/rates", params={"site": SITE}).json()
    assert told["definitions"]["Fewer than 5"]
    assert browser.client.get("/visitors/unknown").status_code == 404
