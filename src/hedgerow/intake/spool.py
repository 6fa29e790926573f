"""The folder in which letters wait: read in order, kept by somebody, then taken away."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hedgerow.intake.letter import MOST_BYTES, Appeal, Claim, LetterError, read_letter

MOST_AT_ONCE: Final = 500
"""Letters that one take-up takes; the next one goes on."""
REFUSED: Final = "refused"
"""Folder within, for files that are no letters: nobody's word is thrown away for a mistake of ours."""
_NAME: Final = re.compile(r"\d{13,16}-([0-9a-f]{32})\.json\Z")


@dataclass(frozen=True)
class Refused:
    """A file that is no letter. It was moved aside."""

    file: str
    why: str


@dataclass
class TakenUp:
    """What one take-up came to."""

    letters: int = 0
    refused: list[Refused] = field(default_factory=list)
    more: bool = False
    """Whether letters still wait."""


@dataclass(frozen=True)
class Spool:
    """`<state>/intake`."""

    state: Path

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self.state / "intake"

    def waiting(self) -> list[Path]:
        """Files of letters, the oldest first. What is still being written has another name."""
        try:
            names = [path.name for path in self.folder.iterdir()]
        except FileNotFoundError:
            return []
        return [self.folder / name for name in sorted(names) if _NAME.match(name)]

    def letters(self) -> Iterator[Appeal | Claim | Refused]:
        """Reads all that wait, and takes nothing away."""
        for path in self.waiting():
            try:
                yield _read(path)
            except FileNotFoundError:
                continue
            except LetterError as e:
                yield Refused(path.name, str(e))

    def take_up(self, keep: Callable[[Appeal | Claim], None], most: int = MOST_AT_ONCE) -> TakenUp:
        """Hands each letter to `keep`, and takes it away when that has returned.

        `keep` must be idempotent by the letter's `id`, and must have committed when it returns: after a crash, and when
        two take up at once, a letter comes again. What `keep` raises ends the take-up; the letter stays.

        Raises:
            OSError: the folder cannot be read or changed.
        """
        done = TakenUp()
        waiting = self.waiting()
        done.more = len(waiting) > most
        for path in waiting[:most]:
            try:
                letter = _read(path)
            except FileNotFoundError:
                continue
            except LetterError as e:
                done.refused.append(Refused(path.name, str(e)))
                self._set_aside(path)
                continue
            keep(letter)
            path.unlink(missing_ok=True)
            done.letters += 1
        if done.letters:
            self._sync()
        return done

    def _set_aside(self, path: Path) -> None:
        aside = self.folder / REFUSED
        aside.mkdir(mode=0o700, exist_ok=True)
        try:
            path.replace(aside / path.name)
        except FileNotFoundError:
            return

    def _sync(self) -> None:
        handle = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _read(path: Path) -> Appeal | Claim:
    with path.open("rb") as f:
        body = f.read(MOST_BYTES + 1)
    if not body.endswith(b"\n") or body.count(b"\n") != 1:
        raise LetterError("it is not one line")
    letter = read_letter(body[:-1])
    named = _NAME.match(path.name)
    if named is None or named[1] != letter.id:
        raise LetterError("its name is another letter's")
    return letter
