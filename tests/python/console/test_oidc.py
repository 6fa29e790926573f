"""Signing in through an identity provider: the honest way works, and every lie is seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import Response
from joserfc.jwk import RSAKey
from sqlalchemy import select
from starlette.testclient import TestClient

from console.identity_provider import IdentityProvider, serving
from console.route_table import BASE
from console.signed_in import Clock, sign_in
from console.test_first_start import PASSWORD, form_token
from hedgerow.console.access import oidc_users, passwords
from hedgerow.console.access.oidc import Identity
from hedgerow.console.access.roles import Role
from hedgerow.console.app import create_app
from hedgerow.console.services import Services
from hedgerow.console.settings import OidcSettings
from hedgerow.store.models.accounts import PendingSignIn, SignInSession, User
from hedgerow.store.models.trail import Decision

ROLES = (("privacy-team", "privacy"), ("owners", "owner"))


@pytest.fixture
def provider(clock: Clock) -> Iterator[IdentityProvider]:
    with serving(IdentityProvider(clock)) as running:
        yield running


@pytest.fixture
def oidc_app(services: Services, provider: IdentityProvider, tmp_path: Path) -> FastAPI:
    secret = tmp_path / "client-secret"
    secret.write_text(provider.secret + "\n")
    oidc = OidcSettings(provider.issuer, "hedgerow", secret, "Riverbend", "groups", ROLES)
    return create_app(replace(services, settings=replace(services.settings, oidc=oidc)))


@pytest.fixture
def browser(oidc_app: FastAPI) -> TestClient:
    return TestClient(oidc_app, base_url=BASE, follow_redirects=False)


def way_back(browser: TestClient, provider: IdentityProvider, where: str = "/decisions") -> str:
    """Goes to the provider, signs in there; the address the browser is sent back to."""
    gone = browser.get("/sign-in/oidc", params={"next": where})
    assert gone.status_code == 303
    return provider.authorize(gone.headers["location"])


def there_and_back(browser: TestClient, provider: IdentityProvider) -> Response:
    return browser.get(way_back(browser, provider))


def test_whoever_the_provider_knows_gets_the_roles_of_their_groups(
    browser: TestClient, provider: IdentityProvider, services: Services
) -> None:
    assert "Sign in with Riverbend" in browser.get("/sign-in").text
    answer = there_and_back(browser, provider)
    assert (answer.status_code, answer.headers["location"]) == (303, "/decisions")
    assert "Ada" in browser.get("/").text
    assert provider.asked["code_challenge_method"] == "S256"
    assert provider.asked["redirect_uri"] == f"{BASE}/sign-in/oidc/back"
    with services.database.reading() as session:
        user = session.scalars(select(User)).one()
        assert (user.name, user.oidc_subject, user.password) == ("oidc:ada", "s-1", None)
        assert [r.role for r in user.roles] == ["privacy"]
        assert session.scalars(select(SignInSession.method)).all() == ["oidc"]
        assert session.scalars(select(PendingSignIn)).all() == []
        assert session.scalars(select(Decision.act).order_by(Decision.number)).all() == ["user.add", "session.begin"]


def test_changed_groups_change_the_roles_and_end_what_was_open(
    browser: TestClient, provider: IdentityProvider, oidc_app: FastAPI, services: Services
) -> None:
    there_and_back(browser, provider)
    provider.person["groups"] = ["owners"]
    second = TestClient(oidc_app, base_url=BASE, follow_redirects=False)
    there_and_back(second, provider)
    assert second.get("/").status_code == 200
    assert browser.get("/").status_code == 303, "the session with the old roles has ended"
    provider.person["groups"] = []
    assert there_and_back(TestClient(oidc_app, base_url=BASE, follow_redirects=False), provider).status_code == 403
    assert second.get("/").status_code == 303
    with services.database.reading() as session:
        assert session.scalars(select(User)).one().roles == []


@pytest.mark.parametrize(
    "lie",
    [
        {"iss": "https://evil.example"},
        {"aud": "another-program"},
        {"aud": ["hedgerow", "another-program"]},
        {"azp": "another-program"},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"nonce": "of-another-sign-in"},
        {"nonce": None},
        {"sub": None},
        {"iat": 4_000_000_000},
        {"groups": ["nobody"]},
        {"groups": None},
    ],
    ids=str,
)
def test_an_identity_that_is_not_as_it_must_be_is_refused(
    browser: TestClient, provider: IdentityProvider, services: Services, lie: dict[str, Any]
) -> None:
    provider.lie = lie
    answer = there_and_back(browser, provider)
    assert answer.status_code == 403
    assert provider.tokens_given == 1
    with services.database.reading() as session:
        assert session.scalars(select(User)).all() == []
        assert session.scalars(select(SignInSession)).all() == []


@pytest.mark.parametrize("trick", ["unsigned", "signed_with_the_public_key", "of another key"])
def test_a_signature_that_anybody_could_make_is_refused(
    browser: TestClient, provider: IdentityProvider, trick: str
) -> None:
    if trick == "of another key":
        provider.key = RSAKey.generate_key(2048, {"kid": "one"})
    else:
        provider.sign = getattr(provider, trick)
    assert there_and_back(browser, provider).status_code == 403


def test_a_new_key_of_the_provider_is_found(browser: TestClient, provider: IdentityProvider, clock: Clock) -> None:
    there_and_back(browser, provider)
    browser.cookies.clear()
    clock.forward(minutes=2)
    provider.key = RSAKey.generate_key(2048, {"kid": "two"})
    provider.published.append(provider.key)
    assert there_and_back(browser, provider).status_code == 303


def test_an_answer_counts_once_and_in_the_browser_that_asked(
    browser: TestClient, provider: IdentityProvider, oidc_app: FastAPI, clock: Clock
) -> None:
    back = way_back(browser, provider)
    other = TestClient(oidc_app, base_url=BASE, follow_redirects=False)
    assert other.get(back).status_code == 403, "somebody else's link signs nobody in"
    cookies = dict(browser.cookies)
    assert browser.get(back).status_code == 303
    browser.cookies.update(cookies)
    assert browser.get(back).status_code == 403, "used already"
    late = TestClient(oidc_app, base_url=BASE, follow_redirects=False)
    back = way_back(late, provider)
    clock.forward(minutes=10)
    assert late.get(back).status_code == 403, "too late"


def test_an_answer_of_another_provider_is_not_taken(browser: TestClient, provider: IdentityProvider) -> None:
    back = way_back(browser, provider)
    assert browser.get(f"{back}&iss=https://evil.example").status_code == 403
    assert provider.tokens_given == 0


def test_nobody_is_sent_elsewhere_afterwards(browser: TestClient, provider: IdentityProvider) -> None:
    answer = browser.get(way_back(browser, provider, "https://evil.example/"))
    assert answer.headers["location"] == "/"


def test_a_name_at_the_provider_takes_over_no_local_account(
    browser: TestClient, provider: IdentityProvider, oidc_app: FastAPI, services: Services
) -> None:
    sign_in(oidc_app, Role.OWNER, name="ada")
    provider.person["email"] = "ada"
    there_and_back(browser, provider)
    with services.database.reading() as session:
        roles = {u.name: [r.role for r in u.roles] for u in session.scalars(select(User))}
    assert roles == {"ada": ["owner"], "oidc:ada": ["privacy"]}


def test_who_was_shut_out_here_stays_out(browser: TestClient, provider: IdentityProvider, services: Services) -> None:
    there_and_back(browser, provider)
    with services.database.session() as session:
        session.scalars(select(User)).one().disabled_at = services.clock()
    browser.cookies.clear()
    assert there_and_back(browser, provider).status_code == 403


def test_nobody_signs_in_past_the_provider_with_a_password_of_their_own(
    browser: TestClient, provider: IdentityProvider, oidc_app: FastAPI, services: Services
) -> None:
    there_and_back(browser, provider)
    page = browser.get("/account").text
    assert "signs in through" in page or "sign in through" in page
    csrf = form_token(page)
    refused = browser.post("/account/password", data={"csrf": csrf, "new": PASSWORD})
    assert refused.status_code == 422
    owner = sign_in(oidc_app, Role.OWNER)
    with services.database.session() as session:
        user = session.scalars(select(User).where(User.oidc_subject.is_not(None))).one()
        user.password = passwords.keep(PASSWORD)
        user_id = user.id
    for act in ("link", "reset"):
        assert owner.post(f"/users/{user_id}/{act}", reason="asked").status_code == 422, act
    late = TestClient(oidc_app, base_url=BASE, follow_redirects=False)
    words = {"csrf": form_token(late.get("/sign-in").text), "name": "oidc:ada", "password": PASSWORD}
    assert late.post("/sign-in", data=words).status_code == 401, "also with one from before this was so"


def test_two_whose_long_names_begin_alike_stay_two(services: Services, clock: Clock) -> None:
    with services.database.session() as session:
        names = [
            oidc_users.signed_in(
                session, Identity("https://id.example", f"s-{n}", "ß" * 180, "S", None, ("auditor",), None), clock()
            )
            for n in range(3)
        ]
        assert len({user.name for user in names if user}) == 3
        assert all(len(user.name) <= 200 for user in names if user)


def test_a_fresh_proof_is_one_only_if_the_provider_asked_again(
    browser: TestClient, provider: IdentityProvider, services: Services, clock: Clock
) -> None:
    there_and_back(browser, provider)
    clock.forward(minutes=30)
    back = way_back(browser, provider, "/account")
    assert (provider.asked["prompt"], provider.asked["max_age"]) == ("login", "0")
    provider.lie = {"auth_time": int(clock().timestamp()) - 1_800}
    assert browser.get(back).status_code == 403
    provider.lie = {"sub": "s-2"}
    assert there_and_back(browser, provider).status_code == 403
    provider.lie = {}
    old = browser.cookies["hedgerow"]
    assert there_and_back(browser, provider).status_code == 303
    assert browser.cookies["hedgerow"] != old
    with services.database.reading() as session:
        assert session.scalars(select(SignInSession.fresh_at)).all() == [clock()]


def test_a_provider_that_cannot_be_reached_is_said_in_a_sentence(
    services: Services, provider: IdentityProvider
) -> None:
    oidc = OidcSettings("http://127.0.0.1:1", "hedgerow")
    app = create_app(replace(services, settings=replace(services.settings, oidc=oidc)))
    answer = TestClient(app, base_url=BASE).get("/sign-in/oidc", follow_redirects=False)
    assert answer.status_code == 422
    assert "cannot be reached" in answer.text
