"""The edge process: reads its settings from a file and hands them to the engine, which serves until it is drained.

Run as `python -m hedgerow.edge SETTINGS.json`. Nothing else happens in this process: no policy is compiled, no
name looked up, no person's decision awaited.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from hedgerow.policy.words import is_loopback

EXIT_SETTINGS = 4
"""The settings cannot be used: starting again would not help."""


def main(arguments: list[str]) -> int:
    """Serves until drained; the exit code for the supervisor."""
    if len(arguments) != 1:
        sys.stderr.write("use: python -m hedgerow.edge SETTINGS.json\n")
        return 2
    settings = Path(arguments[0]).read_text(encoding="utf-8")
    wrong = wrong_drill(json.loads(settings))
    if wrong:
        sys.stderr.write(f"hedgerow edge: {wrong}\n")
        return EXIT_SETTINGS
    try:
        from hedgerow import _engine
    except ImportError as e:
        sys.stderr.write(f"hedgerow edge: the engine is not built ({e}); run `make setup` in the project's folder\n")
        return EXIT_SETTINGS
    try:
        _engine.run_edge(settings)
    except (OSError, RuntimeError, ValueError) as e:
        sys.stderr.write(f"hedgerow edge: {e}\n")
        return EXIT_SETTINGS if isinstance(e, ValueError) else 1
    return 0


def wrong_drill(settings: dict[str, object]) -> str | None:
    """A clock that visitors set is for rehearsals on this machine and nowhere else.

    Checked here and not only in `hedgerow protect`, so that no other way of starting the edge goes around it.
    """
    if not settings.get("drill_clock"):
        return None
    listen = settings.get("listen")
    addresses = [str(item["address"]) for item in listen] if isinstance(listen, list) else []
    tables = json.loads(Path(str(settings["policy"])).read_text(encoding="utf-8"))
    hosts = [str(site["upstream"]["host"]) for site in tables["sites"]]
    return wrong_drill_addresses(addresses, hosts)


def wrong_drill_addresses(listen: list[str], upstreams: list[str]) -> str | None:
    """Which address is not this machine's loopback, in a sentence; `None` when all are."""
    for address in listen:
        if not is_loopback(address):
            return f"--drill-clock lets visitors set the clock: refused while listening on {address}; use 127.0.0.1"
    for host in upstreams:
        if not is_loopback(host):
            return f"--drill-clock lets visitors set the clock: refused in front of {host}; rehearse on 127.0.0.1"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
