"""Which routes show people, learnt from addresses alone; and how the report says numbers."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.audit import charts
from hedgerow.audit.learning import Learnt, as_yaml, learn
from hedgerow.audit.paths import MOST_NODES, Tree, templates
from hedgerow.audit.wording import chance, lasting, listed, number, share
from hedgerow.policy import load_text


def _learnt(*templates: str, count: int = 60, reads: int = 3, extra: tuple[str, ...] = ()) -> Learnt:
    paths = [(t.format(i), reads) for t in templates for i in range(1, count + 1)]
    return learn([*paths, *((e, 40) for e in extra)])


def _people(found: Learnt) -> dict[str, str]:
    return {r.path: r.kind for r in found.routes if r.person == "path"}


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("members/{}", "/members/{person}"),
        ("mitglieder/{}.html", "/mitglieder/{person}.html"),
        ("de/benutzer/profil-{}", "/de/benutzer/profil-{person}"),
        ("annuaire/membre/{}", "/annuaire/membre/{person}"),
        ("usuarios/{}/", "/usuarios/{person}"),
        ("@ann{}", "/@{person}"),
        ("~bo{}", "/~{person}"),
        ("staff/id{}", "/staff/id{person}"),
        ("user/3f2504e0-4f89-11d3-9a0c-0305e82c33{:02d}", "/user/{person}"),
    ],
)
def test_addresses_of_people_are_found_in_several_languages_and_shapes(path: str, template: str) -> None:
    assert template in _people(_learnt(path))


@pytest.mark.parametrize(
    "path",
    [
        "products/{}",
        "blog/2026/05/a-long-title-of-an-article-number-{}",
        "wiki/Page{}",
        "blog/geekery/xdotool-{}.html",
        "news/{}.html",
        "tag/{}",
        "orders/{}/invoice",
    ],
)
def test_addresses_of_other_things_are_not(path: str) -> None:
    assert _people(_learnt(path)) == {}


def test_pictures_styles_and_scripts_are_no_people() -> None:
    assert _people(_learnt("members/{}.jpg", "static/users/{}.css")) == {}


def test_names_between_static_pages_are_one_route_and_the_search_is_its_own() -> None:
    names = [f"{a}-{b}" for a in ("ann", "bo", "cy", "di", "ed", "flo") for b in ("lee", "ray", "fox", "kim", "moss")]
    found = learn(
        [(f"people/{n}", 2) for n in names] + [("people/search", 90), ("people", 200), ("people/page/2", 20)] * 1
    )
    assert _people(found) == {"/people/{person}": "profile"}
    kinds = {r.path: r.kind for r in found.routes}
    assert kinds["/people/search"] == "search"
    assert kinds["/people"] == "list"


def test_pages_below_one_person_belong_to_that_person() -> None:
    found = _learnt("u/{}", "u/{}/photo", "u/{}/contact")
    assert set(_people(found)) == {"/u/{person}", "/u/{person}/photo", "/u/{person}/contact"}
    assert any("below one identifier" in e for r in found.routes for e in r.evidence)


def test_data_for_programs_is_called_so() -> None:
    assert _people(_learnt("api/v2/users/{}")) == {"/api/v2/users/{person}": "api"}


def test_every_route_has_its_evidence_and_lists_say_that_nobody_is_counted() -> None:
    found = _learnt("members/{}", extra=("members",))
    assert all(r.evidence for r in found.routes)
    assert any("cannot say whom" in d for r in found.routes if r.kind == "list" for d in r.doubts)


def test_the_order_of_the_paths_changes_nothing() -> None:
    paths = [(f"members/{i}", i % 5 + 1) for i in range(80)] + [(f"shop/{i}", 2) for i in range(40)]
    assert as_yaml(learn(paths), name="x") == as_yaml(learn(reversed(paths)), name="x")


@given(
    st.lists(st.tuples(st.text(max_size=40), st.integers(1, 50)), max_size=60),
    st.sampled_from(["members/{}", "{}", "a/{}/b", "users/{}/photo", "{}/{}"]),
)
@settings(max_examples=150, deadline=None)
def test_whatever_a_log_has_in_its_paths_the_proposal_is_a_policy(paths: list[tuple[str, int]], around: str) -> None:
    found = learn([(around.replace("{}", p), n) for p, n in paths])
    load_text(as_yaml(found, name="site").encode())


def test_memory_is_bounded_whatever_comes() -> None:
    tree = Tree()
    for i in range(MOST_NODES // 4):
        tree.add(f"a{i % 977}x/b{i}y/c{i}z", 1)
    assert tree.nodes <= MOST_NODES
    found, _ = templates((f"members/n{i}me", 1) for i in range(20_000))
    assert found[0].named(1) == "/members/{person}"
    assert found[0].paths == 20_000


def test_numbers_are_said_as_people_say_them() -> None:
    assert (number(1234567), share(1, 3), share(0, 5), share(1, 100_000)) == ("1,234,567", "33 %", "0 %", "under 0.1 %")
    assert (share(99_999, 100_000), share(5, 5)) == ("over 99.9 %", "100 %")
    assert (listed([]), listed(["a"]), listed(["a", "b", "c"])) == ("", "a", "a, b and c")
    assert (lasting(40), lasting(3_700), lasting(86_400 * 12)) == ("40 s", "1 h 1 min", "12 days")
    assert chance(1e-7) == "less than 1 in a million"


def test_days_without_requests_keep_their_place_in_the_chart() -> None:
    days = [{"day": d, "requests_people": 5, "people_new": 5} for d in ("2026-05-01", "2026-05-11")]
    bars = re.findall(r'class="bar" x="([0-9.]+)"', str(charts.timeline(days, [])))
    assert len(bars) == 2
    assert float(bars[1]) - float(bars[0]) > 500


def test_a_chance_too_small_for_a_number_is_said_in_words() -> None:
    assert chance(0.0) == "too small to be told"
    assert chance(1e-13) == "less than 1 in a million million"
