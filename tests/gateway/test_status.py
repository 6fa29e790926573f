"""What `hedgerow status` says of a running gateway."""

from __future__ import annotations

import json

from hedgerow.control import Json
from tests.gateway.conftest import StartGateway
from tests.gateway.policies import policy
from tests.gateway.running import Gateway
from tests.gateway.site import Site
from tests.gateway.wire import BROWSER


def told(running: Gateway) -> Json:
    """The one site, as `hedgerow status --json` prints it."""
    done = running.command("status", "--json")
    assert done.returncode == 0, done.stderr
    sites = json.loads(done.stdout)["sites"]
    assert isinstance(sites, list)
    found = sites[0]
    assert isinstance(found, dict)
    return found


def disclosures(found: Json) -> object:
    """How often somebody was shown a person, since the edge began."""
    counters = found["counters"]
    assert isinstance(counters, dict)
    return counters["disclosures"]


def test_status_counts_people_once_and_disclosures_each_time(site: Site, gateway: StartGateway) -> None:
    running = gateway(policy(site.url), enforce=False)
    # Ten people, three times, to two visitors; one of them once more on a page of their own.
    for source in ("127.0.0.2", "127.0.0.2", "127.0.0.3"):
        with running.wire(source=source) as wire:
            assert wire.ask("/members", BROWSER).status == 200
    assert running.get("/members/3", BROWSER).status == 200
    first = told(running)
    assert first["people_disclosed"] == {"hour": 10, "day": 10}
    assert disclosures(first) == 31
    words = running.command("status", "--once").stdout
    assert "people disclosed" in words
    assert "hour: 10" in words
    # The counters begin anew with the process; whom people were shown in the last day does not.
    running.crash()
    assert running.get("/members/11", BROWSER).status == 200
    again = told(running)
    assert again["people_disclosed"] == {"hour": 11, "day": 11}
    assert disclosures(again) == 1
