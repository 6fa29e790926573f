"""JSON: documents that are one person, and documents that hold a list of people."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field

from hedgerow.people.lists import kind_of
from hedgerow.people.templates import Template
from hedgerow.people.words import EMAIL, PHONE, field_of

_ID_KEYS = ("id", "uuid", "uid", "user_id", "member_id", "person_id", "username", "login", "slug", "handle", "userslug")

#: A key the policy's paths can name without quotes.
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,60}")

_NOTHING: tuple[object, ...] = (None, "", [], {}, False, True)
"""Values that say nothing about anybody."""


@dataclass
class JsonField:
    """A field of a JSON route."""

    name: str
    sensitivity: str
    paths: list[str]
    share: float


@dataclass
class JsonPeople:
    """A template whose documents show people."""

    template: Template
    kind: str
    item: str
    id_path: str | None
    people: int
    share: float
    """Of the documents that were read, those with a person in them of whom a field was found."""
    evidence: list[str]
    fields: list[JsonField] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def judge(template: Template) -> JsonPeople | None:
    """Whether a template's JSON shows people."""
    documents: list[object] = []
    for page in template.pages:
        if page.media == "application/json":
            try:
                documents.append(json.loads(page.text))
            except (ValueError, RecursionError):
                continue
    found = _single(template, documents) or _several(template, documents)
    if found is not None and any(p.guessed for p in template.pages):
        found.evidence.append("nothing led here: the address was guessed from the site's words for its people")
    return found


def _single(template: Template, documents: list[object]) -> JsonPeople | None:
    """Documents that are one person each."""
    singles: list[dict[str, object]] = [d for d in documents if isinstance(d, dict)]
    if not singles or len(singles) < len(documents):
        return None
    id_path, fields = _read(singles)
    if not _personal(fields) or not (template.varies or id_path):
        return None
    names = ", ".join(f.name for f in fields)
    evidence = [f"{len(singles)} documents that are one person each, with {names}"]
    share = _share(template, [[one] for one in singles], fields)
    return JsonPeople(template, "api", "$", id_path, len(singles), share, evidence, fields)


def _several(template: Template, documents: list[object]) -> JsonPeople | None:
    """Documents that hold lists of people; the longest list counts."""
    by_path: dict[str, dict[int, list[dict[str, object]]]] = {}
    for number, document in enumerate(documents):
        for path, found in _items(document):
            by_path.setdefault(path, {}).setdefault(number, []).extend(found)
    best: JsonPeople | None = None
    for path, per_document in by_path.items():
        objects = [o for some in per_document.values() for o in some]
        id_path, fields = _read(objects[:500])
        if len(objects) < 2 or not _personal(fields) or (best is not None and len(objects) <= best.people):
            continue
        evidence = [f"{len(objects)} objects at `{path}` with " + ", ".join(f.name for f in fields)]
        kind = "search" if kind_of(template) == "search" else "api"
        share = _share(template, list(per_document.values()), fields)
        best = JsonPeople(template, kind, path, id_path, len(objects), share, evidence, fields)
        if id_path is None:
            best.doubts.append("no key holds an identifier; name one under `id`, or the people cannot be counted")
    return best


def _share(template: Template, per_document: list[list[dict[str, object]]], fields: list[JsonField]) -> float:
    """Share of a template's answers with at least one object that has one of the fields."""
    paths = [path for f in fields for path in f.paths]

    def tells(one: dict[str, object]) -> bool:
        leaves = _flat(one)
        return any(leaves.get(path) not in _NOTHING for path in paths)

    return sum(any(map(tells, some)) for some in per_document) / len(template.read)


def _flat(value: object, path: str = "$", depth: int = 0) -> dict[str, object]:
    """Leaves of an object by path; lists below it are taken as one value each."""
    out: dict[str, object] = {}
    if isinstance(value, dict) and depth < 5:
        for key, v in value.items():
            if _KEY.fullmatch(key):
                out |= _flat(v, f"{path}.{key}", depth + 1)
    else:
        out[path] = value
    return out


def _items(value: object, path: str = "$", depth: int = 0) -> list[tuple[str, list[dict[str, object]]]]:
    """Every list of objects in a document, with its path."""
    found: list[tuple[str, list[dict[str, object]]]] = []
    if depth > 4:
        return found
    if isinstance(value, list):
        objects = [v for v in value if isinstance(v, dict)]
        if objects:
            found.append((f"{path}[*]", objects))
        for v in objects[:3]:
            found += [(p, o) for p, o in _items(v, f"{path}[*]", depth + 1) if p != f"{path}[*]"]
    elif isinstance(value, dict):
        for key, v in value.items():
            if _KEY.fullmatch(key):
                found += _items(v, f"{path}.{key}", depth + 1)
    return found


def _read(objects: list[dict[str, object]]) -> tuple[str | None, list[JsonField]]:
    """The identifier's path, and the fields, of objects of one kind."""
    n = len(objects)
    leaves = [_flat(o) for o in objects]
    keys = Counter(k for row in leaves for k in row)
    id_path = next((f"$.{k}" for k in _ID_KEYS if keys[f"$.{k}"] >= 0.9 * n), None)
    fields: dict[str, JsonField] = {}
    for path, count in keys.items():
        values = [str(row[path]) for row in leaves if row.get(path) not in _NOTHING]
        named = _named(path, values) if values and path != id_path else None
        if named is None:
            continue
        known = fields.setdefault(named[0], JsonField(named[0], named[1], [], 0.0))
        known.paths.append(path)
        known.share = max(known.share, count / n)
    return id_path, list(fields.values())


def _named(path: str, values: list[str]) -> tuple[str, str] | None:
    """The field a path speaks of, by its values first and its last key then."""
    if sum(bool(EMAIL.fullmatch(v)) for v in values) > 0.5 * len(values):
        return "email", "contact"
    named = field_of(path.rsplit(".", 1)[-1])
    if named is None:
        phones = sum(bool(PHONE.fullmatch(v)) and v.startswith(("+", "(", "00")) for v in values)
        return ("phone", "contact") if phones > 0.8 * len(values) else None
    if named[0] == "website" and all(v.startswith("/") for v in values):
        return None  # the object's own address on this site
    return named


def _personal(fields: list[JsonField]) -> bool:
    """A name and something more, or anything contact: objects of other kinds have names too."""
    names = {f.name for f in fields}
    more = {"photo", "biography", "employer", "town", "birthday", "headline", "connections"}
    return bool(names & {"email", "phone"}) or ("name" in names and bool(names & more))
