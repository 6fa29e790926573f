"""Letters of visitors over real sockets: what is thanked for is on the disk, and nothing of it anywhere else."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hedgerow.intake import Appeal, Claim, Refused, Spool
from hedgerow.ledger.keyed import SiteKeys
from hedgerow.secret import read_secret
from tests.gateway import pages
from tests.gateway.conftest import Certificates, StartGateway
from tests.gateway.policies import policy
from tests.gateway.running import Gateway
from tests.gateway.site import Exchange, Site
from tests.gateway.wire import FETCH, Answer, Visitor

DRILL = "drill-time"
START = 1_800_000_000
REFUSE = [{"name": "no", "when": 'request.path.startsWith("/guarded")', "then": "refuse"}]
WORDS = "I only looked for my aunt Quillfeather"


@pytest.fixture
def running(site: Site, gateway: StartGateway) -> Gateway:
    return gateway(policy(site.url, {"rules": REFUSE}), "--drill-clock", DRILL, enforce=True)


class Person:
    """A visitor with the clock in its hand."""

    def __init__(self, running: Gateway, source: str | None = None) -> None:
        self.visitor: Visitor = running.visitor(source)
        self.now = START

    def get(self, target: str) -> Answer:
        return self.visitor.get(target, **{DRILL: str(self.now)})

    def form(self, target: str = "/.hedgerow/appeal") -> pages.Form:
        got = self.get(target)
        assert got.status == 200
        return pages.forms(got.text)[0]

    def send(self, form: pages.Form, **fields: str) -> Answer:
        body = pages.Form(form.action, tuple((n, v) for n, v in form.pairs if n not in {"aid", "no_script"}))
        return self.visitor.post(form.action, body.body(**fields), **{DRILL: str(self.now)})


def counters(running: Gateway) -> Mapping[str, int]:
    sites = running.edge_status()["sites"]
    assert isinstance(sites, list)
    found = sites[0]["counters"]
    assert isinstance(found, dict)
    return found


def letters(running: Gateway) -> list[Appeal | Claim]:
    found = list(Spool(running.state).letters())
    assert not [one for one in found if isinstance(one, Refused)]
    return [one for one in found if not isinstance(one, Refused)]


def test_a_wrongly_refused_visitor_appeals_without_javascript(running: Gateway) -> None:
    person = Person(running)
    refused = person.get("/guarded")
    assert refused.status == 403
    reference = pages.reference(refused.text)
    (way,) = [href for href in pages.links(refused.text, "main a") if "appeal" in href]
    form = person.form(way)
    assert form.fields["reference"] == reference
    thanks = person.send(form, message=f"{WORDS}\r\nnothing else", reply="ann@club.example", aid="yes")
    assert thanks.status == 200
    assert "no-store" in thanks.header("cache-control")
    assert "a person will read it" in thanks.text
    assert "We answer at the address that you left" in thanks.text
    (letter,) = letters(running)
    assert isinstance(letter, Appeal)
    assert letter.message == f"{WORDS}\nnothing else"
    assert (letter.reference, letter.reply, letter.site) == (reference, "ann@club.example", "club")
    assert (letter.aid, letter.no_script, letter.lane, letter.asn) == (True, False, "visitor", None)
    assert letter.at == datetime.fromtimestamp(START, UTC)
    assert letter.number in thanks.text
    assert reference in thanks.text
    assert letter.names["address"] == SiteKeys(read_secret(running.state), "club").address("127.0.0.1")
    assert set(letter.names) == {"address", "network", "client", "session"}
    assert counters(running)["letters"] == 1


def test_nothing_of_a_letter_is_anywhere_but_in_the_spool(running: Gateway) -> None:
    person = Person(running)
    assert person.send(person.form(), message=WORDS, reply="secret@club.example").status == 200
    running.stop()
    assert "Quillfeather" not in running.said.text
    holders = [
        path.relative_to(running.state)
        for path in running.state.rglob("*")
        if path.is_file() and b"Quillfeather" in path.read_bytes()
    ]
    (only,) = holders
    assert only.parent == Path("intake")
    mode = stat.S_IMODE((running.state / only).stat().st_mode)
    assert mode == 0o600
    assert stat.S_IMODE((running.state / "intake").stat().st_mode) == 0o700


def test_writing_is_not_charged_and_not_challenged(site: Site, gateway: StartGateway) -> None:
    everything = [{"name": "no", "when": "true", "then": "refuse"}]
    running = gateway(policy(site.url, {"rules": everything}), "--drill-clock", DRILL, enforce=True)
    person = Person(running)
    assert person.get("/members/1").status == 403
    assert person.send(person.form(), message=WORDS).status == 200
    assert [e["k"] for e in running.ledger()] == ["verdict"]


def test_a_letter_that_is_not_whole_comes_back_with_what_was_written(running: Gateway) -> None:
    person = Person(running)
    empty = person.send(person.form(), reply="ann@club.example")
    assert empty.status == 400
    assert "Please tell us what happened" in empty.text
    again = pages.forms(empty.text)[0]
    assert again.fields["reply"] == "ann@club.example"
    wrong = person.send(again, message=WORDS, reference="12")
    assert (wrong.status, "does not look right" in wrong.text) == (400, True)
    long = person.send(again, message="é" * 2_100)
    assert (long.status, "shorter" in long.text) == (400, True)
    assert person.send(again, message="x" * 20_000).status == 413
    assert letters(running) == []
    assert person.send(again, message=WORDS).status == 200
    assert len(letters(running)) == 1


def test_a_form_of_another_visitor_another_day_or_nobody_is_not_taken(running: Gateway) -> None:
    person, stranger = Person(running), Person(running, "127.0.9.1")
    form = person.form()
    foreign = stranger.send(form, message=WORDS)
    assert foreign.status == 403
    assert "press the button again" in foreign.text
    fresh = pages.forms(foreign.text)[0]
    assert WORDS in foreign.text
    invented = pages.Form(form.action, (("hedgerow-token", "0" * 80), ("message", WORDS)))
    assert person.send(invented).status == 403
    moved = pages.Form("/.hedgerow/report", form.pairs)
    assert person.send(moved, where="here").status == 403
    person.now += 5 * 3_600
    assert person.send(form, message=WORDS).status == 403
    assert letters(running) == []
    stranger.now = person.now
    assert stranger.send(fresh, message=WORDS).status == 403, "five hours later"
    assert letters(running) == []
    assert stranger.send(stranger.form(), message=WORDS).status == 200


def test_the_same_letter_twice_is_one_and_a_changed_one_is_another(running: Gateway) -> None:
    person = Person(running)
    form = person.form()
    for _ in range(2):
        assert person.send(form, message=WORDS).status == 200
    assert len(letters(running)) == 1
    assert person.send(form, message=WORDS + ", and my uncle").status == 200
    assert len({letter.id for letter in letters(running)}) == 2


def test_one_address_writes_ten_letters_an_hour(running: Gateway) -> None:
    person = Person(running)
    form = person.form()
    said = [person.send(form, message=f"{WORDS} {n}").status for n in range(11)]
    assert said == [200] * 10 + [429]
    refused = person.send(form, message="once more")
    assert int(refused.header("retry-after")) <= 3_600
    assert "write to the address below" in refused.text
    assert "privacy@club.example" in refused.text
    assert Person(running, "127.0.0.2").get("/.hedgerow/appeal").status == 200
    person.now += 3_600
    assert person.send(form, message="an hour later").status == 200
    assert counters(running)["letters_not_taken"] == 2


def test_a_full_folder_is_told_to_the_visitor_and_to_the_operator(running: Gateway) -> None:
    folder = running.state / "intake"
    folder.mkdir(mode=0o700)
    with (folder / "old").open("wb") as f:
        f.truncate(16 << 20)
    person = Person(running)
    form = person.form()
    refused = person.send(form, message=WORDS)
    assert refused.status == 503
    assert "Please write to the address below" in refused.text
    assert WORDS in refused.text
    assert running.said.wait_for("a letter of a visitor could not be kept")
    assert "Quillfeather" not in running.said.text
    (folder / "old").unlink()
    assert person.send(form, message=WORDS).status == 200


def test_a_disk_that_takes_nothing_is_no_thanks(running: Gateway) -> None:
    (running.state / "intake").write_text("in the way")
    person = Person(running)
    assert person.send(person.form(), message=WORDS).status == 503
    (running.state / "intake").unlink()
    assert person.send(person.form(), message=WORDS).status == 200


def test_whoever_found_a_leak_reports_it_and_nothing_is_kept_of_the_reporter(running: Gateway) -> None:
    person = Person(running)
    form = person.form("/.hedgerow/report")
    fields = {"where": "a market", "since": "May", "records": "Ann;Fern\r\nBob;Reed", "reply": "tip@news.example"}
    thanks = person.send(form, **fields)
    assert thanks.status == 200
    (claim,) = letters(running)
    assert isinstance(claim, Claim)
    assert (claim.where, claim.since, claim.records, claim.reply) == (
        "a market",
        "May",
        "Ann;Fern\nBob;Reed",
        "tip@news.example",
    )
    (file,) = Spool(running.state).waiting()
    assert not set(json.loads(file.read_text())) & {"names", "address", "lane", "asn"}
    big = person.send(form, where="here", records="r" * 15_900)
    assert big.status == 200
    assert person.send(form, where="here", records="r" * 17_000).status == 400
    assert person.send(form, records="no place").status == 400


def test_words_of_a_letter_stay_words(running: Gateway) -> None:
    person = Person(running)
    hostile = "</textarea><script>alert(1)</script>"
    back = person.send(person.form(), message=hostile, reference="bad")
    assert back.status == 400
    assert "<script>" not in back.text
    assert "alert(1)" in back.text


def test_other_methods_and_programs_get_no_form(running: Gateway) -> None:
    with running.wire() as wire:
        assert wire.ask("/.hedgerow/appeal", FETCH, "PUT", b"x").status == 404
    with running.wire() as wire:
        assert wire.ask("/.hedgerow/report", FETCH, "POST", b"where=x").status == 403


def well_known(site: Site, text: str | None) -> None:
    def own(exchange: Exchange) -> None:
        if text is None:
            exchange.answer("nothing here", status=404)
        else:
            exchange.answer(text, kind="text/plain")

    site.on("/.well-known/security.txt", own)


def test_security_txt_is_the_sites_own_first(site: Site, gateway: StartGateway) -> None:
    well_known(site, "Contact: mailto:theirs@club.example\n")
    running = gateway(policy(site.url), enforce=True)
    assert "theirs@" in running.get("/.well-known/security.txt").text
    well_known(site, None)
    got = running.get("/.well-known/security.txt")
    assert got.status == 200
    assert got.header("content-type").startswith("text/plain")
    lines = dict(line.split(": ", 1) for line in got.text.splitlines())
    assert lines["Contact"] == "mailto:privacy@club.example"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", lines["Expires"])
    days = (datetime.fromisoformat(lines["Expires"]) - datetime.now(UTC)).days
    assert 80 < days < 366


@pytest.mark.parametrize(("word", "whose"), [("ours", "privacy@"), ("site", "theirs@")])
def test_security_txt_follows_the_policy(site: Site, gateway: StartGateway, word: str, whose: str) -> None:
    well_known(site, "Contact: mailto:theirs@club.example\n")
    running = gateway(policy(site.url, {"security_txt": word}), enforce=True)
    assert whose in running.get("/.well-known/security.txt").text


def test_over_https_security_txt_names_the_form(site: Site, gateway: StartGateway, certificates: Certificates) -> None:
    tls = {"certificate": str(certificates.chain), "key": str(certificates.key)}
    running = gateway(
        policy(site.url, {"security_txt": "ours", "tls": tls}),
        enforce=True,
        listen=[{"tls": True}],
        tls=certificates.trust(),
    )
    with running.wire() as wire:
        got = wire.ask("/.well-known/security.txt")
    assert "Contact: https://site.example/.hedgerow/report\nContact: mailto:privacy@club.example\n" in got.text
    assert "Policy: https://site.example/.hedgerow/report\n" in got.text
