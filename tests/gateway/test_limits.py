"""Limits that the policy sets, while the gateway serves."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests.gateway.conftest import StartGateway
from tests.gateway.policies import policy
from tests.gateway.running import Gateway, until
from tests.gateway.site import Site
from tests.gateway.wire import BROWSER, CutError


def long_head(running: Gateway) -> int:
    """Status of a request whose head has more than 5,000 bytes."""
    return running.get("/", {**BROWSER, "Cookie": "c=" + "x" * 5_000}).status


def kept(running: Gateway, held: ExitStack) -> bool:
    """Whether one more connection is served; if so it is held."""
    with ExitStack() as mine:
        wire = mine.enter_context(running.wire())
        if not wire.served():
            return False
        held.push(mine.pop_all())
        return True


def test_limits_of_the_policy_hold_and_a_change_needs_no_restart(site: Site, gateway: StartGateway) -> None:
    written = policy(site.url, limits={"head_bytes": 4_096, "head_timeout_s": 1.5}, workers=1)
    running = gateway(written, enforce=False)
    pid = running.edge_pid()
    assert long_head(running) == 431
    with running.wire() as slow:
        # Long before the 20 seconds that hold where the policy says nothing.
        slow.socket.settimeout(8)
        slow.send(b"GET / HTTP/1.1\r\nHost: x")
        with pytest.raises((CutError, ConnectionError)):
            slow.answer()
    limits = {"head_bytes": 8_192, "connections_per_address": 2}
    running.rewrite(policy(site.url, limits=limits, workers=1))
    until(lambda: long_head(running) == 200, "the longer head")
    with ExitStack() as held:
        # Connections that are over count until the edge has noticed.
        for which in ("first", "second"):
            until(lambda: kept(running, held), f"a {which} connection that is served")
        with pytest.raises((CutError, OSError)), running.wire() as third:
            third.ask("/", BROWSER)
        with running.wire(source="127.0.0.9") as other:
            assert other.ask("/", BROWSER).status == 200
    assert running.edge_pid() == pid
