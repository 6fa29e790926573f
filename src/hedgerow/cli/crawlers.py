"""`hedgerow crawlers`: the address ranges by which search engines are known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hedgerow.brain import crawler_ranges
from hedgerow.brain.crawler_ranges import SOURCES, Change, Ranges, RangesError
from hedgerow.brain.folder import Folder, FolderError
from hedgerow.cli.exits import STATE, WRONG, State, fail
from hedgerow.control import Control, ControlError, NotRunningError


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(
        no_args_is_help=True, help="The address ranges by which search engines are known.\n\nhedgerow crawlers refresh"
    )
    app.add_typer(group, name="crawlers")

    @group.command()
    def refresh(
        names: Annotated[
            list[str] | None, typer.Argument(help=f"Which; without it: {', '.join(SOURCES)}.", show_default=False)
        ] = None,
        files: Annotated[
            list[str] | None,
            typer.Option(
                "--from", metavar="NAME=FILE", help="Take a list that you have fetched yourself; asks nobody."
            ),
        ] = None,
        sources: Annotated[
            list[str] | None, typer.Option("--source", metavar="NAME=URL", help="Fetch a list from another address.")
        ] = None,
        accept_loss: Annotated[
            bool, typer.Option("--accept-loss", help="Take a list that lost more than half of its ranges.")
        ] = False,
        state: State = STATE,
    ) -> None:
        """Fetches the ranges that search engines publish, checks them, and says what changed.

        Nothing fetches them by itself: this is for you to run, now and then or from a timer. A running gateway takes
        them up within seconds. What cannot be fetched or believed changes nothing.

        Examples:
            hedgerow crawlers refresh

            hedgerow crawlers refresh googlebot bingbot

            hedgerow crawlers refresh --from bingbot=bingbot.json     (offline)
        """
        folder = Folder(state)
        try:
            folder.prepare()
            ranges = Ranges(folder.crawlers)
        except (FolderError, RangesError) as e:
            fail(str(e), WRONG)
        changes, failures = _gather(ranges, names or [], _pairs(files), _pairs(sources), accept_loss=accept_loss)
        for change in changes:
            typer.echo(change.sentence)
        if changes:
            try:
                ranges.write()
            except (RangesError, OSError) as e:
                fail(f"nothing was changed: {e}", WRONG)
            _tell(folder)
        for failure in failures:
            typer.echo(f"hedgerow: {failure}", err=True)
        if failures:
            raise typer.Exit(WRONG)


def _pairs(words: list[str] | None) -> dict[str, str]:
    pairs = {}
    for word in words or []:
        name, equals, value = word.partition("=")
        if not (name and equals and value):
            raise typer.BadParameter(f"`{word}` is not NAME=…, as in bingbot=bingbot.json")
        pairs[name] = value
    return pairs


def _gather(
    ranges: Ranges, names: list[str], files: dict[str, str], sources: dict[str, str], *, accept_loss: bool
) -> tuple[list[Change], list[str]]:
    """Every list by itself: one that fails keeps none of the others back."""
    # Who gives a file or an address means only those, unless names say otherwise.
    wanted = names or [*files, *sources] or list(SOURCES)
    changes: list[Change] = []
    failures: list[str] = []
    for name in dict.fromkeys([*wanted, *files, *sources]):
        source = files.get(name) or sources.get(name) or SOURCES.get(name)
        if source is None:
            failures.append(f"no published list of {name} is known; known are: {', '.join(SOURCES)}")
            continue
        try:
            body = _read(Path(source)) if name in files else crawler_ranges.fetch(source)
            found, as_of = crawler_ranges.parse(body)
            changes.append(ranges.take(name, found, as_of, source, accept_loss=accept_loss))
        except RangesError as e:
            failures.append(f"the ranges of {name} stay as they are: {e}")
    return changes, failures


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as f:
            body = f.read(crawler_ranges.MAX_BYTES + 1)
    except OSError as e:
        raise RangesError(f"{file} cannot be read: {e.strerror or e}") from e
    if len(body) > crawler_ranges.MAX_BYTES:
        raise RangesError(f"{file} is longer than {crawler_ranges.MAX_BYTES >> 10} KiB, which no such list is")
    return body


def _tell(folder: Folder) -> None:
    """A running gateway looks at the file every few seconds; asked, it looks now."""
    try:
        Control(folder.control).ask("reload")
        typer.echo("the running gateway has taken them up")
    except NotRunningError:
        typer.echo("no gateway is running here; the next one starts with them")
    except ControlError as e:
        typer.echo(f"hedgerow: the gateway was not asked to look now, it does so by itself: {e}", err=True)
