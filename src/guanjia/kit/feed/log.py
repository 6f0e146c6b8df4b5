"""A service's feed as its readers see it: numbered rows, a pump that hands new ones to whoever waits.

``seq`` order is visibility order. SQLite has one writer, so the insert position is the number. On the servers
the sequencer numbers committed rows in insert order, under the counter's row lock, so several may run.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache

import sqlalchemy as sa

from guanjia.kit import clock
from guanjia.kit.database import Database, LongText, Prepared, Reading, Transaction
from guanjia.kit.feed.event import FeedRow

log = logging.getLogger(__name__)

KEEP = timedelta(days=14)
POLL_SECONDS = 1.0
PUMP_LIMIT = 500
SEQUENCE_LIMIT = 1000

Sink = Callable[[Sequence[FeedRow]], None]


class FeedLog:
    """The feed of one hosted service. Sinks get each new row once, in order, on the event loop."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.service = database.service
        self.head = 0
        self._sinks: list[Sink] = []
        self._grew = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    def grew(self) -> None:
        """Say that a commit published something; from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._grew.set)

    def subscribe(self, sink: Sink) -> Callable[[], None]:
        """Give new rows, those after the present ``head``, to ``sink``; the answer ends it."""
        self._sinks.append(sink)

        def end() -> None:
            if sink in self._sinks:
                self._sinks.remove(sink)

        return end

    async def start(self) -> None:
        """Find the head, then pump."""
        self._loop = asyncio.get_running_loop()
        if not self.database.is_sqlite:
            await self.database.write(_ensure_counter)
            await self._sequence()
        self.head = await self.database.read(_head)
        self._task = asyncio.create_task(self._pump(), name=f"feed-{self.service}")

    async def stop(self) -> None:
        """Stop pumping; sinks get nothing more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def read(self, after: int, limit: int = 100) -> list[FeedRow]:
        """Up to ``limit`` rows after ``after``, oldest first."""
        return await self.database.read(_rows_after, after, limit)

    async def floor(self) -> int:
        """The oldest cursor that can still be continued without a gap."""
        return await self.database.read(_floor)

    async def purge(self, passed: int) -> int:
        """Delete rows older than 14 days that every listener has passed (``passed``); at most 500 a call."""
        return await self.database.write(_purge, passed, clock.real_now() - KEEP)

    async def _sequence(self) -> None:
        while await self.database.write(_number) == SEQUENCE_LIMIT:
            pass

    async def _pump(self) -> None:
        while True:
            try:
                if not self.database.is_sqlite:
                    await self._sequence()
                while rows := await self.read(self.head, PUMP_LIMIT):
                    self.head = rows[-1].seq
                    for sink in tuple(self._sinks):
                        try:
                            sink(rows)
                        except Exception:
                            log.exception("a sink of the feed of %s failed", self.service)
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("the feed of %s could not be read", self.service)
                await asyncio.sleep(POLL_SECONDS)
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._grew.wait()
            except TimeoutError:
                pass
            self._grew.clear()


def _seq_column(reading: Reading) -> sa.ColumnElement[int]:
    feed = reading.tables.feed
    return feed.c.position if reading.dialect == "sqlite" else feed.c.seq


@cache
def _select_after(feed: sa.Table, dialect: str) -> Prepared:
    c = feed.c
    seq = c.position if dialect == "sqlite" else c.seq
    data = sa.type_coerce(c.data, LongText).label("data")
    columns = (seq.label("seq"), c.id, c.name, c.key, c.company_id, c.audience, c.subjects, data)
    limit = sa.bindparam("limit", type_=sa.Integer)
    return Prepared(sa.select(*columns).where(seq > sa.bindparam("after")).order_by(seq).limit(limit))


def _rows_after(reading: Reading, after: int, limit: int) -> list[FeedRow]:
    rows = reading.hot_rows(_select_after(reading.tables.feed, reading.dialect), after=after, limit=limit)
    return [
        FeedRow(
            row.seq, row.id, row.name, row.key, row.company_id, row.audience,
            tuple(row.subjects), row.data.encode(),
        )
        for row in rows
    ]  # fmt: skip


def _head(reading: Reading) -> int:
    """The newest number ever given: an emptied feed does not begin anew."""
    if reading.dialect == "sqlite":
        given = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        return int(reading.scalar(given, {"name": reading.tables.feed.name}) or 0)
    return int(reading.scalar(sa.select(reading.tables.feed_counter.c.value)) or 0)


def _floor(reading: Reading) -> int:
    first = reading.scalar(sa.select(sa.func.min(_seq_column(reading))))
    return _head(reading) if first is None else int(first) - 1


def _purge(tx: Transaction, passed: int, before: object) -> int:
    feed, seq = tx.tables.feed, _seq_column(tx)
    positions = [
        row[0]
        for row in tx.rows(
            sa.select(feed.c.position)
            .where(seq <= passed, feed.c.recorded_at < before)
            .order_by(feed.c.position)
            .limit(500)
        )
    ]
    if positions:
        tx.execute(feed.delete().where(feed.c.position.in_(positions)))
    return len(positions)


def _ensure_counter(tx: Transaction) -> None:
    tx.insert_new(tx.tables.feed_counter, {"id": 1, "value": 0})


def _number(tx: Transaction) -> int:
    feed, counter = tx.tables.feed, tx.tables.feed_counter
    value = int(tx.scalar(sa.select(counter.c.value).where(counter.c.id == 1).with_for_update()))
    positions = [
        row[0]
        for row in tx.rows(
            sa.select(feed.c.position).where(feed.c.seq.is_(None)).order_by(feed.c.position).limit(SEQUENCE_LIMIT)
        )
    ]
    if positions:
        tx.execute(
            feed.update().where(feed.c.position == sa.bindparam("at")).values(seq=sa.bindparam("number")),
            [{"at": position, "number": value + index + 1} for index, position in enumerate(positions)],
        )
        tx.execute(counter.update().where(counter.c.id == 1).values(value=value + len(positions)))
    return len(positions)
