"""The site: which address is answered by what."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from . import machine, wire
from .accounts import COOKIE, Accounts
from .avatars import avatar
from .pages import Pages
from .people import people_of

HTML = "text/html; charset=utf-8"
JSON = "application/json"
LONGEST_FORM = 4_096
"""Bytes of the sign-in form that are read."""
_PHOTOS = {"Cache-Control": "public, max-age=3600"}


class Site:
    """The answers. They are the same for everybody but on `/account`, so that all pages can be kept."""

    def __init__(self, members: int, seed: int) -> None:
        self.seed = seed
        self.directory = people_of(members, seed)
        self.pages = Pages(self.directory)
        self.accounts = Accounts()
        self._api: dict[int, bytes] = {}

    def _answer(self, request: Request, body: bytes | None, media: str = HTML, status: int = 200) -> Response:
        """An answer that says who is signed in, in the headers a gateway looks for; 404 for no body."""
        if body is None:
            body, media, status = self.pages.plain("Not here", "There is no such page at Riverbend."), HTML, 404
        # The media type goes in as a header: Starlette would add a charset to those of text.
        headers = {"Content-Type": media}
        account = self.accounts.of(request.cookies.get(COOKIE)) if "cookie" in request.headers else None
        if account is not None:
            headers |= {"Hedgerow-Account": account.name, "Hedgerow-Account-Since": str(account.since_s)}
        return Response(body, status, headers)

    def _json(self, request: Request, body: bytes | None) -> Response:
        if body is None:
            return self._answer(request, machine.encode({"error": "there is no such member or page"}), JSON, 404)
        return self._answer(request, body, JSON)

    async def home(self, request: Request) -> Response:
        """The front page."""
        return self._answer(request, self.pages.home())

    async def members(self, request: Request) -> Response:
        """The list."""
        return self._answer(request, self.pages.members(_page(request)))

    async def profile(self, request: Request) -> Response:
        """One member."""
        return self._answer(request, self.pages.profile(request.path_params["number"]))

    async def all_in_one(self, request: Request) -> Response:
        """Robots are told not to come here and people are never led here. There is nothing to see."""
        return self._answer(request, self.pages.plain("All on one page", "This list was closed long ago."))

    async def search(self, request: Request) -> Response:
        """Search results."""
        return self._answer(request, self.pages.search(request.query_params.get("q", "")[:200], _page(request)))

    async def groups(self, request: Request) -> Response:
        """All groups."""
        return self._answer(request, self.pages.groups())

    async def group(self, request: Request) -> Response:
        """One group."""
        return self._answer(request, self.pages.group(request.path_params["slug"]))

    async def api_members(self, request: Request) -> Response:
        """The list, as JSON."""
        page = _page(request)
        body = self._api.get(page) or machine.api_page(self.directory, page)
        if body is not None:
            self._api[page] = body
        return self._json(request, body)

    async def api_member(self, request: Request) -> Response:
        """One member, as JSON."""
        member = self.directory.member(request.path_params["number"])
        return self._json(request, machine.encode(machine.whole(member)) if member else None)

    async def api_suggest(self, request: Request) -> Response:
        """Names, while somebody types."""
        found = self.directory.search(request.query_params.get("q", "")[:200])[: machine.A_SUGGESTION]
        return self._json(request, machine.encode({"results": [machine.basic(m) for m in found]}))

    async def export(self, request: Request) -> Response:
        """Members as a file, fifty at a time, for those who are signed in."""
        if self.accounts.of(request.cookies.get(COOKIE)) is None:
            return RedirectResponse("/sign-in?next=/export.csv", 303)
        rows = machine.export_rows(self.directory, _page(request))
        answer = self._answer(request, machine.export(rows), "text/csv; charset=utf-8")
        answer.headers[machine.PEOPLE_HEADER] = machine.named(rows, machine.EXPORTED)
        answer.headers["Content-Disposition"] = 'attachment; filename="riverbend.csv"'
        return answer

    async def sign_in(self, request: Request) -> Response:
        """The form, and what follows from it."""
        after, failed = request.query_params.get("next", "/account"), False
        if request.method == "POST":
            form = parse_qs((await _body(request)).decode("utf-8", "replace"))
            name, password, after = (form.get(key, [""])[0] for key in ("name", "password", "next"))
            token = self.accounts.sign_in(name, password)
            if token:
                answer = RedirectResponse(_local(after), 303)
                answer.set_cookie(COOKIE, token, max_age=30 * 86_400, httponly=True, samesite="lax")
                return answer
            failed = True
        page = self.pages.render("sign_in.html", after=_local(after), failed=failed)
        return self._answer(request, page, status=401 if failed else 200)

    async def sign_out(self, request: Request) -> Response:
        """Ends the session."""
        self.accounts.sign_out(request.cookies.get(COOKIE))
        answer = RedirectResponse("/", 303)
        answer.delete_cookie(COOKIE, httponly=True, samesite="lax")
        return answer

    async def account(self, request: Request) -> Response:
        """One's own page."""
        account = self.accounts.of(request.cookies.get(COOKIE))
        if account is None:
            return RedirectResponse("/sign-in?next=/account", 303)
        return self._answer(request, self.pages.render("account.html", account=account))

    async def photo(self, request: Request) -> Response:
        """A picture."""
        number = request.path_params["number"]
        if self.directory.member(number) is None:
            return self._answer(request, None)
        return Response(avatar(number, self.seed), media_type="image/svg+xml", headers=_PHOTOS)

    async def feed(self, request: Request) -> Response:
        """New members."""
        newest = self.directory.newest(20)
        answer = self._answer(request, machine.feed(newest, _base(request)), "application/rss+xml; charset=utf-8")
        answer.headers[machine.PEOPLE_HEADER] = machine.named(newest, "name headline")
        return answer

    async def sitemap(self, request: Request) -> Response:
        """Every page there is."""
        return self._answer(
            request, machine.sitemap(self.directory, _base(request), self.pages.list_pages), "application/xml"
        )

    async def robots(self, request: Request) -> Response:
        """What robots are asked to leave alone."""
        return self._answer(request, machine.ROBOTS.encode(), "text/plain; charset=utf-8")

    async def health(self, _request: Request) -> Response:
        """Says that the site is up."""
        return Response(b'{"ok":true}', media_type=JSON)

    async def missing(self, request: Request, _error: Exception) -> Response:
        """Any other address."""
        return self._answer(request, None)


