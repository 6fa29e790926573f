"""Starts the site: `python -m examples.directory --port 3000`. Port 0 takes any free one; the first line says which."""

from __future__ import annotations

import argparse
import socket
import sys

import uvicorn

from .site import build


class _Announced(uvicorn.Server):
    """Says where it listens as soon as it does, so that whoever started it need not guess."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for server in self.servers:
            for listening in server.sockets:
                host, port = listening.getsockname()[:2]
                sys.stdout.write(f"Riverbend listens on http://{host}:{port}\n")
        sys.stdout.flush()


def main() -> None:
    """Reads the command line and serves until interrupted."""
    parser = argparse.ArgumentParser(prog="directory", description="Riverbend, a members' directory of made-up people.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=3000, help="0 = any free one")
    parser.add_argument("--members", type=int, default=5_000, help="how many people")
    parser.add_argument("--seed", type=int, default=7, help="the same seed makes the same people")
    asked = parser.parse_args()
    config = uvicorn.Config(
        build(asked.members, asked.seed),
        host=asked.host,
        port=asked.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=2,
    )
    _Announced(config).run()


if __name__ == "__main__":
    main()
