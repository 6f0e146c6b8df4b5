"""Timed work: a job runs at most every ``seconds``, on one runner by lease, and earlier when it says so or time moves.

A job works in actions of at most 500 rows and answers with the moment at which it is next due, or None.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from guanjia.kit import clock
from guanjia.kit.database import Database, Transaction, lock
from guanjia.kit.live import Live

log = logging.getLogger(__name__)

LEASE_SECONDS = 30
CLOCK_MOVED = "clock-moved"


@dataclass(frozen=True)
class Job:
    """Timed work of a service: ``run(context)`` at least each ``seconds`` of real time; ``wake`` names a hint that
    runs it.
    """

    name: str
    seconds: float
    run: Callable[[Any], Awaitable[datetime | None]]
    wake: str = ""


class JobRunner:
    """Runs one job of one service while this process holds its lease."""

    def __init__(self, context: Any, database: Database, live: Live, job: Job, owner: str) -> None:
        self._context = context
        self._database = database
        self._live = live
        self._job = job
        self._owner = owner
        self._due = asyncio.Event()
        self._ends: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        for subject in filter(None, (CLOCK_MOVED, self._job.wake)):
            self._ends.append(self._live.subscribe(subject, lambda _payload: self._due.set()))
        self._task = asyncio.create_task(self._run(), name=f"job-{self._database.service}-{self._job.name}")

    async def stop(self) -> None:
        """End, even in the middle: an action at work still commits or not, as a whole."""
        for end in self._ends:
            end()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            next_at: datetime | None = None
            self._due.clear()
            try:
                if await self._database.write(_take_lease, self._job.name, self._owner):
                    next_at = await self._work()
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("the job %s of %s failed; it will run again", self._job.name, self._database.service)
            wait = self._job.seconds
            if next_at is not None:
                wait = min(wait, max(0.0, (next_at - clock.now()).total_seconds()))
            try:
                async with asyncio.timeout(wait):
                    await self._due.wait()
            except TimeoutError:
                pass

    async def _work(self) -> datetime | None:
        """Run the job, and keep the lease for as long as that takes."""
        work = asyncio.ensure_future(self._job.run(self._context))
        try:
            while not (await asyncio.wait({work}, timeout=LEASE_SECONDS / 3))[0]:
                await self._database.write(_take_lease, self._job.name, self._owner)
            return work.result()
        finally:
            if not work.done():
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)


def _take_lease(tx: Transaction, name: str, owner: str) -> bool:
    """Whether ``owner`` may run the job now. SQLite has one process, so the lease is always its own."""
    if tx.dialect == "sqlite":
        return True
    lock(tx, "lease", name)
    leases, at = tx.tables.leases, clock.real_now()
    row = tx.one(sa.select(leases.c.owner, leases.c.until).where(leases.c.name == name))
    if row is not None and row.owner != owner and row.until > at:
        return False
    tx.upsert(leases, {"name": name}, {"owner": owner, "until": at + timedelta(seconds=LEASE_SECONDS)})
    return True
