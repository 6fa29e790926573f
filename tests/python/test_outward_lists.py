"""Lists of refused addresses for other guards: in their own formats, with an end, never one's own network."""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.outward import block_lists
from hedgerow.outward.block_lists import Refused, listed, text
from hedgerow.outward.settings import LISTS, OutwardError

NOW = datetime(2026, 11, 26, 18, tzinfo=UTC)


def refused(where: str, hours: float = 1, reason: str = "budget") -> Refused:
    return Refused(where, NOW - timedelta(hours=1), NOW + timedelta(hours=hours), reason)


SOME = [refused("93.184.215.14"), refused("8.8.8.0/24", 2), refused("2606:4700::/48", 3, "bait")]


def test_crowdsec_takes_duration_scope_type_and_value() -> None:
    rows = json.loads(text("crowdsec-json", listed(SOME, NOW), NOW))
    assert rows == [
        {"duration": "7200s", "reason": "hedgerow/budget", "scope": "Range", "type": "ban", "value": "8.8.8.0/24"},
        {"duration": "3600s", "reason": "hedgerow/budget", "scope": "Ip", "type": "ban", "value": "93.184.215.14"},
        {"duration": "10800s", "reason": "hedgerow/bait", "scope": "Range", "type": "ban", "value": "2606:4700::/48"},
    ]
    table = list(csv.DictReader(StringIO(text("crowdsec-csv", listed(SOME, NOW), NOW))))
    assert table == rows


def test_fail2ban_finds_time_and_address_in_each_line() -> None:
    lines = text("fail2ban", listed(SOME, NOW), NOW).splitlines()
    # What `<SUBNET>` of fail2ban stands for, as far as it matters here.
    pattern = re.compile(r"^2026-11-26T17:00:00Z hedgerow refuse (?P<net>[0-9A-Fa-f.:]+(?:/\d+)?) until \S+Z \w+$")
    assert [m["net"] for m in map(pattern.match, lines) if m] == ["8.8.8.0/24", "93.184.215.14", "2606:4700::/48"]


def test_nftables_gets_one_transaction_with_timeouts() -> None:
    said = text("nftables", listed(SOME, NOW), NOW)
    assert "flush set inet hedgerow refused4" in said
    assert "refused4 { 8.8.8.0/24 timeout 7200s, 93.184.215.14 timeout 3600s }" in said
    assert "refused6 { 2606:4700::/48 timeout 10800s }" in said


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("127.0.0.1", "not on the public internet"),
        ("10.0.0.1", "not on the public internet"),
        ("192.168.0.0/24", "not on the public internet"),
        ("100.64.0.1", "not on the public internet"),
        ("::1", "not on the public internet"),
        ("fe80::1", "not on the public internet"),
        ("224.0.0.1", "not on the public internet"),
        ("0.0.0.0/0", "not on the public internet"),
        ("8.0.0.0/8", "wider than"),
        ("2606::/16", "wider than"),
        ("example", "not an address"),
    ],
)
def test_what_would_shut_out_ones_own_or_whole_providers_is_never_listed(where: str, why: str) -> None:
    found = listed([refused(where)], NOW)
    assert found.entries == ()
    assert why in found.left_out[0]
    assert where not in found.left_out[0]


def test_what_is_over_goes_and_the_longest_of_two_stays() -> None:
    found = listed([refused("8.8.8.8", -0.5), refused("8.8.4.4", 1), refused("8.8.4.4", 5)], NOW)
    assert [(str(n), o.until) for n, o in found.entries] == [("8.8.4.4/32", NOW + timedelta(hours=5))]


def test_a_reason_is_a_word_and_never_a_persons_sentence() -> None:
    assert listed([refused("8.8.8.8", reason="he is a\nthief")], NOW).entries == ()


@given(
    st.lists(st.tuples(st.integers(8 << 24, (8 << 24) + 4_095), st.integers(20, 32), st.integers(1, 48)), max_size=30)
)
def test_no_two_intervals_of_nftables_overlap_and_nobody_is_lost(made: list[tuple[int, int, int]]) -> None:
    every = [
        refused(str(ip_network((address >> (32 - length) << (32 - length), length))), hours)
        for address, length, hours in made
    ]
    said = text("nftables", listed(every, NOW), NOW)
    kept = [ip_network(n) for n in re.findall(r"[\d./]+(?= timeout)", said)]
    assert not any(a.overlaps(b) for i, a in enumerate(kept) for b in kept[i + 1 :])
    for one in every:
        assert any(ip_network(one.where).subnet_of(k) for k in kept)  # type: ignore[arg-type]


def test_lists_are_written_whole_and_for_their_group(tmp_path: Path) -> None:
    block_lists.write(tmp_path / "lists", LISTS, SOME, NOW)
    assert sorted(p.name for p in (tmp_path / "lists").iterdir()) == sorted(block_lists.FILES.values())
    assert {p.stat().st_mode & 0o777 for p in (tmp_path / "lists").iterdir()} == {0o640}
    block_lists.write(tmp_path / "lists", LISTS, [], NOW)
    assert json.loads((tmp_path / "lists" / "crowdsec-decisions.json").read_text()) == []
    assert "add element" not in (tmp_path / "lists" / "nftables-refused.nft").read_text()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutwardError, match="cannot be written"):
        block_lists.write(tmp_path / "file" / "lists", LISTS, SOME, NOW)
