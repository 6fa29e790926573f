"""Limits that the policy sets, while the gateway serves."""

from __future__ import annotations

import pytest

from tests.gateway.conftest import StartGateway
from tests.gateway.policies import policy
from tests.gateway.running import Gateway, until
from tests.gateway.site import Site
from tests.gateway.wire import BROWSER, CutError


def long_head(running: Gateway) -> int:
    """Status of a request whose head has more than 5,000 bytes."""
    return running.get("/", {**BROWSER, "Cookie": "c=" + "x" * 5_000}).status


def test_limits_of_the_policy_hold_and_a_change_needs_no_restart(site: Site, gateway: StartGateway) -> None:
    written = policy(site.url, limits={"head_bytes": 4_096, "head_timeout_s": 0.3}, workers=1)
    running = gateway(written, enforce=False)
    pid = running.edge_pid()
    assert long_head(running) == 431
    with running.wire() as slow:
        slow.send(b"GET / HTTP/1.1\r\nHost: x")
        try:
            assert slow.answer().status in {400, 408}
        except CutError:
            assert slow.closed()
    limits = {"head_bytes": 8_192, "connections_per_address": 2}
    running.rewrite(policy(site.url, limits=limits, workers=1))
    until(lambda: long_head(running) == 200, "the longer head")
    with running.wire() as first, running.wire() as second:
        assert first.ask("/", BROWSER).status == 200
        assert second.ask("/", BROWSER).status == 200
        with pytest.raises((CutError, OSError)), running.wire() as third:
            third.ask("/", BROWSER)
        with running.wire(source="127.0.0.9") as other:
            assert other.ask("/", BROWSER).status == 200
    assert running.edge_pid() == pid
