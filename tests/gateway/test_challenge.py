"""The challenge on the way without JavaScript: a wait, no loop, forms survive, the pass is one person's."""

from __future__ import annotations

import json
import re
from html import unescape
from urllib.parse import parse_qsl

import pytest

from tests.gateway import pages
from tests.gateway.conftest import StartGateway
from tests.gateway.policies import NO_SIGNALS, policy
from tests.gateway.running import Gateway
from tests.gateway.site import Site
from tests.gateway.wire import BROWSER, FETCH, Answer, Visitor

DRILL = "drill-time"
START = 1_800_000_000
PROVE = [{"name": "prove-it", "when": 'request.path.startsWith("/guarded")', "then": "prove"}]


class Rehearsal:
    """A visitor with the clock in its hand."""

    def __init__(self, running: Gateway, source: str | None = None) -> None:
        self.visitor: Visitor = running.visitor(source)
        self.now = START

    def get(self, target: str) -> Answer:
        return self.visitor.get(target, **{DRILL: str(self.now)})

    def post(self, target: str, body: bytes) -> Answer:
        return self.visitor.post(target, body, **{DRILL: str(self.now)})


@pytest.fixture
def running(site: Site, gateway: StartGateway) -> Gateway:
    return gateway(policy(site.url, {"rules": PROVE}), "--drill-clock", DRILL, enforce=True)


def test_a_wait_opens_the_way(running: Gateway, site: Site) -> None:
    r = Rehearsal(running)
    challenge = r.get("/guarded?x=1")
    assert challenge.status == 403
    assert "no-store" in challenge.header("cache-control")
    assert site.count("/guarded") == 0
    form = pages.wait_form(challenge.text)
    r.now += 3_600 // 4
    passed = r.post(form.action, form.body())
    assert (passed.status, passed.header("location")) == (303, "/guarded?x=1")
    assert r.get("/guarded?x=1").status == 200
    assert r.get("/guarded/more").status == 200
    assert [e["k"] for e in running.ledger()].count("proof") == 1


def test_pressing_too_early_asks_for_patience_and_the_token_stays_good(running: Gateway) -> None:
    r = Rehearsal(running)
    form = pages.wait_form(r.get("/guarded").text)
    early = r.post(form.action, form.body())
    assert early.status == 403
    wait_s = int(early.header("retry-after"))
    assert 1 <= wait_s <= 600
    again = pages.wait_form(early.text)
    r.now += wait_s + 1
    assert r.post(again.action, again.body()).status == 303


def test_a_token_works_once(running: Gateway) -> None:
    r = Rehearsal(running)
    form = pages.wait_form(r.get("/guarded").text)
    r.now += 100
    assert r.post(form.action, form.body()).status == 303
    assert r.post(form.action, form.body()).status == 403


def test_a_token_expires(running: Gateway) -> None:
    r = Rehearsal(running)
    form = pages.wait_form(r.get("/guarded").text)
    r.now += 100_000
    assert r.post(form.action, form.body()).status == 403


def test_a_token_belongs_to_its_session(running: Gateway) -> None:
    r, thief = Rehearsal(running), Rehearsal(running)
    form = pages.wait_form(r.get("/guarded").text)
    thief.get("/guarded")
    thief.now += 100
    assert thief.post(form.action, form.body()).status == 403
    assert thief.get("/guarded").status == 403


def test_a_visitor_without_cookies_gets_the_explanation_and_no_loop(running: Gateway) -> None:
    r = Rehearsal(running)
    form = pages.wait_form(r.get("/guarded").text)
    r.visitor.cookies.clear()
    r.now += 100
    got = r.post(form.action, form.body())
    assert got.status == 403
    assert "cookie" in got.text.lower()
    assert not got.header("refresh")
    assert "http-equiv" not in got.text.lower()


def test_a_form_survives_the_challenge(running: Gateway, site: Site) -> None:
    r = Rehearsal(running)
    r.get("/hello")
    challenge = r.post("/guarded/order", b"note=a+%26+b&sum=12&note2=%3Cb%3E%22x")
    assert challenge.status == 403
    form = pages.wait_form(challenge.text)
    r.now += 100
    passed = r.post(form.action, form.body())
    assert (passed.status, passed.header("location")) == (307, "/guarded/order")
    # A browser now posts the same form to the place it was meant for.
    arrived = r.post("/guarded/order", form.body()).data()
    assert arrived["method"] == "POST"
    body = str(arrived["body"])
    assert "note=a+%26+b" in body
    assert "sum=12" in body
    assert "note2=%3Cb%3E%22x" in body


