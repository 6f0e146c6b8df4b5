"""``chat`` at work on each database between small stand-ins of its neighbours, and a company to test in."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from guanjia.contracts import wechat
from guanjia.contracts.auth import CompanyChanged, OrganisationChanged, RoleGrant, StaffChanged
from guanjia.kit.auth import Caller
from guanjia.kit.calls import segment
from guanjia.kit.database import new_id
from guanjia.kit.feed import Event, publish
from guanjia.kit.outgoing import OutgoingRunner
from guanjia.services.chat.manifest import SERVICE
from tests.conftest import FrozenClock
from tests.host import Answer, Host, staff_caller
from tests.services.chat.neighbours import NEIGHBOURS, Board, Neighbours

AGENT = ["chat.conversations.read", "chat.conversations.write", "chat.canned.read", "chat.canned.own"]
SUPERVISOR = [*AGENT, "chat.supervision.read", "chat.supervision.write", "chat.canned.write"]
WAIT_SECONDS = 10.0

_numbers = itertools.count(1)


@dataclass
class Stage:
    """``chat`` and its neighbours, shared by the tests of a module."""

    host: Host
    neighbours: Neighbours

    async def tell(self, service: str, event: Event, company_id: str, key: str = "k") -> None:
        """Publish an event of a neighbour and wait until chat has heard it."""
        await self.host.database(service).write(lambda tx: publish(tx, event, key=key, company_id=company_id))
        await self.host.settle()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for what happens by itself."""
        async with asyncio.timeout(WAIT_SECONDS):
            while not condition():  # noqa: ASYNC110 -- what is waited for is no event of this loop
                await asyncio.sleep(0.005)

    async def company(self, clock: FrozenClock, *agents: str) -> Shop:
        """A new company with two departments; ``agents`` and the supervisor work for the whole."""
        shop = Shop(self, clock)
        at = clock.now()
        root = shop.id
        await self.tell(
            "auth", CompanyChanged(id=root, name="安行汽车", time_zone="Asia/Shanghai", is_active=True), root
        )
        for name in ("service", "sales"):
            await shop.organisation(name, f"/{root}/{{id}}/", root)
        shop.boss = await shop.staff("主管", root, SUPERVISOR)
        for name in agents:
            shop.agents.append(await shop.staff(name, root, AGENT))
        assert not await self.host.parked(), at
        return shop


@dataclass
class Shop:
    """One test's company."""

    stage: Stage
    clock: FrozenClock
    id: str = field(default_factory=new_id)
    account_id: str = field(default_factory=new_id)
    places: dict[str, str] = field(default_factory=dict)
    agents: list[Caller] = field(default_factory=list)
    boss: Caller = field(default_factory=lambda: staff_caller(new_id()))

    async def organisation(self, name: str, path: str, parent_id: str) -> str:
        """An organisation; ``path`` may name its own id as ``{id}``."""
        place = self.places.setdefault(name, new_id())
        event = OrganisationChanged(
            id=place, company_id=self.id, parent_id=parent_id, path=path.format(id=place), name=name,
            kind="department", is_active=True,
        )  # fmt: skip
        await self.stage.tell("auth", event, self.id)
        return place

    async def staff(
        self, name: str, place: str, permissions: list[str], staff_id: str = "", *, is_active: bool = True
    ) -> Caller:
        """A member of staff, and the caller that the gateway would make of him."""
        caller = staff_caller(self.id, place, staff_id=staff_id, name=name)
        event = StaffChanged(
            id=caller.id, company_id=self.id, name=name, login=name, organisation_id=place,
            grants=[RoleGrant(role="agent", organisation_id=place)], permissions=permissions, is_active=is_active,
        )  # fmt: skip
        await self.stage.tell("auth", event, self.id)
        return caller

    async def call(self, method: str, path: str, body: Any = None, *, by: Caller | None = None, **query: Any) -> Answer:
        """A request to chat, by the supervisor unless said otherwise."""
        headers = {"Idempotency-Key": query.pop("key")} if "key" in query else None
        return await self.stage.host.request(
            "chat", method, path, caller=by or self.boss, body=body, query=query, headers=headers
        )

    async def act(self, conversation_id: str, noun: str, body: Any = None, *, by: Caller | None = None) -> Answer:
        """An act upon a conversation."""
        return await self.call("POST", f"/conversations/{segment(conversation_id)}/{noun}", body or {}, by=by)

    async def online(self, caller: Caller) -> None:
        """An agent sets himself online."""
        answer = await self.call("PUT", "/presences/current", {"status": "online"}, by=caller)
        assert answer.attribute["status"] == "online"

    async def route(self) -> None:
        """One round of the routing job."""
        await self.stage.host.run_job("chat", "routing")

    async def group(self, name: str, **more: Any) -> dict[str, Any]:
        """A new group of the whole company, always open."""
        body = {"name": name, "organisation_id": self.id, **more}
        added: dict[str, Any] = (await self.call("POST", "/groups", body)).attribute
        return added

    def fan(self, name: str = "") -> Fan:
        """Somebody who follows the account."""
        return Fan(self, name=name)

    async def waiting(self, text: str = "我的车刹车有异响", name: str = "") -> tuple[Fan, str]:
        """A fan who wrote what nobody answered: his conversation is queued."""
        fan = self.fan(name)
        push_id = await fan.write(text)
        await fan.dispatched(push_id)
        return fan, (await fan.conversation())["id"]

    async def serving(self, text: str = "我的车刹车有异响") -> tuple[Fan, str, Caller]:
        """The same, taken by the first agent."""
        fan, conversation_id = await self.waiting(text)
        agent = self.agents[0]
        assert (await self.act(conversation_id, "pickups", by=agent)).status == 200
        return fan, conversation_id, agent

    async def read(self, conversation_id: str, by: Caller | None = None) -> dict[str, Any]:
        """A conversation's view."""
        found: dict[str, Any] = (await self.call("GET", f"/conversations/{conversation_id}", by=by)).attribute
        view: dict[str, Any] = found["conversation"]
        return view

    async def messages(self, conversation_id: str, by: Caller | None = None, **query: Any) -> list[dict[str, Any]]:
        """Messages of a conversation."""
        return (await self.call("GET", f"/conversations/{conversation_id}/messages", by=by, **query)).items

    async def lines(self, conversation_id: str) -> list[str]:
        """Codes of the system lines."""
        found = await self.messages(conversation_id, limit=200)
        return [one["content"]["code"] for one in found if one["kind"] == "system"]

    async def send(self, conversation_id: str, text: str, by: Caller, **more: Any) -> Answer:
        """An answer to the customer."""
        body = {"client_id": new_id(), "kind": "text", "content": {"content": text}, **more}
        return await self.call("POST", f"/conversations/{conversation_id}/messages", body, by=by)

    async def delivered(self, message_id: str) -> None:
        """WeChat takes a message."""
        await self.stage.until(lambda: message_id in self.stage.neighbours.puts)
        put = self.stage.neighbours.puts[message_id]
        event = wechat.MessageSent(
            message_id=message_id, account_id=put["account_id"], openid=put["openid"], at=self.clock.now()
        )
        await self.stage.tell("wechat", event, self.id)

    async def refused(self, message_id: str, reason: str, *, is_unknown: bool = False) -> None:
        """WeChat refuses a message, or nobody knows."""
        event = wechat.MessageFailed(
            message_id=message_id, account_id=self.account_id, openid="o", reason=reason, errcode=45015,
            is_unknown=is_unknown, at=self.clock.now(),
        )  # fmt: skip
        await self.stage.tell("wechat", event, self.id)


