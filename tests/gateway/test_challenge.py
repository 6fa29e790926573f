"""The challenge on the way without JavaScript: a wait, no loop, forms survive, the pass is one person's."""

from __future__ import annotations

import pytest

from tests.gateway import pages
from tests.gateway.conftest import StartGateway
from tests.gateway.policies import policy
from tests.gateway.running import Gateway
from tests.gateway.site import Site
from tests.gateway.wire import FETCH, Answer, Visitor

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


def test_our_own_fields_in_a_form_that_survived_are_known_by_their_prefix(running: Gateway) -> None:
    """The browser posts the whole form on (307), so the site meets them; it can tell them by their names."""
    r = Rehearsal(running)
    r.get("/hello")
    form = pages.wait_form(r.post("/guarded/order", b"sum=12").text)
    r.now += 100
    r.post(form.action, form.body())
    names = {pair.split("=")[0] for pair in str(r.post("/guarded/order", form.body()).data()["body"]).split("&")}
    assert {name for name in names if not name.startswith("hedgerow-")} == {"sum"}


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


def test_sub_resources_are_never_challenged(running: Gateway) -> None:
    for dest, accept in (("image", "image/avif,*/*"), ("style", "text/css,*/*;q=0.1"), ("script", "*/*")):
        headers = {**FETCH, "Accept": accept, "Sec-Fetch-Dest": dest, "Sec-Fetch-Mode": "no-cors", DRILL: str(START)}
        got = running.get("/guarded/part", headers)
        assert got.status != 403 or "html" not in got.header("content-type")


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
