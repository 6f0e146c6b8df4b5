"""Taking, giving, handing on, asking a colleague, returning, ending, rating."""

from __future__ import annotations

import asyncio

import pytest

from guanjia.kit.audit import Audited
from guanjia.kit.database import new_id
from guanjia.kit.feed import event_name
from tests.services.chat.conftest import AGENT, Fan, Shop

pytestmark = pytest.mark.anyio


async def test_of_two_who_take_it_one_gets_it(shop: Shop) -> None:
    _, conversation_id = await shop.waiting()
    answers = await asyncio.gather(*(shop.act(conversation_id, "pickups", by=one) for one in shop.agents))
    assert sorted(one.status for one in answers) == [200, 409]
    loser = next(one for one in answers if one.status == 409)
    winner = next(one for one in answers if one.status == 200)
    assert loser.error == "already_taken"
    view = await shop.read(conversation_id)
    assert (view["agent_id"], view["version"]) == (winner.attribute["agent_id"], winner.attribute["version"])
    assert (await shop.lines(conversation_id)).count("assigned") == 1


async def test_taking_it_twice_changes_nothing(shop: Shop) -> None:
    _, conversation_id, agent = await shop.serving()
    before = await shop.read(conversation_id)
    assert (await shop.act(conversation_id, "pickups", by=agent)).attribute == before


async def test_a_supervisor_gives_it_to_whomever_he_likes(shop: Shop) -> None:
    _, conversation_id, _ = await shop.serving()
    body = {"agent_id": shop.agents[1].id}
    view = (await shop.act(conversation_id, "assignments", body)).attribute
    assert (view["agent_name"], view["state"]) == ("陈曦", "assigned")
    assert (await shop.act(conversation_id, "assignments", {"agent_id": new_id()})).error == "agent_unknown"
    assert (await shop.act(conversation_id, "assignments", {"agent_id": "nobody"})).status == 404


async def test_a_transfer_carries_its_note(shop: Shop) -> None:
    """R-CALL-07: nothing is told twice."""
    _, conversation_id, agent = await shop.serving()
    colleague = shop.agents[1]
    refused = await shop.act(conversation_id, "transfers", {"agent_id": agent.id, "note": ""}, by=colleague)
    assert (refused.status, refused.error) == (409, "not_your_conversation")
    body = {"agent_id": colleague.id, "note": "客户要换刹车片"}
    view = (await shop.act(conversation_id, "transfers", body, by=agent)).attribute
    assert (view["agent_id"], view["state"], view["unread"]) == (colleague.id, "assigned", 1)
    found = await shop.messages(conversation_id, by=colleague)
    assert [one["content"].get("content") or one["content"]["code"] for one in found[-3:]] == [
        "客户要换刹车片",
        "transferred",
        "assigned",
    ]
    assert found[-3]["is_note"]
    assert await shop.lines(conversation_id) == ["assigned", "transferred", "assigned"]


async def test_a_transfer_to_a_group_queues_it_there(shop: Shop) -> None:
    _, conversation_id, agent = await shop.serving()
    group = await shop.group("售前", members=[{"agent_id": shop.agents[1].id}])
    await shop.online(agent)
    view = (await shop.act(conversation_id, "transfers", {"group_id": group["id"], "note": ""}, by=agent)).attribute
    assert (view["state"], view["group_name"], view["agent_id"]) == ("queued", "售前", "")
    await shop.route()
    assert (await shop.read(conversation_id))["state"] == "queued"
    await shop.online(shop.agents[1])
    await shop.route()
    assert (await shop.read(conversation_id))["agent_id"] == shop.agents[1].id


@pytest.mark.parametrize("body", [{}, {"agent_id": "x", "group_id": "y"}])
async def test_a_transfer_has_one_target(shop: Shop, body: dict[str, str]) -> None:
    _, conversation_id, agent = await shop.serving()
    refused = await shop.act(conversation_id, "transfers", {"note": "", **body}, by=agent)
    assert (refused.status, list(refused.fields)) == (422, ["agent_id"])


