"""A listener reads another service's feed, or its own: in order, once in effect.

It gets up to 100 events. Each handler may call services first and answers with one action (or None); then one
transaction runs all the actions and moves the cursor. If that fails, the events are taken one by one, each
with its cursor; only then do failures count. After five, the event and the later ones of its key are parked.
"""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from guanjia.kit import clock
from guanjia.kit.database import Database, Reading, Transaction, new_id, storable_text
from guanjia.kit.errors import NotFound
from guanjia.kit.feed.event import Event, FeedRow, event_name
from guanjia.kit.feed.log import POLL_SECONDS, FeedLog
from guanjia.kit.metrics import Counter, Gauge

log = logging.getLogger(__name__)

BATCH = 100
ATTEMPTS = 5
PAUSE_SECONDS = 0.05  # after the first failure; each next one four times as long
STORE_SECONDS = 5.0

LAG = Gauge("guanjia_listener_lag", "Events that a listener has not taken yet", ["service", "feed"])
PARKED = Counter("guanjia_listener_parked_total", "Events that a listener has parked", ["service", "feed"])

Plan = Callable[[Transaction], Any]
E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Hears:
    """A declared listener: for each ``event`` of ``service``, ``await handler(context, event, row)`` gives
    a plan.
    """

    service: str
    event: type[Event]
    handler: Callable[[Any, Any, FeedRow], Awaitable[Plan | None]]


class ListenerRunner:
    """Carries the events of one feed to the handlers of one service."""

    def __init__(self, context: Any, database: Database, source: FeedLog, hears: Sequence[Hears]) -> None:
        self.source = source
        self.cursor = 0
        self._stored_at = 0.0
        self.is_stopped_beyond_head = False
        self._context = context
        self._database = database
        self._handlers = {event_name(one.event): (msgspec.json.Decoder(one.event), one.handler) for one in hears}
        self._grew = asyncio.Event()
        self._end: Callable[[], None] | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Continue from the stored cursor; a new listener begins at the feed's beginning."""
        self.cursor = await self._database.read(_load_cursor, self.source.service)
        if self.cursor > self.source.head:
            self.is_stopped_beyond_head = True
            log.error(
                "%s has heard %s up to %d, but that feed ends at %d: not listening",
                self._database.service, self.source.service, self.cursor, self.source.head,
            )  # fmt: skip
            return
        self._end = self.source.subscribe(lambda _rows: self._grew.set())
        name = f"{self._database.service}-hears-{self.source.service}"
        self._task = asyncio.create_task(self._run(), name=name)

    async def stop(self) -> None:
        """Stop after the batch at hand was dropped or committed."""
        if self._end is not None:
            self._end()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _moved(self, seq: int) -> None:
        self.cursor = seq
        LAG.set(max(0, self.source.head - seq), self._database.service, self.source.service)

    async def _run(self) -> None:
        while True:
            try:
                while rows := await self.source.read(self.cursor, BATCH):
                    await self._take(rows)
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("%s could not hear %s", self._database.service, self.source.service)
                await asyncio.sleep(POLL_SECONDS)
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._grew.wait()
            except TimeoutError:
                pass
            self._grew.clear()

    async def _take(self, rows: list[FeedRow]) -> None:
        wanted = [row for row in rows if row.name in self._handlers]
        last = rows[-1].seq
        if not wanted:
            # Events that nobody here hears move the stored cursor too, or a purge would wait for it for ever;
            # but
            # not one commit each: after a crash they are passed over again.
            now = time.monotonic()
            if now - self._stored_at >= STORE_SECONDS:
                await self._database.write(_apply, [], self.source.service, last)
                self._stored_at = now
            self._moved(last)
            return
        blocked = await self._database.read(_parked_keys, self.source.service)
        if not blocked.intersection(row.key for row in wanted):
            try:
                plans = await self._plan_all(wanted)
                await self._database.write(_apply, plans, self.source.service, last)
                self._moved(last)
                return
            except asyncio.CancelledError:
                raise
            except Exception as error:
                log.warning(
                    "%s takes %d events of %s one by one: %r",
                    self._database.service, len(wanted), self.source.service, error,
                )  # fmt: skip
        for row in wanted:
            await self._take_one(row, blocked)
            self._moved(row.seq)
        self._moved(last)

    async def _plan_all(self, rows: list[FeedRow]) -> list[Plan]:
        """Plans in feed order; events of different keys prepare side by side, those of one key in order."""
        by_key: dict[str, list[int]] = {}
        for index, row in enumerate(rows):
            by_key.setdefault(row.key, []).append(index)
        plans: list[Plan | None] = [None] * len(rows)

        async def prepare(indexes: list[int]) -> None:
            for index in indexes:
                plans[index] = await self._plan(rows[index])

        if len(by_key) == 1:
            await prepare(list(range(len(rows))))
        else:
            async with asyncio.TaskGroup() as group:
                for indexes in by_key.values():
                    group.create_task(prepare(indexes))
        return [plan for plan in plans if plan is not None]

    async def _plan(self, row: FeedRow) -> Plan | None:
        decoder, handler = self._handlers[row.name]
        return await handler(self._context, decoder.decode(row.data), row)

    async def _take_one(self, row: FeedRow, blocked: set[str]) -> None:
        if row.key in blocked:
            await self._park(row, "an earlier event of this key is parked")
            return
        for attempt in range(1, ATTEMPTS + 1):
            try:
                plan = await self._plan(row)
                await self._database.write(_apply, [plan] if plan else [], self.source.service, row.seq)
                return
            except asyncio.CancelledError:
                raise
            except Exception:
                reason = traceback.format_exc()
                log.warning("attempt %d at %s %d failed", attempt, self.source.service, row.seq, exc_info=True)
                if attempt < ATTEMPTS:
                    await asyncio.sleep(PAUSE_SECONDS * 4 ** (attempt - 1))
        log.error("%s parks %s %d", self._database.service, self.source.service, row.seq)
        await self._park(row, reason)
        blocked.add(row.key)

    async def _park(self, row: FeedRow, reason: str) -> None:
        await self._database.write(_park, row, self.source.service, reason)
        PARKED.add(self._database.service, self.source.service)

    async def replay(self, parked_id: str) -> None:
        """Take a parked event again, at an operator's word, after those of its key that were parked before
        it.

        What fails stays parked, with all after it; its error is raised. NotFound when it is not parked here.
        """
        waiting = await self._database.read(_parked_until, self.source.service, parked_id)
        if not waiting:
            raise NotFound()
        for one_id, row in waiting:
            plan = await self._plan(row)
            await self._database.write(_replayed, [plan] if plan else [], one_id)


