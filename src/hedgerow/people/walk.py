"""A polite walk over a site: bounded, slow enough, under its own robots token, obeying robots.txt.

It reads a few pages of every shape of address instead of many of one, so that a site of a million profiles costs no
more than one of a hundred.
"""

from __future__ import annotations

import re
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import urldefrag, urljoin, urlsplit

import httpx2
from protego import Protego
from selectolax.lexbor import LexborHTMLParser

#: The token robots.txt may name to keep the walk out.
TOKEN = "hedgerow-map"
AGENT = f"{TOKEN}/0.1 (the operator's own look at which pages show people)"

#: Longest body that is read, bytes.
LONGEST = 2_000_000

_PATH_IN_SCRIPT = re.compile(r"""["'`](/[A-Za-z0-9_\-/.]{1,100}(?:\?[A-Za-z0-9_\-=&]{0,60})?)["'`]""")


@dataclass(frozen=True)
class Page:
    """One answer: its address, what it is, and what it holds."""

    url: str
    status: int
    media: str
    text: str

    @property
    def path(self) -> str:
        """Path without query."""
        return urlsplit(self.url).path or "/"

    @property
    def query_names(self) -> tuple[str, ...]:
        """Names of the query's parameters, in order."""
        query = urlsplit(self.url).query
        return tuple(p.split("=", 1)[0] for p in query.split("&") if p)


@dataclass
class Walk:
    """What a walk brought home."""

    base: str
    pages: list[Page] = field(default_factory=list)
    refused_by_robots: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    robots: str | None = None
    #: Paths seen as links, read or not.
    seen_paths: set[str] = field(default_factory=set)


class CannotWalk(Exception):
    """The site cannot be reached, or forbids the walk altogether; the message says what to do."""


def shape(url: str) -> str:
    """A rough shape of an address, to read few of each: digits and long mixed parts become `*`."""
    split = urlsplit(url)
    parts = [
        "*" if re.search(r"\d", p) or len(p) > 24 else p
        for p in split.path.strip("/").split("/")
    ]  # fmt: skip
    names = ",".join(sorted(p.split("=", 1)[0] for p in split.query.split("&") if p))
    return "/" + "/".join(parts) + ("?" + names if names else "")


def links(page: Page) -> Iterable[str]:
    """Addresses a page leads to: links, sources of scripts, forms that ask with GET, paths named in scripts."""
    if page.media == "application/json":
        yield from _json_links(page.text)
        return
    if page.media in {"application/xml", "text/xml", "application/rss+xml", "application/atom+xml"}:
        yield from re.findall(r"<(?:loc|link)>\s*([^<\s]{1,2000})\s*</", page.text)
        yield from re.findall(r"""<link[^>]{0,200}href=["']([^"']{1,2000})""", page.text)
        return
    if "javascript" in page.media:
        yield from _PATH_IN_SCRIPT.findall(page.text)
        return
    tree = LexborHTMLParser(page.text)
    for node in tree.css("a[href], link[rel~=alternate][href], area[href]"):
        yield node.attributes.get("href") or ""
    for node in tree.css("script"):
        if source := node.attributes.get("src"):
            yield source
        else:
            yield from _PATH_IN_SCRIPT.findall(node.text() or "")


def _json_links(text: str) -> Iterable[str]:
    yield from re.findall(r'"((?:https?:/)?/[A-Za-z0-9_\-/.?=&]{1,200})"', text)


def search_forms(page: Page) -> Iterable[tuple[str, str]]:
    """Forms that search: (address, name of the text field)."""
    if page.media != "text/html":
        return
    for form in LexborHTMLParser(page.text).css("form"):
        if (form.attributes.get("method") or "get").lower() != "get":
            continue
        for box in form.css("input[type=search], input[type=text], input:not([type])"):
            if name := box.attributes.get("name"):
                yield urljoin(page.url, form.attributes.get("action") or ""), name
                break


