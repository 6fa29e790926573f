"""No person leaves without a record: `kill -9` of the edge under load, again and again.

Four rounds by default, twenty with `HEDGEROW_FULL=1`.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import re
import signal
import threading
from typing import Final

import pytest

from tests.gateway.conftest import StartGateway
from tests.gateway.policies import listing, policy, rows
from tests.gateway.running import Gateway, people_in, until
from tests.gateway.site import Exchange, Site
from tests.gateway.wire import BROWSER, FETCH, Wire, request

ROUNDS: Final = 20 if os.environ.get("HEDGEROW_FULL") else 4
PERSON: Final = re.compile(rb"(?:Name|Town|mail)(\d+)x")
PAGE: Final = 40


def long_pages(site: Site) -> None:
    """Lists that arrive in many pieces, so that a kill meets them in the middle."""

    def members(exchange: Exchange) -> None:
        start = int(exchange.target.partition("?from=")[2])
        text = listing(range(start, start + PAGE)).encode()
        exchange.chunks(text[n : n + 700] for n in range(0, len(text), 700))

    def data(exchange: Exchange) -> None:
        start = int(exchange.target.partition("?from=")[2])
        exchange.data(rows(range(start, start + PAGE)))

    site.on("/members", members)
    site.on("/api/members", data)


class Reader(threading.Thread):
    """A client that keeps every byte it got, whatever became of the connection."""

    def __init__(self, running: Gateway, numbers: itertools.count[int], over: threading.Event) -> None:
        super().__init__()
        self.running = running
        self.numbers = numbers
        self.over = over
        self.got = bytearray()

    def run(self) -> None:
        while not self.over.is_set():
            with contextlib.suppress(OSError), self.running.wire() as wire:
                self.read(wire)

    def read(self, wire: Wire) -> None:
        """Pipelines lists, data and profiles of people nobody has read before; keeps what comes."""
        batch = b""
        for _ in range(4):
            start = next(self.numbers) * PAGE + 1
            batch += request(f"/members?from={start}", BROWSER)
            batch += request(f"/api/members?from={start + 5_000_000}", FETCH)
            batch += request(f"/members/{start + 9_000_000}", BROWSER)
        batch += request("/end", {"Connection": "close"})
        wire.send(batch)
        while piece := wire.socket.recv(1 << 16):
            self.got += piece

    def people(self) -> set[str]:
        """Everybody who is found in any byte of it. A number cut by the kill is followed by no `x`."""
        return {n.decode() for n in PERSON.findall(bytes(self.got))}


def killed(running: Gateway, dice: random.Random, numbers: itertools.count[int]) -> set[str]:
    """One round: load, a kill at some moment, everybody who was received."""
    over = threading.Event()
    readers = [Reader(running, numbers, over) for _ in range(6)]
    victim = running.edge_pid()
    for reader in readers:
        reader.start()
    moment = dice.randint(20_000, 1_500_000)
    until(lambda: sum(len(r.got) for r in readers) > moment, f"{moment} bytes")
    os.kill(victim, signal.SIGKILL)
    over.set()
    for reader in readers:
        reader.join(30)
        assert not reader.is_alive()

    running.await_another_edge(victim)
    return set().union(*(r.people() for r in readers))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("enforce", [True, False], ids=["enforcing", "watching"])
def test_everybody_a_client_received_is_in_the_ledger_after_kill_9(
    site: Site, gateway: StartGateway, enforce: bool
) -> None:
    long_pages(site)
    running = gateway(policy(site.url), enforce=enforce)
    dice = random.Random(20261123)
    numbers = itertools.count(1)
    received: set[str] = set()
    for turn in range(ROUNDS):
        got = killed(running, dice, numbers)
        assert len(got) > 50, "the kill came before anybody was shown"
        received |= got
        missing = received - people_in(running.ledger())
        assert not missing, f"round {turn + 1}: {len(missing)} people left without a record: {sorted(missing)[:10]}"
    assert running.get("/fine").status == 200
