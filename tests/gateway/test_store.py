"""The store works beside a gateway that writes: nothing is lost, nothing stands twice, and nobody waits."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path

from hedgerow import _engine
from hedgerow.ledger.store import Store
from tests.gateway.conftest import StartGateway
from tests.gateway.policies import policy
from tests.gateway.running import Gateway, people_in, until
from tests.gateway.site import Site

Told = list[tuple[str, int, str]]
"""Reference, part and person of every disclosure."""


def of_segments(running: Gateway) -> Told:
    found: Told = []
    for entry in running.ledger():
        people = entry.get("p")
        for person, *_ in people if isinstance(people, list) else []:
            found.append((str(entry["ref"]), int(str(entry.get("part", 0))), str(person)))
    return sorted(found)


def of_views(store: Store, view: str = "disclosures") -> Told:
    with store.snapshot() as snapshot, snapshot.connect(threads=1) as c:
        return sorted(c.execute(f"SELECT reference, part, person FROM {view}").fetchall())  # noqa: S608


def test_compacting_while_visitors_read_and_one_edge_takes_over_from_another_loses_and_doubles_nothing(
    site: Site, gateway: StartGateway
) -> None:
    running = gateway(policy(site.url), enforce=False)
    over = threading.Event()
    read: set[int] = set()

    def visit(first: int) -> None:
        person = first
        while not over.is_set():
            assert running.get(f"/members/{person}").status == 200
            read.add(person)
            person += 2

    visitors = [threading.Thread(target=visit, args=(first,)) for first in (1, 2)]
    for visitor in visitors:
        visitor.start()
    try:
        until(lambda: len(read) > 10, "the first visits")
        store = Store.open(running.state, "club")
        for round_number in range(6):
            seen = len(read)
            store.compact()
            if round_number == 2:
                assert running.command("restart").returncode == 0
            until(lambda: len(read) > seen + 5, "more visits")  # noqa: B023
            assert len(of_views(store)) >= seen
    finally:
        over.set()
        for visitor in visitors:
            visitor.join()
    segments = of_segments(running)
    assert {person for _, _, person in segments} >= {str(n) for n in read}
    assert of_views(store) == segments
    running.stop()
    store.compact()
    assert of_views(store) == of_views(store, "disclosures_by_principal") == segments
    assert store.verify() == []
    assert len({name.split("-")[1] for name in names(store)}) > 1
    no_raw_address(store.layout.folder)


def names(store: Store) -> list[str]:
    return [p.name for p in store.layout.segments.glob("*.seg")]


def no_raw_address(folder: Path) -> None:
    """Neither the visitors' address nor any value of a field is in any file of the site."""
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for private in (b"127.0.0.1", b"Name1x", b"Town1x", b"mail1x@club.example"):
                assert private not in content, path


def test_an_erased_person_is_gone_after_a_restart_and_budgets_count_them_still(
    site: Site, gateway: StartGateway
) -> None:
    running = gateway(policy(site.url), enforce=False)
    visitor = running.visitor()
    for person in (1, 2, 3):
        assert visitor.get(f"/members/{person}").status == 200
    running.stop()
    store = Store.open(running.state, "club")
    assert store.forget("2").waiting == []
    assert json.loads(_engine.verify_ledger(store.layout.segments))["problems"] == []
    again = gateway(policy(site.url), state=running.state, enforce=False)
    assert people_in(again.ledger()) & {"1", "2", "3"} == {"1", "3"}
    (told,) = [line for line in again.said.text.splitlines() if "counted again" in line]
    assert re.search(r"people\W{1,3}3\b", told), told
    again.stop()
    assert store.verify() == []


def test_with_the_secret_outside_the_state_holds_nothing_that_opens_it(site: Site, gateway: StartGateway) -> None:
    first = gateway(policy(site.url), enforce=False)
    secret = first.state.parent / f"{first.state.name}.secret"
    first.stop()
    # Moved out of the state, it goes on being the same: the visitor's names stay.
    (first.state / "secret").rename(secret)
    try:
        running = gateway(policy(site.url), "--secret", str(secret), state=first.state, enforce=False)
        assert running.get("/members/7").status == 200
        assert "7" in people_in(running.ledger())
        assert not (running.state / "secret").exists()
        key = secret.read_bytes().strip()
        assert all(key not in path.read_bytes() for path in running.state.rglob("*") if path.is_file())
        running.stop()
    finally:
        secret.unlink()
