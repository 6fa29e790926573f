"""Writes the first inputs of every fuzz target into `fuzz/corpus/TARGET/`, dictionaries beside them (`TARGET.dict`).

Made by code and never committed, so that what a target starts from can be read here. Inputs a fuzzer added are kept.
"""

from __future__ import annotations

import base64
import gzip
import json
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

ROUTE_FIELDS = [
    {
        "field": 0,
        "at": [{"html": {"selector": "h1, .name > b", "attribute": None}}, {"json": {"path": [{"name": "name"}]}}],
    },
    {"field": 1, "at": [{"html": {"selector": "a[href^='mailto:']", "attribute": "href"}}]},
]

_CLAIMS = (
    b'{"sub":"ada","exp":1900000000,"made":"2021-04-09T00:00:00Z","iss":"i","aud":["a"]}',
    b'{"sub":8812,"exp":1.9e9,"nbf":1700000000,"made":1700000000.5,"aud":"a"}',
)
TOKENS = [
    *_CLAIMS,
    b'{"alg":"HS256","typ":"JWT","kid":"k","jku":"https://a.example"}\n' + _CLAIMS[0],
    b'{"alg":"HS256","crit":["b64"],"b64":false}\n' + _CLAIMS[0],
    *(
        base64.urlsafe_b64encode(h).rstrip(b"=") + b"." + base64.urlsafe_b64encode(c).rstrip(b"=") + b".AAAA"
        for h in (b'{"alg":"none"}', b'{"alg":"ES256"}', b'{"alg":"EdDSA","kid":"k"}')
        for c in _CLAIMS
    ),
]
KEYS = [
    b'{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"k","use":"sig"},'
    b'{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",'
    b'"y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","alg":"ES256","key_ops":["verify"]}]}',
    b'{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}',
    b"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
    b"-----END PUBLIC KEY-----\n",
]


def site() -> dict[str, object]:
    """A compiled site with something in every place that is parsed further."""
    return {
        "name": "directory",
        "hosts": ["*"],
        "mode": "enforce",
        "contact": "a@b.example",
        "title": "T",
        "upstream": {
            "scheme": "http",
            "host": "127.0.0.1",
            "port": 1,
            "connect_timeout_s": 1.0,
            "answer_timeout_s": 1.0,
            "idle_timeout_s": 1.0,
            "keep_idle": 1,
        },
        "trusted_hops": ["127.0.0.0/8", "::1/128"],
        "headers": {
            "people": "hedgerow-people",
            "account": "hedgerow-account",
            "account_since": "since",
            "ja4": "x-ja4",
        },
        "account": {"cookie": "sid", "trust": "confirmed", "new_for_s": 0},
        "fields": [{"name": "name", "sensitivity": "basic"}, {"name": "email", "sensitivity": "contact"}],
        "routes": [
            {
                "name": "profile",
                "path": "/members/{person}",
                "kind": "profile",
                "family": "f",
                "person": "path",
                "fields": ROUTE_FIELDS,
                "on_unreadable": "refuse",
                "max_body_bytes": 100000,
            },
            {
                "name": "list",
                "path": "/members",
                "kind": "list",
                "family": "f",
                "methods": ["GET"],
                "person": {"html": {"item": "li", "id": "a", "attribute": "href", "pattern": "^/members/([0-9]+)$"}},
                "fields": ROUTE_FIELDS[1:],
                "on_unreadable": "pass",
                "max_body_bytes": 100000,
            },
            {
                "name": "api",
                "path": "/api/{rest...}",
                "kind": "api",
                "family": "f",
                "person": {"json": {"item": [{"name": "results"}, "each"], "id": [{"name": "id"}]}},
                "fields": [{"field": 0, "at": [{"json": {"path": [{"name": "n"}, {"index": 0}]}}]}],
                "on_unreadable": "refuse",
                "max_body_bytes": 100000,
            },
        ],
        "budgets": [
            {"standing": "stranger", "level": "address", "sensitivity": "contact", "hour": 1, "day": 2, "month": 3}
        ],
        "posture": {
            "raised": [{"sensitivity": "personal", "hour": 1, "day": 2}],
            "high": [],
            "learn_after_hours": 0,
            "learned_factor": 1.0,
            "newcomer_age_s": 0,
            "newcomer_raised": [],
            "newcomer_high": [],
            "calm_after_s": 0,
        },
        "signals": [["declared_automation", 10], ["header_contradiction", 10]],
        "ladder": {
            "prove_at": 1,
            "slow_at": 1,
            "refuse_at": 1,
            "prove_beyond": 1,
            "sign_in_beyond": 1,
            "refuse_beyond": 1,
            "slow_ms": 1,
            "refuse_for_s": 1,
        },
        "enforcement": {"never": [["stranger", 8]], "on_request": [["stranger", 4]]},
        "proof": {
            "easy_work": 1,
            "hard_work": 1,
            "easy_wait_s": 1,
            "hard_wait_s": 1,
            "answer_within_s": 1,
            "holds_s": 1,
            "shared_networks": 1,
        },
        "rules": [{"name": "r", "when": "request.path.startsWith('/a')", "then": "prove", "weight": None}],
        "bait": {"paths": ["/trap"]},
        "robots": "user-agent: *\ndisallow: /private\n",
        "failures": {"ledger": "refuse", "rule": "pass"},
        "privacy": {"sealed_address_days": 0, "honour_gpc": True},
    }


