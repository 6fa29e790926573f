"""A visitor with the clock in its hand: it says with each request what time it is, as a drill does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tests.gateway import pages
from tests.gateway.running import Gateway
from tests.gateway.wire import Answer, Visitor

DRILL: Final = "drill-time"
"""The header that a gateway with `--drill-clock` reads."""
START_S: Final = 1_800_000_000


@dataclass
class Clock:
    """Time as visitors say it, in Unix seconds. A gateway's never goes back: who comes after others shares theirs."""

    now_s: int = START_S


class Person:
    """A visitor of one address, so that nobody answers for anybody else, whose clock is its own unless it is told."""

    def __init__(self, running: Gateway, source: str | None = None, clock: Clock | None = None) -> None:
        self.running = running
        self.visitor: Visitor = running.visitor(source)
        self.clock = clock or Clock()

    @property
    def headers(self) -> dict[str, str]:
        """What is said besides what a browser says."""
        return {DRILL: str(self.clock.now_s)}

    def get(self, target: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Opens an address."""
        return self.visitor.ask(target, headers={**self.headers, **(headers or {})})

    def post(self, form: pages.Form, headers: Mapping[str, str] | None = None) -> Answer:
        """Presses the button of a form."""
        return self.visitor.post(form.action, form.body(), **{**self.headers, **(headers or {})})

    def wait_out(self, challenge: Answer, headers: Mapping[str, str] | None = None) -> Answer:
        """Answers a challenge by waiting, for longer than any asks for; what came of it."""
        form = pages.wait_form(challenge.text)
        self.clock.now_s += 900
        return self.post(form, headers)
