"""`hedgerow letter`: the same letters as in the console, from the shell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hedgerow.cli.exits import NOT_STARTED, STATE, WRONG, State, fail

if TYPE_CHECKING:
    from hedgerow.console.access.actor import Actor
    from hedgerow.console.letter_desk import LetterDesk

MOST_BYTES: Final = 1 << 20
"""Largest file of particulars, in bytes."""

letter = typer.Typer(
    help="Letters to those who took information about people, and to those who can help. Not legal advice.\n\n"
    "Example: hedgerow letter list",
    no_args_is_help=True,
)

AsJson = Annotated[bool, typer.Option("--json", help="As one JSON document.")]
Database = Annotated[
    str | None,
    typer.Option("--database", envvar="HEDGEROW_DATABASE", help="URL of the console's database; absent = the state's."),
]
Number = Annotated[str, typer.Argument(help="Number of the letter, as C-2026-0001-L1.")]


def register(app: typer.Typer) -> None:
    """Adds `hedgerow letter` to the command line."""
    app.add_typer(letter, name="letter")


@contextmanager
def _desk(state: Path, database: str | None) -> Iterator[tuple[LetterDesk, Actor]]:
    """The console's own acts, as whoever sits at the shell: who may write the state directory may do everything."""
    # Here and not above: every other command would pay for what only these need.
    from hedgerow.brain.folder import FolderError
    from hedgerow.cases.letters.problems import LetterError
    from hedgerow.console.access.actor import Actor
    from hedgerow.console.letter_desk import LetterDesk
    from hedgerow.console.problems import Problem
    from hedgerow.console.running import ConsoleError, Wish, services_of
    from hedgerow.ledger.trail import who
    from hedgerow.store.database import DatabaseError

    try:
        services = services_of(Wish(state, database=database))
    except (ConsoleError, DatabaseError, FolderError) as e:
        fail(str(e), NOT_STARTED)
    try:
        yield LetterDesk(services), Actor.shell(who())
    except Problem as e:
        fail(e.sentence, WRONG)
    except LetterError as e:
        fail(str(e), WRONG)
    except OSError as e:
        fail(f"{e.filename}: {e.strerror}", WRONG)
    finally:
        services.database.close()


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _print(rows: list[Any]) -> None:
    typer.echo(json.dumps([asdict(r) for r in rows], indent=2, default=_plain, ensure_ascii=False))


@letter.command()
def kinds(as_json: AsJson = False) -> None:
    """Lists the kinds of letters, with the days for an answer and what may follow.

    Examples:
        hedgerow letter kinds
    """
    from hedgerow.cases.letters.kinds import KINDS

    if as_json:
        data = [{"kind": k.value, **asdict(rule)} for k, rule in KINDS.items()]
        typer.echo(json.dumps(data, indent=2))
        return
    for kind, rule in KINDS.items():
        days = f"{rule.answer_days} days" if rule.answer_days else "no answer asked"
        typer.echo(f"{kind.value:20} {days:16} {rule.title}: to {rule.to}")


@letter.command("list")
def listed(
    case: Annotated[str | None, typer.Option("--case", help="Only the letters of this case, as C-2026-0001.")] = None,
    standing: Annotated[str | None, typer.Option("--standing", help="Only these, as draft or overdue.")] = None,
    as_json: AsJson = False,
    database: Database = None,
    state: State = STATE,
) -> None:
    """Lists letters with their deadlines, what is due first at the top.

    Examples:
        hedgerow letter list

        hedgerow letter list --standing overdue --json
    """
    from hedgerow.cases.core.working import find_case
    from hedgerow.cases.letters import telling
    from hedgerow.console.letter_desk import told

    with _desk(state, database) as (desk, _), told(), desk.services.database.reading() as session:
        case_id = find_case(session, case).id if case else None
        rows = telling.letters(session, desk.now, case_id, standing)
        if as_json:
            _print(rows)
            return
        for row in rows:
            due = f"answer due {row.due_at:%Y-%m-%d}" if row.due_at else ""
            typer.echo(f"{row.number:18} {row.state:10} {row.kind:20} {row.to[:40]:40} {due}".rstrip())
        if not rows:
            typer.echo("no letters")


@letter.command()
def due(as_json: AsJson = False, database: Database = None, state: State = STATE) -> None:
    """Lists what a person has to do about letters within a week.

    Examples:
        hedgerow letter due
    """
    from hedgerow.cases.letters import telling

    with _desk(state, database) as (desk, _), desk.services.database.reading() as session:
        items = telling.due_items(session, desk.now)
        if as_json:
            _print(items)
            return
        for item in items:
            typer.echo(f"{item.due_at:%Y-%m-%d %H:%M} UTC  {item.number:18} {item.what}")
        if not items:
            typer.echo("nothing waits")


