"""The ledger's store: closed and growing segments become Parquet that answers two questions fast.

In come the segments that edges write; out go a consistent snapshot as DuckDB views (`Snapshot.connect`), sketches that
outlive the detail, and a signed account of everything that was written and deleted (`manifest.jsonl`). Nothing here is
waited for by a request, and nothing here decides who may see whom.

It must never hold a raw address, a name or a contact value: people are the site's own identifiers, addresses are named
anew every day.
"""

from hedgerow.ledger.store.problems import Problem, StoreError
from hedgerow.ledger.store.snapshot import Snapshot
from hedgerow.ledger.store.store import Store

__all__ = ["Problem", "Snapshot", "Store", "StoreError"]