def walk(
    base: str,
    *,
    most_pages: int = 250,
    most_of_a_shape: int = 14,
    pause_s: float = 0.05,
    timeout_s: float = 10.0,
    progress: Callable[[int, int, str], None] | None = None,
    client: httpx2.Client | None = None,
) -> Walk:
    """Walks a site from its first page, sitemap and feeds.

    Args:
        base: Where to begin.
        most_pages: Most pages to read.
        most_of_a_shape: Most pages of addresses that look alike.
        pause_s: Rest between two requests, seconds; robots.txt's `Crawl-delay` is kept when it is longer (at most 10 s).
        timeout_s: Longest wait for one page, seconds.
        progress: Called with (pages read, pages known, address).
        client: For tests.

    Raises:
        CannotWalk: nothing can be read; the message says why and what to do.
    """
    origin = urlsplit(base)
    found = Walk(base=base)
    with client or httpx2.Client(headers={"user-agent": AGENT, "accept": "text/html,application/json;q=0.9,*/*;q=0.5"},
                                 timeout=timeout_s, follow_redirects=False) as http:  # fmt: skip
        robots = _robots(http, base, found)
        pause_s = max(pause_s, min(float(robots.crawl_delay(TOKEN) or 0), 10.0))
        queue: deque[str] = deque([base])
        later: deque[str] = deque()
        for hint in ("/sitemap.xml", *(robots.sitemaps or ())):
            queue.append(urljoin(base, hint))
        asked: set[str] = set()
        of_shape: Counter[str] = Counter()
        forms: dict[str, str] = {}
        searched: set[str] = set()
        word: str | None = None
        while (queue or later) and len(found.pages) < most_pages:
            url = urldefrag(queue.popleft() if queue else later.popleft())[0]
            split = urlsplit(url)
            if url in asked or (split.scheme, split.netloc) != (origin.scheme, origin.netloc):
                continue
            found.seen_paths.add(split.path or "/")
            if of_shape[shape(url)] >= most_of_a_shape:
                continue
            if not robots.can_fetch(url, TOKEN):
                found.refused_by_robots += 1
                asked.add(url)
                continue
            asked.add(url)
            page = _read(http, url, found)
            if page is None:
                continue
            of_shape[shape(url)] += 1
            found.pages.append(page)
            if progress:
                progress(len(found.pages), len(found.pages) + len(queue) + len(later), url)
            for link in links(page):
                try:
                    target = urldefrag(urljoin(url, link))[0]
                except ValueError:
                    continue
                # New shapes first: one page of each kind before the second of any.
                (later if of_shape[shape(target)] else queue).append(target)
            forms |= dict(search_forms(page))
            # A word from deeper in the site finds more than one from its front page.
            word = (_a_word(page) if len(found.pages) >= 5 else None) or word
            for action in forms.keys() - searched if word else ():
                searched.add(action)
                queue.append(f"{action.split('?')[0]}?{forms[action]}={word}")
            time.sleep(pause_s)
    if not found.pages:
        why = next(iter(found.failed.values()), "robots.txt forbids everything to this walk")
        raise CannotWalk(f"nothing at {base} could be read: {why}")
    return found


def _a_word(page: Page) -> str | None:
    """A word to search for: the first capitalised word of five letters or more after the title."""
    text = LexborHTMLParser(page.text)
    body = text.css_first("main") or text.body
    words = re.findall(r"\b[A-Z][a-z]{4,12}\b", body.text(separator=" ") if body else "")
    return words[-1] if words else None


def _robots(http: httpx2.Client, base: str, found: Walk) -> Protego:
    try:
        answer = http.get(urljoin(base, "/robots.txt"))
    except httpx2.HTTPError as error:
        raise CannotWalk(f"{base} does not answer ({error}); check that the site runs and that the address is right") from error
    if answer.status_code >= 500:
        raise CannotWalk(f"robots.txt at {base} answers {answer.status_code}, which forbids a walk (RFC 9309, 2.3.1.4)")
    text = answer.text[:500_000] if answer.status_code == 200 else ""
    found.robots = text or None
    return Protego.parse(text)


def _read(http: httpx2.Client, url: str, found: Walk) -> Page | None:
    try:
        with http.stream("GET", url) as answer:
            if answer.is_redirect:
                target = urljoin(url, answer.headers.get("location", ""))
                found.seen_paths.add(urlsplit(target).path or "/")
                return Page(url, answer.status_code, "redirect", "") if target == url else _follow(http, target, url, found)
            media = answer.headers.get("content-type", "").split(";")[0].strip().lower()
            if answer.status_code != 200 or not _readable(media):
                found.failed[url] = f"answers {answer.status_code} {media}".strip()
                return None
            body = bytearray()
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > LONGEST:
                    break
            media = "application/json" if media.endswith("+json") else media
            return Page(url, 200, media, bytes(body).decode(answer.encoding or "utf-8", "replace"))
    except (httpx2.HTTPError, LookupError) as error:
        found.failed[url] = str(error) or type(error).__name__
        return None


def _follow(http: httpx2.Client, target: str, source: str, found: Walk) -> Page | None:
    """One step of a redirect on the same site; further steps are met as links."""
    if urlsplit(target).netloc != urlsplit(source).netloc:
        return None
    answer = http.get(target)
    media = answer.headers.get("content-type", "").split(";")[0].strip().lower()
    if answer.status_code != 200 or not _readable(media):
        return None
    return Page(target, 200, media, answer.text[:LONGEST])


def _readable(media: str) -> bool:
    return media.startswith("text/") or media.endswith(("json", "xml", "javascript"))
