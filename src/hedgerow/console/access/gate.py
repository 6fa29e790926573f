"""Lets a request in to its route, or not: who it is, may they, is the form ours, is the sign-in fresh."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Final, Literal
from urllib.parse import urlsplit

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from hedgerow.console.access import api_tokens, sessions
from hedgerow.console.access.actor import Actor
from hedgerow.console.access.roles import Permission, sentence
from hedgerow.console.access.sent_text import FORMS, check_text, kind_of
from hedgerow.console.problems import FreshSignInNeeded, NotAllowed, SignInNeeded
from hedgerow.console.services import Services
from hedgerow.store.models.accounts import SignInSession

SAFE: Final = frozenset({"GET", "HEAD"})
CSRF_FIELD: Final = "csrf"
CSRF_HEADER: Final = "x-csrf-token"


class Mark(Enum):
    """What a route needs when it is no permission."""

    PUBLIC = "anybody"
    SIGNED_IN = "anybody who is signed in, for what is their own"


Needs = Permission | Mark
Kind = Literal["page", "action", "api"]


@dataclass(frozen=True)
class Declared:
    """What a route said of itself: a line of the route table."""

    kind: Kind
    method: str
    path: str
    needs: Needs
    fresh: bool = False

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.method not in SAFE


def before_cookie(services: Services) -> str:
    """Name of the cookie that guards forms before sign-in."""
    return "__Host-hedgerow-form" if services.settings.https else "hedgerow-form"


BY_ITSELF_HEADER: Final = "x-by-itself"
"""A page that lies open asks for its own news with this: that is not somebody who uses the session."""
_BY_THEMSELVES: Final = ("/static/", "/live")


async def let_in(request: Request, declared: Declared) -> None:
    """Checks a request before anything of it is read but its head, and then perhaps its form.

    Raises:
        SignInNeeded: nobody is signed in and the route is not public.
        NotAllowed: the role does not allow it, or the request was made by another site.
        FreshSignInNeeded: the act needs a fresh proof.
    """
    services: Services = request.app.state.services
    bearer = _bearer(request) if declared.kind == "api" else None
    used = not (declared.path.startswith(_BY_THEMSELVES) or BY_ITSELF_HEADER in request.headers)
    actor = await run_in_threadpool(_identify, request, services, bearer, used)
    request.state.actor = actor
    if declared.needs is not Mark.PUBLIC:
        if actor is None:
            raise SignInNeeded("You are not signed in, or your session has ended.")
        if isinstance(declared.needs, Permission) and not actor.may(declared.needs):
            raise NotAllowed(
                f"Your role does not let you {sentence(declared.needs)}. Ask an owner of this site if you should."
            )
    if declared.writes and bearer is None:
        _same_site(request)
        if not (declared.kind == "api" and declared.needs is Mark.PUBLIC):
            expected = actor.csrf if actor else request.cookies.get(before_cookie(services), "")
            await _form_is_ours(request, expected)
    await check_text(request, writes=declared.writes)
    if declared.fresh and actor is not None:
        limit = timedelta(seconds=services.settings.fresh_s)
        if bearer is not None or actor.fresh_at is None or services.clock() - actor.fresh_at > limit:
            raise FreshSignInNeeded("This needs a fresh proof that it is you. Confirm it, then do it again.")


def _identify(request: Request, services: Services, bearer: str | None, used: bool) -> Actor | None:
    now = services.clock()
    if bearer is not None:
        with services.database.reading() as reading:
            found = api_tokens.bearer_of(reading, bearer, now)
        if found is not None and found.unnoted:
            with services.database.session() as session:
                api_tokens.note_use(session, found.token_id, now)
        return found.actor if found else None
    token = request.cookies.get(sessions.cookie_name(services.settings), "")
    if not token:
        return None
    with services.database.reading() as reading:
        row = sessions.find(reading, token, now, services.settings)
        actor = sessions.actor_of(reading, row, now) if row else None
        # What is read after the transaction is gone with it.
        noted = row.seen_at if row else now
    if actor and used and now - noted >= timedelta(seconds=sessions.SEEN_EVERY_S):
        with services.database.session() as session:
            seen = session.get(SignInSession, actor.session_id)
            if seen is not None:
                seen.seen_at = max(seen.seen_at, now)
    return actor


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _same_site(request: Request) -> None:
    """Browsers say where a request comes from (Fetch Metadata; RFC 6454); programs say nothing."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    other = site is not None and site not in {"same-origin", "none"}
    if origin is not None:
        other = other or urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower()
    if other:
        raise NotAllowed("This was sent by another site's page, so it was not done. Open the console and do it there.")


async def _form_is_ours(request: Request, expected: str) -> None:
    given = request.headers.get(CSRF_HEADER)
    if given is None and kind_of(request) in FORMS:
        form: FormData = await request.form(max_files=20, max_fields=2_000, max_part_size=2 << 20)
        value = form.get(CSRF_FIELD)
        given = value if isinstance(value, str) else None
    if not expected or not hmac.compare_digest((given or "").encode(), expected.encode()):
        raise NotAllowed("The form was too old, or not ours, so nothing was done. Load the page again and repeat it.")
