"""What Alembic runs for every migration. The connection comes from `hedgerow.store.upgrading`; there is no ini file."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from hedgerow.store import models  # noqa: F401 - makes the metadata whole
from hedgerow.store.base import Base, UtcDateTime


def _render(kind: str, thing: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Our own column type, as a migration writes it."""
    if kind == "type" and isinstance(thing, UtcDateTime):
        autogen.imports.add("from hedgerow.store.base import UtcDateTime")
        return "UtcDateTime()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_item=_render,
    # SQLite changes a table by copying it.
    render_as_batch=True,
    compare_type=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
