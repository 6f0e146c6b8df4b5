"""A service's database: ``write`` returns after the commit, ``read`` runs on reader threads."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, MetaData, event
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError

from guanjia.kit.database.lane import Job, Lane
from guanjia.kit.database.tables import kit_tables
from guanjia.kit.database.target import Target
from guanjia.kit.database.transaction import Reading, Transaction
from guanjia.kit.errors import Conflict, Invalid, Unavailable

P = ParamSpec("P")
R = TypeVar("R")

READERS = 4
SERVER_WRITERS = 12
ATTEMPTS = 8
_RETRY_SQLSTATES = {"40001", "40P01"}
_RETRY_NUMBERS = {1205, 1213, 1020}


class Database:
    """The database of one service.

    ``write(action, …)`` runs ``action(tx, …)`` and returns its result after the commit; ``read(query, …)`` runs
    ``query(reading, …)``. On SQLite all writes go through one lane; on the servers each action commits by itself
    on a pool, READ COMMITTED, and runs again after a deadlock or serialisation failure.
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
                pool_size=SERVER_WRITERS + READERS,
                max_overflow=4,
                pool_recycle=1800,
            )
            self._lane = None
            self._writers = ThreadPoolExecutor(SERVER_WRITERS, thread_name_prefix=f"write-{service}")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix=f"read-{service}")

    @property
    def is_sqlite(self) -> bool:
        return self._lane is not None

    async def write(
        self, action: Callable[Concatenate[Transaction, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
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
        except (IntegrityError, DataError, OverflowError) as error:
            raise _as_refusal(error) from error

    async def read(
        self, query: Callable[Concatenate[Reading, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run a query on a reader thread."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._readers, lambda: self._read_once(query, args, kwargs))
        except (DataError, OverflowError) as error:
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
                if error.connection_invalidated:  # the server went away in between; nothing was written
                    connection.rollback()
                    return query(reading, *args, **kwargs)
                raise
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
                    result = action(tx)
                    is_committing = True
                    connection.commit()
                break
            except DBAPIError as error:
                is_lost = error.connection_invalidated and not is_committing
                if attempt == ATTEMPTS or not (is_lost or _is_retryable(error)):
                    raise
                time.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 -- jitter, not a secret
        if tx.has_published:
            self._on_publish()
        for hint in tx.hints:
            hint()
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


def _is_retryable(error: DBAPIError) -> bool:
    if getattr(error.orig, "sqlstate", None) in _RETRY_SQLSTATES:
        return True
    arguments = getattr(error.orig, "args", ())
    return bool(arguments) and arguments[0] in _RETRY_NUMBERS


def _as_refusal(error: Exception) -> Exception:
    if isinstance(error, IntegrityError):
        return Conflict("duplicate")
    if isinstance(error, DataError | OverflowError):
        return Invalid("value_not_storable")
    return Unavailable()


def _sqlite_engine(target: Target, service: str) -> Engine:
    engine = sa.create_engine(
        target.service_url(service),
        isolation_level="AUTOCOMMIT",
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
