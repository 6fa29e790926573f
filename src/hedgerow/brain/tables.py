"""The tables the edge reads: the operator's policy, with what was decided and found since laid over it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hedgerow.brain.folder import Folder, read_words
from hedgerow.policy import Compiled, load_file, write_whole
from hedgerow.policy.words import read_upstream


class TablesError(Exception):
    """Policy and command line do not fit together."""


@dataclass(frozen=True)
class Overrides:
    """What the command line says about a policy file."""

    upstream: str | None = None
    """Another address of the one site."""


def compile_tables(config: Path, folder: Folder, overrides: Overrides) -> Compiled:
    """Compiles a policy file and lays modes, robots.txt and the command line over it; writes nothing.

    Raises:
        PolicyError: the file has mistakes.
        TablesError: a URL was given for several sites.
        FolderError: a file of the state directory is broken.
        OSError: the policy file cannot be read.
    """
    compiled = load_file(config)
    sites = _sites(compiled)
    if overrides.upstream:
        if len(sites) != 1:
            raise TablesError(
                f"{config} has {len(sites)} sites, so a URL on the command line is ambiguous; leave it out"
            )
        scheme, host, port = read_upstream(overrides.upstream)
        sites[0]["upstream"] = {**_object(sites[0]["upstream"]), "scheme": scheme, "host": host, "port": port}
    lay_modes(sites, read_words(folder.modes))
    robots = read_words(folder.robots)
    for site in sites:
        site["robots"] = robots.get(str(site["name"]))
    return compiled


def tables_text(compiled: Compiled) -> str:
    """The tables as they lie on disk."""
    return json.dumps(compiled.tables, ensure_ascii=False, separators=(",", ":")) + "\n"


def write_tables(folder: Folder, compiled: Compiled) -> bool:
    """Writes the tables for the edge; says whether they differ from those that were there."""
    text = tables_text(compiled)
    if folder.policy.exists() and folder.policy.read_text(encoding="utf-8") == text:
        return False
    write_whole(folder.policy, text)
    return True


def lay_modes(sites: list[dict[str, object]], modes: Mapping[str, str]) -> None:
    """What was said at run time counts more than the file, and about one site more than about all."""
    for site in sites:
        mode = modes.get(str(site["name"])) or modes.get("*")
        if mode in {"watch", "enforce"}:
            site["mode"] = mode


def _sites(compiled: Compiled) -> list[dict[str, object]]:
    sites = compiled.tables["sites"]
    return sites if isinstance(sites, list) else []


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}
