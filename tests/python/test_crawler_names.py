"""A crawler is believed only when DNS confirms it both ways, at a label boundary."""

from __future__ import annotations

import pytest

from fake_dns import FakeDns
from hedgerow.brain.crawler_names import FORGED_FOR_S, GENUINE_FOR_S, is_genuine, settle

ADDRESS = "192.0.2.10"


def test_a_name_confirmed_both_ways_is_genuine() -> None:
    name = "crawl-192-0-2-10.googlebot.com"
    assert is_genuine(ADDRESS, "Googlebot", FakeDns({ADDRESS: [name + "."]}, {name + ".": [ADDRESS]}))


def test_a_spoofed_ptr_without_the_way_back_is_forged() -> None:
    name = "crawl-1.googlebot.com"
    assert not is_genuine(ADDRESS, "googlebot", FakeDns({ADDRESS: [name]}, {name: ["198.51.100.7"]}))


@pytest.mark.parametrize(
    "name",
    [
        "evilgooglebot.com",
        "googlebot.com.evil.example",
        "googlebot.com-evil.example",
        "1.2.0.192.bc.googleusercontent.com",
    ],
)
def test_a_name_that_only_looks_like_the_crawlers_is_forged_and_not_even_looked_up(name: str) -> None:
    dns = FakeDns({ADDRESS: [name]}, {name: [ADDRESS]})
    assert not is_genuine(ADDRESS, "googlebot", dns)
    assert name not in dns.asked


def test_one_of_several_names_and_addresses_is_enough() -> None:
    dns = FakeDns(
        {ADDRESS: ["host.isp.example", "msnbot-1.search.msn.com"]},
        {"msnbot-1.search.msn.com": ["198.51.100.1", ADDRESS], "host.isp.example": [ADDRESS]},
    )
    assert is_genuine(ADDRESS, "bingbot", dns)


def test_an_ipv6_address_is_compared_as_a_number_and_not_as_text() -> None:
    name = "crawl.googlebot.com"
    dns = FakeDns({"2001:db8::1": [name]}, {name: ["2001:0db8:0:0::0001"]})
    assert is_genuine("2001:db8::1", "googlebot", dns)


def test_a_name_of_another_crawler_does_not_help() -> None:
    name = "msnbot-1.search.msn.com"
    assert not is_genuine(ADDRESS, "googlebot", FakeDns({ADDRESS: [name]}, {name: [ADDRESS]}))


def test_an_agent_nobody_vouches_for_is_never_genuine() -> None:
    assert not is_genuine(ADDRESS, "mybot", FakeDns({ADDRESS: ["a.mybot.example"]}, {"a.mybot.example": [ADDRESS]}))


def test_an_address_with_thousands_of_names_does_not_make_us_ask_thousands_of_times() -> None:
    names = [f"c{i}.googlebot.com" for i in range(5_000)]
    dns = FakeDns({ADDRESS: names})
    assert not is_genuine(ADDRESS, "googlebot", dns)
    assert len(dns.asked) < 20


def test_silence_leaves_a_claim_open_and_does_not_stop_the_next() -> None:
    name = "crawl-1.googlebot.com"
    dns = FakeDns({ADDRESS: [name]}, {name: [ADDRESS]}, slow=frozenset({"192.0.2.66"}))
    learned: list[tuple[str, str, bool, int]] = []
    claims = [("192.0.2.66", "googlebot"), (ADDRESS, "googlebot"), ("192.0.2.77", "googlebot"), ("junk", "googlebot")]
    still_open = settle(claims, dns, lambda *said: learned.append(said), 1_000)
    assert still_open == 2
    assert (ADDRESS, "googlebot", True, 1_000 + GENUINE_FOR_S) in learned
    assert ("192.0.2.77", "googlebot", False, 1_000 + FORGED_FOR_S) in learned
    assert all(address != "192.0.2.66" for address, *_ in learned)
