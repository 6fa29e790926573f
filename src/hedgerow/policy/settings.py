"""Every setting of a policy, in one table: name, shape, default, unit, sentence.

The reader, the JSON Schema, the reference page and the command line's explanations all follow from here.
"""

from __future__ import annotations

from typing import Final

from hedgerow.policy import defaults, words
from hedgerow.policy.console_settings import CONSOLE
from hedgerow.policy.shapes import (
    REQUIRED,
    Choice,
    Either,
    Flag,
    Keyed,
    Limits,
    Many,
    Real,
    Section,
    Setting,
    Shape,
    Short,
    Text,
    Whole,
)

_NAME: Final = Text("members", words.wrong_name, 64)
_SELECTOR: Final = Text("li.member", words.wrong_selector)
_JSON_PATH: Final = Text("$.results[*]", words.wrong_json_path)
_SENSITIVITY: Final = Choice(defaults.SENSITIVITIES)
_STANDING: Final = Choice(defaults.STANDINGS)
_FAILURE: Final = Choice(
    {
        "refuse": "answer with an error; nobody is shown",
        "pass": "let the answer pass as it is, and say so in the ledger",
    }
)
_PATTERN: Final = Text("/members/([0-9]+)", words.wrong_pattern)

DEFAULT_PATTERN: Final = r"([^/?#]+)/?(?:[?#].*)?$"
"""The last part of a path: what an identifier in a link usually is."""


def _seconds(name: str, default: int, low: int, high: int, sentence: str) -> Setting:
    return Setting(name, Whole(low, high), default, "seconds", sentence)


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
        Setting("http2", Flag(), False, "", "Speak HTTP/2 to the site (prior knowledge over http, ALPN over https)."),
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
        _seconds(
            "new_for_s", 7 * 86_400, 0, 366 * 86_400, "Younger accounts have the smaller budgets of a new member."
        ),
        Setting("sign_in", Text("/sign-in"), None, "URL", "Where people sign in, for the page that asks them to."),
    ),
    "How the site's accounts are known.",
)

PERSON: Final = Either(
    {
        "path": "the {person} of the route's path",
        "header": "only the application's response header says",
    },
    (
        Section(
            "person in HTML",
            (
                Setting("html", _SELECTOR, REQUIRED, "CSS selector", "The element that holds one person."),
                Setting(
                    "id",
                    _SELECTOR,
                    None,
                    "CSS selector",
                    "Descendant with the identifier; absent = the element itself.",
                ),
                Setting("attribute", Text("href", words.wrong_token), "href", "", "Attribute with the identifier."),
                Setting(
                    "pattern", _PATTERN, DEFAULT_PATTERN, "regular expression", "Its first group is the identifier."
                ),
            ),
        ),
        Section(
            "person in JSON",
            (
                Setting(
                    "json", _JSON_PATH, REQUIRED, "JSON path", "Where each person is; `$` = the document is one person."
                ),
                Setting("id", _JSON_PATH, "$.id", "JSON path", "The identifier, below the person."),
            ),
        ),
    ),
)

FIELD_SOURCE: Final = Either(
    {},
    (
        Section(
            "field in HTML",
            (
                Setting(
                    "html", _SELECTOR, REQUIRED, "CSS selector", "Elements that hold the field, inside the person's."
                ),
                Setting(
                    "attribute",
                    Text("src", words.wrong_token),
                    None,
                    "",
                    "Only this attribute holds it; absent = the element.",
                ),
            ),
        ),
        Section(
            "field in JSON",
            (Setting("json", _JSON_PATH, REQUIRED, "JSON path", "Values that hold the field, below the person."),),
        ),
    ),
)

