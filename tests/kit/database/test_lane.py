"""The writer lane: one commit for many, a refusal alone, and no failure that lasts (performance.md, Writes)."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from typing import Any

import pytest
import sqlalchemy as sa

from guanjia.kit.database import Database, ExactText, Id, Transaction, new_id, service_metadata, table
from guanjia.kit.database.lane import GROUP_SIZE, Job, Lane
from guanjia.kit.errors import Conflict, Unavailable
from tests.kit.conftest import Open

metadata = service_metadata("lane")
things = table(
    "lane_things", metadata, sa.Column("id", Id, primary_key=True), sa.Column("name", ExactText(5000), unique=True)
)


def add(tx: Transaction, name: str) -> str:
    identifier = new_id()
    tx.execute(things.insert().values(id=identifier, name=name))
    return identifier


def names(database: Database) -> set[str]:
    return set(asyncio.run(database.read(lambda reading: [row[0] for row in reading.rows(sa.select(things.c.name))])))


async def together(database: Database, *actions: Any) -> list[Any]:
    """Run the actions in one group: the lane is held up until all of them wait."""
    assert database._lane is not None
    is_held, may_go = threading.Event(), threading.Event()

    def hold(_tx: Transaction) -> None:
        is_held.set()
        may_go.wait(5)

    held = asyncio.ensure_future(database.write(hold))
    await asyncio.to_thread(is_held.wait, 5)
    waiting = [asyncio.ensure_future(database.write(action)) for action in actions]
    await asyncio.sleep(0)  # each task has queued its action when the loop comes back here
    assert database._lane._queue.qsize() == len(actions)
    may_go.set()
    await held
    return await asyncio.gather(*waiting, return_exceptions=True)


def test_actions_that_wait_share_one_commit(open_sqlite: Open) -> None:
    database = open_sqlite(metadata)
    before = GROUP_SIZE.count("lane"), GROUP_SIZE.value("lane")
    results = asyncio.run(together(database, *(lambda tx, n=n: add(tx, f"n{n}") for n in range(50))))
    assert len(set(results)) == 50
    assert names(database) == {f"n{n}" for n in range(50)}
    groups, actions = GROUP_SIZE.count("lane") - before[0], GROUP_SIZE.value("lane") - before[1]
    assert (groups, actions) == (2, 51)


def test_an_action_that_raises_rolls_back_alone(open_sqlite: Open) -> None:
    database = open_sqlite(metadata)

    def fail(tx: Transaction) -> None:
        add(tx, "half")
        raise LookupError("no")

    results = asyncio.run(together(database, lambda tx: add(tx, "a"), fail, lambda tx: add(tx, "b")))
    assert isinstance(results[1], LookupError)
    assert [isinstance(result, str) for result in results] == [True, False, True]
    assert names(database) == {"a", "b"}


def test_a_duplicate_is_a_conflict_and_leaves_the_others(open_sqlite: Open) -> None:
    database = open_sqlite(metadata)
    results = asyncio.run(together(database, lambda tx: add(tx, "a"), lambda tx: add(tx, "a"), lambda tx: add(tx, "b")))
    assert isinstance(results[1], Conflict)
    assert results[1].code == "duplicate"
    assert names(database) == {"a", "b"}


class _NoCommit:
    """A DBAPI connection whose next COMMIT fails, as a disk that gives up does."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw
        self.is_broken = True

    @property
    def in_transaction(self) -> bool:
        return self._raw.in_transaction

    def execute(self, statement: str) -> Any:
        if statement == "COMMIT" and self.is_broken:
            self.is_broken = False
            raise sqlite3.OperationalError("disk I/O error")
        return self._raw.execute(statement)


