"""Statements of the hot paths: compiled once per dialect, run on the driver's cursor.

SQLAlchemy builds, keys and runs an insert in 60–150 µs; the same text and parameters on the cursor cost 10–20. What
is compiled is still SQLAlchemy's, with the column types' own checks, so that values are refused alike.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection, Executable, Select, Table
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError

Conflict = Literal["refuse", "ignore", "update"]


class Hot:
    """A compiled statement: its text, and how values become the driver's parameters."""

    __slots__ = ("_is_positional", "_own", "_processors", "sql")

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)  # type: ignore[attr-defined]  # every statement compiles
        self.sql: str = str(compiled)
        processors: Mapping[str, Callable[[Any], Any]] = compiled._bind_processors
        self._is_positional = bool(compiled.positional)
        names: Sequence[str] = compiled.positiontup if compiled.positional else tuple(compiled.binds)
        self._processors = [(name, processors.get(name)) for name in names]
        # What the compiler added by itself, such as SQLite's "OFFSET 0".
        self._own = {name: bind.value for name, bind in compiled.binds.items() if bind.value is not None}

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """``values`` by column name, as the driver takes them; a refusal of a column type comes out as itself."""
        if self._own:
            values = {**self._own, **values}
        if self._is_positional:
            return [values[name] if make is None else make(values[name]) for name, make in self._processors]
        return {name: values[name] if make is None else make(values[name]) for name, make in self._processors}


def run_hot(connection: Connection, hot: Hot, values: Mapping[str, Any]) -> int:
    """Run a hot statement in the connection's transaction; how many rows it touched."""
    if not connection.in_transaction():
        connection.begin()  # said, because the cursor passes SQLAlchemy by
    raw: Any = connection.connection.dbapi_connection
    cursor = raw.cursor()
    parameters = hot.parameters(values)
    try:
        cursor.execute(hot.sql, parameters)
        return int(cursor.rowcount)
    except Exception as error:
        raise _wrapped(connection, raw, cursor, hot.sql, error) from error
    finally:
        cursor.close()


def _wrapped(connection: Connection, raw: Any, cursor: Any, sql: str, error: Exception) -> Exception:
    """A driver's error as SQLAlchemy would raise it; any other as it is."""
    dialect = connection.dialect
    module: Any = dialect.loaded_dbapi
    if not isinstance(error, module.Error):
        return error
    is_gone = dialect.is_disconnect(error, raw, cursor)
    if is_gone and not connection.invalidated:
        with suppress(DBAPIError):
            connection.exec_driver_sql("SELECT 1")  # so SQLAlchemy notices, and trusts no connection of its pool
    wrapped: Exception = DBAPIError.instance(
        sql, None, error, module.Error, hide_parameters=True, connection_invalidated=is_gone, dialect=dialect
    )
    return wrapped


_inserts: dict[tuple[str, Table, tuple[str, ...], Conflict, tuple[str, ...]], Hot] = {}


def hot_insert(
    dialect: Dialect, table: Table, columns: tuple[str, ...], conflict: Conflict = "refuse", key: tuple[str, ...] = ()
) -> Hot:
    """An insert of ``columns``; on a taken unique key it refuses, does nothing, or updates what is beyond ``key``."""
    known = _inserts.get((dialect.name, table, columns, conflict, key))
    if known is None:
        known = Hot(_insert(dialect.name, table, columns, conflict, key), dialect)
        _inserts[dialect.name, table, columns, conflict, key] = known
    return known


def _insert(dialect: str, table: Table, columns: tuple[str, ...], conflict: Conflict, key: tuple[str, ...]) -> Any:
    values = {name: sa.bindparam(name, type_=table.c[name].type) for name in columns}
    changed = [name for name in columns if name not in key]
    if dialect in ("postgresql", "sqlite"):
        statement: Any = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table).values(values)
        if conflict == "ignore":
            return statement.on_conflict_do_nothing()
        if conflict == "update":
            fresh = {name: statement.excluded[name] for name in changed}
            return statement.on_conflict_do_update(index_elements=list(key), set_=fresh)
        return statement
    statement = mysql.insert(table).values(values)
    if conflict == "update":
        return statement.on_duplicate_key_update({name: statement.inserted[name] for name in changed})
    return statement


_updates: dict[tuple[str, Table, tuple[str, ...], tuple[str, ...]], Hot] = {}


def hot_update(dialect: Dialect, table: Table, key: tuple[str, ...], columns: tuple[str, ...]) -> Hot:
    """An update of ``columns`` (parameters of their names) where ``key`` is equal (parameters ``key_…``)."""
    known = _updates.get((dialect.name, table, key, columns))
    if known is None:
        named = {name: sa.bindparam(f"key_{name}", type_=table.c[name].type) for name in key}
        condition = sa.and_(*(table.c[name] == bound for name, bound in named.items()))
        values = {name: sa.bindparam(name, type_=table.c[name].type) for name in columns}
        known = Hot(table.update().where(condition).values(values), dialect)
        _updates[dialect.name, table, key, columns] = known
    return known


class Prepared:
    """A select of a hot path, its values as ``bindparam``; compiled once per dialect, rows as named tuples."""

    def __init__(self, statement: Select[Any]) -> None:
        self._statement = statement
        self._by_dialect: dict[str, tuple[Hot, Callable[[Any], Any]]] = {}

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> list[Any]:
        """All rows for ``values``."""
        hot, shape = self._compiled(connection.dialect)
        raw: Any = connection.connection.dbapi_connection
        cursor = raw.cursor()
        try:
            cursor.execute(hot.sql, hot.parameters(values))
            return [shape(row) for row in cursor.fetchall()]
        except Exception as error:
            raise _wrapped(connection, raw, cursor, hot.sql, error) from error
        finally:
            cursor.close()

    def _compiled(self, dialect: Dialect) -> tuple[Hot, Callable[[Any], Any]]:
        known = self._by_dialect.get(dialect.name)
        if known is None:
            known = self._by_dialect[dialect.name] = Hot(self._statement, dialect), _shape(self._statement, dialect)
        return known


def _shape(statement: Select[Any], dialect: Dialect) -> Callable[[Any], Any]:
    """Makes a named tuple of a driver's row, each value through its column type."""
    columns = list(statement.selected_columns)
    named = namedtuple("HotRow", [column.key or "" for column in columns])  # type: ignore[misc]  # names of the select
    kind = type("HotRow", (named,), {"_mapping": property(named._asdict)})  # as SQLAlchemy's own rows have it
    makers = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
    converted = [(index, make) for index, make in enumerate(makers) if make is not None]

    def shape(row: Any) -> Any:
        values = list(row)
        for index, make in converted:
            values[index] = make(values[index])
        return kind(*values)

    return shape
