"""The spool of letters: whatever lies in it, nothing is lost, nothing is read as what it is not."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.intake import Appeal, Claim, LetterError, Refused, Spool, read_letter
from hedgerow.intake.letter import MOST_BYTES, NETWORK_KINDS

Json = dict[str, object]

words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=200)
common = {
    "format": st.just(1),
    "id": st.binary(min_size=16, max_size=16).map(bytes.hex),
    "site": st.sampled_from(["club", "shop-2"]),
    "at_ms": st.integers(0, 2_000_000_000_000),
    "number": st.just("7K3M-Q2ZD-90XF"),
    "reply": words,
}
name = st.none() | st.binary(min_size=12, max_size=12).map(bytes.hex)
appeals = st.fixed_dictionaries(
    {
        **common,
        "kind": st.just("appeal"),
        "reference": st.none() | st.just("4F7K-92MA-0XQT"),
        "message": words,
        "aid": st.sampled_from(["", "yes"]),
        "no_script": st.sampled_from(["", "yes"]),
        "lane": st.just("visitor"),
        "asn": st.none() | st.integers(0, 2**32 - 1),
        "names": st.fixed_dictionaries(dict.fromkeys(("address", "network", "session", "account", "client"), name)),
    },
    optional={"network_kind": st.sampled_from(NETWORK_KINDS)},
)
claims = st.fixed_dictionaries({**common, "kind": st.just("report"), "where": words, "since": words, "records": words})
letters = appeals | claims


def put(state: Path, data: Json) -> Path:
    """As the edge does."""
    folder = state / "intake"
    folder.mkdir(exist_ok=True)
    path = folder / f"{data['at_ms']:013d}-{data['id']}.json"
    path.write_text(json.dumps(data) + "\n")
    return path


@given(letters)
def test_a_letter_is_read_as_it_was_written(data: Json) -> None:
    letter = read_letter(json.dumps(data).encode())
    assert (letter.id, letter.site, letter.reply) == (data["id"], data["site"], data["reply"])
    if isinstance(letter, Appeal):
        assert letter.message == data["message"]
        assert letter.network_kind == data.get("network_kind", "unknown"), "an earlier gateway does not say"
        assert letter.aid is (data["aid"] == "yes")
    else:
        assert (letter.where, letter.records) == (data["where"], data["records"])


@given(letters, st.data())
def test_a_changed_letter_is_refused_without_a_word_of_it(data: Json, draw: st.DataObject) -> None:
    key = draw.draw(st.sampled_from(sorted(data)))
    wrong: list[object] = [[], {}, 7.5, "x" * 20_000, "\ud800", True]
    if key in {"aid", "no_script"}:
        return
    value = draw.draw(st.sampled_from(wrong))
    with pytest.raises(LetterError) as caught:
        read_letter(json.dumps({**data, key: value}).encode())
    assert "xxx" not in str(caught.value)
    with pytest.raises(LetterError):
        read_letter(json.dumps({**data, "more": 1}).encode())
    without = json.dumps({k: v for k, v in data.items() if k != key}).encode()
    if key == "network_kind":
        # An earlier gateway does not say it.
        assert isinstance(found := read_letter(without), Appeal)
        assert found.network_kind == "unknown"
        return
    with pytest.raises(LetterError):
        read_letter(without)


@given(st.binary(max_size=300) | st.recursive(st.none(), st.lists, max_leaves=5).map(lambda v: json.dumps(v).encode()))
def test_whatever_bytes_are_read_or_refused(line: bytes) -> None:
    with pytest.raises(LetterError):
        read_letter(line)


def test_too_long_and_too_deep_lines_are_refused() -> None:
    for line in (b" " * (MOST_BYTES + 1), b"[" * 100_000):
        with pytest.raises(LetterError):
            read_letter(line)


def test_what_a_letter_says_is_not_in_its_representation() -> None:
    data = {"format": 1, "kind": "report", "id": "0a" * 16, "site": "club", "at_ms": 5, "number": "7K3M-Q2ZD-90XF"}
    letter = read_letter(
        json.dumps({**data, "reply": "secret", "where": "secret", "since": "secret", "records": "secret"}).encode()
    )
    assert "secret" not in repr(letter)


class Crash(Exception):  # noqa: N818
    """The power went."""


@settings(max_examples=60, deadline=None)
@given(st.lists(letters, max_size=8, unique_by=lambda d: str(d["id"])), st.lists(st.integers(0, 3), max_size=6))
def test_however_often_it_crashes_every_letter_is_kept_and_none_twice(waiting: list[Json], crashes: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        for data in waiting:
            put(state, data)
        spool = Spool(state)
        kept: dict[str, Appeal | Claim] = {}
        deliveries: list[str] = []

        def take(crash_after: int | None) -> None:
            def keep(letter: Appeal | Claim) -> None:
                deliveries.append(letter.id)
                if crash_after is not None and len(deliveries) > start + crash_after:
                    raise Crash
                kept.setdefault(letter.id, letter)
                if crash_after is not None and len(deliveries) == start + crash_after:
                    raise Crash

            start = len(deliveries)
            spool.take_up(keep)

        for crash_after in crashes:
            try:
                take(crash_after)
            except Crash:
                assert len(kept) + len(spool.waiting()) >= len(waiting)
        take(None)
        assert set(kept) == {data["id"] for data in waiting}
        assert spool.waiting() == []


def test_letters_come_in_order_and_in_portions(tmp_path: Path) -> None:
    for n in (3, 1, 2):
        put(tmp_path, {**_claim(n), "at_ms": n})
    spool, seen = Spool(tmp_path), []
    first = spool.take_up(lambda letter: seen.append(letter.at.microsecond), most=2)
    assert (first.letters, first.more) == (2, True)
    assert spool.take_up(lambda letter: seen.append(letter.at.microsecond)).more is False
    assert seen == [1_000, 2_000, 3_000]
    assert spool.take_up(lambda _: None).letters == 0


def test_what_is_no_letter_is_set_aside_and_what_is_being_written_is_left(tmp_path: Path) -> None:
    good = put(tmp_path, _claim(1))
    renamed = good.with_name(f"{2:013d}-{'0b' * 16}.json")
    renamed.write_bytes(good.read_bytes())
    two_lines = put(tmp_path, _claim(3))
    two_lines.write_bytes(two_lines.read_bytes() * 2)
    part = good.with_name(f".{4:013d}-{'0c' * 16}.json.part")
    part.write_text("{")
    assert sum(isinstance(one, Refused) for one in Spool(tmp_path).letters()) == 2
    done = Spool(tmp_path).take_up(lambda _: None)
    assert done.letters == 1
    assert {r.file for r in done.refused} == {renamed.name, two_lines.name}
    assert {p.name for p in (tmp_path / "intake" / "refused").iterdir()} == {renamed.name, two_lines.name}
    assert part.exists()


def test_without_a_folder_nothing_waits(tmp_path: Path) -> None:
    assert Spool(tmp_path).take_up(lambda _: None).letters == 0


def _claim(n: int) -> Json:
    return {
        "format": 1,
        "kind": "report",
        "id": f"{n:032x}",
        "site": "club",
        "at_ms": n,
        "number": "7K3M-Q2ZD-90XF",
        "reply": "",
        "where": "there",
        "since": "",
        "records": "",
    }
