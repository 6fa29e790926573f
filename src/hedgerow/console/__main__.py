"""The console process: `python -m hedgerow.console --state DIR`; started by the supervisor or by `hedgerow console`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hedgerow.brain import logs
from hedgerow.brain.folder import FolderError
from hedgerow.console.running import ConsoleError, Wish, print_line, serve
from hedgerow.store.database import DatabaseError


def main(arguments: list[str]) -> int:
    """Runs until SIGTERM; exit code 4 when it could not be started."""
    parser = argparse.ArgumentParser(prog="python -m hedgerow.console")
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--listen")
    parser.add_argument("--supervisor", type=int)
    given = parser.parse_args(arguments)
    logs.configure()
    try:
        return serve(Wish(given.state, given.config, given.listen, None, given.supervisor), print_line)
    except (ConsoleError, DatabaseError, FolderError, OSError) as e:
        sys.stderr.write(f"hedgerow: the console was not started: {e}\n")
        return 4


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
