"""Within their budget, visitors get the site's own bytes: pages with people, read and recorded, and not one changed."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest
import yaml

from examples.directory import Directory, people_of
from tests.gateway.conftest import StartGateway
from tests.gateway.policies import CALM, NO_SIGNALS, ROOMY, Policy
from tests.gateway.running import Gateway, people_in
from tests.gateway.wire import BROWSER, FETCH, Answer, Wire
from tests.harvest import processes

MEMBERS, SEED = 120, 7
POLICY: Final = Path(__file__).parents[2] / "examples" / "directory" / "hedgerow.yaml"
OURS: Final = {
    *("via", "set-cookie", "connection", "keep-alive", "date", "vary", "cache-control"),
    *("transfer-encoding", "content-length", "content-encoding", "hedgerow-people"),
}
"""Headers that a hop writes itself or adds a word to, and the one that the application writes for us."""

PAGES: Final = {
    "/": BROWSER,
    "/members": BROWSER,
    "/members?page=2": BROWSER,
    "/members/1": BROWSER,
    "/members/2": BROWSER,
    "/members/3": BROWSER,
    "/members/119": BROWSER,
    "/search?q=a": BROWSER,
    "/feed.xml": BROWSER,
    "/api/members": FETCH,
    "/api/members/5": FETCH,
    "/api/suggest?q=a": FETCH,
}


def open_policy(upstream: str) -> Policy:
    """The example's own people map, and budgets that nobody reaches: nothing is masked."""
    written: Policy = yaml.safe_load(POLICY.read_text(encoding="utf-8"))
    sites = written["sites"]
    assert isinstance(sites, list)
    everything = dict.fromkeys(("basic", "personal", "contact"), "budgeted")
    sites[0] |= {
        "upstream": upstream,
        "signals": NO_SIGNALS,
        "posture": CALM,
        "budgets": {"stranger": ROOMY},
        "show": {"stranger": everything},
    }
    return {**written, "workers": 2, "memory_mib": 64}


@pytest.fixture(scope="module")
def bare() -> Iterator[tuple[str, int]]:
    with processes.site(MEMBERS, SEED) as url:
        there = urlsplit(url)
        yield there.hostname or "", there.port or 80


@pytest.fixture(scope="module")
def running(bare: tuple[str, int], module_gateway: StartGateway) -> Gateway:
    return module_gateway(open_policy(f"http://127.0.0.1:{bare[1]}"), enforce=True)


@pytest.fixture(scope="module")
def directory() -> Directory:
    return people_of(MEMBERS, SEED)


def ask(address: tuple[str, int], target: str, coding: str) -> Answer:
    with Wire(address) as wire:
        return wire.ask(target, {**PAGES.get(target, BROWSER), "Accept-Encoding": coding})


def plain(answer: Answer) -> bytes:
    return gzip.decompress(answer.body) if answer.header("content-encoding") == "gzip" else answer.body


@pytest.mark.parametrize("coding", ["identity", "gzip"])
@pytest.mark.parametrize("target", list(PAGES))
def test_a_page_with_people_is_the_sites_own_to_the_byte(
    running: Gateway, bare: tuple[str, int], target: str, coding: str
) -> None:
    own, ours = ask(bare, target, coding), ask(running.address, target, coding)
    assert (own.status, ours.status) == (200, 200)
    assert plain(ours) == plain(own)
    assert len(plain(own)) > 100
    assert not ours.header("hedgerow-masked") + ours.header("hedgerow-people")
    # What is shown to one visitor, and counted, must not be kept for others.
    assert "private" in ours.header("cache-control") or "no-store" in ours.header("cache-control")
    changed = {n.lower() for n, v in own.headers if ours.header(n) != v}
    added = {n.lower() for n, _ in ours.headers} - {n.lower() for n, _ in own.headers}
    assert (changed | added) - OURS == set()


def test_what_was_unchanged_was_read_and_recorded_all_the_same(running: Gateway, directory: Directory) -> None:
    for number in (1, 2, 3, 119):
        member = directory.members[number - 1]
        page = ask(running.address, member.path, "identity").text
        assert member.email in page
        assert member.biography in page
    assert {"1", "2", "3", "119"} <= people_in(running.ledger("directory"))
    ask(running.address, "/members", "identity")
    assert {str(n) for n in range(1, 51)} <= people_in(running.ledger("directory"))
