"""The writer lane: one thread for one SQLite file, many requests' actions in one group commit.

Each action runs in its own savepoint, so one that raises rolls back alone; all are answered after the commit.
A commit that fails fails them all, and the raw connection is recovered, so that the lane can't stay poisoned.
SAVEPOINT and RELEASE go through the DBAPI connection: SQLAlchemy's own cost twenty times as much.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine

from guanjia.kit.database.tables import KitTables
from guanjia.kit.database.transaction import Transaction, give_hints
from guanjia.kit.metrics import Histogram

log = logging.getLogger(__name__)

GROUP_LIMIT = 256

Action = Callable[[Transaction], Any]

GROUP_SIZE = Histogram(
    "guanjia_lane_group_size", "Actions in one group commit", ["service"], (1, 2, 4, 8, 16, 32, 64, 128, 256)
)
GROUP_SECONDS = Histogram("guanjia_lane_group_seconds", "Time of a group, with its commit", ["service"])


class Job:
    """An action that waits in the lane, and the future of its caller."""

    __slots__ = ("action", "error", "future", "loop", "result")

    def __init__(self, action: Action, loop: asyncio.AbstractEventLoop, future: asyncio.Future[Any]) -> None:
        self.action = action
        self.loop = loop
        self.future = future
        self.result: Any = None
        self.error: BaseException | None = None


class Lane:
    """The only writer of one SQLite file."""

    def __init__(self, engine: Engine, tables: KitTables, service: str, on_publish: Callable[[], None]) -> None:
        self._engine = engine
        self._tables = tables
        self._service = service
        self._on_publish = on_publish
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"lane-{service}", daemon=True)
        self._connection: Connection | None = None
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Queue a job; its future is resolved after the commit."""
        self._queue.put(job)

    def close(self) -> None:
        """Finish what is queued, then end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _raw(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        raw = self._connection.connection.dbapi_connection
        assert isinstance(raw, sqlite3.Connection)
        return raw

    def _run(self) -> None:
        while True:
            first = self._queue.get()
            if first is None:
                break
            group = [first]
            is_last = False
            while len(group) < GROUP_LIMIT:
                try:
                    job = self._queue.get_nowait()
                except queue.Empty:
                    break
                if job is None:
                    is_last = True
                    break
                group.append(job)
            self._commit_group(group)
            if is_last:
                break
        if self._connection is not None:
            self._connection.close()

    def _commit_group(self, group: list[Job]) -> None:
        hints: list[Callable[[], None]] = []
        has_published = False
        started = time.perf_counter()
        try:
            raw = self._raw()
            raw.execute("BEGIN IMMEDIATE")
            for job in group:
                raw.execute("SAVEPOINT action")
                tx = Transaction(self._connection, self._tables, self._service)  # type: ignore[arg-type]  # set by _raw
                try:
                    job.result = job.action(tx)
                except Exception as error:
                    job.error = error
                    if not raw.in_transaction:
                        raise  # a full disk, say: SQLite has rolled back the whole group by itself
                    raw.execute("ROLLBACK TO action")
                else:
                    hints += tx.hints
                    has_published = has_published or tx.has_published
                raw.execute("RELEASE action")
            raw.execute("COMMIT")
        except BaseException as error:
            log.exception("a group commit of %s failed", self._service)
            for job in group:
                job.error = job.error or error
            hints, has_published = [], False
            self._recover()
        GROUP_SIZE.observe(len(group), self._service)
        GROUP_SECONDS.observe(time.perf_counter() - started, self._service)
        _answer(group)
        if has_published:
            hints.append(self._on_publish)
        give_hints(hints)

    def _recover(self) -> None:
        """End whatever transaction the failed group left open, or throw the connection away."""
        try:
            raw = self._raw()
            if raw.in_transaction:
                raw.execute("ROLLBACK")
        except Exception:
            log.exception("the lane of %s opens a new connection", self._service)
            if self._connection is not None:
                self._connection.invalidate()
                self._connection.close()
            self._connection = None


def _answer(group: list[Job]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[Job]] = {}
    for job in group:
        by_loop.setdefault(job.loop, []).append(job)
    for loop, jobs in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, jobs)
        except RuntimeError:  # that loop has ended, and whoever waited with it
            log.warning("%d callers have gone before the commit", len(jobs))


def _resolve(jobs: list[Job]) -> None:
    for job in jobs:
        if job.future.done():  # the caller gave up; the deed stands all the same
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
