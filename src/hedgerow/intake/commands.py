"""`hedgerow intake`: the letters of visitors that wait."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from hedgerow.cli.exits import STATE, WRONG, State, fail
from hedgerow.intake.letter import Appeal, Claim
from hedgerow.intake.spool import Refused, Spool

intake = typer.Typer(
    no_args_is_help=True,
    help="Letters of visitors: appeals of people who were stopped, and reports of leaked information.\n\n"
    "Example: hedgerow intake list",
)


def register(app: typer.Typer) -> None:
    """Adds `hedgerow intake` to the command line."""
    app.add_typer(intake, name="intake")


@intake.command("list")
def list_(
    state: State = STATE,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, with what was written.")] = False,
    text: Annotated[bool, typer.Option("--text", help="Also show what was written.")] = False,
) -> None:
    """Lists the letters that wait. Without --text nothing of what people wrote is shown.

    Nothing is taken away: the console does that when it has kept a letter.

    Examples:
        hedgerow intake list

        hedgerow intake list --text
    """
    try:
        found = list(Spool(state).letters())
    except OSError as e:
        fail(f"the letters cannot be read: {e}", WRONG)
    for one in found:
        if isinstance(one, Refused):
            typer.echo(f"hedgerow: {one.file} is no letter: {one.why}", err=True)
        elif as_json:
            kind = "appeal" if isinstance(one, Appeal) else "report"
            data = {**asdict(one), "kind": kind, "at": one.at.isoformat()}
            typer.echo(json.dumps(data, ensure_ascii=False))
        else:
            typer.echo(_line(one))
            if text:
                typer.echo(_words(one))
    if not found and not as_json:
        typer.echo("no letter waits")


def _line(one: Appeal | Claim) -> str:
    if isinstance(one, Appeal):
        about = f"appeal about {one.reference}" if one.reference else "appeal without a reference"
    else:
        about = "report of leaked information"
    answer = "wants an answer" if one.reply else "wants no answer"
    return f"{one.at:%Y-%m-%d %H:%M} UTC  {one.number}  {one.site}: {about}, {answer}"


def _words(one: Appeal | Claim) -> str:
    parts = {"reply": one.reply}
    if isinstance(one, Appeal):
        parts["message"] = one.message
    else:
        parts |= {"where": one.where, "since": one.since, "records": one.records}
    # Whoever writes a letter must not move the operator's cursor; `isprintable` is what Python would show as it is.
    plain = {k: "".join(c if c.isprintable() or c == "\n" else "?" for c in v) for k, v in parts.items() if v}
    return "\n".join(f"    {name}: " + v.replace("\n", "\n      ") for name, v in plain.items())
