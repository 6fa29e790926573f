"""`hedgerow explain`: why a visitor got what they got."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Annotated

import typer

from hedgerow.cli.exits import STATE, State, asking
from hedgerow.control import Control, Json

_REFERENCE = re.compile(r"[0-9A-Za-z]{4}[- ]?[0-9A-Za-z]{4}[- ]?[0-9A-Za-z]{4}\Z")


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command()
    def explain(
        reference: Annotated[str, typer.Argument(help="The reference number on the visitor's page: XXXX-XXXX-XXXX.")],
        as_json: Annotated[bool, typer.Option("--json", help="The gateway's whole answer as JSON.")] = False,
        state: State = STATE,
    ) -> None:
        """Says why a visitor got what they got: the verdict, its signals and budgets, or what went wrong.

        The last faults of each site are remembered until the gateway restarts; the log has those before.

        Examples:
            hedgerow explain 7K3M-P9QT-2XWA
        """
        if not _REFERENCE.match(reference.strip()):
            raise typer.BadParameter("a reference has twelve letters and digits, as in 7K3M-P9QT-2XWA")
        with asking(state) as folder:
            answer = Control(folder.control).ask("explain", reference=reference.strip().upper())
        typer.echo(json.dumps(answer, indent=2, ensure_ascii=False) if as_json else in_words(answer))


def in_words(answer: Json) -> str:
    """The gateway's answer as lines; whatever it knows is said, whatever it does not know is left out."""
    entry = answer.get("entry")
    facts = entry if isinstance(entry, dict) else {k: v for k, v in answer.items() if k != "ok"}
    lines: list[str] = []
    for key, value in facts.items():
        if value in (None, "", [], {}):
            continue
        if isinstance(value, list):
            lines.append(f"{_label(key)}:")
            lines += [f"  - {_item(item)}" for item in value]
        else:
            lines.append(f"{_label(key.removesuffix('_ms'))}: {_moment(key, value)}")
    return "\n".join(lines)


def _moment(key: str, value: object) -> str:
    if key.endswith("_ms") and isinstance(value, int):
        return f"{datetime.fromtimestamp(value / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
    return _item(value)


def _label(key: str) -> str:
    return key.replace("_", " ")


def _item(item: object) -> str:
    if not isinstance(item, dict):
        return str(item)
    if "code" in item:
        said = str(item.get("sentence") or item.get("detail") or "")
        points = f" ({item['weight']} points)" if item.get("weight") else ""
        extra = f": {item['detail']}" if item.get("detail") and item.get("sentence") else ""
        return f"{item['code']}{points}: {said}{extra}"
    return ", ".join(f"{_label(str(k))} {v}" for k, v in item.items())
