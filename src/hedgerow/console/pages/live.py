"""The stream by which open pages learn what happens (server-sent events)."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from hedgerow.console.access import sessions
from hedgerow.console.access.actor import CurrentActor
from hedgerow.console.access.roles import Permission
from hedgerow.console.live import Live, TooManyListenersError, told
from hedgerow.console.problems import TooOften
from hedgerow.console.routes import page
from hedgerow.console.services import Services
from hedgerow.store.models.accounts import SignInSession


def router(services: Services) -> APIRouter:
    """`/live`, one stream a page."""
    routes = APIRouter()

    @page(routes, "/live", needs=Permission.SEE)
    async def live(request: Request, actor: CurrentActor) -> StreamingResponse:
        teller: Live = request.app.state.live
        session_id = actor.session_id or actor.id

        async def stream() -> AsyncIterator[bytes]:
            with teller.listening(session_id) as listener:
                async for piece in told(listener, lambda: _may_still(services, session_id)):
                    yield piece

        return await _begun(stream())

    return routes


async def _begun(pieces: AsyncIterator[bytes]) -> StreamingResponse:
    """The answer, once there is a place for it: a refusal must not come in the middle of a stream."""
    try:
        first = await anext(pieces)
    except TooManyListenersError as e:
        raise TooOften("Too many pages are open at once. Close some; this one still works, but is not live.", 30) from e

    async def all_of_it() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(all_of_it(), media_type="text/event-stream", headers=headers)


def _may_still(services: Services, session_id: str) -> bool:
    """Whether the session is still open and its user may still look; an open page does not count as use of it."""
    now = services.clock()
    with services.database.reading() as session:
        row = session.get(SignInSession, session_id)
        if row is None or not sessions.good(row, now, services.settings):
            return False
        actor = sessions.actor_of(session, row, now)
        return actor is not None and actor.may(Permission.SEE)
