"""What actions and queries get: ``Transaction`` to write with, ``Reading`` to read with."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, CursorResult, Executable, Row, Table
from sqlalchemy.exc import IntegrityError, StatementError

from guanjia.kit.database.hot import Prepared, hot_insert, hot_update, run_hot
from guanjia.kit.database.tables import KitTables
from guanjia.kit.errors import GuanjiaError

log = logging.getLogger(__name__)

Values = Mapping[str, Any]

_MARIADB_DUPLICATE = 1062


class Reading:
    """A look at a service's database; queries get it and must not write.

    On SQLite all its statements see one state; on the servers each sees what was committed when it ran.
    """

    def __init__(self, connection: Connection, tables: KitTables, service: str) -> None:
        self.connection = connection
        self.tables = tables
        self.service = service
        self.dialect = connection.dialect.name

    def execute(self, statement: Executable, parameters: Values | Sequence[Values] | None = None) -> CursorResult[Any]:
        """Run a statement; a refusal raised by a column type comes out as itself."""
        try:
            return self.connection.execute(statement, parameters)
        except StatementError as error:
            if isinstance(error.orig, GuanjiaError):
                raise error.orig from None
            raise

    def rows(self, statement: Executable, parameters: Values | None = None) -> Sequence[Row[Any]]:
        """All rows."""
        return self.execute(statement, parameters).fetchall()

    def one(self, statement: Executable, parameters: Values | None = None) -> Row[Any] | None:
        """The first row, or None."""
        result = self.execute(statement, parameters)
        row = result.fetchone()
        result.close()
        return row

    def hot_rows(self, prepared: Prepared, **values: Any) -> list[Any]:
        """The rows of a prepared select of a hot path."""
        return prepared.rows(self.connection, values)

    def hot_one(self, prepared: Prepared, **values: Any) -> Any:
        """The first row of a prepared select, or None."""
        rows = prepared.rows(self.connection, values)
        return rows[0] if rows else None

    def scalar(self, statement: Executable, parameters: Values | None = None) -> Any:
        """The first column of the first row, or None."""
        row = self.one(statement, parameters)
        return None if row is None else row[0]


class Transaction(Reading):
    """One action's writes. It never commits by itself, and the action may run more than once."""

    def __init__(self, connection: Connection, tables: KitTables, service: str) -> None:
        super().__init__(connection, tables, service)
        self.has_published = False
        self.hints: list[Callable[[], None]] = []

    def afterwards(self, hint: Callable[[], None]) -> None:
        """Call ``hint`` after the commit, in the writer's thread: a wake-up that may be lost, never a deed."""
        self.hints.append(hint)

    def insert(self, table: Table, values: Values) -> None:
        """Insert a row; every column is named in ``values`` or may be null."""
        run_hot(self.connection, hot_insert(self.connection.dialect, table, tuple(values)), values)

    def insert_new(self, table: Table, values: Values) -> bool:
        """Insert a row unless a unique key is taken; says whether it was inserted."""
        if self.dialect in ("postgresql", "sqlite"):
            hot = hot_insert(self.connection.dialect, table, tuple(values), "ignore")
            return run_hot(self.connection, hot, values) == 1
        try:
            self.insert(table, values)
        except IntegrityError as error:
            # MariaDB undoes the statement alone. INSERT IGNORE would also swallow what is no duplicate.
            if error.orig is not None and error.orig.args[0] == _MARIADB_DUPLICATE:
                return False
            raise
        return True

    def upsert(self, table: Table, key: Values, values: Values) -> None:
        """Insert ``key`` + ``values``, or update ``values`` of the row with that unique ``key``."""
        both = {**key, **values}
        hot = hot_insert(self.connection.dialect, table, tuple(both), "update", tuple(key))
        run_hot(self.connection, hot, both)

    def update(self, table: Table, key: Values, values: Values) -> int:
        """Update ``values`` of the rows whose columns equal ``key``; how many there were."""
        hot = hot_update(self.connection.dialect, table, tuple(key), tuple(values))
        return run_hot(self.connection, hot, {**values, **{f"key_{name}": value for name, value in key.items()}})


def give_hints(hints: Sequence[Callable[[], None]]) -> None:
    """Call what was asked for ``afterwards``: the deed stands, whatever comes of them."""
    for hint in hints:
        try:
            hint()
        except Exception:
            log.exception("a hint after a commit failed")


def lock(tx: Transaction, kind: str, key: str) -> None:
    """Hold ``(kind, key)`` until the transaction ends: check-then-write is safe behind it.

    SQLite has one writer, so there is nothing to do. PostgreSQL takes an advisory lock of the transaction;
    MariaDB has none, so a row is written, one of 65,536 that stay. Two keys of one hash wait for each other,
    which is harmless (a deadlock by it is tried again as any other).
    """
    if tx.dialect == "sqlite":
        return
    digest = hashlib.blake2b(f"{tx.service}:{kind}:{key}".encode(errors="replace"), digest_size=8).digest()
    if tx.dialect == "postgresql":
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(int.from_bytes(digest, "big", signed=True))))
    else:
        tx.upsert(tx.tables.locks, {"name": digest[:2].hex()}, {"taken": 1})
