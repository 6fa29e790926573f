"""Members whom the application's signed token names: from the first request on, with the age that a claim tells."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Final

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from joserfc.util import urlsafe_b64encode

from hedgerow.control import Json
from tests.gateway.clock import DRILL, Clock, Person
from tests.gateway.conftest import StartGateway
from tests.gateway.policies import policy, small, towns
from tests.gateway.running import Gateway
from tests.gateway.site import Exchange, Site

DAY_S: Final = 86_400
NEW, OF_AGE, STRANGER = 3, 7, 2
CLOCK: Final = Clock()
ISSUER: Final = "https://id.club.example"


class Application:
    """Signs tokens, and keeps its public keys where the gateway reads them."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.keys: list[ECKey | RSAKey] = []
        self.rotate("first")

    def rotate(self, name: str) -> None:
        """Signs with a new key from now on; the one before is good as long as there are no more than two."""
        self.keys = [*self.keys[-1:], ECKey.generate_key("P-256", {"kid": name, "use": "sig"})]
        self.publish()

    def publish(self) -> None:
        """Puts its public keys in place in one step."""
        fresh = self.file.with_suffix(".fresh")
        fresh.write_text(json.dumps({"keys": [key.as_dict(private=False) for key in self.keys]}), encoding="utf-8")
        fresh.replace(self.file)

    def token(self, account: object, made_s: object = None, *, by: ECKey | None = None, **more: object) -> str:
        """A token for an hour."""
        key = by or self.keys[-1]
        claims = {"sub": account, "iss": ISSUER, "exp": CLOCK.now_s + 3_600, "account_created": made_s, **more}
        header = {"alg": "ES256", "kid": key.kid}
        return jwt.encode(header, {k: v for k, v in claims.items() if v is not None}, key)


class Member(Person):
    """Somebody whose browser has a token in its cookie."""

    def __init__(self, running: Gateway, source: str, token: str) -> None:
        super().__init__(running, source, CLOCK)
        self.visitor.cookies["access_token"] = token

    def shown(self, **headers: str) -> int:
        """How many people its first page of ten shows it whole."""
        return len(towns(self.get("/members", headers).text))


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Application:
    return Application(tmp_path_factory.mktemp("keys") / "keys.json")


@pytest.fixture(scope="module")
def running(module_site: Site, module_gateway: StartGateway, application: Application) -> Gateway:
    def sign_out(exchange: Exchange) -> None:
        exchange.answer("out", Hedgerow_Account="")

    def sign_in(exchange: Exchange) -> None:
        exchange.answer("in", Hedgerow_Account=exchange.path.rsplit("/", 1)[1])

    def echo(exchange: Exchange) -> None:
        exchange.data({"cookie": exchange.header("cookie"), "authorization": exchange.header("authorization")})

    module_site.on("/sign-out", sign_out)
    module_site.on("/sign-in/*", sign_in)
    module_site.on("/echo", echo)
    token = {
        "cookie": "access_token",
        "header": "authorization",
        "key_file": str(application.file),
        "algorithms": ["ES256", "RS256"],
        "issuer": ISSUER,
        "since": "account_created",
    }
    of_site = {
        "account": {"new_for_s": 7 * DAY_S, "token": token},
        "budgets": {
            "stranger": small("personal", STRANGER),
            "new_member": {"account": {"personal": f"{NEW}/hour"}},
            "member": {"account": {"personal": f"{OF_AGE}/hour"}},
        },
    }
    return module_gateway(policy(module_site.url, of_site), "--drill-clock", DRILL, enforce=True)


def tokens_in(running: Gateway) -> Json:
    sites = running.edge_status()["sites"]
    assert isinstance(sites, list)
    counted = sites[0]["tokens"]
    assert isinstance(counted, dict)
    return counted


def reload(running: Gateway) -> None:
    """What the gateway does by itself a few seconds after a file has changed."""
    assert running.control().ask("reload")["ok"]


def test_the_age_in_the_token_decides_the_budget_of_the_very_first_request(
    running: Gateway, application: Application
) -> None:
    now_s = CLOCK.now_s
    made: list[tuple[object, int]] = [
        (now_s - DAY_S, NEW),
        (now_s - 30 * DAY_S, OF_AGE),
        (now_s - 30 * DAY_S + 0.5, OF_AGE),
        ("2021-04-09T00:00:00Z", OF_AGE),
        (str(now_s - 30 * DAY_S), OF_AGE),
        (now_s + 30 * DAY_S, NEW),
        ("the other day", NEW),
        (None, NEW),
    ]
    for n, (since, people) in enumerate(made):
        member = Member(running, f"127.7.{n}.1", application.token(f"first{n}", since))
        assert member.shown() == people, since
    assert running.said.wait_for("neither Unix seconds nor RFC 3339")


def test_a_token_after_bearer_is_as_good_and_a_number_names_an_account_too(
    running: Gateway, application: Application
) -> None:
    api = Person(running, "127.8.1.1", CLOCK)
    bearer = f"Bearer {application.token(4711, CLOCK.now_s - DAY_S)}"
    assert len(towns(api.get("/members", {"Authorization": bearer}).text)) == NEW
    # The budget is the account's, wherever it is used.
    elsewhere = Member(running, "127.8.2.1", application.token("4711", CLOCK.now_s - DAY_S))
    assert len(towns(elsewhere.get("/members?from=21").text)) == 0


