"""What a page leads to: links, feeds, addresses in sitemaps, JSON and scripts, and searches to be asked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser

#: Media types of sitemaps and feeds.
XML = frozenset({"application/xml", "text/xml", "application/rss+xml", "application/atom+xml"})

#: Stands for the media type of a page that only those who are signed in get.
CLOSED = "closed"

#: Links that are taken from one page.
MOST_LINKS = 2_000

_PATH_IN_SCRIPT = re.compile(r"""["'`](/[A-Za-z0-9_\-/.]{1,100}(?:\?[A-Za-z0-9_\-=&]{0,60})?)["'`]""")
_SEARCH_IN_SCRIPT = re.compile(r"""["'`](/[A-Za-z0-9_\-/.]{1,100})\?([A-Za-z0-9_]{1,30})=(?:\$\{|["'`]\s*\+)""")
_ONE_IN_SCRIPT = re.compile(r"""["'`](/[A-Za-z0-9_\-/.]{1,100}/)(?:\$\{|["'`]\s*\+)""")


@dataclass(frozen=True)
class Page:
    """One answer: its address, what it is, and what it holds."""

    url: str
    status: int
    media: str
    text: str
    #: Nothing led there: the address was put together from others.
    guessed: bool = False

    @property
    def closed(self) -> bool:
        """Whether the site answered with its sign-in instead."""
        return self.media == CLOSED

    @property
    def path(self) -> str:
        """Path without query."""
        return urlsplit(self.url).path or "/"

    @property
    def query_names(self) -> tuple[str, ...]:
        """Names of the query's parameters, in order."""
        query = urlsplit(self.url).query
        return tuple(p.split("=", 1)[0] for p in query.split("&") if p)


def links(page: Page) -> list[str]:
    """Addresses a page leads to, absolute, without fragments; at most `MOST_LINKS`."""
    found: dict[str, None] = {}
    for link in _raw(page):
        try:
            url = urljoin(page.url, link.strip()).partition("#")[0]
            urlsplit(url)
        except ValueError:  # a bracket where no address has one
            continue
        if url.startswith(("http://", "https://")):
            found[url] = None
            if len(found) >= MOST_LINKS:
                break
    return list(found)


def _raw(page: Page) -> Iterable[str]:
    if page.media == "application/json":
        yield from re.findall(r'"((?:https?:/)?/[A-Za-z0-9_\-/.?=&]{1,200})"', page.text)
    elif page.media in XML:
        yield from re.findall(r"<(?:loc|link)>\s*([^<\s]{1,2000})\s*</", page.text)
        yield from re.findall(r"""<link[^>]{0,200}href=["']([^"']{1,2000})""", page.text)
    elif "javascript" in page.media:
        yield from _PATH_IN_SCRIPT.findall(page.text)
    elif page.media == "text/html":
        yield from _in_html(page.text)


def _in_html(text: str) -> Iterable[str]:
    tree = LexborHTMLParser(text)
    for node in tree.css("a[href], area[href], link[href]"):
        rel = (node.attributes.get("rel") or "").lower().split()
        href = node.attributes.get("href") or ""
        if "nofollow" in rel:
            continue
        if "https://api.w.org/" in rel:
            # WordPress names its API on every page, and shows its authors there unless told not to.
            yield href.rstrip("/") + "/wp/v2/users"
        if node.tag != "link" or set(rel) & {"alternate", "next", "prev", "author", "me", "search"}:
            yield href
    for node in tree.css("script"):
        if source := node.attributes.get("src"):
            yield source
        else:
            yield from _PATH_IN_SCRIPT.findall(node.text() or "")


def searches(page: Page) -> list[tuple[str, str]]:
    """Searches a page offers: (address, name of the parameter that takes the words); forms with GET, and scripts."""
    found: list[tuple[str, str]] = []
    if "javascript" in page.media:
        found = [(urljoin(page.url, a), n) for a, n in _SEARCH_IN_SCRIPT.findall(page.text)]
    elif page.media == "text/html":
        tree = LexborHTMLParser(page.text)
        for form in tree.css("form"):
            if (form.attributes.get("method") or "get").lower() != "get":
                continue
            for box in form.css("input[type=search], input[type=text], input:not([type])"):
                if name := box.attributes.get("name"):
                    action = urljoin(page.url, form.attributes.get("action") or "")
                    found.append((action.partition("?")[0].partition("#")[0], name))
                    break
        for script in tree.css("script:not([src])"):
            found += [(urljoin(page.url, a), n) for a, n in _SEARCH_IN_SCRIPT.findall(script.text() or "")]
    return found


def ones_in_scripts(page: Page) -> list[str]:
    """Beginnings of addresses that a script completes with an identifier: `/api/members/` of `/api/members/${id}`."""
    if "javascript" in page.media:
        return _ONE_IN_SCRIPT.findall(page.text)
    if page.media == "text/html":
        scripts = LexborHTMLParser(page.text).css("script:not([src])")
        return [a for s in scripts for a in _ONE_IN_SCRIPT.findall(s.text() or "")]
    return []