@pytest.mark.parametrize(
    "sent",
    [
        b"sum=12",
        b"note=a+%26+b&sum=12&note=second&flag=&altcha=theirs&hedgerow-colour=red",
        b"",
        b"name=L%C3%A9a%0D%0ANoor",
    ],
)
def test_the_site_gets_the_form_as_the_visitor_sent_it(running: Gateway, sent: bytes) -> None:
    """The browser posts the whole form on (307); what the challenge added does not reach the site."""
    r = Rehearsal(running)
    r.get("/hello")
    early = r.post("/guarded/order", sent)
    early = r.post((form := pages.wait_form(early.text)).action, form.body())
    form = pages.wait_form(early.text)
    r.now += 100
    assert r.post(form.action, form.body()).status == 307
    arrived = r.post("/guarded/order", form.body()).data()
    assert arrived["method"] == "POST"
    headers = arrived["headers"]
    assert isinstance(headers, list)
    assert ["content-length", str(len(str(arrived["body"])))] in [[n.lower(), v] for n, v in headers]
    assert parse_qsl(str(arrived["body"]), keep_blank_values=True) == parse_qsl(sent.decode(), keep_blank_values=True)


def test_a_form_of_somebody_proven_is_not_changed_by_a_byte(running: Gateway) -> None:
    r = Rehearsal(running)
    form = pages.wait_form(r.get("/guarded").text)
    r.now += 100
    r.post(form.action, form.body())
    for sent in (b"&&a=%e9+%zz&=x&&", b"a=1&hedgerow-wait=mine", b"hedgerow-colour=1"):
        assert r.post("/guarded/order", sent).data()["body"] == sent.decode()
    assert r.post("/guarded/order", b"a" * 250_000).data()["body"] == 250_000
    upload = b"--x\r\nContent-Disposition: form-data; name=hedgerow-wait\r\n\r\n1\r\n--x--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=x", DRILL: str(r.now)}
    assert r.visitor.ask("/guarded/upload", "POST", upload, kind).data()["body"] == upload.decode()


def test_a_form_in_letters_that_our_page_cannot_hold_is_said_to_be_lost(running: Gateway, site: Site) -> None:
    r = Rehearsal(running)
    r.get("/hello")
    assert "not saved" in r.post("/guarded/order", b"name=caf%E9").text
    assert site.count("/guarded/order") == 0


def test_what_the_browser_finds_odd_is_a_signal_and_not_a_refusal(site: Site, gateway: StartGateway) -> None:
    rules = [*PROVE, {"name": "odd-too", "when": 'request.path == "/closed" && state.risk > 0', "then": "refuse"}]
    weights = {**NO_SIGNALS, "environment_odd": 5}
    running = gateway(policy(site.url, {"rules": rules, "signals": weights}), "--drill-clock", DRILL, enforce=True)
    for n, (odd, status) in enumerate((("", 200), ("curious", 200), ("webdriver agent", 403))):
        r = Rehearsal(running)
        r.now += 1_000 * n
        page = r.get("/guarded")
        assert f'data-agent="{r.visitor.headers["User-Agent"]}"' in page.text
        form = pages.wait_form(page.text)
        r.now += 100
        assert r.post(form.action, form.body(**{"hedgerow-odd": odd})).status == 303
        assert r.get("/guarded").status == 200, "it passes all the same"
        assert r.get("/closed").status == status
    told = running.command("explain", pages.reference(r.get("/closed").text))
    assert "navigator.webdriver" in told.stdout


def test_nobody_looks_at_the_browser_of_who_asks_for_privacy_or_where_it_weighs_nothing(
    running: Gateway, site: Site, gateway: StartGateway
) -> None:
    assert "data-agent" not in Rehearsal(running).get("/guarded").text
    weights = {**NO_SIGNALS, "environment_odd": 5}
    weighing = gateway(policy(site.url, {"rules": PROVE, "signals": weights}), "--drill-clock", DRILL, enforce=True)
    asks = {**BROWSER, "Sec-GPC": "1", DRILL: str(START)}
    assert "data-agent" not in weighing.get("/guarded", asks).text


def test_an_upload_that_cannot_be_carried_is_said_to_be_lost(running: Gateway, site: Site) -> None:
    r = Rehearsal(running)
    r.get("/hello")
    got = r.visitor.ask(
        "/guarded/upload",
        "POST",
        b"x" * 300_000,
        {"Content-Type": "multipart/form-data; boundary=x", DRILL: str(r.now)},
    )
    assert got.status == 403
    assert "not saved" in got.text
    assert site.count("/guarded/upload") == 0


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_the_way_back_never_leaves_the_site(running: Gateway, back: str) -> None:
    r = Rehearsal(running)
    form = pages.wait_form(r.get("/guarded").text)
    r.now += 100
    got = r.post(form.action, form.body(**{"hedgerow-back": back}))
    assert "evil" not in got.header("location")
    assert "javascript" not in got.header("location")


def test_a_program_is_told_in_its_own_language(running: Gateway) -> None:
    got = running.get("/guarded", {**FETCH, DRILL: str(START)})
    assert got.status == 403
    assert got.header("content-type").startswith("application/problem+json")


PARTS = (("image", "image/avif,*/*"), ("style", "text/css,*/*;q=0.1"), ("script", "*/*"), ("font", "*/*"))