RULES = [
    "request.path.startsWith('/members') && state.people_hour.personal > 10",
    "identity.lane == 'visitor' || identity.asn in [64496, 64497]",
    "request.headers['user-agent'].contains('curl') ? true : false",
    "size(request.query) > 100 && request.headers.exists(h, h.startsWith('x-'))",
    "int(request.headers['x-number']) / 0 == 1u % 0u",
    "request.user_agent.matches('^(a+)+$')",
    "duration('1h') < duration('90m') && timestamp('2026-01-01T00:00:00Z') > timestamp('2025-01-01T00:00:00Z')",
    "[1, 2.0, -3][0] == {'a': {'b': [1]}}.a.b[0]",
    "has(identity.agent) && !(state.risk >= 50) && b'a\\x00' == b'b' && '\\u00e9' < r'\\d'",
    "[1, 2, 3].map(x, x * 9223372036854775807).filter(y, y > -1).all(z, z != 0)",
    "type(1) == int && dyn(null) == null && string(1.5e300) + '' == double('nan').getFullYear()",
    "(" * 60 + "true" + ")" * 60,
    "!" * 100 + "true",
    "1" + "+1" * 200 + " == 201",
    "true ? true : false" + " || false" * 50,
    "[" * 40 + "]" * 40 + " == []",
]

HTML = [
    b"<!DOCTYPE html><title>Ann</title><h1>Ann <b>E</b></h1><p class=email>a@b<img class=photo src=x>",
    b"<ul><li class=member><a href=/members/1>x</a><b class=name>A</b><i class=email>a</i></li></ul>",
    b"<table><tr><td class=mail>a<td>b</table><meta charset=utf-8><noscript><p class=email>x</noscript>",
    b"<svg><title class=email>a</title><![CDATA[<p class=email>]]></svg><!--<p class=email>--><script>'</script",
]

REQUESTS = [
    b"members/42\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\n"
    b"Accept: text/html,*/*;q=0.8\n"
    b"Sec-Fetch-Mode: navigate\nSec-Fetch-Dest: document\nCookie: sid=abc; a=b; __Host-hedgerow=AAAA\n"
    b":h2: 1:65536;2:0|0|0|m,a,s,p\n",
    b"a.css\nUser-Agent: Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)\n"
    b'Sec-CH-UA: "Chromium";v="140", '
    b'"Not=A?Brand";v="24"\nSec-CH-UA-Platform: "Windows"\n:ja4: t13d1516h2_8daaf6152771_02713d6af862\nSec-GPC: 1\n',
    b'members\nX-Forwarded-For: 203.0.113.9, 10.0.0.1\nX-Forwarded-For: "a, [2001:db8::1]:80\n'
    b'Forwarded: for="_x\\"";proto=https, for=unknown\n'
    b"X-Forwarded-Proto: https\nX-JA4: x\nhedgerow-account: 42\nhedgerow-account-since: 2026-01-02T03:04:05Z\n"
    b"set-cookie: sid=new; Path=/\n",
    b"api\nConnection: upgrade, x-a, close\nUpgrade: websocket\nX-A: 1\nTE: trailers\n"
    b"Transfer-Encoding: chunked\nVia: 1.0 x\nExpect: 100-continue\n"
    b'Accept-Encoding: gzip;q=0.5, br, *;q=0\nContent-Type: text/html; charset="utf-8"\nhedgerow-people: "42"\n'
    b"x-drill-clock: 1800000000\n",
]


