"""What the channel tells becomes conversations and messages, once and in order."""

from __future__ import annotations

import pytest

from guanjia.contracts import wechat
from guanjia.contracts.crm import CustomerChanged
from guanjia.contracts.wechat import ProviderReply
from guanjia.kit.database import new_id
from tests.services.chat.conftest import Shop

pytestmark = pytest.mark.anyio


async def test_a_push_is_stored_once_however_often_it_is_told(shop: Shop) -> None:
    fan = shop.fan()
    push_id = await fan.write("一")
    await fan.write("一", push_id=push_id)
    await fan.write("二")
    c = await fan.conversation()
    found = await shop.messages(c["id"])
    assert [(one["number"], one["content"]["content"]) for one in found] == [(1, "一"), (2, "二")]
    assert found[0]["push_id"] == push_id


async def test_what_the_bot_answers_stands_in_the_conversation_with_its_fate(shop: Shop) -> None:
    fan = shop.fan()
    push_id = await fan.write("营业时间")
    answer = ProviderReply(kind="text", content={"content": "九点到六点"}, id=new_id())
    await fan.dispatched(push_id, "handled", provider="keywords", replies=[answer])
    c = await fan.conversation()
    assert c["state"] == "auto"
    assert (c["last_text"], c["last_author"]) == ("九点到六点", "bot")
    shown = (await shop.messages(c["id"]))[1]
    assert (shown["id"], shown["state"]) == (answer.id, "sending")
    assert shown["author"] == {"kind": "bot", "id": "keywords", "name": ""}
    event = wechat.MessageSent(message_id=answer.id, account_id=shop.account_id, openid=fan.openid, at=shop.clock.now())
    await fan.tell(event)
    assert (await shop.messages(c["id"]))[1]["state"] == "sent"
    assert (await fan.conversation())["first_answer_seconds"] is None


async def test_only_what_nobody_answered_is_queued(shop: Shop) -> None:
    fan = shop.fan()
    push_id = await fan.write("找人工")
    assert (await fan.conversation())["state"] == "auto"
    await fan.dispatched(push_id, "unhandled")
    c = await fan.conversation()
    assert (c["state"], c["group_name"], c["unread"]) == ("queued", "综合客服", 1)
    assert c["waiting_since"] is not None


async def test_a_provider_names_the_group(shop: Shop) -> None:
    sales = await shop.group("售前", members=[{"agent_id": shop.agents[1].id}])
    fan = shop.fan()
    push_id = await fan.write("想试驾")
    await fan.dispatched(push_id, "human", provider="menu", group="售前")
    assert (await fan.conversation())["group_id"] == sales["id"]


async def test_a_menu_key_can_call_a_person(shop: Shop) -> None:
    """A provider answers an event with "human": a conversation begins though nothing was written."""
    fan = shop.fan("赵敏")
    push_id = new_id()
    event = wechat.EventReceived(
        push_id=push_id, account_name="安行服务号", fan_name=fan.name, event="click", event_key="HUMAN", data={},
        sent_at=shop.clock.now(), **fan.common(),
    )  # fmt: skip
    await fan.tell(event)
    assert (await shop.call("GET", "/conversations", box="all")).items == []
    await fan.dispatched(push_id, "human")
    c = await fan.conversation()
    assert (c["state"], c["unread"]) == ("queued", 1)
    await shop.online(shop.agents[0])
    await shop.route()
    assert (await shop.read(c["id"]))["state"] == "assigned"


async def test_events_leave_a_line_in_an_open_conversation_and_nothing_else(shop: Shop) -> None:
    fan = shop.fan()

    async def happen(name: str, key: str = "") -> None:
        event = wechat.EventReceived(
            push_id=new_id(), account_name="安行服务号", fan_name="", event=name, event_key=key, data={},
            sent_at=shop.clock.now(), **fan.common(),
        )  # fmt: skip
        await fan.tell(event)

    await happen("subscribe")
    assert (await shop.call("GET", "/conversations", box="all")).items == []
    await fan.write("在吗")
    for name, key in [
        ("unsubscribe", ""),
        ("scan", "shop-7"),
        ("click", "K1"),
        ("view", "https://a"),
        ("location", ""),
    ]:
        await happen(name, key)
    c = await fan.conversation()
    lines = [one["content"] for one in await shop.messages(c["id"]) if one["kind"] == "system"]
    assert lines == [
        {"code": "fan_unsubscribed"},
        {"code": "fan_scanned", "scene": "shop-7"},
        {"code": "menu_clicked", "key": "K1"},
        {"code": "menu_viewed", "url": "https://a"},
    ]


