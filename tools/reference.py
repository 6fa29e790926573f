"""Writes the reference pages that follow from the code. `--check` says if they are current."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import typer
from typer.testing import CliRunner

from hedgerow.brain.folder import Folder
from hedgerow.cases.letters import explaining as letters
from hedgerow.cases.notices import explaining, loading
from hedgerow.cli import app
from hedgerow.cli.names import command_names
from hedgerow.console.access import roles
from hedgerow.console.app import create_app, route_table
from hedgerow.console.services import Services
from hedgerow.control import Control
from hedgerow.policy import defaults, settings
from hedgerow.policy.shapes import Choice, Flag, Keyed, Limits, Many, Real, Section, Shape, Short, Text, Whole
from hedgerow.store.database import Database

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
    for name in _paths(app):
        said = CliRunner().invoke(
            app, [*name.split(), "--help"], env={"COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1"}
        )
        body = "\n".join(line.rstrip() for line in said.stdout.strip().splitlines())
        parts += [f"## hedgerow {name}", "", "```text", body, "```", ""]
    return "\n".join(parts)


def _paths(app: typer.Typer) -> list[str]:
    """Every command with the groups it is in, as it is typed."""
    groups = {g.name: g.typer_instance for g in app.registered_groups}
    found: list[str] = []
    for name in command_names(app):
        found.append(name)
        inner = groups.get(name)
        found += [f"{name} {below}" for below in _paths(inner)] if inner else []
    return found


def signals_page() -> str:
    """Every signal, with the weight it ships with."""
    lines = [
        "# Signals",
        "",
        "Generated from `src/hedgerow/policy/defaults.py` by `make docs`.",
        "",
        "A signal is one explainable piece of evidence. Its points add up to the risk of a request; what that leads",
        "to is in the `ladder` of the [settings](settings.md): points for a challenge, to slow down, to refuse.",
        "Members and verified crawlers are judged by their budgets only. Weight 0 means that a signal is not computed.",
        "",
        "| signal | points | what it means |",
        "|---|---|---|",
    ]
    lines += [f"| `{name}` | {weight} | {sentence} |" for name, (weight, sentence) in defaults.SIGNALS.items()]
    lines += [
        "",
        "In the ledger and in `hedgerow explain` a signal is the [reason](reasons.md) `signal.NAME`. A",
        "[rule of the operator](../how-to/rules.md) with `weight` adds its points in the same way, and is `rule.NAME`.",
    ]
    return "\n".join(lines) + "\n"


def budgets_page() -> str:
    """Who may be shown how many people, as shipped."""
    lines = [
        "# Budgets",
        "",
        "Generated from `src/hedgerow/policy/defaults.py` by `make docs`: what holds until a policy says otherwise.",
        "Numbers are distinct people; a month is thirty days; reading somebody again is free. A level that is not",
        "named has no limit.",
        "`hedgerow check` says what your own policy comes to.",
        "",
        "## Who counts as what",
        "",
        "| standing | who |",
        "|---|---|",
        *(f"| `{name}` | {sentence} |" for name, sentence in defaults.STANDINGS.items()),
        "",
        "| level | what |",
        "|---|---|",
        *(f"| `{name}` | {sentence} |" for name, sentence in defaults.LEVELS.items()),
        "",
        "## How many people",
        "",
        "| standing | level | sensitivity | people |",
        "|---|---|---|---|",
    ]
    for standing, levels in defaults.BUDGETS.items():
        for level, cells in levels.items():
            lines += [f"| `{standing}` | `{level}` | `{s}` | {limit} |" for s, limit in cells.items()]
    lines += [
        "",
        "## What is shown at all",
        "",
        "| standing | " + " | ".join(f"`{s}`" for s in defaults.SENSITIVITIES) + " |",
    ]
    lines.append("|---" * (len(defaults.SENSITIVITIES) + 1) + "|")
    for standing, how in defaults.SHOW.items():
        said = " | ".join(how[s].replace("_", " ") for s in defaults.SENSITIVITIES)
        lines.append(f"| `{standing}` | {said} |")
    lines += ["", "## Posture", "", "| all strangers together | sensitivity | people |", "|---|---|---|"]
    for step, limits in (("raised", defaults.RAISED), ("high", defaults.HIGH)):
        lines += [f"| `{step}` | `{s}` | {limit} |" for s, limit in limits.items()]
    lines += ["", "| a newcomer then | standing | sensitivity | people a day |", "|---|---|---|---|"]
    for step, table in (("raised", defaults.NEWCOMERS_RAISED), ("high", defaults.NEWCOMERS_HIGH)):
        for standing, people in table.items():
            lines += [f"| `{step}` | `{standing}` | `{s}` | {n} |" for s, n in people.items()]
    return "\n".join(lines) + "\n"


def console_roles_page() -> str:
    """Which role may do what in the console, and which routes ask for it."""
    with tempfile.TemporaryDirectory() as folder:
        state = Folder(Path(folder))
        database = Database(f"sqlite:///{folder}/console.db")
        table = route_table(create_app(Services(database, state, Control(state.control))))
        database.close()
    lines = [
        "# Roles of the console",
        "",
        "Generated from `src/hedgerow/console/access/roles.py` and from the route table by `make docs`.",
        "How users get roles: [the console](../how-to/console.md).",
        "",
        "| role | who |",
        "|---|---|",
        *(f"| `{role}` | {words} |" for role, words in roles.ROLES.items()),
        "",
        "## What each may do",
        "",
        "| permission | lets them | " + " | ".join(roles.Role) + " |",
        "|---" * (len(roles.Role) + 2) + "|",
    ]
    for permission in roles.Permission:
        held = " | ".join("yes" if role in roles.roles_with(permission) else "" for role in roles.Role)
        lines.append(f"| `{permission}` | {roles.sentence(permission)} | {held} |")
    lines += [
        "",
        "## What each route asks for",
        "",
        "A route that does not say what it needs keeps the console from starting. `fresh` routes ask again who it is",
        "when the last proof is older than `console.fresh_s`.",
        "",
        "| method | path | needs | fresh |",
        "|---|---|---|---|",
    ]
    for route in sorted(table, key=lambda r: (r.path, r.method)):
        needs = f"`{route.needs}`" if isinstance(route.needs, roles.Permission) else route.needs.value
        lines.append(f"| {route.method} | `{route.path}` | {needs} | {'yes' if route.fresh else ''} |")
    return "\n".join(lines) + "\n"


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
    yield FOLDER / "signals.md", signals_page()
    yield FOLDER / "budgets.md", budgets_page()
    yield FOLDER / "console-roles.md", console_roles_page()
    yield FOLDER / "regimes.md", explaining.page(loading.shipped())
    yield FOLDER / "letters.md", letters.page()


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
