"""Pairs of deeds that want the same conversation, from two processes: exactly one order, nothing lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from guanjia.contracts.auth import CompanyChanged, StaffChanged
from guanjia.contracts.crm import ResolvedCustomer
from guanjia.contracts.wechat import MessageDispatched, MessageReceived
from guanjia.kit.auth import Caller
from guanjia.kit.database import Database, Reading, Transaction, new_id
from guanjia.kit.errors import Conflict
from guanjia.services.chat.actions import assignments, companies, receiving, routing, sending
from guanjia.services.chat.models import assignments as intervals
from guanjia.services.chat.models import conversations, messages, metadata
from guanjia.services.chat.schemas.conversations import Closure, MessageContent, MessageDraft, Transfer
from tests.kit.conftest import Open

pytestmark = pytest.mark.anyio

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ROUNDS = 12
PERMISSIONS = ["chat.conversations.read", "chat.conversations.write"]


def unsigned(file: str) -> str:
    return f"/files/{file}"


@dataclass
class Pair:
    """Two processes at one database, with a company of two agents."""

    first: Database
    second: Database
    company_id: str = field(default_factory=new_id)
    account_id: str = field(default_factory=new_id)
    agents: list[Caller] = field(default_factory=list)

    async def both(self, *deeds: Callable[[Database], Awaitable[Any]]) -> list[Any]:
        """Run deeds at once, in turn on each side; a refusal comes out as itself."""
        sides = (self.first, self.second)
        results = await asyncio.gather(
            *(deed(sides[index % 2]) for index, deed in enumerate(deeds)), return_exceptions=True
        )
        for one in results:
            if isinstance(one, BaseException) and not isinstance(one, Conflict):
                raise one
        return results

    def event(self, openid: str, text: str, push_id: str = "") -> MessageReceived:
        return MessageReceived(
            push_id=push_id or new_id(), account_id=self.account_id, account_name="", openid=openid, fan_name="",
            kind="text", content={"content": text}, window_expires_at=START + timedelta(hours=48),
            window_remaining=5, sent_at=START, at=START,
        )  # fmt: skip

    def write(self, openid: str, text: str) -> Callable[[Database], Awaitable[None]]:
        event = self.event(openid, text)
        customer = ResolvedCustomer(customer_id=new_id(), name="", remark="", tags=[], is_new=True)
        return lambda database: database.write(receiving.receive_message, self.company_id, event, customer, unsigned)

    async def waiting(self) -> tuple[str, str]:
        """A fan's queued conversation."""
        openid = f"o{new_id()}"
        push_id = new_id()
        event = self.event(openid, "你好", push_id)
        customer = ResolvedCustomer(customer_id=new_id(), name="", remark="", tags=[], is_new=True)
        await self.first.write(receiving.receive_message, self.company_id, event, customer, unsigned)
        told = MessageDispatched(
            push_id=push_id, account_id=self.account_id, openid=openid, outcome="unhandled", at=START
        )
        await self.first.write(receiving.record_dispatch, self.company_id, told, None)
        found = await self.first.read(_of_fan, openid)
        return openid, found[0].id

    def take(self, conversation_id: str, agent: Caller) -> Callable[[Database], Awaitable[Any]]:
        return lambda database: database.write(assignments.pick_up, agent, conversation_id, START, START)

    def answer(self, conversation_id: str, agent: Caller, text: str) -> Callable[[Database], Awaitable[Any]]:
        draft = MessageDraft(client_id=new_id(), content=MessageContent(content=text))
        return lambda database: database.write(
            sending.send_message, agent, conversation_id, draft, START, START, unsigned
        )


@pytest.fixture
async def pair(open_database: Open) -> Pair:
    first = open_database(metadata)
    second = first if first.is_sqlite else open_database(metadata)
    made = Pair(first, second)
    company = CompanyChanged(id=made.company_id, name="甲", time_zone="Asia/Shanghai", is_active=True)
    await first.write(companies.change_company, company)
    for name in ("林慧", "陈曦"):
        staff = StaffChanged(
            id=new_id(), company_id=made.company_id, name=name, login=name, organisation_id=made.company_id,
            grants=[], permissions=PERMISSIONS, is_active=True,
        )  # fmt: skip
        await first.write(companies.change_staff, staff, START)
        subjects = (staff.id, made.company_id)
        made.agents.append(Caller(kind="staff", id=staff.id, company_id=made.company_id, name=name, subjects=subjects))
    return made


def _of_fan(reading: Reading, openid: str) -> list[Any]:
    return list(
        reading.rows(sa.select(conversations).where(conversations.c.openid == openid).order_by(conversations.c.id))
    )


def _numbers(reading: Reading, conversation_id: str) -> list[int]:
    rows = reading.rows(
        sa.select(messages.c.number).where(messages.c.conversation_id == conversation_id).order_by(messages.c.number)
    )
    return [row.number for row in rows]


def _told(reading: Reading, conversation_id: str) -> list[int]:
    """Numbers of the messages in the order of the feed."""
    feed = reading.tables.feed
    rows = reading.rows(
        sa.select(feed.c.data)
        .where(feed.c.key == conversation_id, feed.c.name == "message_added")
        .order_by(feed.c.position)
    )
    return [row.data["message"]["number"] for row in rows]


def _last_load(reading: Reading, agent_id: str) -> int:
    feed = reading.tables.feed
    row = reading.one(
        sa.select(feed.c.data)
        .where(feed.c.key == agent_id, feed.c.name == "agent_changed")
        .order_by(feed.c.position.desc())
        .limit(1)
    )
    assert row is not None
    return int(row.data["load"])


