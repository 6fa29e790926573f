"""Every setting of a policy, in one table: name, shape, default, unit, sentence. Here a site and the whole.

The reader, the JSON Schema, the reference page and the command line's explanations all follow from here.
"""

from __future__ import annotations

from typing import Final

from hedgerow.policy import defaults, words
from hedgerow.policy.console_settings import CONSOLE
from hedgerow.policy.edge_settings import ACCOUNT, HEADERS, LIMITS, LISTEN, TLS, UPSTREAM
from hedgerow.policy.judge_settings import LADDER, POSTURE, PROOF, RULE
from hedgerow.policy.map_settings import PEOPLE
from hedgerow.policy.named_shapes import FAILURE, NAME, PER_SENSITIVITY, SENSITIVITY, STANDING
from hedgerow.policy.shapes import (
    REQUIRED,
    Choice,
    Either,
    Flag,
    Keyed,
    Many,
    Section,
    Setting,
    Shape,
    Short,
    Text,
    Whole,
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
        Setting("name", NAME, REQUIRED, "", "Short name of the site; names its folder of the state."),
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
                STANDING,
                Keyed(
                    SENSITIVITY,
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
            Keyed(STANDING, Keyed(Choice(defaults.LEVELS, defaults.NO_LEVELS), PER_SENSITIVITY)),
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
                    Setting("ledger", FAILURE, "refuse", "", "The ledger cannot be written."),
                    Setting(
                        "rule", FAILURE, "pass", "", "A rule cannot be evaluated: pass ignores it, refuse refuses."
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
        Setting("limits", LIMITS, {}, "", "Limits on visitors."),
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
