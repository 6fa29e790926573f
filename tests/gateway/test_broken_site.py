"""A site that dies, stalls, lies or talks nonsense: a clear error or a cut, never a half-masked lie."""

from __future__ import annotations

import json
import threading

import pytest

from tests.gateway.conftest import StartGateway
from tests.gateway.policies import policy, profile, rows
from tests.gateway.running import Gateway, free_port
from tests.gateway.site import Exchange, Script, Site
from tests.gateway.wire import BROWSER, FETCH, Answer, request


def clear_error(got: Answer, *statuses: int) -> None:
    """It says what happened, and is kept by nobody."""
    assert got.status in statuses
    assert got.complete
    assert len(got.body) > 20
    assert "no-store" in got.header("cache-control")


def no_contact(got: Answer, person: int) -> None:
    """Nobody's contact is anywhere in it."""
    assert f"mail{person}x".encode() not in got.body


def test_a_site_that_is_not_there_is_a_502_page_for_people_and_a_problem_for_programs(gateway: StartGateway) -> None:
    running = gateway(policy(f"http://127.0.0.1:{free_port()}"), enforce=True)
    page = running.get("/", BROWSER)
    clear_error(page, 502)
    assert "html" in page.header("content-type")
    data = running.get("/api/members", FETCH)
    clear_error(data, 502)
    assert "json" in data.header("content-type")
    assert data.data()["status"] == 502


def test_a_site_that_says_nothing_is_a_504(enforcing: Gateway, module_site: Site) -> None:
    module_site.on("/silent", lambda x: x.wait_until_gone())
    clear_error(enforcing.get("/silent", BROWSER), 504)


def test_a_site_that_hangs_up_at_once_is_a_502(enforcing: Gateway, module_site: Site) -> None:
    module_site.on("/hang-up", lambda x: x.hang_up())
    module_site.on("/reset", lambda x: x.reset())
    clear_error(enforcing.get("/hang-up", BROWSER), 502)
    clear_error(enforcing.get("/reset", BROWSER), 502)


GARBAGE: dict[str, bytes] = {
    "no http": b"hello, is it me you are looking for?\r\n\r\n",
    "a binary": bytes(range(256)) * 4,
    "a wrong version": b"HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "a status that is none": b"HTTP/1.1 twohundred OK\r\nContent-Length: 2\r\n\r\nok",
    "status 99": b"HTTP/1.1 99 Odd\r\nContent-Length: 2\r\n\r\nok",
    "a NUL in a header": b"HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 2\r\n\r\nok",
    "a space before the colon": b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nok",
    "an endless head": b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 1000) for n in range(1000)),
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
}


@pytest.mark.parametrize("case", GARBAGE)
@pytest.mark.parametrize("path", ["/members/77", "/garbage"])
def test_garbage_instead_of_http_is_a_502(enforcing: Gateway, module_site: Site, path: str, case: str) -> None:
    def garbage(exchange: Exchange) -> None:
        exchange.send(GARBAGE[case])
        exchange.hang_up()

    module_site.on(path, garbage)
    clear_error(enforcing.get(path, BROWSER), 502)


def test_conflicting_framing_of_the_site_does_not_split_answers(enforcing: Gateway, module_site: Site) -> None:
    def both(exchange: Exchange) -> None:
        exchange.send(
            b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
            b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npoisoned"
        )

    module_site.on("/both", both)
    with enforcing.wire() as wire:
        wire.ask("/both")
    for _ in range(5):
        assert b"poisoned" not in enforcing.get("/innocent").body


def test_a_second_answer_that_nobody_asked_for_is_given_to_nobody(enforcing: Gateway, module_site: Site) -> None:
    module_site.on(
        "/twice",
        lambda x: x.send(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npoisoned"
        ),
    )
    assert enforcing.get("/twice").body == b"ok"
    for _ in range(10):
        assert b"poisoned" not in enforcing.get("/innocent").body


