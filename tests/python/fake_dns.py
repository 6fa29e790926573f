"""DNS whose answers are written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hedgerow.brain.crawler_names import Undecided


@dataclass
class FakeDns:
    """A resolver whose answers are written down; `asked` tells what was asked."""

    ptr: dict[str, list[str]] = field(default_factory=dict)
    forward: dict[str, list[str]] = field(default_factory=dict)
    slow: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)

    def names(self, address: str) -> Sequence[str]:
        self.asked.append(address)
        if address in self.slow:
            raise Undecided(address)
        return self.ptr.get(address, [])

    def addresses(self, name: str, version: int) -> Sequence[str]:
        self.asked.append(name)
        if name in self.slow:
            raise Undecided(name)
        return [a for a in self.forward.get(name, []) if (":" in a) == (version == 6)]
