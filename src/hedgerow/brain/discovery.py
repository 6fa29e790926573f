"""Finds where a site shows people, in the background, for a gateway that was started with nothing but a URL."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable
from pathlib import Path

import structlog

from hedgerow.brain.folder import Folder
from hedgerow.policy import PolicyError, load_text, write_whole

log = structlog.get_logger("map")

Propose = Callable[[str, Callable[[str], None]], str]
"""Takes the site's URL and somebody to tell the progress; returns a whole policy as YAML."""


def proposer() -> Propose | None:
    """The people map's own proposal, where that part is installed."""
    try:
        found = getattr(importlib.import_module("hedgerow.people"), "propose_policy", None)
    except ImportError:
        return None
    return found if callable(found) else None


def discover(upstream: str, folder: Folder, config: Path, propose: Propose) -> None:
    """Walks the site and writes the policy it proposes, unless the operator has edited the file in the meantime."""
    before = _digest(config)
    try:
        text = propose(upstream, lambda step: log.info("looking for people", step=step))
        load_text(text.encode(), "proposal")
    except PolicyError as e:
        log.error("the proposed people map has mistakes and was not taken", mistakes=e.report.lines())
        return
    except Exception as e:  # noqa: BLE001 - a walk through a stranger's site fails in many ways; serving goes on in all
        log.error("the walk through the site failed; `hedgerow map` shows more", why=str(e))
        return
    target = config if _digest(config) == before else folder.proposal
    write_whole(target, text)
    log.info("people map proposed; look it over and edit it", file=str(target))


def _digest(path: Path) -> bytes:
    try:
        return hashlib.sha256(path.read_bytes()).digest()
    except FileNotFoundError:
        return b""
