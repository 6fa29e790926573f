"""Writes the reference pages that follow from the code: settings and commands. `--check` says if they are current."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from typer.testing import CliRunner

from hedgerow.cli import app
from hedgerow.cli.names import command_names
from hedgerow.policy import settings
from hedgerow.policy.shapes import Choice, Flag, Keyed, Limits, Many, Real, Section, Shape, Short, Text, Whole

FOLDER = Path(__file__).parent.parent / "docs" / "reference"


def settings_page() -> str:
    """Every setting: name, type, default, unit, sentence."""
    lines = [
        "# Settings",
        "",
        "Generated from `src/hedgerow/policy/settings.py` by `make docs`. `[]` stands for each item of a list, `*` for",
        "each key you choose.",
        "",
        "| setting | type | default | unit | what it is for |",
        "|---|---|---|---|---|",
    ]
    for name, setting in settings.table():
        default = "required" if setting.required else _default(setting.default)
        lines.append(f"| `{name}` | {_kind(setting.shape)} | {default} | {setting.unit} | {setting.sentence} |")
    return "\n".join(lines) + "\n"


def commands_page() -> str:
    """Every command's own help."""
    parts = ["# Commands", "", "Generated from each command's `--help` by `make docs`.", ""]
    for name in command_names(app):
        said = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1"})
        body = "\n".join(line.rstrip() for line in said.stdout.strip().splitlines())
        parts += [f"## hedgerow {name}", "", "```text", body, "```", ""]
    return "\n".join(parts)


def _default(value: object) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, dict) and value:
        return "see `hedgerow check`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`"


def _kind(shape: Shape) -> str:
    match shape:
        case Text():
            return "text"
        case Whole(low=low, high=high):
            return f"whole number, {low:,} to {high:,}"
        case Real(low=low, high=high):
            return f"number, {low:,} to {high:,}"
        case Flag():
            return "true or false"
        case Choice(words=words):
            return " or ".join(f"`{w}`" for w in words)
        case Limits():
            return "limit, as `40/hour 60/day`"
        case Many(of=of):
            return f"list of {_kind(of)}"
        case Keyed():
            return "table"
        case Short(short=short):
            return f"{_kind(short)}, or section"
        case Section():
            return "section"
        case _:
            return "section or word"


def pages() -> Iterator[tuple[Path, str]]:
    """All generated pages."""
    yield FOLDER / "settings.md", settings_page()
    yield FOLDER / "commands.md", commands_page()


def main() -> int:
    """Writes, or with `--check` compares."""
    stale = 0
    for path, text in pages():
        if "--check" in sys.argv[1:]:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                print(f"{path} is not current; run: make docs")
                stale = 1
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path}")
    return stale


if __name__ == "__main__":
    sys.exit(main())
