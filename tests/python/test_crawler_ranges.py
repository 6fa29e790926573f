"""`hedgerow crawlers refresh`: published lists are fetched, checked, compared and written whole."""

from __future__ import annotations

import ipaddress
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from hedgerow import _engine
from hedgerow.brain import crawler_ranges
from hedgerow.brain.crawler_ranges import Ranges, RangesError, fetch, parse
from hedgerow.cli import app

BING = ["157.55.39.0/24", "207.46.13.0/24", "40.77.167.0/24"]


def published(*ranges: str, created: str = "2026-11-20T10:00:00") -> bytes:
    """A list as search engines publish it."""
    prefixes = [{"ipv6Prefix" if ":" in r else "ipv4Prefix": r} for r in ranges]
    return json.dumps({"creationTime": created, "prefixes": prefixes}).encode()


class Publisher(BaseHTTPRequestHandler):
    """A server that publishes lists."""

    lists: ClassVar[dict[str, bytes]] = {}
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/bing")
            self.end_headers()
            return
        body = self.lists.get(self.path)
        self.send_response(200 if body is not None else 503)
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def publisher() -> Iterator[str]:
    """Its address."""
    Publisher.lists, Publisher.asked = {}, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Publisher)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def refresh(state: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["crawlers", "refresh", *words, "--state", str(state)])


def in_force(state: Path, crawler: str) -> list[str]:
    written = json.loads((state / "crawlers.json").read_text())
    return next(c["ranges"] for c in written["crawlers"] if c["crawler"] == crawler)


def test_a_list_is_fetched_and_what_changed_is_said(tmp_path: Path, publisher: str) -> None:
    Publisher.lists["/bing"] = published(*BING)
    said = refresh(tmp_path, "--source", f"bingbot={publisher}/bing", "--accept-loss")
    assert said.exit_code == 0, said.output
    assert "now 3 ranges (list of 2026-11-20)" in said.stdout
    assert "the next one starts with them" in said.stdout
    assert in_force(tmp_path, "bingbot") == sorted(BING, key=lambda r: int(ipaddress.ip_network(r).network_address))
    again = refresh(tmp_path, "--source", f"bingbot={publisher}/moved")
    assert "bingbot: unchanged, 3 ranges" in again.stdout, "a redirect on the same side is followed"
    Publisher.lists["/bing"] = published(*BING[:2], "13.66.139.0/24")
    assert "bingbot: 1 new, 1 gone, now 3 ranges" in refresh(tmp_path, "--source", f"bingbot={publisher}/bing").stdout


def test_offline_a_file_does_and_nobody_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(url: str, timeout_s: float = 0) -> bytes:
        raise AssertionError(url)

    monkeypatch.setattr(crawler_ranges, "fetch", never)
    file = tmp_path / "list.json"
    file.write_bytes(published(*BING, "2620:1ec:c11::/48"))
    said = refresh(tmp_path / "state", "--from", f"bingbot={file}", "--accept-loss")
    assert said.exit_code == 0, said.output
    assert "2620:1ec:c11::/48" in in_force(tmp_path / "state", "bingbot")
    assert refresh(tmp_path / "state", "--from", f"bingbot={tmp_path}/none.json").exit_code == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>", "not JSON"),
        (b"{}", "no `prefixes`"),
        (b'{"prefixes": []}', "no `prefixes`"),
        (published("0.0.0.0/0"), "too wide"),
        (published("2000::/3"), "too wide"),
        (published("10.1.0.0/16"), "nobody's on the internet"),
        (published("157.55.39.1/24"), "no range"),
        (published("157.55.39.0"), "no range"),
        (b'{"prefixes": [{"ipv4Prefix": 7}]}', "no range"),
        (b'{"prefixes": ["157.55.39.0/24"]}', "no range"),
        (published(BING[0]), "1 ranges where"),
        (b" " * (crawler_ranges.MAX_BYTES + 1), "longer than 1024 KiB"),
        (None, "answered 503"),
    ],
)
def test_a_list_that_cannot_be_believed_changes_nothing_and_keeps_no_other_back(
    tmp_path: Path, publisher: str, body: bytes | None, words: str
) -> None:
    if body is not None:
        Publisher.lists["/bad"] = body
    Publisher.lists["/good"] = published("17.58.96.0/19")
    said = (
        refresh(tmp_path, "--source", f"bingbot={publisher}/bad", "--source", f"kagi={publisher}/good", "--accept-loss")
        if words != "1 ranges where"
        else refresh(tmp_path, "--source", f"bingbot={publisher}/bad")
    )
    assert said.exit_code == 1
    assert words in said.stderr
    assert "the ranges of bingbot stay as they are" in said.stderr
    if words != "1 ranges where":
        assert [c["crawler"] for c in json.loads((tmp_path / "crawlers.json").read_text())["crawlers"]] == ["kagi"]
    else:
        assert not (tmp_path / "crawlers.json").exists()


def test_lists_come_over_https_or_from_this_machine() -> None:
    with pytest.raises(RangesError, match="is not https"):
        fetch("http://lists.example/bing.json")
    with pytest.raises(RangesError, match="is not https"):
        fetch("file:///etc/passwd")


def test_a_crawler_nobody_knows_is_said_to_be_unknown(tmp_path: Path, publisher: str) -> None:
    Publisher.lists["/x"] = published(*BING)
    said = refresh(tmp_path, "--source", f"nobodybot={publisher}/x")
    assert said.exit_code == 1
    assert "no crawler is named `nobodybot`" in said.stderr
    assert "no published list of kagi is known" in refresh(tmp_path, "kagi").stderr


def test_agents_and_dns_names_stay_those_of_the_release(tmp_path: Path) -> None:
    ranges = Ranges(tmp_path / "crawlers.json")
    ranges.take("bingbot", BING, "2026-11-20", "x", accept_loss=True)
    ranges.write()
    written = json.loads((tmp_path / "crawlers.json").read_text())["crawlers"]
    assert [(c["crawler"], c["dns"], "bingbot" in c["agents"]) for c in written] == [
        ("bingbot", [".search.msn.com"], True)
    ]


def test_a_broken_file_of_earlier_refreshes_is_an_error_and_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "crawlers.json").write_text("{")
    said = refresh(tmp_path, "--from", "bingbot=/nowhere")
    assert said.exit_code == 1
    assert "delete it" in said.stderr
    assert (tmp_path / "crawlers.json").read_text() == "{"


def test_every_source_names_a_crawler_of_the_release_and_comes_over_https() -> None:
    known = {c["crawler"] for c in json.loads(_engine.shipped_crawlers())["crawlers"]}
    assert set(crawler_ranges.SOURCES) <= known
    assert all(url.startswith("https://") for url in crawler_ranges.SOURCES.values())


_VALUES = st.recursive(
    st.none() | st.text(max_size=20) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["prefixes", "ipv4Prefix"]), inner),
    max_leaves=8,
)


@given(st.binary(max_size=200) | _VALUES.map(lambda v: json.dumps(v).encode()))
def test_no_bytes_make_the_reader_of_lists_fail_otherwise_than_in_words(body: bytes) -> None:
    try:
        ranges, _ = parse(body)
    except RangesError:
        return
    assert all(ipaddress.ip_network(r) for r in ranges)
