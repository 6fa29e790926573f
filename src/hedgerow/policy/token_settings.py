"""The settings of an application's signed tokens (JWT), and what they compile to."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from hedgerow.policy import words
from hedgerow.policy.named_shapes import seconds
from hedgerow.policy.problem import Report
from hedgerow.policy.shapes import REQUIRED, Choice, Many, Section, Setting, Text
from hedgerow.policy.view import View

_FOR_SECRETS: Final = ("HS256", "HS384", "HS512")
_CLAIM: Final = 200

TOKEN: Final = Section(
    "token",
    (
        Setting("cookie", Text("access_token", words.wrong_token), None, "cookie", "Cookie that holds the token."),
        Setting(
            "header",
            Text("authorization", words.wrong_token),
            None,
            "header",
            "Request header that holds it, after `Bearer` or, in a header of your own, alone; looked at before "
            "the cookie.",
        ),
        Setting(
            "key_file",
            Text("/etc/hedgerow/app-keys.json", None, 1_000),
            REQUIRED,
            "file",
            "The application's public keys (JWK Set, JWK or PEM), or the secret of HS256, HS384, HS512; a changed "
            "file is taken up by itself.",
        ),
        Setting(
            "algorithms",
            Many(
                Choice(
                    {
                        "RS256": "RSA of 2,048 bits or more, PKCS #1 v1.5, SHA-256",
                        "RS384": "... SHA-384",
                        "RS512": "... SHA-512",
                        "PS256": "RSA of 2,048 bits or more, PSS, SHA-256",
                        "PS384": "... SHA-384",
                        "PS512": "... SHA-512",
                        "ES256": "ECDSA with P-256",
                        "ES384": "ECDSA with P-384",
                        "EdDSA": "Ed25519",
                        "HS256": "a secret that the application shares with Hedgerow, SHA-256",
                        "HS384": "... SHA-384",
                        "HS512": "... SHA-512",
                    }
                ),
                single=True,
                least=1,
                most=12,
            ),
            REQUIRED,
            "",
            "What a token may be signed with. A token that says another algorithm, or none, is refused.",
        ),
        Setting(
            "issuer",
            Many(Text("https://id.club.example"), single=True, most=20),
            [],
            "",
            "What its `iss` may be; empty = anything.",
        ),
        Setting(
            "audience",
            Many(Text("club"), single=True, most=20),
            [],
            "",
            "What its `aud` may hold; empty = a token with an `aud` is for somebody else, and refused.",
        ),
        Setting(
            "account",
            Text("sub", None, _CLAIM),
            "sub",
            "claim",
            "Claim with the account's identifier: the same as the application's header says.",
        ),
        Setting(
            "since",
            Text("account_created", None, _CLAIM),
            None,
            "claim",
            "Claim with the time the account was made (Unix seconds or RFC 3339); absent = since it was first seen.",
        ),
        seconds("leeway_s", 60, 0, 300, "How far the application's clock may differ, for `exp` and `nbf`."),
    ),
    "A token in which the application says who is signed in, believed before the site has answered.",
)


def compiled(token: View | None, report: Report) -> dict[str, object] | None:
    """The engine's `policy::Token`. What does not hold together goes into the report."""
    if token is None:
        return None
    cookie, header = token.maybe("cookie"), token.maybe("header")
    if cookie is None and header is None:
        report.add(
            token.place, "this token is nowhere: it needs `cookie`, `header` or both", "cookie: the name of the cookie"
        )
    algorithms = token.items("algorithms").texts()
    secret = [a for a in algorithms if a in _FOR_SECRETS]
    public = [a for a in algorithms if a not in _FOR_SECRETS]
    if secret and public:
        report.add(
            token.at("algorithms"),
            f"`{secret[0]}` is for a secret and `{public[0]}` for a public key: with both, whoever knows the public "
            "key could sign",
            f"algorithms: [{', '.join(public)}] or [{', '.join(secret)}], as your application signs",
        )
    return {
        "cookie": cookie,
        "header": header and header.lower(),
        # Absolute, because the edge may have been started elsewhere.
        "key_file": str(Path(token.text("key_file")).absolute()),
        "algorithms": list(dict.fromkeys(algorithms)),
        "issuer": token.items("issuer").texts(),
        "audience": token.items("audience").texts(),
        "account": token.text("account"),
        "since": token.maybe("since"),
        "leeway_s": token.whole("leeway_s"),
    }


def wrong_keys(token: View) -> str | None:
    """What is wrong with the file of keys, as the gateway would say it; `None` where there is nothing."""
    return words.wrong_token_keys(token.text("key_file"), token.items("algorithms").texts())


def in_words(token: View) -> str:
    """What the token does, for the operator."""
    header, cookie = token.maybe("header"), token.maybe("cookie")
    places = [f"the header `{header}`" if header else "", f"the cookie `{cookie}`" if cookie else ""]
    since = token.maybe("since")
    age = f"made at `{since}`" if since else "as old as it was first seen"
    said = f"  An account is named by the signed token in {' or '.join(p for p in places if p)}: "
    said += f"claim `{token.text('account')}`, {age}; signed by {', '.join(token.items('algorithms').texts())} "
    said += f"with a key of {token.text('key_file')}"
    for name, of in (("issuer", "issued by"), ("audience", "for")):
        if values := token.items(name).texts():
            said += f", {of} {' or '.join(values)}"
    return f"{said}."
