"""A crawler that only the DNS can tell: asked off the request's path, and in its lane from the next request on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import dns.reversename
import pytest

from hedgerow.brain.crawler_names import Dns
from hedgerow.brain.loop import Brain
from hedgerow.brain.tables import Overrides
from tests.gateway.conftest import StartGateway
from tests.gateway.dns_stub import Zone, serving
from tests.gateway.policies import NO_SIGNALS, ROOMY, policy, small
from tests.gateway.running import Gateway
from tests.gateway.site import Site
from tests.gateway.test_budgets import towns
from tests.gateway.test_signals import NEVER
from tests.gateway.wire import Answer

BAIDU: Final = "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)"
SILENCE_S: Final = 0.6
"""How long this test's brain waits for the DNS."""
GENUINE, LIAR, ELSEWHERE, NAMELESS, SILENT = (f"93.184.215.{n}" for n in (10, 20, 30, 40, 50))


def back(address: str) -> str:
    """The name under which an address's names are."""
    return dns.reversename.from_address(address).to_text()


@dataclass
class World:
    """An edge that no brain of its own serves, and a brain with a DNS that is written down."""

    running: Gateway
    brain: Brain
    zone: Zone

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
        brain = Brain(running.folder(), running.config, Overrides(), running.control(), Dns(SILENCE_S, (server,)))
        yield World(running, brain, zone)


def test_a_crawler_has_its_lane_after_the_lookup_and_no_request_waited_for_it(world: World) -> None:
    begun = time.monotonic()
    assert len(towns(world.ask(GENUINE).text)) == 2, "unknown automation, with its small budget"
    assert time.monotonic() - begun < SILENCE_S
    assert world.lane(GENUINE) == ("automation", []), "and not called forged for that"
    assert world.zone.asked == [], "nobody is asked while a request is under way"
    world.brain.settle_claims()
    assert {kind for _, kind in world.zone.asked} == {"PTR", "A"}
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


def test_where_the_dns_is_silent_nothing_is_held_against_anybody(world: World) -> None:
    assert world.lane(SILENT) == ("automation", [])
    world.brain.settle_claims()
    assert world.lane(SILENT) == ("automation", [])
    begun = time.monotonic()
    assert world.ask(SILENT).status == 200
    assert time.monotonic() - begun < SILENCE_S


def test_an_address_that_a_list_does_not_know_yet_is_cleared_by_its_name(world: World) -> None:
    """The operator publishes ranges, but they have aged."""
    agent, address = "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "93.184.215.60"
    name = "msnbot-93-184-215-60.search.msn.com."
    world.zone.records = {**world.zone.records, (back(address), "PTR"): [name], (name, "A"): [address]}
    assert world.lane(address, agent) == ("automation", ["signal.forged_crawler"])
    world.brain.settle_claims()
    assert world.lane(address, agent) == ("search_engine", [])


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm)", "sogouspider-1.crawl.sogou.com."),
        ("Mozilla/5.0 (compatible; MojeekBot/0.11; +https://www.mojeek.com/bot.html)", "crawl-1.mojeek.com."),
        ("Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)", "a.crawl.yahoo.net."),
        ("msnbot/2.0b (+http://search.msn.com/msnbot.htm)", "msnbot-1.search.msn.com."),
    ],
)
def test_every_engine_the_edge_asks_about_is_one_the_brain_knows(world: World, agent: str, name: str) -> None:
    address = f"93.184.216.{len(agent)}"
    world.zone.records = {**world.zone.records, (back(address), "PTR"): [name], (name, "A"): [address]}
    world.lane(address, agent)
    world.brain.settle_claims()
    assert world.lane(address, agent) == ("search_engine", [])
