"""A number on a page about a fault leads somewhere: to what happened, and to what the operator can do."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator

import pytest

from tests.gateway import pages
from tests.gateway.conftest import StartGateway, club
from tests.gateway.policies import listing, policy
from tests.gateway.running import Gateway, free_port
from tests.gateway.site import Exchange, Site
from tests.gateway.wire import BROWSER, FETCH, request


@pytest.fixture(scope="module")
def dead(module_gateway: StartGateway) -> Gateway:
    """A gateway whose site does not run."""
    return module_gateway(policy(f"http://127.0.0.1:{free_port()}"), limits={}, enforce=True)


@pytest.fixture(scope="module")
def odd_site() -> Iterator[Site]:
    """A site that is slow, or breaks off, where it is told to."""
    site = club(Site())
    site.on("/silent", lambda x: x.wait_until_gone())
    site.on("/hang-up", lambda x: x.hang_up())
    site.on("/members/9", lambda x: x.answer("%PDF", kind="application/pdf"))
    yield site
    site.close()


@pytest.fixture(scope="module")
def odd(odd_site: Site, module_gateway: StartGateway) -> Gateway:
    """A gateway before it, which waits for two seconds."""
    upstream = {"url": odd_site.url, "answer_timeout_s": 2.0}
    return module_gateway(policy(odd_site.url, {"upstream": upstream}), limits={}, enforce=True)


def explained(running: Gateway, number: str) -> dict[str, object]:
    """What `hedgerow explain --json` says."""
    done = running.command("explain", number, "--json")
    assert done.returncode == 0, done.stderr
    entry = json.loads(done.stdout)["entry"]
    assert isinstance(entry, dict)
    return entry


def ledger_bytes(running: Gateway) -> int:
    """How much the ledger holds."""
    return sum(p.stat().st_size for p in (running.state / "sites" / "club" / "ledger").glob("*"))


def test_a_site_that_does_not_run_is_explained_to_the_operator_and_to_the_visitor(dead: Gateway) -> None:
    got = dead.get("/members/1", BROWSER)
    assert got.status == 502
    number = pages.reference(got.text)
    told = dead.command("explain", number)
    assert told.returncode == 0, told.stderr
    assert "could not be reached" in told.stdout
    assert "check that it runs" in told.stdout.lower()
    assert re.search(r"at: 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d", told.stdout)
    entry = explained(dead, number)
    assert (entry["site"], entry["fault"], entry["status"], entry["route"]) == (
        "club",
        "site_unreachable",
        502,
        "profile",
    )
    page = dead.get(f"/.hedgerow/why/{number}", BROWSER)
    assert page.status == 200
    assert "not your fault" in page.text
    # To a program the problem names the page that explains it.
    problem = dead.get("/api/members", FETCH).data()
    assert dead.get(str(problem["instance"]), BROWSER).status == 200
    assert explained(dead, str(problem["reference"]))["route"] == "api-list"


@pytest.mark.parametrize(
    ("path", "status", "fault", "words"),
    [
        ("/silent", 504, "site_silent", "longer than 2s to answer"),
        ("/hang-up", 502, "site_broke_off", "log of the site"),
        ("/members/9", 502, "unreadable", "on_unreadable"),
    ],
)
def test_each_fault_says_what_happened_and_what_to_do(
    odd: Gateway, path: str, status: int, fault: str, words: str
) -> None:
    got = odd.get(path, BROWSER)
    assert got.status == status
    number = pages.reference(got.text)
    assert explained(odd, number)["fault"] == fault
    assert words in odd.command("explain", number).stdout


def test_whom_the_ledger_knows_of_is_told_though_a_long_answer_began_with_fields_of_nobody(
    odd: Gateway, odd_site: Site
) -> None:
    go_on = threading.Event()

    def answer(exchange: Exchange) -> None:
        def chunk(text: str) -> None:
            exchange.send(b"%x\r\n%s\r\n" % (len(text), text.encode()))

        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk('<ul><li class="member"><a href="/somewhere"><span class="name">Somebody</span></a></li>' + " " * 4096)
        assert go_on.wait(20)
        chunk(listing(range(50, 52)))
        exchange.send(b"0\r\n\r\n")

    odd_site.on("/members", answer)
    with odd.wire() as wire:
        wire.send(request("/members", BROWSER))
        head = wire.head()
        number = head.header("hedgerow-masked")
        assert explained(odd, number)["fault"] == "nobody_named"
        go_on.set()
        while wire.chunk():
            pass
    entry = explained(odd, number)
    assert (entry["fault"], entry["people_shown"]) == (None, 2)
    page = odd.get(f"/.hedgerow/why/{number}", BROWSER).text
    assert "could not tell whose" not in page


def test_a_form_of_ours_that_is_too_long_is_explained(odd: Gateway) -> None:
    with odd.wire() as wire:
        body = b"reference=" + b"x" * 100_000
        got = wire.ask("/.hedgerow/report", BROWSER, method="POST", body=body)
    assert got.status == 413
    assert explained(odd, pages.reference(got.text))["fault"] == "form_too_long"


def test_pages_on_which_nothing_happened_bear_no_number(odd: Gateway) -> None:
    got = odd.get("/.hedgerow/no-such-page", BROWSER)
    assert got.status == 404
    assert not re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", got.text)
    assert "reference" not in odd.get("/.hedgerow/no-such-page", FETCH).data()


def test_a_number_that_nothing_is_known_of_says_where_else_to_look(odd: Gateway) -> None:
    told = odd.command("explain", "0000-0000-0000")
    assert told.returncode == 1
    assert "log" in told.stderr


def test_a_flood_of_faults_takes_bounded_room_and_pushes_out_none_of_another_kind(dead: Gateway) -> None:
    # Visitors can make malformed forms at will; they must not drown what the site did.
    first = pages.reference(dead.get("/members/1", BROWSER).text)
    before = ledger_bytes(dead)
    with dead.wire() as wire:
        for _ in range(1_200):
            last = wire.ask("/.hedgerow/reveal?t=nothing", {**BROWSER, "Accept": "application/json"})
        assert last.status == 403
    assert ledger_bytes(dead) == before
    assert explained(dead, first)["fault"] == "site_unreachable"
    sites = dead.edge_status()["sites"]
    assert isinstance(sites, list)
    # A thousand and twenty-four of the visitors' kind, and the few of the site that these tests brought about.
    assert 1_024 < sites[0]["faults_remembered"] < 1_100
