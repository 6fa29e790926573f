"""Pages as bytes. Each is rendered once and kept, so that a profile costs no more than looking it up."""

from __future__ import annotations

import json
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from . import words
from .people import Directory, Member

A_PAGE = 50
"""Members on one page of the list."""

A_SEARCH = 20
"""Members on one page of search results."""

DESIGNS = ("profile_microdata.html", "profile_jsonld.html", "profile_hcard.html")
"""Three generations of the same page, as sites have that were never finished being redesigned."""


def design_of(member: Member) -> str:
    """Which of the designs a member's profile has."""
    return DESIGNS[member.id % len(DESIGNS)]


def jsonld(member: Member) -> Markup:
    """The member as schema.org's Person, as many sites give it to search engines: contact details included."""
    person = {
        "@context": "https://schema.org",
        "@type": "Person",
        "name": member.name,
        "image": member.photo,
        "jobTitle": member.headline,
        "description": member.biography,
        "worksFor": {"@type": "Organization", "name": member.employer},
        "homeLocation": {"@type": "Place", "name": member.town},
        "email": f"mailto:{member.email}",
        "telephone": member.phone,
    }
    text = json.dumps(person, indent=1).replace("<", "\\u003c")
    return Markup(text)  # noqa: S704 - json.dumps with `<` escaped cannot end the script element


class Pages:
    """Every page that is the same for everybody."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self._kept: dict[str, bytes] = {}
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=select_autoescape(["html", "xml"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["jsonld"] = jsonld

    @property
    def list_pages(self) -> int:
        """Pages of the list."""
        return -(-len(self.directory.members) // A_PAGE)

    def render(self, template: str, **values: object) -> bytes:
        """A page that is not kept."""
        return self._templates.get_template(template).render(**values).encode()

    def _once(self, key: str, template: str, **values: object) -> bytes:
        page = self._kept.get(key)
        if page is None:
            page = self._kept[key] = self.render(template, **values)
        return page

    def home(self) -> bytes:
        """The front page."""
        d = self.directory
        return self._once(
            "/", "home.html", popular=d.popular(12), newest=d.newest(6), news=words.NEWS, total=len(d.members)
        )

    def members(self, page: int) -> bytes | None:
        """One page of the list, counted from 1; `None` beyond the last."""
        if not 1 <= page <= self.list_pages:
            return None
        return self._kept.get(f"/members?{page}") or self._once(
            f"/members?{page}",
            "members.html",
            members=self.directory.members[(page - 1) * A_PAGE : page * A_PAGE],
            page=page,
            pages=self.list_pages,
            total=len(self.directory.members),
        )

    def profile(self, number: int) -> bytes | None:
        """One member's page."""
        kept = self._kept.get(f"/members/{number}")
        if kept is not None:
            return kept
        member = self.directory.member(number)
        if member is None:
            return None
        known = [self.directory.members[n - 1] for n in member.connections]
        groups = [g for g in self.directory.groups if g.slug in member.groups]
        return self._once(f"/members/{number}", design_of(member), member=member, known=known, groups=groups)

    def search(self, query: str, page: int) -> bytes:
        """Search results; not kept, because the questions are without number."""
        found = self.directory.search(query)
        pages = max(1, -(-len(found) // A_SEARCH))
        page = min(max(1, page), pages)
        return self.render(
            "search.html",
            query=query,
            members=found[(page - 1) * A_SEARCH : page * A_SEARCH],
            found=len(found),
            page=page,
            pages=pages,
        )

    def groups(self) -> bytes:
        """All groups."""
        return self._once("/groups", "groups.html", groups=self.directory.groups)

    def group(self, slug: str) -> bytes | None:
        """One group with its most looked-at members."""
        group = self.directory.group(slug)
        if group is None:
            return None
        inside = set(group.members)
        shown = [self.directory.members[n - 1] for n in self.directory.by_rank if n in inside][:A_PAGE]
        return self._once(f"/groups/{slug}", "group.html", group=group, members=shown)

    def plain(self, heading: str, *sentences: str) -> bytes:
        """A page of a few sentences."""
        return self._once(f"plain {heading} {sentences}", "plain.html", heading=heading, sentences=sentences)
