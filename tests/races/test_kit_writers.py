"""Pairs of concurrent writers that share a row (architecture.md, Writes): nothing lost, nothing doubled, no failure."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from guanjia.kit.database import (
    Database,
    ExactText,
    Id,
    Reading,
    Transaction,
    Whole,
    lock,
    new_id,
    service_metadata,
    table,
)
from guanjia.kit.errors import Conflict
from tests.kit.conftest import Open

metadata = service_metadata("race")
seats = table(
    "race_seats",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("name", ExactText(40), nullable=False, unique=True),
    sa.Column("taken", Whole, nullable=False),
)
marks = table(
    "race_marks",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("seat", ExactText(40), nullable=False),
    sa.Column("number", Whole, nullable=False),
)

ROUNDS = 60


def pair(open_database: Open) -> tuple[Database, Database]:
    """Two processes; SQLite allows one, so there both are the same."""
    first = open_database(metadata)
    return (first, first) if first.is_sqlite else (first, open_database(metadata))


async def race(
    databases: tuple[Database, Database], action: Callable[..., Any], *arguments: tuple[Any, ...]
) -> list[Any]:
    """Run the action once with each of ``arguments``, on both sides in turn, all at the same time."""
    return await asyncio.gather(
        *(databases[number % 2].write(action, *one) for number, one in enumerate(arguments)), return_exceptions=True
    )


def add_seat(tx: Transaction, name: str) -> None:
    tx.execute(seats.insert().values(id=new_id(), name=name, taken=0))


async def taken(database: Database) -> dict[str, int]:
    rows = await database.read(Reading.rows, sa.select(seats.c.name, seats.c.taken))
    return {row.name: row.taken for row in rows}


def test_check_then_write_behind_a_lock(open_database: Open) -> None:
    databases = pair(open_database)

    def take_last_seat(tx: Transaction, name: str) -> int:
        lock(tx, "seat", name)
        count = int(tx.scalar(sa.select(sa.func.count()).select_from(marks).where(marks.c.seat == name)))
        if count >= 3:
            raise Conflict("full")
        tx.execute(marks.insert().values(id=new_id(), seat=name, number=count + 1))
        return count + 1

    async def story() -> None:
        results = await race(databases, take_last_seat, *(("a",) for _ in range(20)))
        assert sorted(result for result in results if isinstance(result, int)) == [1, 2, 3]
        assert {result.code for result in results if not isinstance(result, int)} == {"full"}
        rows = await databases[0].read(Reading.rows, sa.select(marks.c.number).order_by(marks.c.number))
        assert [row.number for row in rows] == [1, 2, 3]

    asyncio.run(story())


def test_numbers_under_a_lock_have_no_gap_and_no_double(open_database: Open) -> None:
    databases = pair(open_database)

    def number_next(tx: Transaction, seat: str) -> int:
        lock(tx, "seat", seat)
        last = int(tx.scalar(sa.select(sa.func.max(marks.c.number)).where(marks.c.seat == seat)) or 0)
        tx.execute(marks.insert().values(id=new_id(), seat=seat, number=last + 1))
        return last + 1

    async def story() -> None:
        results = await race(databases, number_next, *((f"s{number % 3}",) for number in range(ROUNDS)))
        assert sorted(results) == sorted(list(range(1, ROUNDS // 3 + 1)) * 3)

    asyncio.run(story())


def test_upserts_of_one_key_leave_one_row(open_database: Open) -> None:
    databases = pair(open_database)

    def put(tx: Transaction, name: str, number: int) -> None:
        tx.upsert(seats, {"name": name}, {"id": new_id(), "taken": number})

    async def story() -> None:
        results = await race(databases, put, *((f"s{number % 4}", number) for number in range(ROUNDS)))
        assert set(results) == {None}
        found = await taken(databases[0])
        assert set(found) == {"s0", "s1", "s2", "s3"}
        assert all(number % 4 == int(name[1]) for name, number in found.items())

    asyncio.run(story())


def test_of_equal_inserts_one_is_new(open_database: Open) -> None:
    databases = pair(open_database)

    def offer(tx: Transaction, name: str) -> bool:
        is_new = tx.insert_new(seats, {"id": new_id(), "name": name, "taken": 0})
        tx.execute(marks.insert().values(id=new_id(), seat=name, number=int(is_new)))
        return is_new

    async def story() -> None:
        results = await race(databases, offer, *((f"s{number % 6}",) for number in range(ROUNDS)))
        assert sorted(results) == [False] * (ROUNDS - 6) + [True] * 6
        rows = await databases[0].read(Reading.rows, sa.select(marks.c.seat).where(marks.c.number == 1))
        assert sorted(row.seat for row in rows) == [f"s{number}" for number in range(6)]

    asyncio.run(story())


def test_of_equal_inserts_without_care_one_wins_and_the_others_hear_conflict(open_database: Open) -> None:
    databases = pair(open_database)

    async def story() -> None:
        results = await race(databases, add_seat, *((f"s{number % 5}",) for number in range(40)))
        assert results.count(None) == 5
        refusals = [result for result in results if result is not None]
        assert {type(result) for result in refusals} == {Conflict}
        assert {result.code for result in refusals} == {"duplicate"}
        assert len(await taken(databases[0])) == 5

    asyncio.run(story())


def test_counters_raised_in_opposite_orders_deadlock_and_all_come_through(open_database: Open) -> None:
    """kernel.md W4: the loser of a deadlock runs again, as a whole."""
    databases = pair(open_database)
    runs: list[str] = []

    def raise_both(tx: Transaction, first: str, second: str, barrier: threading.Barrier | None) -> None:
        runs.append(first)
        is_first_try = runs.count(first) == 1
        tx.execute(marks.insert().values(id=new_id(), seat=first, number=1))
        tx.execute(seats.update().where(seats.c.name == first).values(taken=seats.c.taken + 1))
        if barrier is not None and is_first_try:
            barrier.wait(5)  # both hold their first row now: a deadlock is certain
        tx.execute(seats.update().where(seats.c.name == second).values(taken=seats.c.taken + 1))

    async def story() -> None:
        await databases[0].write(add_seat, "a")
        await databases[0].write(add_seat, "b")
        if databases[0].is_sqlite:
            results = await race(databases, raise_both, ("a", "b", None), ("b", "a", None))
        else:
            barrier = threading.Barrier(2)
            results = await race(databases, raise_both, ("a", "b", barrier), ("b", "a", barrier))
            assert len(runs) >= 3  # at least one of them lost, and ran again
        assert results == [None, None]
        assert await taken(databases[0]) == {"a": 2, "b": 2}
        number = sa.select(sa.func.count()).select_from(marks)
        assert await databases[0].read(Reading.scalar, number) == 2  # what the first try wrote is gone

    asyncio.run(story())


def raise_each(tx: Transaction, names: list[str]) -> None:
    for name in names:
        tx.execute(seats.update().where(seats.c.name == name).values(taken=seats.c.taken + 1))


def test_many_writers_of_a_few_counters(open_database: Open) -> None:
    """Counter rows in key order, as every action touches them: nobody waits for long."""
    databases = pair(open_database)

    async def story() -> None:
        for number in range(4):
            await databases[0].write(add_seat, f"s{number}")
        choices = (
            [f"s{number}" for number in range(4) if round_number >> number & 1] for round_number in range(ROUNDS)
        )
        results = await race(databases, raise_each, *((names,) for names in choices))
        assert set(results) == {None}
        assert await taken(databases[0]) == {"s0": 30, "s1": 30, "s2": 28, "s3": 28}

    asyncio.run(story())


def test_writers_without_any_order_come_through_too(open_database: Open) -> None:
    databases = pair(open_database)

    async def story() -> None:
        for name in ("a", "b", "c"):
            await databases[0].write(add_seat, name)
        orders = [["a", "b", "c"], ["c", "b", "a"], ["b", "a"], ["c", "a"]]
        results = await race(databases, raise_each, *((names,) for names in orders))
        assert set(results) == {None}
        assert await taken(databases[0]) == {"a": 4, "b": 3, "c": 3}

    asyncio.run(story())


def test_what_a_rolled_back_try_asked_for_is_not_done(open_database: Open) -> None:
    """A serialisation failure runs the action again; hints and rows of the first try are gone."""
    database = open_database(metadata)
    hints: list[int] = []
    tries = 0
    again = {
        "sqlite": "",
        "postgresql": "DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$",
        "mariadb": "BEGIN NOT ATOMIC SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213; END",
    }

    def act(tx: Transaction) -> None:
        nonlocal tries
        tries += 1
        number = tries
        add_seat(tx, "a")
        tx.afterwards(lambda: hints.append(number))
        if tries == 1 and again[tx.dialect]:
            tx.execute(sa.text(again[tx.dialect]))

    async def story() -> None:
        await database.write(act)
        assert tries == (1 if database.is_sqlite else 2)
        await database.write(lambda tx: None)  # the lane gives its hints after the answers
        assert hints == [tries]
        assert await taken(database) == {"a": 0}

    asyncio.run(story())
