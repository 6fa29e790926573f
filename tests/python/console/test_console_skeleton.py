"""The console starts, lets nobody in who is not signed in, and shows its first page to who is."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from console.signed_in import sign_in
from hedgerow.console.access.roles import Role


@pytest.mark.parametrize("role", Role)
def test_every_role_sees_the_first_page(app: FastAPI, role: Role) -> None:
    answer = sign_in(app, role).client.get("/")
    assert answer.status_code == 200
    assert "<h1>Today</h1>" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_stranger_is_sent_to_sign_in(app: FastAPI) -> None:
    answer = TestClient(app, base_url="http://127.0.0.1:8799").get("/", follow_redirects=False)
    assert answer.status_code in (303, 401)
