"""Budgets on distinct people: spent in the middle of a page, free to read again, the same for every door."""

from __future__ import annotations

import gzip
import threading

import pytest

from tests.gateway.conftest import StartGateway
from tests.gateway.policies import FIELDS, ROUTES, Policy, listing, names, tight, towns
from tests.gateway.running import Gateway, people_in
from tests.gateway.site import Exchange, Site
from tests.gateway.wire import BROWSER, FETCH, Wire, request

DRILL = "drill-time"
START = 1_800_000_000


def with_route(written: Policy, route: Policy) -> Policy:
    """The same policy with one more route."""
    sites = written["sites"]
    assert isinstance(sites, list)
    people = {"fields": FIELDS, "routes": [*ROUTES, route]}
    return {**written, "sites": [{**sites[0], "people": people}]}


def shown(running: Gateway, field: int) -> set[str]:
    """People of whom the ledger says that a field left."""
    found = set()
    for entry in running.ledger():
        people = entry.get("p")
        for person, bits, _ in people if isinstance(people, list) else []:
            if bits & (1 << field):
                found.add(str(person))
    return found


@pytest.fixture
def limited(site: Site, gateway: StartGateway) -> Gateway:
    return gateway(tight(site.url), enforce=True)


def test_a_budget_that_ends_in_the_middle_of_a_list_masks_the_rest_of_it(limited: Gateway) -> None:
    got = limited.get("/members", BROWSER)
    assert got.status == 200
    assert towns(got.text) == {1, 2, 3, 4}
    assert names(got.text) == set(range(1, 11))
    assert "Footer" in got.text
    assert got.header("hedgerow-masked")


def test_the_same_in_data(limited: Gateway) -> None:
    got = limited.get("/api/members", FETCH)
    assert got.status == 200
    data = got.data()
    results = data["results"]
    assert isinstance(results, list)
    assert len(results) == 10
    assert data["total"] == 10
    assert towns(got.text) == {1, 2, 3, 4}
    assert names(got.text) == set(range(1, 11))
    assert [row["id"] for row in results] == list(range(1, 11))


def test_the_same_when_the_answer_is_coded(limited: Gateway) -> None:
    got = limited.get("/members", {**BROWSER, "Accept-Encoding": "gzip"})
    text = gzip.decompress(got.body).decode() if got.header("content-encoding") == "gzip" else got.text
    assert towns(text) == {1, 2, 3, 4}


def test_reading_again_is_free_and_every_door_is_the_same(limited: Gateway) -> None:
    for n in (1, 2, 3, 4, 1, 2, 3, 4):
        assert towns(limited.get(f"/members/{n}", BROWSER).text) == {n}
    assert towns(limited.get("/members/5", BROWSER).text) == set()
    assert towns(limited.get("/api/members/5", FETCH).text) == set()
    assert towns(limited.get("/members", BROWSER).text) == {1, 2, 3, 4}
    assert towns(limited.get("/api/members", FETCH).text) == {1, 2, 3, 4}
    assert towns(limited.get("/api/members/2", FETCH).text) == {2}
    assert shown(limited, list(FIELDS).index("town")) == {"1", "2", "3", "4"}


def test_the_ledger_says_exactly_who_was_shown(limited: Gateway) -> None:
    seen: set[int] = set()
    for n in range(1, 9):
        seen |= towns(limited.get(f"/members/{n}", BROWSER).text)
    field = 1
    assert shown(limited, field) == {str(n) for n in seen}
    assert people_in(limited.ledger()) == {str(n) for n in range(1, 9)}


def test_another_address_has_a_budget_of_its_own(limited: Gateway) -> None:
    assert towns(limited.get("/members", BROWSER).text) == {1, 2, 3, 4}
    with limited.wire(source="127.77.3.4") as wire:
        assert towns(wire.ask("/members?from=21", BROWSER).text) == {21, 22, 23, 24}


def test_throwing_the_cookie_away_gives_no_new_budget(limited: Gateway) -> None:
    seen: set[int] = set()
    for n in range(1, 30):
        seen |= towns(limited.visitor().get(f"/members/{n}").text)
    assert len(seen) == 4