def _open_intervals(reading: Reading, conversation_id: str) -> list[str]:
    rows = reading.rows(
        sa.select(intervals.c.agent_id).where(
            intervals.c.conversation_id == conversation_id, intervals.c.ended_at.is_(None)
        )
    )
    return [row.agent_id for row in rows]


async def check(pair: Pair, openid: str) -> Any:
    """The newest conversation of a fan, sound in itself: an owner or a queue, its log and its feed without gaps."""
    found = await pair.first.read(_of_fan, openid)
    assert len([row for row in found if row.open_key is not None]) <= 1
    for row in found:
        numbers = await pair.first.read(_numbers, row.id)
        assert numbers == list(range(1, row.last_number + 1))
        assert await pair.first.read(_told, row.id) == numbers
        is_served = row.phase == "open"
        assert (row.agent_id is not None) == is_served or row.phase == "closed"
        assert (row.queued_at is not None) == (row.phase == "queue")
        assert await pair.first.read(_open_intervals, row.id) == ([row.agent_id] if is_served else [])
    return found[-1]


async def test_of_two_who_take_it_exactly_one_gets_it(pair: Pair) -> None:
    for _ in range(ROUNDS):
        openid, conversation_id = await pair.waiting()
        results = await pair.both(*(pair.take(conversation_id, agent) for agent in pair.agents))
        refused = [one for one in results if isinstance(one, Conflict)]
        assert [one.code for one in refused] == ["already_taken"]
        winner = next(one for one in results if not isinstance(one, Conflict))
        assert (await check(pair, openid)).agent_id == winner.agent_id


async def test_messages_of_both_sides_get_one_order(pair: Pair) -> None:
    openid, conversation_id = await pair.waiting()
    agent = pair.agents[0]
    await pair.both(pair.take(conversation_id, agent))
    deeds: list[Callable[[Database], Awaitable[Any]]] = []
    for index in range(ROUNDS):
        deeds.append(pair.write(openid, f"客户{index}"))
        deeds.append(pair.answer(conversation_id, agent, f"客服{index}"))
    await pair.both(*deeds)
    row = await check(pair, openid)
    assert row.last_number == 2 + 2 * ROUNDS


async def test_two_first_messages_open_one_conversation(pair: Pair) -> None:
    for _ in range(ROUNDS):
        openid = f"o{new_id()}"
        await pair.both(*(pair.write(openid, str(index)) for index in range(4)))
        row = await check(pair, openid)
        assert (row.last_number, row.pending) == (4, 4)
        assert len(await pair.first.read(_of_fan, openid)) == 1


async def test_transfer_against_hand_back(pair: Pair) -> None:
    owner, colleague = pair.agents
    late = START + timedelta(seconds=200)
    for _ in range(ROUNDS):
        openid, conversation_id = await pair.waiting()
        await pair.both(pair.take(conversation_id, owner))
        draft = Transfer(agent_id=colleague.id, note="请接手")

        def transfer(database: Database, at: str = conversation_id, draft: Transfer = draft) -> Awaitable[Any]:
            return database.write(assignments.transfer, owner, at, draft, late, late)

        def hand_back(database: Database, at: str = conversation_id) -> Awaitable[Any]:
            return database.write(routing.hand_back_overdue, pair.company_id, at, late)

        await pair.both(transfer, hand_back)
        row = await check(pair, openid)
        assert (row.agent_id, row.state) == (colleague.id, "assigned")


async def test_the_end_against_another_message(pair: Pair) -> None:
    agent = pair.agents[0]
    for _ in range(ROUNDS):
        openid, conversation_id = await pair.waiting()
        await pair.both(pair.take(conversation_id, agent))

        def end(database: Database, at: str = conversation_id) -> Awaitable[Any]:
            return database.write(assignments.close, agent, at, Closure(), START)

        await pair.both(end, pair.write(openid, "还有"))
        await check(pair, openid)
        found = await pair.first.read(_of_fan, openid)
        assert sum(row.last_number for row in found) == 4, "opened, assigned, closed, and one more"
        assert found[0].phase == "closed"


async def test_loads_are_told_as_they_end(pair: Pair) -> None:
    agent = pair.agents[0]
    ids = [(await pair.waiting())[1] for _ in range(6)]
    await pair.both(*(pair.take(one, agent) for one in ids))
    assert await pair.first.read(_last_load, agent.id) == 6

    def end(conversation_id: str) -> Callable[[Database], Awaitable[Any]]:
        return lambda database: database.write(assignments.close, agent, conversation_id, Closure(), START)

    await pair.both(*(end(one) for one in ids[:5]))
    assert await pair.first.read(_last_load, agent.id) == 1


async def test_a_repeated_send_from_both_sides_is_one_message(pair: Pair) -> None:
    openid, conversation_id = await pair.waiting()
    agent = pair.agents[0]
    deed = pair.answer(conversation_id, agent, "您好")
    results = await pair.both(deed, deed, deed, deed)
    assert len({one.id for one in results}) == 1
    row = await check(pair, openid)
    assert row.last_number == 3

    def waiting_intents(tx: Transaction) -> int:
        return int(tx.scalar(sa.select(sa.func.count()).select_from(tx.tables.outgoing)))

    assert await pair.first.write(waiting_intents) == 1
    assert msgspec.to_builtins(results[0])["content"] == {"content": "您好"}
