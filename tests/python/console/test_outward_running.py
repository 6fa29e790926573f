"""`outward.toml` while the console runs: a right file is taken up, a wrong one changes nothing and is said."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from fastapi import FastAPI
from sqlalchemy import select
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from console.signed_in import Clock, sign_in
from hedgerow.console.access.roles import Role
from hedgerow.console.dues import due_items
from hedgerow.console.refused import RefusedNow
from hedgerow.console.rounds import Rounds
from hedgerow.console.services import Services
from hedgerow.outward import tracing
from hedgerow.outward.block_lists import FILES, Refused
from hedgerow.outward.settings import FILE, OutwardError
from hedgerow.outward.standing import Standing
from hedgerow.store.models.outbox import Channel, OutboxMessage, Subscription

MAIL = '[smtp]\nhost = "{}"\nsender = "privacy@club.example"\n'


@dataclass
class Written:
    """The file, as an operator changes it."""

    path: Path
    log: list[MutableMapping[str, Any]] = field(default_factory=list)

    def __call__(self, text: str) -> None:
        # As editors do: another file takes the place of the one before.
        fresh = self.path.with_name("fresh")
        fresh.write_text(text)
        fresh.replace(self.path)


@pytest.fixture
def file(services: Services) -> Written:
    return Written(services.folder.path / FILE)


def host(standing: Standing) -> str:
    found = standing.current().smtp
    return found.host if found else ""


def test_a_changed_file_is_in_force_at_once_and_one_that_is_gone_turns_everything_off(tmp_path: Path) -> None:
    file, standing = Written(tmp_path / FILE), Standing(tmp_path)
    assert host(standing) == ""
    file(MAIL.format("one.example"))
    assert host(standing) == "one.example"
    file(MAIL.format("two.example"))
    assert host(standing) == "two.example"
    file.path.unlink()
    assert host(standing) == ""
    assert standing.wrong == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[smtp\n", "is not TOML"),
        ('[smtp]\nhost = "x.example"\n', "needs sender"),
        ('[smtp]\nhost = "x.example"\nsender = "nobody"\n', "no @"),
        ("[pager]\nnumber = 1\n", "[pager] is not known"),
        ('[lists]\nformats = ["ipset"]\n', "there is no list `ipset`"),
    ],
)
def test_a_wrong_file_keeps_what_was_in_force_and_says_once_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    file, standing = Written(tmp_path / FILE), Standing(tmp_path)
    file(MAIL.format("one.example"))
    assert host(standing) == "one.example"
    with capture_logs() as log:
        file(text)
        assert [host(standing) for _ in range(3)] == ["one.example"] * 3
    assert said in standing.wrong
    assert standing.kept
    (line,) = [one for one in log if one["event"] == "outward_not_taken"]
    assert line["log_level"] == "error"
    assert said in line["error"]
    assert line["kept"] is True
    file(MAIL.format("two.example"))
    assert host(standing) == "two.example"
    assert standing.wrong == ""
    assert not standing.kept


def test_without_a_right_file_ever_there_is_nothing_to_keep(tmp_path: Path) -> None:
    Written(tmp_path / FILE)("[smtp\n")
    standing = Standing(tmp_path)
    with pytest.raises(OutwardError, match="is not TOML"):
        standing.current()
    assert not standing.kept


def test_the_rounds_use_the_new_mail_server_from_the_next_one_on(services: Services, file: Written) -> None:
    rounds = Rounds(services)
    file(MAIL.format("one.example"))
    first = rounds._outward()
    assert rounds._outward() is first
    file(MAIL.format("two.example"))
    second = rounds._outward()
    assert second.settings.smtp is not None
    assert second.settings.smtp.host == "two.example"
    file("[smtp\n")
    assert rounds._outward() is second, "a wrong file changes nothing"


def test_a_wrong_file_is_on_the_console_and_is_told(
    app: FastAPI, services: Services, file: Written, clock: Clock
) -> None:
    owner = sign_in(app, Role.OWNER)
    with services.database.session() as session:
        channel = Channel(name="log", kind="webhook", target="https://x.example/", made_at=clock(), made_by="x")
        session.add(channel)
        session.flush()
        session.add(Subscription(channel_id=channel.id, happening="settings.wrong", least="low"))
    file(MAIL.format("one.example"))
    rounds = Rounds(services)
    rounds._settings()
    assert "through one.example" in owner.client.get("/notifications").text
    file("[smtp\n")
    for _ in range(3):
        rounds._settings()
        clock.forward(seconds=5)
    shown = owner.client.get("/notifications").text
    assert "is not TOML" in shown
    assert "through one.example" in shown
    assert "is not TOML" in owner.client.get("/api/v1/notifications").json()["settings_wrong"]
    with services.database.reading() as session:
        assert [m.kind for m in session.scalars(select(OutboxMessage))] == ["settings.wrong"]
        first = due_items(session, services)[0]
    assert (first.kind, first.at_once) == ("settings", True)
    file(MAIL.format("two.example"))
    assert "not TOML" not in owner.client.get("/notifications").text
    with services.database.reading() as session:
        assert [i for i in due_items(session, services) if i.kind == "settings"] == []


def test_the_token_of_the_figures_stays_when_the_file_breaks(
    app: FastAPI, services: Services, file: Written, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("a-long-token\n")
    token.chmod(0o600)
    here = TestClient(app, base_url="http://127.0.0.1:8799", client=("127.0.0.1", 50_000))
    file(f'[metrics]\ntoken_file = "{token}"\n')
    assert here.get("/metrics").status_code == 401
    file("[metrics\n")
    assert here.get("/metrics").status_code == 401, "a slip must not open the figures"
    assert here.get("/metrics", headers={"authorization": "Bearer a-long-token"}).status_code == 200
    file("")
    assert here.get("/metrics").status_code == 200


def test_lists_begin_move_and_are_emptied_when_they_end(
    services: Services, file: Written, clock: Clock, tmp_path: Path
) -> None:
    refused = Refused("8.8.8.0/24", clock(), clock() + timedelta(hours=1))
    rounds = Rounds(services, refused=lambda *_: RefusedNow((refused,)))
    rounds._lists()
    first, second = tmp_path / "first", tmp_path / "second"
    file(f'[lists]\nformats = ["plain", "nftables"]\nfolder = "{first}"\n')
    rounds._lists()
    assert (first / FILES["plain"]).read_text() == "8.8.8.0/24\n"
    file(f'[lists]\nformats = ["nftables"]\nfolder = "{first}"\n')
    rounds._lists()
    assert (first / FILES["plain"]).read_text() == ""
    assert "8.8.8.0/24" in (first / FILES["nftables"]).read_text()
    file(f'[lists]\nformats = ["nftables"]\nfolder = "{second}"\n')
    rounds._lists()
    assert "add element" not in (first / FILES["nftables"]).read_text()
    assert "8.8.8.0/24" in (second / FILES["nftables"]).read_text()
    file("[lists\n")
    clock.forward(minutes=2)
    rounds._lists()
    assert "8.8.8.0/24" in (second / FILES["nftables"]).read_text(), "a wrong file changes nothing"
    file.path.unlink()
    rounds._lists()
    assert "add element" not in (second / FILES["nftables"]).read_text()


def test_traces_are_turned_on_and_off_while_the_console_runs(
    app: FastAPI, services: Services, file: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    logging = structlog.get_config()

    def traced(inner: Any, endpoint: str, _version: str) -> Any:
        made.append(endpoint)
        if endpoint.startswith("http://nowhere"):
            raise OutwardError("no extra")
        return inner

    monkeypatch.setattr(tracing, "traced", traced)
    following = tracing.Following(app, services.outward, "1")
    client = TestClient(following, base_url="http://127.0.0.1:8799")
    for endpoint in ("http://one/v1/traces", "http://nowhere/v1/traces", "http://two/v1/traces"):
        file(f'[traces]\nendpoint = "{endpoint}"\n')
        assert client.get("/sign-in").status_code == 200
        assert client.get("/sign-in").status_code == 200
    assert made == ["", "http://one/v1/traces", "http://nowhere/v1/traces", "http://two/v1/traces"]
    structlog.configure(**logging)