def test_a_failed_commit_fails_its_group_and_not_the_next(open_sqlite: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    database = open_sqlite(metadata)
    lane = database._lane
    assert lane is not None
    raw = _NoCommit(lane._raw())
    monkeypatch.setattr(lane, "_raw", lambda: raw)

    async def story() -> None:
        hints: list[str] = []

        def first(tx: Transaction) -> None:
            add(tx, "lost")
            tx.afterwards(lambda: hints.append("lost"))

        with pytest.raises(sqlite3.OperationalError):
            await database.write(first)
        assert hints == []
        await database.write(add, "kept")

    asyncio.run(story())
    assert names(database) == {"kept"}


def test_a_lost_connection_is_replaced(open_sqlite: Open) -> None:
    database = open_sqlite(metadata)
    lane = database._lane
    assert lane is not None

    async def story() -> None:
        await database.write(add, "before")

        def cut(tx: Transaction) -> None:
            add(tx, "cut")
            raw: Any = tx.connection.connection.dbapi_connection
            raw.close()

        with pytest.raises(Exception, match="closed"):
            await database.write(cut)
        await database.write(add, "after")

    asyncio.run(story())
    assert names(database) == {"before", "after"}


def test_a_full_disk_is_unavailable_until_there_is_room(open_sqlite: Open) -> None:
    database = open_sqlite(metadata)
    kept: set[str] = set()

    async def keep(name: str) -> None:
        await database.write(add, name)
        kept.add(name)

    async def story() -> None:
        pages = await database.write(lambda tx: tx.scalar(sa.text("PRAGMA page_count")))
        await database.write(lambda tx: tx.scalar(sa.text(f"PRAGMA max_page_count={pages + 4}")))
        with pytest.raises(Unavailable) as refused:
            for number in range(20):
                await keep(f"{number:02}" * 2000)
        assert refused.value.retry_after == 2
        # The whole group falls with it, and each of its callers hears why.
        results = await together(database, *(lambda tx, n=n: add(tx, f"{n}" * 5000) for n in range(5, 9)))
        assert {type(result) for result in results} == {Unavailable}
        await database.write(lambda tx: tx.scalar(sa.text("PRAGMA max_page_count=100000")))
        await keep("after")

    asyncio.run(story())
    assert names(database) == kept


def test_a_hint_that_raises_harms_nobody(open_sqlite: Open) -> None:
    database = open_sqlite(metadata)

    async def story() -> None:
        def hinting(tx: Transaction) -> None:
            tx.afterwards(lambda: 1 / 0)  # type: ignore[arg-type]  # wrong on purpose

        await database.write(hinting)
        await database.write(add, "after")

    asyncio.run(story())
    assert names(database) == {"after"}


def test_a_caller_that_gave_up_changes_nothing_of_the_deed(open_sqlite: Open) -> None:
    database = open_sqlite(metadata)

    async def story() -> None:
        writing = asyncio.ensure_future(database.write(add, "done"))
        await asyncio.sleep(0)
        writing.cancel()
        await database.write(add, "next")

    asyncio.run(story())
    assert names(database) == {"done", "next"}


def test_a_loop_that_has_ended_does_not_end_the_lane(open_sqlite: Open) -> None:
    database = open_sqlite(metadata)
    lane = database._lane
    assert isinstance(lane, Lane)
    loop = asyncio.new_event_loop()
    future: asyncio.Future[Any] = loop.create_future()
    loop.close()
    lane.submit(Job(lambda tx: add(tx, "orphan"), loop, future))
    asyncio.run(database.write(add, "next"))
    assert names(database) == {"orphan", "next"}


def test_closing_finishes_what_is_queued(open_sqlite: Open) -> None:
    database = open_sqlite(metadata)
    lane = database._lane
    assert lane is not None

    async def story() -> list[Any]:
        waiting = [asyncio.ensure_future(database.write(add, f"n{number}")) for number in range(20)]
        await asyncio.sleep(0)
        await asyncio.to_thread(lane.close)
        return await asyncio.gather(*waiting)

    assert len(asyncio.run(story())) == 20
    assert len(names(database)) == 20
