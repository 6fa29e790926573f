"""An edge that serves nobody: it listens on the control socket and answers like the real one.

Run in place of `hedgerow.edge`: `python -m fake_edge SETTINGS.json`. It also listens on its first address with
SO_REUSEPORT and says its process number to whoever connects, so that a hand-over can be seen from outside.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
from pathlib import Path


def serve_control(path: Path, policy: Path) -> None:
    """Answers questions until the process ends."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(path))
    server.listen()
    while True:
        client, _ = server.accept()
        with client:
            line = client.makefile("rb").readline()
            if not line:
                continue
            client.sendall(json.dumps(answer(json.loads(line), policy)).encode() + b"\n")


def answer(question: dict[str, object], policy: Path) -> dict[str, object]:
    """One answer."""
    match question["do"]:
        case "status":
            return {"ok": True, "pid": os.getpid(), "requests": 1234, "memory_bytes": 1 << 20, "top": [{"people": 7}]}
        case "reload":
            tables = json.loads(policy.read_text())
            with policy.with_name("reloads").open("a") as f:
                f.write(tables["id"] + "\n")
            return {"ok": True}
        case "mode":
            known = [s["name"] for s in json.loads(policy.read_text())["sites"]]
            if question["site"] not in (None, *known):
                return {"ok": False, "error": f"there is no site `{question['site']}`"}
            return {"ok": True}
        case "explain":
            if question["reference"] != "7K3M-P9QT-2XWA":
                return {"ok": False, "error": "no entry has this reference"}
            reasons = [{"code": "signal.enumeration", "weight": 40, "detail": "12 identifiers in order"}]
            return {"ok": True, "entry": {"action": "prove", "status": 403, "reasons": reasons, "people": []}}
        case "claims":
            return {"ok": True, "claims": []}
        case _:
            return {"ok": False, "error": f"unknown: {question['do']}"}


def main() -> None:
    """Runs until SIGTERM."""
    settings = json.loads(Path(sys.argv[1]).read_text())
    if os.environ.get("FAKE_EDGE_FAILS"):
        sys.exit("fake edge: the address is taken")
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda _n, _f: ended.set())
    host, _, port = settings["listen"][0]["address"].rpartition(":")
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((host, int(port)))
    listener.listen()

    def greet() -> None:
        while True:
            client, _ = listener.accept()
            with client:
                client.sendall(str(os.getpid()).encode())

    threading.Thread(target=greet, daemon=True).start()
    threading.Thread(
        target=serve_control, args=(Path(settings["control"]), Path(settings["policy"])), daemon=True
    ).start()
    ended.wait()


if __name__ == "__main__":
    main()