async def test_targets_of_another_company_do_not_exist(shop: Shop) -> None:
    _, conversation_id, agent = await shop.serving()
    other = await shop.stage.company(shop.clock, "外人")
    foreign = other.agents[0].id
    for noun in ("transfers", "consultations"):
        refused = await shop.act(conversation_id, noun, {"agent_id": foreign, "note": ""}, by=agent)
        assert (refused.status, refused.error) == (404, "agent_unknown")
    group_id = (await other.call("GET", "/groups")).items[0]["id"]
    refused = await shop.act(conversation_id, "transfers", {"group_id": group_id}, by=agent)
    assert (refused.status, refused.error) == (404, "group_unknown")


async def test_a_consulted_colleague_sees_it_until_he_has_helped(shop: Shop) -> None:
    """R-CALL-05. The colleague works elsewhere and would not see it otherwise."""
    _, conversation_id, agent = await shop.serving()
    colleague = await shop.staff("销售", shop.places["sales"], AGENT)
    path = f"/conversations/{conversation_id}"
    assert (await shop.call("GET", path, by=colleague)).status == 404
    body = {"agent_id": colleague.id, "note": "这个型号有现货吗？"}
    view = (await shop.act(conversation_id, "consultations", body, by=agent)).attribute
    assert view["consulted"] == [{"kind": "agent", "id": colleague.id, "name": "销售"}]
    assert (view["agent_id"], view["state"]) == (agent.id, "assigned")
    assert [one["id"] for one in (await shop.call("GET", "/conversations", by=colleague)).items] == [conversation_id]
    assert (await shop.send(conversation_id, "有", colleague, is_note=True)).status == 201
    again = (await shop.act(conversation_id, "consultations", {"agent_id": colleague.id}, by=agent)).attribute
    assert len(again["consulted"]) == 1
    ended = await shop.call("DELETE", f"{path}/consultations/{colleague.id}", by=agent)
    assert ended.attribute["consulted"] == []
    assert (await shop.call("GET", path, by=colleague)).status == 404
    assert (await shop.call("GET", "/conversations", by=colleague)).items == []


async def test_who_gets_it_is_no_longer_only_consulted(shop: Shop) -> None:
    _, conversation_id, agent = await shop.serving()
    colleague = shop.agents[1]
    await shop.act(conversation_id, "consultations", {"agent_id": colleague.id}, by=agent)
    refused = await shop.act(conversation_id, "consultations", {"agent_id": agent.id}, by=agent)
    assert (refused.status, refused.error) == (409, "already_assigned")
    body = {"agent_id": colleague.id, "note": ""}
    view = (await shop.act(conversation_id, "transfers", body, by=agent)).attribute
    assert view["consulted"] == []


async def test_who_returns_it_is_not_given_it_again_at_once(shop: Shop) -> None:
    _, conversation_id, agent = await shop.serving()
    await shop.online(agent)
    view = (await shop.act(conversation_id, "returns", by=agent)).attribute
    assert (view["state"], view["agent_id"]) == ("queued", "")
    await shop.route()
    assert (await shop.read(conversation_id))["state"] == "queued"
    await shop.online(shop.agents[1])
    await shop.route()
    assert (await shop.read(conversation_id))["agent_id"] == shop.agents[1].id


async def test_who_comes_back_online_may_get_it_again(shop: Shop) -> None:
    _, conversation_id, agent = await shop.serving()
    await shop.act(conversation_id, "returns", by=agent)
    await shop.online(agent)
    await shop.route()
    assert (await shop.read(conversation_id))["agent_id"] == agent.id


