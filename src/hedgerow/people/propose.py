"""From a walk to a proposed people map, each line with its evidence and its doubts."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from hedgerow.people import data, lists, profiles
from hedgerow.people.fields import FieldGuess
from hedgerow.people.links import CLOSED, XML, Page
from hedgerow.people.templates import Template, templates
from hedgerow.people.walk import Walk
from hedgerow.people.words import EMAIL, RANK

_READ = frozenset({"text/html", "application/json", "text/csv", "text/vcard", "text/x-vcard", *XML})
_ORDER = ("profile", "list", "search", "api", "export", "other")

#: Paths that sound like many people at once.
_FILE = re.compile(r"export|download|\.(?:csv|vcf|xlsx?)$|address-?book|all-(?:members|users|people)", re.IGNORECASE)

_FEW = 3
"""Fewer pages than this show too little."""
_NEARLY_ALL = 0.9
"""A field on a smaller share of pages may be overlooked on the others."""


@dataclass
class Proposed:
    """One route as proposed: its YAML, why, how sure, and what stays doubtful."""

    path: str
    kind: str
    person: str | dict[str, str]
    fields: dict[str, list[dict[str, str]]]
    why: list[str]
    field_notes: dict[str, str]
    share: float
    """Of `pages`, those that were seen to show people as the evidence says; 0 where none could be read."""
    pages: int
    """Pages that were read, or where none was, addresses that lead to the sign-in."""
    doubts: list[str]
    on_unreadable: str | None = None
    place_notes: dict[str, list[str]] = field(default_factory=dict)
    """Of fields that are in several places: on what share of pages each is."""

    def all_doubts(self) -> list[str]:
        """What was found doubtful, and that little was seen."""
        few = [f"only {_pages(self.pages)} of it {'was' if self.pages == 1 else 'were'} read"]
        return [*self.doubts, *(few if self.pages < _FEW else [])]


@dataclass
class Proposal:
    """A whole people map."""

    base: str
    sensitivities: dict[str, str] = field(default_factory=dict)
    routes: list[Proposed] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    pages_read: int = 0


def propose(walk: Walk) -> Proposal:
    """Reads a walk's pages and proposes routes."""
    behind = [Page(urljoin(walk.base, path), 302, CLOSED, "") for path in walk.behind_sign_in]
    grouped = templates([p for p in walk.pages if p.media in _READ] + behind)
    out = Proposal(walk.base, pages_read=len(walk.pages))
    found = [p for t in grouped if (p := profiles.judge(t) or profiles.closed(t)) is not None]
    # A page below a profile (`/u/ann/followers`) speaks of the same person; the shortest template is the profile.
    found.sort(key=lambda p: (-p.points, len(p.template.path)))
    mains = [p.template for p in found if re.search(r"\}(?:\.\w+)?$", p.template.path)] or [p.template for p in found]
    taken: set[str] = set()
    for guess in found:
        out.routes.append(_profile(guess, out.sensitivities))
        taken.add(guess.template.path)
    for template in grouped:
        if template.path not in taken and any(p.media == "application/json" for p in template.pages):
            people = data.judge(template)
            if people is not None:
                out.routes.append(_json(people, out.sensitivities))
                taken.add(template.path)
    for template in grouped:
        if template.path in taken:
            continue
        judged = [li for main in mains if (li := lists.judge(template, main)) is not None]
        if judged:
            out.routes.append(_list(max(judged, key=lambda li: li.people), out.sensitivities))
            taken.add(template.path)
    for template in grouped:
        if template.path not in taken and (whole := _whole_file(template, mains)) is not None:
            out.routes.append(whole)
    _doubts(walk, out)
    out.routes.sort(key=lambda r: (_ORDER.index(r.kind), r.path))
    return out


def _note(known: dict[str, str], name: str, sensitivity: str) -> None:
    if name not in known or RANK[sensitivity] > RANK[known[name]]:
        known[name] = sensitivity


def _guesses(
    guesses: list[FieldGuess], known: dict[str, str], of: str
) -> tuple[dict[str, list[dict[str, str]]], dict[str, str]]:
    fields: dict[str, list[dict[str, str]]] = {}
    notes: dict[str, str] = {}
    for g in guesses:
        _note(known, g.name, g.sensitivity)
        fields[g.name] = [p.as_policy() for p in g.places]
        seldom = [f"where is it on the other {of}, or do they have none?"] if g.share < _NEARLY_ALL else []
        notes[g.name] = "; ".join([f"on {g.share:.0%} of {of}", g.why, *(f"DOUBT: {d}" for d in [*g.doubts, *seldom])])
    return fields, notes


