"""The database of the console's tests, of either kind."""

from __future__ import annotations

from console.conftest import database, database_kind, postgresql_server

__all__ = ["database", "database_kind", "postgresql_server"]
