"""What the harvest test counts: true values wherever they stand, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from examples.directory import build, people_of
from tests.harvest.forms import is_challenge, reveal_form, reveal_link, wait_form
from tests.harvest.job import SINGLE, SPREAD, Job, Store
from tests.harvest.truth import Got, Truth

MEMBERS = 60
TRUTH = Truth(people_of(MEMBERS, 7))


@pytest.fixture(scope="module")
def site() -> TestClient:
    return TestClient(build(MEMBERS, 7), base_url="http://riverbend.example")


def got(*documents: str) -> Got:
    found = Got()
    for document in documents:
        TRUTH.read(document, found)
    return found


def test_every_profile_page_and_every_api_answer_gives_its_person_and_nobody_else(site: TestClient) -> None:
    for m in TRUTH.members:
        for path in (m.path, f"/api{m.path}"):
            found = got(site.get(path).text)
            assert (found.profiles, found.contacts) == ({m.id}, {m.id}), path


def test_cards_give_nobody_away_and_the_api_list_gives_everybody_on_it(site: TestClient) -> None:
    assert not got(*(site.get(p).text for p in ("/", "/members", "/groups/choir", "/feed.xml"))).profiles
    assert len(got(site.get("/api/members").text).profiles) == 50
    assert len(got(site.get("/api/members").text).contacts) == 50


def test_employer_and_town_count_only_together_and_only_of_that_person() -> None:
    a, b = TRUTH.members[0], TRUTH.members[1]
    assert got(f"<h1>{a.name}</h1>{a.employer}, {a.town}").profiles == {a.id}
    assert not got(f"<h1>{a.name}</h1>{a.employer}").profiles
    assert not got(f"<h1>{a.name}</h1>{b.employer}, {b.town}").profiles
    assert not got(f'{{"name":"{a.name}","employer":"{a.employer}","town":null}}').profiles


def test_a_phone_number_counts_in_every_spelling_and_an_invented_one_does_not() -> None:
    for m in TRUTH.members[:10]:
        assert got(f"call {m.phone}!").contacts == {m.id}
        assert got(f'href="{m.tel}"').contacts == {m.id}
    assert not got("+1-555-0100 ext. 999999, nobody.here@example.org").contacts


def test_what_a_tool_appends_is_read_back_document_by_document(tmp_path: Path) -> None:
    store = Store(Job("http://x", SINGLE, MEMBERS, 1.0, str(tmp_path)), 0)
    a, b = TRUTH.members[0], TRUTH.members[1]
    store.add(f"<h1>{a.name}</h1>{b.employer}")
    store.add(f"<h1>{b.name}</h1>{b.employer} {b.town}")
    found = TRUTH.read_folder(tmp_path)
    assert (found.profiles, found.documents) == ({b.id}, 2)


def test_the_fifty_addresses_are_in_fifty_networks_and_share_the_work() -> None:
    assert len({a.rsplit(".", 1)[0] for a in SPREAD}) == len(SPREAD) == 50
    job = Job("http://x", SPREAD, 5_000, 1.0, ".")
    assert sorted(n for k in range(50) for n in job.share(k)) == list(range(1, 5_001))
    assert sorted(n for k in range(50) for n in job.list_pages(k)) == list(range(1, 101))


def test_the_forms_of_our_pages_are_found() -> None:
    page = (
        '<form id="work" action="/.hedgerow/prove" method="post"><input name="hedgerow-work" value=""></form>'
        '<form id="wait" action="/.hedgerow/prove" method="post" data-wait-s="7">'
        '<input type="hidden" name="hedgerow-wait" value="t&amp;1"></form>'
    )
    form = wait_form(page)
    assert form
    assert (form.wait_s, form.fields) == (7.0, {"hedgerow-wait": "t&1"})
    assert is_challenge(page)
    assert (
        reveal_link('<a class="hedgerow-reveal" href="/.hedgerow/reveal?t=1&amp;x=2">') == "/.hedgerow/reveal?t=1&x=2"
    )
    shown = reveal_form(
        '<form method="post" action="/.hedgerow/reveal"><input name="hedgerow-reveal" value="v"></form>'
    )
    assert shown
    assert shown.fields == {"hedgerow-reveal": "v"}
