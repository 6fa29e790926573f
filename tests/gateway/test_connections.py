"""How many connections an address may have, and whose address counts where somebody else stands in front."""

from __future__ import annotations

from contextlib import ExitStack

from tests.gateway.conftest import StartGateway
from tests.gateway.policies import policy
from tests.gateway.running import Gateway, until
from tests.gateway.site import Site
from tests.gateway.wire import Wire

LIMITS = {"connections_per_address": 2}


def proxied(running: Gateway, visitor: str) -> Wire:
    """A connection of a front that speaks for a visitor."""
    wire = running.wire()
    wire.send(f"PROXY TCP4 {visitor} 127.0.0.1 40000 80\r\n".encode())
    return wire


def test_behind_the_proxy_protocol_the_visitors_address_counts(site: Site, gateway: StartGateway) -> None:
    running = gateway(policy(site.url), limits=LIMITS, listen=[{"proxy_protocol": True}], workers=1)
    with ExitStack() as held:
        for last in range(1, 4):
            for _ in range(2):
                assert held.enter_context(proxied(running, f"198.51.100.{last}")).served()
        with proxied(running, "198.51.100.3") as third:
            assert not third.served()
        with proxied(running, "198.51.100.4") as other:
            assert other.served()
        # The front's own address counts until its header has been read.
        held.enter_context(running.wire())
        held.enter_context(running.wire())
        with proxied(running, "198.51.100.5") as late:
            assert not late.served()

    def room() -> bool:
        with proxied(running, "198.51.100.3") as again:
            return again.served()

    until(room, "room after the connections have ended")


def test_a_front_that_speaks_for_itself_counts_itself(site: Site, gateway: StartGateway) -> None:
    running = gateway(policy(site.url), limits=LIMITS, listen=[{"proxy_protocol": True}], workers=1)
    with ExitStack() as held:
        wires = [held.enter_context(running.wire()) for _ in range(3)]
        for wire in wires[:2]:
            wire.send(b"PROXY UNKNOWN\r\n")
            assert wire.served()
        assert not wires[2].served()


def test_a_trusted_hop_may_have_any_number_of_connections(site: Site, gateway: StartGateway) -> None:
    running = gateway(policy(site.url, {"trusted_hops": ["127.0.7.0/24"]}), limits=LIMITS, workers=1)
    with ExitStack() as held:
        for _ in range(5):
            assert held.enter_context(running.wire("127.0.7.1")).served()
        wires = [held.enter_context(running.wire("127.0.8.1")) for _ in range(3)]
        assert [wire.served() for wire in wires] == [True, True, False]
