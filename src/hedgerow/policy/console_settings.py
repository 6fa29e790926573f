"""The settings of the console: who reaches it where, how people sign in, where its records are."""

from __future__ import annotations

from typing import Final

from hedgerow.policy import words
from hedgerow.policy.shapes import REQUIRED, Choice, Flag, Keyed, Many, Section, Setting, Text, Whole

_ROLE: Final = Choice(
    {
        "owner": "answers for the site, and for who may do what",
        "analyst": "watches, acts on principals, writes the policy",
        "privacy": "privacy officer: cases, people affected, notices",
        "counsel": "lawyer: severity, letters, notices",
        "auditor": "sees everything, changes nothing",
    }
)


def _wrong_https(text: str) -> str | None:
    if text.startswith(("https://", "http://127.0.0.1", "http://localhost", "http://[::1]")):
        return None
    return "an identity provider is reached by https (http only on the loopback, for trying it out)"


OIDC: Final = Section(
    "oidc",
    (
        Setting(
            "issuer",
            Text("https://id.example", _wrong_https, 500),
            REQUIRED,
            "URL",
            "The identity provider, as its tokens name it; its settings are read from there.",
        ),
        Setting("client_id", Text("hedgerow", None, 300), REQUIRED, "", "What the provider calls this console."),
        Setting(
            "client_secret_file",
            Text("/etc/hedgerow/oidc-secret", None, 1_000),
            None,
            "file",
            "File with the secret of this client; absent = a public client, with PKCE alone.",
        ),
        Setting("name", Text("Riverbend sign-in", None, 100), "single sign-on", "", "What the button says."),
        Setting("groups_claim", Text("groups", None, 100), "groups", "claim", "Claim of the token that lists groups."),
        Setting(
            "roles",
            Keyed(Text("privacy-team", None, 300), _ROLE, 100),
            {},
            "",
            "Which group has which role. Who is in none of them is not let in.",
        ),
    ),
    "Sign-in through an identity provider (OpenID Connect).",
)

CONSOLE: Final = Section(
    "console",
    (
        Setting(
            "enabled",
            Flag(),
            True,
            "",
            "Whether `hedgerow protect` serves the console; --no-console leaves it out too.",
        ),
        Setting(
            "listen",
            Text("127.0.0.1:8799", words.wrong_listen),
            "127.0.0.1:8799",
            "address:port",
            "Where the console is; beyond the loopback only behind a proxy that ends TLS.",
        ),
        Setting(
            "hosts",
            Many(Text("console.riverbend.example", words.wrong_host), single=True),
            [],
            "hosts",
            "Names under which it is reached, besides the loopback's.",
        ),
        Setting(
            "https",
            Flag(),
            False,
            "",
            "A proxy before the console ends TLS: cookies are bound to https, and browsers are told to stay there.",
        ),
        Setting(
            "url",
            Text("https://console.riverbend.example", None, 500),
            None,
            "URL",
            "How people reach it, for links in mails; absent = its own address.",
        ),
        Setting(
            "database",
            Text("postgresql://hedgerow@/hedgerow", None, 1_000),
            None,
            "URL",
            "Where users, cases and decisions are kept; absent = HEDGEROW_DATABASE, else console.db in the state.",
        ),
        Setting(
            "one_person",
            Flag(),
            False,
            "",
            "One person answers for all: what asks for a second person is done by the first, and recorded as such.",
        ),
        Setting(
            "two_person_policy",
            Flag(),
            False,
            "",
            "A change of the policy made in the console comes into force when a second person agrees.",
        ),
        Setting("idle_s", Whole(300, 86_400), 3_600, "seconds", "A session left alone for so long has ended."),
        Setting("longest_s", Whole(900, 7 * 86_400), 43_200, "seconds", "... and every session after this long."),
        Setting(
            "fresh_s", Whole(60, 3_600), 600, "seconds", "For dangerous acts: how long a proof of who one is counts."
        ),
        Setting("oidc", OIDC, None, "", "Sign-in through an identity provider."),
    ),
    "The console: its address, its sign-in, its records. Changed settings count from its next start.",
)
