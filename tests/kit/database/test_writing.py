"""``write``, ``read``, ``insert_new``, ``upsert``, ``lock``, hints and paging, the same on each database."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa

from guanjia.kit.database import (
    Database,
    ExactText,
    Id,
    Prepared,
    Reading,
    Target,
    Transaction,
    Whole,
    capped_count,
    decode_cursor,
    encode_cursor,
    lock,
    new_id,
    page_by_id,
    service_metadata,
    table,
)
from guanjia.kit.errors import BadRequest, Conflict, Invalid, NotFound, Unavailable
from tests.kit.conftest import Open

metadata = service_metadata("writing")
notes = table(
    "writing_notes",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("name", ExactText(40), unique=True),
    sa.Column("count", Whole, nullable=False),
)


def add(tx: Transaction, name: str, count: int = 0) -> str:
    identifier = new_id()
    tx.execute(notes.insert().values(id=identifier, name=name, count=count))
    return identifier


def counts(reading: Reading) -> dict[str, int]:
    return {row.name: row.count_ for row in reading.rows(sa.select(notes.c.name, notes.c.count.label("count_")))}


def test_a_write_answers_when_it_can_be_read(open_database: Open) -> None:
    database = open_database(metadata)

    async def story() -> None:
        for number in range(20):
            await database.write(add, f"n{number}", number)
            assert (await database.read(counts))[f"n{number}"] == number

    asyncio.run(story())


def test_a_refusal_writes_nothing(open_database: Open) -> None:
    database = open_database(metadata)

    def half(tx: Transaction) -> None:
        add(tx, "half")
        raise Conflict("wrong_state")

    async def story() -> None:
        with pytest.raises(Conflict) as refused:
            await database.write(half)
        assert refused.value.code == "wrong_state"
        assert await database.read(counts) == {}

    asyncio.run(story())


def test_a_duplicate_is_a_conflict(open_database: Open) -> None:
    database = open_database(metadata)

    async def story() -> None:
        await database.write(add, "a")
        with pytest.raises(Conflict) as refused:
            await database.write(add, "a")
        assert refused.value.code == "duplicate"
        await database.write(add, "b")

    asyncio.run(story())


def test_a_fault_of_ours_is_not_called_a_duplicate(open_database: Open) -> None:
    database = open_database(metadata)

    def forget(tx: Transaction) -> None:
        tx.execute(notes.insert().values(id=new_id(), name="a", count=None))

    with pytest.raises(sa.exc.IntegrityError):
        asyncio.run(database.write(forget))


def test_errors_do_not_show_the_values(open_database: Open) -> None:
    database = open_database(metadata)

    def forget(tx: Transaction) -> None:
        tx.execute(notes.insert().values(id=new_id(), name="13800138000", count=None))

    with pytest.raises(sa.exc.IntegrityError) as error:
        asyncio.run(database.write(forget))
    assert "[parameters" not in str(error.value)


def test_insert_new_says_whether_it_did(open_database: Open) -> None:
    database = open_database(metadata)

    def offer(tx: Transaction, name: str, count: int) -> tuple[bool, int]:
        is_new = tx.insert_new(notes, {"id": new_id(), "name": name, "count": count})
        # The transaction goes on after a duplicate.
        return is_new, int(tx.scalar(sa.select(notes.c.count).where(notes.c.name == name)))

    async def story() -> None:
        assert await database.write(offer, "a", 1) == (True, 1)
        assert await database.write(offer, "a", 2) == (False, 1)
        assert await database.write(offer, "b", 3) == (True, 3)

    asyncio.run(story())


def test_insert_new_hides_no_other_fault(open_database: Open) -> None:
    database = open_database(metadata)
    with pytest.raises(sa.exc.IntegrityError):
        asyncio.run(database.write(lambda tx: tx.insert_new(notes, {"id": new_id(), "name": "a", "count": None})))


def test_upsert(open_database: Open) -> None:
    database = open_database(metadata)

    def put(tx: Transaction, name: str, count: int) -> None:
        tx.upsert(notes, {"name": name}, {"id": new_id(), "count": count})

    async def story() -> None:
        await database.write(put, "a", 1)
        await database.write(put, "a", 2)
        await database.write(put, "b", 3)
        assert await database.read(counts) == {"a": 2, "b": 3}

    asyncio.run(story())


def test_hints_come_after_the_commit_and_only_then(open_database: Open) -> None:
    database = open_database(metadata)
    heard: list[str] = []

    def hinting(tx: Transaction, name: str, is_refused: bool) -> None:
        add(tx, name)
        tx.afterwards(lambda: heard.append(name))
        if is_refused:
            raise Conflict()

    async def story() -> None:
        await database.write(hinting, "a", False)
        with pytest.raises(Conflict):
            await database.write(hinting, "b", True)
        await database.write(add, "c")  # the lane's hints are given after the answers
        assert heard == ["a"]

    asyncio.run(story())


def test_a_read_can_not_write(open_sqlite: Open) -> None:
    database = open_sqlite(metadata)

    def cheat(reading: Reading) -> None:
        reading.execute(notes.insert().values(id=new_id(), name="a", count=1))

    with pytest.raises(sa.exc.OperationalError, match="readonly"):
        asyncio.run(database.read(cheat))


def test_a_read_sees_one_state_on_sqlite(open_sqlite: Open) -> None:
    database = open_sqlite(metadata)

    def twice(reading: Reading, loop: asyncio.AbstractEventLoop) -> tuple[int, int]:
        first = len(counts(reading))
        asyncio.run_coroutine_threadsafe(database.write(add, "b"), loop).result(5)
        return first, len(counts(reading))

    async def story() -> tuple[int, int]:
        await database.write(add, "a")
        return await database.read(twice, asyncio.get_running_loop())

    assert asyncio.run(story()) == (1, 1)


def test_a_server_that_is_away_is_unavailable(target: Target) -> None:
    if target.is_sqlite:
        away = Target(target.folder / "missing")
    else:
        away = Target(target.folder, target.url.split("@")[0] + "@127.0.0.1:1/x")
    database = Database("writing", metadata, away, lambda: None)
    try:
        with pytest.raises(Unavailable):
            asyncio.run(database.read(counts))
        with pytest.raises(Unavailable):
            asyncio.run(database.write(add, "a"))
    finally:
        database.close()


def test_pages_follow_each_other_without_gap_or_double(open_database: Open) -> None:
    database = open_database(metadata)

    def add_many(tx: Transaction) -> list[str]:
        return [add(tx, f"n{number:03}") for number in range(25)]

    async def story() -> None:
        made = await database.write(add_many)
        for is_newest_first in (True, False):
            seen: list[str] = []
            cursor: str | None = None
            while True:
                rows, cursor = await database.read(
                    page_by_id, sa.select(notes), notes.c.id, cursor, 10, newest_first=is_newest_first
                )
                seen += [row.id for row in rows]
                if cursor is None:
                    break
            assert seen == (made[::-1] if is_newest_first else made)
        for wrong in (
            "x",
            "é",
            encode_cursor(["no id"]),
            encode_cursor([1]),
            encode_cursor(["a", "b"]),
            "W10",
            "bnVsbA",
        ):
            with pytest.raises(BadRequest):
                await database.read(page_by_id, sa.select(notes), notes.c.id, wrong, 10)
        assert len((await database.read(page_by_id, sa.select(notes), notes.c.id, None, -5))[0]) == 1
        assert await database.read(capped_count, sa.select(notes.c.id)) == 25

    asyncio.run(story())


def test_cursors_come_back() -> None:
    assert decode_cursor(encode_cursor(["a", 5, "刹车"]), 3) == ["a", 5, "刹车"]


def test_a_table_has_its_services_prefix() -> None:
    with pytest.raises(ValueError, match="prefix"):
        table("other_things", metadata)


def test_an_unknown_database_is_named() -> None:
    with pytest.raises(ValueError, match="oracle"):
        Target(Path(), "oracle://x").service_url("a")


def test_locks_of_many_names_keep_few_rows(open_database: Open) -> None:
    database = open_database(metadata)

    def take_all(tx: Transaction) -> int:
        for number in range(50):
            lock(tx, "note", f"{number}" * 200)
            lock(tx, "note", f"{number}" * 200)
        return int(tx.scalar(sa.select(sa.func.count()).select_from(tx.tables.locks)))

    assert asyncio.run(database.write(take_all)) <= 50


def cut_all(target: Target, service: str) -> None:
    """End every connection to the service's database, as a restarted server does."""
    name = target.service_url(service).database
    with target._server_engine().connect() as connection:
        if connection.dialect.name == "postgresql":
            ending = sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
            connection.execute(ending, {"name": name})
        else:
            sessions = sa.text("SELECT id FROM information_schema.processlist WHERE db = :name")
            for row in connection.execute(sessions, {"name": name}).fetchall():
                connection.exec_driver_sql(f"KILL {row.id}")


