"""What is due is told outside, once for each mark, over every kind of channel: under virtual time."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from console.filing_cases import Post, case_row
from console.signed_in import Clock
from hedgerow.console.access.actor import Actor
from hedgerow.console.decisions import record
from hedgerow.console.reminding import remind_of_dues, remind_of_measures
from hedgerow.console.rounds import Rounds
from hedgerow.console.services import Services
from hedgerow.measures.measure import Act, Measure
from hedgerow.measures.table import MeasureTable
from hedgerow.outward import delivering, guard, ocsf, webhook
from hedgerow.outward.delivering import Ways
from hedgerow.outward.settings import Outward
from hedgerow.store.models.appeals import Appeal
from hedgerow.store.models.cases import CaseTask
from hedgerow.store.models.outbox import Channel, OutboxMessage, Subscription
from hedgerow.store.models.reviews import Review

EVERY = ("review.due", "deadline.near", "deadline.missed", "measure.ending", "measure.ended")
BEGUN = datetime(2026, 9, 20, tzinfo=UTC)
"""When the first decision was recorded: months before are not reviewed."""


def channel(services: Services, kind: str = "mail", target: str = "team@club.example") -> str:
    with services.database.session() as session:
        row = Channel(name=kind, kind=kind, target=target, made_at=BEGUN, made_by="x")
        session.add(row)
        session.flush()
        for happening in EVERY:
            if not kind.startswith("ocsf") or happening in ocsf.TOLD:
                session.add(Subscription(channel_id=row.id, happening=happening, least="note"))
        return row.id


def told(services: Services) -> list[tuple[str, str]]:
    with services.database.reading() as session:
        rows = session.scalars(select(OutboxMessage).order_by(OutboxMessage.made_at, OutboxMessage.id))
        return [(m.kind, m.payload["title"]) for m in rows]


def begin(services: Services) -> None:
    with services.database.session() as session:
        record(session, Actor.system(), "user.add", "user:x", "", at=BEGUN)


# --- the review of the month


def test_a_review_is_announced_once_for_its_month_then_before_its_last_day_and_when_it_is_late(
    services: Services, clock: Clock
) -> None:
    begin(services)
    channel(services)
    moments = {}
    for start, hours in (("2026-09-30T23", 4), ("2026-10-13T22", 32), ("2026-10-31T22", 8)):
        clock.now = datetime.fromisoformat(f"{start}:00+00:00")
        for _ in range(hours):
            before = len(told(services))
            remind_of_dues(services)
            for kind, title in told(services)[before:]:
                moments[f"{clock.now:%m-%d %H}", kind] = title
            clock.forward(hours=1)
    reviews = {k: v for k, v in moments.items() if "Review" in v}
    assert reviews == {
        ("10-01 00", "review.due"): "Review of 2026-09: it waits",
        ("10-14 00", "deadline.near"): "Due soon: Review of 2026-09",
        ("10-14 20", "deadline.near"): "Due soon: Review of 2026-09",
        ("10-15 01", "deadline.missed"): "Late: Review of 2026-09",
        ("11-01 00", "review.due"): "Review of 2026-10: it waits",
    }


def test_a_signed_review_is_not_announced_any_more(services: Services, clock: Clock) -> None:
    begin(services)
    channel(services)
    clock.now = datetime(2026, 10, 2, tzinfo=UTC)
    assert remind_of_dues(services) == 1
    with services.database.session() as session:
        signed = {"digest": "d", "shown": {}, "conclusion": "x", "signed_by": "x", "signer_id": "x"}
        session.add(Review(month="2026-09", signed_at=clock(), **signed))
    clock.now = datetime(2026, 10, 16, tzinfo=UTC)
    remind_of_dues(services)
    assert [title for _, title in told(services)] == ["Review of 2026-09: it waits"]


def test_the_review_goes_out_with_its_deadline_over_every_kind_of_channel(
    services: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(services)
    channel(services)
    channel(services, "ocsf_file", "")
    for kind in ("webhook", "chat", "ocsf_webhook"):
        made = channel(services, kind, f"https://{kind.replace('_', '-')}.example/x")
        if kind != "chat":
            webhook.keep_secret(services.folder.path, made, webhook.new_secret())
    posted: dict[str, dict[str, Any]] = {}

    def post(url: str, body: bytes, _headers: dict[str, str], **_: object) -> int:
        posted[url] = json.loads(body)
        return 200

    monkeypatch.setattr(guard, "post", post)
    clock.now = datetime(2026, 10, 1, 8, tzinfo=UTC)
    mail = Post()
    Rounds(services)._dues()
    ways = Ways(services.folder.path, Outward(), mail, "https://console.example")
    assert delivering.deliver(services.database, ways, clock).sent == 5
    assert delivering.deliver(services.database, ways, clock).sent == 0
    (sent,) = mail.taken
    assert "By: 2026-10-15 00:00 UTC" in sent.text
    assert "https://console.example/status" in sent.text
    hook = posted["https://webhook.example/x"]
    assert hook["type"] == "review.due"
    assert hook["data"]["by"] == "2026-10-15T00:00:00+00:00"
    assert "By: 2026-10-15 00:00 UTC" in posted["https://chat.example/x"]["text"]
    (line,) = (services.folder.path / ocsf.FILE).read_text().splitlines()
    for event in (json.loads(line), posted["https://ocsf-webhook.example/x"]):
        assert event["class_uid"] == 2003
        assert event["compliance"]["control"] == "review.due"
        assert event["compliance"]["status_details"] == ["by 2026-10-15T00:00:00+00:00"]


# --- tasks, appeals


def test_a_task_and_an_appeal_are_announced_without_what_somebody_typed(services: Services, clock: Clock) -> None:
    channel(services)
    due = clock() + timedelta(days=2)
    with services.database.session() as session:
        session.add(
            CaseTask(
                case_id=case_row(session),
                title="Ring Ann Example on +44 7700 900000",
                due_at=due,
                assignee_id=None,
                made_at=clock(),
                made_by="x",
                done_at=None,
                done_by=None,
            )
        )
        session.add(appeal(clock, due))
    for _ in range(60):
        remind_of_dues(services)
        clock.forward(hours=1)
    found = Counter(told(services))
    assert set(found.values()) <= {1, 2}
    assert {title for _, title in found} == {
        "Due soon: A task of a case",
        "Late: A task of a case",
        "Due soon: Appeal A-2026-0001: answer",
        "Late: Appeal A-2026-0001: answer",
    }
    assert found["deadline.near", "Due soon: A task of a case"] == 2, "a day and four hours before"
    with services.database.reading() as session:
        whole = json.dumps([m.payload for m in session.scalars(select(OutboxMessage))])
        cases = {m.payload["case"] for m in session.scalars(select(OutboxMessage)) if "task" in m.payload["title"]}
    assert "Ann" not in whole
    assert cases == {"C-2026-0001"}


def appeal(clock: Clock, answer_by: datetime) -> Appeal:
    return Appeal(
        letter_id="x",
        number="A-2026-0001",
        site="club",
        reference=None,
        received_at=clock(),
        taken_up_at=clock(),
        answer_by=answer_by,
        lane="visitor",
        asn=None,
        aid=False,
        no_script=False,
        names={},
        sealed_text=None,
        sealed_reply=None,
        verdict=None,
        outcome=None,
        answered_at=None,
        answered_by=None,
        mailed_at=None,
        measure_id=None,
        erase_after=answer_by,
        erased_at=None,
    )


# --- measures


def measure(clock: Clock, identifier: str = "m-1", hours: float = 100, act: Act = Act.REFUSE) -> Measure:
    at = int(clock().timestamp())
    return Measure(identifier, "club", "address", "1f0c9a7be2d4a1b2", act, at, at + int(hours * 3_600))


def test_a_measure_is_told_before_it_ends_by_itself_and_when_it_has(services: Services, clock: Clock) -> None:
    channel(services)
    table = MeasureTable(services.folder.path)
    table.set(measure(clock), int(clock().timestamp()))
    start, when = clock(), {}
    for _ in range(110):
        before = len(told(services))
        remind_of_measures(services)
        for kind, _title in told(services)[before:]:
            when[kind] = round((clock() - start) / timedelta(hours=1))
        clock.forward(hours=1)
    assert when == {"measure.ending": 90, "measure.ended": 100}
    with services.database.reading() as session:
        whole = json.dumps([m.payload for m in session.scalars(select(OutboxMessage))])
    assert "1f0c9a7b" not in whole


def test_a_measure_that_somebody_ended_is_not_told_to_have_ended_by_itself(services: Services, clock: Clock) -> None:
    channel(services)
    table = MeasureTable(services.folder.path)
    table.set(measure(clock), int(clock().timestamp()))
    clock.forward(hours=95)
    assert remind_of_measures(services) == 1
    table.end("m-1", int(clock().timestamp()))
    for _ in range(10):
        clock.forward(hours=1)
        assert remind_of_measures(services) == 0
    assert [kind for kind, _ in told(services)] == ["measure.ending"]