@pytest.mark.parametrize("kind", ["image", "voice", "video"])
async def test_media_come_after_the_message(shop: Shop, kind: str) -> None:
    fan = shop.fan()
    push_id = await fan.write(kind=kind, content={"media_id": "m"})
    c = await fan.conversation()
    message = (await shop.messages(c["id"]))[0]
    assert (message["media_state"], message["media_url"]) == ("pending", "")
    file = shop.stage.host.files.store(b"\xff\xd8\xff", "image/jpeg")
    stored = wechat.MediaStored(push_id=push_id, file=file, media_type="image/jpeg", size=3, **fan.common())
    await fan.tell(stored)
    message = (await shop.messages(c["id"]))[0]
    assert (message["media_state"], message["media_type"]) == ("stored", "image/jpeg")
    assert message["media_url"].startswith(f"/files/{file}?exp=")
    await fan.tell(wechat.MediaFailed(push_id=push_id, reason="media_expired", **fan.common()))
    assert (await shop.messages(c["id"]))[0]["media_state"] == "stored"


async def test_media_that_are_lost_say_why(shop: Shop) -> None:
    fan = shop.fan()
    push_id = await fan.write(kind="image", content={})
    await fan.tell(wechat.MediaFailed(push_id=push_id, reason="media_expired", **fan.common()))
    message = (await shop.messages((await fan.conversation())["id"]))[0]
    assert (message["media_state"], message["failure"]) == ("failed", "media_expired")


async def test_a_kind_that_nobody_knows_is_kept(shop: Shop) -> None:
    fan = shop.fan()
    await fan.write(kind="hologram", content={"Raw": {"x": ["1"]}})
    c = await fan.conversation()
    message = (await shop.messages(c["id"]))[0]
    assert (message["kind"], message["content"]) == ("hologram", {"Raw": {"x": ["1"]}})
    assert c["last_text"] == "[消息]"


async def test_a_message_is_stored_though_crm_is_away_and_the_customer_found_later(shop: Shop) -> None:
    shop.stage.neighbours.is_crm_away = True
    fan, conversation_id = await shop.waiting()
    view = await shop.read(conversation_id)
    assert (view["customer_id"], view["customer_name"]) == ("", f"微信用户 {fan.openid[-4:]}")
    await shop.stage.host.run_job("chat", "customers")
    assert (await shop.read(conversation_id))["customer_id"] == ""
    shop.stage.neighbours.is_crm_away = False
    shop.stage.neighbours.names[fan.openid] = "刘洋"
    await shop.stage.host.run_job("chat", "customers")
    view = await shop.read(conversation_id)
    assert (view["customer_id"], view["customer_name"]) == (
        shop.stage.neighbours.customers[f"{shop.id}:{fan.openid}"],
        "刘洋",
    )


async def test_names_follow_the_fan_and_the_customer(shop: Shop) -> None:
    fan, conversation_id = await shop.waiting(name="昵称")
    customer_id = (await shop.read(conversation_id))["customer_id"]

    async def rename(name: str, remark: str, version: int) -> str:
        event = CustomerChanged(id=customer_id, name=name, remark=remark, tags=[], version=version)
        await shop.stage.tell("crm", event, shop.id)
        return str((await shop.read(conversation_id))["customer_name"])

    assert (await shop.read(conversation_id))["customer_name"] == "昵称"
    assert await rename("王建国", "", 2) == "王建国"
    await fan.tell(
        wechat.FanChanged(
            account_name="安行服务号",
            unionid="",
            name="昵称",
            remark="老王",
            is_subscribed=True,
            subscribed_at=None,
            subscribe_scene="",
            qr_scene="",
            **fan.common(),
        )
    )
    assert (await shop.read(conversation_id))["customer_name"] == "老王"
    assert await rename("王建国", "王师傅", 3) == "王师傅"
    assert await rename("旧名", "旧备注", 2) == "王师傅"


async def test_the_next_message_after_the_end_opens_another_conversation(shop: Shop) -> None:
    fan, conversation_id, agent = await shop.serving()
    assert (await shop.act(conversation_id, "closures", {"category": "咨询"}, by=agent)).status == 200
    await fan.write("还在吗")
    c = await fan.conversation()
    assert c["id"] != conversation_id
    assert c["state"] == "auto"
    history = (await shop.call("GET", f"/conversations/{c['id']}/history")).items
    assert [one["id"] for one in history] == [conversation_id]


async def test_a_conversation_that_only_the_bot_had_ends_after_a_day(shop: Shop) -> None:
    fan = shop.fan()
    push_id = await fan.write("营业时间")
    await fan.dispatched(push_id, "handled")
    shop.clock.advance(hours=23)
    await shop.stage.host.run_job("chat", "idle")
    assert (await fan.conversation())["state"] == "auto"
    shop.clock.advance(hours=1)
    await shop.stage.host.run_job("chat", "idle")
    assert (await fan.conversation())["state"] == "closed"


async def test_a_message_that_comes_before_its_company_finds_a_group(shop: Shop) -> None:
    """The feeds of auth and wechat are heard apart from each other."""
    other = Shop(shop.stage, shop.clock)
    other.boss = shop.boss.__class__(kind="staff", id=new_id(), company_id=other.id, name="主管", subjects=(other.id,))
    _, conversation_id = await other.waiting()
    assert (await other.read(conversation_id))["state"] == "queued"
    assert (await other.call("GET", "/groups")).items[0]["is_default"]
