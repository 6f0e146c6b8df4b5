"""Old state + events = fresh state, for every action and every kind of reader (L5, L13)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from guanjia.contracts import wechat
from guanjia.contracts.crm import CustomerChanged
from guanjia.contracts.wechat import ProviderReply
from guanjia.kit.auth import Caller
from guanjia.kit.database import new_id
from guanjia.kit.feed import FeedRow
from tests.services.chat.conftest import AGENT, Fan, Shop

pytestmark = pytest.mark.anyio


@dataclass
class Screen:
    """What one reader's page knows: read once, then kept true by events alone."""

    shop: Shop
    reader: Caller
    conversations: dict[str, Any] = field(default_factory=dict)
    messages: dict[str, list[Any]] = field(default_factory=dict)
    agents: dict[str, Any] = field(default_factory=dict)

    async def read(self) -> Screen:
        found = (await self.shop.call("GET", "/conversations", by=self.reader, box="all", limit=200)).items
        self.conversations = {one["id"]: one for one in found}
        for conversation_id in self.conversations:
            log = await self.shop.messages(conversation_id, by=self.reader, limit=200)
            self.messages[conversation_id] = [plain(one) for one in log]
        agents = (await self.shop.call("GET", "/agents", by=self.reader)).items
        fields = ("id", "name", "status", "load", "capacity")
        self.agents = {one["id"]: {name: one[name] for name in fields} for one in agents}
        return self

    def apply(self, row: FeedRow) -> None:
        if row.company_id != self.reader.company_id or not set(row.subjects) & set(self.reader.subjects):
            return
        data = msgspec.json.decode(row.data)
        if row.name == "conversation_changed":
            self.conversations[data["conversation"]["id"]] = data["conversation"]
        elif row.name == "conversation_removed":
            self.conversations.pop(data["conversation_id"], None)
            self.messages.pop(data["conversation_id"], None)
        elif row.name in ("message_added", "message_changed"):
            one = plain(data["message"])
            log = self.messages.get(one["conversation_id"])
            if log is None:
                return
            if row.name == "message_added":
                log.append(one)
            else:
                log[one["number"] - 1] = one
        elif row.name == "agent_changed":
            data.pop("at")
            self.agents[data["id"]] = data


def plain(message: dict[str, Any]) -> dict[str, Any]:
    """A message without what depends on the second at which its address was signed."""
    return {**message, "media_url": message["media_url"].split("?")[0]}


