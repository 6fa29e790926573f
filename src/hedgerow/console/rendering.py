"""Makes pages from templates, and the redirects after a form."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import jinja2
from fastapi import Request
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hedgerow.console.access.actor import Actor
from hedgerow.console.access.gate import before_cookie
from hedgerow.console.access.roles import Permission
from hedgerow.console.access.tokens import new_token
from hedgerow.console.navigation import entries_for, is_here
from hedgerow.console.services import Services

TEMPLATES: Final = Path(__file__).parent / "templates"
_SAID: Final = "hedgerow-said"
_LONGEST_SAID: Final = 500


def environment() -> jinja2.Environment:
    """Templates with everything escaped, and no name that is silently empty."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        extensions=["jinja2.ext.do"],
    )
    env.filters.update(day=day, moment=moment, count=count, until=until)
    env.globals["Permission"] = Permission
    return env


def drop_cookie(answer: Response, services: Services, name: str) -> None:
    """Takes a cookie back, in the words it was set with: browsers heed nothing said of `__Host-` without `Secure`."""
    answer.delete_cookie(name, path="/", secure=services.settings.https, httponly=True, samesite="lax")


def render(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page. The template also has: `actor`, `now`, `csrf`, `path`, `navigation`, `said`, `static`, `one_person`."""
    services: Services = request.app.state.services
    actor = getattr(request.state, "actor", None)
    before = None
    if isinstance(actor, Actor):
        csrf = actor.csrf
    else:
        csrf = request.cookies.get(before_cookie(services), "")
        if not 20 <= len(csrf) <= 100:
            csrf = before = new_token()
    path = request.url.path
    text = request.app.state.templates.get_template(template).render(
        {
            "actor": actor,
            "now": services.clock(),
            "csrf": csrf,
            "path": path,
            "navigation": [(e, is_here(e, path)) for e in entries_for(request.app.state.navigation, actor)],
            "said": _said(request),
            "static": request.app.state.static.url,
            "one_person": services.settings.one_person,
            **values,
        }
    )
    answer = HTMLResponse(text, status)
    if before is not None:
        answer.set_cookie(
            before_cookie(services), before, httponly=True, samesite="lax", secure=services.settings.https, path="/"
        )
    if _SAID in request.cookies:
        drop_cookie(answer, services, _SAID)
    return answer


class Went(RedirectResponse):
    """The answer to a form that was done: where to look, and what was done, also for its twin in JSON."""

    def __init__(self, where: str, said: str) -> None:
        super().__init__(where, 303)
        self.where = where
        self.said = said


def go(request: Request, path: str, say: str = "") -> Went:
    """After a form: see the other page (303), with a sentence on what was done."""
    services: Services = request.app.state.services
    answer = Went(inside(path), say)
    if say:
        packed = base64.urlsafe_b64encode(json.dumps(say[:_LONGEST_SAID]).encode()).decode()
        answer.set_cookie(
            _SAID, packed, max_age=60, httponly=True, samesite="lax", secure=services.settings.https, path="/"
        )
    if request.headers.get("hx-request") == "true":
        # htmx follows a 303 by itself and would put the whole page into a fragment's place.
        answer.status_code = 204
        del answer.headers["location"]
        answer.headers["hx-redirect"] = inside(path)
    return answer


def inside(path: str) -> str:
    """The path, if it leads to a page of this console; else the first page. Nobody is sent elsewhere by a link."""
    plain = (
        path.startswith("/")
        and not path.startswith(("//", "/\\"))
        and "\\" not in path
        and len(path) <= 2_000
        and all(32 < ord(c) < 127 for c in path)
    )
    return path if plain else "/"


def _said(request: Request) -> str:
    packed = request.cookies.get(_SAID, "")
    if not packed or len(packed) > 4 * _LONGEST_SAID * 3:
        return ""
    try:
        said = json.loads(base64.urlsafe_b64decode(packed.encode()))
    except ValueError:
        return ""
    return said[:_LONGEST_SAID] if isinstance(said, str) else ""


def day(value: datetime) -> str:
    """A day, as 26 November 2026."""
    return f"{value.astimezone(UTC).day} {value.astimezone(UTC):%B %Y}"


def moment(value: datetime | None) -> Markup:
    """A point in time with its zone, readable by programs too."""
    if value is None:
        return Markup("never")
    utc = value.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(
        utc.isoformat(timespec="seconds"), f"{utc.day} {utc:%b %Y, %H:%M} UTC"
    )


def count(value: float | None) -> str:
    """A number with its thousands apart (narrow no-break space, ISO 80000-1)."""
    return "unknown" if value is None else f"{value:,}".replace(",", "\u202f")


def until(value: datetime, now: datetime) -> str:
    """How long until then, in words of one unit; past times say so."""
    left = value - now
    late, left = left < timedelta(0), abs(left)
    if left >= timedelta(days=2):
        words = f"{left.days} days"
    elif left >= timedelta(hours=2):
        words = f"{int(left.total_seconds() // 3600)} hours"
    else:
        minutes = int(left.total_seconds() // 60)
        words = "1 minute" if minutes == 1 else f"{minutes} minutes"
    return f"{words} ago" if late else f"in {words}"
