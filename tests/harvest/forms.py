"""Forms and links of our pages as a client without JavaScript sees them; for scrapers that try, and text browsers."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    """A form: where it goes, what it carries, and how long it asks to wait."""

    id: str
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    wait_s: float = 0.0


@dataclass
class Link:
    """A link: its classes and where it goes."""

    classes: set[str]
    href: str


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.links: list[Link] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            wait = told.get("data-wait-s", "0")
            form = Form(told.get("id", ""), told.get("action", ""), told.get("method", "get").lower())
            form.wait_s = float(wait) if wait.isdigit() else 0.0
            self.forms.append(form)
            self._inside = True
        elif tag == "input" and self._inside and told.get("name"):
            self.forms[-1].fields[told["name"]] = told.get("value", "")
        elif tag == "a" and told.get("href"):
            self.links.append(Link(set(told.get("class", "").split()), told["href"]))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


def _read(page: str) -> _Reader:
    reader = _Reader()
    reader.feed(page)
    return reader


def links(page: str) -> list[Link]:
    """All links of a page."""
    return _read(page).links


def reveal_link(page: str) -> str | None:
    """Where the first masked field of a page can be asked for."""
    if "hedgerow-reveal" not in page:
        return None
    return next((a.href for a in links(page) if "hedgerow-reveal" in a.classes), None)


def reveal_form(page: str) -> Form | None:
    """The button of the reveal page."""
    return next((f for f in _read(page).forms if f.action.endswith("/.hedgerow/reveal")), None)


def wait_form(page: str) -> Form | None:
    """The way through a challenge without JavaScript."""
    if "/.hedgerow/prove" not in page:
        return None
    return next((f for f in _read(page).forms if f.id == "wait"), None)


def is_challenge(page: str) -> bool:
    """Whether a page is a challenge of ours."""
    return "/.hedgerow/prove" in page
