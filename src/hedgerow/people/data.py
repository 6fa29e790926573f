"""JSON: documents that are one person, and documents that hold a list of people."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field

from hedgerow.people.templates import Template
from hedgerow.people.words import EMAIL, PHONE, field_of

_ID_KEYS = ("id", "uuid", "user_id", "member_id", "person_id", "username", "login", "slug", "handle")


@dataclass
class JsonField:
    """A field of a JSON route."""

    name: str
    sensitivity: str
    path: str
    share: float
    doubt: str | None = None


@dataclass
class JsonPeople:
    """A template whose documents show people."""

    template: Template
    kind: str
    item: str
    id_path: str | None
    people: int
    evidence: list[str]
    fields: list[JsonField] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def _flat(value: object, path: str = "$", depth: int = 0) -> dict[str, object]:
    """Leaves of an object by path; lists below it are taken as one value each."""
    out: dict[str, object] = {}
    if isinstance(value, dict) and depth < 5:
        for k, v in value.items():
            if re.fullmatch(r"[A-Za-z_][\w-]*", k):
                out |= _flat(v, f"{path}.{k}", depth + 1)
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
        for k, v in value.items():
            if re.fullmatch(r"[A-Za-z_][\w-]*", k):
                found += _items(v, f"{path}.{k}", depth + 1)
    return found


def _read(objects: list[dict[str, object]]) -> tuple[str | None, list[JsonField]]:
    """The identifier's path, and the fields, of objects of one kind."""
    n = len(objects)
    leaves = [_flat(o) for o in objects]
    keys = Counter(k for row in leaves for k in row)
    id_path = next((f"$.{k}" for k in _ID_KEYS if keys[f"$.{k}"] >= 0.9 * n), None)
    fields: dict[str, JsonField] = {}
    for path, count in keys.items():
        if path == id_path:
            continue
        values = [str(row[path]) for row in leaves if row.get(path) not in (None, "", [])]
        named = field_of(path.rsplit(".", 1)[-1])
        if values and sum(bool(EMAIL.fullmatch(v)) for v in values) > 0.5 * len(values):
            named = ("email", "contact")
        elif values and named is None and sum(bool(PHONE.fullmatch(v)) for v in values) > 0.8 * len(values) and not all(v.isdigit() for v in values):
            named = ("phone", "contact")
        if named and values and named[0] not in fields:
            fields[named[0]] = JsonField(named[0], named[1], path, count / n)
        elif named and values:
            fields[f"{named[0]}_{path.rsplit('.', 1)[-1].lower()}"] = JsonField(
                f"{named[0]}_{path.rsplit('.', 1)[-1].lower()}", named[1], path, count / n
            )
    return id_path, list(fields.values())


def _personal(fields: list[JsonField]) -> bool:
    """A name and something more, or anything contact: objects of other kinds have names too."""
    names = {f.name.split("_")[0] for f in fields}
    return bool(names & {"email", "phone"}) or ("name" in names and bool(names & {"photo", "biography", "employer", "town", "birthday", "headline"}))


def judge(template: Template) -> JsonPeople | None:
    """Whether a template's JSON shows people."""
    documents = []
    for page in template.pages:
        if page.media == "application/json":
            try:
                documents.append(json.loads(page.text))
            except ValueError:
                continue
    if not documents:
        return None
    best: JsonPeople | None = None
    by_path: dict[str, list[dict[str, object]]] = {}
    for d in documents:
        for path, objects in _items(d):
            by_path.setdefault(path, []).extend(objects)
    for path, objects in by_path.items():
        id_path, fields = _read(objects[:500])
        if len(objects) >= 2 and _personal(fields) and (best is None or len(objects) > best.people):
            best = JsonPeople(template, "api", path, id_path, len(objects), [f"{len(objects)} objects at `{path}` with " + ", ".join(f.name for f in fields)], fields)
            if id_path is None:
                best.doubts.append("no key holds an identifier; name one under `id`, or the people cannot be counted")
    singles = [d for d in documents if isinstance(d, dict)]
    if best is None and singles:
        id_path, fields = _read(singles)
        if _personal(fields) and (template.varies or id_path):
            best = JsonPeople(template, "api", "$", id_path, len(singles), [f"{len(singles)} documents that are one person each, with " + ", ".join(f.name for f in fields)], fields)
    return best
