"""Notices on the screen: as each role, from the worksheet to the register; the JSON twins; what stays closed."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from console.filing_cases import AWARE, DANA, Post, case_row, state_all
from console.signed_in import Clock, SignedIn, sign_in
from hedgerow.cases.filing import statements
from hedgerow.cases.filing.telling import PersonFields
from hedgerow.cases.notices.facts import Certainty
from hedgerow.cases.notices.loading import shipped
from hedgerow.console import mailing_acts, people_of_case
from hedgerow.console.access.roles import Role
from hedgerow.console.refused import RefusedNow
from hedgerow.console.reminding import remind
from hedgerow.console.rounds import Rounds, reckon
from hedgerow.console.services import Services
from hedgerow.outward import delivering, settings
from hedgerow.store.models.cases import Case, CaseField, CaseFigure
from hedgerow.store.models.filings import Mailing, NoticeDecision, NoticeDue, NoticeFiling
from hedgerow.store.models.outbox import Channel, OutboxMessage, Subscription
from hedgerow.store.models.trail import Decision

HOSTILE = '"><script>alert(1)</script>{{7*7}}'


@pytest.fixture
def case_id(services: Services, clock: Clock) -> str:
    clock.now = AWARE + timedelta(hours=10)
    with services.database.session() as session:
        found = case_row(session)
        session.add(
            CaseFigure(
                case_id=found,
                serial=1,
                low=900,
                high=900,
                method="ledger, exact",
                at=AWARE,
                by="Dana Example",
                reason="",
            )
        )
        session.add(
            CaseField(
                case_id=found,
                name="name",
                sensitivity="basic",
                mark="confirmed",
                reason="in the ledger",
                people=900,
                by="Dana Example",
                at=AWARE,
                proposed_mark="confirmed",
                proposed_reason="",
            )
        )
        for place, people in (("FR", 500), ("NZ", 400)):
            statements.state(
                session, found, f"residences.{place}", {"low": people, "method": "account"}, by=DANA, now=AWARE
            )
    return found


@pytest.fixture
def stated(services: Services, case_id: str) -> str:
    with services.database.session() as session:
        state_all(session, case_id, AWARE)
    return case_id


def _seen(person: SignedIn, case_id: str, duty: str = "authority", regime: str = "EU") -> str:
    text = person.client.get(f"/notices/cases/{case_id}/decide/{regime}/{duty}").text
    found = re.search(r'name="seen" value="([0-9a-f]{64})"', text)
    assert found is not None
    return found.group(1)


def _sign(person: SignedIn, case_id: str, duty: str = "authority", outcome: str = "notify", regime: str = "EU") -> None:
    notice = shipped().get(regime).to_authority if duty == "authority" else shipped().get(regime).to_people
    assert notice is not None
    answer = person.post(
        f"/notices/cases/{case_id}/decide/{regime}/{duty}",
        outcome=outcome,
        reasons="Looked at and reasoned.",
        seen=_seen(person, case_id, duty, regime),
        **{f"factor.{name}": "yes, so" for name in notice.test.factors},
    )
    assert answer.status_code == 303, answer.text


PAGES = (
    "/notices",
    "/notices/regimes",
    "/notices/regimes/EU",
    "/notices/register",
    "/notices/cases/{case}",
    "/notices/cases/{case}/worksheet",
    "/notices/cases/{case}/filings",
    "/notices/cases/{case}/people",
    "/notices/cases/{case}/decide/EU/authority",
    "/notices/cases/{case}/forms/EU",
    "/notices/cases/{case}/forms/NZ",
    "/notices/cases/{case}/forms/EU/european.json",
    "/notices/cases/{case}/forms/EU/european.csv",
    "/notices/cases/{case}/drafts/EU/en",
    "/notices/cases/{case}/drafts/EU/fr",
    "/api/v1/notices",
    "/api/v1/notices/regimes",
    "/api/v1/notices/register",
    "/api/v1/notices/cases/{case}",
    "/api/v1/notices/cases/{case}/european-form/EU",
)


@pytest.mark.parametrize("role", list(Role))
def test_everybody_may_look_at_the_notices(app: FastAPI, stated: str, role: Role) -> None:
    person = sign_in(app, role)
    for path in PAGES:
        answer = person.client.get(path.format(case=stated))
        assert answer.status_code == 200, (path, answer.text)
    page = person.client.get(f"/notices/cases/{stated}/worksheet").text
    assert ("<form" in page.split("<main", 1)[1]) is (role is not Role.AUDITOR)


def test_the_page_of_the_case_shows_what_its_notices_wait_for(app: FastAPI, stated: str) -> None:
    text = sign_in(app, Role.AUDITOR).client.get(f"/cases/{stated}").text
    assert "Concerned: EU, NZ" in text
    assert f'href="/notices/cases/{stated}"' in text


def test_pages_answer_also_where_nothing_is_known_yet(app: FastAPI, services: Services) -> None:
    with services.database.session() as session:
        bare = case_row(session)
    person = sign_in(app, Role.OWNER)
    for path in PAGES:
        if "EU" not in path and "NZ" not in path:
            assert person.client.get(path.format(case=bare)).status_code == 200, path
    refused = person.client.get(f"/notices/cases/{bare}/forms/EU")
    assert refused.status_code == 422
    assert "does not come under" in refused.text


def test_what_does_not_exist_is_not_found(app: FastAPI, stated: str) -> None:
    person = sign_in(app, Role.OWNER)
    for path in (
        "/notices/cases/nobody",
        "/notices/regimes/ZZ",
        "/notices/mailings/nobody",
        f"/notices/cases/{stated}/drafts/EU/xx",
        f"/notices/cases/{stated}/decide/EU/xx",
    ):
        assert person.client.get(path).status_code == 404, path
    # What is no text is refused before any page reads it.
    for path in ("/notices/mailings/%00", "/notices/cases/%00", "/notifications/%00"):
        assert person.client.get(path).status_code == 422, path


def test_the_deadline_of_a_case_stands_on_the_first_page_with_both_clocks(
    app: FastAPI, services: Services, stated: str
) -> None:
    reckon(services)
    text = sign_in(app, Role.PRIVACY).client.get("/notices").text
    assert "C-2026-0001" in text
    assert "2026-06-04 10:00 Europe/Paris" in text
    assert "4 Jun 2026, 08:00 UTC" in text


def test_an_answer_of_the_worksheet_is_written_down_with_its_author(app: FastAPI, case_id: str) -> None:
    person = sign_in(app, Role.ANALYST, name="ann@example.org")
    sent = person.post(
        f"/notices/cases/{case_id}/statements", key="answers.Q1", value="yes", why="a session was shared"
    )
    assert sent.status_code == 303
    text = person.client.get(f"/notices/cases/{case_id}/worksheet").text
    assert "a session was shared" in text
    assert "ann@example.org" in text
    refused = person.post(f"/notices/cases/{case_id}/statements", key="answers.Q1", value="yes", why="")
    assert refused.status_code == 422
    assert "what the answer rests on" in refused.text


def test_every_form_of_the_worksheet_is_taken(app: FastAPI, services: Services, case_id: str) -> None:
    person = sign_in(app, Role.PRIVACY)
    to = f"/notices/cases/{case_id}/statements"
    forms: list[dict[str, str]] = [
        {"key": "events.aware", "value": "2026-06-01T08:00"},
        {"key": "residences", "place": "ca-qc", "low": "1,200", "high": "1,500", "method": "postcodes"},
        {"key": "narrative", "value": "Two\r\nlines."},
        {"key": "planned", "value": "one\ntwo\n"},
        {"key": "nature", "value": "confidentiality"},
        {"key": "harms", "value": "phishing"},
        {"key": "groups", "value": "members", "children": "young members", "at_risk": ""},
        {"key": "records", "low": "900", "high": "", "method": "ledger"},
        {"key": "plain_taken.fr", "value": "Nous avons fermé la recherche."},
        {"key": "organisation", "name": "Example Club", "address": "1 Example Street", "established_in": "fr, ie"},
        {"key": "holder", "name": "somebody", "names_to_keep_out": "other name", "serious_threat": ""},
    ]
    for form in forms:
        assert person.post(to, **form).status_code == 303, form
    document = person.client.get(f"/api/v1/notices/cases/{case_id}").json()
    found = {s["key"]: s["value"] for s in document["statements"]}
    assert found["residences.CA-QC"] == {"low": 1200, "high": 1500, "method": "postcodes"}
    assert found["narrative"] == "Two lines."
    assert found["planned"] == ["one", "two"]
    assert {"name": "young members", "children": True, "at_risk": False} in found["groups"]
    assert {r["regime"] for r in document["plan"]["regimes"]} >= {"EU", "NZ", "QC"}
    with services.database.reading() as session:
        acts = session.scalars(select(Decision.act)).all()
        assert acts == ["notice.state"] * len(forms)


def test_signing_needs_a_fresh_proof_and_binds_the_decision_to_the_facts(
    app: FastAPI, services: Services, clock: Clock, stated: str
) -> None:
    person = sign_in(app, Role.COUNSEL)
    seen = _seen(person, stated)
    clock.forward(minutes=11)
    again = person.post(
        f"/notices/cases/{stated}/decide/EU/authority", outcome="notify", reasons="Because of this.", seen=seen
    )
    assert again.status_code == 303
    assert again.headers["location"].startswith("/sign-in/again")
    with services.database.reading() as session:
        assert session.scalars(select(NoticeDecision)).all() == []
    fresh = sign_in(app, Role.COUNSEL, name="fresh@example.org")
    _sign(fresh, stated)
    with services.database.reading() as session:
        row = session.scalars(select(NoticeDecision)).one()
        trail = session.scalars(select(Decision).where(Decision.act == "notice.sign")).one()
        assert trail.details["signature"] == row.signature
        assert row.by == "fresh@example.org"
    fresh.post(f"/notices/cases/{stated}/statements", key="cause", value="a stolen key")
    assert "decided on older facts: cause changed" in fresh.client.get(f"/notices/cases/{stated}").text


def test_facts_that_changed_while_somebody_read_them_are_not_signed(app: FastAPI, stated: str) -> None:
    person = sign_in(app, Role.COUNSEL)
    seen = _seen(person, stated)
    person.post(f"/notices/cases/{stated}/statements", key="cause", value="a stolen key")
    answer = person.post(
        f"/notices/cases/{stated}/decide/EU/authority", outcome="notify", reasons="Because of this.", seen=seen
    )
    assert answer.status_code == 422
    assert "changed while you were reading" in answer.text


@pytest.mark.parametrize("role", [Role.ANALYST, Role.AUDITOR])
def test_only_those_who_may_decide_sign(app: FastAPI, services: Services, stated: str, role: Role) -> None:
    person = sign_in(app, role)
    assert (
        person.post(f"/notices/cases/{stated}/decide/EU/authority", outcome="notify", reasons="x", seen="y").status_code
        == 403
    )
    with services.database.reading() as session:
        assert session.scalars(select(NoticeDecision)).all() == []


def test_a_first_notice_its_supplement_and_the_register(
    app: FastAPI, services: Services, clock: Clock, stated: str
) -> None:
    person = sign_in(app, Role.PRIVACY)
    person.post(f"/notices/cases/{stated}/statements", key="records", low="", high="", method="")
    _sign(person, stated)
    sent = person.post(
        f"/notices/cases/{stated}/filings",
        duty="EU/authority",
        kind="first",
        at=clock.now.strftime("%Y-%m-%dT%H:%M"),
        way="online form, receipt 42",
        promised="2026-06-10",
    )
    assert sent.status_code == 303, sent.text
    text = person.client.get(f"/notices/cases/{stated}/filings").text
    assert "receipt 42" in text
    assert "due 2026-06-10 (promised)" in text
    assert person.post(f"/notices/cases/{stated}/register").status_code == 303
    register = person.client.get("/notices/register.csv")
    assert register.headers["content-disposition"] == 'attachment; filename="breach-register.csv"'
    assert '"EU","C-2026-0001"' in register.text
    assert person.client.get("/notices/register.json").json()[0]["sha256"]


def test_the_european_form_takes_a_persons_answers_and_exports_a_hundred_fields(app: FastAPI, stated: str) -> None:
    person = sign_in(app, Role.PRIVACY)
    to = f"/notices/cases/{stated}/forms/EU"
    before = {f["field"]: f for f in person.client.get(f"/api/v1/notices/cases/{stated}/european-form/EU").json()}
    assert len(before) == 100
    suggestion = next(name for name, f in before.items() if f["by"] == "suggestion")
    open_field = next(name for name, f in before.items() if f["by"] == "person" and not f["value"])
    assert (
        person.post(
            to,
            **{
                f"field.{suggestion}": before[suggestion]["value"],
                f"confirm.{suggestion}": "yes",
                f"field.{open_field}": "as a person wrote it",
            },
        )
        .headers["location"]
        .endswith("/forms/EU")
    )
    after = {f["field"]: f for f in person.client.get(f"{to}/european.json").json()["fields"]}
    assert after[suggestion]["by"] == "person"
    assert (after[open_field]["value"], after[open_field]["by"]) == ("as a person wrote it", "person")


def test_a_public_notice_needs_a_reason_that_the_law_knows(app: FastAPI, stated: str) -> None:
    person = sign_in(app, Role.COUNSEL)
    to = f"/notices/cases/{stated}/public"
    form = {"where": "the front page", "low": "900", "high": "900", "method": "all members"}
    why = "Most addresses are older than ten years and come back."
    bad = person.post(to, ground="EU/because_it_is_cheap", explained=why, **form)
    assert bad.status_code == 422
    assert "is not a reason here" in bad.text
    assert person.post(to, ground="EU/disproportionate_effort", explained=why, **form).status_code == 303
    assert "older than ten years" in person.client.get(f"/notices/cases/{stated}/filings").text


def test_hostile_words_stay_words(app: FastAPI, stated: str) -> None:
    person = sign_in(app, Role.OWNER)
    for key in ("narrative", "cause", "plain_words.en", "holder"):
        person.post(f"/notices/cases/{stated}/statements", key=key, value=HOSTILE, name=HOSTILE, why=HOSTILE)
    for path in PAGES[:15]:
        answer = person.client.get(path.format(case=stated))
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        assert "<script>alert" not in answer.text, path
        assert ">49" not in answer.text, path


# --- mail to people


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Post:
    post = Post()
    monkeypatch.setattr(mailing_acts, "mailer_of", lambda _: post)
    return post


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        PersonFields(f"m{n}", {"name": Certainty.CONFIRMED, "email": Certainty.POSSIBLE}, AWARE, AWARE)
        for n in range(3)
    ]
    monkeypatch.setattr(people_of_case, "people", lambda *_: found)


def _upload(person: SignedIn, case_id: str, people: int = 4) -> str:
    lines = "\n".join(f"m{n},m{n}@people.example,Member {n},{'fr' if n % 2 else 'en'}" for n in range(people))
    answer = person.client.post(
        f"/notices/cases/{case_id}/people",
        data={"csrf": person.csrf, "regime": "EU", "default_language": "en", "per_minute": "2"},
        files={"addresses": ("people.csv", f"identifier,email,name,language\n{lines}\n".encode(), "text/csv")},
        follow_redirects=False,
    )
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).rpartition("/")[2]


@pytest.mark.usefixtures("known")
def test_people_are_told_by_mail_from_upload_to_the_last_deleted_address(
    app: FastAPI, services: Services, clock: Clock, stated: str, mail: Post
) -> None:
    person = sign_in(app, Role.PRIVACY)
    _sign(person, stated, "people")
    mailing = _upload(person, stated)
    page = person.client.get(f"/notices/mailings/{mailing}").text
    assert "1 lines are of people whom the case does not concern" in page
    merged = person.client.get(f"/notices/mailings/{mailing}/people.csv")
    assert merged.text.count("@people.example") == 3
    assert person.post(f"/notices/mailings/{mailing}/approve").status_code == 303
    for _ in range(4):
        mailing_acts.round_of_mail(services, mail)
        clock.forward(minutes=1, seconds=1)
    assert sorted(m.to for m in mail.taken) == [f"m{n}@people.example" for n in range(3)]
    assert len(set(mail.ids)) == 3
    assert "done" in person.client.get(f"/notices/mailings/{mailing}").text
    with services.database.reading() as session:
        filing = session.scalars(select(NoticeFiling)).one()
        assert (filing.duty, filing.number) == ("people", 1)
    clock.forward(days=14)
    mailing_acts.round_of_mail(services, mail)
    late = sign_in(app, Role.PRIVACY, name="late@example.org")
    gone = late.client.get(f"/notices/mailings/{mailing}/people.csv")
    assert gone.status_code == 422
    assert "were deleted" in gone.text
    with services.database.reading() as session:
        acts = session.scalars(select(Decision.act)).all()
        assert {"mailing.upload", "mailing.take_out", "mailing.approve", "mailing.forget"} <= set(acts)


@pytest.mark.usefixtures("known")
def test_an_auditor_sees_progress_and_no_address(app: FastAPI, stated: str, mail: Post) -> None:
    mailing = _upload(sign_in(app, Role.PRIVACY), stated)
    auditor = sign_in(app, Role.AUDITOR)
    page = auditor.client.get(f"/notices/mailings/{mailing}")
    assert page.status_code == 200
    assert "people.example" not in page.text
    assert auditor.client.get(f"/notices/mailings/{mailing}/people.csv").status_code == 403
    assert auditor.client.get(f"/notices/mailings/{mailing}/not-reached.csv").status_code == 200
    document = auditor.client.get(f"/api/v1/notices/cases/{stated}").text
    assert "people.example" not in document


@pytest.mark.usefixtures("known")
def test_without_a_mail_server_nothing_is_approved(app: FastAPI, services: Services, stated: str) -> None:
    person = sign_in(app, Role.PRIVACY)
    _sign(person, stated, "people")
    mailing = _upload(person, stated)
    answer = person.post(f"/notices/mailings/{mailing}/approve")
    assert answer.status_code == 422
    assert "no mail server is configured" in answer.text.lower()
    with services.database.reading() as session:
        assert session.get_one(Mailing, mailing).state == "draft"


# --- by the clock


def test_deadlines_are_announced_a_day_and_four_hours_before_and_once_when_late(
    services: Services, clock: Clock, stated: str
) -> None:
    with services.database.session() as session:
        channel = Channel(name="team", kind="mail", target="team@club.example", made_at=AWARE, made_by="x")
        session.add(channel)
        session.flush()
        for kind in ("deadline.near", "deadline.missed"):
            session.add(Subscription(channel_id=channel.id, happening=kind, least="low"))
    reckon(services)
    due = AWARE + timedelta(hours=72)
    told = []
    for before in (30, 24, 23, 4, 1, -1, -2):
        clock.now = due - timedelta(hours=before)
        remind(services)
        with services.database.reading() as session:
            mine = [m for m in session.scalars(select(OutboxMessage)) if "EU" in m.payload["title"]]
            told.append([m.payload["title"] for m in sorted(mine, key=lambda m: m.made_at)])
    near, late = "Due soon under EU: tell the authority", "Late under EU: tell the authority"
    assert told == [[], [near], [near], [near] * 2, [near] * 2, [near, near, late], [near, near, late]]


def test_only_cases_in_which_something_happened_are_reckoned_again(
    services: Services, clock: Clock, stated: str
) -> None:
    clock.now = AWARE + timedelta(hours=10)
    assert reckon(services) == 1
    before = clock.now
    clock.forward(minutes=10)
    assert reckon(services, before) == 0
    with services.database.session() as session:
        session.get_one(Case, stated).changed_at = clock.now
    assert reckon(services, before) == 1
    # The 72 hours pass while nobody does anything: now a reason for lateness is owed, too.
    before = AWARE + timedelta(hours=71)
    clock.now = AWARE + timedelta(hours=73)
    assert reckon(services, before) == 1
    with services.database.session() as session:
        assert "late_reason" in set(session.scalars(select(NoticeDue.what)))
        session.get_one(Case, stated).state = "closed"
    assert reckon(services, clock.now) == 1
    with services.database.reading() as session:
        assert session.scalars(select(NoticeDue)).all() == []


def test_one_task_that_fails_stops_no_other(services: Services, clock: Clock, stated: str, tmp_path: Path) -> None:
    ways = delivering.Ways(services.folder.path, settings.Outward(lists=("plain",), lists_folder=tmp_path / "lists"))

    def broken(_services: object, _now: object) -> list[object]:
        raise ZeroDivisionError

    rounds = Rounds(services, refused=broken, ways=ways)  # type: ignore[arg-type]
    rounds.once()
    with services.database.reading() as session:
        assert session.scalars(select(NoticeDecision)).all() == []
    good = Rounds(services, refused=lambda *_: RefusedNow(), ways=ways)
    good.once()
    assert (tmp_path / "lists" / "refused.txt").read_text() == ""


def test_local_representatives_are_stated_in_a_form_and_reach_form_and_export(app: FastAPI, stated: str) -> None:
    person = sign_in(app, Role.PRIVACY)
    to = f"/notices/cases/{stated}/statements"
    lines = "FR: Exemple Représentation, 1 rue de l'Exemple, Paris, eu@rep.example\ngb: Example Agents, London"
    whole = {"key": "organisation", "name": "Example Club", "address": "1 Example Street", "established_in": "US"}
    answer = person.post(to, **whole, representatives=lines)
    assert answer.status_code == 303, answer.text
    page = person.client.get(f"/notices/cases/{stated}/worksheet").text
    assert "FR: Exemple Représentation" in page
    assert "GB: Example Agents, London" in page
    form = person.client.get(f"/api/v1/notices/cases/{stated}/forms/EU").json()
    content = next(c for c in form["contents"] if c["code"] == "REP")
    assert content["lines"] == ["FR: Exemple Représentation, 1 rue de l'Exemple, Paris, eu@rep.example"]
    (exported,) = [f for f in form["european"] if f["field"] == "representative"]
    assert exported["value"].startswith("FR: Exemple Représentation")
    csv = person.client.get(f"/api/v1/notices/cases/{stated}/forms/EU/european.csv").text
    assert "Exemple Représentation" in csv
    draft = person.client.get(f"/api/v1/notices/cases/{stated}/drafts/EU/en").json()
    assert "eu@rep.example" in draft["text"]
    for wrong in ("Example Agents", "Paris: Example", "FR:", "FR: one\nFR: two"):
        refused = person.post(to, **whole, representatives=wrong)
        assert refused.status_code == 422, wrong