@dataclass
class Scene:
    """A conversation that an agent has, and one in the queue."""

    shop: Shop
    fan: Fan
    served: str
    waiting_fan: Fan
    waiting: str
    agent: Caller
    colleague: Caller
    outsider: Caller
    message_id: str

    async def retry(self) -> None:
        await self.shop.refused(self.message_id, "fan_gone")
        path = f"/conversations/{self.served}/messages/{self.message_id}/retries"
        assert (await self.shop.call("POST", path, {}, by=self.agent)).status == 201

    async def act(self, noun: str, body: Any = None, by: Caller | None = None) -> None:
        answer = await self.shop.act(self.served, noun, body, by=by or self.agent)
        assert answer.status == 200, answer.body

    async def group_transfer(self) -> None:
        group = await self.shop.group("售前", members=[{"agent_id": self.colleague.id}])
        await self.act("transfers", {"group_id": group["id"]})

    async def move_to_sales(self) -> None:
        body = {"organisation_id": self.shop.places["sales"], "members": [{"agent_id": self.outsider.id}]}
        group = await self.shop.group("销售", **body)
        await self.act("transfers", {"group_id": group["id"]})

    async def lend(self) -> None:
        await self.act("transfers", {"agent_id": self.outsider.id})
        await self.act("returns", by=self.outsider)

    async def consult_and_end(self) -> None:
        await self.act("consultations", {"agent_id": self.outsider.id, "note": "帮忙看看"})
        path = f"/conversations/{self.served}/consultations/{self.outsider.id}"
        assert (await self.shop.call("DELETE", path, by=self.agent)).status == 200

    async def route(self) -> None:
        await self.shop.online(self.colleague)
        await self.shop.route()

    async def hand_back(self) -> None:
        await self.shop.act(self.waiting, "pickups", by=self.agent)
        self.shop.clock.advance(seconds=180)
        await self.shop.route()

    async def lapse(self) -> None:
        await self.shop.online(self.agent)
        self.shop.clock.advance(seconds=61)
        await self.shop.route()

    async def read_up(self) -> None:
        await self.fan.write("还有")
        await self.shop.call("PUT", f"/conversations/{self.served}/reads", {"number": 99}, by=self.agent)

    async def look_at_queue(self) -> None:
        await self.shop.call("PUT", f"/conversations/{self.waiting}/reads", {"number": 99}, by=self.agent)

    async def bot(self) -> None:
        fan = self.shop.fan()
        reply = ProviderReply(kind="text", content={"content": "您好"}, id=new_id())
        await fan.dispatched(await fan.write("在吗"), "handled", provider="p", replies=[reply])

    async def media(self) -> None:
        push_id = await self.fan.write(kind="image", content={"media_id": "m"})
        file = self.shop.stage.host.files.store(b"\xff\xd8\xff", "image/jpeg")
        stored = wechat.MediaStored(push_id=push_id, file=file, media_type="image/jpeg", size=3, **self.fan.common())
        await self.fan.tell(stored)

    async def rename_customer(self) -> None:
        customer_id = (await self.shop.read(self.served))["customer_id"]
        event = CustomerChanged(id=customer_id, name="王建国", remark="", tags=[], version=2)
        await self.shop.stage.tell("crm", event, self.shop.id)

    async def rename_agent(self) -> None:
        await self.shop.staff("林慧慧", self.shop.id, AGENT, staff_id=self.agent.id)

    async def rate(self) -> None:
        await self.act("rating-invitations")
        await self.fan.write("满意", menu_item_id=f"rating:{self.served}:4")

    async def move_organisation(self) -> None:
        """The served group's organisation moves below another: whoever stood above it only there no longer sees it."""
        path = f"/{self.shop.id}/{self.shop.places['sales']}/{{id}}/"
        await self.shop.organisation("service", path, self.shop.places["sales"])
        await self.shop.stage.host.run_job("chat", "scopes")

    async def change_group(self) -> None:
        group = (await self.shop.call("GET", "/groups")).items[0]
        changed = {**group, "name": "客服一组", "organisation_id": self.shop.places["service"]}
        assert (await self.shop.call("PUT", f"/groups/{group['id']}", changed)).status == 200
        await self.shop.stage.host.run_job("chat", "scopes")

    async def answer(self) -> None:
        sent = (await self.shop.send(self.served, "好的", self.agent)).attribute
        await self.shop.delivered(sent["id"])

    async def off_hours(self) -> None:
        group = (await self.shop.call("GET", "/groups")).items[0]
        hours = {**group["hours"], "dates": [{"date": "2026-03-02", "title": "", "spans": []}]}
        await self.shop.call("PUT", f"/groups/{group['id']}", {**group, "hours": hours})
        await self.shop.route()


