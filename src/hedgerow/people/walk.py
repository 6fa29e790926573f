"""A polite walk over a site: bounded, slow enough, under its own robots token, obeying robots.txt.

It reads a few pages of every shape of address instead of many of one, so that a site of a million profiles costs no
more than one of a hundred. It only ever asks with GET, and follows neither `nofollow` links nor addresses that sound
like acts.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from urllib.parse import quote, urljoin, urlsplit

import httpx2
from protego import Protego
from selectolax.lexbor import LexborHTMLParser

from hedgerow.people.frontier import Frontier, acts
from hedgerow.people.links import Page, links, ones_in_scripts, searches
from hedgerow.people.words import looks_like_name

#: The token robots.txt may name to keep the walk out.
TOKEN = "hedgerow-map"  # noqa: S105 - a name that robots.txt may use
AGENT = f"{TOKEN}/0.1 (the operator's own look at which pages show people)"

#: Longest body that is read, bytes.
LONGEST = 2_000_000

#: Longest robots.txt that is read, bytes (RFC 9309, section 2.5, asks for 500 KiB at least).
LONGEST_ROBOTS = 512_000

#: Longest time for one answer, seconds: a site that drips must not hold the walk.
LONGEST_S = 30.0

#: Answers in a row that say "not now" before the walk ends, and connections in a row that fail.
PATIENCE = 5

#: Longest rest that robots.txt can ask for, seconds.
LONGEST_PAUSE_S = 10.0

#: Pages after which the site's searches are asked: by then some names are known.
BEFORE_SEARCH = 30

#: Addresses that nothing leads to and that are tried all the same, at most.
GUESSES = 24

_LANDINGS = re.compile(r"/(?:api|rest)(?:/v\d+)?(?=/)")
_SKIPPED = re.compile(
    r"\.(?:png|jpe?g|gif|svg|webp|avif|ico|css|woff2?|ttf|pdf|zip|gz|mp[34]|webm|map)$", re.IGNORECASE
)


@dataclass
class Walk:
    """What a walk brought home."""

    base: str
    pages: list[Page] = field(default_factory=list)
    #: Paths that robots.txt keeps the walk from, met or named there.
    refused_by_robots: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    #: Path asked for -> path of a page to sign in.
    behind_sign_in: dict[str, str] = field(default_factory=dict)
    robots: str | None = None
    requests: int = 0
    #: Why the walk ended before it was through, if it did.
    stopped: str | None = None


class WalkError(Exception):
    """The site cannot be reached, or forbids the walk altogether; the message says what to do."""


def walk(
    base: str,
    *,
    most_pages: int = 250,
    most_of_a_shape: int = 14,
    pause_s: float = 0.05,
    timeout_s: float = 10.0,
    progress: Callable[[int, int, str], None] | None = None,
    cookie: str | None = None,
    client: httpx2.Client | None = None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Walk:
    """Walks a site from its first page, sitemap and feeds.

    Args:
        base: Where to begin.
        most_pages: Most requests that are made, robots.txt aside; failed ones count.
        most_of_a_shape: Most pages of addresses that look alike.
        pause_s: Rest between two requests, seconds; robots.txt's `Crawl-delay` is kept when it is longer, up to
            10 s.
        timeout_s: Longest wait for the next piece of an answer, seconds.
        progress: Called with (pages read, pages known, address).
        cookie: The `Cookie` header of somebody who is signed in, to read what members see.
        client: For tests; it must not follow redirects by itself.
        sleep: Rests that many seconds; for tests.
        clock: Seconds that never go back; for tests.

    Raises:
        WalkError: nothing can be read; the message says why and what to do.
    """
    headers = {"user-agent": AGENT, "accept": "text/html,application/json;q=0.9,*/*;q=0.5"}
    own = httpx2.Client(
        headers=headers | ({"cookie": cookie} if cookie else {}),
        timeout=timeout_s,
        follow_redirects=False,
    )
    with own if client is None else nullcontext(client) as http:
        tour = _Tour(base, http, most_of_a_shape, sleep, clock)
        tour.ask_robots(pause_s)
        tour.go(most_pages, progress)
    found = tour.found
    if not found.pages:
        why = next(iter(found.failed.values()), None)
        if why is None:
            why = "robots.txt forbids everything to this walk (its robots token is `hedgerow-map`)"
        raise WalkError(f"nothing at {base} could be read: {why}")
    return found


class _Tour:
    """One walk under way."""

    def __init__(
        self,
        base: str,
        http: httpx2.Client,
        most_of_a_shape: int,
        sleep: Callable[[float], None],
        clock: Callable[[], float],
    ) -> None:
        self.found = Walk(base)
        self._http = http
        self._origin = _origin(base)
        self._frontier = Frontier(most_of_a_shape)
        self._sleep, self._clock = sleep, clock
        self._robots = Protego.parse("")
        self._pause_s = 0.0
        self._searches: dict[str, str] = {}
        self._searched: set[str] = set()
        self._ones: set[str] = set()
        self._names: Counter[str] = Counter()
        self._seen: dict[str, None] = {}
        self._turned_away = 0

    def ask_robots(self, pause_s: float) -> None:
        """Reads robots.txt (RFC 9309): absent means welcome, an error of the server means stay away."""
        url = urljoin(self.found.base, "/robots.txt")
        try:
            for _ in range(5):  # RFC 9309, section 2.3.1.2
                status, _media, body, target = self._get(url, LONGEST_ROBOTS)
                if target is None or _origin(target) != self._origin:
                    break
                url = target
        except httpx2.HTTPError as error:
            raise WalkError(
                f"{self.found.base} does not answer ({error}); check that the site runs and that the address is right"
            ) from error
        if status >= 500:
            raise WalkError(
                f"robots.txt at {self.found.base} answers {status}, which forbids a walk (RFC 9309, 2.3.1.4); "
                "mend it, or let it answer 404"
            )
        text = body if status == 200 else ""
        self.found.robots = text or None
        self._robots = Protego.parse(text)
        asked_s = float(self._robots.crawl_delay(TOKEN) or 0)
        self._pause_s = max(pause_s, min(asked_s, LONGEST_PAUSE_S))

    def go(self, most: int, progress: Callable[[int, int, str], None] | None) -> None:
        """Reads pages until nothing is left or `most` requests were made."""
        found, frontier = self.found, self._frontier
        self._offer(found.base, first=True)
        for hint in ("/sitemap.xml", *self._robots.sitemaps):
            self._offer(urljoin(found.base, hint), first=True)
        guessed: set[str] = set()
        kept_back = min(GUESSES, most // 8)
        while found.requests < most and found.stopped is None:
            if len(found.pages) >= BEFORE_SEARCH:
                self._ask_searches()
            url = frontier.next() if guessed or found.requests < most - kept_back else None
            if url is None:
                if self._ask_searches():
                    continue
                if guessed:
                    break
                guessed = {"", *(g for g in self._guesses()[:kept_back] if self._offer(g, first=True))}
                continue
            if found.requests:
                self._sleep(self._pause_s)
            page = self._read(url, guessed=url in guessed)
            if page is not None:
                found.pages.append(page)
                self._learn(page)
            if progress:
                progress(len(found.pages), len(found.pages) + len(frontier), url)

    def _offer(self, url: str, *, first: bool = False) -> bool:
        if _origin(url) != self._origin or acts(url) or _SKIPPED.search(urlsplit(url).path):
            return False
        if not self._robots.can_fetch(url, TOKEN):
            if len(self.found.refused_by_robots) < 1_000:
                self.found.refused_by_robots.add(urlsplit(url).path or "/")
            return False
        if len(self._seen) < 20_000:
            self._seen[urlsplit(url).path] = None
        return self._frontier.offer(url, first=first)

    def _learn(self, page: Page) -> None:
        for link in links(page):
            self._offer(link)
        for action, name in searches(page):
            if len(self._searches) < 8 and _origin(action) == self._origin:
                self._searches.setdefault(action, name)
        self._ones.update(ones_in_scripts(page)[: max(0, 8 - len(self._ones))])
        if page.media == "text/html" and len(self._names) < 5_000:
            for node in LexborHTMLParser(page.text).css("a[href], h1, h2"):
                text = " ".join(node.text().split())
                if looks_like_name(text):
                    self._names[text.split()[0]] += 1

    def _ask_searches(self) -> bool:
        """Asks every search that was found for two names that many share, so that it shows several people."""
        new = False
        # The walk has names as they stand on pages; a word of fewer letters than three is none to search for.
        words = [w for w, _ in self._names.most_common(12) if len(w) > 2 and w.isalpha()][:2]
        for action, name in self._searches.items():
            if words and action not in self._searched:
                self._searched.add(action)
                for word in words:
                    new |= self._offer(f"{action}?{name}={quote(word)}", first=True)
        return new

    def _guesses(self) -> list[str]:
        """Addresses nothing leads to: what an API would be called, by the site's own words for its collections."""
        collections: dict[str, list[str]] = {}
        for path in self._seen:
            parts = path.strip("/").split("/")
            if len(parts) == 2 and re.fullmatch(r"[a-z_-]{2,30}", parts[0]):
                collections.setdefault(parts[0], []).append(parts[1])
        largest = sorted((c for c in collections if len(collections[c]) >= 3), key=lambda c: -len(collections[c]))
        largest = [c for c in largest if c not in {"api", "static", "assets", "media"}][:4]
        prefixes = list(dict.fromkeys(m.group() for p in self._seen if (m := _LANDINGS.match(p))))[:2]
        out: list[str] = []
        for prefix in prefixes or ["/api"]:
            for name in largest:
                out.append(f"{prefix}/{name}")
                out += [f"{prefix}/{name}/{one}" for one in collections[name][:2]]
        for start in sorted(self._ones):
            known = collections.get(start.strip("/").split("/")[-1]) or [i for c in largest[:1] for i in collections[c]]
            out += [start + one for one in known[:3]]
        return [urljoin(self.found.base, p) for p in dict.fromkeys(out)]

    def _get(self, url: str, longest: int) -> tuple[int, str, str, str | None]:
        """Status, media type, text (cut at `longest` bytes) and, for a redirect, where to.

        Raises:
            httpx2.HTTPError: no answer, or one that is no HTTP, or one that took too long.
        """
        until_s = self._clock() + LONGEST_S
        with self._http.stream("GET", url) as answer:
            if answer.is_redirect:
                try:
                    return (
                        answer.status_code,
                        "",
                        "",
                        urljoin(url, answer.headers.get("location", "")).partition("#")[0],
                    )
                except ValueError:
                    return answer.status_code, "", "", None
            media = answer.headers.get("content-type", "").split(";")[0].strip().lower()
            media = "application/json" if media.endswith("+json") else media
            media = "text/html" if media == "application/xhtml+xml" else media
            body = bytearray()
            if _readable(media):
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > longest:
                        break
                    if self._clock() > until_s:
                        raise httpx2.ReadTimeout(f"the answer took longer than {LONGEST_S:.0f} s")
            try:
                text = bytes(body[:longest]).decode(answer.encoding or "utf-8", "replace")
            except LookupError:
                text = bytes(body[:longest]).decode("utf-8", "replace")
            return answer.status_code, media, text, None

    def _read(self, url: str, *, guessed: bool) -> Page | None:
        found = self.found
        found.requests += 1
        try:
            status, media, text, target = self._get(url, LONGEST)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            self._note_failure(url, str(error) or type(error).__name__)
            self._turn_away("connections in a row failed")
            return None
        if status in {429, 503}:
            self._pause_s = min(LONGEST_PAUSE_S, max(0.5, self._pause_s * 2))
            self._note_failure(url, f"answers {status}")
            self._turn_away(f"answers in a row were {status}: the site is busy or holds the walk off")
            return None
        self._turned_away = 0
        if target is not None:
            self._redirected(url, target)
            return None
        if status != 200 or not _readable(media):
            if not guessed:
                self._note_failure(url, f"answers {status} {media}".strip())
            return None
        return Page(url, 200, media, text, guessed)

    def _note_failure(self, url: str, why: str) -> None:
        if len(self.found.failed) < 1_000:
            self.found.failed[url] = why

    def _turn_away(self, sentence: str) -> None:
        self._turned_away += 1
        if self._turned_away >= PATIENCE:
            self.found.stopped = f"{self._turned_away} {sentence}"

    def _redirected(self, url: str, target: str) -> None:
        """Notes where an address leads; the target waits its turn like any link, so that loops end by themselves."""
        if _origin(target) != self._origin:
            self._note_failure(url, f"leads to {target[:200]}, another site; walk that one if it is yours")
            return
        path = urlsplit(target).path
        entrance = re.search(r"/(?:sign[-_]?in|log[-_]?in|auth|session)\b", path, re.IGNORECASE)
        if entrance and len(self.found.behind_sign_in) < 1_000:
            self.found.behind_sign_in[urlsplit(url).path] = path
        self._offer(target, first=self.found.requests < 5)


def _origin(url: str) -> tuple[str, str]:
    try:
        split = urlsplit(url)
    except ValueError:
        return "", ""
    return split.scheme, split.netloc


def _readable(media: str) -> bool:
    return media.startswith("text/") or media.endswith(("json", "xml", "javascript"))
