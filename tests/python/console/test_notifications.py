"""Notifications: told once, to whom it was wished, again after a failure; the page, the figures, the traces."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select
from starlette.testclient import TestClient

from console.filing_cases import Post, case_row
from console.signed_in import Clock, sign_in
from hedgerow.console import notification_acts as acts
from hedgerow.console.access.actor import Actor
from hedgerow.console.access.roles import Role
from hedgerow.console.app import create_app
from hedgerow.console.decisions import record
from hedgerow.console.rounds import Rounds
from hedgerow.console.services import Services
from hedgerow.console.settings import ConsoleSettings
from hedgerow.console.telling_others import ACTS, Teller
from hedgerow.outward import delivering, guard, ocsf, settings, tracing, webhook
from hedgerow.outward.announcing import announce
from hedgerow.outward.delivering import Ways
from hedgerow.outward.happenings import KINDS, Happening
from hedgerow.outward.metrics import METRICS
from hedgerow.outward.settings import Outward, OutwardError
from hedgerow.store.database import Database
from hedgerow.store.models.cases import Case
from hedgerow.store.models.outbox import Channel, OutboxMessage, Subscription
from hedgerow.store.models.trail import Decision

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def _happening(**changed: Any) -> Happening:
    whole: dict[str, Any] = {
        "id": "h1",
        "kind": "case.opened",
        "at": NOW,
        "title": "A case was opened",
        "severity": "high",
        "decide": "Contain it",
        "case": "C-2026-0001",
        "path": "/cases/x",
    }
    return Happening(**{**whole, **changed})


def _channel(database: Database, kind: str = "mail", target: str = "team@club.example", least: str = "medium") -> str:
    with database.session() as session:
        row = Channel(name=f"{kind} {target}", kind=kind, target=target, made_at=NOW, made_by="x")
        session.add(row)
        session.flush()
        session.add(Subscription(channel_id=row.id, happening="case.opened", least=least))
        return row.id


def _outbox(database: Database) -> list[tuple[str, int, str]]:
    with database.reading() as session:
        rows = session.scalars(select(OutboxMessage).order_by(OutboxMessage.made_at, OutboxMessage.id))
        return [(m.state, m.attempts, m.error) for m in rows]


# --- who is told what


def test_only_channels_that_wish_it_are_told_and_once(database: Database) -> None:
    _channel(database)
    _channel(database, target="critical@club.example", least="critical")
    with database.session() as session:
        assert announce(session, _happening()) == 1
        assert announce(session, _happening()) == 0
        assert announce(session, _happening(id="h2", kind="case.closed")) == 0
    assert len(_outbox(database)) == 1


def test_what_is_rolled_back_was_never_announced(database: Database) -> None:
    _channel(database)

    def act() -> None:
        with database.session() as session:
            announce(session, _happening())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        act()
    assert _outbox(database) == []


def test_a_channel_that_is_off_is_told_nothing(database: Database) -> None:
    channel = _channel(database)
    with database.session() as session:
        session.get_one(Channel, channel).disabled_at = NOW
        assert announce(session, _happening()) == 0


def test_acts_of_the_trail_are_told_once_and_without_what_somebody_typed(
    database: Database, services: Services
) -> None:
    with database.session() as session:
        channel = Channel(name="team", kind="mail", target="team@club.example", made_at=NOW, made_by="x")
        session.add(channel)
        session.flush()
        for kind in ("case.opened", "claim.received", "alarm.coverage"):
            session.add(Subscription(channel_id=channel.id, happening=kind, least="note"))
        case_id = case_row(session)
        session.get_one(Case, case_id).origin = "rule"
        session.flush()
        for act, subject in (
            ("case.open", f"case:{case_id}"),
            ("case.note", f"case:{case_id}"),
            ("claim.receive", "claim:x"),
        ):
            record(session, Actor.system(), act, subject, "Ann Example of ann@people.example said so", at=NOW)
    teller = Teller(services)
    assert teller.once() == 2
    assert teller.once() == 0
    # A console that was started anew looks back, and tells nothing twice.
    assert Teller(services).once() == 2
    with database.reading() as session:
        said = [(m.kind, m.payload["case"]) for m in session.scalars(select(OutboxMessage))]
        whole = json.dumps([m.payload for m in session.scalars(select(OutboxMessage))])
    assert sorted(said, key=str) == [
        ("alarm.coverage", "C-2026-0001"),
        ("case.opened", "C-2026-0001"),
        ("claim.received", None),
    ]
    assert "Ann" not in whole


@pytest.mark.parametrize("second", [False, True])
def test_a_change_of_the_policy_is_told_where_it_waits_for_a_second_person(
    database: Database, services: Services, second: bool
) -> None:
    with database.session() as session:
        channel = Channel(name="team", kind="mail", target="team@club.example", made_at=NOW, made_by="x")
        session.add(channel)
        session.flush()
        session.add(Subscription(channel_id=channel.id, happening="policy.waiting", least="note"))
        record(session, Actor.system(), "policy.propose", "policy:x", "Ann said so", at=NOW)
    asked = replace(services, settings=ConsoleSettings(two_person_policy=second))
    assert Teller(asked).once() == second
    with database.reading() as session:
        assert [m.payload["path"] for m in session.scalars(select(OutboxMessage))] == ["/policy"] * second


def test_every_act_that_is_told_has_a_kind() -> None:
    assert {says.kind for says in ACTS.values()} <= set(KINDS)


def test_a_gateway_that_stops_answering_is_told_once(
    database: Database, services: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.session() as session:
        channel = Channel(name="team", kind="ocsf_file", target="", made_at=NOW, made_by="x")
        session.add(channel)
        session.flush()
        session.add(Subscription(channel_id=channel.id, happening="edge.down", least="low"))
    answers = iter([False, True, True, False, False, True])
    monkeypatch.setattr(type(services.control), "answers", lambda _: next(answers))
    rounds = Rounds(services)
    told = []
    for _ in range(6):
        rounds._edge()
        clock.forward(seconds=31)
        told.append(len(_outbox(database)))
    assert told == [0, 0, 0, 1, 1, 1]


# --- delivery


def test_a_mail_says_what_happened_and_leads_into_the_console(database: Database, tmp_path: Path) -> None:
    _channel(database)
    post, clock = Post(), Clock(NOW)
    with database.session() as session:
        announce(session, _happening(by=NOW + timedelta(hours=4)))
    ways = Ways(tmp_path, Outward(), post, "https://console.example")
    assert delivering.deliver(database, ways, clock).sent == 1
    (mail,) = post.taken
    assert mail.subject == "[Hedgerow] C-2026-0001: A case was opened"
    assert "To decide: Contain it" in mail.text
    assert "By: 2026-11-26 16:00 UTC" in mail.text
    assert "https://console.example/cases/x" in mail.text
    assert delivering.deliver(database, ways, clock).sent == 0


def test_what_fails_is_tried_again_later_and_later_and_then_given_up(database: Database, tmp_path: Path) -> None:
    _channel(database)
    post, clock = Post(down=True), Clock(NOW)
    with database.session() as session:
        announce(session, _happening())
    ways = Ways(tmp_path, Outward(), post)
    waits = []
    for _ in range(delivering.MOST_ATTEMPTS):
        assert sum(vars(delivering.deliver(database, ways, clock)).values()) == 1
        with database.reading() as session:
            row = session.scalars(select(OutboxMessage)).one()
            waits.append(row.next_at - clock())
            clock.now = row.next_at
    assert waits[:4] == [timedelta(seconds=s) for s in (30, 60, 120, 240)]
    assert _outbox(database) == [("failed", delivering.MOST_ATTEMPTS, "nobody answers")]


def test_a_crash_while_sending_is_sent_again_under_the_same_identifier(database: Database, tmp_path: Path) -> None:
    _channel(database)
    post, clock = Post(crash="after"), Clock(NOW)
    with database.session() as session:
        announce(session, _happening())
    ways = Ways(tmp_path, Outward(), post)
    with pytest.raises(KeyboardInterrupt):
        delivering.deliver(database, ways, clock)
    assert delivering.deliver(database, ways, clock).sent == 0
    clock.now += delivering.LEASE
    assert delivering.deliver(database, ways, clock).sent == 1
    assert len(post.ids) == 2
    assert len(set(post.ids)) == 1


def test_a_webhook_that_leads_inside_is_given_up_at_once(database: Database, tmp_path: Path) -> None:
    channel = _channel(database, "webhook", "https://hooks.example/x")
    webhook.keep_secret(tmp_path, channel, webhook.new_secret())
    with database.session() as session:
        announce(session, _happening())
    ways = Ways(tmp_path, Outward(), resolve=lambda *_: ["169.254.169.254"])
    assert delivering.deliver(database, ways, Clock(NOW)).failed == 1
    assert "private or special network" in _outbox(database)[0][2]


def test_a_webhook_carries_its_three_headers(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = _channel(database, "webhook", "https://hooks.example/x")
    secret = webhook.new_secret()
    webhook.keep_secret(tmp_path, channel, secret)
    taken: list[tuple[bytes, dict[str, str]]] = []
    answers = [503, 200]

    def posted(_url: str, body: bytes, headers: dict[str, str], **_: object) -> int:
        taken.append((body, headers))
        return answers[len(taken) - 1]

    monkeypatch.setattr(guard, "post", posted)
    with database.session() as session:
        announce(session, _happening())
    clock = Clock(NOW)
    ways = Ways(tmp_path, Outward())
    assert delivering.deliver(database, ways, clock).later == 1
    clock.forward(seconds=30)
    assert delivering.deliver(database, ways, clock).sent == 1
    ids = {webhook.verify(secret, headers, body, clock()) for body, headers in taken}
    assert len(ids) == 1
    assert json.loads(taken[0][0])["data"]["case"] == "C-2026-0001"


def test_a_receiver_that_is_gone_is_left_alone(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _channel(database, "chat", "https://hooks.example/x")
    monkeypatch.setattr(guard, "post", lambda *_, **__: 410)
    with database.session() as session:
        announce(session, _happening())
    assert delivering.deliver(database, Ways(tmp_path, Outward()), Clock(NOW)).failed == 1


def test_events_go_into_their_file(database: Database, tmp_path: Path) -> None:
    _channel(database, "ocsf_file", "")
    with database.session() as session:
        announce(session, _happening())
    delivering.deliver(database, Ways(tmp_path, Outward()), Clock(NOW))
    (line,) = (tmp_path / ocsf.FILE).read_text().splitlines()
    assert json.loads(line)["finding_info"]["uid"] == "C-2026-0001"


def test_the_outbox_is_cleaned(database: Database) -> None:
    _channel(database)
    with database.session() as session:
        announce(session, _happening())
        session.scalars(select(OutboxMessage)).one().state = "sent"
        assert delivering.clean(session, NOW + timedelta(days=30)) == 0
        assert delivering.clean(session, NOW + timedelta(days=31)) == 1


# --- the page


def test_an_owner_adds_a_channel_chooses_and_tries_it(
    app: FastAPI, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = sign_in(app, Role.OWNER)
    post = Post()
    monkeypatch.setattr(acts, "ways", lambda s: Ways(s.folder.path, Outward(), post))
    added = owner.post("/notifications", name="Team", kind="mail", target="team@club.example")
    assert added.status_code == 303
    where = added.headers["location"]
    assert owner.post(where, **{"least.case.opened": "high", "least.deadline.near": "low"}).status_code == 303
    assert owner.post(f"{where}/test").status_code == 303
    assert [m.to for m in post.taken] == ["team@club.example"]
    assert "The test message has left" in owner.client.get(where).text
    assert owner.post(f"{where}/switch", state="off").status_code == 303
    document = owner.client.get("/api/v1/notifications").json()
    assert document["channels"][0]["least"] == {"case.opened": "high", "deadline.near": "low"}
    assert document["channels"][0]["disabled_at"]
    assert owner.post(f"{where}/remove").status_code == 303
    with services.database.reading() as session:
        assert session.scalars(select(Channel)).all() == []
        assert session.scalars(select(Decision.act).order_by(Decision.number)).all() == [
            "channel.add",
            "channel.subscribe",
            "channel.test",
            "channel.disable",
            "channel.remove",
        ]


def test_the_secret_of_a_webhook_is_shown_once_and_lies_in_a_file(app: FastAPI, services: Services) -> None:
    owner = sign_in(app, Role.OWNER)
    shown = owner.post("/notifications", name="SIEM", kind="webhook", target="https://hooks.example/T0/secret-path")
    assert "whsec_" in shown.text
    with services.database.reading() as session:
        channel = session.scalars(select(Channel)).one().id
    assert (services.folder.path / webhook.FOLDER / channel).stat().st_mode & 0o777 == 0o600
    for path in ("/notifications", f"/notifications/{channel}", "/api/v1/notifications"):
        text = owner.client.get(path).text
        assert "whsec_" not in text
        assert "secret-path" not in text


@pytest.mark.parametrize(
    ("kind", "target", "said"),
    [
        ("mail", "team", "no @"),
        ("webhook", "http://hooks.example/", "without TLS"),
        ("chat", "https://u:p@hooks.example/", "user and a password"),
        ("pager", "x", "no such kind"),
    ],
)
def test_what_cannot_be_told_is_not_added(app: FastAPI, kind: str, target: str, said: str) -> None:
    answer = sign_in(app, Role.OWNER).post("/notifications", name="x", kind=kind, target=target)
    assert answer.status_code == 422
    assert said in answer.text


def test_events_are_findings_and_deadlines_and_nothing_else(app: FastAPI) -> None:
    owner = sign_in(app, Role.OWNER)
    where = owner.post("/notifications", name="x", kind="ocsf_file").headers["location"]
    assert owner.post(where, **{"least.mailing.done": "low"}).status_code == 422
    assert owner.post(where, **{"least.case.opened": "note", "least.review.due": "low"}).status_code == 303


@pytest.mark.parametrize("role", [Role.ANALYST, Role.PRIVACY, Role.COUNSEL, Role.AUDITOR])
def test_others_look_and_change_nothing(app: FastAPI, services: Services, role: Role) -> None:
    channel = _channel(services.database)
    person = sign_in(app, role)
    assert person.client.get("/notifications").status_code == 200
    assert person.client.get(f"/notifications/{channel}").status_code == 200
    for path in ("", "/test", "/switch", "/secret", "/remove"):
        assert person.post(f"/notifications/{channel}{path}", state="off").status_code == 403


def test_a_test_message_that_fails_says_why(app: FastAPI, services: Services) -> None:
    channel = _channel(services.database)
    owner = sign_in(app, Role.OWNER)
    owner.post(f"/notifications/{channel}/test")
    assert "no mail server is configured" in owner.client.get(f"/notifications/{channel}").text


# --- figures


def _loopback(app: FastAPI, address: str = "127.0.0.1") -> TestClient:
    return TestClient(app, base_url="http://127.0.0.1:8799", client=(address, 50_000))


def test_the_figures_are_there_for_this_machine_and_name_nobody(app: FastAPI, services: Services) -> None:
    with services.database.session() as session:
        case_row(session)
    _channel(services.database)
    with services.database.session() as session:
        announce(session, _happening())
    answer = _loopback(app).get("/metrics")
    assert answer.status_code == 200
    found = {f.name: f for f in text_string_to_metric_families(answer.text)}
    assert set(found) <= set(METRICS)
    assert found["hedgerow_edge_up"].samples[0].value == 0
    assert [(s.labels, s.value) for s in found["hedgerow_cases_open"].samples] == [({"severity": "none"}, 1.0)]
    assert [(s.labels, s.value) for s in found["hedgerow_outbox_messages"].samples] == [({"state": "waiting"}, 1.0)]
    allowed = {"site", "lane", "verdict", "severity", "what", "state", "source"}
    assert {label for f in found.values() for s in f.samples for label in s.labels} <= allowed
    assert {label for m in METRICS.values() for label in m.labels} <= allowed


def test_others_get_no_figures_without_a_token(app: FastAPI, services: Services) -> None:
    assert _loopback(app, "192.0.2.7").get("/metrics").status_code == 401
    assert _loopback(app).get("/metrics", headers={"x-forwarded-for": "192.0.2.7"}).status_code == 401
    behind = create_app(replace(services, settings=ConsoleSettings(https=True)))
    assert _loopback(behind).get("/metrics").status_code == 401


def test_a_token_opens_the_figures_from_anywhere(app: FastAPI, services: Services, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a-long-token\n")
    token.chmod(0o600)
    (services.folder.path / settings.FILE).write_text(f'[metrics]\ntoken_file = "{token}"\n')
    far = _loopback(app, "192.0.2.7")
    assert far.get("/metrics", headers={"authorization": "Bearer a-long-token"}).status_code == 200
    assert far.get("/metrics", headers={"authorization": "Bearer another"}).status_code == 401
    assert _loopback(app).get("/metrics").status_code == 401


# --- traces


def test_traces_are_off_unless_configured(app: FastAPI) -> None:
    assert tracing.traced(app, "", "1") is app


def test_a_trace_has_the_route_and_no_identifier(app: FastAPI, services: Services) -> None:
    export = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    exporter = export.InMemorySpanExporter()
    with services.database.session() as session:
        case_id = case_row(session)
    person = sign_in(app, Role.OWNER)
    watched = TestClient(tracing.traced(app, "", "1", exporter), base_url="http://127.0.0.1:8799")
    watched.cookies = person.client.cookies
    assert watched.get(f"/notices/cases/{case_id}?q=secret").status_code == 200
    (span,) = exporter.get_finished_spans()
    assert span.name == "GET /notices/cases/{case_id}"
    assert span.attributes["http.response.status_code"] == 200
    said = f"{span.name} {dict(span.attributes)}"
    assert case_id not in said
    assert "secret" not in said


def test_traces_without_the_extra_say_what_to_install(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr("importlib.import_module", missing)
    with pytest.raises(OutwardError, match="hedgerow\\[otel\\]"):
        tracing.traced(app, "http://127.0.0.1:4318/v1/traces", "1")