@letter.command()
def draft(
    case: Annotated[str, typer.Argument(help="Number of the case, as C-2026-0001.")],
    kind: Annotated[str, typer.Argument(help="Kind of letter, as `hedgerow letter kinds` lists it.")],
    particulars: Annotated[
        Path | None, typer.Option("--particulars", help="YAML with `recipient`, `sender` and `particulars`.")
    ] = None,
    language: Annotated[str, typer.Option("--language", help="Language pack.")] = "en",
    follows: Annotated[str, typer.Option("--follows", help="Number of the letter before this one.")] = "",
    as_json: AsJson = False,
    database: Database = None,
    state: State = STATE,
) -> None:
    """Drafts a letter from the facts of a case; what nobody knows stays a visible gap.

    Examples:
        hedgerow letter draft C-2026-0001 deletion_demand --particulars offers.yaml --language fr
    """
    from hedgerow.cases.letters import keeping
    from hedgerow.console.letter_desk import LetterInput

    with _desk(state, database) as (desk, actor):
        given = _given(particulars)
        wanted = LetterInput.of(
            kind, language, given.get("recipient", {}), given.get("sender", {}), given.get("particulars", {})
        )
        made = desk.draft(actor, case, wanted, follows)
        with desk.services.database.reading() as session:
            found = keeping.find_letter(session, made)
            gaps = keeping.gaps(keeping.document(found))
            number = found.number
    if as_json:
        typer.echo(json.dumps({"id": made, "number": number, "gaps": list(gaps)}, indent=2, ensure_ascii=False))
        return
    typer.echo(f"{number} is drafted")
    for gap in gaps:
        typer.echo(f"  {gap}")


def _given(path: Path | None) -> dict[str, Any]:
    """What stands in a file of particulars. Plain values only: nothing in it is ever run."""
    import yaml

    from hedgerow.cases.letters.problems import LetterError

    if path is None:
        return {}
    with path.open("rb") as f:
        content = f.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise LetterError(f"{path} has more than {MOST_BYTES:,} bytes")
    try:
        data = yaml.safe_load(content)
    except (yaml.YAMLError, ValueError, RecursionError) as e:
        raise LetterError(f"{path} is no YAML: {str(e)[:300]}") from e
    known = {"recipient", "sender", "particulars"}
    if not isinstance(data, dict) or set(data) - known or not all(isinstance(v, dict) for v in data.values()):
        raise LetterError(f"{path} has the parts {', '.join(sorted(known))}, each a table")
    return data


@letter.command()
def export(
    number: Number,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write; .docx, .pdf or .txt.")],
    version: Annotated[int | None, typer.Option("--version", help="Which version; the newest without it.")] = None,
    database: Database = None,
    state: State = STATE,
) -> None:
    """Writes a letter to a file. An approved version comes as it was frozen, everything else says that it is a draft.

    Examples:
        hedgerow letter export C-2026-0001-L1 -o letter.pdf
    """
    from hedgerow.console.letter_desk import told

    with _desk(state, database) as (desk, _), told():
        content = desk.file(number, version, output.suffix.removeprefix("."))
        output.write_bytes(content)
        output.chmod(0o600)
    typer.echo(f"wrote {output}")


@letter.command()
def approve(
    number: Number,
    version: Annotated[int, typer.Option("--version", help="The version you read and answer for.")],
    sources_checked: Annotated[
        bool, typer.Option("--sources-checked", help="You looked up the rules that nobody compared with their text.")
    ] = False,
    database: Database = None,
    state: State = STATE,
) -> None:
    """Approves a version, on a site that has declared that it has one person; else two users of the console do that.

    Examples:
        hedgerow letter approve C-2026-0001-L1 --version 3 --sources-checked
    """
    with _desk(state, database) as (desk, actor):
        desk.approve(actor, number, version, sources_checked=sources_checked)
    typer.echo(f"{number}: version {version} is approved and frozen")


@letter.command()
def sent(
    number: Number,
    channel: Annotated[str, typer.Option("--channel", help="post, mail, web_form or handed_over.")],
    proof: Annotated[str, typer.Option("--proof", help="Number of the registered letter, Message-ID, SHA-256.")],
    at: Annotated[str, typer.Option("--at", help="When, as 2026-11-26T18:00Z; now without it.")] = "",
    database: Database = None,
    state: State = STATE,
) -> None:
    """Records that an approved letter was sent by hand, with what proves it.

    Examples:
        hedgerow letter sent C-2026-0001-L1 --channel post --proof "RR 123 456 785 FR"
    """
    with _desk(state, database) as (desk, actor):
        desk.sent(actor, number, channel, proof, at)
    typer.echo(f"{number} is recorded as sent")
