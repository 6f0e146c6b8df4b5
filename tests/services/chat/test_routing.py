"""Who gets what, when it goes back, and what happens at night: the clock is moved, nothing sleeps."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.services.chat.conftest import AGENT, Shop, parse

pytestmark = pytest.mark.anyio

# 09:00 to 18:00 in Shanghai, Monday to Friday. The frozen clock begins on Monday 2026-03-02, 17:00 there.
OFFICE = {
    "time_zone": "Asia/Shanghai",
    "weekly": [{"weekday": day, "start": "09:00", "end": "18:00"} for day in range(1, 6)],
    "dates": [],
    "uses_public_holidays": True,
}


async def default_group(shop: Shop, **more: Any) -> dict[str, Any]:
    """Change the settings of the default group."""
    group = (await shop.call("GET", "/groups")).items[0]
    changed: dict[str, Any] = (await shop.call("PUT", f"/groups/{group['id']}", {**group, **more})).attribute
    return changed


async def agent_of(shop: Shop, conversation_id: str) -> str:
    return str((await shop.read(conversation_id))["agent_name"])


async def test_the_least_loaded_within_capacity_gets_it(shop: Shop) -> None:
    await default_group(shop, capacity=2)
    for one in shop.agents:
        await shop.online(one)
    ids = [(await shop.waiting())[1] for _ in range(5)]
    await shop.route()
    names = [await agent_of(shop, one) for one in ids]
    assert sorted(names[:4]) == ["林慧", "林慧", "陈曦", "陈曦"]
    assert names[4] == ""
    assert (await shop.read(ids[4]))["queue_position"] == 1
    agents = {one["name"]: one for one in (await shop.call("GET", "/agents")).items}
    assert (agents["林慧"]["load"], agents["林慧"]["capacity"], agents["林慧"]["status"]) == (2, 2, "online")
    await shop.act(ids[0], "closures")
    await shop.route()
    assert await agent_of(shop, ids[4]) == names[0]


async def test_the_queue_is_served_oldest_first_with_positions(shop: Shop) -> None:
    await default_group(shop, capacity=1)
    ids = []
    for _ in range(3):
        ids.append((await shop.waiting())[1])
        shop.clock.advance(seconds=1)
    await shop.route()
    assert [(await shop.read(one))["queue_position"] for one in ids] == [1, 2, 3]
    queue = (await shop.call("GET", "/conversations", box="queue")).items
    assert [one["id"] for one in queue] == ids
    await shop.online(shop.agents[0])
    await shop.route()
    assert await agent_of(shop, ids[0]) == "林慧"
    assert [(await shop.read(one))["queue_position"] for one in ids] == [None, 1, 2]


async def test_busy_and_break_take_nothing_more(shop: Shop) -> None:
    for status, agent in zip(("busy", "break"), shop.agents, strict=True):
        await shop.call("PUT", "/presences/current", {"status": status}, by=agent)
    _, conversation_id = await shop.waiting()
    await shop.route()
    assert (await shop.read(conversation_id))["state"] == "queued"


async def test_the_customer_reaches_the_agent_of_the_last_time(shop: Shop) -> None:
    """R-CALL-07: with the other agent less loaded."""
    fan, conversation_id, agent = await shop.serving()
    await shop.send(conversation_id, "您好", agent)
    await shop.act(conversation_id, "closures", by=agent)
    for one in shop.agents:
        await shop.online(one)
    others = [(await shop.waiting())[1] for _ in range(3)]
    await shop.route()
    loads = {one["name"]: one["load"] for one in (await shop.call("GET", "/agents")).items}
    assert loads["林慧"] >= 1
    for conversation_id in others:
        if await agent_of(shop, conversation_id) == "陈曦":
            await shop.act(conversation_id, "closures")
    await fan.dispatched(await fan.write("还有一个问题"))
    await shop.route()
    assert (await fan.conversation())["agent_name"] == "林慧"


async def test_the_agent_of_the_last_time_is_not_waited_for(shop: Shop) -> None:
    fan, conversation_id, agent = await shop.serving()
    await shop.send(conversation_id, "您好", agent)
    await shop.act(conversation_id, "closures", by=agent)
    await shop.online(shop.agents[1])
    await fan.dispatched(await fan.write("还有一个问题"))
    await shop.route()
    assert (await fan.conversation())["agent_name"] == "陈曦"


async def test_a_keyword_chooses_the_group_and_a_skill_the_agent(shop: Shop) -> None:
    first, second = shop.agents
    third = await shop.staff("王宁", shop.id, AGENT)
    members = [{"agent_id": second.id}, {"agent_id": third.id, "skills": ["变速箱"]}]
    await shop.group("技术", keywords=["异响"], members=members)
    for one in (first, second, third):
        await shop.online(one)
    _, gearbox = await shop.waiting("变速箱异响")
    await shop.route()
    assert await agent_of(shop, gearbox) == "王宁"
    _, brakes = await shop.waiting("刹车异响")
    await shop.route()
    assert await agent_of(shop, brakes) == "陈曦"
    _, other = await shop.waiting("发票")
    await shop.route()
    assert (await shop.read(other))["group_name"] == "综合客服"


async def test_an_account_has_its_group(shop: Shop) -> None:
    group = await shop.group("物业", accounts=[shop.account_id], members=[{"agent_id": shop.agents[0].id}])
    _, conversation_id = await shop.waiting()
    assert (await shop.read(conversation_id))["group_id"] == group["id"]


async def test_no_answer_in_180_seconds_hands_it_back(shop: Shop) -> None:
    for one in shop.agents:
        await shop.online(one)
    _, conversation_id = await shop.waiting()
    await shop.route()
    view = await shop.read(conversation_id)
    first = view["agent_name"]
    assert (parse(view["answer_due_at"]) - shop.clock.now()).total_seconds() == 180
    shop.clock.advance(seconds=179)
    for one in shop.agents:
        await shop.call("PUT", "/presences/current/heartbeats", {}, by=one)
    await shop.route()
    assert (await shop.read(conversation_id))["agent_name"] == first
    shop.clock.advance(seconds=1)
    await shop.route()
    view = await shop.read(conversation_id)
    assert view["agent_name"] not in (first, "")
    assert await shop.lines(conversation_id) == ["assigned", "handed_back", "assigned"]


async def test_who_answers_in_time_keeps_it(shop: Shop) -> None:
    fan, conversation_id, agent = await shop.serving()
    await shop.online(agent)
    await shop.send(conversation_id, "您好", agent)
    shop.clock.advance(seconds=200)
    await shop.call("PUT", "/presences/current/heartbeats", {}, by=agent)
    await fan.write("好的")
    shop.clock.advance(seconds=50)
    await shop.call("PUT", "/presences/current/heartbeats", {}, by=agent)
    shop.clock.advance(seconds=59)
    await shop.route()
    view = await shop.read(conversation_id)
    assert (view["state"], view["agent_id"]) == ("active", agent.id)


async def test_a_group_has_its_own_patience(shop: Shop) -> None:
    await default_group(shop, hand_back_seconds=30)
    _, conversation_id, _ = await shop.serving()
    shop.clock.advance(seconds=30)
    await shop.route()
    view = await shop.read(conversation_id)
    assert (view["state"], view["agent_id"]) == ("queued", "")


async def test_an_agent_who_is_gone_for_60_seconds_loses_what_waits(shop: Shop) -> None:
    for one in shop.agents:
        await shop.online(one)
    _, conversation_id = await shop.waiting()
    await shop.route()
    first = (await shop.read(conversation_id))["agent_id"]
    shop.clock.advance(seconds=50)
    stays = next(one for one in shop.agents if one.id != first)
    await shop.call("PUT", "/presences/current/heartbeats", {}, by=stays)
    await shop.route()
    assert (await shop.read(conversation_id))["agent_id"] == first
    shop.clock.advance(seconds=10)
    await shop.route()
    view = await shop.read(conversation_id)
    assert view["agent_id"] == stays.id
    agents = {one["id"]: one["status"] for one in (await shop.call("GET", "/agents")).items}
    assert (agents[first], agents[stays.id]) == ("offline", "online")
    found = [one["content"] for one in await shop.messages(conversation_id) if one["kind"] == "system"]
    assert found[1]["reason"] == "offline"


async def test_who_says_that_he_goes_has_a_minute(shop: Shop) -> None:
    _, conversation_id, agent = await shop.serving()
    await shop.online(agent)
    await shop.call("PUT", "/presences/current", {"status": "offline"}, by=agent)
    await shop.route()
    assert (await shop.read(conversation_id))["agent_id"] == agent.id
    shop.clock.advance(seconds=60)
    await shop.route()
    assert (await shop.read(conversation_id))["state"] == "queued"


async def test_a_talk_that_rests_stays_with_its_agent_until_the_customer_writes(shop: Shop) -> None:
    fan, conversation_id, agent = await shop.serving()
    await shop.send(conversation_id, "您好", agent)
    shop.clock.advance(hours=1)
    await shop.route()
    assert (await shop.read(conversation_id))["agent_id"] == agent.id
    await fan.write("还在吗")
    await shop.route()
    view = await shop.read(conversation_id)
    assert (view["state"], view["agent_id"]) == ("queued", "")


async def test_a_heartbeat_brings_back_what_was_chosen(shop: Shop) -> None:
    agent = shop.agents[0]
    await shop.online(agent)
    shop.clock.advance(seconds=61)
    await shop.route()
    assert (await shop.call("GET", "/presences/current", by=agent)).attribute["status"] == "offline"
    back = (await shop.call("PUT", "/presences/current/heartbeats", {}, by=agent)).attribute
    assert back["status"] == "online"
    _, conversation_id = await shop.waiting()
    await shop.route()
    assert (await shop.read(conversation_id))["agent_id"] == agent.id


async def test_a_transfer_to_somebody_away_waits_a_minute_for_him(shop: Shop) -> None:
    _, conversation_id, agent = await shop.serving()
    away = shop.agents[1]
    await shop.act(conversation_id, "transfers", {"agent_id": away.id}, by=agent)
    shop.clock.advance(seconds=59)
    await shop.route()
    assert (await shop.read(conversation_id))["agent_id"] == away.id
    shop.clock.advance(seconds=1)
    await shop.route()
    assert (await shop.read(conversation_id))["state"] == "queued"


async def test_who_is_dismissed_loses_everything(shop: Shop) -> None:
    _, conversation_id, agent = await shop.serving()
    await shop.online(agent)
    await shop.staff("林慧", shop.id, AGENT, staff_id=agent.id, is_active=False)
    await shop.route()
    assert (await shop.read(conversation_id))["state"] == "queued"
    assert [one["name"] for one in (await shop.call("GET", "/agents")).items] == ["主管", "陈曦"]


async def test_a_message_at_night_is_first_in_the_morning(shop: Shop) -> None:
    await default_group(shop, hours=OFFICE)
    shop.clock.advance(hours=2)
    agent = shop.agents[0]
    await shop.online(agent)
    fan, left = await shop.waiting("晚上好")
    await fan.window()
    await shop.route()
    view = await shop.read(left)
    assert (view["state"], view["is_left_message"], view["agent_id"]) == ("queued", True, "")
    detail = (await shop.call("GET", f"/conversations/{left}")).attribute
    assert detail["group_hours_open"] is False
    await fan.dispatched(await fan.write("有人吗"))
    await shop.route()
    told = [one for one in await shop.messages(left) if one["author"]["kind"] == "bot"]
    assert len(told) == 1
    assert told[0]["author"]["id"] == "off_hours"
    assert told[0]["content"]["content"].startswith("您好，现在是非服务时间")
    shop.clock.at = datetime(2026, 3, 3, 0, 59, 59, tzinfo=UTC)
    await shop.online(agent)
    await shop.route()
    assert (await shop.read(left))["state"] == "queued"
    shop.clock.advance(seconds=1)
    _, early = await shop.waiting("早上好")
    await default_group(shop, capacity=1)
    await shop.route()
    view = await shop.read(left)
    assert (view["agent_id"], view["is_left_message"]) == (agent.id, True)
    assert (await shop.read(early))["state"] == "queued"
    await shop.send(left, "您好，让您久等了", agent)
    assert (await shop.read(left))["is_left_message"] is False
    today = (await shop.call("GET", "/supervision")).attribute["today"]
    assert today["left_messages"] == 0


async def test_a_group_says_its_own_words_at_night(shop: Shop) -> None:
    hours = {**OFFICE, "dates": [{"date": "2026-03-02", "title": "盘点", "spans": []}]}
    await default_group(shop, hours=hours, off_hours_text="{customer}，今天盘点，明天见。")
    _, conversation_id = await shop.waiting(name="张伟")
    await shop.route()
    told = [one for one in await shop.messages(conversation_id) if one["author"]["kind"] == "bot"]
    assert told[0]["content"]["content"] == "张伟，今天盘点，明天见。"
    today = (await shop.call("GET", "/supervision")).attribute["today"]
    assert today["left_messages"] == 1


async def test_working_time_alone_counts_towards_the_first_answer(shop: Shop) -> None:
    await default_group(shop, hours=OFFICE)
    shop.clock.advance(minutes=50)
    _, conversation_id = await shop.waiting()
    shop.clock.at = datetime(2026, 3, 3, 1, 10, tzinfo=UTC)
    sent = (await shop.send(conversation_id, "早上好", shop.agents[0])).attribute
    await shop.delivered(sent["id"])
    assert (await shop.read(conversation_id))["first_answer_seconds"] == 20 * 60


async def greetings(shop: Shop, kind: str, **more: Any) -> None:
    items = (await shop.call("GET", "/greetings")).items
    for one in items:
        if one["kind"] == kind:
            one |= more
    assert (await shop.call("PUT", "/greetings", {"items": items})).status == 200


async def test_the_first_agent_is_announced_if_the_company_wants_that(shop: Shop) -> None:
    await greetings(shop, "opening_brand", is_on=True)
    fan, conversation_id = await shop.waiting()
    await fan.window()
    agent = shop.agents[0]
    await shop.act(conversation_id, "pickups", by=agent)
    await shop.act(conversation_id, "transfers", {"agent_id": shop.agents[1].id}, by=agent)
    told = [one for one in await shop.messages(conversation_id) if one["author"]["kind"] == "bot"]
    assert [one["content"]["content"] for one in told] == ["您好！欢迎联系安行汽车，我是客服林慧，请问有什么可以帮您？"]
    await shop.delivered(told[0]["id"])
    assert (await shop.read(conversation_id))["first_answer_seconds"] is None


async def test_nothing_is_said_when_wechat_would_refuse_it(shop: Shop) -> None:
    await greetings(shop, "opening_brand", is_on=True)
    fan, conversation_id = await shop.waiting()
    await fan.window(48, 0)
    await shop.act(conversation_id, "pickups", by=shop.agents[0])
    assert [one for one in await shop.messages(conversation_id) if one["author"]["kind"] == "bot"] == []


async def test_who_waits_can_be_told_how_many_are_before_him(shop: Shop) -> None:
    await greetings(shop, "queued", is_on=True)
    ids = []
    for _ in range(2):
        ids.append((await shop.waiting())[1])
        shop.clock.advance(seconds=1)
    await shop.route()
    await shop.route()
    told = [one for one in await shop.messages(ids[1]) if one["author"]["kind"] == "bot"]
    assert [one["content"]["content"] for one in told] == ["客服正忙，您前面还有 1 位，请稍候，我们会尽快接待您。"]


async def test_the_job_says_when_it_is_due_next(shop: Shop) -> None:
    await default_group(shop, hours=OFFICE)
    _, conversation_id = await shop.waiting()
    context = shop.stage.host.contexts["chat"]
    job = next(one for one in context.service.jobs if one.name == "routing")
    due = await job.run(context)
    assert due is not None and due <= datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
    await shop.act(conversation_id, "pickups", by=shop.agents[0])
    due = await job.run(context)
    assert due is not None and (due - shop.clock.now()).total_seconds() <= 180
