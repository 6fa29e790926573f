"""Open pages are told what happens: figures of the gateway, cases, and nothing once they may no longer look."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from console.signed_in import Clock, sign_in
from hedgerow.console.access.actor import Actor
from hedgerow.console.access.roles import Role
from hedgerow.console.decisions import record
from hedgerow.console.live import LISTENERS_EACH, QUEUE, Event, Listener, Live, TooManyListenersError, told
from hedgerow.console.pages.live import _may_still
from hedgerow.console.services import Services
from hedgerow.control import Control, ControlError, Json
from hedgerow.store.models.accounts import SignInSession, User


class Edge(Control):
    """An edge that answers how often it was asked."""

    def __init__(self, services: Services, *, runs: bool = True) -> None:
        super().__init__(services.folder.control)
        self.asked = 0
        self.runs = runs

    def ask(self, do: str, **words: object) -> Json:  # noqa: ARG002
        self.asked += 1
        if not self.runs:
            raise ControlError("no gateway is running")
        return {"ok": True, "asked": self.asked}


async def until(listener: Listener, kind: str) -> Event:
    async with asyncio.timeout(20):
        while True:
            for event in await listener.next(20):
                if event.kind == kind:
                    return event


def test_everybody_is_told_and_the_edge_is_asked_once(services: Services) -> None:
    edge = Edge(services)
    live = Live(edge, services.database, every_s=0.01)

    async def look() -> None:
        with live.listening("a") as one, live.listening("b") as two:
            assert (await until(one, "status")).data["running"] is True
            await until(two, "status")
            with services.database.session() as session:
                record(session, Actor.system(), "case.open", "case:x", "", {"people": 3}, at=services.clock())
            told_one, told_two = await until(one, "case"), await until(two, "case")
            assert told_one.data == told_two.data == {"act": "case.open", "subject": "case:x"}

    asyncio.run(look())
    live.close()
    assert live._thread is None, "nobody listens, nobody is asked"


def test_a_gateway_that_does_not_run_is_said_and_is_no_error(services: Services) -> None:
    live = Live(Edge(services, runs=False), services.database, every_s=0.01)

    async def look() -> None:
        with live.listening("a") as one:
            assert (await until(one, "status")).data == {"running": False, "sentence": "no gateway is running"}

    asyncio.run(look())
    live.close()


def test_whoever_does_not_listen_fast_enough_loses_the_oldest(services: Services) -> None:
    async def look() -> None:
        listener = Listener("a", asyncio.get_running_loop())
        for n in range(QUEUE * 2):
            listener.put(Event("case", {"n": n}))
            listener.put(Event("status", {"n": n}))
        got = await listener.next(1)
        assert len(got) <= QUEUE
        assert got[-1].data == {"n": QUEUE * 2 - 1}
        assert [e.kind for e in got].count("status") == 1

    asyncio.run(look())


def test_one_session_cannot_take_every_place(services: Services) -> None:
    live = Live(Edge(services), services.database)

    async def look(open_already: int) -> None:
        with live.listening("a"):
            if open_already + 1 < LISTENERS_EACH:
                await look(open_already + 1)
                return
            with pytest.raises(TooManyListenersError), live.listening("a"):
                pass
            with live.listening("b"):
                pass

    asyncio.run(look(0))
    live.close()


def test_an_event_cannot_break_out_of_its_line() -> None:
    wire = Event("case", {"sentence": "a\n\nevent: alarm\ndata: {}"}).wire().decode()
    assert wire.count("\n") == 3
    assert json.loads(wire.split("data: ", 1)[1]) == {"sentence": "a\n\nevent: alarm\ndata: {}"}


def test_a_stream_ends_with_the_right_to_look(services: Services) -> None:
    async def look(may: bool) -> list[bytes]:
        listener = Listener("a", asyncio.get_running_loop())
        stream: AsyncIterator[bytes] = told(listener, lambda: may, heartbeat_s=0.01)
        got = []
        async with asyncio.timeout(20):
            async for piece in stream:
                got.append(piece)
                if piece.startswith(b":"):
                    break
        return got

    assert asyncio.run(look(may=False)) == [b"retry: 2000\n\n"]
    assert asyncio.run(look(may=True))[-1] == b": still here\n\n"


def test_who_may_still_look(app: FastAPI, services: Services, clock: Clock) -> None:
    browser = sign_in(app, Role.AUDITOR)
    with services.database.reading() as session:
        session_id = session.query(SignInSession).one().id
    assert _may_still(services, session_id)
    clock.forward(seconds=services.settings.idle_s)
    assert not _may_still(services, session_id), "an open page alone keeps no session alive"
    clock.forward(seconds=-services.settings.idle_s)
    with services.database.session() as session:
        user = session.get(User, browser.user_id)
        assert user is not None
        user.disabled_at = services.clock()
    assert not _may_still(services, session_id)
