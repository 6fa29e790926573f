"""No shared cache ever keeps a page with people, and nobody keeps a masked one, however long its answer streams."""

from __future__ import annotations

import pytest

from tests.gateway.conftest import StartGateway
from tests.gateway.http2 import Http2
from tests.gateway.policies import listing, tight, towns
from tests.gateway.running import Gateway
from tests.gateway.site import Exchange, Site
from tests.gateway.wire import BROWSER, Answer

PUBLIC = {"Cache_Control": "public, max-age=60, s-maxage=600", "CDN_Cache_Control": "max-age=600"}
ROOM = b"<!-- " + b" " * 70_000 + b" -->"


def long_list(exchange: Exchange) -> None:
    """Thirty members; the first come long before the last."""
    head, tail = listing(range(1, 4)).encode(), listing(range(4, 31)).encode()
    exchange.chunks([head, ROOM, tail], **PUBLIC)


@pytest.fixture
def limited(site: Site, gateway: StartGateway) -> Gateway:
    """Strangers are shown ten towns; the list has thirty."""
    site.on("/members", long_list)
    return gateway(tight(site.url, people=10), enforce=True)


def stored_by_nobody(got: Answer) -> bool:
    """What a cache may not do with it, in whatever words the site had said otherwise."""
    return got.header("cache-control") == "private, no-store" and not got.header("cdn-cache-control")


def test_a_long_answer_that_is_masked_towards_its_end_is_stored_by_nobody(limited: Gateway) -> None:
    got = limited.get("/members", BROWSER)
    assert len(towns(got.text)) == 10, "it was masked in its second half"
    assert stored_by_nobody(got)
    assert not got.header("hedgerow-masked"), "the head left before anything was masked"
    assert not got.trailers, "nobody said that trailers are taken"


def test_a_trailer_tells_whoever_takes_trailers(limited: Gateway) -> None:
    got = limited.get("/members", {**BROWSER, "TE": "trailers", "Connection": "TE"})
    assert len(towns(got.text)) == 10
    assert got.header("trailer") == "hedgerow-masked"
    number = dict(got.trailers)["hedgerow-masked"]
    told = limited.command("explain", number)
    assert told.returncode == 0
    assert "budget.personal" in told.stdout, "the part that met the spent budget tells its reason"


def test_in_http2_the_trailer_always_comes(limited: Gateway) -> None:
    with limited.wire() as wire:
        http2 = Http2(wire)
        stream = http2.begin("/members", [(n.lower(), v) for n, v in BROWSER.items()])
        got = http2.finish(stream)
    assert dict(got.trailers)["hedgerow-masked"]
    assert dict(got.headers)["cache-control"] == "private, no-store"


def test_what_is_masked_from_the_start_is_told_in_the_head(limited: Gateway) -> None:
    visitor = limited.visitor()
    visitor.get("/members")
    got = visitor.get("/api/members?from=500")
    assert got.header("hedgerow-masked")
    assert stored_by_nobody(got)


def test_a_long_answer_with_nothing_masked_has_no_trailer(site: Site, gateway: StartGateway) -> None:
    site.on("/members", long_list)
    running = gateway(tight(site.url, people=1_000), enforce=True)
    got = running.get("/members", {**BROWSER, "TE": "trailers", "Connection": "TE"})
    assert len(towns(got.text)) == 30
    assert not got.trailers
    assert stored_by_nobody(got), "when the head left, nobody could know"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_watching_leaves_pages_with_people_to_the_visitors_own_cache(
    site: Site, gateway: StartGateway, method: str
) -> None:
    site.on("/members", long_list)
    running = gateway(tight(site.url, people=10), enforce=False)
    with running.wire() as wire:
        got = wire.ask("/members", BROWSER, method)
    assert got.header("cache-control") == "max-age=60, private"
    assert not got.header("cdn-cache-control")


def test_a_page_without_people_is_left_to_every_cache(site: Site, gateway: StartGateway) -> None:
    site.on("/about", lambda x: x.answer("about", 200, "text/html", **PUBLIC))
    running = gateway(tight(site.url), enforce=True)
    got = running.get("/about", BROWSER)
    assert got.header("cache-control") == PUBLIC["Cache_Control"]
    assert got.header("cdn-cache-control")


def test_the_answer_that_refreshes_a_stored_one_does_not_open_it_again(site: Site, gateway: StartGateway) -> None:
    """A 304 updates what a cache holds (RFC 9111, section 4.3.4): it must say `private` like the page itself."""
    site.on("/members/7", lambda x: x.answer(b"", 304, "text/html", ETag='"a"', **PUBLIC))
    running = gateway(tight(site.url), enforce=True)
    got = running.get("/members/7", {**BROWSER, "If-None-Match": '"a"'})
    assert got.status == 304
    assert got.header("cache-control") == "max-age=60, private"
