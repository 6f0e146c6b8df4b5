"""A service's database: ``write`` returns after the commit, ``read`` runs on reader threads."""

from __future__ import annotations

import asyncio
import logging
import random
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, MetaData, event
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from guanjia.kit.database.lane import Job, Lane
from guanjia.kit.database.tables import kit_tables
from guanjia.kit.database.target import Target
from guanjia.kit.database.transaction import Reading, Transaction, give_hints, lock
from guanjia.kit.errors import Conflict, Invalid, Unavailable

P = ParamSpec("P")
R = TypeVar("R")

log = logging.getLogger(__name__)

READERS = 4
SERVER_WRITERS = 8  # with the readers of ten services it stays below PostgreSQL's usual 100 connections
ATTEMPTS = 8
# Serialisation failures and deadlocks: PostgreSQL, MariaDB.
_RETRY: frozenset[int | str] = frozenset({"40001", "40P01", 1020, 1205, 1213})
# Unique and primary keys: SQLite, PostgreSQL, MariaDB.
_DUPLICATE: frozenset[int | str] = frozenset({1555, 2067, 2579, "23505", 1062})
# Busy, locked, no memory, disk failure, disk full, can't open (SQLite); no connection or too many, disk
# full, no memory, shut down (the servers).
_AWAY_SQLITE = {5, 6, 7, 10, 13, 14}
_AWAY_POSTGRESQL = {"08000", "08003", "08006", "53100", "53200", "53300", "57P01", "57P02", "57P03", "58030"}
_AWAY_MARIADB = {1021, 1037, 1040, 1053, 1114, 2002, 2003, 2006, 2013}
_AWAY: frozenset[int | str] = frozenset(_AWAY_SQLITE | _AWAY_MARIADB) | _AWAY_POSTGRESQL
_TRANSLATED = (DBAPIError, PoolTimeoutError, sqlite3.Error, OverflowError)


