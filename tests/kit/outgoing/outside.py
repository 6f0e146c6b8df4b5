"""The other side of a channel, and its owner, for the tests of outgoing calls."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

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
from guanjia.kit.outgoing import (
    Channel,
    Intent,
    OutgoingFailure,
    OutgoingRunner,
    enqueue,
)

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