NAMES = Prepared(sa.select(notes.c.name, notes.c.count.label("number")).where(notes.c.count >= sa.bindparam("least")))


def test_a_server_that_was_restarted_is_reached_again(open_database: Open, target: Target) -> None:
    database = open_database(metadata)

    def add_hot(tx: Transaction, name: str) -> None:
        tx.insert(notes, {"id": new_id(), "name": name, "count": 0})

    def read_hot(reading: Reading) -> int:
        return len(reading.hot_rows(NAMES, least=0))

    async def story() -> None:
        await asyncio.gather(*(database.write(add, f"a{number}") for number in range(8)))
        await asyncio.gather(*(database.read(read_hot) for _ in range(8)))
        for action, query in ((add, counts), (add_hot, read_hot)):
            if not database.is_sqlite:
                await asyncio.to_thread(cut_all, target, "writing")
            await asyncio.gather(*(database.read(query) for _ in range(8)))
            await asyncio.gather(*(database.write(action, f"{action.__name__}{number}") for number in range(8)))
        assert await database.read(read_hot) == 24

    asyncio.run(story())


def test_hot_statements_do_as_the_others(open_database: Open) -> None:
    database = open_database(metadata)

    def act(tx: Transaction) -> list[tuple[str, int]]:
        for name in ("刹车", "刹车 ", "b"):
            tx.insert(notes, {"id": new_id(), "name": name, "count": 1})
        assert tx.update(notes, {"name": "刹车"}, {"count": 5}) == 1
        assert tx.update(notes, {"name": "none", "count": 1}, {"count": 5}) == 0
        assert tx.hot_one(NAMES, least=9) is None
        assert tx.hot_one(NAMES, least=5).name == "刹车"
        return sorted((row.name, row.number) for row in tx.hot_rows(NAMES, least=1))

    async def story() -> None:
        assert await database.write(act) == [("b", 1), ("刹车", 5), ("刹车 ", 1)]
        with pytest.raises(Invalid) as refused:
            await database.write(lambda tx: tx.insert(notes, {"id": new_id(), "name": "a\x00", "count": 1}))
        assert refused.value.code == "text_has_nul"
        with pytest.raises(Invalid):
            await database.write(lambda tx: tx.update(notes, {"name": "b"}, {"count": 2**70}))
        with pytest.raises(NotFound):
            await database.write(lambda tx: tx.insert(notes, {"id": "no id", "name": "c", "count": 1}))
        with pytest.raises(Conflict) as taken:
            await database.write(lambda tx: tx.insert(notes, {"id": new_id(), "name": "b", "count": 1}))
        assert taken.value.code == "duplicate"
        with pytest.raises(sa.exc.IntegrityError):
            await database.write(lambda tx: tx.insert(notes, {"id": new_id(), "name": "c", "count": None}))
        assert len(await database.read(counts)) == 3

    asyncio.run(story())