async def test_the_end_says_what_it_was_about(shop: Shop) -> None:
    _, conversation_id, agent = await shop.serving()
    refused = await shop.act(conversation_id, "closures", {"category": "维修"}, by=shop.agents[1])
    assert (refused.status, refused.error) == (409, "not_your_conversation")
    body = {"category": "维修", "result": "已预约到店"}
    view = (await shop.act(conversation_id, "closures", body, by=agent)).attribute
    assert (view["state"], view["category"], view["result"]) == ("closed", "维修", "已预约到店")
    assert view["closed_at"] is not None
    refused = await shop.act(conversation_id, "closures", body, by=agent)
    assert (refused.status, refused.error) == (409, "conversation_closed")
    for noun in ("pickups", "returns"):
        assert (await shop.act(conversation_id, noun, by=agent)).error == "conversation_closed"


async def test_deeds_that_matter_are_audited(shop: Shop) -> None:
    _, conversation_id, agent = await shop.serving()
    await shop.act(conversation_id, "transfers", {"agent_id": shop.agents[1].id}, by=agent)
    await shop.act(conversation_id, "closures", {"category": "维修"}, by=shop.agents[1])
    rows = await shop.stage.host.events("chat", event_name(Audited))
    mine = [row for row in rows if row.company_id == shop.id and conversation_id in row.key]
    assert [row.data.decode().split('"action":"')[1].split('"')[0] for row in mine] == [
        "conversation_picked_up",
        "conversation_transferred",
        "conversation_closed",
    ]


async def invited(shop: Shop) -> tuple[Fan, str, list[dict[str, str]]]:
    fan, conversation_id, agent = await shop.serving()
    view = (await shop.act(conversation_id, "rating-invitations", by=agent)).attribute
    assert view["is_rating_invited"]
    message = next(one for one in await shop.messages(conversation_id) if one["kind"] == "menu")
    await shop.delivered(message["id"])
    items: list[dict[str, str]] = shop.stage.neighbours.puts[message["id"]]["content"]["items"]
    return fan, conversation_id, items


async def test_a_tap_on_the_invitation_is_the_rating(shop: Shop) -> None:
    fan, conversation_id, items = await invited(shop)
    assert [one["id"] for one in items] == [f"rating:{conversation_id}:{score}" for score in (5, 4, 3, 2, 1)]
    assert items[0]["title"] == "非常满意"
    push_id = await fan.write("满意", menu_item_id=items[1]["id"])
    await fan.dispatched(push_id)
    view = await shop.read(conversation_id)
    assert (view["rating"], view["state"], view["unread"]) == (4, "assigned", 1)
    assert (await shop.lines(conversation_id))[-1] == "rated"
    refused = await shop.act(conversation_id, "rating-invitations", by=shop.agents[0])
    assert (refused.status, refused.error) == (409, "rating_already_invited")


async def test_a_rating_after_the_end_opens_nothing_and_changes_for_a_day(shop: Shop) -> None:
    fan, conversation_id, items = await invited(shop)
    await shop.act(conversation_id, "closures", by=shop.agents[0])
    for index, expected in ((0, 5), (4, 1)):
        push_id = await fan.write(items[index]["title"], menu_item_id=items[index]["id"])
        await fan.dispatched(push_id)
        assert (await shop.read(conversation_id))["rating"] == expected
    shop.clock.advance(hours=24, seconds=1)
    await fan.write(items[0]["title"], menu_item_id=items[0]["id"])
    assert (await shop.read(conversation_id))["rating"] == 1
    assert len((await shop.call("GET", "/conversations", box="all")).items) == 1
    today = (await shop.call("GET", "/supervision")).attribute["today"]
    assert (today["rated"], today["rating_mean"]) == (0, None)


async def test_a_strangers_tap_rates_nothing(shop: Shop) -> None:
    _, conversation_id, items = await invited(shop)
    stranger = shop.fan()
    await stranger.write("满意", menu_item_id=items[0]["id"])
    assert (await shop.read(conversation_id))["rating"] is None
    assert (await stranger.conversation())["state"] == "auto"


async def test_the_invitation_is_no_answer(shop: Shop) -> None:
    _, conversation_id, _ = await invited(shop)
    view = await shop.read(conversation_id)
    assert (view["state"], view["first_answer_seconds"]) == ("assigned", None)
