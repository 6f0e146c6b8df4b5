"""Portable column types, named once; dialect names appear nowhere outside ``kit/database``.

Each type refuses on the way in what one of the three databases would refuse or silently change: over-long
text, NUL, integers over 64 bits, naive times, ids that are no UUID.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import msgspec
import sqlalchemy as sa
import uuid_utils
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from guanjia.kit import clock
from guanjia.kit.errors import Invalid, NotFound

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
MARIADB = ("mysql", "mariadb")
_MARIADB_TEXT = {"charset": "utf8mb4", "collation": "utf8mb4_nopad_bin"}


def new_id() -> str:
    """A new UUIDv7 as text: ids made later in one process sort later."""
    return str(uuid_utils.uuid7())


def is_id(value: str) -> bool:
    """Whether ``value`` is a UUID in its canonical lower-case form."""
    return _UUID.match(value) is not None


def _checked(value: str | None) -> str | None:
    """Text that all three databases take: no NUL, and nothing that UTF-8 can't say (half of a surrogate
    pair).
    """
    if value is None:
        return None
    if "\x00" in value:
        raise Invalid("text_has_nul")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Invalid("value_not_storable") from error
    return value


def storable_text(text: str, length: int = 4000) -> str:
    """The last ``length`` characters of a diagnostic text, made such that every database takes it."""
    return text[-length:].replace("\x00", "").encode(errors="replace").decode()


class Id(TypeDecorator[str]):
    """A UUID as text whose order holds: uuid on PostgreSQL, ascii CHAR(36) on MariaDB, text on SQLite.

    A value that is no UUID can name nothing, so it is NotFound rather than a database error.
    """

    impl = sa.String(36)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.UUID(as_uuid=False))
        if dialect.name in MARIADB:
            return dialect.type_descriptor(mysql.CHAR(36, charset="ascii", collation="ascii_bin"))
        return dialect.type_descriptor(sa.String(36))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if not _UUID.match(value):
            raise NotFound()
        return value


class ExactText(TypeDecorator[str]):
    """Text of at most ``length`` characters; case, accents, emoji and trailing blanks are told apart."""

    impl = sa.String
    cache_ok = True

    def __init__(self, length: int) -> None:
        self.length = length
        super().__init__(length)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.String(self.length, collation="C"))
        if dialect.name in MARIADB:
            return dialect.type_descriptor(mysql.VARCHAR(self.length, **_MARIADB_TEXT))
        return dialect.type_descriptor(sa.String(self.length))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is not None and len(value) > self.length:
            raise Invalid("text_too_long")
        return _checked(value)


class LongText(TypeDecorator[str]):
    """Text up to 16 MiB."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name in MARIADB:
            return dialect.type_descriptor(mysql.MEDIUMTEXT(**_MARIADB_TEXT))
        return dialect.type_descriptor(sa.Text())

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return _checked(value)


class Json(TypeDecorator[Any]):
    """A JSON document, kept as text; never compared or searched by the database."""

    impl = LongText
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        try:
            return msgspec.json.encode(value).decode()
        except (UnicodeEncodeError, OverflowError) as error:
            raise Invalid("value_not_storable") from error

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else msgspec.json.decode(value)


class UtcTime(TypeDecorator[datetime]):
    """A moment in UTC with microseconds; naive times are refused."""

    impl = sa.String(27)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.DateTime(timezone=True))
        if dialect.name in MARIADB:
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(sa.String(27))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive time")
        if dialect.name == "sqlite":
            return clock.text(value)
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name in MARIADB else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, str):
            return datetime.fromisoformat(value)
        if value.tzinfo is None:
            return value.replace(tzinfo=UTC)  # type: ignore[no-any-return]  # the driver's value is untyped
        return value.astimezone(UTC)  # type: ignore[no-any-return]  # the driver's value is untyped


class Whole(TypeDecorator[int]):
    """A whole number of 64 bits; a larger one is Invalid rather than a database error. Money is fen in a
    Whole.
    """

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        if value is not None and not -(2**63) <= value < 2**63:
            raise Invalid("number_out_of_range")
        return value


class Flag(TypeDecorator[bool]):
    """True or false."""

    impl = sa.Boolean
    cache_ok = True


# An identity column: SQLite numbers only INTEGER keys by itself.
Position = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