def test_the_parts_of_a_page_arrive_though_a_rule_challenges_its_folder(running: Gateway, site: Site) -> None:
    for dest, accept in PARTS:
        headers = {**FETCH, "Accept": accept, "Sec-Fetch-Dest": dest, "Sec-Fetch-Mode": "no-cors", DRILL: str(START)}
        assert running.get("/guarded/part", headers).status == 200, dest
        old_browser = {"User-Agent": BROWSER["User-Agent"], "Accept": accept, DRILL: str(START)}
        assert running.get("/guarded/logo.png", old_browser).status == 200
    assert site.count("/guarded/part") == site.count("/guarded/logo.png") == len(PARTS)


def test_whoever_calls_a_page_of_people_a_picture_is_challenged_all_the_same(site: Site, gateway: StartGateway) -> None:
    everything = [{"name": "prove-all", "when": "true", "then": "prove"}]
    running = gateway(policy(site.url, {"rules": everything}), "--drill-clock", DRILL, enforce=True)
    picture = {**BROWSER, "Accept": "image/avif,*/*", "Sec-Fetch-Dest": "image", "Sec-Fetch-Mode": "no-cors"}
    assert running.get("/members/7", {**picture, DRILL: str(START)}).status == 403
    assert site.count("/members/7") == 0
    assert running.get("/members.css", {**picture, DRILL: str(START)}).status == 200


def test_the_pass_expires(running: Gateway) -> None:
    r = Rehearsal(running)
    form = pages.wait_form(r.get("/guarded").text)
    r.now += 100
    assert r.post(form.action, form.body()).status == 303
    assert r.get("/guarded").status == 200
    r.now += 13 * 3_600
    assert r.get("/guarded").status == 403


def test_several_tabs_at_once_all_work(running: Gateway) -> None:
    r = Rehearsal(running)
    r.get("/hello")
    forms = [pages.wait_form(r.get(f"/guarded/{n}").text) for n in range(3)]
    r.now += 100
    answers = [r.post(form.action, form.body()) for form in forms]
    assert [a.status for a in answers] == [303] * 3
    assert [a.header("location") for a in answers] == [f"/guarded/{n}" for n in range(3)]


def test_a_forged_cookie_is_treated_as_none(running: Gateway) -> None:
    r = Rehearsal(running)
    form = pages.wait_form(r.get("/guarded").text)
    r.now += 100
    r.post(form.action, form.body())
    name, value = next(iter(r.visitor.cookies.items()))
    for n in range(0, len(value), 9):
        r.visitor.cookies = {name: value[:n] + ("A" if value[n] != "A" else "B") + value[n + 1 :]}
        assert r.get("/guarded").status == 403, f"letter {n} may be changed"


def work_of(page: str) -> int:
    """Hashes that a browser is expected to make: iterations a try, times the tries for so many zeros."""
    (challenge,) = re.findall(r'data-challenge="([^"]*)"', page)
    parameters = json.loads(unescape(challenge))["parameters"]
    return int(parameters["cost"]) << 4 * len(parameters["keyPrefix"])


def test_the_riskier_a_visitor_looks_the_harder_is_its_challenge_on_both_ways(
    site: Site, gateway: StartGateway
) -> None:
    points = [{"name": f"r{n}", "when": f'request.query == "{n}"', "weight": n} for n in (30, 60, 120, 1000)]
    proof = {"easy_work": 40_000, "hard_work": 640_000, "easy_wait_s": 5, "hard_wait_s": 65}
    of_site = {"rules": [*points, *PROVE], "proof": proof, "ladder": {"prove_at": 50, "slow_at": 80, "refuse_at": 120}}
    running = gateway(policy(site.url, of_site), "--drill-clock", DRILL, enforce=True)
    works: list[int] = []
    waits: list[int] = []
    for n, query in enumerate(("", "?30", "?60", "?120", "?1000")):
        r = Rehearsal(running, f"127.9.{n}.1")
        page = r.get(f"/guarded{query}")
        works.append(work_of(page.text))
        form = pages.wait_form(page.text)
        r.now = START
        early = r.post(form.action, form.body())
        waits.append(int(early.header("retry-after")))
    assert waits == [5, 20, 35, 65, 65]
    for work, expected in zip(works, (40_000, 190_000, 340_000, 640_000, 640_000), strict=True):
        assert expected / 2 <= work <= expected
    assert works[0] < works[1] < works[2] < works[3] == works[4]


def test_the_widgets_files_are_our_own(running: Gateway) -> None:
    page = Rehearsal(running).get("/guarded")
    policy_header = page.header("content-security-policy")
    assert "default-src 'none'" in policy_header
    assert "unsafe" not in policy_header
    assert "//" not in policy_header
    for path in [*pages.links(page.text, "link[rel=stylesheet]"), "/.hedgerow/assets/prove.js"]:
        got = running.get(path)
        assert got.status == 200
        assert got.header("x-content-type-options") == "nosniff"
