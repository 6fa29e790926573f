"""The example directory: everything on it works, nobody on it exists, and the same seed makes the same people."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import yaml
from starlette.testclient import TestClient

from examples.directory import build, people_of
from examples.directory.pages import DESIGNS, design_of

ROOT = Path(__file__).parents[2]
MEMBERS = 300
RESERVED = re.compile(
    r"""\+1-555-01\d\d\ ext\.\ \d+          # 555-0100 to 555-0199
    | 01632\ 960\d{3}(\ ext\.\ \d+)?        # Ofcom's numbers for drama: no area,
    | 07700\ 900\d{3}(\ ext\.\ \d+)?        # mobile,
    | 020\ 7946\ 0\d{3}(\ ext\.\ \d+)?      # London
    """,
    re.VERBOSE,
)


@pytest.fixture(scope="module")
def site() -> Iterator[TestClient]:
    """The site, in this process."""
    with TestClient(build(MEMBERS, 7), base_url="http://riverbend.example") as client:
        yield client


@pytest.fixture
def member(site: TestClient) -> Iterator[TestClient]:
    """The site, as `avery` sees it."""
    answer = site.post("/sign-in", data={"name": "avery", "password": "riverbend"}, follow_redirects=False)
    assert answer.status_code == 303
    yield site
    site.post("/sign-out")
    site.cookies.clear()


def test_every_link_from_the_front_page_on_leads_somewhere(site: TestClient) -> None:
    waiting, seen = ["/"], {"/"}
    while waiting:
        here = waiting.pop()
        answer = site.get(here)
        assert answer.status_code == 200, here
        if "html" not in answer.headers["content-type"]:
            continue
        for link in re.findall(r'(?:href|src|content|action)="(/[^"]*)"', answer.text):
            there = urljoin(here, link.replace("&amp;", "&"))
            if there not in seen and there != "/sign-out":
                seen.add(there)
                waiting.append(there)
    paths = {urlsplit(s).path for s in seen}
    assert {f"/members/{n}" for n in range(1, MEMBERS + 1)} <= paths
    assert {"/groups", "/feed.xml", "/sitemap.xml", "/static/site.css", "/static/site.js", "/search"} <= paths


def test_the_site_map_lists_pages_that_exist(site: TestClient) -> None:
    listed = re.findall(r"<loc>([^<]+)</loc>", site.get("/sitemap.xml").text)
    assert len(listed) == len(set(listed)) >= MEMBERS
    assert all(site.get(address).status_code == 200 for address in listed[::17])


@pytest.mark.parametrize(("members", "seed"), [(1, 1), (5_000, 7), (9_000, 8)])
def test_nobody_has_an_address_or_number_outside_the_reserved_ranges(members: int, seed: int) -> None:
    people = people_of(members, seed).members
    assert len(people) == members
    for m in people:
        assert re.fullmatch(r"[a-z.]+@example\.(org|com|net)", m.email)
        assert RESERVED.fullmatch(m.phone), m.phone
    for value in ("name", "email", "phone", "mark"):
        assert len({getattr(m, value) for m in people}) == members, value


def test_pages_show_no_other_addresses_or_numbers(site: TestClient) -> None:
    for path in (
        "/",
        "/members",
        "/groups/choir",
        "/api/members",
        "/feed.xml",
        *(f"/members/{n}" for n in range(1, 31)),
    ):
        text = site.get(path).text
        assert all(
            a.split("@")[1] in {"example.org", "example.com", "example.net"}
            for a in re.findall(r"[\w.]+@[\w.]+\w", text)
        )
        for number in re.findall(r"(?<![\w-])\+?\d[\d -]{8,}\d(?: ext\. \d+)?(?!\w)", re.sub(r"tel:[^\"]+", "", text)):
            assert RESERVED.fullmatch(number) or re.fullmatch(r"\d{4}-\d\d-\d\d", number), number


def test_the_same_seed_makes_the_same_site_in_another_process() -> None:
    script = (
        "import hashlib; from examples.directory.pages import Pages; from examples.directory import people_of;"
        "p = Pages(people_of(200, 7)); pages = b''.join(p.profile(n) or b'' for n in range(1, 201));"
        "print(hashlib.sha256(pages).hexdigest())"
    )
    runs = {
        subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(runs) == 1
    assert people_of(200, 7).members != people_of(200, 8).members


def test_all_three_designs_show_everything(site: TestClient) -> None:
    people = people_of(MEMBERS, 7)
    assert {design_of(m) for m in people.members[:3]} == set(DESIGNS)
    for m in people.members[:6]:
        page = site.get(m.path).text
        for value in (m.name, m.headline, m.biography, m.employer, m.town, m.email, m.phone, m.photo):
            assert value in page, (m.id, value)
        assert all(f'href="/members/{n}"' in page for n in m.connections)


def test_structured_data_is_valid_json_with_the_contact_details_in_it(site: TestClient) -> None:
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', site.get("/members/1").text, re.DOTALL)
    assert found
    person = json.loads(found[1])
    m = people_of(MEMBERS, 7).members[0]
    assert (person["@type"], person["telephone"], person["email"]) == ("Person", m.phone, f"mailto:{m.email}")


def test_the_api_lists_everybody_once(site: TestClient) -> None:
    path: str | None = "/api/members"
    ids: list[int] = []
    while path:
        answer = site.get(path).json()
        ids += [p["id"] for p in answer["results"]]
        path = answer["next"]
    assert ids == list(range(1, MEMBERS + 1))
    whole = site.get("/api/members/5").json()
    m = people_of(MEMBERS, 7).members[4]
    assert (whole["biography"], whole["contact"]) == (m.biography, {"email": m.email, "phone": m.phone})
    assert site.get("/api/members/0").status_code == site.get("/api/members?page=99").status_code == 404


def test_search_and_suggestions_find_by_name_and_headline(site: TestClient) -> None:
    m = people_of(MEMBERS, 7).members[41]
    assert m.path in site.get("/search", params={"q": m.name.upper()}).text
    assert site.get("/api/suggest", params={"q": m.name}).json()["results"][0]["id"] == m.id
    assert "Nobody fits" in site.get("/search?q=<script>").text
    assert "<script>”" not in site.get("/search?q=<script>").text


def test_signing_in_names_the_account_to_the_gateway_and_signing_out_ends_it(member: TestClient) -> None:
    for path in ("/", "/members/3", "/api/members", "/account"):
        headers = member.get(path).headers
        assert headers["hedgerow-account"] == "avery"
        assert headers["hedgerow-account-since"] == "1420070400"
    member.post("/sign-out")
    assert "hedgerow-account" not in member.get("/").headers
    assert member.get("/account", follow_redirects=False).headers["location"] == "/sign-in?next=/account"


def test_a_wrong_password_or_a_foreign_destination_leads_nowhere(site: TestClient) -> None:
    assert site.post("/sign-in", data={"name": "avery", "password": "x"}).status_code == 401
    for there in ("https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"):
        answer = site.post(
            "/sign-in", data={"name": "robin", "password": "riverbend", "next": there}, follow_redirects=False
        )
        assert answer.headers["location"] == "/account"
    site.cookies.clear()


def test_the_export_names_its_people_and_is_for_members_only(member: TestClient) -> None:
    answer = member.get("/export.csv?page=2")
    rows = answer.text.splitlines()
    assert len(rows) == 51
    assert answer.headers["hedgerow-people"].split(", ")[0] == '"51";fields="name headline employer town email phone"'
    assert len(answer.headers["hedgerow-people"]) < 4_096
    member.post("/sign-out")
    assert member.get("/export.csv", follow_redirects=False).status_code == 303


def test_uploads_are_counted_and_downloads_can_be_had_in_parts(site: TestClient) -> None:
    assert site.post("/upload", content=b"x" * 100_000).json() == {"bytes": 100_000}
    whole = site.get("/download?bytes=200000").content
    assert whole == bytes(i % 251 for i in range(200_000))
    part = site.get("/download?bytes=200000", headers={"Range": "bytes=131000-131999"})
    assert (part.status_code, part.content) == (206, whole[131_000:132_000])
    assert part.headers["content-range"] == "bytes 131000-131999/200000"
    assert site.get("/download?bytes=10", headers={"Range": "bytes=-4"}).content == whole[6:10]
    assert site.get("/download?bytes=10", headers={"Range": "bytes=10-"}).status_code == 416


def test_events_and_the_websocket_speak(site: TestClient) -> None:
    assert site.get("/events?count=3&every_ms=1").text.count("event: visitors") == 3
    with site.websocket_connect("/ws/echo") as socket:
        socket.send_text("hello")
        assert socket.receive_text() == "hello"
        socket.send_bytes(b"\x00\x01")
        assert socket.receive_bytes() == b"\x00\x01"


def test_the_baits_are_refused_to_robots_and_named_in_the_policy(site: TestClient) -> None:
    refused = re.findall(r"Disallow: (\S+)", site.get("/robots.txt").text)
    policy = yaml.safe_load((ROOT / "examples/directory/hedgerow.yaml").read_text(encoding="utf-8"))
    assert set(policy["sites"][0]["bait"]) <= set(refused)
    home = site.get("/").text
    for bait in policy["sites"][0]["bait"]:
        assert re.search(rf'href="{bait}"[^>]* hidden', home)


def test_the_module_starts_as_a_program_and_says_where() -> None:
    command = [sys.executable, "-m", "examples.directory", "--port", "0", "--members", "50"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout
        try:
            found = re.search(r"http://[\d.]+:(\d+)", program.stdout.readline())
            assert found
            with socket.create_connection(("127.0.0.1", int(found[1])), timeout=10) as s:
                s.sendall(b"GET /health HTTP/1.0\r\n\r\n")
                assert b"200 OK" in s.recv(1_000)
        finally:
            program.terminate()
