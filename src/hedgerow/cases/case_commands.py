"""`hedgerow case`: what the console does with cases, from the shell."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from hedgerow.cases.core import closing, counting, opening, working
from hedgerow.cases.core.containing import delays_of
from hedgerow.cases.core.listing import STATES, Wanted, list_cases
from hedgerow.cases.core.problems import CaseError
from hedgerow.cases.core.rules import read_rules
from hedgerow.cases.core.watching import Watcher
from hedgerow.cases.opened import AsJson, Reason, Url, opened
from hedgerow.cli.exits import STATE, WRONG, State, fail
from hedgerow.ledger.questions.period import iso, read_moment
from hedgerow.ledger.reading import harmless
from hedgerow.store.models.cases import Case

case = typer.Typer(
    help="Incidents: what happened, who is affected, what is done about it.\n\nExample: hedgerow case list",
    no_args_is_help=True,
)

Number = Annotated[str, typer.Argument(help="Number of the case, as C-2026-0001.")]
Site = Annotated[str | None, typer.Option("--site", help="Name of the site; needed only when there are several.")]


@case.command("open")
def open_case(
    title: Annotated[str, typer.Argument(help="What happened, in a few words, without anybody's name.")],
    reason: Reason,
    principals: Annotated[
        list[str] | None,
        typer.Option("--principal", help="Address, account:NAME, LEVEL:NAME, strangers; may be repeated."),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="From when on the ledger is asked: 7d, 2026-11-20.")
    ] = None,
    site: Site = None,
    as_json: AsJson = False,
    state: State = STATE,
    database: Url = None,
) -> None:
    """Opens a case.

    Examples:
        hedgerow case open "Somebody read the whole list" --reason "seen in status" --principal 203.0.113.9 --since 7d
    """
    with opened(state, database) as here:
        name = here.one_site(site)
        refs = [here.ledgers.read_ref(name, text) for text in principals or []]
        if any(r.level is None for r in refs):
            raise CaseError("say the level of a keyed name, as in `account:1f0c9a7be2d4a1b2c3d4e5f6`")
        try:
            begin = read_moment(since, here.now, end=False) if since else None
        except ValueError as error:
            raise CaseError(str(error)) from error
        with here.services.database.session() as session:
            made = opening.open_by_person(
                session,
                here.actor,
                here.now,
                title=title,
                site=name,
                reason=reason,
                since=begin,
                principals=[opening.Who(r.level or "", r.name, reason) for r in refs],
            )
            said = {"number": made.number, "id": made.id, "state": made.state}
    _tell(said, f"{said['number']} is open", as_json)


@case.command("list")
def list_them(
    which: Annotated[
        str, typer.Option("--state-of-case", help=f"Only those: {', '.join(STATES)}, or all; absent = not closed.")
    ] = "",
    words: Annotated[str, typer.Option("--words", help="In the number or title.")] = "",
    page: Annotated[int, typer.Option("--page", min=1, help="Fifty a page.")] = 1,
    as_json: AsJson = False,
    state: State = STATE,
    database: Url = None,
) -> None:
    """Lists cases, what is due first.

    Examples:
        hedgerow case list

        hedgerow case list --state-of-case all --json
    """
    if which and which != "all" and which not in STATES:
        fail(f"a case is one of: {', '.join(STATES)}", WRONG)
    with opened(state, database) as here, here.services.database.reading() as session:
        found = list_cases(session, Wanted(state=which, words=words, page=page))
    lines: list[dict[str, Any]] = [
        {
            "number": c.number,
            "title": c.title,
            "site": c.site,
            "state": c.state,
            "severity": c.severity,
            "people_low": c.people_low,
            "people_high": c.people_high,
            "opened_at": iso(c.opened_at),
            "next_due_at": iso(c.next_due_at) if c.next_due_at else None,
        }
        for c in found.lines
    ]
    if as_json:
        typer.echo(json.dumps({"cases": lines, "total": found.total, "page": found.page, "pages": found.pages}))
        return
    for c in lines:
        due = f"due {c['next_due_at']}" if c["next_due_at"] else "nothing due"
        typer.echo(harmless(f"{c['number']}  {c['state']:<9}  {c['severity']:<8}  {due:<25}  {c['title']}"))
    typer.echo(f"{found.total:,} cases" if found.total != 1 else "1 case")


@case.command()
def show(number: Number, as_json: AsJson = False, state: State = STATE, database: Url = None) -> None:
    """Shows a case: people and fields, containment, tasks, what keeps it open.

    Examples:
        hedgerow case show C-2026-0001
    """
    # The console's document: the same for whoever asks by the shell or over the network.
    from hedgerow.console.api.cases import case_document

    with opened(state, database) as here, here.services.database.reading() as session:
        found = working.find_case(session, number)
        if as_json:
            typer.echo(case_document(session, found).model_dump_json(indent=1))
            return
        open_still = closing.blockers(session, found) if found.state != "closed" else []
        for line in _in_words(found, open_still):
            typer.echo(harmless(line))


@case.command()
def count(
    number: Number,
    reason: Annotated[str, typer.Option("--reason", help="Why the figure may differ from the last one.")] = "",
    as_json: AsJson = False,
    state: State = STATE,
    database: Url = None,
) -> None:
    """Asks the ledger who is affected, and keeps figure and marks in the case.

    Examples:
        hedgerow case count C-2026-0001
    """
    with opened(state, database) as here:
        with here.services.database.reading() as session:
            question = counting.Question.of(working.find_case(session, number), here.now)
        answer = counting.ask(here.ledgers, question)
        with here.services.database.session() as session:
            found = working.find_case(session, number)
            figure = counting.keep(session, here.actor, here.now, found, answer, reason)
            said = {"number": found.number, "low": figure.low, "high": figure.high, "method": figure.method}
    people = f"{said['low']:,}" if said["low"] == said["high"] else f"{said['low']:,} to {said['high']:,}"
    _tell(said, f"{said['number']}: {people} people ({said['method']})", as_json)


@case.command()
def close(number: Number, reason: Reason, as_json: AsJson = False, state: State = STATE, database: Url = None) -> None:
    """Closes a case; says what keeps it open where something does.

    Examples:
        hedgerow case close C-2026-0001 --reason "the list needs a sign-in now, people were told"
    """
    from hedgerow.console.case_parts import case_blockers

    with opened(state, database) as here, here.services.database.session() as session:
        found = working.find_case(session, number)
        closing.close_case(session, here.actor, here.now, found, reason, case_blockers())
        said = {"number": found.number, "state": found.state}
    _tell(said, f"{said['number']} is closed", as_json)


@case.command()
def look(as_json: AsJson = False, state: State = STATE, database: Url = None) -> None:
    """Looks at every ledger by the rules now, and opens cases for what they find.

    Examples:
        hedgerow case look
    """
    with opened(state, database) as here:
        done = Watcher(here.services.database, here.ledgers, here.services.clock, read_rules(state)).round()
    said = {"opened": done.opened, "known": done.known, "failed": done.failed}
    sentence = f"opened: {', '.join(done.opened) or 'none'}; open already: {', '.join(done.known) or 'none'}"
    _tell(said, "\n".join([sentence, *(f"{site}: {why}" for site, why in done.failed.items())]), as_json)
    if done.failed:
        raise typer.Exit(WRONG)


def _tell(said: dict[str, Any], sentence: str, as_json: bool) -> None:
    typer.echo(json.dumps(said, ensure_ascii=False) if as_json else harmless_lines(sentence))


def harmless_lines(text: str) -> str:
    """Lines for a terminal."""
    return "\n".join(harmless(line) for line in text.split("\n"))


def _in_words(found: Case, open_still: list[str]) -> list[str]:
    took = delays_of(found)
    lines = [
        f"{found.number}: {found.title}",
        f"{found.state}, severity {found.severity}; {found.site}; opened {iso(found.opened_at)} by {found.opened_by}",
    ]
    if found.summary:
        lines.append(found.summary)
    if found.figures:
        last = found.figures[-1]
        lines.append(f"people: {last.low:,} to {last.high:,} ({last.method})")
    lines += [f"field {f.name} ({f.sensitivity}): {f.mark}, {f.reason}" for f in found.fields]
    lines += [f"principal {p.level}:{p.name}  {p.why}" for p in found.principals if p.removed_at is None]
    if took.to_contain_s is not None:
        lines.append(f"contained {took.to_contain_s / 3600:.1f} hours after the first disclosure")
    lines += [f"task: {t.title}, due {iso(t.due_at) if t.due_at else 'any time'}" for t in found.tasks if not t.done_at]
    lines += [f"open: {sentence}" for sentence in open_still]
    return lines
