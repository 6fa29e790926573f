"""Takes up e-mails that were dropped into a folder: `.eml` files, or a maildir. Each once, and none in silence.

A file of a folder goes to `taken/` or, where it cannot be read, to `refused/` with the reason beside it; a message of a
maildir goes from `new/` to `cur/`. The claim is committed first: after a crash in between the same file is met again,
and its hash says that it is a claim already.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from hedgerow.cases.claims.mail import MOST_BYTES, MailError, read_mail
from hedgerow.cases.claims.receiving import Received, receive
from hedgerow.cases.core.problems import CaseError
from hedgerow.cases.core.sealing import Sealer
from hedgerow.console.access.actor import Actor
from hedgerow.store.database import Database

MOST_FILES: Final = 500
"""Messages in one round; the rest waits for the next."""


@dataclass
class TakenUp:
    """What one round did."""

    claims: list[str] = field(default_factory=list)
    """Numbers of new claims."""
    known: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    """By file, why."""
    left: int = 0
    """Messages that wait for the next round."""


def take_up(
    database: Database, actor: Actor, now: datetime, folder: Path, site: str, sealer: Sealer, source: str = "email"
) -> TakenUp:
    """Takes up what lies in a folder or maildir.

    Args:
        database: Where claims go; a transaction each.
        actor: Who takes up.
        now: The time.
        folder: With `.eml` files, or a maildir.
        site: About which site these claims are.
        sealer: Seals what was sent.
        source: As which source: `email`, or `security_txt` where the folder is that address's.

    Raises:
        CaseError: the folder cannot be read.
    """
    done = TakenUp()
    maildir = (folder / "new").is_dir() and (folder / "cur").is_dir()
    try:
        waiting = sorted(_files(folder / "new" if maildir else folder, any_name=maildir), key=lambda p: p.name)
    except OSError as error:
        raise CaseError(f"{folder} cannot be read: {error.strerror}") from error
    done.left = max(0, len(waiting) - MOST_FILES)
    for path in waiting[:MOST_FILES]:
        try:
            what = _received(path, site, source, now)
            with database.session() as session:
                claim, fresh = receive(session, actor, now, what, sealer)
                number = claim.number
        except (MailError, CaseError) as error:
            done.refused[path.name] = str(error)
            _put_away(path, folder, maildir, refused=str(error))
            continue
        except OSError as error:
            done.refused[path.name] = str(error)
            continue
        if fresh:
            done.claims.append(number)
        else:
            done.known += 1
        _put_away(path, folder, maildir)
    return done


def _files(folder: Path, *, any_name: bool) -> Iterator[Path]:
    with os.scandir(folder) as found:
        for entry in found:
            if entry.is_file(follow_symlinks=False) and (any_name or entry.name.lower().endswith(".eml")):
                yield Path(entry.path)


def _received(path: Path, site: str, source: str, now: datetime) -> Received:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        # When it was delivered, not what the message says of itself: anybody can write any day there.
        delivered = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
        mail = read_mail(file.read(MOST_BYTES + 1))
    text = mail.text + ("\n\n[cut: it was longer]" if mail.cut else "")
    return Received(
        source,
        site,
        mail.subject,
        text,
        min(delivered, now),
        mail.key,
        mail.sender,
        tuple(a.as_data() for a in mail.attachments),
    )


def _put_away(path: Path, folder: Path, maildir: bool, refused: str = "") -> None:
    if maildir:
        # `:2,S` seen, `:2,F` flagged: a mail program shows what was not understood.
        path.replace(folder / "cur" / f"{path.name.partition(':')[0]}:2,{'F' if refused else 'S'}")
        return
    target = folder / ("refused" if refused else "taken")
    target.mkdir(mode=0o700, exist_ok=True)
    path.replace(target / path.name)
    if refused:
        (target / f"{path.name}.why.txt").write_text(refused + "\n", encoding="utf-8")
