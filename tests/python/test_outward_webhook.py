"""Webhooks: signed as the standard says, to where they may go and nowhere else; chat and events."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.outward import chat, guard, ocsf, webhook
from hedgerow.outward.guard import RefusedTargetError
from hedgerow.outward.happenings import KINDS, SEVERITIES, Happening, HappeningError, from_data
from hedgerow.outward.settings import OutwardError
from hedgerow.outward.webhook import SignatureError

NOW = datetime(2026, 11, 26, 18, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def happening(kind: str = "case.opened", **changed: Any) -> Happening:
    whole: dict[str, Any] = {
        "id": "h1",
        "kind": kind,
        "at": NOW,
        "title": "A case was opened: one client read 900 people in an hour",
        "severity": "high",
        "decide": "Contain it, or say why not",
        "by": NOW + timedelta(hours=4),
        "case": "C-2026-0001",
        "path": "/cases/abc",
        "site": "club",
    }
    return Happening(**{**whole, **changed})


# --- what may be told


@pytest.mark.parametrize(
    "title",
    [
        "ann@people.example was read",
        "203.0.113.9 was refused",
        "2001:db8:0:1:2:3:4:5 was refused",
        "2001:db8::9:1 was refused",
        "two\nlines",
        "x" * 501,
    ],
)
def test_no_address_and_no_second_line_is_ever_told(title: str) -> None:
    with pytest.raises(HappeningError):
        happening(title=title)


def test_ordinary_sentences_are_told() -> None:
    for title in ("At 18:00:05 the gateway did not answer", "Version 1.2.3 is in force", "Due: 4 December"):
        assert happening(title=title).title == title


def test_a_happening_comes_back_from_the_outbox_as_it_was() -> None:
    assert from_data(json.loads(json.dumps(happening().as_data()))) == happening()


def test_every_kind_has_a_usual_severity_of_the_list() -> None:
    assert all(k.usual in SEVERITIES for k in KINDS.values())


# --- signatures


def test_the_signature_is_hmac_over_id_time_and_body() -> None:
    body = b'{"a":1}'
    headers = webhook.sign(SECRET, "msg_1", NOW, body)
    signed = b"msg_1." + str(int(NOW.timestamp())).encode() + b"." + body
    wanted = base64.b64encode(hmac.new(bytes(range(32)), signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{wanted}"
    assert webhook.verify(SECRET, headers, body, NOW) == "msg_1"


def test_the_example_of_the_standard_verifies() -> None:
    # From the examples of the standard's own libraries.
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    at = datetime.fromtimestamp(1614265330, UTC)
    assert webhook.verify(secret, headers, b'{"test": 2432232314}', at) == "msg_p5jXN8AQM9LWM0D4loKWxJek"


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_recorded_message_is_refused_later(seconds: int) -> None:
    headers = webhook.sign(SECRET, "msg_1", NOW, b"x")
    with pytest.raises(SignatureError, match="300 s"):
        webhook.verify(SECRET, headers, b"x", NOW + timedelta(seconds=seconds))


def test_a_changed_body_id_or_time_is_refused() -> None:
    headers = webhook.sign(SECRET, "msg_1", NOW, b"x")
    for given_headers, body in (
        (headers, b"y"),
        ({**headers, "webhook-id": "msg_2"}, b"x"),
        ({**headers, "webhook-timestamp": str(int(NOW.timestamp()) + 1)}, b"x"),
        ({**headers, "webhook-signature": "v1,AAAA"}, b"x"),
        ({**headers, "webhook-signature": ""}, b"x"),
    ):
        with pytest.raises(SignatureError):
            webhook.verify(SECRET, given_headers, body, NOW)


def test_one_of_several_signatures_is_enough() -> None:
    headers = webhook.sign(SECRET, "msg_1", NOW, b"x")
    headers["webhook-signature"] = f"v1,AAAA {headers['webhook-signature']} v1a,zzz"
    assert webhook.verify(SECRET, headers, b"x", NOW) == "msg_1"


def test_secrets_are_long_fresh_and_kept_for_the_owner_only(tmp_path: Path) -> None:
    one, two = webhook.new_secret(), webhook.new_secret()
    assert one != two
    assert len(base64.b64decode(one.removeprefix("whsec_"))) == 32
    webhook.keep_secret(tmp_path, "abc", one)
    path = tmp_path / webhook.FOLDER / "abc"
    assert path.read_text().strip() == one
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(OutwardError, match="too short"):
        webhook.sign("whsec_AAAA", "m", NOW, b"")


# --- where they may go


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/x",
        "ftp://hooks.example/x",
        "https://user:pass@hooks.example/",
        "https://hooks.example/#x",
        "https://hooks.example/ x",
        "https://hooks.example/\r\nHost: inside",
        "https:///x",
        "file:///etc/passwd",
        "https://hooks.example:99999/",
        "https://" + "a" * 2_000 + ".example/",
    ],
)
def test_what_is_no_target_is_refused(url: str) -> None:
    with pytest.raises(RefusedTargetError):
        guard.target(url)


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "192.168.1.1",
        "172.16.0.1",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a00:1",
        "2002:a00:1::1",
    ],
)
def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    where = guard.target("https://hooks.example/x")
    with pytest.raises(RefusedTargetError, match="private or special") as caught:
        guard.addresses(where, (), lambda *_: [address])
    assert address not in str(caught.value)


def test_one_inside_address_among_others_is_enough_to_refuse() -> None:
    where = guard.target("https://hooks.example/x")
    with pytest.raises(RefusedTargetError):
        guard.addresses(where, (), lambda *_: ["93.184.215.14", "10.0.0.1"])


def test_an_operator_can_allow_a_network() -> None:
    where = guard.target("https://hooks.example/x")
    found = guard.addresses(where, (ip_network("10.0.0.0/24"),), lambda *_: ["10.0.0.1"])
    assert [str(a) for a in found] == ["10.0.0.1"]
    with pytest.raises(RefusedTargetError):
        guard.addresses(where, (ip_network("10.0.0.0/24"),), lambda *_: ["10.0.1.1"])


def test_a_name_of_the_outside_that_leads_to_this_machine_is_a_trap() -> None:
    with pytest.raises(RefusedTargetError):
        guard.addresses(guard.target("https://hooks.example/"), (), lambda *_: ["127.0.0.1"])
    assert guard.addresses(guard.target("http://127.0.0.1:8000/"), (), lambda *_: ["127.0.0.1"])


@given(st.text(max_size=100))
def test_no_text_breaks_the_check_of_targets(text: str) -> None:
    try:
        where = guard.target(text)
    except RefusedTargetError:
        return
    assert where.host


class _Receiver(BaseHTTPRequestHandler):
    taken: list[tuple[dict[str, str], bytes]] = []  # noqa: RUF012 - of the test that runs
    status = 204

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        type(self).taken.append(({k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(type(self).status)
        self.send_header("location", "http://127.0.0.1:1/elsewhere")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[str]:
    _Receiver.taken, _Receiver.status = [], 204
    server = HTTPServer(("127.0.0.1", 0), _Receiver)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook?x=1"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_signed_body_arrives_as_it_was_signed(receiver: str) -> None:
    body = webhook.body_of(happening().as_data(), "https://console.example")
    assert guard.post(receiver, body, webhook.sign(SECRET, "msg_1", NOW, body)) == 204
    headers, taken = _Receiver.taken[0]
    assert webhook.verify(SECRET, headers, taken, NOW) == "msg_1"
    said = json.loads(taken)
    assert said["type"] == "case.opened"
    assert said["data"]["link"] == "https://console.example/cases/abc"
    assert said["data"]["by"] == "2026-11-26T22:00:00+00:00"


def test_a_redirect_is_not_followed(receiver: str) -> None:
    _Receiver.status = 302
    assert guard.post(receiver, b"{}", {}) == 302
    assert len(_Receiver.taken) == 1


def test_nobody_there_is_said_without_more() -> None:
    with pytest.raises(OutwardError, match=r"127\.0\.0\.1 could not be told: ConnectionRefusedError"):
        guard.post("http://127.0.0.1:1/", b"{}", {})


# --- chat


def test_chat_says_what_happened_what_to_decide_and_by_when() -> None:
    said = json.loads(chat.body_of(happening().as_data(), "https://console.example"))
    lines = said["text"].split("\n")
    assert lines[0].endswith("(C-2026-0001)")
    assert lines[1:] == ["To decide: Contain it, or say why not", "By: 2026-11-26 22:00 UTC"]
    assert said["blocks"][-1]["elements"][0]["url"] == "https://console.example/cases/abc"


def test_chat_takes_nothing_for_markup() -> None:
    said = json.loads(chat.body_of(happening(title="<!channel> *look* <https://x|y> & more").as_data(), ""))
    assert "<" not in said["text"]
    assert all(b["text"]["type"] == "plain_text" for b in said["blocks"])


# --- OCSF

SCHEMAS = {
    schema["class_uid"]: schema
    for schema in (
        json.loads((Path(__file__).parent.parent / "cases" / "ocsf" / f"{name}-1.8.0.json").read_text())
        for name in ("detection_finding", "compliance_finding")
    )
}
REQUIRED = {
    2004: [
        "activity_id",
        "category_uid",
        "class_uid",
        "finding_info",
        "metadata",
        "severity_id",
        "time",
        "type_uid",
    ],
    2003: [
        "activity_id",
        "category_uid",
        "class_uid",
        "compliance",
        "finding_info",
        "metadata",
        "severity_id",
        "time",
        "type_uid",
    ],
}
"""Attributes that release 1.8.0 requires of the two classes, written out: the file of the schema must say the same."""
TYPES = {"integer_t": int, "long_t": int, "string_t": str, "boolean_t": bool, "timestamp_t": int, "object": dict}


def wrong_in(event: dict[str, Any]) -> list[str]:
    """What of an event the schema does not know, or misses in it."""
    schema = SCHEMAS[event["class_uid"]]
    known = schema["attributes"]
    wrong = [f"{k} is not known" for k in event if k not in known]
    wrong += [f"{k} is missing" for k, v in known.items() if v["requirement"] == "required" and k not in event]
    for key, value in event.items():
        kind = TYPES.get(known.get(key, {}).get("type"))
        if kind is not None and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
            wrong.append(f"{key} has the wrong type")
    for name, path in (
        ("finding_info", event["finding_info"]),
        ("metadata", event["metadata"]),
        ("product", event["metadata"]["product"]),
        ("analytic", event["finding_info"]["analytic"]),
        *((("compliance", event["compliance"]),) if "compliance" in event else ()),
    ):
        shape = schema["objects"][name]
        wrong += [f"{name}.{k} is not known" for k in path if k not in shape]
        wrong += [f"{name}.{k} is missing" for k, need in shape.items() if need == "required" and k not in path]
    for key in ("activity_id", "status_id", "severity_id"):
        if event[key] not in schema[key]:
            wrong.append(f"{key} is not of the list")
    return wrong


@pytest.mark.parametrize("class_uid", [2003, 2004])
def test_the_schema_requires_what_is_written_out_here(class_uid: int) -> None:
    attributes = SCHEMAS[class_uid]["attributes"]
    assert [k for k, v in sorted(attributes.items()) if v["requirement"] == "required"] == REQUIRED[class_uid]


@pytest.mark.parametrize("kind", sorted(ocsf.TOLD))
@pytest.mark.parametrize("severity", SEVERITIES)
def test_an_event_is_a_finding_of_the_schema_it_claims(kind: str, severity: str) -> None:
    event = ocsf.event(happening(kind, severity=severity).as_data(), "https://console.example")
    schema = SCHEMAS[2003 if kind in ocsf.DUTIES else 2004]
    assert event["metadata"]["version"] == schema["version"] == "1.8.0"
    assert [k for k in REQUIRED[schema["class_uid"]] if k not in event] == []
    assert wrong_in(event) == []
    assert event["class_uid"] == schema["class_uid"]
    assert event["type_uid"] == schema["class_uid"] * 100 + event["activity_id"]
    assert event["category_uid"] == schema["category_uid"]
    assert event["time"] == int(NOW.timestamp() * 1000)


def test_a_case_is_one_finding_for_its_life() -> None:
    events = [ocsf.event(happening(k).as_data()) for k in ("case.opened", "case.severity", "case.closed")]
    assert {e["finding_info"]["uid"] for e in events} == {"C-2026-0001"}
    assert [e["activity_id"] for e in events] == [1, 2, 3]


def test_what_is_owed_is_a_finding_of_its_own_and_says_by_when() -> None:
    near, missed = (ocsf.event(happening(k, id=k).as_data()) for k in ("deadline.near", "deadline.missed"))
    assert {e["class_uid"] for e in (near, missed)} == {2003}
    assert [e["compliance"]["status"] for e in (near, missed)] == ["Warning", "Fail"]
    assert near["finding_info"]["uid"] != missed["finding_info"]["uid"]
    assert near["compliance"]["status_details"] == ["by 2026-11-26T22:00:00+00:00"]
    assert near["unmapped"]["case"] == "C-2026-0001"


def test_what_is_neither_noticed_nor_owed_is_no_finding() -> None:
    with pytest.raises(OutwardError, match="no finding"):
        ocsf.event(happening("mailing.done").as_data())


def test_the_file_of_events_is_whole_lines_and_is_set_aside_when_full(tmp_path: Path) -> None:
    file = ocsf.EventFile(tmp_path / ocsf.FILE, most_bytes=3_000, keep=2)
    for n in range(20):
        file.append(ocsf.line(happening(id=f"h{n}").as_data()))
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == [ocsf.FILE, f"{ocsf.FILE}.1", f"{ocsf.FILE}.2"]
    kept = [
        json.loads(line)["metadata"]["uid"]
        for name in reversed(names)
        for line in (tmp_path / name).read_text().splitlines()
    ]
    assert kept == [f"h{n}" for n in range(20 - len(kept), 20)]
    assert all(p.stat().st_size <= 3_000 for p in tmp_path.iterdir())


def test_a_line_that_a_crash_cut_off_does_not_swallow_the_next(tmp_path: Path) -> None:
    path = tmp_path / ocsf.FILE
    path.write_bytes(b'{"half": ')
    ocsf.EventFile(path, 1 << 20, 2).append(ocsf.line(happening().as_data()))
    assert json.loads(path.read_text().splitlines()[1])["class_uid"] == 2004
