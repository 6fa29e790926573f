"""A policy's tables on a site's recorded traffic: one replay of its ledger by the engine."""

from __future__ import annotations

import json
from pathlib import Path

from hedgerow.audit.recorded import since
from hedgerow.audit.replaying import AuditError, Json


def on_recorded(tables: Json, site: str, state: Path, since_when: str, now_s: int) -> Json:
    """What a policy's tables would have done to a site's recorded traffic of so long, beside what was done.

    Raises:
        AuditError: there is no ledger, or nobody was shown in that time.
        ValueError: the time cannot be read, or the tables.
    """
    begun_ms = since(since_when, now_s)
    ledger = state / "sites" / site / "ledger"
    if not ledger.is_dir():
        raise AuditError(f"there is no ledger at {ledger}; name the state with --state, or a log with --log")
    found = _recorded(tables, site, ledger, begun_ms)
    if not found["disclosures"]:
        raise AuditError("nobody was shown in that time, as far as this ledger goes back; try a longer --since")
    return found


def _recorded(tables: Json, site: str, ledger: Path, begun_ms: int) -> Json:
    # Imported here: the rest is pure Python and is tested without it.
    from hedgerow import _engine

    found: Json = json.loads(_engine.replay_ledger(json.dumps(tables), json.dumps({"site": site}), ledger, begun_ms))
    found["tried"] = found.pop("policy")
    return found
