"""``Idempotency-Key``: one effect, one answer, per caller and route."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from guanjia.kit import clock
from guanjia.kit.database import Reading, Transaction
from guanjia.kit.http import forget_old_keys
from tests.host import Answer, Host, staff_caller
from tests.kit.http.shelf import SERVICE, books

STAFF = staff_caller("c1")


@pytest.fixture
def run(database_url: str, tmp_path: Path) -> Callable[[Callable[[Host], Coroutine[Any, Any, None]]], None]:
    def run_story(story: Callable[[Host], Coroutine[Any, Any, None]]) -> None:
        async def hosted() -> None:
            async with Host([SERVICE], database_url, tmp_path) as host:
                await story(host)

        asyncio.run(hosted())

    return run_story


Run = Callable[[Callable[[Host], Coroutine[Any, Any, None]]], None]


async def post(host: Host, key: str | None, title: str, caller: Any = STAFF) -> Answer:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await host.request("shelf", "POST", "/books", caller=caller, body={"title": title}, headers=headers)


async def count(host: Host) -> int:
    number = sa.select(sa.func.count()).select_from(books)
    return int(await host.database("shelf").read(Reading.scalar, number))


def test_a_repeat_gets_the_first_answer(run: Run) -> None:
    async def story(host: Host) -> None:
        first = await post(host, "k1", "a")
        again = await post(host, "k1", "a")
        assert first.status == again.status == 201
        assert first.body == again.body
        assert await count(host) == 1

    run(story)


def test_repeats_at_the_same_moment_have_one_effect(run: Run) -> None:
    async def story(host: Host) -> None:
        answers = await asyncio.gather(*(post(host, "k1", "a") for _ in range(12)))
        assert {answer.status for answer in answers} == {201}
        assert len({answer.body for answer in answers}) == 1
        assert await count(host) == 1

    run(story)


def test_another_body_is_refused(run: Run) -> None:
    async def story(host: Host) -> None:
        await post(host, "k1", "a")
        answer = await post(host, "k1", "b")
        assert (answer.status, answer.error) == (422, "idempotency_key_reused")
        assert await count(host) == 1

    run(story)


def test_keys_of_two_callers_are_two(run: Run) -> None:
    async def story(host: Host) -> None:
        mine, theirs = await post(host, "k1", "a"), await post(host, "k1", "b", staff_caller("c1"))
        assert mine.attribute["id"] != theirs.attribute["id"]
        assert (await post(host, "K1", "c")).attribute["title"] == "c"
        assert await count(host) == 3

    run(story)


def test_a_refusal_may_be_tried_again_with_its_key(run: Run) -> None:
    async def story(host: Host) -> None:
        taken = await post(host, None, "a")
        refused = await post(host, "k1", "a")
        assert (refused.status, refused.error) == (409, "duplicate")

        def free(tx: Transaction) -> None:
            tx.execute(books.delete().where(books.c.id == taken.attribute["id"]))

        await host.database("shelf").write(free)
        assert (await post(host, "k1", "a")).status == 201

    run(story)


def test_keys_that_are_none(run: Run) -> None:
    async def story(host: Host) -> None:
        for key in ("", "x" * 121, "a\tb"):
            answer = await post(host, key, "a")
            assert answer.status == 422
            assert "Idempotency-Key" in answer.fields

    run(story)


def test_keys_are_kept_for_a_day(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(host: Host) -> None:
        await post(host, "k1", "a")
        database = host.database("shelf")
        assert await database.write(forget_old_keys) == 0
        later = clock.real_now() + timedelta(hours=24, seconds=1)
        monkeypatch.setattr(clock, "real_now", lambda: later)
        assert await database.write(forget_old_keys) == 1
        assert (await post(host, "k1", "b")).status == 201

    run(story)
