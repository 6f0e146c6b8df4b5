"""The feed's numbers: in the order of commits, per key in the order of publishing, without a gap that fills later."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta

import msgspec
import pytest
import sqlalchemy as sa

from guanjia.kit import clock
from guanjia.kit.database import Database, Transaction, lock, new_id, service_metadata
from guanjia.kit.feed import Event, FeedLog, FeedRow, event_name, publish
from guanjia.kit.feed import log as feed_log
from tests.kit.conftest import Open

metadata = service_metadata("feeds")


class NoteAdded(Event, frozen=True, kw_only=True):
    number: int
    text: str = ""


def add(tx: Transaction, key: str, number: int, text: str = "") -> None:
    lock(tx, "note", key)
    publish(tx, NoteAdded(number=number, text=text), key=key, company_id="c1", subjects=["s2", "s1", "s2"])


class Following:
    """A feed at work, and the rows that its sink got."""

    def __init__(self, database: Database) -> None:
        self.log = FeedLog(database)
        self.rows: list[FeedRow] = []
        self._grew = asyncio.Event()

    async def __aenter__(self) -> Following:
        await self.log.start()
        self.log.subscribe(self._take)
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.log.stop()

    def _take(self, rows: Sequence[FeedRow]) -> None:
        self.rows += rows
        self._grew.set()

    async def until(self, number: int) -> None:
        async with asyncio.timeout(10):
            while len(self.rows) < number:
                self._grew.clear()
                self.log.grew()
                await self._grew.wait()


def test_a_row_says_what_was_published(open_database: Open) -> None:
    database = open_database(metadata)

    async def story() -> None:
        async with Following(database) as following:
            await database.write(add, "k", 7, "刹\x00车😀")
            await following.until(1)
        (row,) = following.rows
        assert (row.seq, row.name, row.key, row.company_id, row.audience) == (1, "note_added", "k", "c1", "staff")
        assert row.subjects == ("s1", "s2")
        event = msgspec.json.decode(row.data, type=NoteAdded)
        assert (event.number, event.text) == (7, "刹\x00车😀")
        assert abs(clock.now() - event.at) < timedelta(seconds=20)

    asyncio.run(story())


def test_names_of_events() -> None:
    assert event_name(NoteAdded) == "note_added"


def test_a_refused_deed_publishes_nothing(open_database: Open) -> None:
    database = open_database(metadata)

    def refuse(tx: Transaction) -> None:
        add(tx, "k", 1)
        raise LookupError

    async def story() -> None:
        async with Following(database) as following:
            with pytest.raises(LookupError):
                await database.write(refuse)
            await database.write(add, "k", 2)
            await following.until(1)
        assert [msgspec.json.decode(row.data)["number"] for row in following.rows] == [2]
        assert following.log.head == following.rows[0].seq

    asyncio.run(story())


def test_order_under_concurrency(open_database: Open) -> None:
    """Two processes publish (on the servers), two number; everyone sees each event once, in one order."""
    first = open_database(metadata)
    second = first if first.is_sqlite else open_database(metadata)
    shuffled = random.Random(7)

    def add_next(tx: Transaction, key: str) -> None:
        lock(tx, "note", key)
        feed = tx.tables.feed
        before = tx.scalar(sa.select(sa.func.count()).select_from(feed).where(feed.c.key == key))
        publish(tx, NoteAdded(number=int(before) + 1), key=key)

    async def story() -> None:
        keys = [f"k{number % 7}" for number in range(210)]
        shuffled.shuffle(keys)
        async with Following(first) as one, Following(second) as other:
            await asyncio.gather(*((first, second)[number % 2].write(add_next, key) for number, key in enumerate(keys)))
            await one.until(210)
            await other.until(210)
        assert [row.seq for row in one.rows] == list(range(1, 211))
        assert other.rows == one.rows
        by_key: dict[str, list[int]] = {}
        for row in one.rows:
            by_key.setdefault(row.key, []).append(msgspec.json.decode(row.data)["number"])
        assert by_key == {f"k{key}": list(range(1, 31)) for key in range(7)}

    asyncio.run(story())


def test_a_row_committed_late_is_not_missed(open_database: Open) -> None:
    """An open transaction took its position first; who reads meanwhile gets it later, under a later number."""
    database = open_database(metadata)
    # SQLite has one writer: nothing can stand open beside another write.
    other = database if database.is_sqlite else open_database(metadata)

    async def story() -> None:
        async with Following(other) as following:
            if database.is_sqlite:
                await database.write(add, "late", 1)
                await database.write(add, "early", 2)
            else:
                with database.engine.connect() as connection:
                    tx = Transaction(connection, database.tables, database.service)
                    publish(tx, NoteAdded(number=1), key="late")
                    await other.write(add, "early", 2)
                    await following.until(1)
                    assert [row.key for row in following.rows] == ["early"]
                    connection.commit()
            await following.until(2)
            assert {row.key for row in following.rows} == {"early", "late"}
            assert [row.seq for row in following.rows] == [1, 2]
            assert await other.read(lambda reading: len(reading.rows(sa.select(reading.tables.feed)))) == 2

    asyncio.run(story())


def test_reading_from_a_cursor(open_database: Open) -> None:
    database = open_database(metadata)

    def add_many(tx: Transaction) -> None:
        for number in range(30):
            publish(tx, NoteAdded(number=number), key="k")

    async def story() -> None:
        await database.write(add_many)
        async with Following(database) as following:
            log = following.log
            assert log.head == 30
            assert [row.seq for row in await log.read(0, 10)] == list(range(1, 11))
            assert [row.seq for row in await log.read(28)] == [29, 30]
            assert await log.read(30) == []
            assert await log.read(99) == []
        assert following.rows == []

    asyncio.run(story())


def test_a_failing_sink_harms_no_other(open_database: Open) -> None:
    database = open_database(metadata)

    def fail(_rows: object) -> None:
        raise LookupError

    async def story() -> None:
        following = Following(database)
        end = following.log.subscribe(fail)
        async with following:
            await database.write(add, "k", 1)
            await following.until(1)
            end()
            await database.write(add, "k", 2)
            await following.until(2)

    asyncio.run(story())


def test_old_rows_go_when_every_listener_has_passed_them(open_database: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    database = open_database(metadata)

    async def story() -> None:
        with monkeypatch.context() as past:
            long_ago = clock.real_now() - timedelta(days=15)
            past.setattr(clock, "real_now", lambda: long_ago)
            for number in range(5):
                await database.write(add, "k", number)
        async with Following(database) as following:
            log = following.log
            assert await log.floor() == 0
            assert await log.purge(3) == 3
            assert await log.floor() == 3
            assert await log.purge(5) == 2
            assert await log.purge(5) == 0
            # Emptied: the head stays, an older cursor can no longer be continued.
            assert await log.floor() == 5
        async with Following(database) as again:
            assert again.log.head == 5
            await database.write(add, "k", 6)
            await again.until(1)
            assert again.rows[0].seq == 6
            assert await again.log.purge(6) == 0

    asyncio.run(story())


def test_many_rows_at_once(open_database: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than one round of numbering and of pumping."""
    monkeypatch.setattr(feed_log, "SEQUENCE_LIMIT", 20)
    monkeypatch.setattr(feed_log, "PUMP_LIMIT", 30)
    database = open_database(metadata)

    def add_many(tx: Transaction) -> None:
        for _ in range(60):
            publish(tx, NoteAdded(number=1, text=new_id()), key="k")

    async def story() -> None:
        async with Following(database) as following:
            await database.write(add_many)
            await following.until(60)
        assert [row.seq for row in following.rows] == list(range(1, 61))

    asyncio.run(story())
