"""`hedgerow map` on the example directory: every public people route, with places that really hold each field."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import httpx2
import pytest
import yaml
from selectolax.lexbor import LexborHTMLParser
from starlette.testclient import TestClient

from examples.directory.people import people_of
from examples.directory.site import build
from hedgerow.people.links import Page
from hedgerow.people.propose import Proposal, Proposed, as_json, as_yaml, propose
from hedgerow.people.walk import Walk, walk
from hedgerow.policy import load_text

MEMBERS = 400
SEED = 7
PUBLIC = {
    ("/members/{person}", "profile"),
    ("/", "list"),
    ("/members", "list"),
    ("/groups/{part1}", "list"),
    ("/search", "search"),
    ("/api/suggest", "search"),
    ("/api/members", "api"),
    ("/api/members/{person}", "api"),
    ("/feed.xml", "other"),
}


@pytest.fixture(scope="module")
def site() -> Iterator[httpx2.Client]:
    with TestClient(build(MEMBERS, SEED), base_url="http://riverbend.example", follow_redirects=False) as client:
        yield client


@pytest.fixture(scope="module")
def walked(site: httpx2.Client) -> Walk:
    return walk("http://riverbend.example", pause_s=0, client=site, sleep=lambda _: None)


@pytest.fixture(scope="module")
def proposal(walked: Walk) -> Proposal:
    return propose(walked)


def route(proposal: Proposal, path: str) -> Proposed:
    return next(r for r in proposal.routes if r.path == path)


def held(tree: LexborHTMLParser, places: list[dict[str, str]]) -> list[str]:
    """What stands in the places of a field on a page, markup included."""
    found: list[str] = []
    for place in places:
        for node in tree.css(place["html"]):
            attribute = place.get("attribute")
            found.append((node.attributes.get(attribute) or "") if attribute else node.html or "")
    return found


def test_every_public_people_route_is_found_with_its_kind_and_no_other(proposal: Proposal) -> None:
    assert {(r.path, r.kind) for r in proposal.routes} == PUBLIC


def test_what_robots_txt_and_the_sign_in_keep_back_is_named_as_a_doubt(proposal: Proposal, walked: Walk) -> None:
    doubts = " ".join(proposal.doubts)
    assert "/export.csv" in doubts
    assert "kind: export, person: header" in doubts
    assert "/account" in doubts
    assert not [p for p in walked.pages if p.path in {"/export.csv", "/members/all-in-one"}]


def test_the_proposal_is_a_policy_that_holds_together(proposal: Proposal) -> None:
    compiled = load_text(as_yaml(proposal, upstream="http://127.0.0.1:3000/start").encode(), "proposal")
    tables: Any = compiled.tables["sites"]
    assert len(tables[0]["routes"]) == len(PUBLIC)


def test_the_proposal_is_the_same_as_data(proposal: Proposal) -> None:
    told = json.loads(json.dumps(as_json(proposal)))
    assert {(r["path"], r["kind"]) for r in told["routes"]} == PUBLIC
    profile = next(r for r in told["routes"] if r["kind"] == "profile")
    read = yaml.safe_load(as_yaml(proposal, upstream="http://127.0.0.1:3000"))["sites"][0]["people"]["routes"]
    assert profile["fields"]["name"] == read[0]["fields"]["name"]


def test_fields_are_as_sensitive_as_an_operator_would_say(proposal: Proposal) -> None:
    expected = {
        "basic": {"name", "photo", "headline"},
        "personal": {"biography", "employer", "town", "connections"},
        "contact": {"email", "phone"},
    }
    for sensitivity, names in expected.items():
        assert {n: proposal.sensitivities[n] for n in names} == dict.fromkeys(names, sensitivity)


@pytest.mark.parametrize("number", range(MEMBERS - 8, MEMBERS - 2))
def test_on_a_fresh_profile_each_field_is_where_the_proposal_says(
    proposal: Proposal, site: httpx2.Client, number: int
) -> None:
    one = people_of(MEMBERS, SEED).members[number - 1]
    member = asdict(one) | {"photo": one.photo}
    fields = route(proposal, "/members/{person}").fields
    tree = LexborHTMLParser(site.get(f"/members/{number}").text)
    for name in ("name", "photo", "headline", "biography", "employer", "town", "email", "phone"):
        texts = " ".join(" ".join(LexborHTMLParser(h).text() + h for h in held(tree, fields[name])).split())
        assert member[name] in texts, (name, fields[name])


@pytest.mark.parametrize("number", range(MEMBERS - 8, MEMBERS - 2))
def test_with_their_places_emptied_a_fresh_profile_holds_no_contact_and_nothing_personal(
    proposal: Proposal, site: httpx2.Client, number: int
) -> None:
    member = asdict(people_of(MEMBERS, SEED).members[number - 1])
    page = site.get(f"/members/{number}").text
    tree = LexborHTMLParser(page)
    for name in ("email", "phone", "biography", "employer", "town"):
        rest = page
        for held_text in sorted(held(tree, route(proposal, "/members/{person}").fields[name]), key=len, reverse=True):
            # The parser writes the page a little differently: what it holds is compared without white space.
            rest = re.sub(r"\s+", " ", rest).replace(re.sub(r"\s+", " ", held_text), "")
        assert member[name] not in rest, name


def test_lists_lead_from_each_item_to_its_person(proposal: Proposal, site: httpx2.Client) -> None:
    listed = route(proposal, "/members")
    assert isinstance(listed.person, dict)
    tree = LexborHTMLParser(site.get("/members?page=5").text)
    items = tree.css(listed.person["html"])
    found = []
    for item in items:
        link = item.css_first(listed.person["id"])
        assert link is not None
        match = re.search(listed.person["pattern"], link.attributes[listed.person["attribute"]] or "")
        assert match is not None
        found.append(int(match.group(1)))
        assert {"name", "photo", "headline"} <= listed.fields.keys()
        assert all(item.css_first(p[0]["html"]) is not None for p in listed.fields.values())
    assert found == list(range(201, 251))


def test_selectors_name_a_tag(proposal: Proposal) -> None:
    places = [p["html"] for r in proposal.routes for where in r.fields.values() for p in where if "html" in p]
    assert places
    assert [p for p in places if not re.match(r"[a-z]", p)] == []


def test_json_fields_are_found_below_the_top_as_well(proposal: Proposal) -> None:
    one = route(proposal, "/api/members/{person}")
    assert one.person == "path"
    assert one.fields["email"] == [{"json": "$.contact.email"}]
    assert one.fields["phone"] == [{"json": "$.contact.phone"}]
    many = route(proposal, "/api/members")
    assert many.person == {"json": "$.results[*]", "id": "$.id"}


def test_the_walk_is_bounded_and_says_who_it_is(walked: Walk) -> None:
    assert walked.requests <= 250
    assert len(walked.pages) <= walked.requests


def test_every_proposed_line_has_its_evidence_its_share_of_pages_and_its_doubts(proposal: Proposal) -> None:
    """Read as the operator reads it: what stands above a route or behind a line."""
    text = as_yaml(proposal, upstream="http://127.0.0.1:3000")
    _, _, of_people = text.partition("    people:\n")
    kinds, _, routes = of_people.partition("      routes:\n")
    for line in kinds.splitlines()[1:]:
        assert re.fullmatch(r"        \w+: (basic|personal|contact)  # by its kind; on \d+ routes?", line), line
    met = 0
    above: list[str] = []
    for line in routes.splitlines():
        if line.startswith("        # "):
            above.append(line.strip(" #"))
        elif line.startswith("        - path: "):
            met += 1
            assert [c for c in above if not c.startswith(("DOUBT", "holds on"))], f"no evidence for {line}"
            (share,) = [c for c in above if c.startswith("holds on")]
            found = re.fullmatch(r"holds on (\d+)% of (\d+) pages?", share)
            assert found, share
            assert (int(found[2]) >= 3) or any("DOUBT: only" in c for c in above), f"{line} rests on {share}"
            # A share that contradicts the evidence beside it would be believed.
            for count, of in re.findall(r"on (\d+) of (\d+) pages", " ".join(above)):
                assert int(found[1]) >= 99 * int(count) // int(of), f"{line}: {above}"
                assert found[2] == of, f"{line}: {above}"
            above = []
        elif line.startswith("            ") and ("{" in line or line.partition("#")[0].rstrip().endswith(":")):
            note = line.partition("  # ")[2]
            assert re.match(r"on \d+% of (pages|items|objects)", note), line
            assert "100%" in note or int(note[3 : note.index("%")]) >= 90 or "DOUBT" in note or "- {" in line, line
    assert met == len(PUBLIC)
    assert "on 50% of pages; by its class or itemprop; DOUBT" in text, "half of them are in groups"


def test_each_of_several_places_says_on_how_many_pages_it_is(proposal: Proposal) -> None:
    one = route(proposal, "/members/{person}")
    shares = [int(re.findall(r"\d+", note)[0]) for note in one.place_notes["town"]]
    assert len(shares) == len(one.fields["town"])
    assert 0 < min(shares) < max(shares) <= 100, "three designs, and a place for each"


def html(path: str, text: str) -> Page:
    return Page(f"http://site.example{path}", 200, "text/html", f"<html><body><main>{text}</main></body></html>")


def told(pages: list[Page], **more: Any) -> tuple[Proposal, str]:
    found = propose(Walk("http://site.example/", pages=pages, **more))
    return found, as_yaml(found, upstream="http://site.example")


FIRST = ("Ann", "Bert", "Carla", "Dora", "Emil", "Franz", "Greta", "Hanna", "Ida", "Jonas")
LAST = ("Miller", "Baker", "Potter", "Weaver")
NAMES = [f"{first} {last}" for last in LAST for first in FIRST]


def profile(number: int) -> Page:
    return html(f"/members/{number}", f'<div class="h-card"><h1>{NAMES[number]}</h1></div>')


def test_a_profile_holds_on_the_share_of_pages_that_was_seen() -> None:
    others = [html(f"/members/{n}", f"<h1>{n} rules of the house, and no end of them</h1>") for n in range(10, 20)]
    found, text = told([profile(n) for n in range(10)] + others)
    (one,) = found.routes
    assert one.kind == "profile"
    assert "one hCard on 10 of 20 pages" in one.why
    assert "# holds on 50% of 20 pages" in text
    assert as_json(found)["routes"][0]["share"] == 0.5


def test_of_profiles_behind_a_sign_in_it_is_said_that_none_was_read() -> None:
    closed = {f"/members/{n}": "/sign-in" for n in range(5)}
    found, text = told([html("/", "hello")], behind_sign_in=closed)
    assert "# none of 5 pages was read" in text
    assert "holds on" not in text
    (one,) = as_json(found)["routes"]
    assert (one["share"], one["pages"]) == (0.0, 5)


def test_pages_that_lead_to_the_sign_in_are_not_among_those_that_were_read() -> None:
    closed = {f"/members/{n}": "/sign-in" for n in range(20, 30)}
    _, text = told([profile(n) for n in range(4)], behind_sign_in=closed)
    assert "# holds on 100% of 4 pages" in text


def test_json_and_files_hold_on_the_share_that_was_seen() -> None:
    def answer(path: str, media: str, text: str) -> Page:
        return Page(f"http://site.example{path}", 200, media, text)

    people = json.dumps({"results": [{"id": n, "name": NAMES[n], "town": "Riverbend"} for n in range(4)]})
    addresses = "\n".join(f"member{n}@site.example" for n in range(4))
    pages = [
        *(answer(f"/api/people?page={n}", "application/json", people) for n in range(1, 4)),
        answer("/api/people?page=4", "application/json", '{"results": []}'),
        answer("/files/1.csv", "text/csv", addresses),
        *(answer(f"/files/{n}.csv", "text/csv", "item,price") for n in range(2, 6)),
    ]
    found, text = told(pages)
    shares = {r["path"]: r["share"] for r in as_json(found)["routes"]}
    assert shares == {"/api/people": 0.75, "/files/{part1}.csv": 0.2}
    assert "# holds on 75% of 4 pages" in text
    assert "# holds on 20% of 5 pages" in text


def test_nearly_all_pages_are_not_called_all() -> None:
    nearly = Proposed("/a", "profile", "path", {}, [], {}, 399 / 400, 400, [])
    proposal = Proposal("http://site.example/", routes=[nearly])
    assert "holds on 99% of 400 pages" in as_yaml(proposal, upstream="http://site.example")
