"""What was in force when: policies, privacy notices and terms, kept by their hash.

`<state>/in-force.jsonl` (hash-chained) says what came into force when; `<state>/policies/<hash>.yaml` is the policy
as written, `<hash>.json` its compiled tables, `<state>/legal/<hash>` a notice or terms. Segments bear the hash of the
policy, so that for every disclosure it can be said by which rules it was made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from hedgerow.ledger import chained
from hedgerow.ledger.store.retention import Retention
from hedgerow.policy import Compiled, PolicyError, load_text, write_whole

FILE: Final = "in-force.jsonl"
MOST_BYTES: Final = 8 << 20
"""A notice longer than this is not one."""
LEGAL: Final = ("notice", "terms")
POLICY: Final = "policy"


class ArchiveError(Exception):
    """Something in force cannot be kept; the message says what to do."""


@dataclass(frozen=True)
class InForce:
    """One document, from when to when it was in force."""

    what: str
    """`policy`, `notice` or `terms`."""
    site: str | None
    """None: all sites, as a policy is."""
    sha256: str
    files: tuple[str, ...]
    """From the state on."""
    name: str
    """As the operator's file was called."""
    since: datetime
    until: datetime | None
    """None: it still is."""


def keep_policy(state: Path, text: bytes, compiled: Compiled, name: str, now: datetime) -> bool:
    """Keeps a policy that came into force; says whether it is another one than before.

    Raises:
        ArchiveError: it cannot be kept.
    """
    tables = json.dumps(compiled.tables, ensure_ascii=False, sort_keys=True, indent=1) + "\n"
    files = [f"policies/{compiled.id}.yaml", f"policies/{compiled.id}.json"]
    previous = _last(state, POLICY, None)
    known = state / files[1]
    same_tables = known.is_file() and known.read_bytes() == tables.encode("utf-8")
    if previous and previous.get("sha256") == compiled.id and same_tables:
        return False
    if known.is_file() and not same_tables:
        # Another version of Hedgerow, or another mode, made other tables of the same text; the earlier ones stay.
        earlier = hashlib.sha256(known.read_bytes()).hexdigest()[:12]
        known.replace(known.with_name(f"{compiled.id}-{earlier}.json"))
    try:
        (state / "policies").mkdir(mode=0o700, exist_ok=True)
        write_whole(state / files[0], text.decode("utf-8"))
        write_whole(known, tables)
    except (OSError, UnicodeDecodeError) as error:
        raise ArchiveError(f"the policy in force cannot be kept in {state / 'policies'}: {error}") from error
    _note(state, POLICY, None, compiled.id, files, name, now)
    return True


def keep_legal(state: Path, site: str, what: str, file: Path, now: datetime) -> bool:
    """Keeps a notice or terms that came into force; says whether it is another one than before.

    Raises:
        ArchiveError: the file cannot be read or kept.
    """
    try:
        with file.open("rb") as opened:
            data = opened.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise ArchiveError(f"{file} (legal.{what}) is longer than {MOST_BYTES >> 20} MiB; name the text itself")
        digest = hashlib.sha256(data).hexdigest()
        previous = _last(state, what, site)
        kept = state / "legal" / digest
        if previous and previous.get("sha256") == digest and kept.is_file():
            return False
        kept.parent.mkdir(mode=0o700, exist_ok=True)
        if not kept.exists():
            unnamed = kept.with_name(f".{digest}.new")
            unnamed.write_bytes(data)
            unnamed.chmod(0o600)
            unnamed.replace(kept)
    except OSError as error:
        raise ArchiveError(f"{file} (legal.{what}) cannot be kept: {error}") from error
    _note(state, what, site, digest, [f"legal/{digest}"], file.name, now)
    return True


def _note(state: Path, what: str, site: str | None, digest: str, files: list[str], name: str, now: datetime) -> None:
    line = {"at": now.isoformat(timespec="seconds"), "what": what, "site": site, "sha256": digest, "files": files}
    try:
        chained.append(state / FILE, {**line, "name": name}, chained.sealing_key(state))
    except chained.ChainError as error:
        raise ArchiveError(str(error)) from error


def _last(state: Path, what: str, site: str | None) -> chained.Facts | None:
    last = None
    for line in chained.read(state / FILE):
        if line.get("what") == what and line.get("site") == site:
            last = line
    return last


def in_force(state: Path, site: str, since: datetime, until: datetime) -> Iterator[InForce]:
    """What was in force at some time of a period: the policy, and this site's notice and terms.

    Raises:
        ChainError: the record cannot be read.
    """
    lines = list(chained.read(state / FILE))
    for what, of in ((POLICY, None), *((what, site) for what in LEGAL)):
        mine = [line for line in lines if line.get("what") == what and line.get("site") == of]
        for n, line in enumerate(mine):
            begun = datetime.fromisoformat(line["at"]).astimezone(UTC)
            over = datetime.fromisoformat(mine[n + 1]["at"]).astimezone(UTC) if n + 1 < len(mine) else None
            if begun < until and (over is None or over > since):
                yield InForce(what, of, line["sha256"], tuple(line["files"]), str(line["name"]), begun, over)


def last_policy(state: Path) -> Compiled | None:
    """The policy in force, as read; None when none was ever kept here."""
    last = _last(state, POLICY, None)
    if last is None:
        return None
    try:
        return load_text((state / last["files"][0]).read_bytes(), last["files"][0])
    except (OSError, PolicyError, KeyError, IndexError):
        # Another version's policy may have settings this one does not know: then there is nothing to be read from it.
        return None


def member_count(state: Path, site: str) -> int | None:
    """The setting `people.members` of a site, where the policy in force has it."""
    compiled = last_policy(state)
    for one in compiled.sites if compiled else []:
        if one.text("name") == site:
            return one.view("people").maybe_whole("members")
    return None


def verify(state: Path) -> list[str]:
    """What does not fit: the chain, and every kept file against its hash."""
    problems = list(chained.verify(state / FILE, chained.sealing_key(state)).problems)
    if problems:
        return problems
    for line in chained.read(state / FILE):
        for name in line["files"]:
            path = state / str(name)
            if path.suffix == ".json":
                continue
            try:
                found = hashlib.sha256(path.read_bytes()).hexdigest()
            except OSError as error:
                problems.append(f"{name}, in force since {line['at']}, cannot be read: {error}")
                continue
            if found != line["sha256"]:
                problems.append(f"{name}, in force since {line['at']}, was changed")
    return list(dict.fromkeys(problems))


def kept(state: Path, site: str) -> Retention:
    """How long the policy in force keeps each kind of data; the defaults where it cannot be read."""
    compiled = last_policy(state)
    for one in compiled.sites if compiled else []:
        if one.text("name") == site:
            return Retention.of(one)
    return Retention()
