"""Outgoing calls through crashes, stops and owners that fail: never twice without a key, never silently nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from guanjia.kit.outgoing import (
    Intent,
    dead_letters,
    resend,
)
from guanjia.kit.outgoing import channel as outgoing_channel
from guanjia.kit.outgoing import intents as outgoing_intents
from guanjia.kit.outgoing import runner as outgoing_runner
from tests.kit.conftest import Open
from tests.kit.outgoing.outside import Outside, kill, lapse, metadata, state_of
from tests.kit.waiting import until


@pytest.mark.parametrize("is_repeatable", [False, True])
def test_a_crash_during_a_call(open_database: Open, is_repeatable: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing_channel, "FIRST_DELAY_SECONDS", 0.001)

    async def story() -> None:
        database = open_database(metadata)
        outside = Outside(database)
        outside.may_answer.clear()
        await outside.runner.start()
        (identifier,) = await outside.write(1, is_repeatable=is_repeatable)
        await until(lambda: len(outside.calls) == 1)
        await kill(outside)
        await lapse(database)
        outside.may_answer.set()
        assert await database.read(state_of, identifier) == "sending"
        await outside.new_runner().start()
        await until(lambda: outside.told == 1)
        await outside.runner.stop()
        if is_repeatable:
            assert (await outside.letter(identifier)).state == "sent"
            assert len(outside.calls) == 2
        else:
            letter = await outside.letter(identifier)
            assert letter.state == "unknown"
            assert "process ended" in letter.told[1]
            assert len(outside.calls) == 1

    asyncio.run(story())


def test_a_living_process_keeps_its_calls(open_database: Open) -> None:
    """On the servers another process that starts must not take a call under way for a crashed one."""
    first_database = open_database(metadata)
    second_database = first_database if first_database.is_sqlite else open_database(metadata)

    async def story() -> None:
        first, second = Outside(first_database), Outside(second_database)
        first.may_answer.clear()
        await first.runner.start()
        (identifier,) = await first.write(1)
        await until(lambda: len(first.calls) == 1)
        if not first_database.is_sqlite:
            await second.runner.start()
        assert await first_database.read(state_of, identifier) == "sending"
        first.may_answer.set()
        await until(lambda: first.told == 1)
        await asyncio.gather(first.runner.stop(), second.runner.stop())
        assert (await first.letter(identifier)).state == "sent"
        assert second.calls == []

    asyncio.run(story())


def test_a_claim_whose_answer_was_lost_is_given_back(open_database: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commit came through, the runner never heard of it: nothing was called, so nothing is unknown."""
    monkeypatch.setattr(outgoing_runner, "RENEW_SECONDS", 0.05)
    monkeypatch.setattr(outgoing_runner, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(outgoing_channel, "SHORTEST_DELAY_SECONDS", 0.001)

    async def story() -> None:
        outside = Outside(open_database(metadata))
        claim, is_lost = outgoing_intents.record_and_claim, False

        def losing(*arguments: Any) -> list[Intent]:
            nonlocal is_lost
            claimed = claim(*arguments)
            if claimed and not is_lost:
                is_lost = True
                return []
            return claimed

        monkeypatch.setattr(outgoing_runner, "record_and_claim", losing)
        await outside.runner.start()
        (identifier,) = await outside.write(1)
        outside.attempts[identifier] = 1  # the lost one counts as a try
        await until(lambda: outside.told == 1)
        await outside.runner.stop()
        assert is_lost
        assert len(outside.calls) == 1

    asyncio.run(story())


def test_a_result_that_its_owner_can_not_take_is_kept_and_told_again(
    open_database: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing_runner, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(outgoing_intents, "TELLS", 1)

    async def story() -> None:
        outside = Outside(open_database(metadata))
        outside.may_answer.clear()
        outside.fails_to_hear = lambda body: body == 1
        await outside.runner.start()
        (bad,) = await outside.write(1, key="a")
        (good,) = await outside.write(2, key="b")
        await until(lambda: len(outside.calls) == 2)
        outside.may_answer.set()
        await until(lambda: outside.told == 1)
        assert (await outside.letter(good)).state == "sent"
        waiting: list[Any] = []
        while not waiting or waiting[0].attempts < 2:
            waiting, _ = await outside.database.read(dead_letters)
        (letter,) = waiting
        assert (letter.id, letter.state, letter.code) == (bad, "unheard", "unheard")
        assert "the owner's action is wrong" in letter.error
        outside.fails_to_hear = lambda _body: False
        await outside.database.write(resend, bad)
        await until(lambda: outside.told == 2)
        await outside.runner.stop()
        found = await outside.letter(bad)
        assert (found.state, found.told) == ("sent", {"number": 1})
        assert len(outside.calls) == 2  # told again, not called again

    asyncio.run(story())


def test_a_stop_lets_short_calls_end_and_cuts_long_ones_off(
    open_database: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing_runner, "STOP_SECONDS", 1.5)

    async def story() -> None:
        outside = Outside(open_database(metadata))

        async def answer(intent: Intent) -> int:
            await asyncio.sleep(0.05 if intent.key == "short" else 30)
            return 1

        outside.answer = answer
        await outside.runner.start()
        (short,) = await outside.write(1, key="short")
        (long,) = await outside.write(2, key="long")
        await until(lambda: len(outside.calls) == 2)
        await outside.runner.stop()
        assert (await outside.letter(short)).state == "sent"
        assert (await outside.letter(long)).state == "unknown"

    asyncio.run(story())


def test_what_waits_at_a_stop_is_called_after_the_next_start(open_database: Open) -> None:
    async def story() -> None:
        outside = Outside(open_database(metadata))
        outside.answer = lambda intent: asyncio.sleep(0.05, intent.body)
        await outside.runner.start()
        identifiers = await outside.write(*range(6))
        await until(lambda: len(outside.calls) == 2)
        await outside.runner.stop()
        states = {await outside.database.read(state_of, identifier) for identifier in identifiers}
        assert states == {"sent", "pending"}
        await outside.new_runner().start()
        await until(lambda: outside.told == 6)
        await outside.runner.stop()
        assert outside.calls == [("k", number) for number in range(6)]

    asyncio.run(story())
