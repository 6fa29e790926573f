"""`hedgerow status`: live figures of a running gateway."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from typing import Annotated

import typer

from hedgerow.cli.exits import STATE, State, asking
from hedgerow.control import Control, Json

_EVERY_S = 2.0


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command()
    def status(
        as_json: Annotated[
            bool, typer.Option("--json", help="The gateway's answer as one JSON document, once.")
        ] = False,
        once: Annotated[bool, typer.Option("--once", help="Print the figures once and end.")] = False,
        state: State = STATE,
    ) -> None:
        """Shows distinct people disclosed, requests, verdicts, top principals and memory, every two seconds.

        Examples:
            hedgerow status

            hedgerow status --json
        """
        with asking(state) as folder:
            control = Control(folder.control)
            answer = control.ask("status")
            if as_json:
                typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))
                return
            if once or not sys.stdout.isatty():
                typer.echo(in_words(answer))
                return
            try:
                while True:
                    typer.echo("\x1b[2J\x1b[H", nl=False)
                    typer.echo(in_words(answer))
                    typer.echo("\nCtrl-C ends this view; the gateway goes on.")
                    time.sleep(_EVERY_S)
                    answer = control.ask("status")
            except KeyboardInterrupt:
                return


def in_words(answer: Json) -> str:
    """The figures as an outline, in the gateway's own order: what the edge comes to count appears here by itself."""
    lines: list[str] = []
    _outline({k: v for k, v in answer.items() if k != "ok"}, 0, lines)
    return "\n".join(lines)


def _outline(table: dict[str, object], depth: int, lines: list[str]) -> None:
    indent = "  " * depth
    for key, value in table.items():
        label = key.removesuffix("_ms").replace("_", " ")
        if isinstance(value, dict):
            lines.append(f"{indent}{label}")
            _outline(value, depth + 1, lines)
        elif isinstance(value, list):
            lines.append(f"{indent}{label}" if value else f"{indent}{label}: none")
            for item in value[:20]:
                if isinstance(item, dict) and any(isinstance(v, dict) for v in item.values()):
                    # A site: an outline of its own, headed by its first fact.
                    head, *rest = item.items()
                    lines.append(f"{indent}  {head[1]}")
                    _outline(dict(rest), depth + 2, lines)
                else:
                    lines.append(f"{indent}  - {_flat(item)}")
        else:
            lines.append(f"{indent}{label}: {_figure(key, value)}")


def _flat(item: object) -> str:
    if isinstance(item, dict):
        return ", ".join(f"{k.replace('_', ' ')} {_figure(k, v)}" for k, v in item.items() if v not in (None, [], {}))
    return str(item)


def _figure(key: str, value: object) -> str:
    if key.endswith("_ms") and isinstance(value, int):
        return f"{datetime.fromtimestamp(value / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
    if key.endswith("_s") and isinstance(value, int) and value > 1_000_000_000:
        return f"{datetime.fromtimestamp(value, UTC):%H:%M:%S} UTC"
    if isinstance(value, list):
        return " / ".join(_figure("", v) for v in value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if key.endswith("_bytes"):
            return f"{value / (1 << 20):,.1f} MiB"
        return f"{value:,}"
    return str(value)
