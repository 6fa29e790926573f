"""The state directory: which file is where, and who may read it."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hedgerow.policy import write_whole
from hedgerow.secret import SecretError, read_secret, secret_file

DEFAULT: Final = Path(".hedgerow")
"""Where state lives when nobody says otherwise: below the folder in which `hedgerow` is started."""

_LONGEST_SOCKET_PATH: Final = 100
"""Unix socket paths end at 108 bytes (`sun_path`); ours get a suffix."""


class FolderError(Exception):
    """The state directory cannot be used."""


@dataclass(frozen=True)
class Folder:
    """A state directory. Nothing is created before `prepare`."""

    path: Path

    @property
    def policy(self) -> Path:
        """The compiled tables."""
        return self.path / "policy.json"

    @property
    def secret(self) -> Path:
        """The secret from which all keys are derived, 32 bytes in hexadecimal: here or outside (`hedgerow.secret`)."""
        return secret_file(self.path)

    @property
    def control(self) -> Path:
        """The control socket of the edge that answers at present."""
        return self.path / "control.sock"

    @property
    def brain_settings(self) -> Path:
        """What the brain is told at its start."""
        return self.path / "brain.json"

    @property
    def own_policy(self) -> Path:
        """The policy of a gateway started with a URL and no policy: for the operator to edit."""
        return self.path / "hedgerow.yaml"

    @property
    def proposal(self) -> Path:
        """A people map that was found after the operator had already edited the policy."""
        return self.path / "proposal.yaml"

    @property
    def modes(self) -> Path:
        """What `hedgerow enforce` and `hedgerow watch` said, by site; `*` for all."""
        return self.path / "modes.json"

    @contextmanager
    def deciding_modes(self) -> Iterator[None]:
        """Holds the modes still, so that what is said, what is written and what the edge does stay the same thing.

        Without it a reload that was under way with the words of a moment ago would undo a switch just made.

        Raises:
            FolderError: the lock cannot be had, as when the folder belongs to somebody else.
        """
        if not self.path.is_dir():
            # No folder, no brain: whoever asks the gateway next will hear that there is none.
            yield
            return
        try:
            handle = (self.path / "modes.lock").open("a")
        except OSError as e:
            raise FolderError(f"the state directory {self.path} cannot be used: {e}; be its owner") from e
        with handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    @property
    def robots(self) -> Path:
        """Each site's robots.txt as last read."""
        return self.path / "robots.json"

    @property
    def crawlers(self) -> Path:
        """Ranges of crawlers that `hedgerow crawlers refresh` found."""
        return self.path / "crawlers.json"

    @property
    def supervisor(self) -> Path:
        """Process number of the supervisor."""
        return self.path / "supervisor.pid"

    def edge_settings(self, number: int) -> Path:
        """Settings of the n-th edge started by this supervisor."""
        return self.path / f"edge-{number}.json"

    def edge_control(self, number: int) -> Path:
        """Control socket of the n-th edge; `control` points to the one in force."""
        return self.path / f"edge-{number}.sock"

    def sealed(self) -> list[Path]:
        """Folders with sealed addresses, one a site."""
        sites = self.path / "sites"
        return sorted(p for p in sites.glob("*/sealed") if p.is_dir()) if sites.is_dir() else []

    def prepare(self) -> None:
        """Makes the directory and the secret, readable by their owner only.

        Raises:
            FolderError: with what to do about it.
        """
        if len(os.fsencode(self.path.absolute())) > _LONGEST_SOCKET_PATH - len("/control.sock"):
            raise FolderError(f"{self.path.absolute()} is too long for the socket in it; choose a shorter --state")
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.chmod(0o700)
            self._make_secret()
            read_secret(self.path)
            if self.secret == self.path / "secret":
                self.secret.chmod(0o600)
        except SecretError as e:
            raise FolderError(str(e)) from e
        except OSError as e:
            raise FolderError(f"the state directory {self.path} cannot be used: {e}; name another with --state") from e

    def _make_secret(self) -> None:
        own = self.path / "secret"
        if self.secret.exists() or (self.secret != own and own.exists()):
            return
        if self.secret != own and (self.path / "sites").is_dir():
            # A volume that was not mounted: with a new secret nobody's name would match any more.
            raise FolderError(f"the secret {self.secret} is missing, and {self.path} was made with one; bring it back")
        write_whole(self.secret, secrets.token_hex(32) + "\n")

    def point_control(self, number: int) -> None:
        """Makes `control` the socket of the n-th edge, in one step."""
        link = self.path / f".control-{number}"
        link.unlink(missing_ok=True)
        link.symlink_to(self.edge_control(number).name)
        link.replace(self.control)


def read_words(path: Path) -> dict[str, str]:
    """A small JSON object of words; empty when there is none. A broken one is an error, never silently empty.

    Raises:
        FolderError: the file is there and is not such an object.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as e:
        raise FolderError(f"{path} cannot be read: {e}; delete it to start without") from e
    if not isinstance(found, dict):
        raise FolderError(f"{path} is not a JSON object; delete it to start without")
    return {str(k): str(v) for k, v in found.items()}


def write_words(path: Path, words: Mapping[str, str]) -> None:
    """Writes such an object whole."""
    write_whole(path, json.dumps(dict(words), ensure_ascii=False, indent=1) + "\n")
