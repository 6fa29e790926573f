"""The settings of the edge: where it listens, how it reaches a site, what of a request says who asks."""

from __future__ import annotations

from typing import Final

from hedgerow.policy import words
from hedgerow.policy.named_shapes import seconds
from hedgerow.policy.shapes import REQUIRED, Choice, Flag, Real, Section, Setting, Text, Whole
from hedgerow.policy.token_settings import TOKEN

LISTEN: Final = Section(
    "listen",
    (
        Setting(
            "address", Text("127.0.0.1:8700", words.wrong_listen), REQUIRED, "address:port", "Where visitors arrive."
        ),
        Setting("tls", Flag(), False, "", "End TLS here, with the sites' certificates."),
        Setting("proxy_protocol", Flag(), False, "", "Expect a PROXY protocol header (v1 or v2) on every connection."),
    ),
    "An address to listen on.",
)

LIMITS: Final = Section(
    "limits",
    (
        Setting(
            "head_timeout_s",
            Real(0.1, 600),
            20.0,
            "seconds",
            "Longest wait for a whole request head, and how long a kept connection may be idle.",
        ),
        Setting(
            "handshake_timeout_s", Real(0.1, 600), 10.0, "seconds", "Longest TLS handshake, or wait for a PROXY header."
        ),
        Setting(
            "stall_timeout_s",
            Real(0.1, 86_400),
            60.0,
            "seconds",
            "Longest pause between two pieces of what a visitor sends, or takes of an answer.",
        ),
        Setting(
            "least_bytes_per_s",
            Whole(1, 1_000_000_000),
            1_024,
            "bytes a second",
            "Least pace at which a visitor takes what waits for it, or sends a request's body.",
        ),
        Setting(
            "slow_grace_s",
            Real(0.1, 86_400),
            300.0,
            "seconds",
            "How long a visitor may be slower than that, all in all, before it is let go.",
        ),
        Setting("head_bytes", Whole(4_096, 1_048_576), 32_768, "bytes", "Longest request head, cookies included."),
        Setting("connections", Whole(1, 1_000_000), 20_000, "connections", "Most open connections, per worker."),
        Setting(
            "connections_per_address",
            Whole(1, 1_000_000),
            1_024,
            "connections",
            "Most open connections of one address, per worker: behind the PROXY protocol of one visitor's. Addresses "
            "of `trusted_hops` may have any number.",
        ),
        Setting(
            "drain_timeout_s",
            Real(0, 3_600),
            30.0,
            "seconds",
            "How long open connections may take to finish when the gateway is stopped or restarted.",
        ),
        Setting("http2_streams", Whole(1, 10_000), 100, "streams", "Most HTTP/2 streams at once on one connection."),
    ),
    "What visitors may send and how long they may take. Connections that begin after a change have the new ones.",
)

UPSTREAM: Final = Section(
    "upstream",
    (
        Setting(
            "url",
            Text("http://127.0.0.1:3000", words.wrong_upstream),
            REQUIRED,
            "URL",
            "Where the site is, without path.",
        ),
        Setting(
            "http2",
            Flag(),
            False,
            "",
            "Speak HTTP/2 to the site (prior knowledge over http, ALPN over https); no websockets by that.",
        ),
        Setting(
            "host_header", Text("www.example"), None, "host", "Send this Host to the site instead of the visitor's."
        ),
        Setting("connect_timeout_s", Real(0.1, 120), 5.0, "seconds", "Longest wait for a connection to the site."),
        Setting(
            "answer_timeout_s",
            Real(0.1, 3600),
            60.0,
            "seconds",
            "Longest wait for the first byte of the answer, from the last piece of the request on; a request slower "
            "than 1 KiB a second puts it off for five minutes only.",
        ),
        Setting("idle_timeout_s", Real(0.1, 3600), 60.0, "seconds", "Longest pause between two pieces of the answer."),
        Setting("keep_idle", Whole(0, 10_000), 64, "connections", "Connections kept open and idle, per worker."),
        Setting(
            "ca_file",
            Text("/etc/ssl/site-ca.pem"),
            None,
            "file",
            "Authority of the site's certificate; absent = public ones.",
        ),
    ),
    "Where the site is and how long it may take.",
)

TLS: Final = Section(
    "tls",
    (
        Setting(
            "certificate", Text("/etc/hedgerow/chain.pem"), REQUIRED, "file", "PEM file with the certificate chain."
        ),
        Setting("key", Text("/etc/hedgerow/key.pem"), REQUIRED, "file", "PEM file with the private key."),
    ),
    "The site's certificate, for listeners that end TLS; a changed file is taken up by itself.",
)

HEADERS: Final = Section(
    "headers",
    (
        Setting(
            "people",
            Text("hedgerow-people", words.wrong_token),
            "hedgerow-people",
            "header",
            "Response header in which the application names the people an answer shows.",
        ),
        Setting(
            "account",
            Text("hedgerow-account", words.wrong_token),
            "hedgerow-account",
            "header",
            "Response header in which the application names the account that is signed in.",
        ),
        Setting(
            "account_since",
            Text("hedgerow-account-since", words.wrong_token),
            "hedgerow-account-since",
            "header",
            "Response header with the day the account was made (Unix seconds or RFC 3339).",
        ),
        Setting(
            "ja4",
            Text("x-ja4", words.wrong_token),
            None,
            "header",
            "Request header in which a trusted hop gives the JA4 print; absent = none does.",
        ),
    ),
    "Headers between the site and the gateway; none of them ever reaches a visitor.",
)

ACCOUNT: Final = Section(
    "account",
    (
        Setting("cookie", Text("session", words.wrong_token), None, "cookie", "The site's own session cookie."),
        Setting(
            "trust",
            Choice(
                {
                    "confirmed": "only after the application's header has confirmed the cookie's account",
                    "present": "a cookie is an account; for sites that cannot send the header",
                }
            ),
            "confirmed",
            "",
            "How far that cookie is believed. Anybody can invent a cookie.",
        ),
        seconds("new_for_s", 7 * 86_400, 0, 366 * 86_400, "Younger accounts have the smaller budgets of a new member."),
        Setting("sign_in", Text("/sign-in"), None, "URL", "Where people sign in, for the page that asks them to."),
        Setting("token", TOKEN, None, "", "A signed token (JWT) that says who is signed in; absent = there is none."),
    ),
    "How the site's accounts are known.",
)
