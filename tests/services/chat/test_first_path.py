"""The main path: a fan writes, an agent gets it, answers, and the answer arrives."""

from __future__ import annotations

import pytest

from tests.services.chat.conftest import Shop

pytestmark = pytest.mark.anyio


async def test_a_message_reaches_an_agent_and_the_answer_comes_back(shop: Shop) -> None:
    agent = shop.agents[0]
    await shop.online(agent)
    fan, conversation_id = await shop.waiting("我的车刹车有异响", name="王建国")
    await fan.window()
    assert (await shop.read(conversation_id))["state"] == "queued"
    await shop.route()
    view = await shop.read(conversation_id, by=agent)
    assert (view["state"], view["agent_id"], view["unread"]) == ("assigned", agent.id, 1)
    assert view["customer_name"] == "王建国"
    assert (view["last_text"], view["last_author"]) == ("我的车刹车有异响", "customer")
    shop.clock.advance(seconds=40)
    sent = (await shop.send(conversation_id, "您好，请问是什么车型？", agent)).attribute
    assert (sent["state"], sent["number"]) == ("sending", 3)
    await shop.delivered(sent["id"])
    assert shop.stage.neighbours.puts[sent["id"]]["content"] == {"content": "您好，请问是什么车型？"}
    view = await shop.read(conversation_id)
    assert (view["state"], view["first_answer_seconds"], view["unread"]) == ("waiting_customer", 40, 0)
    found = await shop.messages(conversation_id, by=agent)
    assert [one["number"] for one in found] == [1, 2, 3]
    assert [one["state"] for one in found] == ["received", "sent", "sent"]
    assert await shop.stage.host.parked() == []