def _page(request: Request) -> int:
    text = request.query_params.get("page", "1")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def _local(path: str) -> str:
    """A path of this site; anything else is no place to go after signing in."""
    fits = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if fits else "/account"


def _base(request: Request) -> str:
    scheme = request.headers.get("x-forwarded-proto", request.url.scheme)
    return f"{'https' if scheme == 'https' else 'http'}://{request.headers.get('host', 'localhost')}"


async def _body(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST_FORM:
            return b""
    return body


def build(members: int = 5_000, seed: int = 7) -> Starlette:
    """The site as an ASGI application."""
    site = Site(members, seed)
    return Starlette(
        routes=[
            Route("/", site.home),
            Route("/members", site.members),
            Route("/members/all-in-one", site.all_in_one),
            Route("/members/{number:int}", site.profile),
            Route("/search", site.search),
            Route("/groups", site.groups),
            Route("/groups/{slug}", site.group),
            Route("/api/members", site.api_members),
            Route("/api/members/{number:int}", site.api_member),
            Route("/api/suggest", site.api_suggest),
            Route("/export.csv", site.export),
            Route("/sign-in", site.sign_in, methods=["GET", "POST"]),
            Route("/sign-out", site.sign_out, methods=["POST"]),
            Route("/account", site.account),
            Route("/photos/{number:int}.svg", site.photo),
            Route("/feed.xml", site.feed),
            Route("/sitemap.xml", site.sitemap),
            Route("/robots.txt", site.robots),
            Route("/health", site.health),
            Route("/events", wire.events),
            Route("/upload", wire.upload, methods=["POST", "PUT"]),
            Route("/download", wire.download),
            WebSocketRoute("/ws/echo", wire.echo),
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        ],
        exception_handlers={404: site.missing},
    )