def client_hello(name: bytes) -> bytes:
    """A small ClientHello in one TLS record (RFC 8446, section 4.1.2)."""

    def sized(form: str, body: bytes) -> bytes:
        return struct.pack(form, len(body)) + body

    sni = sized(">H", b"\0" + sized(">H", name))
    alpn = sized(">H", sized(">B", b"h2") + sized(">B", b"http/1.1"))
    extensions = [
        (0, sni),
        (16, alpn),
        (0x0A0A, b""),
        (43, b"\x04\x03\x04\x03\x03"),
        (13, b"\0\x04\x04\x03\x08\x04"),
        (10, b"\0\x02\0\x1d"),
    ]
    listed = b"".join(struct.pack(">H", kind) + sized(">H", body) for kind, body in extensions)
    body = b"\x03\x03" + bytes(32) + b"\0" + sized(">H", b"\x0a\x0a\x13\x01\x13\x02") + b"\x01\0" + sized(">H", listed)
    shake = b"\x01" + struct.pack(">I", len(body))[1:] + body
    return b"\x16\x03\x01" + sized(">H", shake)


def h2_flight() -> bytes:
    """What follows the HTTP/2 preface: settings, window, a header block, partly in Huffman code (RFC 9113, 7541)."""

    def frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
        return struct.pack(">I", len(body))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + body

    settings = struct.pack(">HIHI", 1, 65536, 4, 6291456)
    block = b"\x82\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff\x87\x84" + b"\x40\x03x-a\x01b"
    return frame(4, 0, 0, settings) + frame(8, 0, 0, struct.pack(">I", 15663105)) + frame(1, 5, 1, block)


def mmdb() -> bytes:
    """The smallest MaxMind database: a tree of one node, both sides with the same record."""

    def text(value: str) -> bytes:
        return bytes([0x40 + len(value)]) + value.encode()

    def uint16(value: int) -> bytes:
        return b"\xa2" + struct.pack(">H", value)

    record = b"\xe1" + text("autonomous_system_number") + b"\xc2\xfb\xf0"
    pairs = [
        ("node_count", b"\xc1\x01"),
        ("record_size", uint16(24)),
        ("ip_version", uint16(6)),
        ("binary_format_major_version", uint16(2)),
        ("binary_format_minor_version", uint16(0)),
        ("build_epoch", b"\x02\x02\x12\x34"),
        ("database_type", text("ASN")),
        ("languages", b"\x00\x04"),
        ("description", b"\xe0"),
    ]
    meta = bytes([0xE0 + len(pairs)]) + b"".join(text(k) + v for k, v in pairs)
    pointer = struct.pack(">I", 1 + 16)[1:]
    return pointer + pointer + bytes(16) + record + b"\xab\xcd\xefMaxMind.com" + meta


def certificate() -> list[bytes]:
    """A key and a self-signed certificate, when openssl is here to make them."""
    if shutil.which("openssl") is None:
        return []
    with tempfile.TemporaryDirectory() as folder:
        key, chain = Path(folder, "key.pem"), Path(folder, "chain.pem")
        command = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "1",
            "-subj",
            "/CN=www.example.org",
            "-keyout",
            str(key),
            "-out",
            str(chain),
        ]
        subprocess.run(command, check=True, capture_output=True)
        return [chain.read_bytes() + key.read_bytes(), chain.read_bytes(), key.read_bytes()]


