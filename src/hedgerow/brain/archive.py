"""Keeps what is in force: the policy as compiled, and each site's privacy notice and terms."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog

from hedgerow.ledger.chained import ChainError
from hedgerow.ledger.policies import LEGAL, ArchiveError, keep_legal, keep_policy
from hedgerow.policy import Compiled

EVERY_S: Final = 30.0
"""How often notices and terms are looked at."""

log = structlog.get_logger("brain")


def keep(state: Path, config: Path, compiled: Compiled, now_s: float) -> None:
    """Keeps the policy and the legal texts, where they are others than before. What cannot be kept is said.

    Paths of `legal.notice` and `legal.terms` are relative to the policy file.

    Raises:
        OSError: the policy file cannot be read.
    """
    now = datetime.fromtimestamp(now_s, UTC)
    text = config.read_bytes()
    # Changed since it was compiled: the next round compiles it and comes back.
    if hashlib.sha256(text).hexdigest() == compiled.id:
        try:
            if keep_policy(state, text, compiled, config.name, now):
                log.info("policy kept", id=compiled.id[:12])
        except (ArchiveError, ChainError) as e:
            log.error("not kept", what="policy", why=str(e))
    for site in compiled.sites:
        for what in LEGAL:
            named = site.view("legal").maybe(what)
            if named is None:
                continue
            try:
                if keep_legal(state, site.text("name"), what, config.parent / named, now):
                    log.info("legal text kept", site=site.text("name"), what=what)
            except (ArchiveError, ChainError) as e:
                log.warning("not kept", site=site.text("name"), what=what, why=str(e))