def half(data: bytes, length: int | None, *, chunked: bool = False) -> Script:
    """Sends part of an answer and dies."""

    def script(exchange: Exchange) -> None:
        framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % (length or 0)
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n" + framing + b"\r\n\r\n")
        exchange.send(b"%x\r\n%s\r\n" % (len(data), data) if chunked else data)
        exchange.hang_up()

    return script


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("percent", [30, 55, 75, 90, 99])
def test_a_members_page_that_breaks_off_is_an_error_or_cut_and_never_unmasked(
    enforcing: Gateway, module_site: Site, percent: int, chunked: bool
) -> None:
    data = profile(78).encode()
    module_site.on("/members/78", half(data[: len(data) * percent // 100], len(data), chunked=chunked))
    got = enforcing.get("/members/78", BROWSER)
    no_contact(got, 78)
    assert got.status in {502, 504} or not got.complete


@pytest.mark.parametrize("chunked", [False, True])
def test_an_ordinary_answer_that_breaks_off_is_cut_for_the_visitor_too(
    enforcing: Gateway, module_site: Site, chunked: bool
) -> None:
    """A complete-looking answer would be a lie, and a cache would keep it."""
    module_site.on("/broken-off", half(b"x" * 5000, 10_000, chunked=chunked))
    got = enforcing.get("/broken-off")
    assert got.status == 502 or not got.complete


def test_a_body_longer_than_its_length_is_cut_there(enforcing: Gateway, module_site: Site) -> None:
    data = profile(79).encode()

    def longer(exchange: Exchange) -> None:
        exchange.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s%s" % (len(data), data, data)
        )

    module_site.on("/members/79", longer)
    got = enforcing.get("/members/79", BROWSER)
    no_contact(got, 79)
    assert got.text.count("Name79x") <= 1
    for _ in range(5):
        assert enforcing.get("/innocent").data()["target"] == "/innocent"


def test_a_site_that_stalls_in_the_middle_is_given_up(enforcing: Gateway, module_site: Site) -> None:
    data = profile(80).encode()

    def stalls(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(data))
        exchange.send(data[:150])
        exchange.wait_until_gone()

    module_site.on("/members/80", stalls)
    got = enforcing.get("/members/80", BROWSER)
    no_contact(got, 80)
    assert got.status in {502, 504} or not got.complete


BROKEN_JSON: dict[str, str] = {
    "cut": json.dumps(rows(range(1, 5)))[:-40],
    "single quotes": json.dumps(rows(range(1, 5))).replace('"', "'"),
    "a trailing comma": json.dumps(rows(range(1, 5))).replace("}]", "},]"),
    "two documents": json.dumps(rows(range(1, 5))) * 2,
    "garbage behind": json.dumps(rows(range(1, 5))) + "}}]",
    "no json": "<html>mail1x mail2x mail3x mail4x</html>",
    "a bare word": json.dumps(rows(range(1, 5))).replace('"total"', "total"),
    "an id that is missing": json.dumps(rows(range(1, 5))).replace('"id"', '"number"'),
    "too deep": '{"results":' + "[" * 5000 + json.dumps(rows(range(1, 5))["results"]) + "]" * 5000 + "}",
    "a duplicated key": json.dumps(rows(range(1, 5))).replace('"email"', '"email": "mail1x", "email"'),
    "an escaped key": json.dumps(rows(range(1, 5))).replace('"email"', '"\\u0065mail"'),
    "a byte order mark": "\ufeff" + json.dumps(rows(range(1, 5))),
}


@pytest.mark.parametrize("case", BROKEN_JSON)
def test_broken_json_never_lets_a_masked_value_pass(enforcing: Gateway, module_site: Site, case: str) -> None:
    before = module_site.scripts["/api/members"]
    module_site.on("/api/members", lambda x: x.answer(BROKEN_JSON[case], kind="application/json"))
    try:
        got = enforcing.get("/api/members", FETCH)
    finally:
        module_site.on("/api/members", before)
    for n in range(1, 5):
        no_contact(got, n)


def test_an_unreadable_answer_of_unknown_length_is_a_clear_error_too(enforcing: Gateway, module_site: Site) -> None:
    """As long as nothing has left, there is a status to say it with."""
    module_site.on("/api/members/85", lambda x: x.chunks([b"<html>", b"mail85x</html>"], kind="application/json"))
    got = enforcing.get("/api/members/85", FETCH)
    clear_error(got, 502)
    no_contact(got, 85)


BROKEN_HTML: dict[str, str] = {
    "nothing is closed": "<h1>Name81x<p class=town>Town81x<a class=email href='mailto:mail81x'>mail81x",
    "cut inside the tag": "<h1>Name81x</h1><a class=email href='mailto:mail81x",
    "cut inside the text": "<h1>Name81x</h1><a class=email>mail81",
    "quotes that do not end": '<h1>Name81x</h1><a class=email href="mailto:mail81x>mail81x</a>',
    "nested anchors": "<h1>Name81x</h1><a class=email><a class=email>mail81x</a>mail81x</a>",
    "upper case": "<H1>Name81x</H1><A CLASS=email HREF='mailto:mail81x'>mail81x</A>",
    "class among others": "<a class='big email  red' href='mailto:mail81x'><b>mail81x</b></a>",
    "entities": "<a class=email href='&#109;ailto:mail81x'>mail&#56;1x mail81x</a>",
}


@pytest.mark.parametrize("case", BROKEN_HTML)
def test_broken_html_never_lets_a_masked_value_pass(enforcing: Gateway, module_site: Site, case: str) -> None:
    module_site.page("/members/81", BROKEN_HTML[case])
    no_contact(enforcing.get("/members/81", BROWSER), 81)


@pytest.mark.parametrize("kind", ["application/octet-stream", "text/csv", "", "application/pdf", "image/svg+xml"])
def test_a_members_page_of_a_kind_that_cannot_be_read_is_refused(
    enforcing: Gateway, module_site: Site, kind: str
) -> None:
    module_site.on("/members/82", lambda x: x.answer(profile(82), kind=kind))
    got = enforcing.get("/members/82", BROWSER)
    no_contact(got, 82)
    assert got.status == 502


def test_a_page_longer_than_is_read_shows_nobody_unmasked(enforcing: Gateway, module_site: Site) -> None:
    module_site.on("/members/83", lambda x: x.answer("<p>" + "y" * (9 << 20) + profile(83)))
    got = enforcing.get("/members/83", BROWSER)
    no_contact(got, 83)
    assert got.status == 502 or not got.complete


@pytest.mark.parametrize("charset", ["utf-16", "windows-1252", "utf-7", "shift_jis", "x-unknown"])
def test_an_unusual_charset_is_read_or_refused_but_shows_no_contact(
    enforcing: Gateway, module_site: Site, charset: str
) -> None:
    coded = "utf-8" if charset == "x-unknown" else charset
    data = profile(84).encode(coded)
    module_site.on("/members/84", lambda x: x.answer(data, kind=f"text/html; charset={charset}"))
    got = enforcing.get("/members/84", BROWSER)
    assert "mail84x".encode(coded)[-8:] not in got.body


def warm(running: Gateway, module_site: Site) -> None:
    """Leaves a connection to the site that the gateway believes to be open."""
    module_site.on("/warm", lambda x: x.answer("warm", kind="text/plain"))
    assert running.get("/warm").text == "warm"


def test_a_kept_connection_that_the_site_has_closed_costs_a_reader_nothing(site: Site, gateway: StartGateway) -> None:
    running = gateway(policy(site.url, {}), enforce=False)
    first: set[int] = set()
    lock = threading.Lock()

    def once(exchange: Exchange) -> None:
        with lock:
            again = exchange.connection in first
            first.add(exchange.connection)
        if again:
            # The race: the request was sent on a connection that ends without a word.
            exchange.reset()
        else:
            exchange.answer("fine", kind="text/plain")

    site.on("/raced", once)
    for _ in range(20):
        assert running.get("/raced").text == "fine"


def test_a_form_is_not_sent_twice(site: Site, gateway: StartGateway) -> None:
    """The site may have acted on the first before its connection ended: only the visitor may decide to repeat."""
    running = gateway(policy(site.url, {}), enforce=False)
    posted: list[bytes] = []

    def takes_and_dies(exchange: Exchange) -> None:
        posted.append(exchange.body())
        exchange.reset()

    site.on("/order", takes_and_dies)
    warm(running, site)
    with running.wire() as wire:
        got = wire.ask("/order", method="POST", body=b"buy=1")
    assert got.status == 502
    assert posted == [b"buy=1"]


def test_errors_of_the_site_itself_pass_as_they_are(enforcing: Gateway, module_site: Site) -> None:
    module_site.on("/members/404", lambda x: x.answer("<h1>No such member</h1>", status=404))
    module_site.on("/teapot", lambda x: x.answer("short and stout", status=418, kind="text/plain"))
    got = enforcing.get("/members/404", BROWSER)
    assert (got.status, "No such member" in got.text) == (404, True)
    assert enforcing.get("/teapot").status == 418


def test_an_answer_without_length_that_ends_is_complete(enforcing: Gateway, module_site: Site) -> None:
    def old(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nall of it")
        exchange.hang_up()

    module_site.on("/http10", old)
    with enforcing.wire() as wire:
        wire.send(request("/http10"))
        got = wire.answer()
    assert got.complete
    assert got.body == b"all of it"