def seeds() -> dict[str, list[bytes]]:
    """The first inputs, by target."""
    page = b"<html><body>" + b"<p>hello hedgerow</p>" * 20 + b"</body></html>"
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    raw = deflate.compress(page) + deflate.flush()
    brotli = bytes.fromhex("0b028068656c6c6f0a03")
    zstd = bytes.fromhex("28b52ffd2005290000") + b"hello"
    codings = [
        b"\xfc" + gzip.compress(page),
        b"\x00" + gzip.compress(page) * 2,
        b"\xfd" + zlib.compress(page),
        b"\xfd" + raw,
        b"\xfe" + brotli,
        b"\xff" + zstd,
    ]
    document = {
        "rest": [1, 2.5, None],
        "results": [
            {
                "id": 7,
                "name": "Ann",
                "contact": {"email": "a@x", "k": [True]},
                "photos": ["p", "q"],
                "towns": [{"t": 1}, {"t": "b"}],
            },
            {"id": "b/1", "name": {"x": 1}, "contact": None, "photos": {"0": 1}},
            "x",
            [],
        ],
    }
    documents = [
        json.dumps(document).encode(),
        json.dumps(document, indent=1).encode(),
        json.dumps(document["results"][0]).encode(),  # type: ignore[index]
        b'{"results":[{"n\\u0061me":"\\ud83d\\ude00","id":1,"id":2}]}',
        b'\xef\xbb\xbf{"name":-0.5e+3}',
    ]
    header = {
        "format": 1,
        "site": "s",
        "policy": "p",
        "fields": ["name"],
        "writer": "aa",
        "number": 1,
        "after": 0,
        "previous": "0" * 32,
        "begun_ms": 1,
    }
    entry = {
        "n": 1,
        "t": 2,
        "k": "disclosure",
        "ref": "0123-4567-89AB",
        "part": 1,
        "a": "0" * 24,
        "lane": "visitor",
        "st": "stranger",
        "r": "r",
        "f": "f",
        "m": "GET",
        "code": 200,
        "act": "mask",
        "mode": "watch",
        "why": ["budget.personal.session"],
        "p": [["42", 3, 4]],
        "note": "x",
    }
    lines = "\n".join(json.dumps(e) for e in (header, entry, {**entry, "n": 2, "k": "gap"})).encode()
    sealed = json.dumps({"a": "01" * 12, "n": "00" * 12, "b": "00" * 32}).encode()
    solution = {
        "solution": {"counter": 1, "derivedKey": "00" * 32, "time": 3},
        "parameters": {"nonce": "00", "cost": 1, "data": {"for": 1}},
    }
    policy = {"format": 1, "id": "x", "sites": [site()]}
    ranges = {
        "format": 1,
        "crawlers": [
            {
                "crawler": "bingbot",
                "agents": ["bingbot"],
                "ranges": ["192.0.2.0/24", "2001:db8::/32"],
                "dns": [".search.msn.com", "a-*.example.com"],
                "source": "x",
                "as_of": "2026-11-01",
            }
        ],
    }
    proxy = b"\r\n\r\n\0\r\nQUIT\n"
    return {
        "proxy_protocol": [
            b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\nGET /",
            b"PROXY TCP6 2001:db8::1 ::1 1 2\r\n",
            b"PROXY UNKNOWN\r\n",
            proxy + b"\x21\x11\0\x0c" + bytes(12),
            proxy + b"\x20\0\0\0",
            proxy + b"\x21\x21\0\x27" + bytes(36) + b"\x04\0\0",
        ],
        "client_hello": [client_hello(b"www.example.org"), client_hello(b"")],
        "guard": [
            b"\x07GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n",
            b"\x40POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"\x01POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX: y\r\n"
            b"\r\nGET / HTTP/1.0\r\n\r\n",
            b"\x09CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
            b"\xffOPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
        ],
        "flight": [h2_flight(), b"\0\0\0\x04\0\0\0\0\0"],
        "policy": [json.dumps(policy).encode(), b"li.member > a[href^='/m']:nth-child(2n+1):not(.x)", b"*"],
        "robots": [
            b"User-agent: *\nDisallow: /a*b$\nAllow: /\xc3\xa9%2F\n# c\r\nuser-agent: x\nuser-agent: y/1.0\n"
            b"disallow:\n/a/b"
        ],
        "log_lines": [bytes([n]) + line + b"\n" + line for n, line in enumerate(LOG_LINES)]
        + [b"\0" + b"\n".join(LOG_LINES)],
        "log_formats": [
            b'\1$remote_addr - $remote_user [$time_local] "$request" $status "$http_user_agent"',
            b'\0%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"',
        ],
        "log_replay": [bytes([how]) + b"\n".join(LOG_LINES[:5] * 3) for how in (0, 65, 130)] + [b"\x03"],
        "named_people": [
            b'"42";fields="name email", "43", tok;fields=name, 7',
            b'("a" "b");x=1, ?1, :aGk=:, 1.5, @12, %"a%c3%a9"',
        ],
        "coding": codings,
        "forwarded": [bytes([f]) + r for f in (0, 16, 24) for r in REQUESTS],
        "cookie": [bytes([f, 30, 65]) + r for f in (2, 5, 13) for r in REQUESTS],
        "json_mask": [bytes([f, 9]) + d for f in (0, 1, 2) for d in documents],
        "html_mask": [bytes([f, 9]) + h for f in (2, 3, 10) for h in HTML]
        + [bytes([f, 5]) + bytes(range(128 + start, 192, 7)) + b" text" for f in (0, 1) for start in range(7)]
        + [
            bytes([32 | f, 5]) + bytes(b for n in range(12) for b in (128 + n % 5, (start + 17 * n) % 256))
            for f in (0, 1, 4, 5)
            for start in range(0, 170, 10)
        ]
        + [bytes([32 | f, 9]) + h.replace(b"SECRET", b"#") for f in (0, 1, 5) for h in HTML],
        "ledger": [bytes([f]) + lines for f in (0, 0x80, 0x40)] + [b"\x05" + b"0" * 32 + b" {}\n", b"\x05" + sealed],
        "form": [b"q=Ada+Quill%26feather&page=2&&flag&q=second", b"token=%ff%c3%a9&back=%2Fa&=x&="],
        "proof": [
            b"\0\0A" + json.dumps(solution).encode(),
            b"\x01\x07B" + json.dumps(solution).encode(),
            b"\0\0A" + b"/members?page=2",
            b"\0\0A" + base64.b64encode(bytes(61)),
        ],
        "cel": [r.encode() for r in RULES],
        "pem": [b"\0" + c for c in certificate()]
        + [b"\x80-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"\x80"],
        "token": [bytes([flags, 200, 65]) + t for flags in (0, 1, 17, 49) for t in TOKENS]
        + [b"\x02\0\0" + k for k in (*KEYS, *certificate())],
        "crawlers": [json.dumps(ranges).encode(), b"crawl-1.googlebot.com"],
        "asn": [
            b"\x00" + mmdb(),
            b"\x011.0.0.0\t1.0.0.255\t64496\tX\n2001:db8::\t2001:db8::ff\tAS64497\tY\tN\tmobile\n# c\n",
        ],
        "headers": [bytes([f]) + r for f in (0, 8, 16) for r in REQUESTS],
        "measures": [measures(*acts) for acts in (("refuse",), ("budget", "watch"), ("prove", "release"), ())]
        + [
            measures_for_everybody(
                {"act": "posture", "posture": "high"}, {"act": "mask", "field": "email", "route": "r"}
            ),
            measures_for_everybody(
                {"act": "close", "route": "r"}, {"act": "posture", "posture": "raised", "route": "r"}
            ),
        ],
        "letter": [
            b"hedgerow-token=" + b"0" * 80 + b"&reference=7K3M-Q2ZD-90XF&message=a%0D%0Ab&reply=a%40b.c&aid=yes",
            b"hedgerow-token=&where=a%0Ab&since=2026&records=Ann%3BFern%0ABob&reply=%e2%80%ae",
        ],
    }


def measures(*acts: str) -> bytes:
    """A file of measures about somebody whom the target knows, one at each level in turn."""
    levels = ("session", "address", "network")
    lines = [
        {
            "id": f"m-{number}",
            "site": "club",
            "level": levels[number],
            "name": "0a" * 12,
            "act": act,
            **({"factor": 4} if act == "budget" else {}),
            "from_s": 1_799_999_000,
            "until_s": 1_800_009_000,
            "by": "x",
            "why": "y",
        }
        for number, act in enumerate(acts)
    ]
    return json.dumps({"format": 1, "measures": lines}).encode()


def measures_for_everybody(*decided: dict[str, str]) -> bytes:
    """A file of measures about the target's own site."""
    times = {"from_s": 1_799_999_000, "until_s": 1_800_009_000}
    lines = [{"id": f"w-{n}", "site": "club", **one, **times, "why": "y"} for n, one in enumerate(decided)]
    return json.dumps({"format": 1, "measures": lines}).encode()


WORDS: dict[str, list[str]] = {
    "measures": [
        '"act":"posture","posture":"high"',
        '"act":"mask","field":"email"',
        '"act":"close","route":"r"',
        '"act":"release"',
        '"act":"refuse"',
        '"act":"prove"',
        '"level":"account"',
        '"level":"client"',
        '"factor":',
    ],
    "log_lines": [
        '] "GET /members/7 HTTP/1.1" 200 1 "-" "',
        "[10/Oct/2025:13:55:36 +0000]",
        "#Fields: date time c-ip cs-uri-stem sc-status",
        '"request":{',
        "RequestMethod",
        "2025-10-10T20:55:36Z",
        "\\x22",
    ],
    "log_formats": ["$remote_addr", "$time_local", "$request", "$status", "log_format", "LogFormat", "%{", "}t", "%>s"],
    "log_replay": ['] "GET /members/7 HTTP/1.1" 200 1 "-" "', "[10/Oct/2025:13:55:36 +0000]", "192.0.2.7 - ada ["],
    "html_mask": [
        "<p class=email>",
        "</",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<script",
        "</script>",
        "<noscript>",
        "<template>",
        "<svg>",
        "<math>",
        "<title>",
        "<textarea>",
        "<select>",
        "<plaintext>",
        "<frameset>",
        "<table>",
        "<li class=member>",
        "<a href=/members/1>",
        '="',
        "<?",
    ],
    "json_mask": [
        '"results":',
        '"name":',
        '"contact":{"email":',
        '"photos":[',
        '"id":',
        "\\u0061",
        "\\ud83d\\ude00",
        "null",
        "1e5",
        "-0.",
    ],
    "cel": [
        "request.",
        "identity.",
        "state.",
        ".matches(",
        ".exists(x, ",
        ".all(x, ",
        ".map(x, ",
        ".filter(",
        "size(",
        "duration(",
        "timestamp(",
        "int(",
        "uint(",
        "double(",
        "string(",
        "bytes(",
        "has(",
        "max(",
        "min(",
        " in ",
        "&&",
        "||",
        " ? ",
        ".startsWith(",
        "[",
        "{'a':",
        "r'",
        "b'",
        "-9223372036854775808",
    ],
    "policy": [
        '"sites":',
        '"routes":',
        '"path":',
        "{person}",
        "{rest...}",
        '"html":',
        '"json":',
        '"when":',
        '"pattern":',
        ":nth-child(",
        ":not(",
        "[a^='b']",
    ],
    "proof": [
        '"solution":',
        '"counter":',
        '"derivedKey":',
        '"parameters":',
        '"cost":',
        '"keyPrefix":',
        '"keyLength":',
        '"algorithm":"PBKDF2/SHA-512"',
        '"algorithm":"SCRYPT"',
        '"algorithm":"ARGON2ID"',
        '"memoryCost":',
        '"parallelism":',
        '"expiresAt":',
        '"salt":',
        '"nonce":',
        '"data":',
    ],
    "ledger": ['"n":', '"t":', '"k":"reveal"', '"ref":"', '"p":[["', '"a":"', '"why":['],
    "forwarded": [
        "forwarded: ",
        "x-forwarded-for: ",
        "for=",
        ";proto=https",
        '\\"',
        "[2001:db8::1]",
        "198.51.100.7",
        "10.0.0.1",
        "unknown",
        "_x",
    ],
    "cookie": [
        "cookie: ",
        "__Host-hedgerow=",
        "user-agent: ",
        "sec-ch-ua: ",
        "sec-fetch-mode: navigate",
        "accept: ",
        "hedgerow-account: ",
        ":h2: ",
        ":ja4: ",
        "set-cookie: sid=",
        "Chrome/140.0",
        "Firefox/140.0",
        "Googlebot/2.1",
        "compatible;",
        "hedgerow-account-since: 2026-01-02T03:04:05Z",
    ],
    "token": [
        '"alg":"HS256"',
        '"kid":"k"',
        '"crit":["x"]',
        '"exp":1900000000',
        '"sub":"',
        '"made":',
        '"aud":["a"]',
        '"iss":"i"',
        '"kty":"RSA","n":"',
        '"use":"sig"',
        "-----BEGIN PUBLIC KEY-----",
        "eyJhbGciOiJFUzI1NiJ9.",
    ],
    "headers": [
        "connection: ",
        "upgrade",
        "transfer-encoding: ",
        "content-type: ",
        "accept-encoding: ",
        ";q=",
        "charset=",
        "x-drill-clock: ",
        "te: trailers",
    ],
    "guard": [
        "Host: ",
        "Content-Length: ",
        "Transfer-Encoding: chunked",
        "HTTP/1.1\r\n",
        "\r\n\r\n",
        "0\r\n\r\n",
        "Connection: ",
        "Upgrade: ",
        "Expect: ",
    ],
}


LOG_LINES = [
    b'192.0.2.7 - ada [10/Oct/2025:13:55:36 -0700] "GET /members/7?a=b HTTP/1.1" 200 12 "-" "Mozilla/5.0 \\x22x\\x22"',
    b'www.example:443 2001:db8::7 - - [10/Oct/2025:13:55:36 +0000] "GET /members/8 HTTP/2.0" 304 - "-" "curl/8.5"',
    b'{"ts":1760104536.25,"request":{"client_ip":"198.51.100.7","method":"GET","host":"h","uri":"/members/9",'
    b'"headers":{"User-Agent":["curl/8.5"]}},"user_id":"","status":200}',
    b'{"ClientHost":"198.51.100.7","RequestMethod":"GET","RequestPath":"/members/7","DownstreamStatus":404,'
    b'"StartUTC":"2025-10-10T20:55:36.5Z","request_User-Agent":"x"}',
    b"h2 2025-10-10T20:55:36.186641Z app/x 198.51.100.7:2817 10.0.0.1:80 0.0 0.1 0.0 200 200 34 366 "
    b'"GET https://www.example:443/members/7 HTTP/2.0" "Mozilla/5.0" - -',
    b"#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query c-ip cs(User-Agent) sc-status\n"
    b"2025-10-10 20:55:36 10.0.0.1 GET /members/7 a=b 198.51.100.7 Mozilla/5.0+(X11) 200",
    b'192.0.2.7 - - [2025-10-10T20:55:36+00:00] "GET /members/7 HTTP/1.1" 200 "x" "203.0.113.5, 10.0.0.1"',
    b"1760104536.250|192.0.2.7|GET|/members/7|b=c|304|h.example",
    b'192.0.2.7 2025-10-10 13:55:36 -0700 GET /members/7?a=b HTTP/1.1 200 1234 "203.0.113.5" %',
]


def escaped(word: str) -> str:
    """A word as a libFuzzer dictionary has it."""
    return '"' + "".join(c if " " <= c <= "~" and c not in '"\\' else f"\\x{ord(c):02x}" for c in word) + '"'


def main() -> None:
    """Writes everything below `fuzz/corpus`."""
    corpus = Path(__file__).parent / "corpus"
    targets = sys.argv[1:]
    for target, inputs in seeds().items():
        if targets and target not in targets:
            continue
        folder = corpus / target
        folder.mkdir(parents=True, exist_ok=True)
        for number, text in enumerate(inputs):
            (folder / f"seed-{number:02}").write_bytes(text)
        if target in WORDS:
            (corpus / f"{target}.dict").write_text("".join(f"{escaped(w)}\n" for w in WORDS[target]), encoding="ascii")


if __name__ == "__main__":
    main()
