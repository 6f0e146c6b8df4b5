"""A listener takes a feed in order and once in effect, whatever fails (architecture.md, The feed)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from guanjia.kit import clock
from guanjia.kit.database import Database, ExactText, Id, Reading, Transaction, Whole, new_id, service_metadata, table
from guanjia.kit.errors import NotFound
from guanjia.kit.feed import Event, FeedLog, FeedRow, Hears, ListenerRunner, Plan, publish
from guanjia.kit.feed import listener as feed_listener
from guanjia.kit.feed.listener import LAG, PARKED
from tests.kit.conftest import Open
from tests.kit.waiting import until

source_metadata = service_metadata("source")
metadata = service_metadata("hearer")
heard = table(
    "hearer_heard",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("position", Whole, nullable=False),
    sa.Column("key", ExactText(40), nullable=False),
    sa.Column("number", Whole, nullable=False),
    sa.Column("company_id", ExactText(40), nullable=False),
)


class NoteAdded(Event, frozen=True, kw_only=True):
    number: int


class NoteDropped(Event, frozen=True, kw_only=True):
    number: int


class Scene:
    """A source, a hearer, and what shall go wrong with which number."""

    def __init__(self, source: Database, hearer: Database) -> None:
        self.source = source
        self.hearer = hearer
        self.log = FeedLog(source)
        self.tries: dict[int, int] = {}
        self.transactions: list[Transaction] = []
        self.fails: Callable[[int, int], bool] = lambda _number, _attempt: False
        self.fails_before: Callable[[int], bool] = lambda _number: False
        self.called: list[int] = []
        self.hold: asyncio.Event | None = None
        self.runner = self.new_runner()

    def new_runner(self) -> ListenerRunner:
        return ListenerRunner(None, self.hearer, self.log, [Hears("source", NoteAdded, self.on_note_added)])

    async def on_note_added(self, _context: Any, event: NoteAdded, row: FeedRow) -> Plan | None:
        self.called.append(event.number)
        if self.hold is not None:
            await self.hold.wait()
        if self.fails_before(event.number):
            raise LookupError("the service that is asked first is away")
        if event.number < 0:
            return None
        return lambda tx: self.note(tx, event, row)

    def note(self, tx: Transaction, event: NoteAdded, row: FeedRow) -> None:
        self.transactions.append(tx)
        position = int(tx.scalar(sa.select(sa.func.count()).select_from(heard)))
        values = {"key": row.key, "number": event.number, "company_id": row.company_id}
        tx.execute(heard.insert().values(id=new_id(), position=position, **values))
        self.tries[event.number] = attempt = self.tries.get(event.number, 0) + 1
        if self.fails(event.number, attempt):
            raise LookupError(f"number {event.number}\x00")

    async def publish(self, *numbers: int, key: str = "", kind: type[Any] = NoteAdded) -> None:
        def put(tx: Transaction) -> None:
            for number in numbers:
                event = kind(number=number)
                publish(tx, event, key=key or f"k{number % 3}", company_id="c1", subjects=["s1"], audience="all")

        await self.source.write(put)
        self.log.grew()

    async def until(self, cursor: int, runner: ListenerRunner | None = None) -> None:
        await until(lambda: (runner or self.runner).cursor >= cursor)

    async def numbers(self) -> list[int]:
        statement = sa.select(heard.c.number).order_by(heard.c.position)
        return [row.number for row in await self.hearer.read(Reading.rows, statement)]

    async def stored_cursor(self) -> int:
        cursors = self.hearer.tables.cursors
        return int(await self.hearer.read(Reading.scalar, sa.select(cursors.c.seq)) or 0)

    async def parked(self) -> list[Any]:
        parked = self.hearer.tables.parked
        return list(await self.hearer.read(Reading.rows, sa.select(parked).order_by(parked.c.seq)))


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_listener, "PAUSE_SECONDS", 0.0001)


@asynccontextmanager
async def at_work(open_database: Open) -> AsyncIterator[Scene]:
    scene = Scene(open_database(source_metadata), open_database(metadata))
    await scene.log.start()
    await scene.runner.start()
    try:
        yield scene
    finally:
        await scene.runner.stop()
        await scene.log.stop()


def test_events_come_in_order_once_and_many_at_a_time(open_database: Open) -> None:
    async def story() -> None:
        async with at_work(open_database) as scene:
            await scene.publish(*range(250))
            await scene.until(250)
            assert await scene.numbers() == list(range(250))
            assert await scene.stored_cursor() == 250
            assert len({id(tx) for tx in scene.transactions}) <= 4
            assert await scene.parked() == []
            assert LAG.value("hearer", "source") == 0

    asyncio.run(story())


def test_a_failure_that_passes_costs_nothing(open_database: Open) -> None:
    async def story() -> None:
        async with at_work(open_database) as scene:
            scene.fails = lambda number, attempt: number == 5 and attempt < 4
            await scene.publish(*range(20))
            await scene.until(20)
            assert await scene.numbers() == list(range(20))
            assert await scene.parked() == []

    asyncio.run(story())


def test_what_fails_five_times_is_parked_with_the_later_ones_of_its_key(open_database: Open) -> None:
    async def story() -> None:
        async with at_work(open_database) as scene:
            before = PARKED.value("hearer", "source")
            scene.fails = lambda number, _attempt: number == 4
            await scene.publish(*range(12))
            await scene.until(12)
            # 4, 7 and 10 are of one key.
            assert await scene.numbers() == [0, 1, 2, 3, 5, 6, 8, 9, 11]
            parked = await scene.parked()
            assert [row.seq for row in parked] == [5, 8, 11]
            assert "LookupError: number 4" in parked[0].error
            # Once with all the others, then five times alone.
            assert scene.tries[4] == 6
            assert await scene.stored_cursor() == 12
            assert PARKED.value("hearer", "source") == before + 3
            # The key stays blocked for what comes later; the others go on.
            await scene.publish(13, 14)
            await scene.until(14)
            assert (await scene.numbers())[-1] == 14
            assert [row.seq for row in await scene.parked()] == [5, 8, 11, 13]

    asyncio.run(story())


def test_a_replay_takes_the_earlier_ones_of_the_key_first(open_database: Open) -> None:
    async def story() -> None:
        async with at_work(open_database) as scene:
            scene.fails = lambda number, _attempt: number == 1
            await scene.publish(1, 4, 7)
            await scene.until(3)
            parked = await scene.parked()
            with pytest.raises(LookupError):
                await scene.runner.replay(parked[2].id)
            assert await scene.numbers() == []
            scene.fails = lambda _number, _attempt: False
            await scene.runner.replay(parked[1].id)
            assert await scene.numbers() == [1, 4]
            with pytest.raises(NotFound):
                await scene.runner.replay(parked[1].id)
            await scene.runner.replay(parked[2].id)
            assert await scene.numbers() == [1, 4, 7]
            found = await scene.hearer.read(Reading.rows, sa.select(heard.c.company_id).distinct())
            assert [row.company_id for row in found] == ["c1"]
            await scene.publish(10)
            await scene.until(4)
            assert await scene.numbers() == [1, 4, 7, 10]

    asyncio.run(story())


def test_a_handler_that_fails_before_its_plan_counts_too(open_database: Open) -> None:
    async def story() -> None:
        async with at_work(open_database) as scene:
            scene.fails_before = lambda number: number == 1
            await scene.publish(0, 1, 2)
            await scene.until(3)
            assert await scene.numbers() == [0, 2]
            assert [row.seq for row in await scene.parked()] == [2]

    asyncio.run(story())


def test_the_cursor_moves_with_the_writes_or_not_at_all(open_database: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        async with at_work(open_database) as scene:
            move, failures = feed_listener._move_cursor, 0

            def fail_once(tx: Transaction, feed: str, seq: int) -> None:
                nonlocal failures
                if not failures:
                    failures += 1
                    assert int(tx.scalar(sa.select(sa.func.count()).select_from(heard))) == 2
                    raise OSError("between the writes and the cursor")
                move(tx, feed, seq)

            monkeypatch.setattr(feed_listener, "_move_cursor", fail_once)
            await scene.publish(1, 2)
            await scene.until(2)
            assert failures == 1
            assert await scene.numbers() == [1, 2]

    asyncio.run(story())


def test_a_crash_before_the_commit_repeats_and_one_after_it_does_not(open_database: Open) -> None:
    async def story() -> None:
        async with at_work(open_database) as scene:
            await scene.publish(1, 2, 3)
            await scene.until(3)
            scene.hold = asyncio.Event()
            await scene.publish(4, 5)
            await until(lambda: 4 in scene.called)
            await scene.runner.stop()  # in the middle of a handler: nothing of it is in effect
            assert await scene.numbers() == [1, 2, 3]
            scene.hold = None
            scene.runner = scene.new_runner()
            await scene.runner.start()
            await scene.until(5)
            assert await scene.numbers() == [1, 2, 3, 4, 5]
            assert scene.called.count(3) == 1
            assert scene.called.count(4) == 2

    asyncio.run(story())


def test_what_nobody_hears_moves_the_cursor_without_a_commit_each(
    open_database: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with at_work(open_database) as scene:
            moved: list[int] = []
            move = feed_listener._move_cursor

            def record(tx: Transaction, feed: str, seq: int) -> None:
                moved.append(seq)
                move(tx, feed, seq)

            monkeypatch.setattr(feed_listener, "_move_cursor", record)
            for number in range(20):
                await scene.publish(number, kind=NoteDropped)
                await scene.until(number + 1)
            assert moved == [1]
            await scene.publish(7)
            await scene.until(21)
            assert await scene.stored_cursor() == 21

    asyncio.run(story())


def test_an_event_without_a_plan_is_passed(open_database: Open) -> None:
    async def story() -> None:
        async with at_work(open_database) as scene:
            await scene.publish(-1, 2)
            await scene.until(2)
            assert await scene.numbers() == [2]

    asyncio.run(story())


def test_a_cursor_beyond_the_feeds_head_stops_the_listener(open_database: Open) -> None:
    """A feed restored from an older copy must not be heard as if nothing had happened."""

    async def story() -> None:
        async with at_work(open_database) as scene:
            await scene.publish(1)
            await scene.until(1)
            await scene.runner.stop()
            await scene.hearer.write(
                lambda tx: tx.upsert(tx.tables.cursors, {"feed": "source"}, {"seq": 99, "moved_at": clock.real_now()})
            )
            scene.runner = scene.new_runner()
            await scene.runner.start()
            assert scene.runner.is_stopped_beyond_head

    asyncio.run(story())


def test_a_service_may_hear_itself(open_database: Open) -> None:
    database = open_database(metadata)
    taken: list[int] = []

    async def on_note_added(_context: Any, event: NoteAdded, _row: FeedRow) -> Plan | None:
        taken.append(event.number)
        if event.number >= 5:
            return None
        return lambda tx: publish(tx, NoteAdded(number=event.number + 1), key="k")

    async def story() -> None:
        log = FeedLog(database)
        await log.start()
        runner = ListenerRunner(None, database, log, [Hears("hearer", NoteAdded, on_note_added)])
        await runner.start()
        await database.write(lambda tx: publish(tx, NoteAdded(number=1), key="k"))
        async with asyncio.timeout(10):
            while runner.cursor < 5:
                log.grew()
                await asyncio.sleep(0.002)
        await runner.stop()
        await log.stop()
        assert taken == [1, 2, 3, 4, 5]

    asyncio.run(story())


def test_events_are_decoded_with_defaults_for_what_they_lack() -> None:
    assert msgspec.json.decode(b'{"number": 3, "at": "2026-01-01T00:00:00Z", "new": 1}', type=NoteAdded).number == 3
