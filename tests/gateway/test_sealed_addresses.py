"""A sealed address, from the visitor to the one answer that shows it: sealed by the gateway, opened in its console."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from hedgerow.ledger.store import Store
from hedgerow.ledger.store.retention import Retention
from tests.gateway.conftest import StartGateway
from tests.gateway.policies import policy
from tests.gateway.running import Gateway, free_port, until
from tests.gateway.site import Site
from tests.gateway.wire import Wire

ADDRESS = "127.77.3.4"
"""Nobody else comes from there, so that it can be looked for everywhere."""
PASSWORD = "orchard kettle seven lanterns"


@dataclass
class Console:
    """A browser that is signed in as the owner at the gateway's own console."""

    browser: httpx2.Client
    csrf: str = ""

    def page(self, path: str) -> str:
        """A page."""
        answer = self.browser.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.text

    def send(self, path: str, **form: str) -> httpx2.Response:
        """Sends a form; redirects are not followed."""
        return self.browser.post(path, data={"csrf": self.csrf, **form}, follow_redirects=False)

    def case_of(self, address: str) -> tuple[str, str]:
        """Opens a case about an address: its page, and the form that opens the address."""
        since = (datetime.now(UTC) - timedelta(days=2)).isoformat()
        form = {"title": "Somebody reads", "site": "club", "reason": "seen on Today", "since": since}
        opened = self.send("/cases/new", **form, principals=address)
        assert opened.status_code == 303, opened.text
        where = str(opened.headers["location"])
        found = re.search(rf"{where}/principals/\w+/open-address", self.page(where))
        assert found
        return where, found[0]


@pytest.fixture
def running(site: Site, gateway: StartGateway) -> Gateway:
    """A gateway with its console, that somebody from `ADDRESS` has visited."""
    running = gateway(policy(site.url), console=f"127.0.0.1:{free_port()}", enforce=False)
    with Wire(running.address, source=ADDRESS) as wire:
        assert wire.ask("/members/7").status == 200
    until(lambda: any(sealed(running).iterdir()) if sealed(running).is_dir() else False, "it is sealed")
    return running


@pytest.fixture
def console(running: Gateway) -> Iterator[Console]:
    """The console, from the set-up link on."""
    assert running.said.wait_for("first start: make the owner's account")
    link = re.search(r"(http://\S+?)(/set-up/\S{40,})", running.said.text)
    assert link
    with httpx2.Client(base_url=link[1], timeout=60) as browser:
        there = Console(browser)
        there.csrf = token(browser.get(link[2]).text)
        made = there.browser.post(
            link[2],
            data={"csrf": there.csrf, "name": "ada", "shown_name": "Ada", "password": PASSWORD},
            follow_redirects=True,
        )
        there.csrf = token(made.text)
        yield there


def token(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found, page
    return found[1]


def sealed(running: Gateway) -> Path:
    return running.state / "sites" / "club" / "sealed"


def files_with(folder: Path, words: bytes) -> list[str]:
    """Files of a state directory that hold something in the clear."""
    return [str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() and words in p.read_bytes()]


def trail(running: Gateway) -> str:
    return (running.state / "audit.jsonl").read_text(encoding="utf-8")


def test_an_address_that_the_gateway_sealed_is_shown_once_to_who_says_why(running: Gateway, console: Console) -> None:
    where, opens = console.case_of(ADDRESS)
    before = trail(running) if (running.state / "audit.jsonl").exists() else ""
    unasked = console.send(opens, reason=" ")
    assert unasked.status_code == 422
    assert ADDRESS not in unasked.text
    assert "open-address" not in before

    opened = console.send(opens, reason="an order of the court")
    assert opened.status_code == 200, opened.text
    assert f"<code>{ADDRESS}</code>" in opened.text
    assert opened.headers["cache-control"] == "no-store"
    assert not any(ADDRESS in value for value in opened.headers.values())

    # Recorded in both trails, and in neither with the address.
    assert "an order of the court" in trail(running)
    assert "open-address" in trail(running)
    decisions = console.page("/decisions?act=case.open_address")
    assert "an order of the court" in decisions
    # The one answer was the only one: no page has it afterwards, not the case's own either.
    case = console.page(where)
    assert "an order of the court" in case
    looked = [where, "/", "/decisions", "/cases?state=all", "/principals", f"{where}/timeline.csv", f"{where}/others"]
    api = where.replace("/cases", "/api/v1/cases")
    for path in [*looked, f"{where}/principals.csv", api, "/api/v1/decisions", "/decisions/export?form=json"]:
        assert ADDRESS not in console.page(path), path
    assert console.send(f"{where}/evidence", reason="for counsel").status_code == 303
    until(lambda: "Frozen:" in console.page(where), "the evidence is frozen")
    assert list((running.state / "packs").rglob("manifest.json"))

    # Neither the logs nor any file: ledger, trail, database, evidence.
    assert ADDRESS not in running.said.text
    running.stop()
    Store.open(running.state, "club").compact()
    assert ADDRESS not in running.said.text
    assert files_with(running.state, ADDRESS.encode()) == []


def test_an_address_whose_days_are_over_says_so_and_the_attempt_is_recorded(running: Gateway, console: Console) -> None:
    where, opens = console.case_of(ADDRESS)
    later = datetime.now(UTC) + timedelta(days=Retention().sealed_address_days + 2)
    store = Store.open(running.state, "club", clock=lambda: later)

    def gone() -> bool:
        store.thin(Retention())
        return not list(sealed(running).iterdir())

    until(gone, "the sealed addresses go, once nobody reads the ledger as it was")

    refused = console.send(opens, reason="an order of the court")
    assert refused.status_code == 422
    assert "its days may be over" in refused.text
    assert ADDRESS not in refused.text
    # Who wanted to, and why, is recorded before it is looked for; in the case nothing was opened.
    assert "an order of the court" in trail(running)
    assert "Address opened" not in console.page(where)
    assert files_with(running.state, ADDRESS.encode()) == []


def test_an_address_that_never_came_has_nothing_to_open(running: Gateway, console: Console) -> None:
    _, opens = console.case_of("127.99.99.99")
    refused = console.send(opens, reason="an order of the court")
    assert refused.status_code == 422
    assert "No sealed address is kept" in refused.text
