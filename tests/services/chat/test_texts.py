"""Groups, canned replies, greetings, and what a new company begins with."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.chat.conftest import Shop

pytestmark = pytest.mark.anyio

MORNING = [{"weekday": 1, "start": "09:00", "end": "10:00"}]


async def test_a_new_company_works_at_once(shop: Shop) -> None:
    groups = (await shop.call("GET", "/groups")).items
    assert [(one["name"], one["is_default"], one["members"]) for one in groups] == [("综合客服", True, [])]
    assert groups[0]["hours"]["weekly"][0] == {"weekday": 1, "start": "00:00", "end": "24:00"}
    canned = (await shop.call("GET", "/canned-replies")).items
    assert len(canned) >= 10
    assert {one["title"] for one in canned if one["is_locked"]} == {"开场问候", "简短问候", "结束语"}
    kinds = [one["kind"] for one in (await shop.call("GET", "/greetings")).items]
    assert {"opening_brand", "opening_short", "opening_check", "holiday", "off_hours", "rating_invitation"} <= set(
        kinds
    )


async def test_a_group_is_replaced_as_a_whole(shop: Shop) -> None:
    first, second = shop.agents
    body: dict[str, Any] = {
        "capacity": 6,
        "hours": {
            "time_zone": "Asia/Shanghai",
            "weekly": [
                {"weekday": 1, "start": "09:00", "end": "12:00"},
                {"weekday": 1, "start": "13:00", "end": "24:00"},
            ],
            "dates": [{"date": "2026-10-01", "title": "国庆", "spans": []}],
            "uses_public_holidays": True,
        },
        "off_hours_text": "明天见",
        "members": [{"agent_id": second.id, "capacity": 3, "skills": ["刹车", "刹车"]}, {"agent_id": first.id}],
        "keywords": ["保养", "保养"],
        "accounts": [shop.account_id],
    }  # fmt: skip
    added = await shop.group("售后", **body)
    assert added["members"] == [
        {"agent_id": second.id, "name": "陈曦", "capacity": 3, "skills": ["刹车"]},
        {"agent_id": first.id, "name": "林慧", "capacity": None, "skills": []},
    ]
    assert (added["keywords"], added["version"], added["hand_back_seconds"]) == (["保养"], 1, 180)
    path = f"/groups/{added['id']}"
    changed = (await shop.call("PUT", path, {**added, "name": "售后一组", "members": []})).attribute
    assert (changed["name"], changed["version"], changed["members"]) == ("售后一组", 2, [])
    assert changed["hours"] == added["hours"]
    stale = await shop.call("PUT", path, added)
    assert (stale.status, stale.error) == (409, "stale_version")
    agents = {one["name"]: one for one in (await shop.call("GET", "/agents")).items}
    assert [one["name"] for one in agents["林慧"]["groups"]] == ["综合客服"]


@pytest.mark.parametrize(
    ("more", "fields"),
    [
        ({"name": ""}, ["name"]),
        ({"capacity": 0}, ["capacity"]),
        ({"hours": {"weekly": []}}, ["weekly"]),
        ({"hours": {"weekly": [{"weekday": 1, "start": "12:00", "end": "09:00"}]}}, ["weekly"]),
        ({"hours": {"time_zone": "Mars/Base", "weekly": MORNING}}, ["time_zone"]),
        ({"hours": {"dates": [{"date": "2026-02-30", "spans": [{"start": "09:00", "end": "10:00"}]}]}}, ["hours"]),
        ({"members": [{"agent_id": "nobody"}]}, ["members"]),
        ({"organisation_id": "nowhere"}, ["organisation_id"]),
        ({"surprise": 1}, ["surprise"]),
    ],
)  # fmt: skip
async def test_bad_groups_name_their_field(shop: Shop, more: dict[str, Any], fields: list[str]) -> None:
    refused = await shop.call("POST", "/groups", {"name": "组", "organisation_id": shop.id, **more})
    assert (refused.status, list(refused.fields)) == (422, fields)


async def test_there_is_always_one_default_group(shop: Shop) -> None:
    old = (await shop.call("GET", "/groups")).items[0]
    refused = await shop.call("PUT", f"/groups/{old['id']}", {**old, "is_default": False})
    assert (refused.status, refused.error) == (409, "group_is_default")
    assert (await shop.call("DELETE", f"/groups/{old['id']}")).error == "group_is_default"
    new = await shop.group("新默认", is_default=True)
    marks = {one["name"]: one["is_default"] for one in (await shop.call("GET", "/groups")).items}
    assert marks == {"新默认": True, "综合客服": False}
    old = next(one for one in (await shop.call("GET", "/groups")).items if one["id"] == old["id"])
    assert (await shop.call("DELETE", f"/groups/{old['id']}")).status == 200
    assert [one["id"] for one in (await shop.call("GET", "/groups")).items] == [new["id"]]
    assert (await shop.call("DELETE", f"/groups/{old['id']}")).status == 404


async def test_who_waits_in_a_group_that_is_removed_goes_to_the_default_one(shop: Shop) -> None:
    group = await shop.group("售后", keywords=["异响"], members=[{"agent_id": shop.agents[0].id}])
    _, conversation_id = await shop.waiting()
    assert (await shop.read(conversation_id))["group_id"] == group["id"]
    await shop.call("DELETE", f"/groups/{group['id']}")
    await shop.route()
    view = await shop.read(conversation_id)
    assert (view["group_name"], view["state"]) == ("综合客服", "queued")


async def test_a_groups_new_place_changes_who_sees_its_conversations(shop: Shop) -> None:
    group = await shop.group("售后", keywords=["异响"], members=[{"agent_id": shop.agents[0].id}])
    seller = await shop.staff("销售", shop.places["sales"], ["chat.conversations.read"])
    _, conversation_id = await shop.waiting()
    path = f"/conversations/{conversation_id}"
    assert (await shop.call("GET", path, by=seller)).status == 404
    moved = {**group, "organisation_id": shop.places["sales"], "name": "销售支持"}
    assert (await shop.call("PUT", f"/groups/{group['id']}", moved)).status == 200
    await shop.stage.host.run_job("chat", "scopes")
    assert (await shop.read(conversation_id, by=seller))["group_name"] == "销售支持"
    assert (await shop.call("GET", path)).status == 200


def reply(**more: Any) -> dict[str, Any]:
    return {"title": "报价说明", "text": "{customer}，报价已发您。", "scope": "personal", **more}


async def test_canned_replies_are_found_by_initials(shop: Shop) -> None:
    """R-CALL-01; console detail 9: pinyin initials."""
    added = (await shop.call("POST", "/canned-replies", reply(scope="company", category="销售"))).attribute
    assert added["initials"] == "bjsm"
    for q in ("bjs", "报价", "已发", "销售"):
        assert added["id"] in [one["id"] for one in (await shop.call("GET", "/canned-replies", q=q)).items]
    assert (await shop.call("GET", "/canned-replies", q="zzzz")).items == []
    changed = (await shop.call("PUT", f"/canned-replies/{added['id']}", {**added, "title": "价格表"})).attribute
    assert (changed["initials"], changed["version"]) == ("jgb", 2)
    stale = await shop.call("PUT", f"/canned-replies/{added['id']}", added)
    assert (stale.status, stale.error) == (409, "stale_version")
    assert (await shop.call("DELETE", f"/canned-replies/{added['id']}")).status == 200
    assert (await shop.call("DELETE", f"/canned-replies/{added['id']}")).status == 404


async def test_agents_keep_their_own_and_only_use_the_locked_ones(shop: Shop) -> None:
    agent, colleague = shop.agents
    mine = (await shop.call("POST", "/canned-replies", reply(), by=agent)).attribute
    assert mine["id"] in [one["id"] for one in (await shop.call("GET", "/canned-replies", by=agent)).items]
    for other in (colleague, shop.boss):
        assert mine["id"] not in [one["id"] for one in (await shop.call("GET", "/canned-replies", by=other)).items]
        assert (await shop.call("DELETE", f"/canned-replies/{mine['id']}", by=other)).status == 404
    assert (await shop.call("POST", "/canned-replies", reply(scope="company"), by=agent)).status == 403
    locked = next(one for one in (await shop.call("GET", "/canned-replies", by=agent)).items if one["is_locked"])
    refused = await shop.call("PUT", f"/canned-replies/{locked['id']}", {**locked, "text": "改"}, by=agent)
    assert (refused.status, refused.error) == (403, "text_locked")
    changed = await shop.call("PUT", f"/canned-replies/{locked['id']}", {**locked, "text": "改"})
    assert changed.attribute["text"] == "改"


async def test_a_groups_replies_are_its_members(shop: Shop) -> None:
    agent, colleague = shop.agents
    group = await shop.group("售后", members=[{"agent_id": agent.id}])
    body = reply(scope="group", group_id=group["id"])
    added = (await shop.call("POST", "/canned-replies", body)).attribute
    assert added["id"] in [one["id"] for one in (await shop.call("GET", "/canned-replies", by=agent)).items]
    assert added["id"] not in [one["id"] for one in (await shop.call("GET", "/canned-replies", by=colleague)).items]
    for group_id in (None, "nothing"):
        refused = await shop.call("POST", "/canned-replies", reply(scope="group", group_id=group_id))
        assert (refused.status, list(refused.fields)) == (422, ["group_id"])


async def test_variables_are_filled_for_the_conversation(shop: Shop) -> None:
    text = "{greeting}，{customer}（{remark}）！我是{agent}，{company}，{account}。{unknown}"
    await shop.call("POST", "/canned-replies", reply(scope="company", title="全部变量", text=text))
    _, conversation_id = await shop.waiting(name="王建国")
    agent = shop.agents[0]
    found = await shop.call("GET", "/canned-replies/rendered", by=agent, conversation_id=conversation_id)
    filled = next(one["text"] for one in found.items if one["title"] == "全部变量")
    assert filled == "您好，王建国（王建国）！我是林慧，安行汽车，安行服务号。{unknown}"
    shop.clock.advance(hours=8)
    found = await shop.call("GET", "/canned-replies/rendered", by=agent, conversation_id=conversation_id)
    assert next(one["text"] for one in found.items if one["title"] == "全部变量").startswith("早上好，")


async def test_who_has_no_name_is_not_called_by_his_number(shop: Shop) -> None:
    await shop.call("POST", "/canned-replies", reply(scope="company", title="称呼", text="{customer}，{remark}"))
    fan = shop.fan()
    fan.name = f"微信用户{fan.openid[-4:]}"
    await fan.dispatched(await fan.write())
    query = {"conversation_id": (await fan.conversation())["id"]}
    found = await shop.call("GET", "/canned-replies/rendered", by=shop.agents[0], **query)
    assert next(one["text"] for one in found.items if one["title"] == "称呼") == "朋友，朋友"


async def test_greetings_are_replaced_as_a_whole(shop: Shop) -> None:
    items = (await shop.call("GET", "/greetings")).items
    off_hours = next(one for one in items if one["kind"] == "off_hours")
    off_hours |= {"text": "明天见", "from_time": "22:00", "to_time": "09:00"}
    new = {"kind": "holiday", "title": "端午安康", "text": "端午安康！", "holiday": "dragon_boat", "is_on": True}
    answer = await shop.call("PUT", "/greetings", {"items": [off_hours, new]})
    kept = (await shop.call("GET", "/greetings")).items
    assert answer.items == kept
    assert kept[0] == off_hours
    assert (kept[1]["title"], kept[1]["holiday"]) == ("端午安康", "dragon_boat")
    assert len(kept) == 2


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"kind": "holiday", "text": "好", "holiday": "birthday"}, "items[0].holiday"),
        ({"kind": "off_hours", "text": "好", "from_time": "25:00", "to_time": "09:00"}, "items[0].from_time"),
        ({"kind": "off_hours", "text": "好", "from_time": "09:00"}, "items[0].to_time"),
    ],
)
async def test_bad_greetings_name_their_field(shop: Shop, item: dict[str, Any], field: str) -> None:
    before = (await shop.call("GET", "/greetings")).items
    refused = await shop.call("PUT", "/greetings", {"items": [item]})
    assert (refused.status, list(refused.fields)) == (422, [field])
    assert (await shop.call("GET", "/greetings")).items == before