def test_a_token_that_does_not_hold_is_a_strangers_and_no_error(running: Gateway, application: Application) -> None:
    old = CLOCK.now_s - 99 * DAY_S
    good = application.token("mallory", old)
    header, claims, signature = good.split(".")
    another = urlsafe_b64encode(
        json.dumps({"sub": "ada", "iss": ISSUER, "exp": CLOCK.now_s + 9, "account_created": old}).encode()
    ).decode()
    unsigned = urlsafe_b64encode(b'{"alg":"none"}').decode()
    as_secret = urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": "first"}).encode()).decode()
    mac = hmac.new(application.file.read_bytes(), f"{as_secret}.{claims}".encode(), hashlib.sha256).digest()
    thief = ECKey.generate_key("P-256", {"kid": "first"})
    forged = {
        "signature": [f"{header}.{another}.{signature}", application.token("ada", old, by=thief)],
        "unreadable": [f"{unsigned}.{claims}.", f"{unsigned}.{claims}.{signature}", "opaque", "x" * 9_000],
        "algorithm": [
            f"{as_secret}.{claims}.{urlsafe_b64encode(mac).decode()}",
            jwt.encode({"alg": "HS256"}, {"sub": "ada"}, OctKey.import_key("k" * 40)),
        ],
        "key": [jwt.encode({"alg": "RS256", "kid": "other"}, {"sub": "ada"}, RSAKey.generate_key(2_048))],
        "expired": [application.token("ada", old, exp=CLOCK.now_s - 60)],
        "no_expiry": [application.token("ada", old, exp=None)],
        "not_yet": [application.token("ada", old, nbf=CLOCK.now_s + 90)],
        "issuer": [application.token("ada", old, iss="https://id.elsewhere.example")],
        "audience": [application.token("ada", old, aud="shop")],
        "account": [application.token("", old)],
    }
    before = tokens_in(running)["refused"]
    assert isinstance(before, dict)
    n = 0
    for reason, tokens in forged.items():
        for token in tokens:
            n += 1
            assert Member(running, f"127.9.{n}.1", token).shown() == STRANGER, reason
        after = tokens_in(running)["refused"]
        assert isinstance(after, dict)
        assert after[reason] - before.get(reason, 0) == len(tokens), reason
    assert Member(running, "127.9.99.1", good).shown() == OF_AGE
    assert running.said.wait_for("its signature is not that of a key")
    said = running.said.text
    for token in [good, *(t for tokens in forged.values() for t in tokens)]:
        assert token not in said
        assert token[-40:] not in said


def test_the_site_gets_the_token_as_it_was_sent(running: Gateway, application: Application) -> None:
    token = application.token("echo", 5)
    member = Member(running, "127.10.1.1", token)
    got = member.get("/echo", {"Authorization": f"Bearer {token}"}).data()
    assert f"access_token={token}" in str(got["cookie"])
    assert got["authorization"] == f"Bearer {token}"


def test_what_an_answer_says_is_later_than_the_token(running: Gateway, application: Application) -> None:
    member = Member(running, "127.11.1.1", application.token("noor", CLOCK.now_s - 30 * DAY_S))
    assert member.get("/about").status == 200
    member.get("/sign-out")
    assert member.shown() == STRANGER
    # The same account with a token of a new sign-in.
    again = Member(running, "127.11.2.1", application.token("noor", CLOCK.now_s - 30 * DAY_S, jti="2"))
    assert again.shown() == OF_AGE
    # The application names another account, that nobody has seen before.
    other = Member(running, "127.11.3.1", application.token("noor", CLOCK.now_s - 30 * DAY_S, jti="3"))
    other.get("/sign-in/fresh")
    assert other.shown() == NEW


def test_keys_are_rotated_without_a_restart(running: Gateway, application: Application) -> None:
    old_s = CLOCK.now_s - 30 * DAY_S
    sources = iter(f"127.12.{n}.1" for n in range(99))

    def shown(token: str) -> int:
        return Member(running, next(sources), token).shown()

    of_first = [application.token(f"rotated{n}", old_s) for n in range(3)]
    assert shown(of_first[0]) == OF_AGE
    application.rotate("second")
    of_second = application.token("second", old_s)
    assert shown(of_second) == STRANGER
    reload(running)
    assert shown(of_second) == OF_AGE
    assert shown(of_first[1]) == OF_AGE
    application.rotate("third")
    reload(running)
    assert shown(of_first[2]) == STRANGER
    assert shown(application.token("third", old_s)) == OF_AGE
    # A broken file changes nothing, and is told of.
    application.file.write_text("half a", encoding="utf-8")
    reload(running)
    assert running.said.wait_for("those read before stay in force")
    assert shown(application.token("third again", old_s)) == OF_AGE
    application.publish()


def test_a_gateway_does_not_start_without_the_keys(site: Site, gateway: StartGateway, tmp_path: Path) -> None:
    token = {"cookie": "jwt", "key_file": str(tmp_path / "nowhere.pem"), "algorithms": "EdDSA"}
    running = gateway(policy(site.url, {"account": {"token": token}}), expect_start=False)
    assert running.process.wait(40) != 0
    assert "nowhere.pem" in running.said.text
    assert "cannot be read" in running.said.text
