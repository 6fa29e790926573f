"""`make run`: the example directory behind Hedgerow, both in the foreground; Ctrl-C ends both."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "directory"
SITE = ("127.0.0.1", 3000)
WAIT_S = 30.0


def wait_for(address: tuple[str, int], process: subprocess.Popen[bytes]) -> bool:
    """Whether somebody listens there before the process ends or the time is over."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(address, timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return True
    return False


def main() -> int:
    """Starts the site, then the gateway; ends with the gateway's exit code."""
    policy = EXAMPLE / "hedgerow.yaml"
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(SITE)
        except OSError:
            print(f"Something already listens on {SITE[0]}:{SITE[1]}; end it, then make run again.", file=sys.stderr)
            return 1
    serve = [sys.executable, "-m", "examples.directory", "--host", SITE[0], "--port", str(SITE[1])]
    site = subprocess.Popen(serve, cwd=ROOT, start_new_session=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if not wait_for(SITE, site):
            print("The example directory did not start; its reason stands above.", file=sys.stderr)
            return 1
        print(f"the site itself, unprotected:  http://{SITE[0]}:{SITE[1]}", flush=True)
        given = ["--config", str(policy)] if policy.exists() else [f"http://{SITE[0]}:{SITE[1]}"]
        command = [sys.executable, "-m", "hedgerow.cli", "protect", *given, "--state", str(ROOT / ".hedgerow")]
        gateway = subprocess.Popen(command, env={**os.environ, "PYTHONUNBUFFERED": "1"})
        try:
            return gateway.wait()
        except (KeyboardInterrupt, SystemExit):
            # Ctrl-C has reached the gateway as well; it drains and ends by itself.
            gateway.terminate()
            return gateway.wait()
    finally:
        site.terminate()
        site.wait()


if __name__ == "__main__":
    sys.exit(main())
