"""What Python reads of a ledger is what its format says."""

from __future__ import annotations

from pathlib import Path

import pytest

from hedgerow.ledger.reading import (
    Entry,
    Follower,
    LedgerError,
    Shown,
    entries,
    last_entries,
    of_person,
    of_principal,
)
from written_ledger import ANOTHER, AT_MS, SESSION, Segment, disclosure


def no_damage(sentence: str) -> None:
    pytest.fail(sentence)


def people(found: list[Entry]) -> list[str]:
    return [p.person for e in found for p in e.people]


def test_a_ledger_written_by_the_description_of_the_format_is_read(tmp_path: Path) -> None:
    folder = Segment(tmp_path).append(disclosure("42", 1, 6), disclosure("43", 3 | 1 << 9)).path.parent
    first, second = entries(folder, no_damage)
    assert first.people == (Shown("42", ("name",), ("town", "email")),)
    assert f"{first.at:%Y-%m-%d %H:%M:%S}" == "2026-11-18 11:06:40"
    assert first.principals() == {"session": SESSION}
    # A field that the header does not name has left all the same.
    assert second.people == (Shown("43", ("name", "town", "field-9"), ()),)


def test_one_person_one_principal_and_one_time_are_told_apart(tmp_path: Path) -> None:
    segment = Segment(tmp_path).append(
        disclosure("4", 1), disclosure("42", 1, session=ANOTHER), disclosure("42", 1, at_ms=AT_MS + 5)
    )
    folder = segment.path.parent
    assert people(list(of_person(folder, "42", no_damage))) == ["42", "42"]
    assert people(list(of_person(folder, "2", no_damage))) == []
    assert people(list(of_principal(folder, ANOTHER[:8], no_damage))) == ["42"]
    assert people(list(entries(folder, no_damage, since_ms=AT_MS + 1))) == ["42"]


def test_a_damaged_line_is_told_and_reading_goes_on(tmp_path: Path) -> None:
    segment = Segment(tmp_path).append(disclosure("1", 1), disclosure("2", 1), disclosure("3", 1))
    segment.path.write_bytes(segment.path.read_bytes().replace(b'[["2"', b'[["9"'))
    told: list[str] = []
    assert people(list(entries(segment.path.parent, told.append))) == ["1", "3"]
    assert len(told) == 1
    assert "line 3" in told[0]


def test_the_last_entries_are_those_of_all_who_write_by_time(tmp_path: Path) -> None:
    odd, even = (Segment(tmp_path, writer=f"{i:016x}") for i in (1, 2))
    for i in range(10):
        (odd if i % 2 else even).append(disclosure(str(i), 1, at_ms=AT_MS + i))
    assert people(last_entries(odd.path.parent, 3, no_damage)) == ["7", "8", "9"]


def test_a_follower_gives_what_is_new_once_and_no_half_lines(tmp_path: Path) -> None:
    segment = Segment(tmp_path).append(disclosure("1", 1))
    follower = Follower(segment.path.parent, no_damage)
    assert follower.poll() == []
    segment.append(disclosure("2", 4))
    whole = segment.path.read_bytes()
    segment.path.write_bytes(whole[:-9])
    assert follower.poll() == []
    segment.path.write_bytes(whole)
    (fresh,) = follower.poll()
    assert fresh.people == (Shown("2", ("email",), ()),)
    assert follower.poll() == []
    Segment(tmp_path, writer="00000000000000bb").append(disclosure("3", 2))
    assert people(follower.poll()) == ["3"]


def test_a_folder_that_is_not_there_is_an_error_that_says_where_to_look(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="--state"):
        list(entries(tmp_path / "none", no_damage))
