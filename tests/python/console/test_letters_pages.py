"""Letters on the screen: from the draft to the answer, by the roles that may, with everything escaped."""

from __future__ import annotations

import re
from io import BytesIO

import pypdfium2  # type: ignore[import-untyped]
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from console.signed_in import Clock, SignedIn, sign_in
from hedgerow.cases.core.opening import open_by_person
from hedgerow.console.access.actor import Actor
from hedgerow.console.access.roles import Role
from hedgerow.console.letter_rounds import round_of_letters
from hedgerow.console.services import Services
from hedgerow.store.models.outbox import Channel, OutboxMessage, Subscription

FORM = {
    "kind": "cease_and_desist",
    "language": "en",
    "recipient_name": "Data Offers Ltd",
    "recipient_address": "1 High Street\nLondon",
    "recipient_email": "legal@offers.example",
    "sender_organisation": "Example Club",
    "sender_address": "12 rue des Haies\n75001 Paris",
    "sender_place": "FR",
    "sender_email": "privacy@club.example",
    "sender_signatory": "Dana Example",
    "addressed_because": "The account names your company as its owner.",
    "terms": "No automated collection (version of March 2026).",
}


@pytest.fixture
def case_id(services: Services) -> str:
    with services.database.session() as session:
        case = open_by_person(
            session, Actor.shell("test"), services.clock(), title="Harvest", site="members.example", reason="seen"
        )
        return case.id


def draft(writer: SignedIn, case_id: str, **more: str) -> str:
    answer = writer.post(f"/cases/{case_id}/letters", **{**FORM, **more})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def part_with(page: str, words: str) -> int:
    """The number of the part of a letter that has these words."""
    before = page[: page.index(words, page.index('<article class="letter"'))]
    return int(re.findall(r'id="part-(\d+)"', before)[-1])


def fill_in(writer: SignedIn, letter: str) -> int:
    """Fills the gaps that a case without a ledger leaves; gives the newest version."""
    version = 1
    while "to fill in" in (page := writer.client.get(letter).text.partition("<article")[2]):
        place = part_with("<article" + page, "[to fill in")
        said = writer.post(f"{letter}/parts/{place}", read=str(version), text="As shown in the annex.", what="rewrite")
        assert said.status_code == 303, said.text
        version += 1
    return version


def test_a_letter_is_drafted_filled_in_approved_sent_and_answered_on_the_screen(
    app: FastAPI, case_id: str, clock: Clock
) -> None:
    analyst, counsel = sign_in(app, Role.ANALYST), sign_in(app, Role.COUNSEL)
    assert "Cease and desist" in analyst.client.get(f"/cases/{case_id}/letters/new").text
    letter = draft(analyst, case_id)
    page = analyst.client.get(letter).text
    assert "Approval waits for" in page
    assert "[to fill in: how many people are concerned" in page
    version = fill_in(analyst, letter)
    assert counsel.post(f"{letter}/approve", version="1").status_code == 422
    assert counsel.post(f"{letter}/approve", version=str(version)).status_code == 303
    made = counsel.client.get(f"{letter}/versions/{version}/letter.pdf")
    assert made.headers["content-disposition"].startswith("attachment")
    with pypdfium2.PdfDocument(made.content) as pages:
        assert "Draft, not approved" not in pages[0].get_textpage().get_text_bounded()
    clock.forward(minutes=30)
    assert analyst.post(f"{letter}/sent", channel="post", proof="RR 1").status_code == 403
    assert counsel.post(f"{letter}/sent", channel="post", proof="RR 123 FR").headers["location"] == letter
    assert "RR 123 FR" in counsel.client.get(letter).text
    clock.forward(days=8)
    # A session does not last that long.
    analyst, counsel = (sign_in(app, r, name=f"{r}-later@example.org") for r in (Role.ANALYST, Role.COUNSEL))
    assert "overdue" in analyst.client.get("/letters").text
    answer = analyst.client.post(
        f"{letter}/answer",
        data={"csrf": analyst.csrf, "answer": "refuses", "summary": "They say that all is public.", "at": ""},
        files={"reply": ("reply.pdf", BytesIO(b"%PDF reply"), "application/pdf")},
        follow_redirects=False,
    )
    assert answer.headers["location"] == letter
    page = analyst.client.get(letter).text
    kept = re.search(rf"{letter}/files/[0-9a-f]{{64}}", page)
    assert kept is not None
    reply = analyst.client.get(kept[0])
    assert reply.content == b"%PDF reply"
    assert reply.headers["content-type"] == "application/octet-stream"
    step = analyst.post(f"{letter}/escalate", step="authority", reason="They refuse.")
    assert "kind=authority_complaint&follows=" in step.headers["location"]
    assert "Complaint to the authority" in analyst.client.get(step.headers["location"]).text
    assert counsel.post(f"{letter}/close", reason="The authority has it.").headers["location"] == letter


