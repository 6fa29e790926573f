"""A database of either kind for tests of cases. PostgreSQL is started once, where its programs are installed."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from hedgerow.store.database import Database


def _programs() -> Path | None:
    found = [Path(p) for name in ("initdb",) if (p := shutil.which(name))]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    return found[0].parent if found else None


def _unprivileged() -> str | None:
    """PostgreSQL does not run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    return None


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str | None]:
    """Folder of the socket of a server of our own; None where PostgreSQL is not installed."""
    programs = _programs()
    if programs is None:
        yield None
        return
    user = _unprivileged()
    with tempfile.TemporaryDirectory(prefix="hr-pg-") as name:
        folder = Path(name)
        if user:
            shutil.chown(folder, user)
        data = folder / "data"
        subprocess.run(
            [programs / "initdb", "-D", data, "-A", "trust", "-U", "hedgerow", "-E", "UTF8", "--no-sync"],
            check=True,
            capture_output=True,
            user=user,
            cwd=folder,
        )
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        subprocess.run(
            [programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start"],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=user,
            cwd=folder,
        )
        try:
            with psycopg.connect(f"host={folder} user=hedgerow dbname=postgres", autocommit=True) as connection:
                connection.execute("CREATE DATABASE made")
            # Tables are made once; a test's database is a copy.
            first = Database(f"postgresql://hedgerow@/made?host={folder}")
            first.create_all()
            first.close()
            yield str(folder)
        finally:
            subprocess.run(
                [programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"],
                check=True,
                capture_output=True,
                user=user,
                cwd=folder,
            )


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database with every table."""
    if request.param == "sqlite":
        opened = Database(f"sqlite:///{tmp_path}/console.db")
        opened.create_all()
        yield opened
        opened.close()
        return
    socket = request.getfixturevalue("postgresql")
    if socket is None:
        pytest.skip("PostgreSQL is not installed")
    name = f"t{secrets.token_hex(6)}"
    with psycopg.connect(f"host={socket} user=hedgerow dbname=postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE made").format(sql.Identifier(name)))
    opened = Database(f"postgresql://hedgerow@/{name}?host={socket}")
    yield opened
    opened.close()
