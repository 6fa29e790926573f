"""Every page of the console in a real Chromium: wide and small, light and dark, with and without scripts.

The pages are found in the route table and by their templates, so that a new one is looked at by being there. With
`HEDGEROW_PICTURES=FOLDER` each is also pictured there, for people to look at.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import pyotp
import pytest
from playwright.sync_api import Browser, Page, ViewportSize
from sqlalchemy import select

from console.hostile import ALIKE, crawl
from console.test_first_start import PASSWORD
from console.test_hostile_content import starts
from hedgerow.console.access import setup_links
from hedgerow.console.access.roles import Permission, Role, permissions_of
from hedgerow.console.app import route_table
from hedgerow.console.rendering import TEMPLATES
from hedgerow.console.routes import PUBLIC
from hedgerow.store.models.accounts import User
from tests.browser.console_running import Console, running, send
from tests.browser.console_world import NEWCOMER, WITH_CODE, World, edge, furnished

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]
PICTURES: Final = os.environ.get("HEDGEROW_PICTURES")
TALLEST: Final = 2_400
"""Of a picture, in pixels; longer pages have several."""
TAGS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PHONE: Final = ViewportSize(width=360, height=780)
WIDE: Final = ViewportSize(width=1600, height=1000)
ELSEWHERE: Final = {
    "/sign-in/oidc": "sends on to the identity provider",
    "/sign-in/oidc/back": "takes the provider's answer and sends on",
    "/live": "the stream of what happens",
    "/metrics": "figures for programs",
    "/today/now": "a part of Today",
    "/today/due": "a part of Today",
    "/principals/now": "a part of Principals",
    "/work/{work_id}": "a note within the page that began the work, there while it is under way",
    "/letters/{letter_id}/files/{digest}": "what somebody sent, as it came",
    "/notices/mailings/{mailing_id}/not-reached.csv": "a list that is there once a notice came back",
}
"""Routes of pages that are none for people, and why."""
UNSEEN: Final = {"cases/address.html": "an opened address: this world's ledger has no sealed ones, so none is opened"}
"""Templates that are not looked at here, and why."""
OWN: Final = {"/account", "/sign-in/again"}
"""What everybody who is signed in changes of their own."""


@dataclass
class Visit:
    """How a page is come to."""

    name: str
    go: Callable[[Page], None]
    stranger: bool = False
    """Before anybody has signed in."""


@dataclass
class Walk:
    """The furnished console, and every page of it."""

    world: World
    visits: list[Visit]
    paths: list[str]
    """Every address that links lead to, exports too."""
    pages: list[str]
    """One of each kind of page."""
    seen: set[str] = field(default_factory=set)
    """Templates that were answered."""


def on(path: str) -> Visit:
    """A page with an address of its own."""
    shape = ALIKE.sub("-", path.partition("?")[0]).strip("/").replace("/", "_") or "today"
    more = re.sub(r"\W+", "-", path.partition("?")[2])
    return Visit(f"{shape}{'.' + more if more else ''}", lambda page: _go(page, path))


def _go(page: Page, path: str) -> None:
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == (404 if path == "/nowhere" else 200), path


def _set_up(console: Console) -> str:
    """A link for somebody who has no password yet."""
    with console.services.database.session() as session:
        user = session.scalars(select(User).where(User.name == NEWCOMER)).one()
        return f"/set-up/{setup_links.of_user(session, user, console.clock())}"


def after_a_form(world: World) -> list[Visit]:
    """Pages that have no address of their own: what a form is answered with."""
    key: list[str] = []

    def authenticator(page: Page) -> None:
        page.goto("/account")
        send(page, "/account/authenticator")
        key[:] = [page.locator("main code").first.inner_text()]

    def recovery(page: Page) -> None:
        authenticator(page)
        send(page, "/account/authenticator", code=pyotp.TOTP(key[0]).at(world.console.clock()))
        world.console.clock.forward(seconds=30)

    def confirm(page: Page) -> None:
        page.goto(world.network)
        send(page, f"{world.network}/measures", act="refuse", lasting="1d", reason="reads member after member")

    def address(page: Page) -> None:
        page.goto(world.case)
        send(page, "/open-address", reason="counsel asks the provider whose it was")

    def webhook(page: Page) -> None:
        page.goto("/notifications")
        there = page.locator('main a[href^="/notifications/"]').count()
        send(
            page, "/notifications", name=f"Our own {there}", kind="webhook", target="https://hooks.riverbend.example/in"
        )

    def link(page: Page) -> None:
        page.goto("/users")
        send(page, "/link")

    def step(page: Page) -> None:
        page.goto(world.case)
        first = page.locator('[name="targets"][value^="address:"]').first.get_attribute("value")
        send(page, f"{world.case}/containment", step="refuse", hours="4", targets=str(first), reason="it reads on")

    def for_everybody(page: Page) -> None:
        page.goto("/measures")
        send(page, "/measures/everybody", lasting="12h", reason="a harvest from many addresses")

    def no_policy(page: Page) -> None:
        policy = world.console.services.folder.own_policy
        kept = policy.rename(policy.with_suffix(".away"))
        _go(page, "/policy")
        kept.rename(policy)

    return [
        Visit("account_authenticator", authenticator),
        Visit("account_recovery", recovery),
        Visit("principals_confirm", confirm),
        Visit("cases_address", address),
        Visit("notifications_secret", webhook),
        Visit("users_link", link),
        Visit("cases_confirm", step),
        Visit("measures_confirm", for_everybody),
        Visit("policy_none", no_policy),
    ]


def before_sign_in(world: World) -> list[Visit]:
    """What a stranger sees."""
    app, console = world.console.app, world.console

    def code(page: Page) -> None:
        page.goto("/sign-in")
        send(page, "/sign-in", name=WITH_CODE, password=PASSWORD)

    links = [r.path for r in route_table(app) if r.kind == "page" and r.needs is PUBLIC and "{" not in r.path]
    found = [on(path) for path in links if path not in ELSEWHERE]
    found += [Visit("set-up", lambda page: _go(page, _set_up(console))), Visit("code", code)]
    return [Visit(v.name, v.go, stranger=True) for v in found]


@pytest.fixture(scope="module")
def walk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """The console after some busy weeks, and the way through all of it."""
    with running(browser, tmp_path_factory.mktemp("pages"), control=edge()) as console:
        world = furnished(console)
        navigated = [p for p in starts(console.app) if p not in ELSEWHERE]
        answers = crawl(world.owner, [*navigated, world.principal, *pages_of(world)])
        assert {p: a.status_code for p, a in answers.items() if a.status_code >= 400} == {}
        html = [p for p, a in answers.items() if a.headers.get("content-type", "").startswith("text/html")]
        kinds = {ALIKE.sub("-", p.partition("?")[0]): p for p in reversed(pages_of(world))}
        for path in html:
            kinds.setdefault(ALIKE.sub("-", path.partition("?")[0]), path)
        pages = list(kinds.values())
        whole = [on(path) for path in (*pages, "/nowhere")]
        found = Walk(world, [*before_sign_in(world), *whole, *after_a_form(world)], list(answers), pages)
        templates = console.app.state.templates
        ask = templates.get_template

        def noted(name: str, *more: Any, **words: Any) -> Any:
            found.seen.add(name)
            return ask(name, *more, **words)

        templates.get_template = noted
        yield found


@pytest.fixture(autouse=True)
def nothing_to_complain_of(walk: Walk) -> Iterator[None]:
    """The browser complains of nothing: no content refused, no script failed, nobody else asked."""
    walk.world.console.complaints.clear()
    yield
    assert walk.world.console.complaints == []


def pages_of(world: World) -> list[str]:
    """Where the way through all pages begins, beside those of the navigation: one of each that hangs on something."""
    notices = f"/notices{world.case}"
    return [
        world.case,
        world.closed,
        world.letter,
        f"{world.case}/letters/new?kind=cease_and_desist",
        f"{world.principal}/record",
        f"{notices}/people",
        f"{notices}/decide/EU/people",
        "/visitors?state=all",
        "/status/2026-11",
    ]


def test_every_page_of_the_route_table_is_on_the_way(walk: Walk) -> None:
    """Whoever adds a page that no link leads to comes by here."""
    paths = [p.partition("?")[0] for p in walk.paths]
    stranded = []
    for route in route_table(walk.world.console.app):
        pattern = re.compile(re.sub(r"\{\w+(:path)?\}", lambda m: ".+" if m[1] else "[^/]+", route.path))
        known = route.path in ELSEWHERE or route.path.startswith(("/static/", "/set-up/"))
        if route.kind == "page" and not known and not any(map(pattern.fullmatch, paths)):
            stranded.append(route.path)
    assert stranded == []


def whole_pages() -> set[str]:
    """Templates that make a page of their own, and are no ground for others."""
    extends = re.compile(r'{% extends "([^"]+)" %}')
    grounds = {}
    for file in TEMPLATES.rglob("*.html"):
        if found := extends.search(file.read_text(encoding="utf-8")):
            grounds[str(file.relative_to(TEMPLATES))] = found[1]
    return set(grounds) - set(grounds.values())


def violations(page: Page, *only: str) -> list[str]:
    """What axe-core finds on a page that has it, one line each."""
    options = {"resultTypes": ["violations"], "runOnly": list(only or TAGS)}
    found: dict[str, Any] = page.evaluate("options => axe.run(document, options)", options)
    return [f"{v['id']}: {v['help']}: {[n['html'][:200] for n in v['nodes'][:5]]}" for v in found["violations"]]


def picture(page: Page, name: str) -> None:
    """For people who want to look."""
    if not PICTURES:
        return
    width, height = (int(page.evaluate(f"document.documentElement.scroll{side}")) for side in ("Width", "Height"))
    for number, top in enumerate(range(0, height, TALLEST)):
        part = f".{number + 1}" if height > TALLEST else ""
        clip: Any = {"x": 0, "y": top, "width": width, "height": min(TALLEST, height - top)}
        page.screenshot(path=Path(PICTURES) / f"{name}{part}.png", full_page=True, clip=clip)


def looked_at(page: Page, visit: Visit, axe: str, scheme: Literal["light", "dark"]) -> list[str]:
    """What is wrong with a page in both colours, with everything open that can be opened."""
    other: Literal["light", "dark"] = "dark" if scheme == "light" else "light"
    page.locator("[hx-trigger=load]").wait_for(state="detached")  # what follows the page has come
    width = int(page.evaluate("innerWidth"))
    picture(page, f"{visit.name}.{width}.{scheme}")
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    across = int(page.evaluate("document.documentElement.scrollWidth"))
    found = [f"{across} pixels wide on {width}"] if across > width else []
    # Evaluated by the browser's debugger, so the page's policy stays in force for the page.
    page.evaluate(axe)
    found += violations(page)
    page.keyboard.press("Tab")
    found += page.evaluate(REACH)
    page.emulate_media(color_scheme=other)
    found += violations(page, "color-contrast")  # all else is the same in the other colours
    if PICTURES:
        page.evaluate("document.querySelectorAll('main details').forEach(d => d.open = false)")
        picture(page, f"{visit.name}.{width}.{other}")
    page.emulate_media(color_scheme=scheme)
    return found


@pytest.mark.parametrize(("scheme", "size"), [("light", WIDE), ("dark", PHONE)], ids=["wide", "phone"])
def test_everybody_can_use_every_page_by_axe_by_keyboard_and_without_scrolling_sideways(
    walk: Walk, axe: str, scheme: Literal["light", "dark"], size: ViewportSize
) -> None:
    walk.seen.clear()
    wrong: dict[str, list[str]] = {}
    console = walk.world.console
    context = console.context(color_scheme=scheme, viewport=size)
    stranger = context.new_page()
    page = console.signed_in(Role.OWNER, name=f"Ada Moreau, {size['width']}", color_scheme=scheme, viewport=size)
    for visit in walk.visits:
        here = stranger if visit.stranger else page
        visit.go(here)
        if found := looked_at(here, visit, axe, scheme):
            wrong[visit.name] = found
    context.close()
    page.context.close()
    assert wrong == {}
    assert whole_pages() - walk.seen - set(UNSEEN) == set(), "a template that nobody looked at"


REACH: Final = """() => {
  const kinds = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]';
  const say = e => e.outerHTML.slice(0, 120);
  const wrong = [...document.querySelectorAll('[tabindex]')].filter(e => e.tabIndex > 0).map(e => 'order: ' + say(e));
  for (const e of document.querySelectorAll(kinds)) {
    if (!e.checkVisibility({contentVisibilityAuto: true}) || e.disabled) continue;
    e.focus();
    if (document.activeElement !== e) wrong.push('not reached: ' + say(e));
    const style = getComputedStyle(e);
    if (style.outlineStyle === 'none' && style.boxShadow === 'none') wrong.push('not seen: ' + say(e));
  }
  return wrong;
}"""
"""What the keyboard does not reach, or where nobody sees that it is there. The first Tab tells the browser that it is
used: from then on what has the focus is shown as for the keyboard."""


def test_every_page_says_and_does_the_same_without_scripts(walk: Walk) -> None:
    console = walk.world.console
    context = console.context(java_script_enabled=False)
    page = console.signed_in(Role.OWNER, name="Noa without scripts", java_script_enabled=False)
    stranger = context.new_page()
    for visit in walk.visits:
        here = stranger if visit.stranger else page
        visit.go(here)
        assert here.locator("main h1").count() == 1, visit.name
        assert here.locator("main h1").is_visible(), visit.name
        # What is brought by a script otherwise is there already, or has a link.
        for part in here.locator("[hx-get]").all():
            assert part.inner_text().strip(), visit.name
        # Nothing can be pressed that only a script would answer.
        assert here.locator("button").count() == here.locator("form[action] button").count(), visit.name
        assert here.locator("[type=button], [onclick], [hx-post], a:not([href])").count() == 0, visit.name
    context.close()
    page.context.close()


def test_an_auditor_sees_every_page_and_finds_nothing_to_change(walk: Walk) -> None:
    console = walk.world.console
    held = permissions_of([Role.AUDITOR])
    closed = [
        re.compile(re.sub(r"\{\w+\}", "[^/]+", r.path))
        for r in route_table(console.app)
        if r.kind == "page" and isinstance(r.needs, Permission) and r.needs not in held
    ]
    page = console.signed_in(Role.AUDITOR, name="Eve who looks")
    seen, refused, open_to_change = 0, set(), {}
    for path in walk.pages:
        answer = page.goto(path)
        assert answer is not None
        if any(pattern.fullmatch(path.partition("?")[0]) for pattern in closed):
            assert answer.status == 403, path
            refused.add(ALIKE.sub("-", path.partition("?")[0]))
            continue
        seen += 1
        assert answer.status == 200, path
        forms = page.locator('main form[method="post"]:not([action="/principals/find"])')  # only looks somebody up
        if path not in OWN and forms.count():
            open_to_change[path] = forms.first.get_attribute("action")
    page.context.close()
    assert open_to_change == {}
    assert seen > 25
    assert refused == {
        "/cases/new",
        "/claims/new",
        "/policy/edit",
        "/cases/-/letters/new",
        "/letters/-/particulars",
    }, "forms to write into; all else is for auditors too"
