"""From a walk to a proposed people map, each line with its evidence and its doubts."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from hedgerow.people import data, lists, profiles
from hedgerow.people.templates import Template, templates
from hedgerow.people.walk import Walk
from hedgerow.people.words import EMAIL


@dataclass
class Proposed:
    """One route as proposed: its YAML, why, how sure, and what stays doubtful."""

    path: str
    kind: str
    person: Any
    fields: dict[str, Any]
    why: list[str]
    field_notes: dict[str, str]
    share: float
    pages: int
    doubts: list[str]


@dataclass
class Proposal:
    """A whole people map."""

    base: str
    sensitivities: dict[str, str] = field(default_factory=dict)
    routes: list[Proposed] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    pages_read: int = 0


def with_person(path: str, *, last: bool = True) -> str:
    """Names the varying parts: the last (or only) one is the person, others are numbered."""
    holes = path.count("{}")
    out, seen = "", 0
    for piece in re.split(r"(\{\})", path):
        if piece == "{}":
            seen += 1
            out += "{person}" if last and seen == holes else f"{{part{seen}}}"
        else:
            out += piece
    return out


def propose(walk: Walk) -> Proposal:
    """Reads a walk's pages and proposes routes."""
    grouped = templates([p for p in walk.pages if p.media in {"text/html", "application/json", "text/csv", "text/vcard"}])
    out = Proposal(walk.base, pages_read=len(walk.pages))
    found = [p for t in grouped if (p := profiles.judge(t)) is not None]
    # A page below a profile (`/u/ann/followers`) speaks of the same person; the shortest template is the profile.
    found.sort(key=lambda p: (-p.points, len(p.template.path)))
    mains = [p for p in found if p.template.path.endswith("}") or re.search(r"\}\.\w+$", p.template.path)] or found
    taken: set[str] = set()
    for guess in found:
        out.routes.append(_profile(guess, out.sensitivities))
        taken.add(guess.template.path)
    for template in grouped:
        if any(p.media == "application/json" for p in template.pages):
            people = data.judge(template)
            if people is not None:
                out.routes.append(_json(people, out.sensitivities))
                taken.add(template.path)
    for template in grouped:
        if template.path in {p.template.path for p in mains}:
            continue
        best = max((li for p in mains if (li := lists.judge(template, p.template.path)) is not None), key=lambda li: li.people, default=None)
        if best is not None and template.path not in taken:
            out.routes.append(_list(best, out.sensitivities))
            taken.add(template.path)
    for template in grouped:
        if template.path not in taken:
            _whole_files(template, out)
    _doubts(walk, out)
    out.routes.sort(key=lambda r: (("profile", "list", "search", "api", "export", "other").index(r.kind), r.path))
    return out


def _note(known: dict[str, str], name: str, sensitivity: str) -> None:
    rank = ["basic", "personal", "contact", "special"]
    if name not in known or rank.index(sensitivity) > rank.index(known[name]):
        known[name] = sensitivity