@dataclass
class Fan:
    """A fan of a test's account."""

    shop: Shop
    openid: str = field(default_factory=lambda: f"o{next(_numbers):04}{new_id()[-12:]}")
    name: str = ""

    async def tell(self, event: Event) -> None:
        """Publish an event of this fan."""
        await self.shop.stage.tell("wechat", event, self.shop.id, f"{self.shop.account_id}:{self.openid}")

    def common(self) -> dict[str, Any]:
        return {"account_id": self.shop.account_id, "openid": self.openid, "at": self.shop.clock.now()}

    async def write(self, text: str = "你好", push_id: str = "", menu_item_id: str = "", **more: Any) -> str:
        """A message; the answer is its push's id."""
        push_id = push_id or new_id()
        event = wechat.MessageReceived(
            push_id=push_id,
            account_name="安行服务号",
            fan_name=self.name,
            menu_item_id=menu_item_id,
            window_expires_at=self.shop.clock.now() + timedelta(hours=48),
            window_remaining=5,
            sent_at=self.shop.clock.now(),
            **{"kind": "text", "content": {"content": text}, **self.common(), **more},
        )
        await self.tell(event)
        return push_id

    async def dispatched(self, push_id: str, outcome: str = "unhandled", **more: Any) -> None:
        """What the providers made of it."""
        values = {"push_id": push_id, "outcome": outcome, **more, **self.common()}
        await self.tell(wechat.MessageDispatched(**values))

    async def window(self, hours: float | None = 48, remaining: int = 5) -> None:
        """How long he may be written to."""
        expires_at = None if hours is None else self.shop.clock.now() + timedelta(hours=hours)
        await self.tell(wechat.WindowChanged(expires_at=expires_at, remaining=remaining, **self.common()))

    async def conversation(self) -> dict[str, Any]:
        """His newest conversation, as the supervisor sees it."""
        found = (await self.shop.call("GET", "/conversations", box="all", limit=200)).items
        return next(one for one in found if one["openid"] == self.openid)


@pytest.fixture(scope="module")
async def stage(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """The services at work; each test makes its own company."""
    neighbours = Neighbours()
    folder: Path = tmp_path_factory.mktemp("chat")
    async with Host([*NEIGHBOURS, SERVICE], database_url, folder) as host:
        host.contexts["wechat"].part(Board).neighbours = neighbours
        host.contexts["crm"].part(Board).neighbours = neighbours
        outgoing = OutgoingRunner(host.contexts["chat"], SERVICE.outgoing)
        await outgoing.start()
        try:
            yield Stage(host, neighbours)
        finally:
            await outgoing.stop()


@pytest.fixture
async def shop(stage: Stage, frozen_clock: FrozenClock) -> Shop:
    """A company with two agents."""
    stage.neighbours.refuse = None
    stage.neighbours.is_crm_away = False
    return await stage.company(frozen_clock, "林慧", "陈曦")


def parse(at: str) -> datetime:
    """A time of the wire."""
    return msgspec.convert(at, datetime)
