"""The secret may lie outside of the state, and then a copy of the state opens nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hedgerow.brain.folder import Folder, FolderError
from hedgerow.ledger.store import Store, StoreError
from hedgerow.secret import SecretError, read_secret, secret_file
from ledger_truth import row
from written_ledger import SECRET, Segment


@pytest.fixture(autouse=True)
def _nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEDGEROW_SECRET_FILE", raising=False)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


def test_a_secret_that_is_named_is_made_outside_and_none_is_made_in_the_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "secret"
    monkeypatch.setenv("HEDGEROW_SECRET_FILE", str(outside))
    folder = Folder(tmp_path / "state")
    folder.prepare()
    assert outside.stat().st_mode & 0o777 == 0o600
    assert read_secret(folder.path) == outside.read_text().strip()
    assert not (folder.path / "secret").exists()
    folder.prepare()
    assert folder.secret == outside


def test_systemd_gives_it_as_a_credential_and_a_named_file_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "hedgerow-secret").write_text("11" * 32)
    (credentials / "hedgerow-secret").chmod(0o400)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    assert read_secret(tmp_path / "state") == "11" * 32
    monkeypatch.setenv("HEDGEROW_SECRET_FILE", str(tmp_path / "other"))
    assert secret_file(tmp_path / "state") == tmp_path / "other"


def test_two_secrets_an_open_one_and_one_within_the_state_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    Folder(state).prepare()
    outside = tmp_path / "secret"
    shutil.copy(state / "secret", outside)
    monkeypatch.setenv("HEDGEROW_SECRET_FILE", str(outside))
    with pytest.raises(FolderError, match="two secrets"):
        Folder(state).prepare()
    (state / "secret").unlink()
    outside.chmod(0o644)
    with pytest.raises(SecretError, match="chmod 600"):
        read_secret(state)
    monkeypatch.setenv("HEDGEROW_SECRET_FILE", str(state / "elsewhere"))
    with pytest.raises(FolderError, match="move it out"):
        Folder(state).prepare()


def test_a_secret_that_is_not_mounted_is_not_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = tmp_path / "state"
    (state / "sites" / "club").mkdir(parents=True)
    monkeypatch.setenv("HEDGEROW_SECRET_FILE", str(tmp_path / "volume" / "secret"))
    with pytest.raises(FolderError, match="bring it back"):
        Folder(state).prepare()


def test_a_stolen_copy_of_the_state_can_be_read_and_neither_forged_nor_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    Segment(state).append(row("42", 1))
    (state / "secret").rename(tmp_path / "secret")
    (tmp_path / "secret").chmod(0o600)
    monkeypatch.setenv("HEDGEROW_SECRET_FILE", str(tmp_path / "secret"))
    Store.open(state, "directory").compact()
    shutil.copytree(state, tmp_path / "stolen")
    monkeypatch.delenv("HEDGEROW_SECRET_FILE")
    thief = Store.open(tmp_path / "stolen", "directory")
    for act in (thief.compact, thief.verify):
        with pytest.raises(StoreError, match="cannot be read"):
            act()
    assert all(SECRET.encode() not in p.read_bytes() for p in (tmp_path / "stolen").rglob("*") if p.is_file())
