"""Reads the gateway's own pages as a text browser does: links and forms, no script."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from selectolax.lexbor import LexborHTMLParser

REFERENCE: Final = re.compile(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b")


@dataclass(frozen=True)
class Form:
    """A form: where it goes, and what it says when its button is pressed."""

    action: str
    pairs: tuple[tuple[str, str], ...]

    @property
    def fields(self) -> dict[str, str]:
        """By name; the last of equals."""
        return dict(self.pairs)

    def body(self, **more: str) -> bytes:
        """As a browser sends it: equal names kept, every line ended by CR LF (HTML Standard, 4.10.21.4)."""
        lines = {name: "\r\n".join(value.splitlines()) for name, value in more.items()}
        said = [(name, lines.get(name, "\r\n".join(value.splitlines()))) for name, value in self.pairs]
        return urlencode([*said, *((n, v) for n, v in lines.items() if n not in self.fields)]).encode()


def forms(html: str) -> list[Form]:
    """Every form that is sent by POST."""
    return [
        Form(
            form.attributes.get("action") or "",
            tuple(
                (name, field.attributes.get("value") or "")
                for field in form.css("input, textarea")
                if (name := field.attributes.get("name"))
            ),
        )
        for form in LexborHTMLParser(html).css("form[method=post]")
    ]


def links(html: str, selector: str) -> list[str]:
    """Where links lead."""
    return [href for a in LexborHTMLParser(html).css(selector) if (href := a.attributes.get("href"))]


def wait_form(html: str) -> Form:
    """The challenge's way without JavaScript."""
    return next(form for form in forms(html) if form.fields.get("hedgerow-wait"))


def reveal_link(html: str) -> str:
    """Where the first link leads that stands in place of a masked field."""
    found = links(html, "a.hedgerow-reveal")
    assert found, html
    return found[0]


def reveal_button(html: str) -> Form:
    """The button on the page behind that link."""
    return next(form for form in forms(html) if "hedgerow-reveal" in form.fields)


def reference(text: str) -> str:
    """The number to quote."""
    found = REFERENCE.search(text)
    assert found, "no reference number on the page"
    return found.group()
