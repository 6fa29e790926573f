"""The JSON Schema of a policy, generated from the table of settings, so that editors complete and explain it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from hedgerow.policy.settings import POLICY
from hedgerow.policy.shapes import Choice, Either, Flag, Keyed, Limits, Many, Real, Section, Shape, Short, Text, Whole

FILE: Final = Path(__file__).with_name("schema.json")
"""The published copy; a test keeps it current."""

Json = dict[str, object]


def schema() -> Json:
    """The schema (JSON Schema 2020-12)."""
    return of(POLICY, "Hedgerow policy")


def text() -> str:
    """The schema as published."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def of(section: Section, title: str) -> Json:
    """The schema of a file that is one section, for other files that are written in the same shapes."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **_of(section)}


def _section(section: Section) -> Json:
    properties: Json = {}
    for s in section.settings:
        unit = f" ({s.unit})" if s.unit else ""
        described: Json = {**_of(s.shape), "description": f"{s.sentence}{unit}"}
        if not s.required and s.default is not None:
            described["default"] = s.default
        if not s.required:
            # A key without a value means its default, as everywhere in YAML.
            described = {
                "anyOf": [
                    {k: v for k, v in described.items() if k not in {"description", "default"}},
                    {"type": "null"},
                ],
                **{k: v for k, v in described.items() if k in {"description", "default"}},
            }
        properties[s.name] = described
    required = [s.name for s in section.settings if s.required]
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        **({"required": required} if required else {}),
    }


def _of(shape: Shape) -> Json:
    match shape:
        case Text(longest=longest):
            # A word that looks like a number (`name: 42`) is still a word to the reader.
            return {"type": ["string", "number"], "maxLength": longest}
        case Whole(low=low, high=high):
            return {"type": "integer", "minimum": low, "maximum": high}
        case Real(low=low, high=high):
            return {"type": "number", "minimum": low, "maximum": high}
        case Flag():
            return {"type": "boolean"}
        case Choice(words=words):
            return {"oneOf": [{"const": w, "description": sentence} for w, sentence in words.items()]}
        case Limits(month=month):
            windows = ["hour", "day", *(["month"] if month else [])]
            return {
                "anyOf": [
                    {"type": "string", "examples": ["40/hour 60/day", "unlimited"]},
                    {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {w: {"type": "integer", "minimum": 0} for w in windows},
                    },
                ]
            }
        case Many(of=of, single=single, least=least, most=most):
            listing: Json = {"type": "array", "items": _of(of), "minItems": least, "maxItems": most}
            return {"anyOf": [listing, _of(of)]} if single else listing
        case Keyed(keys=keys, values=values, most=most):
            table: Json = {"type": "object", "maxProperties": most}
            if isinstance(keys, Choice):
                return {**table, "additionalProperties": False, "properties": {k: _of(values) for k in keys.words}}
            return {**table, "additionalProperties": _of(values)}
        case Short(section=section, short=short):
            return {"anyOf": [_of(short), _section(section)]}
        case Either(words=words, sections=sections):
            options: list[Json] = [{"const": w, "description": s} for w, s in words.items()]
            return {"anyOf": options + [_section(s) for s in sections]}
        case Section():
            return _section(shape)
