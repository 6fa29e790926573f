"""A PostgreSQL of the tests' own: Debian's binaries, a private folder and socket, no port."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

from hedgerow.store.database import Database

_SPEED = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=100")
"""What is lost when the machine dies is a test's."""


def binaries() -> Path | None:
    """Where PostgreSQL's programs are; the newest version, if there is one."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1].parent
    other = shutil.which("initdb")
    return Path(other).resolve().parent if other else None


def _account() -> str | None:
    """PostgreSQL does not run as root; None = it runs as ourselves."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


class Server:
    """One running server; makes a fresh database for every test from a template that has the tables."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = count(1)
        self._template = False

    def url(self, name: str) -> str:
        """The URL of one of its databases."""
        return f"postgresql://hedgerow@/{name}?host={self.folder}"

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def fresh(self, *, tables: bool = True) -> str:
        """The URL of a new database: with every table, or empty."""
        name = f"test_{next(self._numbers)}"
        if tables and not self._template:
            self._run(sql.SQL("CREATE DATABASE {}").format(sql.Identifier("pattern")))
            pattern = Database(self.url("pattern"))
            pattern.create_all()
            pattern.close()
            self._template = True
        source = "pattern" if tables else "template0"
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(source)))
        return self.url(name)


@contextmanager
def running(programs: Path) -> Iterator[Server]:
    """Starts a server and ends it."""
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="hr-pg-"))
    data = folder / "data"
    options = " ".join(f"-c {o}" for o in (*_SPEED, "listen_addresses=", f"unix_socket_directories={folder}"))
    control = [str(programs / "pg_ctl"), "--pgdata", str(data), "--wait", "--silent"]
    if account:
        shutil.chown(folder, account)

    def run(command: list[str]) -> None:
        done = subprocess.run(
            command,
            user=account,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed: {done.stderr.decode(errors='replace')}")

    try:
        begin = [str(programs / "initdb"), "--pgdata", str(data), "--username", "hedgerow", "--auth", "trust"]
        run([*begin, "--encoding", "UTF8", "--locale", "C", "--no-sync"])
        run([*control, "--log", str(folder / "log"), "--options", options, "start"])
        try:
            yield Server(folder)
        finally:
            run([*control, "--mode", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
