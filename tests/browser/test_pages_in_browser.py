"""The gateway's own pages in a real browser: the challenge passes by itself, also without JavaScript; axe-core agrees.

The pages come from ``cargo run -p hedgerow-gateway --example pages -- serve 0`` with the security headers the gateway
sends, so a page that only works under a laxer policy fails here. Needs Chromium (``apt-get install chromium``) and npm.
"""

import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from tests.gateway.conftest import starter
from tests.gateway.policies import policy
from tests.gateway.running import free_port
from tests.gateway.site import Exchange, Site

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Address of the example that serves the pages."""
    command = ["cargo", "run", "--quiet", "-p", "hedgerow-gateway", "--example", "pages", "--", "serve", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        match = re.search(r"http://\S+", line)
        assert match, f"the example did not start: {line!r}; try {' '.join(command)}"
        yield match.group(0)
        process.terminate()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A visitor who was never here."""
    context = browser.new_context()
    yield context
    context.close()


def watched(context: BrowserContext) -> tuple[Page, list[str]]:
    """A page, and what the browser complained of on it: policy violations and script errors, not refused statuses."""
    page = context.new_page()
    complaints: list[str] = []

    def note(text: str) -> None:
        if "responded with a status of" not in text:
            complaints.append(text)

    page.on("console", lambda message: note(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: note(str(error)))
    return page, complaints


def violations(page: Page, axe: str) -> list[str]:
    """What axe-core finds wrong, one line each."""
    # Evaluated by the browser's debugger, so the page's policy stays in force for the page.
    page.evaluate(axe)
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{v['id']}: {v['help']}: {[n['html'] for n in v['nodes']]}" for v in found["violations"]]


def names(page: Page, server: str) -> list[str]:
    """Paths of all pages."""
    page.goto(server + "/")
    paths = page.inner_text("body").split()
    assert len(paths) >= 20
    return paths


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_on_any_page(browser: Browser, server: str, axe: str, scheme: Any) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": 390, "height": 800})
    page, complaints = watched(context)
    wrong = {}
    for path in names(page, server):
        page.goto(server + path)
        if found := violations(page, axe):
            wrong[path] = found
    context.close()
    assert wrong == {}
    assert complaints == []


def test_every_page_that_can_be_served_is_looked_at() -> None:
    """A page or a fault that is added and not shown in the gallery would be seen by none of these tests."""
    source = ROOT / "crates" / "gateway"
    gallery = (source / "examples" / "pages.rs").read_text(encoding="utf-8")
    written = {f.stem: f.read_text(encoding="utf-8") for f in (source / "src" / "pages").glob("*.rs")}
    made = {
        name
        for text in written.values()
        for name in re.findall(r"^pub fn (\w+)\(page: &PageContext", text, re.MULTILINE)
    }
    assert len(made) >= 16
    assert {name for name in made if f"pages::{name}(" not in gallery} == set()
    for name, where in (("Fault", "fault"), ("BadRequest", "fault"), ("Letter", "letters")):
        (body,) = re.findall(rf"pub enum {name} \{{(.*?)\n\}}", written[where], re.DOTALL)
        variants = set(re.findall(r"^    (\w+),", body, re.MULTILINE))
        assert variants
        assert {v for v in variants if f"{name}::{v}" not in gallery} == set()


REACHABLE = "a[href], button, input:not([type=hidden]), textarea, select"
MARK = f"[...document.querySelectorAll({REACHABLE!r})].forEach((e, n) => e.dataset.n = n)"
COUNT = f"[...document.querySelectorAll({REACHABLE!r})].filter(e => e.checkVisibility()).map(e => e.dataset.n)"
FOCUSED = """(async () => {
    const e = document.activeElement, seen = getComputedStyle(e);
    const ring = seen.outlineStyle !== "none" && parseFloat(seen.outlineWidth) >= 2;
    const inside = () => {
        const box = e.getBoundingClientRect();
        return box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight;
    };
    // It is scrolled into sight with the next picture.
    if (!inside()) await new Promise(requestAnimationFrame);
    return [e.dataset.n ?? null, ring, inside()];
})()"""


ACTS = """[...document.querySelectorAll("main a[href^='/'], main button")].filter(e => e.checkVisibility()).map(e => {
    const to = e.form ? e.form.getAttribute("action") : e.getAttribute("href");
    return [e.dataset.n, e.form ? "POST" : "GET", to, e.textContent];
})"""


def tabs_through(page: Page) -> list[str]:
    """What is wrong for somebody who presses Tab until everything was reached."""
    page.evaluate(MARK)
    expected, met, wrong = page.evaluate(COUNT), [], []
    for _ in expected:
        page.keyboard.press("Tab")
        number, ring, inside = page.evaluate(FOCUSED)
        met.append(number)
        if not ring or not inside:
            wrong.append(f"focus on {number} is not to be seen: ring {ring}, on the screen {inside}")
    if met != expected or not met:
        wrong.append(f"expected {expected}, met {met}")
    page.keyboard.press("Tab")
    if len(met) > 1 and page.evaluate(FOCUSED)[0] == met[-1]:
        wrong.append("a trap: Tab does not lead on")
    return wrong


def test_the_keyboard_alone_reaches_shows_and_works_everything_on_every_page(browser: Browser, server: str) -> None:
    """Tab goes to each link, field and button once, in the order of the page; Enter follows and sends."""
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    paths = names(page, server)
    asked: list[tuple[str, str]] = []

    def note(route: Route) -> None:
        """Notes where Enter leads, and stays: 204 leaves a browser where it is."""
        asked.append((route.request.method, route.request.url.removeprefix(server)))
        route.fulfill(status=204)

    page.route(re.compile(rf"^{re.escape(server)}/(?!page/|\.hedgerow/assets/)"), note)
    expected: list[tuple[str, str]] = []
    known: set[tuple[str, str, str]] = set()
    wrong = {}
    for path in paths:
        page.goto(server + path)
        if found := tabs_through(page):
            wrong[path] = found
        for number, method, to, label in page.evaluate(ACTS):
            # The same link stands on many pages.
            if (method, to, label) in known:
                continue
            known.add((method, to, label))
            expected.append((method, to))
            for field in page.locator("main [required]").all():
                field.fill("A word.")
            with page.expect_request(lambda r: r.is_navigation_request()):
                page.locator(f"[data-n='{number}']").press("Enter")
    context.close()
    assert wrong == {}
    assert asked == expected
    assert len(asked) >= 12


def test_pages_fit_a_narrow_screen_and_ask_no_other_host(browser: Browser, server: str) -> None:
    # 320 CSS pixels: WCAG 2.2, success criterion 1.4.10.
    context = browser.new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in names(page, server):
        page.goto(server + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
    context.close()
    assert [url for url in asked if not url.startswith((server, "data:"))] == []


def test_a_browser_with_javascript_passes_without_a_press(context: BrowserContext, server: str) -> None:
    page, complaints = watched(context)
    page.goto(server + "/challenge")
    page.wait_for_url("**/passed/work?odd=*")
    assert complaints == []


def test_the_page_says_in_words_what_is_odd_about_the_browser(context: BrowserContext, server: str) -> None:
    page, complaints = watched(context)
    page.goto(server + "/challenge?examined")
    page.wait_for_url("**/passed/work?odd=*")
    # Chromium is driven by a program here, and the page was told of another agent.
    assert page.url.endswith("?odd=webdriver+agent")
    assert complaints == []


def test_the_page_looks_at_nothing_unless_it_is_asked_to(context: BrowserContext, server: str) -> None:
    page, _ = watched(context)
    page.goto(server + "/challenge")
    page.wait_for_url("**/passed/work?odd=*")
    assert page.url.endswith("?odd=")


def test_the_hardest_challenge_passes_too(context: BrowserContext, server: str) -> None:
    page, complaints = watched(context)
    page.goto(server + "/challenge?hard")
    page.wait_for_url("**/passed/work?odd=*")
    assert complaints == []


def test_three_tabs_at_once_pass_each(context: BrowserContext, server: str) -> None:
    pages = [context.new_page() for _ in range(3)]
    for page in pages:
        page.goto(server + "/challenge", wait_until="commit")
    for page in pages:
        page.wait_for_url("**/passed/work?odd=*")


def test_while_it_works_the_page_says_so_and_is_accessible(context: BrowserContext, server: str, axe: str) -> None:
    page, _ = watched(context)
    held: list[Route] = []
    page.route("**/pbkdf2.js", lambda route: held.append(route))  # never answered: the work does not begin
    page.goto(server + "/challenge?hard")
    status = page.get_by_role("status")
    status.filter(has_text="Checking your browser").wait_for()
    assert page.get_by_role("progressbar", name="Checking your browser").is_visible()
    assert violations(page, axe) == []


def test_a_browser_that_cannot_work_waits_and_goes_on_by_itself(context: BrowserContext, server: str) -> None:
    page = context.new_page()
    page.route("**/pbkdf2.js", lambda route: route.abort())
    page.goto(server + "/challenge")
    page.wait_for_url("**/passed/wait?odd=*")


def test_a_page_without_tls_waits_and_goes_on_by_itself(context: BrowserContext, server: str) -> None:
    page = context.new_page()
    page.goto(server.replace("127.0.0.1", "members.example") + "/challenge")
    assert not page.evaluate("isSecureContext")
    page.get_by_role("status").filter(has_text="by ourselves").wait_for()
    page.wait_for_url("**/passed/wait?odd=*")


def test_without_javascript_the_keyboard_is_enough_and_too_early_is_no_dead_end(browser: Browser, server: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(server + "/challenge")
    assert page.get_by_role("status").is_hidden()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Almost there").wait_for()
    # Nothing on the page tells when the time has come; three seconds is the wait of this challenge.
    page.wait_for_timeout(3000)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/passed/wait?odd=*")
    context.close()


def test_a_browser_that_keeps_no_cookie_gets_an_explanation_and_no_loop(context: BrowserContext, server: str) -> None:
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.is_navigation_request() else None)
    page.goto(server + "/challenge?cookie=no")
    page.get_by_role("heading", name="Please allow our cookie").wait_for()
    page.wait_for_load_state("networkidle")
    assert [url.removeprefix(server) for url in asked] == ["/challenge?cookie=no", "/.hedgerow/prove"]


def test_a_form_post_survives_the_challenge(context: BrowserContext, server: str) -> None:
    page = context.new_page()
    page.goto(server + "/challenge?post")
    page.wait_for_url("**/passed/work?odd=*")
    text = page.inner_text("body")
    assert text.startswith("POST ")
    assert "q=Ann+%22the%22+Fern" in text


def garbage(exchange: Exchange) -> None:
    """No HTTP at all."""
    exchange.send(b"SMTP ready\r\n\r\n")
    exchange.hang_up()


def fails(site: Site) -> None:
    """Everything a site can do wrong before a page of ours stands in for it."""
    site.on("/silent", lambda x: x.wait_until_gone())
    site.on("/hang-up", lambda x: x.hang_up())
    site.on("/garbage", garbage)
    site.on("/members/7", lambda x: x.answer(b"not text", 200, "application/octet-stream"))
    site.on("/members/8", lambda x: x.answer(b"\x1f\x8b broken", 200, "text/html", Content_Encoding="gzip"))


@pytest.fixture(scope="module")
def failing() -> Iterator[tuple[str, str]]:
    """A gateway before a site that fails in every way, and one before no site at all: their addresses."""
    site = Site()
    fails(site)
    rules = [{"name": "closed", "when": 'request.path == "/closed"', "then": "refuse"}]
    with ExitStack() as stack:
        start = starter(stack)
        running = start(policy(site.url, {"rules": rules}), enforce=True)
        alone = start(policy(f"http://127.0.0.1:{free_port()}"), enforce=True)
        yield f"http://127.0.0.1:{running.port}", f"http://127.0.0.1:{alone.port}"
    site.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_on_the_pages_of_a_sites_failures(
    browser: Browser, failing: tuple[str, str], axe: str, scheme: Any
) -> None:
    """Through the gateway, as a visitor meets them: the page, its status and its headers."""
    broken, alone = failing
    expected = {
        f"{alone}/": 502,
        f"{broken}/silent": 504,
        f"{broken}/hang-up": 502,
        f"{broken}/garbage": 502,
        f"{broken}/members/7": 502,
        f"{broken}/members/8": 502,
        f"{broken}/closed": 403,
        f"{broken}/.hedgerow/nothing": 404,
    }
    context = browser.new_context(color_scheme=scheme, viewport={"width": 390, "height": 800})
    page, complaints = watched(context)
    statuses, wrong = {}, {}
    for url in expected:
        answer = page.goto(url)
        assert answer is not None
        statuses[url] = answer.status
        assert page.locator("h1").count() == 1, url
        if found := violations(page, axe):
            wrong[url] = found
    context.close()
    assert statuses == expected
    assert wrong == {}
    assert complaints == []
