"""JSON Schemas of the files of this room, generated from their shapes, so that editors complete and explain them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from hedgerow.cases.notices.facts_shape import CASE
from hedgerow.cases.notices.languages import PACK
from hedgerow.cases.notices.rule_shape import REGIME
from hedgerow.policy.schema import of
from hedgerow.policy.shapes import Section

FOLDER: Final = Path(__file__).with_name("schema")
"""The published copies; a test keeps them current."""

SCHEMAS: Final[dict[str, tuple[Section, str]]] = {
    "case": (CASE, "Hedgerow: a case for notices"),
    "regime": (REGIME, "Hedgerow: a notification regime"),
    "language": (PACK, "Hedgerow: the words of notices in one language"),
}


def text(name: str) -> str:
    """A schema as published."""
    section, title = SCHEMAS[name]
    return json.dumps(of(section, title), indent=2, ensure_ascii=False) + "\n"
