"""The journeys of the people test in their short form; `python -m tests.people` runs them in full."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harvest import processes
from tests.people.__main__ import JOURNEYS, MEMBERS, ONLY_PROTECTED, SEED, run

BARE = ("browse", "lynx", "crowd")
"""Enough to see that the journeys themselves are right."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with processes.site(MEMBERS, SEED) as url:
        yield url


@pytest.mark.browser
@pytest.mark.parametrize("name", BARE)
def test_the_journey_meets_nothing_at_the_bare_site(site: str, name: str) -> None:
    assert name not in ONLY_PROTECTED
    assert run(name, site, protected=False, quick=True).complaints() == []


@pytest.mark.browser
@pytest.mark.gateway
@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(not processes.has_gateway(), reason="the gateway is not built here: make setup")
@pytest.mark.parametrize("name", list(JOURNEYS))
def test_an_ordinary_visitor_meets_nothing_behind_the_gateway(site: str, name: str) -> None:
    assert run(name, site, protected=True, quick=True).complaints() == []