def test_many_at_once_are_shown_no_more_than_one(limited: Gateway) -> None:
    seen: list[set[int]] = []

    def read(start: int) -> None:
        seen.extend(towns(limited.get(f"/members/{n}", BROWSER).text) for n in range(start, start + 10))

    threads = [threading.Thread(target=read, args=(start,)) for start in range(100, 260, 10)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert len(set().union(*seen)) == 4


def test_budgets_survive_a_restart(site: Site, gateway: StartGateway) -> None:
    first = gateway(tight(site.url), enforce=True)
    assert towns(first.get("/members", BROWSER).text) == {1, 2, 3, 4}
    assert first.stop() == 0
    second = gateway(tight(site.url), enforce=True, state=first.state, port=first.port)
    assert towns(second.get("/members?from=3", BROWSER).text) == {3, 4}


def test_budgets_survive_a_killed_edge(site: Site, gateway: StartGateway) -> None:
    running = gateway(tight(site.url), enforce=True)
    assert towns(running.get("/members", BROWSER).text) == {1, 2, 3, 4}
    running.crash()
    assert towns(running.get("/members?from=3", BROWSER).text) == {3, 4}


def test_a_window_passes_with_the_drill_clock(site: Site, gateway: StartGateway) -> None:
    running = gateway(tight(site.url), "--drill-clock", DRILL, enforce=True)

    def at(seconds: int, target: str) -> set[int]:
        return towns(running.get(target, {**BROWSER, DRILL: str(START + seconds)}).text)

    assert at(0, "/members") == {1, 2, 3, 4}
    assert at(60, "/members?from=21") == set()
    assert at(2 * 3600 + 60, "/members?from=21") == {21, 22, 23, 24}
    assert DRILL not in {n.lower() for n, _ in site.last("/members").headers}


def test_the_drill_clock_never_goes_backwards(site: Site, gateway: StartGateway) -> None:
    running = gateway(tight(site.url), "--drill-clock", DRILL, enforce=True)
    running.get("/members", {**BROWSER, DRILL: str(START + 10_000)})
    running.get("/members", {**BROWSER, DRILL: str(START)})
    times = [t for entry in running.ledger() if isinstance(t := entry["t"], int)]
    assert max(times) == (START + 10_000) * 1000
    assert times == sorted(times)


def test_without_the_drill_clock_the_header_means_nothing(limited: Gateway, site: Site) -> None:
    limited.get("/members", {**BROWSER, DRILL: "4000000000"})
    assert all(isinstance(t := e["t"], int) and t < 4_000_000_000_000 for e in limited.ledger())


def test_the_applications_own_word_about_its_people_comes_first(site: Site, gateway: StartGateway) -> None:
    running = gateway(tight(site.url), enforce=True)
    site.on(
        "/members/1",
        lambda x: x.answer(
            "<h1>A page of another make</h1>", Hedgerow_People='"901";fields="name", "902";fields="name"'
        ),
    )
    got = running.get("/members/1", BROWSER)
    assert "A page of another make" in got.text
    assert got.header("hedgerow-people") == ""
    assert {"901", "902"} <= people_in(running.ledger())


def test_a_masked_answer_is_stored_by_no_cache(limited: Gateway, site: Site) -> None:
    limited.get("/members", BROWSER)
    got = limited.get("/members/50", BROWSER)
    assert towns(got.text) == set()
    assert "no-store" in got.header("cache-control") or "private" in got.header("cache-control")
    assert got.header("etag") == ""


def test_two_sites_in_one_gateway_know_nothing_of_each_other(site: Site, gateway: StartGateway) -> None:
    written = tight(site.url, hosts=["site.example"])
    sites = written["sites"]
    assert isinstance(sites, list)
    other = {**sites[0], "name": "other", "hosts": ["other.example"]}
    running = gateway({**written, "sites": [sites[0], other]}, enforce=True)
    assert towns(running.get("/members", BROWSER).text) == {1, 2, 3, 4}
    assert towns(running.get("/members?from=31", {"Host": "other.example", **BROWSER}).text) == {31, 32, 33, 34}
    assert people_in(running.ledger("other")) == {str(n) for n in range(31, 41)}
    assert running.get("/", {"Host": "third.example"}).status in {404, 421}


@pytest.mark.parametrize("failure", ["refuse", "pass"])
def test_an_export_leaves_whole_and_counted_or_not_at_all(site: Site, gateway: StartGateway, failure: str) -> None:
    """A CSV file cannot be masked inside: not even `on_unreadable: pass` lets people beyond the budget out of it."""

    def export(exchange: Exchange) -> None:
        people = exchange.target.partition("?")[2].split(",")
        named = ", ".join(f'"{n}";fields="town"' for n in people)
        exchange.answer("\n".join(f"Town{n}x" for n in people), 200, "text/csv", Hedgerow_People=named)

    site.on("/export.csv", export)
    route: Policy = {"path": "/export.csv", "kind": "export", "person": "header", "on_unreadable": failure}
    written = with_route(tight(site.url), route)
    running = gateway(written, enforce=True)
    visitor = running.visitor()
    assert towns(visitor.get("/export.csv?1,2,3").text) == {1, 2, 3}
    assert shown(running, 1) == {"1", "2", "3"}
    got = visitor.get("/export.csv?1,2,3,4,5,6")
    assert got.status == 502
    assert not towns(got.text)
    assert towns(visitor.get("/export.csv?1,2").text) == {1, 2}, "whom it saw it may have again"


def test_a_long_answer_taken_slowly_is_charged_when_it_is_taken(site: Site, gateway: StartGateway) -> None:
    """Else four people of an hour that is over, and four of this one, would be shown within a minute."""
    begun, go_on = threading.Event(), threading.Event()

    def slow(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in (b"<!doctype html><!--" + b" " * 9_000 + b"-->", listing(range(1, 11)).encode()):
            exchange.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            begun.set()
            assert go_on.wait(20)
        exchange.send(b"0\r\n\r\n")

    members = site.scripts["/members"]
    running = gateway(tight(site.url), "--drill-clock", DRILL, enforce=True)
    site.on("/members", slow)
    with running.wire() as wire:
        wire.send(request("/members", {**BROWSER, DRILL: str(START)}))
        assert begun.wait(20)
        assert wire.head().status == 200
        # Two hours later, as somebody else's request tells.
        with Wire(running.address, source="127.0.9.9") as other:
            assert other.ask("/about", {**BROWSER, DRILL: str(START + 7_200)}).status == 200
        go_on.set()
        text = b""
        while piece := wire.chunk():
            text += piece
        assert len(towns(text.decode())) == 4
    site.on("/members", members)
    later = running.get("/members?from=500", {**BROWSER, DRILL: str(START + 7_260)})
    assert towns(later.text) == set()
    times = [e["t"] for e in running.ledger() if e["k"] == "disclosure"]
    assert min(int(str(t)) for t in times) >= (START + 7_200) * 1_000
