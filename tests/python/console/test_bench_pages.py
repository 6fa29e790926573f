"""The benchmark of the console asks for every address there is: a new page is in it, or this says what to add."""

from __future__ import annotations

from collections import defaultdict

from fastapi import FastAPI

from benches.console_pages import LEFT_OUT, addresses
from hedgerow.console.app import route_table

PLACES = (
    "case_id letter_id number claim_id appeal_id mailing_id regime duty language version_id channel_id month site token"
    " digest"
)


def test_every_page_and_twin_is_measured_with_each_of_its_filters(app: FastAPI) -> None:
    made = addresses(app, dict.fromkeys(PLACES.split(), "x"))
    measured = {a.route for a in made}
    there = {r.path for r in route_table(app) if r.method == "GET"}
    assert there - measured == {p for p in LEFT_OUT if p in there}
    paths = defaultdict(list)
    for one in made:
        assert "{" not in one.path, one
        paths[one.route].append(one.path)
    assert "/letters?page=2" in paths["/letters"]
    assert "/cases?q=order" in paths["/cases"]
    assert len({a.path for a in made}) == len(made)
