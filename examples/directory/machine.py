"""What programs read: the JSON API, the export, the feed, the site map and robots.txt."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Iterable
from email.utils import format_datetime
from xml.sax.saxutils import escape

from .pages import A_PAGE
from .people import Directory, Member

A_SUGGESTION = 8
"""Names suggested while somebody types."""

EXPORTED = "name headline employer town email phone"
"""Fields of the export, as the people map calls them."""

AN_EXPORT = 50
"""Rows of one file of the export: more would not fit into the header that names them."""

PEOPLE_HEADER = "Hedgerow-People"
"""Names the people of an answer that cannot be read from outside (RFC 9651: a list of strings with parameters)."""

ROBOTS = """User-agent: *
Disallow: /export.csv
Disallow: /members/all-in-one
Sitemap: /sitemap.xml
"""

JsonObject = dict[str, object]


def basic(member: Member) -> JsonObject:
    """What a member's card says."""
    return {
        "id": member.id,
        "name": member.name,
        "headline": member.headline,
        "photo": member.photo,
        "url": member.path,
    }


def listed(member: Member) -> JsonObject:
    """A member in the list of the API: more than the list of the site shows, as such lists tend to."""
    return {**basic(member), "employer": member.employer, "town": member.town, "email": member.email}


def whole(member: Member) -> JsonObject:
    """Everything about a member."""
    return {
        **basic(member),
        "biography": member.biography,
        "employer": member.employer,
        "town": member.town,
        "connections": [f"/members/{n}" for n in member.connections],
        "contact": {"email": member.email, "phone": member.phone},
        "groups": list(member.groups),
        "joined": member.joined.isoformat(),
    }


def api_page(directory: Directory, page: int) -> bytes | None:
    """One page of the API's list."""
    pages = -(-len(directory.members) // A_PAGE)
    if not 1 <= page <= pages:
        return None
    shown = directory.members[(page - 1) * A_PAGE : page * A_PAGE]
    return encode(
        {
            "page": page,
            "pages": pages,
            "total": len(directory.members),
            "next": f"/api/members?page={page + 1}" if page < pages else None,
            "results": [listed(m) for m in shown],
        }
    )


def encode(value: object) -> bytes:
    """JSON as the API sends it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def named(members: Iterable[Member], fields: str) -> str:
    """The value of the header that names people and, separated by spaces, which of their fields the answer shows."""
    return ", ".join(f'"{m.id}";fields="{fields}"' for m in members)


def export_rows(directory: Directory, page: int) -> list[Member]:
    """The members of one file of the export."""
    return directory.members[max(0, page - 1) * AN_EXPORT : max(1, page) * AN_EXPORT]


def export(members: Iterable[Member]) -> bytes:
    """Members as CSV (RFC 4180)."""
    out = io.StringIO(newline="")
    rows = csv.writer(out)
    rows.writerow(("id", "name", "headline", "employer", "town", "email", "phone"))
    for m in members:
        rows.writerow((m.id, m.name, m.headline, m.employer, m.town, m.email, m.phone))
    return out.getvalue().encode()


def feed(members: Iterable[Member], base: str) -> bytes:
    """New members as RSS 2.0: names and headlines, nothing more."""
    items = "".join(
        f"<item><title>{escape(m.name)}</title><link>{base}{m.path}</link><guid>{base}{m.path}</guid>"
        f"<description>{escape(m.headline)}</description><pubDate>{_moment(m.joined)}</pubDate></item>\n"
        for m in members
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel><title>New at Riverbend</title>'
        f"<link>{base}/</link><description>People who joined lately</description>\n{items}</channel></rss>\n"
    ).encode()


def _moment(day: dt.date) -> str:
    return format_datetime(dt.datetime.combine(day, dt.time(9), dt.UTC))


def sitemap(directory: Directory, base: str, list_pages: int) -> bytes:
    """Every page (sitemaps.org, protocol 0.9)."""
    paths = ["/", "/groups", *(f"/groups/{g.slug}" for g in directory.groups)]
    paths += [f"/members?page={n}" for n in range(1, list_pages + 1)]
    paths += [m.path for m in directory.members]
    urls = "".join(f"<url><loc>{base}{p}</loc></url>\n" for p in paths)
    head = '<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    return f"{head}{urls}</urlset>\n".encode()
