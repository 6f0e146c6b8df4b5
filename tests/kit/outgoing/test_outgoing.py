"""Intent → call → result: what is certain, what is unknown, in which order, after which crash."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from guanjia.kit import clock
from guanjia.kit.database import (
    Database,
    ExactText,
    Id,
    Json,
    Reading,
    Transaction,
    lock,
    new_id,
    service_metadata,
    table,
)
from guanjia.kit.errors import Conflict, NotFound
from guanjia.kit.outgoing import (
    Channel,
    Failed,
    Intent,
    OutgoingFailure,
    OutgoingRunner,
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
from tests.kit.waiting import until

metadata = service_metadata("sender")
letters = table(
    "sender_letters",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("state", ExactText(20), nullable=False),
    sa.Column("told", Json, nullable=False),
)

Deed = Callable[["Outside", Intent], Any]


class Outside:
    """The other side: counts what reaches it and answers as the test says."""

    def __init__(self, database: Database, **options: Any) -> None:
        self.database = database
        self.calls: list[tuple[str, Any]] = []
        self.attempts: dict[str, int] = defaultdict(int)
        self.busy: dict[str, int] = defaultdict(int)
        self.most_busy = 0
        self.told = 0
        self.answer: Callable[[Intent], Any] = lambda intent: {"number": intent.body}
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.fails_to_hear: Callable[[Any], bool] = lambda _body: False
        self.channel = Channel("post", self.call, self.on_sent, self.on_failed, **options)
        self.runner = self.new_runner()

    def new_runner(self) -> OutgoingRunner:
        self.runner = OutgoingRunner(SimpleNamespace(database=self.database), [self.channel])
        return self.runner

    async def call(self, context: Any, intent: Intent) -> Any:
        assert context.database is self.database
        self.calls.append((intent.key, intent.body))
        self.attempts[intent.id] += 1
        assert intent.attempt == self.attempts[intent.id]
        self.busy[intent.key] += 1
        assert self.busy[intent.key] == 1, "two calls of one key at once"
        self.most_busy = max(self.most_busy, sum(self.busy.values()))
        try:
            state = await self.database.read(state_of, intent.id)
            assert state == "sending", "the call comes after the commit"
            await self.may_answer.wait()
            answer = self.answer(intent)
            if asyncio.iscoroutine(answer):
                answer = await answer
            if isinstance(answer, Exception):
                raise answer
            return answer
        finally:
            self.busy[intent.key] -= 1

    def on_sent(self, tx: Transaction, intent: Intent, result: Any) -> None:
        self._tell(tx, intent, "sent", result)

    def on_failed(self, tx: Transaction, intent: Intent, failure: OutgoingFailure) -> None:
        told = [failure.code, failure.reason, failure.data]
        self._tell(tx, intent, "unknown" if failure.is_unknown else "failed", told)

    def _tell(self, tx: Transaction, intent: Intent, state: str, told: Any) -> None:
        if self.fails_to_hear(intent.body):
            raise LookupError("the owner's action is wrong")
        tx.execute(letters.update().where(letters.c.id == intent.id).values(state=state, told=told))
        tx.afterwards(self._count)

    def _count(self) -> None:
        self.told += 1

    async def write(self, *bodies: Any, key: str = "k", is_repeatable: bool = False) -> list[str]:
        def put(tx: Transaction) -> list[str]:
            lock(tx, "letter", key)
            made = []
            for body in bodies:
                identifier = new_id()
                tx.execute(letters.insert().values(id=identifier, state="sending", told={}))
                assert enqueue(tx, "post", key, body, id=identifier, is_repeatable=is_repeatable) == identifier
                made.append(identifier)
            return made

        return await self.database.write(put)

    async def letter(self, identifier: str) -> Any:
        return await self.database.read(Reading.one, sa.select(letters).where(letters.c.id == identifier))

    async def states(self) -> dict[str, int]:
        number = sa.func.count().label("number")
        statement = sa.select(letters.c.state, number).group_by(letters.c.state)
        return {row.state: row.number for row in await self.database.read(Reading.rows, statement)}


def state_of(reading: Reading, identifier: str) -> str:
    outgoing = reading.tables.outgoing
    return str(reading.scalar(sa.select(outgoing.c.state).where(outgoing.c.id == identifier)))


async def kill(outside: Outside) -> None:
    """End the runner as ``kill -9`` does: nothing more is written."""
    for run in outside.runner._runs:
        assert run._task is not None
        tasks = [run._task, *run._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        run._wakes.discard(run._hint)
    outside.busy.clear()


async def lapse(database: Database) -> None:
    """The leases of dead processes run out."""
    past = clock.real_now() - timedelta(seconds=1)
    await database.write(lambda tx: tx.execute(tx.tables.leases.update().values(until=past)) and None)


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
    monkeypatch.setattr(outgoing_runner, "STOP_SECONDS", 0.2)

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
