"""What a policy says of the application's signed tokens: in plain words, in the engine's tables, and of its keys."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from hedgerow.policy import load_text
from hedgerow.policy.layers import Layer, layers_of
from hedgerow.policy.loading import Compiled
from hedgerow.policy.meaning import doubts, meaning

_PEM: Final = serialization.Encoding.PEM


def compiled(token: dict[str, object] | None, people: dict[str, object] | None = None) -> Compiled:
    site = {"name": "club", "upstream": "http://127.0.0.1:1", "account": {"token": token}, "people": people}
    return load_text(json.dumps({"sites": [site]}).encode())


def public(key: PrivateKeyTypes) -> bytes:
    return key.public_key().public_bytes(_PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def private(key: PrivateKeyTypes) -> bytes:
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def test_what_a_token_does_is_said_in_plain_words(tmp_path: Path) -> None:
    file = tmp_path / "app.pem"
    said = meaning(
        compiled(
            {
                "cookie": "jwt",
                "header": "Authorization",
                "key_file": str(file),
                "algorithms": ["RS256", "ES256"],
                "issuer": "https://id.club.example",
                "audience": ["club", "shop"],
                "since": "account_created",
            }
        )
    )
    assert (
        "An account is named by the signed token in the header `Authorization` or the cookie `jwt`: claim `sub`, "
        f"made at `account_created`; signed by RS256, ES256 with a key of {file}, issued by https://id.club.example, "
        "for club or shop."
    ) in said
    short = meaning(compiled({"cookie": "jwt", "key_file": str(file), "algorithms": "EdDSA"}))
    assert "as old as it was first seen" in short
    assert "issued by" not in short


def test_a_token_compiles_to_the_engines_words() -> None:
    tables = compiled({"header": "X-Token", "key_file": "app.pem", "algorithms": ["EdDSA", "EdDSA"]}).tables
    sites = json.loads(json.dumps(tables))["sites"]
    assert sites[0]["account"]["token"] == {
        "cookie": None,
        "header": "x-token",
        "key_file": str(Path("app.pem").absolute()),
        "algorithms": ["EdDSA"],
        "issuer": [],
        "audience": [],
        "account": "sub",
        "since": None,
        "leeway_s": 60,
    }
    assert (
        json.loads(json.dumps(load_text(b"sites: [{name: a, upstream: 'http://127.0.0.1:1'}]").tables))["sites"][0][
            "account"
        ]["token"]
        is None
    )


@pytest.mark.parametrize(
    ("algorithm", "make"),
    [
        ("RS256", lambda: rsa.generate_private_key(65_537, 2_048)),
        ("PS512", lambda: rsa.generate_private_key(65_537, 2_048)),
        ("ES256", lambda: ec.generate_private_key(ec.SECP256R1())),
        ("ES384", lambda: ec.generate_private_key(ec.SECP384R1())),
        ("EdDSA", ed25519.Ed25519PrivateKey.generate),
    ],
)
def test_keys_as_openssl_writes_them_are_taken(
    tmp_path: Path, algorithm: str, make: Callable[[], PrivateKeyTypes]
) -> None:
    file = tmp_path / "app.pem"
    file.write_bytes(public(make()))
    assert not _of_keys(compiled({"cookie": "jwt", "key_file": str(file), "algorithms": algorithm}))


def test_keys_that_a_gateway_would_refuse_are_told_with_their_line(tmp_path: Path) -> None:
    file = tmp_path / "keys"

    def said(content: bytes | None, algorithm: str) -> str:
        file.unlink(missing_ok=True)
        if content is not None:
            file.write_bytes(content)
        (found,) = _of_keys(compiled({"cookie": "jwt", "key_file": str(file), "algorithms": algorithm}))
        return found

    key = ec.generate_private_key(ec.SECP256R1())
    weak = rsa.generate_private_key(65_537, 1_024)  # noqa: S505 - weak on purpose: it is refused
    for content, algorithm, words in (
        (None, "ES256", "cannot be read"),
        (b"", "ES256", "holds no key"),
        (public(key), "RS256", "none of its keys is for RS256; it holds: EC P-256"),
        (private(key), "ES256", "is a private key"),
        (public(key), "HS256", "whoever knows the public key could then sign"),
        (b"too short", "HS256", "has 9 bytes; this algorithm needs at least 32"),
        (public(weak), "RS256", "fewer than 2,048 bits"),
        (public(ec.generate_private_key(ec.SECP521R1())), "ES256", "damaged, or of a kind that is not known"),
    ):
        found = said(content, algorithm)
        assert words in found
        assert str(file) in found
        assert not content or content.decode() not in found


def test_a_token_is_a_way_to_know_accounts() -> None:
    def said(token: dict[str, object] | None) -> str:
        route = {"path": "/members/{person}", "kind": "profile", "person": "path"}
        (protection,) = layers_of(compiled(token, {"fields": {"name": "basic"}, "routes": [route]}))
        return next(acting.how for acting in protection.layers if acting.layer is Layer.IDENTITY)

    assert "`account.token` are absent" in said(None)
    assert "no account is known" not in said({"cookie": "jwt", "key_file": "app.pem", "algorithms": "EdDSA"})


def _of_keys(policy: Compiled) -> list[str]:
    return [str(d) for d in doubts(policy) if "key_file" in str(d)]
