"""Intent → call → result: what is certain, what is unknown, in which order."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import timedelta

import msgspec
import pytest

from guanjia.kit import clock
from guanjia.kit.database import (
    Transaction,
    new_id,
)
from guanjia.kit.errors import Conflict, NotFound
from guanjia.kit.outgoing import (
    Failed,
    Intent,
    Retry,
    Unknown,
    count_intents,
    dead_letters,
    enqueue,
    resend,
)
from guanjia.kit.outgoing import channel as outgoing_channel
from guanjia.kit.outgoing import intents as outgoing_intents
from guanjia.kit.outgoing import runner as outgoing_runner
from guanjia.kit.outgoing.metrics import ENDED
from tests.kit.conftest import Open
from tests.kit.outgoing.outside import Outside, metadata
from tests.kit.waiting import until


def test_an_intent_is_called_once_and_its_owner_told(open_database: Open) -> None:
    async def story() -> None:
        outside = Outside(open_database(metadata))
        before = ENDED.value("sender", "post", "sent")
        await outside.runner.start()
        (identifier,) = await outside.write({"text": "刹车"})
        await until(lambda: outside.told == 1)
        await outside.runner.stop()
        letter = await outside.letter(identifier)
        assert (letter.state, letter.told) == ("sent", {"number": {"text": "刹车"}})
        assert outside.calls == [("k", {"text": "刹车"})]
        assert await outside.database.read(count_intents) == {}
        assert ENDED.value("sender", "post", "sent") == before + 1

    asyncio.run(story())


def test_a_runner_wakes_at_once(open_database: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing_runner, "POLL_SECONDS", 60.0)

    async def story() -> None:
        outside = Outside(open_database(metadata))
        await outside.runner.start()
        for number in range(3):
            await outside.write(number)
            await until(lambda wanted=number + 1: outside.told == wanted, 5)  # type: ignore[misc]
        await outside.runner.stop()

    asyncio.run(story())


def test_what_was_enqueued_while_nobody_listened_is_found(open_database: Open) -> None:
    async def story() -> None:
        outside = Outside(open_database(metadata))
        await outside.write(1, 2)
        await outside.runner.start()
        await until(lambda: outside.told == 2)
        await outside.runner.stop()

    asyncio.run(story())


def test_a_repeated_enqueue_changes_nothing(open_database: Open) -> None:
    async def story() -> None:
        outside = Outside(open_database(metadata))
        await outside.runner.start()
        (identifier,) = await outside.write(1)
        await outside.database.write(lambda tx: enqueue(tx, "post", "k", 2, id=identifier))
        await until(lambda: outside.told == 1)
        await outside.database.write(lambda tx: enqueue(tx, "post", "k", 3, id=identifier))
        await outside.write(4)
        await until(lambda: outside.told == 2)
        await outside.runner.stop()
        assert outside.calls == [("k", 1), ("k", 4)]

    asyncio.run(story())


def test_keys_keep_their_order_and_run_side_by_side(open_database: Open) -> None:
    async def story() -> None:
        outside = Outside(open_database(metadata), concurrency=4)
        outside.may_answer.clear()
        await outside.runner.start()
        for key in range(8):
            await outside.write(*range(5), key=f"k{key}")
        await until(lambda: outside.most_busy == 4)
        outside.may_answer.set()
        await until(lambda: outside.told == 40)
        await outside.runner.stop()
        assert outside.most_busy == 4
        by_key: dict[str, list[int]] = defaultdict(list)
        for name, body in outside.calls:
            by_key[name].append(body)
        assert by_key == {f"k{key}": list(range(5)) for key in range(8)}

    asyncio.run(story())


def test_a_long_line_of_one_key_does_not_hold_up_the_others(open_database: Open) -> None:
    async def story() -> None:
        outside = Outside(open_database(metadata), concurrency=2)

        async def slow(_intent: Intent) -> int:
            await outside_may_go.wait()
            return 1

        outside_may_go = asyncio.Event()
        outside.answer = lambda intent: slow(intent) if intent.key == "slow" else 1
        await outside.write(*range(50), key="slow")
        await outside.runner.start()
        await outside.write(1, key="quick")
        await until(lambda: outside.told == 1)
        outside_may_go.set()
        await outside.runner.stop()
        assert outside.calls[:2] == [("slow", 0), ("quick", 1)]

    asyncio.run(story())


def test_two_processes_share_the_work_and_nothing_is_called_twice(open_database: Open) -> None:
    async def story() -> None:
        first = Outside(open_database(metadata))
        second = Outside(open_database(metadata) if not first.database.is_sqlite else first.database)
        await first.runner.start()
        if not first.database.is_sqlite:  # a SQLite file has one process
            await second.runner.start()
        for key in range(30):
            await first.write(*range(4), key=f"k{key}")
        await until(lambda: first.told + second.told == 120)
        await asyncio.gather(first.runner.stop(), second.runner.stop())
        calls = first.calls + second.calls
        assert len(calls) == 120
        assert len(set(calls)) == 120
        assert await first.states() == {"sent": 120}

    asyncio.run(story())


def test_a_refusal_is_final(open_database: Open) -> None:
    async def story() -> None:
        outside = Outside(open_database(metadata))
        refusal = Failed("wrong\x00 \ud800", "40003", {"errcode": 40003})
        outside.answer = lambda intent: refusal if intent.body == 1 else 1
        await outside.runner.start()
        bad, good = await outside.write(1, 2)
        await until(lambda: outside.told == 2)
        await outside.runner.stop()
        letter = await outside.letter(bad)
        assert (letter.state, letter.told) == ("failed", ["40003", "wrong ?", {"errcode": 40003}])
        assert (await outside.letter(good)).state == "sent"
        assert outside.attempts[bad] == 1
        (dead,), following = await outside.database.read(dead_letters)
        assert (dead.id, dead.state, dead.code, dead.body, dead.attempts) == (bad, "failed", "40003", 1, 1)
        assert following is None
        assert await outside.database.read(dead_letters, "other") == ([], None)

    asyncio.run(story())


def test_what_was_certainly_not_done_is_tried_again_before_the_next_of_its_key(
    open_database: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing_channel, "SHORTEST_DELAY_SECONDS", 0.001)

    async def story() -> None:
        outside = Outside(open_database(metadata))
        outside.answer = lambda intent: Retry(0, "busy", "45009") if intent.body == 1 and intent.attempt < 4 else 1
        await outside.runner.start()
        await outside.write(1, 2)
        await until(lambda: outside.told == 2)
        await outside.runner.stop()
        assert outside.calls == [("k", 1)] * 4 + [("k", 2)]

    asyncio.run(story())


def test_retries_end(open_database: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing_channel, "SHORTEST_DELAY_SECONDS", 0.001)

    async def story() -> None:
        outside = Outside(open_database(metadata), max_attempts=3)
        outside.answer = lambda _intent: Retry(0, "busy", "45009")
        await outside.runner.start()
        (identifier,) = await outside.write(1)
        await until(lambda: outside.told == 1)
        await outside.runner.stop()
        letter = await outside.letter(identifier)
        assert (letter.state, letter.told) == ("failed", ["45009", "busy", {}])
        assert len(outside.calls) == 3

    asyncio.run(story())


@pytest.mark.parametrize("error", [RuntimeError("cut off"), Unknown("cut off"), ConnectionResetError("cut off")])
def test_what_may_have_been_done_is_unknown_and_not_repeated(open_database: Open, error: Exception) -> None:
    async def story() -> None:
        outside = Outside(open_database(metadata))
        outside.answer = lambda _intent: error
        await outside.runner.start()
        (identifier,) = await outside.write(1)
        await until(lambda: outside.told == 1)
        await outside.runner.stop()
        letter = await outside.letter(identifier)
        assert letter.state == "unknown"
        assert letter.told[0] == "unknown"
        assert "cut off" in letter.told[1]
        assert len(outside.calls) == 1
        assert await outside.database.read(count_intents) == {("post", "unknown"): 1}

    asyncio.run(story())


def test_a_call_that_takes_too_long_is_unknown(open_database: Open) -> None:
    async def story() -> None:
        outside = Outside(open_database(metadata), timeout_seconds=0.05)
        outside.may_answer.clear()
        await outside.runner.start()
        (identifier,) = await outside.write(1)
        await until(lambda: outside.told == 1)
        await outside.runner.stop()
        assert (await outside.letter(identifier)).state == "unknown"

    asyncio.run(story())


def test_what_may_be_repeated_is_repeated(open_database: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing_channel, "FIRST_DELAY_SECONDS", 0.001)

    async def story() -> None:
        outside = Outside(open_database(metadata), max_attempts=4)
        outside.answer = lambda intent: RuntimeError("cut off") if intent.body == 2 or intent.attempt < 3 else 1
        await outside.runner.start()
        good, bad = await outside.write(1, 2, is_repeatable=True)
        await until(lambda: outside.told == 2)
        await outside.runner.stop()
        assert (await outside.letter(good)).state == "sent"
        assert outside.attempts[good] == 3
        # At the end of its tries nobody can say that it was not done.
        assert (await outside.letter(bad)).state == "unknown"
        assert outside.attempts[bad] == 4

    asyncio.run(story())


def test_a_person_sends_again(open_database: Open) -> None:
    async def story() -> None:
        outside = Outside(open_database(metadata))
        outside.answer = lambda _intent: Failed("no")
        await outside.runner.start()
        (identifier,) = await outside.write(1)
        await until(lambda: outside.told == 1)
        outside.answer = lambda _intent: {"ok": 1}
        outside.attempts.clear()
        await outside.database.write(resend, identifier)
        await until(lambda: outside.told == 2)
        assert (await outside.letter(identifier)).state == "sent"
        with pytest.raises(Conflict) as refused:
            await outside.database.write(resend, identifier)
        assert refused.value.code == "outgoing_not_resendable"
        with pytest.raises(NotFound):
            await outside.database.write(resend, new_id())
        assert await outside.database.read(dead_letters) == ([], None)
        await outside.runner.stop()
        assert len(outside.calls) == 2

    asyncio.run(story())


def test_what_is_under_way_can_not_be_sent_again(open_database: Open) -> None:
    async def story() -> None:
        outside = Outside(open_database(metadata))
        outside.may_answer.clear()
        await outside.runner.start()
        (identifier,) = await outside.write(1)
        await until(lambda: len(outside.calls) == 1)
        with pytest.raises(Conflict):
            await outside.database.write(resend, identifier)
        outside.may_answer.set()
        await until(lambda: outside.told == 1)
        await outside.runner.stop()

    asyncio.run(story())


def test_a_result_of_any_type_becomes_plain_values(open_database: Open) -> None:
    class Receipt(msgspec.Struct):
        number: int
        source: object

    async def story() -> None:
        outside = Outside(open_database(metadata))
        outside.answer = lambda _intent: Receipt(1, ValueError("odd"))
        await outside.runner.start()
        (identifier,) = await outside.write(1)
        await until(lambda: outside.told == 1)
        await outside.runner.stop()
        assert (await outside.letter(identifier)).told == {"number": 1, "source": "odd"}

    asyncio.run(story())


def test_a_body_is_read_as_its_type(open_database: Open) -> None:
    class Letter(msgspec.Struct):
        text: str

    async def story() -> None:
        outside = Outside(open_database(metadata))
        outside.answer = lambda intent: intent.read(Letter).text
        await outside.runner.start()
        (identifier,) = await outside.write(Letter("hello"))
        await until(lambda: outside.told == 1)
        await outside.runner.stop()
        assert (await outside.letter(identifier)).told == "hello"

    asyncio.run(story())


def test_old_sent_ones_are_forgotten(open_database: Open) -> None:
    async def story() -> None:
        outside = Outside(open_database(metadata))
        outside.answer = lambda intent: Failed("no") if intent.body == 2 else 1
        await outside.runner.start()
        await outside.write(1, 2)
        await until(lambda: outside.told == 2)
        await outside.runner.stop()
        long_ago = clock.real_now() - timedelta(days=15)

        def age(tx: Transaction) -> None:
            tx.execute(tx.tables.outgoing.update().values(updated_at=long_ago))

        await outside.database.write(age)
        assert await outside.database.write(outgoing_intents.forget_sent, "post") == 1
        assert len((await outside.database.read(dead_letters))[0]) == 1

    asyncio.run(story())
