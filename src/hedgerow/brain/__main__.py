"""The brain process: `python -m hedgerow.brain SETTINGS.json`."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path

from hedgerow.brain import logs
from hedgerow.brain.crawler_names import Dns
from hedgerow.brain.discovery import discover, proposer
from hedgerow.brain.folder import Folder
from hedgerow.brain.loop import Brain
from hedgerow.brain.tables import Overrides
from hedgerow.control import Control


def main(arguments: list[str]) -> int:
    """Runs until SIGTERM."""
    if len(arguments) != 1:
        sys.stderr.write("use: python -m hedgerow.brain SETTINGS.json\n")
        return 2
    logs.configure()
    settings = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    folder = Folder(Path(settings["state"]))
    config = Path(settings["config"])
    brain = Brain(folder, config, Overrides(settings["upstream"]), Control(folder.control), Dns())
    # Our supervisor may have died before we could ask who our parent is, so it has written that down.
    brain.orphaned = lambda: os.getppid() != settings["supervisor"]

    def end(_number: int, _frame: object) -> None:
        brain.stop.set()
        brain.wake.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGHUP, lambda _number, _frame: brain.wake.set())
    propose = proposer()
    if settings["discover"] and propose is not None:
        threading.Thread(
            target=discover, args=(settings["discover"], folder, config, propose), daemon=True, name="map"
        ).start()
    brain.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