def _load_cursor(reading: Reading, feed: str) -> int:
    cursors = reading.tables.cursors
    return int(reading.scalar(sa.select(cursors.c.seq).where(cursors.c.feed == feed)) or 0)


def _move_cursor(tx: Transaction, feed: str, seq: int) -> None:
    tx.upsert(tx.tables.cursors, {"feed": feed}, {"seq": seq, "moved_at": clock.real_now()})


def _apply(tx: Transaction, plans: list[Plan], feed: str, seq: int) -> None:
    for plan in plans:
        plan(tx)
    _move_cursor(tx, feed, seq)


def _parked_keys(reading: Reading, feed: str) -> set[str]:
    parked = reading.tables.parked
    waiting = (parked.c.feed == feed) & parked.c.replayed_at.is_(None)
    return {row[0] for row in reading.rows(sa.select(parked.c.key).where(waiting).distinct())}


def _park(tx: Transaction, row: FeedRow, feed: str, reason: str) -> None:
    tx.execute(
        tx.tables.parked.insert().values(
            id=new_id(), feed=feed, seq=row.seq, key=row.key, name=row.name, event_id=row.id,
            company_id=row.company_id, audience=row.audience, subjects=row.subjects,
            data=msgspec.json.decode(row.data), error=storable_text(reason), parked_at=clock.real_now(),
        )
    )  # fmt: skip
    _move_cursor(tx, feed, row.seq)


def _parked_until(reading: Reading, feed: str, parked_id: str) -> list[tuple[str, FeedRow]]:
    """The parked event and those of its key before it, in order, with their ids in the list."""
    parked = reading.tables.parked
    waiting = (parked.c.feed == feed) & parked.c.replayed_at.is_(None)
    asked = reading.one(sa.select(parked.c.key, parked.c.seq).where(waiting, parked.c.id == parked_id))
    if asked is None:
        return []
    rows = reading.rows(
        sa.select(parked).where(waiting, parked.c.key == asked.key, parked.c.seq <= asked.seq).order_by(parked.c.seq)
    )
    return [
        (
            row.id,
            FeedRow(
                row.seq, row.event_id, row.name, row.key, row.company_id, row.audience, tuple(row.subjects),
                msgspec.json.encode(row.data),
            ),
        )
        for row in rows
    ]  # fmt: skip


def _replayed(tx: Transaction, plans: list[Plan], parked_id: str) -> None:
    parked = tx.tables.parked
    changed = tx.execute(
        parked.update()
        .where(parked.c.id == parked_id, parked.c.replayed_at.is_(None))
        .values(replayed_at=clock.real_now())
    ).rowcount
    if changed:  # else somebody else has just replayed it
        for plan in plans:
            plan(tx)
