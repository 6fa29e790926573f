"""Exit codes, and the one way in which commands end with an error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from hedgerow.brain.folder import DEFAULT, Folder, FolderError
from hedgerow.control import ControlError, NotRunningError

WRONG: Final = 1
"""What was asked about is wrong: a policy with mistakes, a reference that is not known."""
UNREACHABLE: Final = 3
"""The gateway cannot be reached."""
NOT_STARTED: Final = 4
"""The gateway could not be started."""

State = Annotated[
    Path, typer.Option("--state", envvar="HEDGEROW_STATE", help="State directory of the gateway.", show_default=True)
]
STATE: Final = DEFAULT


def fail(sentence: str, code: int) -> NoReturn:
    """Says what is wrong on standard error and ends."""
    typer.echo(sentence if sentence.startswith("hedgerow") else f"hedgerow: {sentence}", err=True)
    raise typer.Exit(code)


@contextmanager
def asking(state: Path) -> Iterator[Folder]:
    """Around a talk with the gateway: turns its errors into sentences and exit codes."""
    try:
        yield Folder(state)
    except NotRunningError as e:
        fail(str(e), UNREACHABLE)
    except (ControlError, FolderError) as e:
        fail(str(e), WRONG)
