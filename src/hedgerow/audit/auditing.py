"""An audit from beginning to end: learn or take the map, replay, gather, write."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hedgerow.audit.findings import Setting, findings, route_as_json
from hedgerow.audit.gathering import gather
from hedgerow.audit.learning import Learnt, as_yaml
from hedgerow.audit.progress import Bar
from hedgerow.audit.replaying import AuditError, Json, Replay, Wish, replayed
from hedgerow.audit.report import page
from hedgerow.audit.routes_first import learn_routes, tables_of
from hedgerow.policy import load_file, write_whole
from hedgerow.policy.words import wrong_name

SITE: Final = "site"
"""Name of a site whose name nobody gave."""


@dataclass(frozen=True)
class Asked:
    """What the command line asked for."""

    files: tuple[Path, ...]
    out: Path
    map_file: Path | None = None
    log_format: str = "auto"
    site_name: str | None = None
    members: int = 0
    ledger: bool = False
    workers: int = 0
    engine: str = "local"
    now_s: int = 0


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    report: Json
    written: tuple[tuple[str, Path], ...]


def audit(asked: Asked) -> Outcome:
    """Audits logs and writes the report.

    Raises:
        AuditError: with what cannot be done and what to do.
        PolicyError: when the policy given has mistakes.
        OSError: when a file cannot be read or the folder not written.
    """
    files = _files(asked.files)
    asked.out.mkdir(parents=True, exist_ok=True)
    tables, learnt, site, policy, text = _map(asked, files)
    wish = Wish(
        files=files,
        log_format=asked.log_format,
        workers=asked.workers,
        site=site,
        ledger=_ledger(asked, site),
        secret=_secret(asked.out),
        now_s=asked.now_s,
    )
    bar = Bar("Replaying")
    replay = _replayed(asked.engine, tables, wish, bar)
    bar.done()
    if wish.ledger is not None and not any(wish.ledger.iterdir()):
        raise AuditError(f"no ledger was written to {wish.ledger}: this log showed nobody")
    summary = json.loads(replay.summary())
    routes = [route_as_json(r) for r in learnt.routes] if learnt else _given(tables, site)
    setting = Setting(
        site=asked.site_name or site,
        made_s=asked.now_s,
        files=tuple((f.name, f.stat().st_size) for f in files),
        engine=asked.engine,
        members=asked.members,
        map_source="learnt" if learnt else "given",
        map_file=str(asked.map_file) if asked.map_file else None,
        policy=policy,
        out=str(asked.out),
    )
    report = findings(setting, summary, gather(replay, asked.members), learnt, routes)
    return Outcome(report, tuple(_write(asked, report, text)))


def _files(files: tuple[Path, ...]) -> tuple[Path, ...]:
    """The files, each once, in an order that does not depend on how they were named."""
    known: dict[tuple[int, int], Path] = {}
    for file in files:
        if file.is_dir():
            raise AuditError(f"{file} is a folder; name its files, as in {file}/access.log*")
        if not file.exists():
            raise AuditError(f"{file} does not exist")
        found = file.stat()
        other = known.setdefault((found.st_dev, found.st_ino), file)
        if other is not file:
            raise AuditError(f"{file} is the same file as {other}; its lines would count twice")
    return tuple(sorted(known.values()))


def _map(asked: Asked, files: tuple[Path, ...]) -> tuple[Json, Learnt | None, str, str, str | None]:
    """Tables, what was learnt, the site's name, what the policy is called, and the proposal's text."""
    if asked.map_file is not None:
        compiled = load_file(asked.map_file)
        names = [s.text("name") for s in compiled.sites]
        site = asked.site_name or (names[0] if len(names) == 1 else None)
        if site not in names:
            raise AuditError(f"say with --site-name which site of {asked.map_file} the log is of: {', '.join(names)}")
        if not _given(compiled.tables, site):
            raise AuditError(
                f"{asked.map_file} names no route of `{site}` that shows people; leave --map out to have them learnt"
            )
        return compiled.tables, None, site, f"the policy {asked.map_file.name}", None
    if asked.site_name is not None and (wrong := wrong_name(asked.site_name)):
        raise AuditError(f"--site-name {asked.site_name}: {wrong}")
    site = asked.site_name or SITE
    bar = Bar("Learning")
    learnt = learn_routes(Wish(files, asked.log_format, asked.workers, now_s=asked.now_s), bar)
    bar.done()
    text = as_yaml(learnt, name=site)
    return tables_of(text, "proposed-policy.yaml"), learnt, site, "the default policy", text


def _given(tables: Json, site: str) -> list[Json]:
    """The routes of a policy's site, for the report."""
    found: list[dict[str, Any]] = next((s["routes"] for s in tables["sites"] if s["name"] == site), [])
    return [
        {
            "path": r["path"],
            "kind": r["kind"],
            "person": r["person"] if isinstance(r["person"], str) else "in the page",
            "sure": None,
            "people": None,
            "reads": None,
            "evidence": ["named in the policy"],
            "doubts": []
            if r["person"] == "path"
            else ["a log cannot say whom this page showed: nobody is counted here"],
        }
        for r in found
    ]


def _replayed(engine: str, tables: Json, wish: Wish, bar: Bar) -> Replay:
    if engine == "spark":
        # Imported here: PySpark is an extra.
        from hedgerow.audit.spark import replayed_on_spark

        return replayed_on_spark(tables, wish, bar)
    return replayed(tables, wish, bar)


def _ledger(asked: Asked, site: str) -> Path | None:
    if not asked.ledger:
        return None
    folder = asked.out / "sites" / site / "ledger"
    if folder.exists() and any(folder.iterdir()):
        raise AuditError(f"{folder} holds a ledger already; remove it, or name another folder with --out")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _secret(out: Path) -> str:
    """The key of all names in this folder; without it a list of all IPv4 addresses would undo them."""
    path = out / "secret"
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as f:
            f.write(secrets.token_hex(32) + "\n")
    return path.read_text(encoding="ascii").strip()


def _write(asked: Asked, report: Json, text: str | None) -> list[tuple[str, Path]]:
    written = [("Report", asked.out / "report.html"), ("The same as JSON", asked.out / "report.json")]
    write_whole(written[1][1], json.dumps(report, indent=2, ensure_ascii=False, sort_keys=True) + "\n")
    write_whole(written[0][1], page(report))
    if text is not None:
        proposal = asked.out / "proposed-policy.yaml"
        if proposal.exists() and proposal.read_text(encoding="utf-8") != text:
            # Somebody's corrections may be in it.
            proposal = asked.out / "proposed-policy.new.yaml"
        write_whole(proposal, text)
        written.append(("Proposed policy, to be corrected", proposal))
    if asked.ledger:
        written.append(("Ledger, for `hedgerow ledger ... --state`", asked.out))
    return written
