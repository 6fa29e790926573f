"""Content codings: undone to read people, done again for the visitor."""

from __future__ import annotations

import base64
import gzip
import zlib

import pytest

from tests.gateway.policies import profile
from tests.gateway.running import Gateway, people_in
from tests.gateway.site import Exchange, Site
from tests.gateway.wire import BROWSER, Answer, CutError

PERSON = 7
"""Whose page the two constants below hold, as `profile` writes it."""
BROTLI = base64.b64decode(
    "G8QAAIzUYc2dB4JyW4vLppXnEAzVUCYKBsOKsHix2QUSqFxrS4I0CwL7eQv0QX5vNysp5eFB5HHTfrYtcEmf2JQ+4/21RTDbU97GWZWXaGwVAIVgKpKWzCHo"
    "LR8j6C0JN736i4g6XjfDTgVKJuKjBE0="
)
ZSTANDARD = base64.b64decode(
    "KLUv/QRoJQQAsocYF4BtA0Cokf2W7DPoAUtvcBmaAQKemtBd6+9dJtQPYbJRl1M3aI+PqRaY5O2giAJ+YDQNueUOv2bduOwzwTeiiL2tqKkU0Y+VHZxuxUCW"
    "msokR7b9nddluHX9vVsdq2+QATQMIBCMG3iGjIB5/SiXxrAh7SRmAQjUBoA22h9AMgcGMziIpA=="
)
PAGE = profile(PERSON).encode()
CODED = {"gzip": gzip.compress(PAGE), "deflate": zlib.compress(PAGE), "br": BROTLI, "zstd": ZSTANDARD, "identity": PAGE}


@pytest.mark.parametrize("coding", CODED)
@pytest.mark.parametrize("chunked", [False, True])
def test_a_coded_members_page_is_decoded_and_masked(
    enforcing: Gateway, module_site: Site, coding: str, chunked: bool
) -> None:
    def coded(exchange: Exchange) -> None:
        if chunked:
            data = CODED[coding]
            exchange.chunks([data[:50], data[50:51], data[51:]], Content_Encoding=coding)
        else:
            exchange.answer(CODED[coding], Content_Encoding=coding)

    module_site.on(f"/members/{PERSON}", coded)
    got = enforcing.get(f"/members/{PERSON}", BROWSER)
    assert got.status == 200
    assert got.complete
    assert got.header("content-encoding") in {"", "identity"}
    assert "Name7x" in got.text
    assert "Town7x" in got.text
    assert "mail7x" not in got.text
    assert "7" in people_in(enforcing.ledger())


def test_a_visitor_that_takes_gzip_gets_gzip(enforcing: Gateway, module_site: Site) -> None:
    module_site.on("/members/8", lambda x: x.answer(profile(8) + "<p>long</p>" * 1000))
    got = enforcing.get("/members/8", {**BROWSER, "Accept-Encoding": "gzip"})
    assert got.header("content-encoding") == "gzip"
    assert "accept-encoding" in got.header("vary").lower()
    text = gzip.decompress(got.body).decode()
    assert "Name8x" in text
    assert "mail8x" not in text
    assert text.count("<p>long</p>") == 1000


def test_the_site_is_asked_for_a_coding_that_can_be_undone(enforcing: Gateway, module_site: Site) -> None:
    enforcing.get("/members/9", {**BROWSER, "Accept-Encoding": "gzip, br, zstd, compress, x-strange"})
    asked = {c.split(";")[0].strip() for c in module_site.last("/members/9").header("accept-encoding").split(",")}
    assert asked <= {"identity", "gzip", "deflate", "br", "zstd"}


def test_ordinary_files_keep_the_visitors_own_coding(enforcing: Gateway, module_site: Site) -> None:
    packed = gzip.compress(b"file")
    module_site.on("/packed", lambda x: x.answer(packed, kind="text/plain", Content_Encoding="gzip"))
    got = enforcing.get("/packed", {"Accept-Encoding": "gzip;q=0.9, br"})
    assert got.body == packed
    assert got.header("content-encoding") == "gzip"
    assert module_site.last("/packed").header("accept-encoding") == "gzip;q=0.9, br"


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", b"this is not gzip at all"),
        ("gzip", gzip.compress(PAGE)[:-20]),
        ("br", b"\xff\xff\xff\xff\xff\xff nonsense"),
        ("zstd", b"nonsense nonsense"),
        ("x-strange", PAGE),
        ("gzip, gzip", gzip.compress(gzip.compress(PAGE))),
    ],
)
def test_a_coding_that_cannot_be_undone_shows_nobody(
    enforcing: Gateway, module_site: Site, coding: str, data: bytes
) -> None:
    module_site.on("/members/7", lambda x: x.answer(data, Content_Encoding=coding))
    got = enforcing.get("/members/7", BROWSER)
    assert got.status == 502 or not got.complete
    assert b"mail7x" not in got.body


def test_a_decompression_bomb_is_refused_in_small_memory(enforcing: Gateway, module_site: Site) -> None:
    before, pid = enforcing.resident_bytes(), enforcing.edge_pid()
    bomb = gzip.compress(b"<p>" + b"0" * (300 << 20))
    module_site.on("/members/6", lambda x: x.answer(bomb, Content_Encoding="gzip"))
    try:
        got = enforcing.get("/members/6", BROWSER)
        assert got.status == 502 or not got.complete
    except CutError:
        pass  # Nothing at all had been said yet.
    assert enforcing.edge_pid() == pid
    assert enforcing.resident_bytes() - before < 64 << 20


DIGESTS = {
    "Content_Digest": "sha-256=:AAAA:",
    "Repr_Digest": "sha-256=:AAAA:",
    "Digest": "sha-256=AAAA",
    "Content_MD5": "AAAA",
    "ETag": '"strong"',
}
"""What a site may say of its bytes."""


def digests(answer: Answer) -> list[str]:
    return [v for n in DIGESTS if n != "ETag" and (v := answer.header(n.replace("_", "-")))]


def test_a_digest_of_bytes_that_were_coded_anew_does_not_arrive(enforcing: Gateway, module_site: Site) -> None:
    shown = "<h1>Name9x</h1><p>long</p>" * 100
    module_site.on("/members/9", lambda x: x.answer(shown, 200, "text/html", **DIGESTS))
    untouched = enforcing.get("/members/9", {**BROWSER, "Accept-Encoding": "identity"})
    assert untouched.text == shown
    assert len(digests(untouched)) == 4, "nothing was changed, and what the site says of it holds"
    assert untouched.header("etag") == '"strong"'
    got = enforcing.get("/members/9", {**BROWSER, "Accept-Encoding": "gzip"})
    assert got.header("content-encoding") == "gzip"
    assert digests(got) == []
    assert got.header("etag") == 'W/"strong"'
    coded = {**DIGESTS, "Content_Encoding": "gzip"}
    module_site.on("/members/9", lambda x: x.answer(gzip.compress(shown.encode()), 200, "text/html", **coded))
    got = enforcing.get("/members/9", {**BROWSER, "Accept-Encoding": "identity"})
    assert got.text == shown
    assert digests(got) == []
    assert got.header("etag") == 'W/"strong"'
