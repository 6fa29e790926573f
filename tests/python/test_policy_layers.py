"""What protects each route that shows people, read off the policy."""

from __future__ import annotations

from hedgerow.policy import load_text
from hedgerow.policy.layers import EXPECTATIONS, LEAST, Layer, Protection, layers_of

POLICY = """
sites:
  - name: club
    upstream: http://127.0.0.1:3000
    mode: {mode}
    {more}
    people:
      fields: {{name: basic, town: personal, email: contact}}
      routes:
        - path: /members/{{person}}
          kind: profile
          person: path
          fields: {{name: {{html: h1}}, town: {{html: .town}}, email: {{html: .email}}}}
        - path: /members
          kind: list
          person: header
"""


def protections(mode: str = "enforce", more: str = "") -> dict[str, Protection]:
    compiled = load_text(POLICY.format(mode=mode, more=more).encode())
    return {p.path: p for p in layers_of(compiled)}


def acting(protection: Protection) -> set[Layer]:
    return {a.layer for a in protection.acting}


def test_the_defaults_protect_a_profile_page_with_several_layers() -> None:
    profile = protections()["/members/{person}"]
    assert not profile.thin
    assert {Layer.BUDGET, Layer.POSTURE, Layer.EXPOSURE, Layer.FRICTION, Layer.RESPONSE} <= acting(profile)


def test_in_watch_mode_every_route_is_thin_and_says_why() -> None:
    for protection in protections(mode="watch").values():
        assert protection.thin
        assert acting(protection) <= {Layer.DETECTION, Layer.TERMS}
        assert any("watch mode" in a.how for a in protection.layers if not a.acts)


def test_a_cap_by_address_alone_is_no_layer() -> None:
    free = "{basic: unlimited, personal: unlimited, contact: unlimited}"
    found = protections(more=f"budgets: {{stranger: {{session: {free}, network: {free}}}}}")["/members/{person}"]
    budget = next(a for a in found.layers if a.layer is Layer.BUDGET)
    assert not budget.acts
    assert "addresses rotate" in budget.how


def test_a_field_without_limit_is_named() -> None:
    found = protections(more="show: {stranger: {contact: budgeted}}")["/members/{person}"]
    exposure = next(a for a in found.layers if a.layer is Layer.EXPOSURE)
    assert not exposure.acts
    assert "contact shown at once" in exposure.how


def test_a_route_that_shows_names_alone_has_nothing_to_mask() -> None:
    listing = protections()["/members"]
    exposure = next(a for a in listing.layers if a.layer is Layer.EXPOSURE)
    assert not exposure.acts
    assert len(listing.acting) >= LEAST


def test_every_layer_says_which_expectation_it_meets() -> None:
    assert set(EXPECTATIONS) == set(Layer)
    for protection in protections().values():
        assert [a.layer for a in protection.layers] == list(Layer)
        assert all(a.how and a.expectation.source for a in protection.layers)
