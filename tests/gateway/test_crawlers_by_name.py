"""A crawler that only the DNS can tell: asked off the request's path, and in its lane from the next request on."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import dns.reversename
import pytest

from hedgerow import _engine
from hedgerow.brain.crawler_names import Dns
from hedgerow.brain.loop import Brain
from hedgerow.brain.tables import Overrides
from tests.gateway.conftest import StartGateway
from tests.gateway.dns_stub import Zone, serving
from tests.gateway.policies import NEVER, NO_SIGNALS, ROOMY, policy, small, towns
from tests.gateway.running import Gateway
from tests.gateway.site import Site
from tests.gateway.wire import PATIENCE_S, Answer

BAIDU: Final = "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)"
GENUINE, LIAR, ELSEWHERE, NAMELESS, SILENT, NEWCOMER = (f"93.184.215.{n}" for n in (10, 20, 30, 40, 50, 70))


def back(address: str) -> str:
    """The name under which an address's names are."""
    return dns.reversename.from_address(address).to_text()


@dataclass
class Asking:
    """The brain's questions to a DNS. About the address of which nothing is ever said, it waits as long as told to."""

    server: tuple[str, int]
    waits: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.let_go.set()

    def names(self, address: str) -> Sequence[str]:
        """PTR names of an address."""
        if address != SILENT:
            return Dns(servers=(self.server,)).names(address)
        self.waits.set()
        assert self.let_go.wait(PATIENCE_S)
        return Dns(0.3, (self.server,)).names(address)

    def addresses(self, name: str, version: int) -> Sequence[str]:
        """A or AAAA addresses of a name."""
        return Dns(servers=(self.server,)).addresses(name, version)


@dataclass
class World:
    """An edge that no brain of its own serves, and a brain with a DNS that is written down."""

    running: Gateway
    brain: Brain
    zone: Zone
    asking: Asking

    @contextmanager
    def lookup_under_way(self) -> Iterator[None]:
        """While the brain waits for an answer about the silent address, which has been asked for."""
        self.asking.waits.clear()
        self.asking.let_go.clear()
        thread = threading.Thread(target=self.brain.settle_claims, daemon=True)
        thread.start()
        try:
            assert self.asking.waits.wait(PATIENCE_S)
            yield
            assert thread.is_alive()
        finally:
            self.asking.let_go.set()
            thread.join(PATIENCE_S)
        assert not thread.is_alive()

    def ask(self, address: str, target: str = "/members", agent: str = BAIDU) -> Answer:
        return self.running.get(target, {"User-Agent": agent, "Accept": "*/*", "X-Forwarded-For": address})

    def lane(self, address: str, agent: str = BAIDU) -> tuple[object, list[str]]:
        """The lane of one more request, and the signals it raised."""
        number = self.ask(address, "/why", agent).data()["reference"]
        entry = self.running.control().ask("explain", reference=str(number))["entry"]
        assert isinstance(entry, dict)
        return entry["lane"], [r["code"] for r in entry["reasons"] if r["code"].startswith("signal.")]


@pytest.fixture(scope="module")
def world(module_site: Site, module_gateway: StartGateway) -> Iterator[World]:
    zone = Zone(
        {
            (back(GENUINE), "PTR"): ["baiduspider-10.crawl.baidu.com."],
            ("baiduspider-10.crawl.baidu.com.", "A"): ["198.51.100.1", GENUINE],
            (back(LIAR), "PTR"): ["baiduspider-20.crawl.baidu.com."],
            ("baiduspider-20.crawl.baidu.com.", "A"): ["198.51.100.20"],
            (back(ELSEWHERE), "PTR"): ["crawl.baidu.com.collector.example."],
            ("crawl.baidu.com.collector.example.", "A"): [ELSEWHERE],
        },
        silent=frozenset({back(SILENT)}),
    )
    of_site = {
        "trusted_hops": ["127.0.0.1"],
        "signals": {**NO_SIGNALS, "forged_crawler": 80},
        "ladder": NEVER,
        "rules": [{"name": "asked-why", "when": 'request.path == "/why"', "then": "refuse"}],
        "budgets": {"automation": small("personal", 2), "search_engine": ROOMY},
    }
    running = module_gateway(policy(module_site.url, of_site), enforce=True, limits={})
    with serving(zone) as server:
        asking = Asking(server)
        brain = Brain(running.folder(), running.config, Overrides(), running.control(), asking)
        yield World(running, brain, zone, asking)