def _guesses(guesses: list[profiles.FieldGuess], known: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    fields: dict[str, Any] = {}
    notes: dict[str, str] = {}
    for g in guesses:
        _note(known, g.name, g.sensitivity)
        fields[g.name] = {"html": g.selector} | ({"attribute": g.attribute} if g.attribute else {})
        notes[g.name] = f"{g.share:.0%} of pages; {g.why}" + (f"; DOUBT: {g.doubt}" if g.doubt else "")
    return fields, notes


def _profile(p: profiles.Profiles, known: dict[str, str]) -> Proposed:
    fields, notes = _guesses(p.fields, known)
    html = [x for x in p.template.pages if x.media == "text/html"]
    return Proposed(with_person(p.template.path), "profile", "path", fields, p.evidence, notes, 1.0, len(html), p.doubts)


def _list(li: lists.Listing, known: dict[str, str]) -> Proposed:
    fields, notes = _guesses(li.fields, known)
    person: dict[str, Any] = {"html": li.item, "attribute": "href", "pattern": li.pattern}
    if li.inside:
        person["id"] = f'a[href*="{li.pattern.split("(")[0]}"]'
    return Proposed(with_person(li.template.path, last=False), li.kind, person, fields, li.evidence, notes, li.share, len(li.template.pages), li.doubts)


def _json(j: data.JsonPeople, known: dict[str, str]) -> Proposed:
    fields: dict[str, Any] = {}
    notes: dict[str, str] = {}
    for f in j.fields:
        _note(known, f.name, f.sensitivity)
        fields[f.name] = {"json": f.path}
        notes[f.name] = f"{f.share:.0%} of objects" + (f"; DOUBT: {f.doubt}" if f.doubt else "")
    one = j.item == "$" and j.template.varies
    person: Any = "path" if one else {"json": j.item, "id": j.id_path or "$.id"}
    return Proposed(with_person(j.template.path, last=one), "api", person, fields, j.evidence, notes, 1.0, len(j.template.pages), j.doubts)


def _whole_files(template: Template, out: Proposal) -> None:
    """Files for programs that hold many people: only the application can say which."""
    for page in template.pages:
        addresses = set(EMAIL.findall(page.text[:200_000]))
        if page.media in {"text/csv", "text/vcard"} and len(addresses) >= lists.SEVERAL:
            out.routes.append(
                Proposed(with_person(template.path, last=False), "export", "header", {}, [f"a file with {len(addresses)} e-mail addresses"], {}, 1.0, len(template.pages),
                         ["such a file can be counted only if the application names its people in a response header"])
            )  # fmt: skip
            return


def _doubts(walk: Walk, out: Proposal) -> None:
    if not out.routes:
        out.doubts.append("no page that shows people was found; pages behind a sign-in are not seen by this walk")
    if walk.refused_by_robots:
        out.doubts.append(f"{walk.refused_by_robots} addresses are refused by robots.txt and were not read; they may show people")
    forbidden = sorted({p for p, why in walk.failed.items() if " 401 " in f" {why} " or " 403 " in f" {why} "})
    if forbidden:
        out.doubts.append(f"{len(forbidden)} addresses ask to sign in, for example {forbidden[0]}; they may show people")


def as_yaml(proposal: Proposal, *, upstream: str, name: str = "site") -> str:
    """The proposal as a policy an operator can edit, evidence and doubts as comments."""
    q = json.dumps  # JSON strings are YAML strings
    lines = [
        "# Proposed by `hedgerow map`. Read every line: the evidence stands beside it, doubts are marked DOUBT.",
        f"# {proposal.pages_read} pages were read.",
        *(f"# DOUBT: {d}" for d in proposal.doubts),
        "sites:",
        f"  - name: {name}",
        '    hosts: ["*"]',
        f"    upstream: {upstream}",
        "    mode: watch",
    ]
    if not proposal.routes:
        return "\n".join(lines) + "\n"
    lines += ["    people:", "      fields:"]
    lines += [f"        {n}: {s}" for n, s in proposal.sensitivities.items()]
    lines.append("      routes:")
    for r in proposal.routes:
        lines += [f"        # {w}" for w in r.why]
        if r.share < 1:
            lines.append(f"        # holds on {r.share:.0%} of {r.pages} pages")
        lines += [f"        # DOUBT: {d}" for d in r.doubts]
        lines += [f"        - path: {q(r.path)}", f"          kind: {r.kind}"]
        if isinstance(r.person, str):
            lines.append(f"          person: {r.person}")
        else:
            lines.append("          person: {" + ", ".join(f"{k}: {q(v)}" for k, v in r.person.items()) + "}")
        if r.fields:
            lines.append("          fields:")
            for field_name, where in r.fields.items():
                flat = ", ".join(f"{k}: {q(v)}" for k, v in where.items())
                lines.append(f"            {field_name}: {{{flat}}}  # {r.field_notes.get(field_name, '')}")
    return "\n".join(lines) + "\n"


def as_json(proposal: Proposal) -> dict[str, Any]:
    """The proposal for programs."""
    return {
        "base": proposal.base,
        "pages_read": proposal.pages_read,
        "fields": proposal.sensitivities,
        "doubts": proposal.doubts,
        "routes": [
            {"path": r.path, "kind": r.kind, "person": r.person, "fields": r.fields, "evidence": r.why, "field_notes": r.field_notes,
             "share": round(r.share, 3), "pages": r.pages, "doubts": r.doubts}
            for r in proposal.routes
        ],
    }  # fmt: skip