def _profile(p: profiles.Profiles, known: dict[str, str]) -> Proposed:
    fields, notes = _guesses(p.fields, known, "pages")
    pages = len(_html(p.template)) or len(p.template.pages)
    proposed = Proposed(
        p.template.named(person=True), "profile", "path", fields, p.evidence, notes, p.share, pages, p.doubts
    )
    for name, shares in p.place_shares.items():
        proposed.place_notes[name] = [f"on {share:.0%} of pages" for share in shares]
    return proposed


def _html(template: Template) -> list[Page]:
    return [p for p in template.pages if p.media == "text/html"]


def _list(li: lists.Listing, known: dict[str, str]) -> Proposed:
    fields, notes = _guesses(li.fields, known, "items")
    person = {"html": li.item} | ({"id": li.inside} if li.inside else {}) | {"attribute": "href", "pattern": li.pattern}
    path = li.template.named(person=False)
    return Proposed(path, li.kind, person, fields, li.evidence, notes, li.share, len(_html(li.template)), li.doubts)


def _json(j: data.JsonPeople, known: dict[str, str]) -> Proposed:
    fields: dict[str, list[dict[str, str]]] = {}
    notes: dict[str, str] = {}
    for f in j.fields:
        _note(known, f.name, f.sensitivity)
        fields[f.name] = [{"json": path} for path in f.paths]
        seldom = "; DOUBT: the others may have none, or have it elsewhere" if f.share < _NEARLY_ALL else ""
        notes[f.name] = f"on {f.share:.0%} of objects{seldom}"
    one = j.item == "$" and j.template.varies
    person: str | dict[str, str] = "path" if one else {"json": j.item, "id": j.id_path or "$.id"}
    path = j.template.named(person=one)
    return Proposed(path, j.kind, person, fields, j.evidence, notes, j.share, len(j.template.read), j.doubts)


def _whole_file(template: Template, mains: list[Template]) -> Proposed | None:
    """Files for programs that hold many people: only the application can say which."""
    doubt = "such a file can be counted only if the application names its people in the header Hedgerow-People"
    path, pages = template.named(person=False), len(template.read)
    others = [p for p in template.pages if p.media in _READ - XML - {"text/html"}]
    addresses = [len(set(EMAIL.findall(p.text))) for p in others]
    if (most := max(addresses, default=0)) >= lists.SEVERAL:
        why = [f"a file with {most} e-mail addresses"]
        share = sum(n >= lists.SEVERAL for n in addresses) / pages
        return Proposed(path, "export", "header", {}, why, {}, share, pages, [doubt], "refuse")
    feeds = max(([lists.feed_people(p, m) for p in template.pages] for m in mains), key=_people, default=[])
    if (people := _people(feeds)) >= lists.SEVERAL:
        why = [f"a feed that leads to {people} profiles"]
        share = sum(map(bool, feeds)) / pages
        return Proposed(path, "other", "header", {}, why, {}, share, pages, [doubt], "pass")
    return None


def _people(per_page: list[set[str]]) -> int:
    return len({person for people in per_page for person in people})


def _doubts(walk: Walk, out: Proposal) -> None:
    if not out.routes:
        out.doubts.append("no page that shows people was found; pages behind a sign-in are not seen by this walk")
    if walk.stopped:
        out.doubts.append(f"the walk ended early: {walk.stopped}")
    closed = set(walk.refused_by_robots) | set(re.findall(r"(?im)^disallow:\s*(/[^\s*$#?]+)", walk.robots or ""))
    if closed:
        files = sorted(p for p in closed if _FILE.search(p))
        out.doubts.append(
            f"{len(closed)} paths are refused by robots.txt, were not read and may show people: {_some(sorted(closed))}"
        )
        out.doubts += [
            f"{p} sounds like many people in one file; if so, add a route: {{path: {p}, kind: export, person: header}}"
            for p in files[:10]
        ]
    if walk.behind_sign_in:
        out.doubts.append(f"pages behind a sign-in were not read: {_some(sorted(walk.behind_sign_in))}")
    forbidden = sorted({p for p, why in walk.failed.items() if re.search(r"\b40[13]\b", why)})
    if forbidden:
        out.doubts.append(f"{len(forbidden)} addresses ask to sign in; they may show people: {_some(forbidden)}")