def test_the_page_of_a_case_has_its_letters_and_a_draft_keeps_it_open(app: FastAPI, case_id: str) -> None:
    owner = sign_in(app, Role.OWNER)
    letter = draft(owner, case_id)
    page = owner.client.get(f"/cases/{case_id}").text
    assert f'href="{letter}"' in page
    assert "Write a letter" in page
    assert "is a draft: finish or withdraw it" in page
    owner.post(f"{letter}/withdraw", reason="Not needed.")
    assert "is a draft: finish or withdraw it" not in owner.client.get(f"/cases/{case_id}").text


def test_an_auditor_sees_letters_and_changes_none(app: FastAPI, case_id: str) -> None:
    analyst, auditor = sign_in(app, Role.ANALYST), sign_in(app, Role.AUDITOR)
    letter = draft(analyst, case_id)
    page = auditor.client.get(letter)
    assert page.status_code == 200
    assert "<textarea" not in page.text
    assert 'action="/letters/' not in page.text
    acts = {"withdraw": {"reason": "x"}, "parts/0": {"read": "1", "text": "x"}, "approve": {"version": "1"}}
    for path, form in acts.items():
        assert auditor.post(f"{letter}/{path}", **form).status_code == 403
    assert auditor.client.get(f"{letter}/versions/1/letter.docx").status_code == 200


def test_what_a_stranger_wrote_is_shown_as_text(app: FastAPI, case_id: str) -> None:
    evil = "<script>alert(1)</script>{{7*7}}\u202e"
    analyst = sign_in(app, Role.ANALYST)
    letter = draft(analyst, case_id, recipient_name=evil, other=evil, found_at=f"https://x/{evil}")
    for path in (letter, "/letters", f"{letter}/particulars"):
        page = analyst.client.get(path).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page
        assert "49" not in page.partition("alert(1)")[2][:30]
        assert "\u202e" not in page


def test_an_edited_docx_is_uploaded_and_a_wrong_one_refused_in_plain_words(app: FastAPI, case_id: str) -> None:
    analyst = sign_in(app, Role.ANALYST)
    letter = draft(analyst, case_id)
    file = analyst.client.get(f"{letter}/versions/1/letter.docx").content

    def upload(content: bytes) -> tuple[int, str]:
        answer = analyst.client.post(
            f"{letter}/upload",
            data={"csrf": analyst.csrf, "read": "1"},
            files={"file": ("letter.docx", BytesIO(content))},
            follow_redirects=False,
        )
        return answer.status_code, answer.text

    status, text = upload(b"no docx at all")
    assert status == 422
    assert "save the letter as DOCX" in text
    assert upload(file)[0] == 303
    assert "Edited file taken" in analyst.client.get(letter).text


def test_a_form_of_an_empty_file_field_is_taken_as_no_file(app: FastAPI, case_id: str) -> None:
    analyst, counsel = sign_in(app, Role.ANALYST), sign_in(app, Role.COUNSEL)
    letter = draft(analyst, case_id)
    version = fill_in(analyst, letter)
    counsel.post(f"{letter}/approve", version=str(version))
    boundary = "x" * 20
    fields = {"csrf": counsel.csrf, "channel": "post", "proof": "RR 9", "at": "2026-11-26T12:00"}
    body = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()
    )
    body += (
        f'--{boundary}\r\nContent-Disposition: form-data; name="picture"; filename=""\r\n'
        f"Content-Type: application/octet-stream\r\n\r\n\r\n--{boundary}--\r\n"
    )
    answer = counsel.client.post(
        f"{letter}/sent",
        content=body.encode(),
        headers={"content-type": f"multipart/form-data; boundary={boundary}"},
        follow_redirects=False,
    )
    assert answer.status_code == 303, answer.text
    assert "RR 9" in counsel.client.get(letter).text


