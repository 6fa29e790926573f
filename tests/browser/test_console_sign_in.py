"""From the first start to signed in, in a real Chromium, as each role: by link, code, provider and keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, Page

from console.identity_provider import IdentityProvider, serving
from console.signed_in import Clock
from console.test_first_start import PASSWORD
from hedgerow.console.access import setup_links
from hedgerow.console.access.roles import Role
from hedgerow.console.settings import ConsoleSettings, OidcSettings
from tests.browser.console_running import Console, running, send
from tests.gateway.running import free_port

pytestmark = pytest.mark.browser
OTHERS = [r for r in Role if r is not Role.OWNER]
FINDS = {
    Role.OWNER: "/users",
    Role.ANALYST: "/policy/edit",
    Role.PRIVACY: "/cases/new",
    Role.COUNSEL: "/claims/new",
    Role.AUDITOR: "/decisions",
}
"""A page that each role may open, and where it is led after signing in."""


@pytest.fixture
def console(browser: Browser, tmp_path: Path) -> Iterator[Console]:
    """A console that nobody has an account of."""
    with running(browser, tmp_path) as started:
        yield started
        assert started.complaints == []


def first_link(console: Console) -> str:
    """What the first start prints."""
    with console.services.database.session() as session:
        token = setup_links.first(session, console.clock())
    return f"/set-up/{token}"


def secured(page: Page, console: Console) -> pyotp.TOTP:
    """Sets an authenticator up, from the key in words beside the picture."""
    page.goto("/account")
    send(page, "/account/authenticator")
    square = page.locator(".code-picture svg").bounding_box()
    assert square
    assert square["width"] > 100, "large enough for a telephone's camera"
    code = pyotp.TOTP(page.locator("main code").first.inner_text())
    send(page, "/account/authenticator", code=code.at(console.clock()))
    assert page.locator("main li code").count() == 10, "recovery codes, shown once"
    return code


def test_each_role_gets_in_by_its_link_and_again_by_password_and_code(console: Console) -> None:
    """The owner works with scripts, whom they let in without: signing in needs none."""
    owner = console.context().new_page()
    link = first_link(console)
    owner.goto(link)
    send(owner, link, name="ada@club.example", shown_name="Ada", password=PASSWORD)
    code = secured(owner, console)
    for role in OTHERS:
        owner.goto("/users")
        send(owner, "/users", name=f"{role}@club.example", shown_name=role.capitalize(), roles=role.value)
        theirs = re.sub(r"^https?://[^/]+", "", owner.locator("pre").inner_text())
        page = console.context(java_script_enabled=False).new_page()
        page.goto(theirs)
        send(page, theirs, password=PASSWORD)
        _again(page, console, f"{role}@club.example", role, secured(page, console))
        page.goto(theirs)
        assert page.locator("h1").inner_text() == "There is no such page", "the link worked once"
        page.context.close()
    _again(owner, console, "ada@club.example", Role.OWNER, code)


def _again(page: Page, console: Console, name: str, role: Role, code: pyotp.TOTP) -> None:
    """Signs out, and in again on the way to a page of this role."""
    send(page, "/sign-out")
    console.clock.forward(seconds=30)
    page.goto(FINDS[role])
    assert page.url == f"{console.base}/sign-in?next={FINDS[role]}"
    send(page, "/sign-in", name=name, password=PASSWORD)
    send(page, "/sign-in/code", code=code.at(console.clock()))
    assert page.url == f"{console.base}{FINDS[role]}"
    assert role.value in page.locator(".who").inner_text()
    page.goto("/users")
    assert page.locator("tbody tr").filter(has_text="Ada").count() == 1, "everybody sees who answers for what"
    assert (page.locator('main form[method="post"]').count() > 0) is (role is Role.OWNER), "and one changes it"


def test_each_role_gets_in_through_the_identity_provider(browser: Browser, tmp_path: Path) -> None:
    clock, port = Clock(), free_port()
    with serving(IdentityProvider(clock)) as provider:
        secret = tmp_path / "client-secret"
        secret.write_text(provider.secret + "\n")
        groups = tuple((f"{role}s", role.value) for role in Role)
        oidc = OidcSettings(provider.issuer, "hedgerow", secret, "Riverbend", "groups", groups)
        settings = replace(ConsoleSettings(), oidc=oidc, listen=f"127.0.0.1:{port}")
        with running(browser, tmp_path, clock=clock, settings=settings) as console:
            console.others = (provider.issuer,)
            for role in Role:
                person = {"sub": f"s-{role}", "preferred_username": f"{role}-1", "name": role.capitalize()}
                provider.person = {**person, "groups": [f"{role}s"]}
                page = console.context().new_page()
                page.goto(FINDS[role])
                page.get_by_role("link", name="Sign in with Riverbend").click()
                page.wait_for_url(console.base + FINDS[role])
                assert page.locator(".who").inner_text().startswith(role.capitalize())
                assert role.value in page.locator(".who").inner_text()
                page.context.close()
            assert provider.tokens_given == len(Role)
            assert console.complaints == []


def test_sign_in_and_an_act_by_keyboard_alone(console: Console) -> None:
    console.with_harvest()
    page = console.signed_in(Role.OWNER, name="kim@example.org")
    page.goto("/users")
    send(page, "/users", name="kay@example.org", shown_name="Kay", roles="privacy")
    link = page.locator("pre").inner_text()
    page.context.close()
    page = console.context().new_page()
    page.goto(re.sub(r"^https?://[^/]+", "", link))
    send(page, link.rpartition("/")[2], password=PASSWORD)
    send(page, "/sign-out")

    def tab_to(selector: str) -> None:
        for _ in range(80):
            page.keyboard.press("Tab")
            focused = page.locator(f"{selector}:focus")
            if focused.count():
                outline = focused.evaluate("e => getComputedStyle(e).outlineStyle + getComputedStyle(e).boxShadow")
                assert outline != "nonenone", f"nobody sees that {selector} has the focus"
                return
        raise AssertionError(f"{selector} is not reached with the Tab key")

    page.goto("/sign-in?next=/claims/new")
    page.keyboard.press("Tab")
    assert page.locator("a.skip:focus").count() == 1
    tab_to('input[name="name"]')
    page.keyboard.type("kay@example.org")
    tab_to('input[name="password"]')
    page.keyboard.type(PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.url.endswith("/claims/new"), page.inner_text("main")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    tab_to('[name="subject"]')
    page.keyboard.type("A list is offered")
    tab_to('[name="text"]')
    page.keyboard.type("Somebody offers the list of our members.")
    tab_to("main form button")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "A list is offered" in page.locator("main").inner_text()
    page.context.close()
