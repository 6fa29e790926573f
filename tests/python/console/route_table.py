"""What the tests of the route table share: requests to every route, and whether anything was changed by one."""

from __future__ import annotations

import hashlib
import re

from httpx2 import Response
from starlette.testclient import TestClient

from hedgerow.console.access.gate import Declared
from hedgerow.store.base import Base
from hedgerow.store.database import Database

BASE = "http://127.0.0.1:8799"
_OWN_BUSINESS = frozenset({"sign_in_attempts"})
"""A refused sign-in leaves a trace on purpose."""


def address(route: Declared) -> str:
    """A path that the route takes; who may not use it is refused before anything is looked up."""
    return re.sub(r"\{[^}]+\}", "x", route.path)


def ask(client: TestClient, route: Declared, csrf: str | None = None, **headers: str) -> Response:
    """One request to a route, with an empty body of the kind it takes."""
    if route.kind == "api":
        more = {"x-csrf-token": csrf} if csrf is not None else {}
        body = b"{}" if route.writes else None
        kind = {"content-type": "application/json"} if route.writes else {}
        return client.request(
            route.method, address(route), content=body, headers={**kind, **more, **headers}, follow_redirects=False
        )
    form = {"csrf": csrf} if csrf is not None else {}
    return client.request(
        route.method, address(route), data=form if route.writes else None, headers=headers, follow_redirects=False
    )


def state_of(database: Database) -> str:
    """A digest over every row of every table."""
    said = hashlib.sha256()
    with database.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            if table.name not in _OWN_BUSINESS:
                rows = sorted(repr(tuple(row)) for row in connection.execute(table.select()))
                said.update(f"{table.name} {rows}".encode())
    return said.hexdigest()
