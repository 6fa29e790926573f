"""Migrations of the database, by Alembic: `versions` has one file a step, in the order of their numbers."""
