"""Answers that cannot be read, though somebody on them is known: nobody leaves beyond the budget, or uncounted."""

from __future__ import annotations

import threading

import pytest

from tests.gateway.conftest import StartGateway
from tests.gateway.policies import ROUTES, listing, policy, profile
from tests.gateway.running import people_in
from tests.gateway.site import Exchange, Script, Site
from tests.gateway.wire import BROWSER

PASSING = [{**route, "on_unreadable": "pass"} for route in ROUTES]


def in_two_pieces(first: str, second: str) -> Script:
    """An answer with a length that arrives in two pieces."""

    def script(exchange: Exchange) -> None:
        head = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
        exchange.send(f"{head}Content-Length: {len(first) + len(second)}\r\n\r\n{first}".encode())
        threading.Event().wait(0.3)
        exchange.send(second.encode())

    return script


def broken_list() -> Script:
    """A list of 20 people and more, that ends in what nobody can read."""
    whole = listing(range(1, 21))
    return in_two_pieces(whole.partition("</ul>")[0], "</ul><frameset><frame src=a></frameset>" + whole[-40:])


@pytest.mark.parametrize("enforce", [False, True])
def test_people_read_before_a_short_answer_became_unreadable_are_in_the_ledger(
    site: Site, gateway: StartGateway, enforce: bool
) -> None:
    site.on("/members", broken_list())
    running = gateway(policy(site.url, {"people": policy_people()}), enforce=enforce)
    got = running.get("/members", BROWSER)
    assert got.status == 200
    assert "Town20x" in got.text
    entries = running.ledger()
    assert [e["k"] for e in entries if e["k"] in {"gap", "disclosure"}].count("gap") == 1
    assert people_in(entries) == {str(n) for n in range(1, 21)}


def policy_people() -> dict[str, object]:
    """The usual map, whose routes let pass what cannot be read."""
    return {"fields": {"name": "basic", "town": "personal", "email": "contact"}, "routes": PASSING}


ODD: dict[str, tuple[int, dict[str, str]]] = {
    "a conflict in plain text": (409, {"kind": "text/plain"}),
    "an error in a charset that is not read": (500, {"kind": "text/html; charset=utf-16"}),
    "an unknown coding": (404, {"kind": "text/html", "Content_Encoding": "x-own"}),
    "a picture": (200, {"kind": "image/png"}),
}


@pytest.mark.parametrize("case", ODD)
def test_whoever_the_application_names_beyond_the_budget_leaves_on_no_page_whatever_its_status(
    site: Site, gateway: StartGateway, case: str
) -> None:
    """No contact field is shown to strangers at once, and the page says that it shows one."""
    status, how = ODD[case]
    site.on("/members/7", lambda x: x.answer(profile(7), status, Hedgerow_People='"7"', **how))
    running = gateway(policy(site.url, {"people": policy_people()}), enforce=True)
    got = running.get("/members/7", BROWSER)
    assert got.status == 502
    assert "mail7x" not in got.text


def test_an_error_page_of_another_kind_that_names_nobody_passes(site: Site, gateway: StartGateway) -> None:
    site.on("/members/7", lambda x: x.answer("there is no such member", 404, "text/plain"))
    running = gateway(policy(site.url), enforce=True)
    got = running.get("/members/7", BROWSER)
    assert (got.status, got.text) == (404, "there is no such member")