def test_the_json_twin_does_the_same(app: FastAPI, case_id: str) -> None:
    counsel, owner = sign_in(app, Role.COUNSEL), sign_in(app, Role.OWNER)

    def ask(who: SignedIn, path: str, body: dict[str, object], status: int = 200) -> dict[str, object]:
        answer = who.client.post(f"/api/v1/{path}", json=body, headers={"x-csrf-token": who.csrf})
        assert answer.status_code == status, answer.text
        found: dict[str, object] = answer.json()
        return found

    given: dict[str, object] = {
        "kind": "registrar_notice",
        "language": "fr",
        "recipient": {"name": "Registrar SA", "email": "abuse@registrar.example", "address": "Paris"},
        "sender": {"organisation": "Club", "address": "75001 Paris", "place": "FR", "email": "a@club.example"},
        "particulars": {"domain": "offers.example", "grounds": ["raa_3_18"]},
    }
    made = ask(counsel, f"cases/{case_id}/letters", given, 201)
    letter = f"letters/{made['id']}"
    assert "[à compléter\u00a0: les adresses web exactes où les données ont été vues]" in made["gaps"]  # type: ignore[operator]
    assert made["rules_to_look_up"] == ["raa_3_18"]
    assert ask(counsel, f"cases/{case_id}/letters", {**given, "kind": "love_letter"}, 422)["detail"]
    assert ask(owner, f"{letter}/approve", {"version": 1, "sources_checked": True}, 422)["title"] == "This will not do"
    changed = ask(counsel, f"{letter}/parts", {"what": "insert", "read": 1, "place": 0, "text": "De plus."})
    assert changed["version"] == 2
    assert ask(counsel, f"{letter}/withdraw", {"reason": "Not needed."})["state"] == "withdrawn"
    listed = counsel.client.get("/api/v1/letters", params={"case": case_id}).json()
    assert [le["state"] for le in listed] == ["withdrawn"]
    kinds = counsel.client.get("/api/v1/letter-kinds").json()
    assert len(kinds["kinds"]) == 9
    assert kinds["languages"] == ["en", "fr"]
    assert counsel.client.get("/api/v1/letters/due").json() == []
    assert counsel.client.get("/api/v1/letters/nosuch").status_code == 404


def test_a_letter_that_is_not_there_is_said_to_be_not_there(app: FastAPI, case_id: str) -> None:
    analyst = sign_in(app, Role.ANALYST)
    assert analyst.client.get("/letters/nosuch").status_code == 404
    assert analyst.client.get(f"/cases/{'0' * 20}/letters/new").status_code == 404
    letter = draft(analyst, case_id)
    assert analyst.client.get(f"{letter}/versions/9/letter.pdf").status_code == 404
    assert analyst.client.get(f"{letter}/versions/1/letter.exe").status_code == 404
    assert analyst.client.get(f"{letter}/files/{'a' * 64}").status_code == 404


def test_a_late_answer_is_written_down_and_told_once(
    app: FastAPI, services: Services, case_id: str, clock: Clock
) -> None:
    analyst, counsel = sign_in(app, Role.ANALYST), sign_in(app, Role.COUNSEL)
    letter = draft(analyst, case_id)
    version = fill_in(analyst, letter)
    counsel.post(f"{letter}/approve", version=str(version))
    counsel.post(f"{letter}/sent", channel="post", proof="RR 1")
    with services.database.session() as session:
        channel = Channel(name="desk", kind="mail", target="desk@club.example", made_at=clock(), made_by="Ann")
        session.add(channel)
        session.flush()
        session.add(Subscription(channel_id=channel.id, happening="letter.overdue", least="note"))
        session.add(Subscription(channel_id=channel.id, happening="deadline.near", least="note"))
    assert round_of_letters(services) == 0
    clock.forward(days=8)
    assert [round_of_letters(services) for _ in range(2)] == [1, 0]
    clock.forward(days=22, hours=1)
    for _ in range(2):
        round_of_letters(services)
    with services.database.reading() as session:
        told = [m.happening_id for m in session.scalars(select(OutboxMessage))]
    assert sorted(t.rpartition("-")[0] for t in told) == ["letter-look", "letter-overdue"]
