"""A console as it looks after some busy weeks: what axe-core looks at, and what is pictured for people to look at.

Everything is entered through the forms, as people would; only ledger, gateway and clock are the tests' own.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pyotp
from httpx2 import Response
from starlette.testclient import TestClient

from case_world import SITE, keyed, shown, visitors
from console.filing_cases import DANA, STATED
from console.signed_in import START, SignedIn, sign_in
from console.test_first_start import PASSWORD, form_token
from console.test_letters_pages import FORM, fill_in
from console.test_visitors import REFERENCE, VERDICT, put
from console.watched_world import EdgeThatSays, top
from hedgerow.cases.filing import statements
from hedgerow.cases.notices.loading import shipped
from hedgerow.console import intake_round
from hedgerow.console.access.roles import Role
from hedgerow.console.rounds import Rounds
from hedgerow.policy import load_text
from hedgerow.store.database import Database
from tests.browser.console_running import POLICY, Console
from written_ledger import Segment

MEMBERS: Final = 600
HARVEST, EARLIER = "h", "e"
"""Addresses: of the harvest that goes on, and of one that is over."""
NEWCOMER, WITH_CODE = "sam@riverbend.example", "tess@riverbend.example"
"""Users: one whose set-up link waits, one who signs in with password and authenticator."""
WHY: Final = ["signal.enumeration", "signal.no_subresources", "budget.personal.address.hour"]
ORGANISATION: Final = {
    "name": "Riverbend Club",
    "address": "12 rue des Haies, 75001 Paris",
    "established_in": ["FR"],
    "main_establishment": "FR",
    "contact": {"name": "Pia Martin", "email": "privacy@riverbend.example", "phone": "+33 1 99 00 12 34"},
}


@dataclass
class World:
    """The people who work there, and where to find what they made."""

    console: Console
    owner: SignedIn
    analyst: SignedIn
    privacy: SignedIn
    counsel: SignedIn
    case: str
    """Path of the case that is in full swing."""
    closed: str
    """Path of one that is over."""
    letter: str
    principal: str
    network: str


def edge() -> EdgeThatSays:
    """A gateway that reports a harvest under way."""
    names = [(HARVEST, 212), ("v3", 11), ("v8", 7)]
    people = [top(keyed("address", name), people) for name, people in names]
    people.append(top(keyed("network", "hn"), 212, "network"))
    return EdgeThatSays(top=people, explained={REFERENCE: VERDICT}, hits={})


def write_ledger(console: Console) -> None:
    """Two weeks of visitors, a harvest that is over and one that goes on."""
    rows = visitors(160, MEMBERS, START - timedelta(days=14)) + visitors(140, MEMBERS, START - timedelta(days=5), 2)
    begin = START - timedelta(hours=5)
    rows += [shown(n, begin + timedelta(seconds=80 * n), bits=3, address=HARVEST, network="hn", client="lib", why=WHY)
             for n in range(1, 213)]  # fmt: skip
    then = START - timedelta(days=12)
    rows += [shown(n, then + timedelta(seconds=30 * n), address=EARLIER, network="en", why=WHY) for n in range(1, 81)]
    rows = [r for r in rows if int(r["t"]) < START.timestamp() * 1000]
    Segment(console.services.folder.path, SITE).append(*sorted(rows, key=lambda r: int(r["t"])))


def where(answer: Response) -> str:
    """Path that a form leads to."""
    assert answer.status_code == 303, " ".join(answer.text.partition("<h1")[2].split())[:600]
    return str(answer.headers["location"]).partition("?")[0]


def done(answer: Response) -> None:
    """The form was taken."""
    assert answer.status_code in (200, 303), " ".join(answer.text.partition("<h1")[2].split())[:600]


def furnished(console: Console) -> World:
    """Enters everything."""
    console.services.folder.own_policy.write_bytes(POLICY.read_bytes())
    console.services.folder.policy.write_text(json.dumps(load_text(POLICY.read_bytes()).tables))
    write_ledger(console)
    app = console.app
    people = {r: sign_in(app, r, name=n) for r, n in ((Role.OWNER, "Ada Moreau"), (Role.ANALYST, "Ann Novak"),
              (Role.PRIVACY, "Pia Martin"), (Role.COUNSEL, "Carl Weiss"), (Role.AUDITOR, "Eve Laurent"))}  # fmt: skip
    owner, analyst = people[Role.OWNER], people[Role.ANALYST]
    privacy, counsel = people[Role.PRIVACY], people[Role.COUNSEL]
    case = _case(analyst, HARVEST, "Pages of members read in order", START - timedelta(days=2))
    _work(case, analyst, counsel)
    letter = _letters(case, analyst, counsel)
    closed = _closed(analyst, counsel)
    with console.services.database.session() as session:
        statements.state(session, None, "organisation", ORGANISATION, by=DANA, now=console.clock())
    _notices(console.services.database, case, privacy)
    _claims(analyst, privacy)
    _appeals(console)
    _measures(analyst)
    _rest(owner, analyst, people)
    _with_code(console, owner)
    Rounds(console.services).once()
    console.services.overviews.refresh()
    principals = f"/principals/{SITE}"
    return World(
        console, owner, analyst, privacy, counsel, case, closed, letter,
        f"{principals}/address/{keyed('address', HARVEST)}", f"{principals}/network/{keyed('network', 'hn')}",
    )  # fmt: skip


def _case(who: SignedIn, address: str, title: str, since: Any) -> str:
    said = {
        "title": title,
        "site": SITE,
        "reason": "one address read members one after the other, and nothing else",
        "since": since.strftime("%Y-%m-%dT%H:%M"),
        "principals": f"address:{keyed('address', address)}",
    }
    case = where(who.post("/cases/new", **said))
    done(who.post(f"{case}/count"))
    return case


def _work(case: str, analyst: SignedIn, counsel: SignedIn) -> None:
    summary = "From about seven in the morning somebody read the pages of members in order of their numbers."
    done(analyst.post(f"{case}/describe", title="Pages of members read in order", summary=summary))
    targets = f"address:{keyed('address', HARVEST)}"
    step = {"step": "refuse", "hours": "72", "targets": targets, "reason": "it reads on after two challenges"}
    done(analyst.post(f"{case}/containment", **step))
    row = re.findall(rf"{case}/containment/(\w+)/effective", analyst.client.get(case).text)
    if row:
        done(analyst.post(f"{case}/containment/{row[0]}/effective", at="2026-11-26T11:58"))
    scored = {"context": "simple", "identification": "maximum", "confidentiality": "unknown_recipients"}
    done(counsel.post(f"{case}/severity", **scored, reason="names and towns, with nobody knowing who has them"))
    done(analyst.post(f"{case}/evidence", reason="for counsel, before detail is thinned"))
    done(counsel.post(f"{case}/hold", until="2027-05-01", reason="a civil claim is considered"))
    done(analyst.post(f"{case}/notes", text="Called the network's abuse desk; they look into it."))
    done(analyst.post(f"{case}/tasks", title="Ask the host for the account's owner", due="2026-11-27T09:00"))
    done(
        analyst.post(
            f"{case}/fields", name="email", sensitivity="contact", mark="excluded", reason="masked in every answer"
        )
    )


def _letters(case: str, analyst: SignedIn, counsel: SignedIn) -> str:
    sent = where(analyst.post(f"{case}/letters", **FORM))
    version = fill_in(analyst, sent)
    done(counsel.post(f"{sent}/approve", version=str(version), sources_checked="yes"))
    done(counsel.post(f"{sent}/sent", channel="post", proof="RR 123 456 FR"))
    done(analyst.post(f"{case}/letters", **{**FORM, "kind": "deletion_demand", "language": "fr"}))
    done(analyst.post(f"{case}/letters", **{**FORM, "kind": "host_notice", "recipient_name": "Quiet Hosting"}))
    return sent


def _notices(database: Database, case: str, privacy: SignedIn) -> None:
    number = case.rpartition("/")[2]
    with database.session() as session:
        for key, value in {**STATED, "events.aware": (START - timedelta(hours=3)).isoformat()}.items():
            statements.state(session, number, key, value, by=DANA, now=START)
    notices = f"/notices{case}"
    to = f"{notices}/statements"
    done(privacy.post(to, key="residences", place="FR", low="150", method="accounts"))
    done(privacy.post(to, key="residences", place="GB", low="62", method="accounts"))
    done(privacy.post(to, key="answers.Q1", value="yes", why="the harvest read past what one visitor may be shown"))
    page = privacy.client.get(f"{notices}/decide/EU/authority").text
    found = re.search(r'name="seen" value="([0-9a-f]{64})"', page)
    owed = shipped().get("EU").to_authority
    assert found
    assert owed
    factors = {
        f"factor.{name}": "Names and towns, no contact details; nobody is in danger." for name in owed.test.factors
    }
    reasons = "Somebody unknown holds the names and towns of 212 members."
    done(privacy.post(f"{notices}/decide/EU/authority", outcome="notify", reasons=reasons, seen=found[1], **factors))
    first = {"duty": "EU/authority", "kind": "first", "at": "2026-11-26T11:45", "way": "online form, receipt 42"}
    done(privacy.post(f"{notices}/filings", **first, promised="2026-12-10"))
    done(privacy.post(f"{notices}/register"))
    lines = ["identifier,email,name,language", *(f"{n},m{n}@people.example,Member {n},fr" for n in range(1, 201))]
    file = {"addresses": ("addresses.csv", ("\n".join(lines) + "\n").encode(), "text/csv")}
    said = {"csrf": privacy.csrf, "regime": "EU", "default_language": "fr"}
    done(privacy.client.post(f"{notices}/people", data=said, files=file, follow_redirects=False))


def _closed(analyst: SignedIn, counsel: SignedIn) -> str:
    case = _case(analyst, EARLIER, "The list of members copied in one night", START - timedelta(days=20))
    scored = {"context": "simple", "identification": "limited", "confidentiality": "unknown_recipients"}
    done(counsel.post(f"{case}/severity", **scored, reason="names alone"))
    stopped = {"what": "the list asks for a sign-in", "started": "2026-11-15T08:00", "effective": "2026-11-15T08:20"}
    done(analyst.post(f"{case}/containment/outside", **stopped))
    for task in re.findall(rf"{case}/tasks/(\w+)/done", analyst.client.get(case).text):
        done(analyst.post(f"{case}/tasks/{task}/done", outcome="done"))
    done(analyst.post(f"{case}/lessons", change="The list of members asks for a sign-in.", kind="outside"))
    done(
        counsel.post(f"{case}/close", reason="names alone, contained within the hour, and the list is behind a sign-in")
    )
    return case


def _claims(analyst: SignedIn, privacy: SignedIn) -> None:
    said = {"site": SITE, "source": "form", "language": "en"}
    words = {
        "subject": "A list of your members is for sale",
        "text": "On a forum somebody offers 3,000 of your profiles.",
    }
    genuine = where(analyst.post("/claims/new", **said, **words, contact="friend@mail.example"))
    done(privacy.post(f"{genuine}/samples", kind="person", value="17"))
    done(privacy.post(f"{genuine}/correlate"))
    other = {"subject": "I saw your data", "text": "It is everywhere, pay me.", "contact": "anon@mail.example"}
    hoax = where(analyst.post("/claims/new", **said, **other))
    done(privacy.post(f"{hoax}/samples", kind="person", value="nobody-17"))
    done(privacy.post(f"{hoax}/summary", summary="Claims to have everything, shows a name from a novel."))
    done(privacy.post(f"{hoax}/correlate"))


def _appeals(console: Console) -> None:
    state = console.services.folder.path
    put(state, 1, message="I look after the list of our choir and open each member's page.")
    other = {"aid": "", "no_script": "yes", "reply": ""}
    path = put(state, 2, **other, message="My browser runs no scripts. What did I do?")
    path.write_text(path.read_text().replace("7K3M-Q2ZD-90XF", "5H2M-Q8ZD-41XW"))
    intake_round.take_up(console.services)


def _measures(analyst: SignedIn) -> None:
    for address, act in (("v3", "watch"), ("v8", "budget")):
        path = f"/principals/{SITE}/address/{keyed('address', address)}/measures"
        said = {"act": act, "lasting": "1d", "factor": "4", "reason": "reads many members for a visitor"}
        done(analyst.post(path, **said, confirmed="yes"))


def _rest(owner: SignedIn, analyst: SignedIn, people: dict[Role, SignedIn]) -> None:
    away = {"absent": people[Role.COUNSEL].user_id, "stand_in": owner.user_id}
    done(owner.post("/users/cover", **away, from_at="2026-11-27T00:00", until_at="2026-12-04T00:00"))
    done(owner.post("/users", name=NEWCOMER, shown_name="Sam Okoro", roles="analyst"))
    done(owner.post("/notifications", name="Those on call", kind="mail", target="team@riverbend.example"))
    drill = {"scenario": "fifty addresses, one page a minute each", "held_at": "2026-11-12T10:00"}
    done(owner.post("/status/drills", **drill, people_exposed="140", detected_after_min="4",
                    findings="Noticed by the posture; the budget for strangers was too wide."))  # fmt: skip
    page = analyst.client.get("/policy/edit").text
    base = page.partition('name="base" value="')[2].partition('"')[0]
    text = POLICY.read_text(encoding="utf-8") + "\n# Reviewed after the drill of November.\n"
    done(analyst.post("/policy/propose", text=text, note="reviewed after the drill", base=base))


def _with_code(console: Console, owner: SignedIn) -> None:
    """Somebody who set up an authenticator."""
    page = owner.post("/users", name=WITH_CODE, shown_name="Tess Adeyemi", roles="privacy").text
    link = re.search(r"/set-up/[\w-]+", page)
    assert link
    own = TestClient(console.app, base_url="http://127.0.0.1:8799")
    done(own.post(link[0], data={"csrf": form_token(own.get(link[0]).text), "password": PASSWORD}))
    csrf = form_token(own.get("/account").text)
    key = re.search(r"<code>([A-Z2-7]{32})</code>", own.post("/account/authenticator", data={"csrf": csrf}).text)
    assert key
    code = pyotp.TOTP(key[1]).at(console.clock())
    done(own.post("/account/authenticator", data={"csrf": csrf, "secret": key[1], "code": code}))
