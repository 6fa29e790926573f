"""Names of all commands: for documentation and its tests."""

from __future__ import annotations

import typer


def command_names(app: typer.Typer) -> list[str]:
    """Every command and group, sorted."""
    commands = [
        command.name or getattr(command.callback, "__name__", "").replace("_", "-")
        for command in app.registered_commands
    ]
    groups = [g.name for g in app.registered_groups if isinstance(g.name, str)]
    return sorted([*commands, *groups])
