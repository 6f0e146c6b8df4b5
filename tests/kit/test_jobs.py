"""Timed work: at its period, at its next due time, when woken, on one runner."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from guanjia.kit import clock, jobs
from guanjia.kit.database import Database, Reading, service_metadata
from guanjia.kit.jobs import CLOCK_MOVED, LEASE_SECONDS, Job, JobRunner
from guanjia.kit.live import Live
from tests.kit.conftest import Open
from tests.kit.waiting import until

metadata = service_metadata("timed")


class Work:
    def __init__(self, database: Database, *, seconds: float = 600, owner: str = "a", wake: str = "") -> None:
        self.live = Live()
        self.live.attach(asyncio.get_running_loop())
        self.runs = 0
        self.next_at: datetime | None = None
        self.fails = False
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.runner = JobRunner("context", database, self.live, Job("sweep", seconds, self.run, wake), owner)

    async def run(self, context: Any) -> datetime | None:
        assert context == "context"
        self.runs += 1
        await self.may_end.wait()
        if self.fails:
            raise LookupError
        return self.next_at


def test_a_job_runs_at_its_period(open_database: Open) -> None:
    async def story() -> None:
        work = Work(open_database(metadata), seconds=0.01)
        work.runner.start()
        await until(lambda: work.runs >= 3)
        await work.runner.stop()

    asyncio.run(story())


def test_a_job_that_fails_runs_again(open_database: Open) -> None:
    async def story() -> None:
        work = Work(open_database(metadata), seconds=0.01)
        work.fails = True
        work.runner.start()
        await until(lambda: work.runs >= 3)
        await work.runner.stop()

    asyncio.run(story())


def test_a_job_runs_when_its_next_deed_is_due_or_when_it_is_woken(open_database: Open) -> None:
    async def story() -> None:
        work = Work(open_database(metadata), wake="more")
        work.next_at = clock.now() + timedelta(seconds=0.05)
        work.runner.start()
        await until(lambda: work.runs >= 2)
        work.next_at = None
        await until(lambda: work.runs >= 3)
        for subject in ("more", CLOCK_MOVED):
            seen = work.runs
            work.live.publish(subject)
            await until(lambda seen=seen: work.runs > seen)  # type: ignore[misc]
        await work.runner.stop()

    asyncio.run(story())


def test_one_runner_at_a_time(open_database: Open) -> None:
    """On the servers a second process waits until the first one's lease has run out."""

    async def story() -> None:
        database = open_database(metadata)
        first = Work(database, seconds=0.01)
        first.runner.start()
        await until(lambda: first.runs >= 2)
        if database.is_sqlite:  # one process, so no lease is needed
            await first.runner.stop()
            return
        second = Work(open_database(metadata), seconds=0.01, owner="b")
        second.runner.start()
        seen = first.runs
        await until(lambda: first.runs >= seen + 5)
        assert second.runs == 0
        await first.runner.stop()
        past = clock.real_now() - timedelta(seconds=LEASE_SECONDS)
        await database.write(lambda tx: tx.execute(tx.tables.leases.update().values(until=past)) and None)
        await until(lambda: second.runs >= 2)
        await second.runner.stop()

    asyncio.run(story())


def test_a_long_job_keeps_its_lease(open_database: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LEASE_SECONDS", 0.3)

    async def story() -> None:
        database = open_database(metadata)
        first = Work(database, seconds=0.01)
        first.may_end.clear()
        first.runner.start()
        await until(lambda: first.runs == 1)
        if not database.is_sqlite:
            second = Work(open_database(metadata), seconds=0.01, owner="b")
            second.runner.start()
            leases = database.tables.leases
            before = await database.read(Reading.scalar, sa.select(leases.c.until))
            while await database.read(Reading.scalar, sa.select(leases.c.until)) < before + timedelta(seconds=0.4):
                assert second.runs == 0
            await second.runner.stop()
        await first.runner.stop()  # in the middle: the job hears of it
        assert first.runs == 1

    asyncio.run(story())
