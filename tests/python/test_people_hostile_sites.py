"""The walk of `hedgerow map` on sites that never end, lie, stall or break: it ends, politely, and says what it met."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.people.frontier import DEEPEST, Frontier, acts, shape
from hedgerow.people.links import MOST_LINKS, Page, links, searches
from hedgerow.people.propose import as_yaml, propose
from hedgerow.people.walk import LONGEST, LONGEST_PAUSE_S, PATIENCE, Walk, WalkError, walk
from hedgerow.policy import load_text

BASE = "http://site.example"
Answer = Callable[[httpx2.Request], httpx2.Response]


class Site:
    """A site made of one function; notes what was asked and how long the walk rested."""

    def __init__(self, answer: Answer, robots: httpx2.Response | None = None) -> None:
        self.asked: list[str] = []
        self.rests: list[float] = []
        self._answer, self._robots = answer, robots or httpx2.Response(404)
        self._now = 0.0

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/robots.txt":
            return self._robots
        self.asked.append(str(request.url))
        return self._answer(request)

    def walk(self, most: int = 60, **more: object) -> Walk:
        with httpx2.Client(transport=httpx2.MockTransport(self), follow_redirects=False) as client:
            return walk(BASE, most_pages=most, client=client, sleep=self.rests.append, **more)  # type: ignore[arg-type]


def page(text: str) -> httpx2.Response:
    return httpx2.Response(200, text=text, headers={"content-type": "text/html"})


def test_a_calendar_without_end_costs_no_more_than_a_few_pages_of_its_shape() -> None:
    def calendar(request: httpx2.Request) -> httpx2.Response:
        day = int(request.url.path.rsplit("/", 1)[-1] or 0) if request.url.path.startswith("/calendar") else 0
        more = "".join(
            f'<a href="/calendar/2026/{day + k}">next</a><a href="/c?m={day + k}">m</a>' for k in range(1, 9)
        )
        return page(f"{more}<a href=/about>about</a>")

    site = Site(calendar)
    site.walk(200)
    assert "http://site.example/about" in site.asked
    assert sum("/calendar/" in u for u in site.asked) <= 14
    assert len(site.asked) < 60


def test_links_that_grow_by_a_part_on_every_page_end() -> None:
    site = Site(lambda r: page(f'<a href="{str(r.url).rstrip("/")}/more">deeper</a>'))
    found = site.walk(200)
    assert max(u.count("/") for u in site.asked) <= DEEPEST + 2
    assert found.stopped is None


def test_parameters_without_end_are_few_shapes_of_one_path() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        n = len(str(request.url))
        return page("".join(f'<a href="/list?{w}{n}=1&{w}x{k}=2">s</a>' for k, w in enumerate("abcdefghijklm")))

    site = Site(answer)
    site.walk(400)
    assert len(site.asked) < 200


def test_no_more_is_asked_for_than_allowed_and_failures_count() -> None:
    many = page("".join(f"<a href=/w{c}/x>x</a>" for c in range(500)))
    site = Site(lambda r: many if r.url.path == "/" else httpx2.Response(404))
    found = site.walk(25)
    assert len(site.asked) == found.requests <= 25


def test_a_redirect_to_itself_ends() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/":
            return page("<a href=/loop>l</a>")
        return httpx2.Response(302, headers={"location": str(request.url)})

    site = Site(answer)
    site.walk()
    assert site.asked.count("http://site.example/loop") == 1


def test_redirects_in_a_ring_and_without_end_end() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        if path == "/":
            return page("<a href=/a>a</a><a href=/hop/1>h</a>")
        ring = {"/a": "/b", "/b": "/a"}
        onward = (
            ring.get(path) or f"/hop/{int(path.rsplit('/', 1)[-1]) + 1}" if path in ring or "/hop/" in path else "/"
        )
        return httpx2.Response(302, headers={"location": onward})

    site = Site(answer)
    site.walk(200)
    assert len(site.asked) < 60
    assert len(site.asked) == len(set(site.asked))


def test_another_site_is_never_asked() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/away":
            return httpx2.Response(302, headers={"location": "http://other.example/x"})
        return page('<a href="http://other.example/">o</a><a href="//other.example/y">o</a><a href="/away">a</a>')

    site = Site(answer)
    found = site.walk()
    assert {httpx2.URL(u).host for u in site.asked} == {"site.example"}
    assert "another site" in found.failed["http://site.example/away"]


def test_a_first_page_that_leads_to_another_site_says_so() -> None:
    site = Site(lambda _: httpx2.Response(301, headers={"location": "https://www.site.example/"}))
    with pytest.raises(WalkError, match=r"https://www\.site\.example/"):
        site.walk()


def test_of_a_page_of_five_megabytes_two_are_read() -> None:
    site = Site(lambda _: page("<p>hedge</p>" * 420_000))
    found = site.walk()
    assert len(found.pages[0].text) == LONGEST


def test_an_answer_that_drips_is_given_up() -> None:
    now = [0.0]

    class Drip(httpx2.SyncByteStream):
        def __iter__(self):  # type: ignore[no-untyped-def]
            for _ in range(10_000):
                now[0] += 5
                yield b"x"

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/":
            return page("<a href=/slow>s</a>")
        return httpx2.Response(200, stream=Drip(), headers={"content-type": "text/html"})

    found = Site(answer).walk(clock=lambda: now[0])
    assert "longer than" in found.failed["http://site.example/slow"]
    assert now[0] < 120


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<",
        "<a href='http://[broken'>x</a><a href=\"\\\\\">y</a>",
        "<div" * 5_000,
        "<p>" * 20_000,
        "\x00\x01<a href=\x00>",
        '<script type="application/ld+json">{"@type": "Person", </script><script type="application/json">[[[[</script>',
        "<table><tr><td><a href=/u/1>x</table></td></tr>" * 50,
    ],
)
def test_broken_html_breaks_nothing(text: str) -> None:
    found = Site(
        lambda _: page(text + "<a href=/members/1>a</a><a href=/members/2>b</a><a href=/members/3>c</a>")
    ).walk()
    load_text(as_yaml(propose(found), upstream=BASE).encode())


@pytest.mark.parametrize(
    "text", ["{", "[" * 100_000, '{"id": 1', "null", '{"a b": [{"id": 1}, {"id": 2}]}', '"' + "x" * 10_000]
)
def test_broken_json_breaks_nothing(text: str) -> None:
    json_answer = httpx2.Response(200, text=text, headers={"content-type": "application/json"})
    first = page("<a href=/api/people/1>x</a><a href=/api/people/2>x</a>")
    found = Site(lambda r: first if r.url.path == "/" else json_answer).walk()
    load_text(as_yaml(propose(found), upstream=BASE).encode())


def test_unknown_character_sets_are_read_as_utf_8() -> None:
    answer = httpx2.Response(200, content="<p>Zoë</p>".encode(), headers={"content-type": "text/html; charset=x-none"})
    assert "Zoë" in Site(lambda _: answer).walk().pages[0].text


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_robots_txt_that_fails_forbids_the_walk(status: int) -> None:
    site = Site(lambda _: page("x"), robots=httpx2.Response(status))
    with pytest.raises(WalkError, match="forbids a walk"):
        site.walk()
    assert site.asked == []


def test_a_robots_txt_that_names_the_walk_keeps_it_out() -> None:
    site = Site(lambda _: page("x"), robots=httpx2.Response(200, text="User-agent: hedgerow-map\nDisallow: /\n"))
    with pytest.raises(WalkError, match="hedgerow-map"):
        site.walk()
    assert site.asked == []


def test_what_robots_txt_refuses_is_not_asked_for() -> None:
    robots = httpx2.Response(200, text="User-agent: *\nDisallow: /private\n")
    site = Site(lambda _: page("<a href=/private/1>p</a><a href=/open>o</a>"), robots)
    found = site.walk()
    assert "http://site.example/open" in site.asked
    assert not [u for u in site.asked if "/private" in u]
    assert found.refused_by_robots == {"/private/1"}


@pytest.mark.parametrize(("asked_s", "kept_s"), [("3", 3.0), ("9999", LONGEST_PAUSE_S), ("0", 0.05)])
def test_the_crawl_delay_is_kept(asked_s: str, kept_s: float) -> None:
    robots = httpx2.Response(200, text=f"User-agent: *\nCrawl-delay: {asked_s}\n")
    site = Site(lambda _: page("<a href=/a>a</a><a href=/b>b</a>"), robots)
    site.walk()
    assert len(site.rests) == len(site.asked) - 1
    assert set(site.rests) == {kept_s}


@pytest.mark.parametrize("status", [429, 503])
def test_a_site_that_is_busy_is_left_alone_soon(status: int) -> None:
    many = page("".join(f"<a href=/p{c}/x>x</a>" for c in range(100)))
    site = Site(lambda r: many if r.url.path == "/" else httpx2.Response(status))
    found = site.walk()
    assert len(site.asked) <= PATIENCE + 2
    assert found.stopped is not None
    assert "the walk ended early" in as_yaml(propose(found), upstream=BASE)
    assert site.rests == sorted(site.rests)


def test_a_site_that_does_not_answer_is_said_so() -> None:
    def refuse(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("connection refused")

    with (
        httpx2.Client(transport=httpx2.MockTransport(refuse)) as client,
        pytest.raises(WalkError, match="does not answer"),
    ):
        walk(BASE, client=client)


def test_links_that_sound_like_acts_are_not_followed() -> None:
    text = (
        "<a href=/logout>a</a><a href=/user/1/delete>b</a><a href='/x?action=delete'>c</a><a href=/f rel=nofollow>d</a>"
    )
    site = Site(lambda _: page(text + "<a href=/editors>e</a>"))
    site.walk()
    assert {httpx2.URL(u).path for u in site.asked} <= {"/", "/sitemap.xml", "/editors"}
    assert "http://site.example/editors" in site.asked
    assert acts("http://site.example/sign-out")


def test_of_a_page_with_a_hundred_thousand_links_a_few_thousand_are_taken() -> None:
    text = "".join(f"<a href=/x{n}/y>x</a>" for n in range(100_000))
    assert len(links(Page(BASE, 200, "text/html", text))) == MOST_LINKS


def test_words_of_the_site_cannot_break_out_of_a_comment() -> None:
    people = "".join(f'<a href="/members/{n}">Ada Alder{n}</a>' for n in range(1, 6))
    evil = "<table><tr><th>E-mail\u2028sites: x\n\nmode: enforce</th><td>{}</td></tr></table>"

    def answer(request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        if path.startswith("/members/"):
            return page(f"<h1>Ada Alder{path[-1]}</h1>" + evil.format(f"ada{path[-1]}@members.example"))
        return page(people)

    text = as_yaml(propose(Site(answer).walk()), upstream=BASE)
    assert "\u2028" not in text
    compiled = load_text(text.encode())
    assert [v.text("mode") for v in compiled.sites] == ["watch"]


@settings(max_examples=64, deadline=None)
@given(
    st.text(max_size=200), st.sampled_from(["text/html", "application/json", "text/xml", "text/javascript", "text/csv"])
)
def test_any_text_is_read_without_an_error(text: str, media: str) -> None:
    one = Page(f"{BASE}/members/1", 200, media, text)
    links(one)
    searches(one)
    found = Walk(BASE, pages=[one, Page(f"{BASE}/members/2", 200, media, text[::-1])])
    load_text(as_yaml(propose(found), upstream=BASE).encode())


@settings(max_examples=64, deadline=None)
@given(st.lists(st.text(alphabet="ab1/?=&-", max_size=30), max_size=60))
def test_the_frontier_gives_each_address_once(paths: list[str]) -> None:
    frontier = Frontier(5)
    for path in paths:
        frontier.offer(f"{BASE}/{path}")
    given_out: list[str] = []
    while (url := frontier.next()) is not None:
        given_out.append(url)
    assert len(given_out) == len(set(given_out))
    shapes = [shape(u) for u in given_out]
    assert all(shapes.count(s) <= 5 for s in shapes)


def test_profiles_behind_a_sign_in_are_proposed_from_their_addresses_alone() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        if path.startswith("/user/") and path != "/user/login":
            return httpx2.Response(302, headers={"location": f"/user/login?next={path}"})
        links_to = "".join(
            f'<li class="by"><a class="who" href="/user/{n}/ada-{w}">Ada</a></li>' for n, w in enumerate("abcde")
        )
        return page(f"<ul>{links_to}</ul>")

    found = propose(Site(answer).walk())
    profile, listed = (next(r for r in found.routes if r.kind == kind) for kind in ("profile", "list"))
    assert profile.path == "/user/{person}/{part2}"
    assert "nothing was read" in profile.doubts[0]
    assert listed.person == {
        "html": "li.by",
        "id": "a.who",
        "attribute": "href",
        "pattern": "^/user/([0-9]+)/[^/?#]+/?(?:[?#]|$)",
    }


def test_profiles_printed_as_locked_forms_and_lists_as_tables_are_read() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        if path.startswith("/user") and path[5:].isdigit():
            n = int(path[5:])
            return page(
                f'<form><table><tr><th>Name</th><td><input name="realname" readonly value="Ada Alder{n}"></td></tr>'
                f'<tr><th>Phone</th><td><input name="phone" readonly value="+44 1632 96010{n}"></td></tr></table>'
            )
        rows = "".join(
            f'<tr class="{"odd" if n % 2 else "even"}"><td><a href="user{n}">ada{n}</a></td>'
            f"<td>+44 1632 96010{n}</td></tr>"
            for n in range(1, 9)
        )
        return page(f"<table><tr><th>Login</th><th>Phone number</th></tr>{rows}</table>")

    found = propose(Site(answer).walk())
    profile, listed = (next(r for r in found.routes if r.kind == kind) for kind in ("profile", "list"))
    assert profile.path == "/user{person}"
    assert profile.fields["phone"] == [{"html": 'input[name="phone"]', "attribute": "value"}]
    assert listed.person == {
        "html": "tr",
        "id": 'a[href*="user"]',
        "attribute": "href",
        "pattern": "(?:^|/)user([0-9]+)/?(?:[?#]|$)",
    }
    assert listed.fields["phone"] == [{"html": "td:nth-of-type(2)"}]


def test_the_cookie_of_a_member_is_sent_with_every_question(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str | None] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request.headers.get("cookie"))
        return page("<a href=/a>a</a>")

    real = httpx2.Client
    monkeypatch.setattr(httpx2, "Client", lambda **kw: real(transport=httpx2.MockTransport(answer), **kw))
    walk(BASE, cookie="session=made-up", sleep=lambda _: None)
    assert len(sent) >= 3
    assert set(sent) == {"session=made-up"}