class Database:
    """The database of one service.

    ``write(action, …)`` runs ``action(tx, …)`` and returns its result after the commit; ``read(query, …)``
    runs ``query(reading, …)``. On SQLite all writes go through one lane; on the servers each action commits
    by itself on a pool, READ COMMITTED, and runs again after a deadlock or serialisation failure.
    """

    def __init__(self, service: str, metadata: MetaData, target: Target, on_publish: Callable[[], None]) -> None:
        self.service = service
        self.metadata = metadata
        self.target = target
        self.tables = kit_tables(metadata)
        self._on_publish = on_publish
        self._local = threading.local()
        self._open: list[Connection] = []
        if target.is_sqlite:
            self.engine = _sqlite_engine(target, service)
            self._lane: Lane | None = Lane(self.engine, self.tables, service, on_publish)
            self._writers: ThreadPoolExecutor | None = None
        else:
            self.engine = sa.create_engine(
                target.service_url(service),
                isolation_level="READ COMMITTED",
                hide_parameters=True,  # they are personal data, and errors are logged
                pool_size=SERVER_WRITERS + READERS,
                max_overflow=2,
                pool_recycle=1800,
            )
            self._lane = None
            self._writers = ThreadPoolExecutor(SERVER_WRITERS, thread_name_prefix=f"write-{service}")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix=f"read-{service}")

    @property
    def is_sqlite(self) -> bool:
        return self._lane is not None

    async def write(self, action: Callable[Concatenate[Transaction, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run an action; the answer comes after its commit, so success means: on disk."""
        loop = asyncio.get_running_loop()
        if self._lane is not None:
            future: asyncio.Future[R] = loop.create_future()
            self._lane.submit(Job(lambda tx: action(tx, *args, **kwargs), loop, future))
        else:
            assert self._writers is not None
            future = asyncio.ensure_future(
                loop.run_in_executor(self._writers, self._write_once, lambda tx: action(tx, *args, **kwargs))
            )
        try:
            return await future
        except _TRANSLATED as error:
            raise _as_refusal(error) from error

    async def read(self, query: Callable[Concatenate[Reading, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a query on a reader thread."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._readers, lambda: self._read_once(query, args, kwargs))
        except _TRANSLATED as error:
            raise _as_refusal(error) from error

    def _read_once(self, query: Callable[..., R], args: tuple[Any, ...], kwargs: dict[str, Any]) -> R:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None or connection.closed or connection.invalidated:
            connection = self.engine.connect()
            if self.is_sqlite:
                connection.exec_driver_sql("PRAGMA query_only=ON")
            else:
                connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            self._local.connection = connection
            self._open.append(connection)
        reading = Reading(connection, self.tables, self.service)
        if not self.is_sqlite:
            try:
                return query(reading, *args, **kwargs)
            except OperationalError as error:
                if not error.connection_invalidated:
                    raise
                # The server went away in between; nothing was written, so once more on a new connection.
                connection.rollback()
                return query(reading, *args, **kwargs)
        raw: Any = connection.connection.dbapi_connection
        raw.execute("BEGIN")
        try:
            return query(reading, *args, **kwargs)
        finally:
            raw.execute("ROLLBACK")

    def _write_once(self, action: Callable[[Transaction], R]) -> R:
        """One action, one commit, on a server; again when the database asks for it."""
        for attempt in range(1, ATTEMPTS + 1):
            is_committing = False
            try:
                with self.engine.connect() as connection:
                    tx = Transaction(connection, self.tables, self.service)
                    if attempt > 1:
                        lock(tx, "again", "")  # one by one, so that those that lost don't meet each other again
                    result = action(tx)
                    is_committing = True
                    connection.commit()
                break
            except DBAPIError as error:
                is_lost = error.connection_invalidated and not is_committing
                if attempt == ATTEMPTS or not (is_lost or _driver_code(error.orig) in _RETRY):
                    raise
                time.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 -- jitter, not a secret
        if tx.has_published:
            tx.hints.append(self._on_publish)
        give_hints(tx.hints)
        return result

    def close(self) -> None:
        """Finish the queued writes and let go of every connection."""
        if self._lane is not None:
            self._lane.close()
        if self._writers is not None:
            self._writers.shutdown(wait=True)
        self._readers.shutdown(wait=True)
        for connection in self._open:
            connection.close()
        self.engine.dispose()


def _as_refusal(error: Exception) -> Exception:
    """What the client is told: a duplicate, a value that can't be kept, a database that is away; else a
    fault.
    """
    if isinstance(error, DataError | OverflowError):
        return Invalid("value_not_storable")
    code = _driver_code(error.orig if isinstance(error, DBAPIError) else error)
    if code in _DUPLICATE:
        return Conflict("duplicate")
    is_away = isinstance(error, PoolTimeoutError) or code in _AWAY or code in _RETRY
    is_away = is_away or (isinstance(error, DBAPIError) and error.connection_invalidated)
    if is_away or (code is None and isinstance(error, OperationalError)):
        log.error("the database is away: %s", error)
        return Unavailable(retry_after=2)
    return error


def _driver_code(cause: BaseException | None) -> int | str | None:
    """The driver's error code: a number on SQLite (without its details) and MariaDB, SQLSTATE on PostgreSQL."""
    if isinstance(cause, sqlite3.Error):
        number: int | None = getattr(cause, "sqlite_errorcode", None)
        return number if number is None or number in _DUPLICATE else number & 0xFF
    first = cause.args[0] if cause is not None and cause.args else None
    if isinstance(first, int):  # PyMySQL, which has a coarser SQLSTATE beside it
        return first
    state: str | None = getattr(cause, "sqlstate", None)
    return state


def _sqlite_engine(target: Target, service: str) -> Engine:
    engine = sa.create_engine(
        target.service_url(service),
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
        connect_args={"check_same_thread": False, "timeout": 10},
        poolclass=sa.QueuePool,
        pool_size=READERS + 2,
    )

    @event.listens_for(engine, "connect")
    def _pragmas(raw: Any, _record: Any) -> None:
        raw.execute("PRAGMA journal_mode=WAL")
        raw.execute("PRAGMA synchronous=FULL")
        raw.execute("PRAGMA foreign_keys=ON")
        raw.execute("PRAGMA temp_store=MEMORY")

    return engine