ROUTE: Final = Section(
    "route",
    (
        Setting(
            "path",
            Text("/members/{person}", words.wrong_template),
            REQUIRED,
            "path template",
            "Which paths; `{person}` catches the identifier, `{name}` one part, `{name...}` the rest.",
        ),
        Setting("name", _NAME, None, "", "Short name for the ledger; absent = made from the path."),
        Setting(
            "methods",
            Many(Choice({m: m for m in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")}), single=True),
            [],
            "",
            "Methods of this route; absent = all.",
        ),
        Setting(
            "kind",
            Choice(
                {
                    "profile": "one person",
                    "list": "several people",
                    "search": "several people, found by words",
                    "api": "data for programs",
                    "export": "many people as a file",
                    "other": "anything else",
                }
            ),
            REQUIRED,
            "",
            "What the route is for.",
        ),
        Setting("family", _NAME, "people", "", "Routes of one family share one budget and one posture."),
        Setting("person", PERSON, REQUIRED, "", "How its people are read. The application's header comes before this."),
        Setting(
            "fields",
            Keyed(_NAME, Many(FIELD_SOURCE, single=True, least=1, most=32), 64),
            {},
            "",
            "Where each field is, on this route.",
        ),
        Setting("on_unreadable", _FAILURE, "refuse", "", "What happens when an answer cannot be read or masked."),
        Setting(
            "max_body_mib",
            Real(0.001, 256),
            8.0,
            "MiB",
            "Longest answer that is read; beyond it on_unreadable applies.",
        ),
    ),
    "One line of the people map.",
)

PEOPLE: Final = Section(
    "people",
    (
        Setting("fields", Keyed(_NAME, _SENSITIVITY, 64), {}, "", "Every field of a person, and how sensitive it is."),
        Setting("routes", Many(ROUTE, most=500), [], "", "The routes that show people."),
        Setting(
            "members",
            Whole(1, 4_000_000_000),
            None,
            "people",
            "How many people the site has, for shares of them; absent = as many as the ledger has seen.",
        ),
    ),
    "The people map: which routes show people, and where on them.",
)

_PER_SENSITIVITY: Final = Keyed(_SENSITIVITY, Limits())
_POSTURE_LIMITS: Final = Keyed(_SENSITIVITY, Limits(month=False))
_NEWCOMERS: Final = Keyed(_STANDING, Keyed(_SENSITIVITY, Whole(0, 100_000)))

UNUSUAL: Final = Section(
    "unusual",
    (
        Setting(
            "days",
            Whole(0, 60),
            14,
            "days",
            "Whoever was shown to no stranger for one to two times so long is visited by nobody; 0 = not looked at.",
        ),
        Setting("people", Whole(1, 1_000_000), 60, "people", "Such people in a day, before the posture is raised, ..."),
        Setting("factor", Real(1.0, 100.0), 2.0, "times", "... and this many times what is usual, ..."),
        Setting(
            "share_percent",
            Whole(0, 100),
            30,
            "percent",
            "... and at least this share of everybody strangers are shown in a day. Twice as many: high.",
        ),
    ),
    "When strangers together are shown people whom nobody usually visits. Nothing is concluded before days + 7 days.",
)

POSTURE: Final = Section(
    "posture",
    (
        Setting(
            "raised",
            _POSTURE_LIMITS,
            defaults.RAISED,
            "people",
            "All strangers together, before every newcomer's allowance shrinks.",
        ),
        Setting("high", _POSTURE_LIMITS, defaults.HIGH, "people", "... before it shrinks to next to nothing."),
        Setting(
            "learn_after_hours",
            Whole(0, 8_760),
            168,
            "hours",
            "With this much history, learned thresholds replace the written ones; 0 = never.",
        ),
        Setting(
            "learned_factor",
            Real(1.0, 100.0),
            2.0,
            "times",
            "A learned threshold is this many times the usual, and never under the written one.",
        ),
        _seconds(
            "newcomer_age_s", 86_400, 60, 30 * 86_400, "Whoever was first seen less than this long ago is a newcomer."
        ),
        Setting(
            "newcomers_raised",
            _NEWCOMERS,
            defaults.NEWCOMERS_RAISED,
            "people a day",
            "What one newcomer may be shown while the posture is raised.",
        ),
        Setting(
            "newcomers_high",
            _NEWCOMERS,
            defaults.NEWCOMERS_HIGH,
            "people a day",
            "... while it is high.",
        ),
        Setting(
            "newcomer_days",
            Whole(0, 30),
            2,
            "days",
            "... and so is whoever was shown people on fewer different days of the last thirty.",
        ),
        Setting(
            "known_factor",
            Real(0.0, 100.0),
            2.0,
            "times",
            "While it is high, somebody known is shown this many times the personal fields of a usual day of its own.",
        ),
        Setting("unusual", UNUSUAL, {}, "", "People nobody usually visits."),
        _seconds(
            "calm_after_s", 3_600, 60, 7 * 86_400, "The posture falls one step after this long below its threshold."
        ),
    ),
    "How tense the site gets when strangers together are shown unusually many people.",
)

LADDER: Final = Section(
    "ladder",
    (
        Setting("prove_at", Whole(1, 10_000), 50, "points", "Points of signals for a challenge."),
        Setting("slow_at", Whole(1, 10_000), 80, "points", "... to slow down."),
        Setting("refuse_at", Whole(1, 10_000), 120, "points", "... to refuse."),
        Setting(
            "prove_beyond",
            Whole(1, 1_000_000),
            15,
            "people",
            "People asked for beyond the budget, in an hour, before a challenge.",
        ),
        Setting("sign_in_beyond", Whole(1, 1_000_000), 60, "people", "... before sign-in is asked."),
        Setting("refuse_beyond", Whole(1, 1_000_000), 150, "people", "... before refusal."),
        Setting("slow_ms", Whole(0, 30_000), 3_000, "milliseconds", "How long `slow` waits."),
        _seconds("refuse_for_s", 900, 1, 86_400, "How long a refusal lasts."),
    ),
    "When the steps from showing to refusing are taken.",
)

PROOF: Final = Section(
    "proof",
    (
        Setting(
            "easy_work", Whole(1, 100_000_000), 50_000, "hashes", "Work of the easiest challenge, as expected number."
        ),
        Setting("hard_work", Whole(1, 100_000_000), 500_000, "hashes", "Work of the hardest."),
        _seconds("easy_wait_s", 5, 1, 600, "Wait on the way without JavaScript, easiest."),
        _seconds("hard_wait_s", 30, 1, 600, "... hardest."),
        _seconds(
            "answer_within_s", 1_200, 60, 86_400, "How long a challenge can be answered; people with aids need time."
        ),
        _seconds("holds_s", 12 * 3_600, 60, 30 * 86_400, "How long a solved challenge holds."),
        Setting(
            "shared_networks",
            Whole(1, 255),
            4,
            "networks",
            "More networks than this on one pass are the signal pass_shared.",
        ),
    ),
    "Challenges: self-hosted work of the browser, or a wait without JavaScript.",
)

RULE: Final = Section(
    "rule",
    (
        Setting("name", _NAME, REQUIRED, "", "Its name, for the ledger."),
        Setting(
            "when",
            Text('request.path.startsWith("/export")', words.wrong_rule),
            REQUIRED,
            "CEL",
            "Condition over request, identity and state.",
        ),
        Setting("then", Choice(defaults.ACTIONS), None, "", "What it does."),
        Setting("weight", Whole(0, 1_000), None, "points", "Points instead of an action: the signal operator_rule."),
        Setting("last", Flag(), False, "", "Stop at this rule, even with allow."),
    ),
    "A rule of the operator.",
)

_PATH: Final = Text("/directory/all", lambda t: None if t.startswith("/") else "a path begins with `/`")

RETENTION: Final = Section(
    "retention",
    (
        Setting(
            "detail_days",
            Whole(1, 3_660),
            31,
            "days",
            "How long single disclosures are kept; a table below with a number of its own has that one.",
        ),
        Setting("entries_days", Whole(1, 3_660), None, "days", "The table of entries: requests, verdicts, reasons."),
        Setting("disclosures_days", Whole(1, 3_660), None, "days", "The tables of whom each principal was shown."),
        Setting(
            "links_days",
            Whole(1, 3_660),
            None,
            "days",
            "How long the names an address bears on different days can be linked; then the days' keys are destroyed.",
        ),
        Setting(
            "segments_days",
            Whole(31, 3_660),
            None,
            "days",
            "The segments that the gateway wrote; at least 31, as budgets are counted again from them.",
        ),
        Setting(
            "sketch_days",
            Whole(1, 3_660),
            180,
            "days",
            "The sketches: which people each principal was shown on a day, without times and requests.",
        ),
    ),
    "How long each table of the ledger is kept; what is older is deleted, with a signed record.",
)

SITE: Final = Section(
    "site",
    (
        Setting("name", _NAME, REQUIRED, "", "Short name of the site; names its folder of the state."),
        Setting(
            "hosts",
            Many(Text("www.example", words.wrong_host), single=True, least=1),
            ["*"],
            "hosts",
            "Hosts it answers for; `*` = any.",
        ),
        Setting(
            "upstream",
            Short(UPSTREAM, Text("http://127.0.0.1:3000", words.wrong_upstream), "url"),
            REQUIRED,
            "",
            "Where the site is.",
        ),
        Setting(
            "mode",
            Choice(
                {"watch": "verdicts are computed and recorded, not carried out", "enforce": "verdicts are carried out"}
            ),
            "watch",
            "",
            "Whether verdicts are carried out.",
        ),
        Setting(
            "title",
            Text("Riverbend members", None, 200),
            None,
            "",
            "Name of the site as visitors know it; absent = name.",
        ),
        Setting(
            "contact",
            Text("privacy@riverbend.example", None, 500),
            "",
            "address or URL",
            "How a visitor who was stopped reaches a human.",
        ),
        Setting(
            "security_txt",
            Choice(
                {
                    "missing": "the site's own; ours where it has none",
                    "ours": "ours, whatever the site has",
                    "site": "the site's own, or none",
                }
            ),
            "missing",
            "",
            "Whose `/.well-known/security.txt` is given: where somebody who found a leak reaches you.",
        ),
        Setting("tls", TLS, None, "", "Certificate of this site."),
        Setting(
            "trusted_hops",
            Many(Text("10.0.0.0/8", words.wrong_network), single=True),
            [],
            "networks",
            "Proxies in front whose forwarding headers are believed.",
        ),
        Setting("headers", HEADERS, {}, "", "Names of headers."),
        Setting("account", ACCOUNT, {}, "", "Accounts."),
        Setting("people", PEOPLE, {}, "", "The people map."),
        Setting(
            "show",
            Keyed(
                _STANDING,
                Keyed(
                    _SENSITIVITY,
                    Choice(
                        {
                            "budgeted": "shown within the budget",
                            "on_request": "masked until the visitor asks for this one person; then charged",
                            "never": "never shown",
                        }
                    ),
                ),
            ),
            defaults.SHOW,
            "",
            "Who is shown what at all.",
        ),
        Setting(
            "budgets",
            Keyed(_STANDING, Keyed(Choice(defaults.LEVELS), _PER_SENSITIVITY)),
            defaults.BUDGETS,
            "people",
            "Distinct people per window, by standing, level and sensitivity.",
        ),
        Setting("posture", POSTURE, {}, "", "The posture."),
        Setting(
            "signals",
            Keyed(Choice({k: s for k, (_, s) in defaults.SIGNALS.items()}), Whole(0, 1_000)),
            {k: w for k, (w, _) in defaults.SIGNALS.items()},
            "points",
            "Weight of each signal; 0 = not computed.",
        ),
        Setting("ladder", LADDER, {}, "", "The ladder."),
        Setting("proof", PROOF, {}, "", "Challenges."),
        Setting("rules", Many(RULE, most=200), [], "", "Rules of the operator, in order."),
        Setting(
            "bait", Many(_PATH, single=True), [], "paths", "Paths no person is ever led to; whoever asks took the bait."
        ),
        Setting(
            "failures",
            Section(
                "failures",
                (
                    Setting("ledger", _FAILURE, "refuse", "", "The ledger cannot be written."),
                    Setting(
                        "rule", _FAILURE, "pass", "", "A rule cannot be evaluated: pass ignores it, refuse refuses."
                    ),
                ),
                "What happens when something of ours fails.",
            ),
            {},
            "",
            "Failures.",
        ),
        Setting(
            "privacy",
            Section(
                "privacy",
                (
                    Setting(
                        "sealed_address_days",
                        Whole(0, 366),
                        14,
                        "days",
                        "How long the sealed address is kept; 0 = never kept.",
                    ),
                    Setting(
                        "honour_gpc", Flag(), True, "", "`Sec-GPC: 1` switches the client print off for that request."
                    ),
                ),
                "How little is kept.",
            ),
            {},
            "",
            "Privacy.",
        ),
        Setting("retention", RETENTION, {}, "", "How long the ledger is kept."),
        Setting(
            "legal",
            Section(
                "legal",
                (
                    Setting(
                        "notice",
                        Text("legal/privacy-notice.html"),
                        None,
                        "file",
                        "The site's privacy notice, relative to the policy file; kept by its hash for evidence.",
                    ),
                    Setting(
                        "terms",
                        Text("legal/terms.html"),
                        None,
                        "file",
                        "The site's terms of use, likewise.",
                    ),
                ),
                "Texts in force, kept with the time they came into force.",
            ),
            {},
            "",
            "Legal texts.",
        ),
    ),
    "One site behind the gateway.",
)

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

POLICY: Final = Section(
    "policy",
    (
        Setting(
            "listen",
            Many(Short(LISTEN, Text("127.0.0.1:8700", words.wrong_listen), "address"), single=True, least=1, most=64),
            ["127.0.0.1:8700"],
            "address:port",
            "Where the gateway listens.",
        ),
        Setting("workers", Whole(0, 1_024), 0, "threads", "Threads of the edge; 0 = one a core."),
        Setting(
            "memory_mib",
            Whole(16, 1_048_576),
            512,
            "MiB",
            "Memory for budgets and sessions; beyond it the least valuable go.",
        ),
        Setting(
            "asn_table",
            Text("/var/lib/asn/ip2asn.tsv", None, 1_000),
            None,
            "file",
            "Table of autonomous systems and their kinds (MaxMind .mmdb, or ranges .tsv); a changed file is taken up.",
        ),
        Setting("console", CONSOLE, {}, "", "The console."),
        Setting("sites", Many(SITE, least=1, most=500), REQUIRED, "", "The sites."),
    ),
    "A policy of Hedgerow.",
)


def table(section: Section = POLICY, prefix: str = "") -> list[tuple[str, Setting]]:
    """Every setting with its dotted name, as `sites[].ladder.prove_at`; the order is that of the file."""
    rows: list[tuple[str, Setting]] = []
    for setting in section.settings:
        name = f"{prefix}{setting.name}"
        rows.append((name, setting))
        rows += _below(setting.shape, name)
    return rows


def _below(shape: Shape, name: str) -> list[tuple[str, Setting]]:
    match shape:
        case Section():
            return table(shape, f"{name}.")
        case Short(section=section):
            return table(section, f"{name}.")
        case Many(of=of):
            return _below(of, f"{name}[]")
        case Keyed(values=values):
            return _below(values, f"{name}.*")
        case Either(sections=sections):
            rows: dict[str, tuple[str, Setting]] = {}
            for section in sections:
                for row in table(section, f"{name}."):
                    rows.setdefault(f"{row[0]} {row[1].unit}", row)
            return list(rows.values())
        case _:
            return []
