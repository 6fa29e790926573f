"""`hedgerow console`: the screens for those who answer for the site, without a gateway."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hedgerow.brain.folder import FolderError
from hedgerow.cli.exits import NOT_STARTED, STATE, State, fail
from hedgerow.policy.words import wrong_listen


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command()
    def console(
        listen: Annotated[
            str | None, typer.Option("--listen", help="Where it is, instead of the policy's console.listen.")
        ] = None,
        database: Annotated[
            str | None,
            typer.Option(
                "--database",
                envvar="HEDGEROW_DATABASE",
                show_envvar=True,
                help="URL of the database, as postgresql://user@host/name; absent = console.db in the state.",
            ),
        ] = None,
        config: Annotated[
            Path | None, typer.Option("--config", "-c", help="The policy; absent = the one in force in the state.")
        ] = None,
        state: State = STATE,
    ) -> None:
        """Serves the console alone, in the foreground; Ctrl-C ends it.

        `hedgerow protect` serves it beside the gateway. Alone it is for a state directory without one: that of an
        audit, or of a gateway on another machine.

        Examples:
            hedgerow console

            hedgerow console --state audit-state --listen 127.0.0.1:8800
        """
        # Here and not above: every other command would pay for what only this one needs.
        from hedgerow.brain import logs
        from hedgerow.console.running import ConsoleError, Wish, print_line, serve
        from hedgerow.store.database import DatabaseError

        if listen and (wrong := wrong_listen(listen)):
            raise typer.BadParameter(wrong)
        logs.configure()
        try:
            code = serve(Wish(state, config, listen, database), print_line)
        except (ConsoleError, DatabaseError, FolderError) as e:
            fail(str(e), NOT_STARTED)
        except OSError as e:
            fail(f"{e.filename or 'the console'}: {e.strerror or e}; it was not started", NOT_STARTED)
        raise typer.Exit(NOT_STARTED if code else 0)
