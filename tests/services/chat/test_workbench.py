"""Boxes, counts, reads, drafts, viewers, presence, figures."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa

from guanjia.kit.database import Reading, encode_cursor, new_id
from guanjia.services.chat.models import presences
from guanjia.services.chat.routes.viewers import ViewerBoard
from tests.services.chat.conftest import Shop

pytestmark = pytest.mark.anyio


async def ids(shop: Shop, **query: Any) -> list[str]:
    return [one["id"] for one in (await shop.call("GET", "/conversations", **query)).items]


async def test_boxes_in_their_order_page_by_page(shop: Shop) -> None:
    opened = []
    for _ in range(5):
        opened.append((await shop.waiting())[1])
        shop.clock.advance(seconds=1)
    assert await ids(shop, box="queue") == opened
    assert await ids(shop, box="all") == opened[::-1]
    for box, expected in (("queue", opened), ("all", opened[::-1])):
        found, cursor = [], None
        while True:
            page = (await shop.call("GET", "/conversations", box=box, limit=2, cursor=cursor)).attribute
            found += [one["id"] for one in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert found == expected
    agent = shop.agents[0]
    for one in opened[:3]:
        await shop.act(one, "pickups", by=agent)
        shop.clock.advance(seconds=1)
    assert await ids(shop, by=agent, box="mine") == opened[2::-1]
    assert await ids(shop, box="mine") == []
    assert await ids(shop, box="queue") == opened[3:]
    await shop.act(opened[0], "closures", by=agent)
    shop.clock.advance(seconds=1)
    await shop.act(opened[1], "closures", by=agent)
    assert await ids(shop, box="closed") == [opened[1], opened[0]]
    assert await ids(shop, box="all", agent_id=agent.id) == [opened[1], opened[0], opened[2]]
    forged: list[list[str | int]] = [
        ["2026-03-02T09:00:00", opened[0]],
        ["now", opened[0]],
        ["2026-03-02T09:00:00Z", "x"],
        [1, 2],
        ["a"],
    ]
    for cursor in ("nonsense", *(encode_cursor(values) for values in forged)):
        refused = await shop.call("GET", "/conversations", cursor=cursor)
        assert (refused.status, refused.error) == (400, "cursor_invalid")
    assert (await shop.call("GET", "/conversations", box="nothing")).status == 422


async def test_a_conversation_seen_by_several_subjects_is_listed_once(shop: Shop) -> None:
    _, conversation_id, agent = await shop.serving()
    assert await ids(shop, by=agent, box="all") == [conversation_id]


async def test_search_finds_names_and_last_words(shop: Shop) -> None:
    _, first = await shop.waiting("我的车刹车有异响", name="王建国")
    shop.clock.advance(seconds=1)
    _, second = await shop.waiting("发票怎么开", name="李淑芬")
    assert await ids(shop, box="all", q="建国") == [first]
    assert await ids(shop, box="queue", q="发票") == [second]
    assert await ids(shop, box="all", q="没有") == []
    assert await ids(shop, box="all", q="  ") == [second, first]


async def test_the_customers_conversations_are_found_by_the_customer(shop: Shop) -> None:
    fan, first, agent = await shop.serving()
    await shop.act(first, "closures", by=agent)
    shop.clock.advance(seconds=5)
    await fan.dispatched(await fan.write("又来了"))
    second = await fan.conversation()
    await shop.waiting()
    assert await ids(shop, box="all", customer_id=second["customer_id"]) == [second["id"], first]


async def test_counts(shop: Shop) -> None:
    fan, conversation_id, agent = await shop.serving()
    await shop.waiting()
    await fan.write("在吗")
    mine = (await shop.call("GET", "/counts", by=agent)).attribute
    assert mine == {"mine": 1, "mine_unread": 2, "queue": 1, "closed_today": 0, "unattended": 0}
    shop.clock.advance(seconds=60)
    assert (await shop.call("GET", "/counts", by=agent)).attribute["unattended"] == 2
    assert (await shop.call("GET", "/counts", by=shop.agents[1])).attribute["unattended"] == 1
    await shop.call("PUT", f"/conversations/{conversation_id}/reads", {"number": 99}, by=agent)
    mine = (await shop.call("GET", "/counts", by=agent)).attribute
    assert (mine["mine_unread"], mine["unattended"]) == (0, 1)
    await shop.act(conversation_id, "closures", by=agent)
    assert (await shop.call("GET", "/counts", by=agent)).attribute["closed_today"] == 1
    shop.clock.advance(hours=8)
    assert (await shop.call("GET", "/counts", by=agent)).attribute["closed_today"] == 0


async def test_what_others_look_at_stays_unread(shop: Shop) -> None:
    _, conversation_id, agent = await shop.serving()
    path = f"/conversations/{conversation_id}/reads"
    await shop.call("PUT", path, {"number": 99})
    assert (await shop.read(conversation_id))["unread"] == 1
    await shop.call("PUT", path, {"number": 0}, by=agent)
    assert (await shop.read(conversation_id))["unread"] == 1
    await shop.call("PUT", path, {"number": 1}, by=agent)
    before = await shop.read(conversation_id)
    assert before["unread"] == 0
    await shop.call("PUT", path, {"number": 1}, by=agent)
    assert await shop.read(conversation_id) == before


async def test_a_queued_conversation_that_somebody_looked_at_alarms_nobody(shop: Shop) -> None:
    _, conversation_id = await shop.waiting()
    shop.clock.advance(seconds=61)
    assert (await shop.call("GET", "/counts")).attribute["unattended"] == 1
    await shop.call("PUT", f"/conversations/{conversation_id}/reads", {"number": 1}, by=shop.agents[0])
    assert (await shop.call("GET", "/counts")).attribute["unattended"] == 0
    assert (await shop.read(conversation_id))["unread"] == 1


async def test_drafts_are_kept_by_version(shop: Shop) -> None:
    _, conversation_id, agent = await shop.serving()
    path = f"/conversations/{conversation_id}/drafts"

    async def put(text: str, version: int, is_note: bool = False) -> Any:
        return await shop.call("PUT", path, {"text": text, "is_note": is_note, "version": version}, by=agent)

    assert (await put("您", 0)).attribute == {"version": 1}
    assert (await put("您好", 1, True)).attribute == {"version": 2}
    detail = (await shop.call("GET", f"/conversations/{conversation_id}", by=agent)).attribute
    assert detail["draft"] == {"text": "您好", "is_note": True, "version": 2}
    stale = await put("别处写的", 1)
    assert (stale.status, stale.error) == (409, "stale_version")
    assert stale.envelope["attribute"]["draft"] == {"text": "您好", "is_note": True, "version": 2}
    other = (await shop.call("GET", f"/conversations/{conversation_id}", by=shop.agents[1])).attribute
    assert other["draft"] is None


async def test_two_pages_of_one_agent_do_not_overwrite_each_other(shop: Shop) -> None:
    _, conversation_id, agent = await shop.serving()
    body = {"text": "一", "version": 0}
    path = f"/conversations/{conversation_id}/drafts"
    answers = await asyncio.gather(*(shop.call("PUT", path, body, by=agent) for _ in range(4)))
    assert sorted(one.status for one in answers) == [200, 409, 409, 409]


async def test_who_looks_and_who_types_is_told_as_a_hint(shop: Shop) -> None:
    _, conversation_id, agent = await shop.serving()
    host = shop.stage.host
    hints: list[dict[str, Any]] = []
    end = host.live.subscribe("hint", hints.append)
    path = f"/conversations/{conversation_id}/viewers"
    for body in ({"is_typing": False}, {"is_typing": False}, {"is_typing": True}):
        await shop.call("PUT", path, body, by=agent)
    await shop.call("PUT", path, {"is_typing": False}, by=shop.agents[1])
    await shop.stage.until(lambda: len(hints) >= 3)
    end()
    assert len(hints) == 3, "a repeat tells nothing"
    assert {one["name"] for one in hints} == {"viewing"}
    assert set(hints[0]["subjects"]) == {agent.id, shop.id}
    last = hints[-1]["data"]
    assert last["conversation_id"] == conversation_id
    assert [(one.name, one.is_typing) for one in last["viewers"]] == [("林慧", True), ("陈曦", False)]
    detail = (await shop.call("GET", f"/conversations/{conversation_id}")).attribute
    assert detail["viewers"] == [
        {"id": agent.id, "name": "林慧", "is_typing": True},
        {"id": shop.agents[1].id, "name": "陈曦", "is_typing": False},
    ]
    feed = await host.events("chat")
    assert not [row for row in feed if "typing" in row.name or "view" in row.name]


async def test_viewers_vanish_when_they_are_no_longer_told(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    _, conversation_id, agent = await shop.serving()
    monkeypatch.setattr("guanjia.services.chat.routes.viewers.VIEW_SECONDS", 0.05)
    hints: list[dict[str, Any]] = []
    end = shop.stage.host.live.subscribe("hint", hints.append)
    await shop.call("PUT", f"/conversations/{conversation_id}/viewers", {"is_typing": False}, by=agent)
    await shop.stage.until(lambda: len(hints) == 2)
    end()
    assert hints[1]["data"]["viewers"] == []
    assert shop.stage.host.contexts["chat"].part(ViewerBoard).viewers(conversation_id) == []


async def test_the_phone_shows_typing_only_for_a_reply(shop: Shop) -> None:
    fan, conversation_id, agent = await shop.serving()
    path = f"/conversations/{conversation_id}/viewers"
    await shop.call("PUT", path, {"is_typing": True}, by=agent)
    await shop.call("PUT", path, {"is_typing": True, "is_reply": True}, by=shop.agents[1])
    assert [one for one in shop.stage.neighbours.typings if one["openid"] == fan.openid] == []
    for _ in range(3):
        await shop.call("PUT", path, {"is_typing": True, "is_reply": True}, by=agent)
    told = [one for one in shop.stage.neighbours.typings if one["openid"] == fan.openid]
    assert told == [{"openid": fan.openid, "is_typing": True}]


async def test_presence_is_kept_as_intervals(shop: Shop) -> None:
    agent = shop.agents[0]
    start = shop.clock.now()
    await shop.online(agent)
    shop.clock.advance(seconds=30)
    await shop.call("PUT", "/presences/current", {"status": "break"}, by=agent)
    await shop.call("PUT", "/presences/current", {"status": "break"}, by=agent)
    shop.clock.advance(seconds=61)
    await shop.route()

    def query(reading: Reading) -> list[tuple[str, float, float | None]]:
        rows = reading.rows(sa.select(presences).where(presences.c.agent_id == agent.id).order_by(presences.c.began_at))
        return [
            (
                row.status,
                (row.began_at - start).total_seconds(),
                row.ended_at and (row.ended_at - start).total_seconds(),
            )
            for row in rows
        ]

    assert await shop.stage.host.database("chat").read(query) == [("online", 0, 30), ("break", 30, 91)]
    refused = await shop.call("PUT", "/presences/current", {"status": "asleep"}, by=agent)
    assert refused.status == 422


async def test_who_is_no_agent_has_no_presence(shop: Shop) -> None:
    reader = await shop.staff("质检", shop.id, ["chat.conversations.read"])
    for path in ("/presences/current", "/presences/current/heartbeats"):
        body = {"status": "online"} if path.endswith("current") else {}
        refused = await shop.call("PUT", path, body, by=reader)
        assert (refused.status, refused.error) == (409, "not_an_agent")
    assert (await shop.call("GET", "/presences/current", by=reader)).attribute == {"status": "offline", "since": None}


async def test_the_supervisors_figures(shop: Shop) -> None:
    """R-SVC-12: human, delivered, within 30 minutes of working time, with the denominators."""
    agent = shop.agents[0]
    await shop.online(agent)
    answered = []
    for minutes in (10, 31):
        _, conversation_id = await shop.waiting()
        await shop.act(conversation_id, "pickups", by=agent)
        shop.clock.advance(minutes=minutes)
        sent = (await shop.send(conversation_id, "您好", agent)).attribute
        await shop.delivered(sent["id"])
        answered.append(conversation_id)
    failed = (await shop.waiting())[1]
    sent = (await shop.send(failed, "您好", agent)).attribute
    await shop.stage.until(lambda: sent["id"] in shop.stage.neighbours.puts)
    await shop.refused(sent["id"], "fan_gone")
    await shop.act(answered[0], "closures", by=agent)
    _, waiting = await shop.waiting()
    shop.clock.advance(seconds=45)
    page = (await shop.call("GET", "/supervision")).attribute
    assert page["today"] == {
        "first_answers": 2,
        "first_answer_mean_seconds": round((600 + 1860) / 2),
        "within_target": 1,
        "target_seconds": 1800,
        "within_target_percent": 50.0,
        "opened": 4,
        "closed": 1,
        "rated": 0,
        "rating_mean": None,
        "left_messages": 0,
    }
    assert (page["queue"]["length"], page["queue"]["longest_wait_seconds"]) == (1, 45)
    assert [one["id"] for one in page["queue"]["items"]] == [waiting]
    agents = {one["name"]: (one["status"], one["load"]) for one in page["agents"]}
    assert agents == {"主管": ("offline", 0), "林慧": ("online", 2), "陈曦": ("offline", 0)}
    group = page["groups"][0]
    assert (group["online"], group["queue"], group["load"], group["capacity"]) == (1, 1, 2, 10)
    shop.clock.advance(hours=12)
    assert (await shop.call("GET", "/supervision")).attribute["today"]["opened"] == 0


async def test_a_departments_supervisor_sees_his_departments_figures(shop: Shop) -> None:
    head = await shop.staff("销售主管", shop.places["sales"], ["chat.supervision.read"])
    member = await shop.staff("销售", shop.places["sales"], ["chat.conversations.write"])
    members = [{"agent_id": member.id}]
    await shop.group("销售", organisation_id=shop.places["sales"], members=members, keywords=["试驾"])
    await shop.waiting("想试驾")
    await shop.waiting("刹车")
    page = (await shop.call("GET", "/supervision", by=head)).attribute
    assert page["today"]["opened"] == 1
    assert page["queue"]["length"] == 1
    assert [one["name"] for one in page["groups"]] == ["销售"]
    assert [one["name"] for one in page["agents"]] == ["销售"]


async def test_codes_have_words_in_both_languages(shop: Shop) -> None:
    words = (await shop.call("GET", "/words")).attribute["words"]
    assert words["window_closed"] == "已超过微信 48 小时的回复期限"
    answer = await shop.call("GET", "/words", by=shop.boss.__class__(kind="staff", id=shop.boss.id, locale="en"))
    assert answer.attribute["words"]["window_closed"] == "WeChat's 48 hours for answering are over"


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/conversations", {"agent_id": "x" * 500}),
        ("/conversations", {"customer_id": "\x00"}),
        ("/conversations", {"q": "\x00%_'\";--", "box": "all"}),
        ("/conversations", {"limit": -5}),
        ("/conversations", {"limit": 10**30}),
        ("/conversations", {"limit": "many"}),
        ("/conversations/{id}/messages", {"before": 10**30}),
        ("/conversations/{id}/messages", {"after": -(10**30)}),
        ("/conversations/{id}/messages", {"limit": 0}),
        ("/conversations/{id}/history", {"cursor": "%%%"}),
        ("/conversations", {"cursor": encode_cursor(["9999-12-31T23:59:59-12:00", new_id()]), "box": "all"}),
        ("/conversations", {"cursor": encode_cursor(["0001-01-01T00:00:00+14:00", new_id()]), "box": "queue"}),
        ("/conversations", {"cursor": encode_cursor(["2026-01-01", new_id()]), "box": "all"}),
        ("/message-paths/" + "9" * 300, {}),
        ("/canned-replies", {"q": "\x00"}),
        ("/canned-replies/rendered", {"conversation_id": "x"}),
        ("/canned-replies/rendered", {}),
    ],
)
async def test_bad_queries_are_refused_not_failed(shop: Shop, path: str, query: dict[str, Any]) -> None:
    _, conversation_id = await shop.waiting()
    answer = await shop.call("GET", path.format(id=conversation_id), **query)
    assert answer.status < 500, answer.body
