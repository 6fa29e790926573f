"""What every table shares: the declarative base, times in UTC, opaque identifiers, JSON."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from sqlalchemy import JSON, DateTime, Dialect, MetaData, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator

_LETTERS: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's 32: no letter that is mistaken for another when somebody reads an identifier aloud."""
ID_LENGTH: Final = 20
"""100 random bits: nobody guesses another row's address, and no two meet."""


def new_id() -> str:
    """A fresh opaque identifier, safe in URLs, file names and shells."""
    return "".join(secrets.choice(_LETTERS) for _ in range(ID_LENGTH))


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time: aware, in UTC, on the way in and out, to the microsecond, on both databases.

    SQLite has no type for time: there it is text of fixed width in UTC, which sorts as time does. A naive value is
    refused: nobody could say later which zone it was meant in.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without zone cannot be stored; give it in UTC, as datetime(..., tzinfo=UTC)")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """From the database."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json = JSON().with_variant(JSONB(), "postgresql")
"""A JSON document; numbers, words, lists and objects only. NULL of the database and `null` of JSON are the same."""

Key = Annotated[str, mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)]
"""A table's own identifier, made when the row is."""


class Base(DeclarativeBase):
    """All tables. Constraints have names, so that a migration can speak of them on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it as it stands
        datetime: UtcDateTime(),
        dict[str, Any]: Json,
        list[Any]: Json,
        list[str]: Json,
    }
