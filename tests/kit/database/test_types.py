"""What a column keeps comes back as it was, on each database; what one of them would change or refuse is refused."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guanjia.kit.database import (
    Database,
    ExactText,
    Flag,
    Id,
    Json,
    LongText,
    Reading,
    Transaction,
    UtcTime,
    Whole,
    is_id,
    new_id,
    service_metadata,
    storable_text,
    table,
)
from guanjia.kit.errors import Conflict, Invalid, NotFound
from tests.kit.conftest import Open

metadata = service_metadata("types")
values = table(
    "types_values",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("name", ExactText(40), unique=True),
    sa.Column("text", LongText),
    sa.Column("document", Json),
    sa.Column("at", UtcTime),
    sa.Column("number", Whole),
    sa.Column("is_on", Flag),
)


def put(tx: Transaction, /, **columns: Any) -> str:
    identifier = columns.pop("id", None) or new_id()
    tx.execute(values.insert().values(id=identifier, **columns))
    return str(identifier)


def take(reading: Reading, identifier: str) -> Any:
    row = reading.one(sa.select(values).where(values.c.id == identifier))
    assert row is not None
    return row


def round_trip(database: Database, **columns: Any) -> Any:
    async def story() -> Any:
        return await database.read(take, await database.write(put, **columns))

    return asyncio.run(story())


def code_of(database: Database, **columns: Any) -> str:
    with pytest.raises(Invalid) as refused:
        round_trip(database, **columns)
    return refused.value.code


def test_texts_are_told_apart_exactly(open_database: Open) -> None:
    """kernel.md D3: case, accents, emoji and trailing blanks."""
    database = open_database(metadata)
    names = ["abc", "ABC", "ábc", "abc ", "abc\t", " abc", "O5", "o5 ", "ß", "ss", "é", "e\u0301"]
    names += ["😀", "😁", "刹车", "剎車"]

    async def story() -> dict[str, str]:
        made = {name: await database.write(put, name=name) for name in names}
        with pytest.raises(Conflict):
            await database.write(put, name="abc")
        for name, identifier in made.items():
            found = await database.read(Reading.rows, sa.select(values.c.id).where(values.c.name == name))
            assert [row.id for row in found] == [identifier], name
        ordered = await database.read(lambda reading: reading.rows(sa.select(values.c.name).order_by(values.c.name)))
        assert [row.name for row in ordered] == sorted(names, key=lambda name: name.encode())
        return made

    asyncio.run(story())


def test_texts_up_to_their_length(open_database: Open) -> None:
    database = open_database(metadata)
    for text in ("", "x" * 40, "😀" * 40, "刹车" * 20):
        assert round_trip(database, name=text).name == text


def test_what_no_text_may_hold(open_database: Open) -> None:
    database = open_database(metadata)
    assert code_of(database, name="x" * 41) == "text_too_long"
    assert code_of(database, name="a\x00b") == "text_has_nul"
    assert code_of(database, text="a\x00b") == "text_has_nul"
    assert code_of(database, name="a\ud800") == "value_not_storable"
    assert code_of(database, text="a\udfff") == "value_not_storable"
    assert code_of(database, document={"a": "\ud800"}) == "value_not_storable"


def test_whole_numbers(open_database: Open) -> None:
    database = open_database(metadata)
    for number in (0, -1, 2**31, 2**40, 2**63 - 1, -(2**63)):
        assert round_trip(database, number=number).number == number


def test_numbers_beyond_64_bits_are_refused(open_database: Open) -> None:
    database = open_database(metadata)
    for number in (2**63, -(2**63) - 1, 2**70):
        assert code_of(database, number=number) == "number_out_of_range"


MOMENTS = [
    datetime(2026, 2, 28, 23, 59, 59, 999999, UTC),
    datetime(2024, 2, 29, tzinfo=UTC),
    datetime(2026, 10, 1, 8, 30, 0, 1, timezone(timedelta(hours=8))),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999999, UTC),
]


def test_moments_keep_their_microseconds(open_database: Open) -> None:
    """kernel.md D5."""
    database = open_database(metadata)
    for at in MOMENTS:
        found = round_trip(database, at=at).at
        assert found == at
        assert found.utcoffset() == timedelta()


def test_moments_without_a_zone_are_a_fault(open_database: Open) -> None:
    with pytest.raises(sa.exc.StatementError, match="a naive time"):
        round_trip(open_database(metadata), at=datetime(2026, 1, 1))  # noqa: DTZ001 -- the fault


def test_moments_are_compared_as_moments(open_database: Open) -> None:
    database = open_database(metadata)
    start = datetime(2026, 1, 1, tzinfo=UTC)

    async def story() -> None:
        for step in (1, 10, 100, 999_999, 1_000_000):
            await database.write(put, number=step, at=start + timedelta(microseconds=step))
        later = sa.select(values.c.number).where(values.c.at > start + timedelta(microseconds=10)).order_by(values.c.at)
        found = await database.read(lambda reading: reading.rows(later))
        assert [row.number for row in found] == [100, 999_999, 1_000_000]

    asyncio.run(story())


def test_documents(open_database: Open) -> None:
    database = open_database(metadata)
    document = {"z": 1, "a": [True, None, 1.5, "刹\x00车😀 "], "": {}, "big": 2**63}
    found = round_trip(database, document=document).document
    assert found == document
    assert list(found) == list(document)
    assert round_trip(database, document=None).document is None


def test_long_texts(open_database: Open) -> None:
    text = "刹车异响 " * 100_000
    assert round_trip(open_database(metadata), text=text).text == text


def test_truths(open_database: Open) -> None:
    database = open_database(metadata)
    assert round_trip(database, is_on=True).is_on is True
    assert round_trip(database, is_on=False).is_on is False
    assert round_trip(database).is_on is None


def test_ids_sort_as_they_were_made(open_database: Open) -> None:
    """kernel.md D4."""
    database = open_database(metadata)
    made = [new_id() for _ in range(200)]
    assert made == sorted(made)
    assert len(set(made)) == 200
    assert all(is_id(one) for one in made)

    def put_all(tx: Transaction) -> None:
        tx.execute(values.insert(), [{"id": one} for one in reversed(made)])

    async def story() -> None:
        await database.write(put_all)
        found = await database.read(lambda reading: reading.rows(sa.select(values.c.id).order_by(values.c.id)))
        assert [row.id for row in found] == made

    asyncio.run(story())


def test_what_is_no_id_names_nothing(open_database: Open) -> None:
    database = open_database(metadata)
    for value in ("", "1", "x" * 36, "01A2002C-1E26-764B-9FB8-35B7002AECA2", "a" * 500, "😀"):
        assert not is_id(value)
        with pytest.raises(NotFound):
            asyncio.run(database.read(take, value))


@given(st.text(max_size=200))
@settings(max_examples=200)
def test_storable_text_is_storable(text: str) -> None:
    kept = storable_text(text, 50)
    kept.encode()
    assert "\x00" not in kept
    assert len(kept) <= 50


@given(st.text(max_size=60))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_text_comes_back_or_is_refused(open_sqlite: Open, text: str) -> None:
    database = open_sqlite(metadata)
    is_refused = len(text) > 40 or "\x00" in text or any("\ud800" <= one <= "\udfff" for one in text)

    async def story() -> None:
        identifier = new_id()
        await database.write(lambda tx: tx.upsert(values, {"name": text}, {"id": identifier}))
        assert (await database.read(take, identifier)).name == text

    if is_refused:
        with pytest.raises(Invalid):
            asyncio.run(story())
    else:
        asyncio.run(story())