def _some(paths: list[str]) -> str:
    return ", ".join(_comment(p[:120]) for p in paths[:5]) + (", …" if len(paths) > 5 else "")


def _comment(text: str) -> str:
    """Words of the site as part of a comment: a line break in them must not end it."""
    return re.sub(r"[^ -~\u00a0-\ud7ff]+", " ", text)


def as_yaml(proposal: Proposal, *, upstream: str, name: str = "site") -> str:
    """The proposal as a policy an operator can edit, evidence and doubts as comments."""
    lines = [
        "# Proposed by `hedgerow map`. Read every line: the evidence stands beside it, doubts are marked DOUBT.",
        f"# {proposal.pages_read} pages were read.",
        *(f"# DOUBT: {_comment(d)}" for d in proposal.doubts),
        "sites:",
        f"  - name: {name}",
        '    hosts: ["*"]',
        f"    upstream: {_q(_upstream(upstream))}",
        "    mode: watch",
    ]
    if not proposal.routes:
        return "\n".join(lines) + "\n"
    lines += ["    people:", "      fields:"] if proposal.sensitivities else ["    people:"]
    for n, s in proposal.sensitivities.items():
        on = sum(n in r.fields for r in proposal.routes)
        lines.append(f"        {n}: {s}  # by its kind; on {on} {'route' if on == 1 else 'routes'}")
    lines.append("      routes:")
    for route in proposal.routes:
        lines += _route_lines(route)
    return "\n".join(lines) + "\n"


def _route_lines(r: Proposed) -> list[str]:
    lines = [f"        # {_comment(w)}" for w in r.why]
    lines.append(f"        # {_held(r)}")
    lines += [f"        # DOUBT: {_comment(d)}" for d in r.all_doubts()]
    lines += [f"        - path: {_q(r.path)}", f"          kind: {r.kind}"]
    lines.append(f"          person: {r.person if isinstance(r.person, str) else _flow(r.person)}")
    if r.on_unreadable:
        lines.append(f"          on_unreadable: {r.on_unreadable}")
    if r.fields:
        lines.append("          fields:")
    for field_name, places in r.fields.items():
        note = _comment(r.field_notes.get(field_name, ""))
        if len(places) == 1:
            lines.append(f"            {field_name}: {_flow(places[0])}  # {note}")
        else:
            lines.append(f"            {field_name}:  # {note}")
            shares = r.place_notes.get(field_name, [])
            lines += [
                f"              - {_flow(place)}" + (f"  # {shares[n]}" if n < len(shares) else "")
                for n, place in enumerate(places)
            ]
    return lines


def _held(r: Proposed) -> str:
    """On how many pages the evidence was seen: none of them is not all of them, nor is nearly all."""
    if not r.share:
        return f"none of {_pages(r.pages)} was read"
    return f"holds on {min(max(1, round(r.share * 100)), 99 if r.share < 1 else 100)}% of {_pages(r.pages)}"


def _pages(number: int) -> str:
    return f"{number} {'page' if number == 1 else 'pages'}"


def _flow(table: dict[str, str]) -> str:
    return "{" + ", ".join(f"{k}: {_q(v)}" for k, v in table.items()) + "}"


def _q(text: str) -> str:
    """A word that cannot be misread as it is, anything else in quotes: JSON's strings are YAML's."""
    return text if re.fullmatch(r"[A-Za-z/][A-Za-z0-9_./-]*", text) and text not in _YAML_WORDS else json.dumps(text)


_YAML_WORDS = frozenset(
    {"true", "false", "null", "yes", "no", "on", "off", "True", "False", "Null", "Yes", "No", "y", "n"}
)


def _upstream(url: str) -> str:
    """The site's address as the policy wants it, without a path."""
    return "/".join(url.split("/")[:3])


def as_json(proposal: Proposal) -> dict[str, Any]:
    """The proposal for programs."""
    return {
        "base": proposal.base,
        "pages_read": proposal.pages_read,
        "fields": proposal.sensitivities,
        "doubts": proposal.doubts,
        "routes": [
            {
                "path": r.path,
                "kind": r.kind,
                "person": r.person,
                "fields": r.fields,
                "on_unreadable": r.on_unreadable,
                "evidence": r.why,
                "field_notes": r.field_notes,
                "place_notes": r.place_notes,
                "share": round(r.share, 3),
                "pages": r.pages,
                "doubts": r.all_doubts(),
            }
            for r in proposal.routes
        ],
    }  # fmt: skip
