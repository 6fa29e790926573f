"""A console with a ledger and a gateway that says what it is told: for the tests of Today, principals and appeals."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from fastapi import FastAPI

from case_world import SITE, keyed, shown, visitors
from console.signed_in import START
from hedgerow.console.app import create_app
from hedgerow.console.services import Services
from hedgerow.control import ControlError, NotRunningError
from written_ledger import Segment

HARVESTER = keyed("address", "h")
NETWORK = keyed("network", "hn")


def counters(**more: object) -> dict[str, Any]:
    """Counters as the gateway has them."""
    return {
        "requests": 900,
        "people_requests": 500,
        "disclosures": 1_234,
        "masked": 7,
        "verdicts": {"allow": 800},
        **more,
    }


def top(name: str, people: int, level: str = "address") -> dict[str, Any]:
    """One line of the gateway's most curious."""
    return {"level": level, "name": name[:16], "hour": [people, people, 0], "day": [people, people, 0], "last_s": 1}


@dataclass
class EdgeThatSays:
    """The face of `Control`. It remembers what it was asked."""

    runs: bool = True
    timeout_s: float = 0.1
    top: list[dict[str, Any]] = field(default_factory=list)
    explained: dict[str, dict[str, Any]] = field(default_factory=dict)
    ordinary: int = 12
    asked: list[dict[str, Any]] = field(default_factory=list)
    hits: dict[str, int] = field(default_factory=dict)

    def ask(self, do: str, **words: Any) -> dict[str, Any]:
        """Answers."""
        self.asked.append({"do": do, **words})
        if not self.runs:
            raise NotRunningError("no gateway is running")
        match do:
            case "status":
                posture = {"family": "members", "posture": "raised", "people_hour": [3, 3, 0], "people_day": [9, 9, 0]}
                state = {"principals": 3, "top": self.top, "postures": [posture]}
                return {
                    "sites": [{"site": SITE, "mode": "enforce", "counters": counters(), "measures": 0, "state": state}]
                }
            case "measures":
                rows = [{"id": i, "holds": True, "hits": n, "last_ms": 1_795_000_000_000} for i, n in self.hits.items()]
                return {"sites": [{"site": SITE, "measures": rows}]}
            case "measures_reload":
                return {"sites": []}
            case "reach":
                return {"visitors": 40, "ordinary": self.ordinary, "accounts": 1, "sessions": 2, "addresses": 3}
            case "explain" if words["reference"] in self.explained:
                return {"entry": self.explained[words["reference"]]}
        raise ControlError(f"cannot: {do}")

    def answers(self) -> bool:
        """Whether it runs."""
        return self.runs


def harvest(people: int = 40, minutes: int = 5) -> list[dict[str, Any]]:
    """Somebody who reads in order, some minutes ago."""
    begin = START - timedelta(minutes=minutes)
    why = ["signal.enumeration", "budget.personal.address.hour"]
    return [
        shown(n, begin + timedelta(seconds=n), address="h", network="hn", client="library", why=why)
        for n in range(1, people + 1)
    ]


def watched(services: Services, *rows: dict[str, Any]) -> tuple[FastAPI, EdgeThatSays]:
    """The app over a ledger with a harvester and visitors, and its gateway."""
    edge = EdgeThatSays(top=[top(HARVESTER, 40)])
    entries = [*visitors(60, 300, START - timedelta(days=6)), *harvest(), *rows]
    Segment(services.folder.path, SITE).append(*sorted(entries, key=lambda r: int(r["t"])))
    there = Services(services.database, services.folder, edge, services.clock, page_patience_s=60, act_patience_s=60)  # type: ignore[arg-type]
    there.overviews.refresh()
    return create_app(there), edge