def test_a_crawler_has_its_lane_after_the_lookup(world: World) -> None:
    assert len(towns(world.ask(GENUINE).text)) == 2, "unknown automation, with its small budget"
    assert world.lane(GENUINE) == ("automation", []), "and not called forged for that"
    before = len(world.zone.asked)
    world.brain.settle_claims()
    assert world.zone.asked[before:] == [(back(GENUINE), "PTR"), ("baiduspider-10.crawl.baidu.com.", "A")]
    assert world.lane(GENUINE) == ("search_engine", [])
    assert towns(world.ask(GENUINE, "/members?from=21").text) == set(range(21, 31))
    asked = len(world.zone.asked)
    world.brain.settle_claims()
    assert len(world.zone.asked) == asked, "what is known is not asked again"


@pytest.mark.parametrize("address", [LIAR, ELSEWHERE, NAMELESS], ids=["no-way-back", "another-domain", "no-name"])
def test_a_forged_one_is_called_so_and_keeps_its_small_budget(world: World, address: str) -> None:
    assert world.lane(address) == ("automation", [])
    world.brain.settle_claims()
    assert world.lane(address) == ("automation", ["signal.forged_crawler"])
    assert len(towns(world.ask(address, "/members?from=41").text)) <= 2


def test_no_request_waits_for_a_lookup_and_silence_is_held_against_nobody(world: World) -> None:
    before = len(world.zone.asked)
    assert world.lane(SILENT) == ("automation", [])
    with world.lookup_under_way():
        assert world.ask(SILENT).status == 200
        assert world.lane(SILENT) == ("automation", [])
        assert world.ask(NEWCOMER).status == 200
    assert (back(SILENT), "PTR") in world.zone.asked[before:]
    assert world.lane(SILENT) == ("automation", [])


def test_an_address_that_a_list_does_not_know_yet_is_cleared_by_its_name(world: World) -> None:
    """The operator publishes ranges, but they have aged."""
    agent, address = "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "93.184.215.60"
    name = "msnbot-93-184-215-60.search.msn.com."
    world.zone.records = {**world.zone.records, (back(address), "PTR"): [name], (name, "A"): [address]}
    assert world.lane(address, agent) == ("automation", ["signal.forged_crawler"])
    world.brain.settle_claims()
    assert world.lane(address, agent) == ("search_engine", [])


SPELT: Final = {"sogou": "Sogou web spider"}
"""What a crawler calls itself, where that is more than its name."""

LANES: Final = {
    **dict.fromkeys(("googleother", "google-cloudvertexbot", "ccbot"), "automation"),
    **dict.fromkeys(("adsbot-google", "mediapartners-google", "apis-google", "google-safety"), "preview"),
    **dict.fromkeys(("bingpreview", "microsoftpreview", "uptimerobot", "pinterestbot"), "preview"),
}
"""The lane of those that are genuine and no search engine."""


def asked_about() -> dict[str, tuple[str, str]]:
    """Every agent in the engine's list that has names: what it says, and a name as its machines have them."""
    listed = json.loads(_engine.shipped_crawlers())["crawlers"]
    named = {agent: crawler["dns"][0] for crawler in listed if crawler["dns"] for agent in crawler["agents"]}
    return {
        agent: (
            f"Mozilla/5.0 (compatible; {SPELT.get(agent, agent)}/1.0)",
            f"{'machine-1' * pattern.startswith('.')}{pattern.replace('*', '1')}.",
        )
        for agent, pattern in named.items()
    }


@pytest.mark.parametrize(("n", "agent"), list(enumerate(asked_about())), ids=list(asked_about()))
def test_every_crawler_the_edge_asks_about_is_one_the_brain_knows(world: World, n: int, agent: str) -> None:
    address = f"93.184.216.{10 + n}"
    said, name = asked_about()[agent]
    world.zone.records = {**world.zone.records, (back(address), "PTR"): [name], (name, "A"): [address]}
    world.lane(address, said)
    world.brain.settle_claims()
    assert (name, "A") in world.zone.asked
    assert world.lane(address, said) == (LANES.get(agent, "search_engine"), [])