ACTIONS: dict[str, Callable[[Scene], Awaitable[object]]] = {
    "customer writes": lambda scene: scene.fan.write("还在吗"),
    "a new fan writes": lambda scene: scene.shop.fan().write(),
    "the bot answers": Scene.bot,
    "media arrive": Scene.media,
    "queued": lambda scene: scene.shop.waiting(),
    "routed": Scene.route,
    "picked up": lambda scene: scene.shop.act(scene.waiting, "pickups", by=scene.colleague),
    "answered and delivered": Scene.answer,
    "answered from the queue": lambda scene: scene.shop.send(scene.waiting, "您好", scene.colleague),
    "note": lambda scene: scene.shop.send(scene.served, "备注", scene.colleague, is_note=True),
    "failed": lambda scene: scene.shop.refused(scene.message_id, "fan_gone"),
    "unknown": lambda scene: scene.shop.refused(scene.message_id, "wechat_unanswered", is_unknown=True),
    "retried": Scene.retry,
    "assigned": lambda scene: scene.act("assignments", {"agent_id": scene.outsider.id}, scene.shop.boss),
    "transferred": lambda scene: scene.act("transfers", {"agent_id": scene.outsider.id, "note": "请接手"}),
    "transferred and returned": Scene.lend,
    "transferred to a group": Scene.group_transfer,
    "transferred to another department": Scene.move_to_sales,
    "consulted": lambda scene: scene.act("consultations", {"agent_id": scene.outsider.id, "note": "看看"}),
    "consultation ended": Scene.consult_and_end,
    "returned": lambda scene: scene.act("returns"),
    "closed": lambda scene: scene.act("closures", {"category": "维修"}),
    "invited and rated": Scene.rate,
    "read": Scene.read_up,
    "looked at in the queue": Scene.look_at_queue,
    "window": lambda scene: scene.fan.window(20, 3),
    "customer renamed": Scene.rename_customer,
    "agent renamed": Scene.rename_agent,
    "presence": lambda scene: scene.shop.online(scene.agent),
    "presence lapsed": Scene.lapse,
    "handed back": Scene.hand_back,
    "off-hours": Scene.off_hours,
    "organisation moved": Scene.move_organisation,
    "group changed": Scene.change_group,
}


@pytest.mark.parametrize("action", ACTIONS)
async def test_old_state_and_events_are_the_fresh_state(shop: Shop, action: str) -> None:
    agent, colleague = shop.agents
    outsider = await shop.staff("销售", shop.places["sales"], AGENT)
    fan, served, _ = await shop.serving()
    message_id = (await shop.send(served, "您好", agent)).attribute["id"]
    await shop.stage.until(lambda: message_id in shop.stage.neighbours.puts)
    waiting_fan, waiting = await shop.waiting()
    if action == "organisation moved":
        group = (await shop.call("GET", "/groups")).items[0]
        place = {**group, "organisation_id": shop.places["service"]}
        assert (await shop.call("PUT", f"/groups/{group['id']}", place)).status == 200
        await shop.stage.host.run_job("chat", "scopes")
    await shop.route()
    scene = Scene(shop, fan, served, waiting_fan, waiting, agent, colleague, outsider, message_id)
    feed = shop.stage.host.feeds["chat"]
    await shop.stage.host.settle()
    head = feed.head
    screens = [await Screen(shop, reader).read() for reader in (shop.boss, agent, colleague, outsider)]
    await ACTIONS[action](scene)
    rows = await shop.stage.host.events("chat", after=head)
    assert [row for row in rows if row.company_id == shop.id], "an action without an event"
    for screen in screens:
        for row in rows:
            screen.apply(row)
        fresh = await Screen(shop, screen.reader).read()
        name = screen.reader.name
        assert screen.conversations == fresh.conversations, name
        for conversation_id, log in screen.messages.items():
            assert log == fresh.messages[conversation_id], name
        if screen.reader in (shop.boss, agent):
            assert screen.agents == fresh.agents, name
    assert await shop.stage.host.parked() == []


async def test_nothing_of_one_company_is_told_to_another(shop: Shop) -> None:
    other = await shop.stage.company(shop.clock, "外人")
    head = shop.stage.host.feeds["chat"].head
    _, conversation_id, agent = await shop.serving()
    await shop.send(conversation_id, "您好", agent)
    await shop.act(conversation_id, "closures", by=agent)
    rows = await shop.stage.host.events("chat", after=head)
    foreign = {*other.boss.subjects, *other.agents[0].subjects}
    assert rows
    assert all(row.company_id == shop.id and not foreign & set(row.subjects) for row in rows)
    assert {row.audience for row in rows} == {"staff"}
