"""Phones by the control API: what their owners do, what they show, the live stream, the clock, the stories."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from guanjia.kit import clock
from guanjia.kit.http import route_rows
from guanjia.kit.jobs import CLOCK_MOVED
from guanjia.kit.live import CLOSING
from guanjia.services.emulator.manifest import SERVICE
from guanjia.services.emulator.waiters import Waiters
from tests.host import Host
from tests.services.emulator.bench import JPEG, Bench, as_gateway, bench_in, multipart, serving, until

pytestmark = pytest.mark.anyio


async def send(bench: Bench, phone: dict[str, Any], account: dict[str, Any], **body: Any) -> dict[str, Any]:
    draft = {"appid": account["appid"], **body}
    answer = await bench.control("POST", f"/phones/{phone['id']}/messages", draft)
    assert answer.status == 201, answer
    shown: dict[str, Any] = answer.attribute
    return shown


async def record(bench: Bench, phone: dict[str, Any], content: bytes, name: str, media_type: str) -> Any:
    body, content_type = multipart(content, name, "file")
    head, rest = body.split(b"\r\n\r\n", 1)
    body = head + f"\r\nContent-Type: {media_type}\r\n\r\n".encode() + rest
    headers = {"content-type": content_type}
    return await bench.control("POST", f"/phones/{phone['id']}/media", content=body, headers=headers)


async def test_a_person_is_the_same_by_seed_and_somebody_else_to_each_account(bench: Bench) -> None:
    first, second = await bench.add_account(), await bench.add_account()
    phone = await bench.add_phone("王女士", seed=first["appid"])
    again = await bench.add_phone("王女士", seed=first["appid"])
    assert again["id"] == phone["id"]
    openids = {phone["openids"][one["appid"]] for one in (first, second)}
    assert len(openids) == 2
    assert all(len(openid) == 28 and openid.startswith("o") for openid in openids)
    other = await bench.add_phone("王女士", is_story=True)
    assert other["is_story"]
    assert other["unionid"] != phone["unionid"]
    listed = [one["id"] for one in (await bench.control("GET", "/phones", query={"limit": 200})).items]
    assert listed.index(phone["id"]) < listed.index(other["id"])


async def test_following_twice_is_once(bench: Bench, account: dict[str, Any]) -> None:
    phone = await bench.add_phone()
    openid = await bench.follow(phone, account, scene="门店1")
    await bench.follow(phone, account)
    path = f"/phones/{phone['id']}/follows/{account['appid']}"
    assert (await bench.control("DELETE", path)).status == 200
    assert (await bench.control("DELETE", path)).status == 200
    pushes = await bench.pushes(openid=openid)
    assert [(one["kind"], one["fields"]["EventKey"]) for one in pushes] == [
        ("subscribe", "qrscene_门店1"),
        ("unsubscribe", ""),
    ]


async def test_every_kind_of_message_is_pushed(bench: Bench, account: dict[str, Any]) -> None:
    phone, openid = await bench.fan(account)
    created_at = datetime.fromisoformat("2026-03-01T08:00:00Z")
    await send(bench, phone, account, kind="text", content={"content": "你好"}, created_at=created_at.isoformat())
    place = {"latitude": 31.2, "longitude": 121.5, "label": "人民广场", "scale": 15}
    await send(bench, phone, account, kind="location", content=place)
    link = {"title": "t", "description": "d", "url": "http://a.cn"}
    await send(bench, phone, account, kind="link", content=link)
    recorded = (await record(bench, phone, b"\x1aE\xdf\xa3webm", "v.amr", "audio/webm;codecs=opus")).attribute
    assert recorded["format"] == "webm"
    content = {"recognition": "刹车有异响", "duration_seconds": 3.25}
    voice = await send(bench, phone, account, kind="voice", media_id=recorded["media_id"], content=content)
    assert voice["content"]["format"] == "webm"
    assert voice["media_url"].startswith("/files/")
    picture = (await record(bench, phone, JPEG, "p.jpg", "image/jpeg")).attribute
    await send(bench, phone, account, kind="image", media_id=picture["media_id"])
    film = (await record(bench, phone, b"\x00\x00\x00\x18ftypisom", "f.mp4", "video/mp4")).attribute
    await send(bench, phone, account, kind="video", media_id=film["media_id"])
    await send(bench, phone, account, kind="image", content={"sample": "car"})
    pushed = {one["kind"]: one["fields"] for one in await bench.pushes(openid=openid)}
    assert pushed["text"]["CreateTime"] == created_at.timestamp()
    location = pushed["location"]
    assert (location["Location_X"], location["Location_Y"]) == ("31.200000", "121.500000")
    assert (location["Scale"], location["Label"]) == (15, "人民广场")
    assert pushed["link"]["Title"] == "t"
    assert (pushed["voice"]["Format"], pushed["voice"]["Recognition"]) == ("webm", "刹车有异响")
    assert pushed["image"]["PicUrl"].startswith("http://guanjia.test/files/")
    assert pushed["video"]["ThumbMediaId"]
    found = await bench.raw(
        "GET", "/cgi-bin/media/get", query={"access_token": bench.token, "media_id": voice["content"]["media_id"]}
    )
    assert (found.headers["content-type"], found.body) == ("audio/webm", b"\x1aE\xdf\xa3webm")


async def test_what_happens_at_once_keeps_one_order(bench: Bench, account: dict[str, Any]) -> None:
    phone = await bench.add_phone()
    await asyncio.gather(*(bench.follow(phone, account) for _ in range(5)))
    openid = phone["openids"][account["appid"]]
    deeds: list[Any] = [bench.write(phone, account, f"第{number}条") for number in range(12)]
    codes = await asyncio.gather(*deeds, *(bench.say(openid) for _ in range(8)))
    said = [code for code in codes if isinstance(code, int)]
    assert set(said) <= {0, 45047}
    messages = await bench.chat(phone, account)
    assert [one["number"] for one in messages] == list(range(1, 13 + said.count(0)))
    kinds = [one["kind"] for one in await bench.pushes(openid=openid)]
    assert kinds == ["subscribe", *["text"] * 12]


async def test_a_repeat_by_the_phone_is_the_same_message(bench: Bench, account: dict[str, Any]) -> None:
    phone, openid = await bench.fan(account)
    body = {"kind": "text", "content": {"content": "你好"}, "client_id": "c-1"}
    first = await send(bench, phone, account, **body)
    assert await send(bench, phone, account, **body) == first
    assert len(await bench.pushes(openid=openid)) == 2


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "text"},
        {"kind": "text", "content": {"content": " "}},
        {"kind": "text", "content": {"content": 5}},
        {"kind": "location", "content": {"latitude": 91, "longitude": 0}},
        {"kind": "location", "content": {"latitude": "x", "longitude": 0}},
        {"kind": "location", "content": {"latitude": True, "longitude": 0}},
        {"kind": "link", "content": {"title": "t"}},
        {"kind": "image"},
        {"kind": "image", "media_id": "none"},
        {"kind": "image", "content": {"sample": "ship"}},
        {"kind": "dance"},
        {"kind": "text", "content": {"content": "a"}, "created_at": "2026-03-01T08:00:00"},
        {"kind": "text", "content": {"content": "a"}, "unknown": 1},
    ],
)
async def test_faulty_messages_are_refused(bench: Bench, account: dict[str, Any], body: dict[str, Any]) -> None:
    phone, openid = await bench.fan(account)
    answer = await bench.control("POST", f"/phones/{phone['id']}/messages", {"appid": account["appid"], **body})
    assert answer.status == 422
    assert answer.fields
    assert len(await bench.pushes(openid=openid)) == 1


async def test_what_is_no_medium_is_refused(bench: Bench) -> None:
    phone = await bench.add_phone()
    assert (await record(bench, phone, b"hello", "a.jpg", "image/jpeg")).status == 422
    empty = await bench.control("POST", f"/phones/{phone['id']}/media", content=b"", headers={"content-type": "x"})
    assert empty.status in (400, 415, 422)
    unknown = "01a20037-f3ad-77a2-9efe-e95238903e1c"
    assert (await record(bench, {"id": unknown}, JPEG, "a.jpg", "image/jpeg")).status == 404


async def test_taps_push_what_the_button_says(bench: Bench, account: dict[str, Any]) -> None:
    phone, openid = await bench.fan(account)
    leaves = [
        {"type": "click", "name": "a", "key": "human"},
        {"type": "view", "name": "b", "url": "http://a.cn/"},
        {"type": "scancode_waitmsg", "name": "c", "key": "scan"},
        {"type": "pic_weixin", "name": "d", "key": "pic"},
        {"type": "location_select", "name": "e", "key": "place"},
    ]
    program = {"type": "miniprogram", "name": "f", "url": "http://a.cn", "appid": "wx1", "pagepath": "p/q"}
    menu = {"button": [{"name": "m", "sub_button": leaves}, program]}
    assert (await bench.api("POST", "/cgi-bin/menu/create", menu))["errcode"] == 0
    urls = []
    for key in ("human", "http://a.cn/", "scan", "pic", "place", "p/q"):
        answer = await bench.control("POST", f"/phones/{phone['id']}/taps", {"appid": account["appid"], "key": key})
        urls.append(answer.attribute["url"])
    assert urls == ["", "http://a.cn/", "", "", "", "http://a.cn"]
    pushes = (await bench.pushes(openid=openid))[1:]
    assert [one["kind"] for one in pushes] == [
        "CLICK",
        "VIEW",
        "scancode_waitmsg",
        "pic_weixin",
        "location_select",
        "view_miniprogram",
    ]
    assert pushes[1]["fields"]["MenuId"]
    assert pushes[2]["fields"]["ScanCodeInfo"]["ScanType"] == "qrcode"
    assert pushes[3]["fields"]["SendPicsInfo"]["Count"] == 1
    unknown = await bench.control("POST", f"/phones/{phone['id']}/taps", {"appid": account["appid"], "key": "x"})
    assert (unknown.status, unknown.error) == (404, "button_not_found")


async def test_a_tapped_item_of_a_menu_message_comes_back_as_text(bench: Bench, account: dict[str, Any]) -> None:
    phone, openid = await bench.fan(account)
    fields = {"head_content": "请评价", "list": [{"id": "rate:5", "content": "满意"}], "tail_content": ""}
    body = {"touser": openid, "msgtype": "msgmenu", "msgmenu": fields}
    assert (await bench.api("POST", "/cgi-bin/message/custom/send", body))["errcode"] == 0
    (shown,) = await bench.chat(phone, account)
    tap = {"appid": account["appid"], "message_id": shown["id"], "item_id": "rate:5"}
    assert (await bench.control("POST", f"/phones/{phone['id']}/taps", tap)).status == 200
    pushed = (await bench.pushes(openid=openid))[-1]["fields"]
    assert (pushed["MsgType"], pushed["Content"], pushed["bizmsgmenuid"]) == ("text", "满意", "rate:5")
    wrong = await bench.control("POST", f"/phones/{phone['id']}/taps", {**tap, "item_id": "rate:6"})
    assert wrong.status == 404


async def test_the_position_is_reported_where_the_account_wants_it(bench: Bench) -> None:
    quiet, curious = await bench.add_account(), await bench.add_account(reports_location=True)
    phone = await bench.add_phone()
    for account in (quiet, curious):
        openid = await bench.follow(phone, account)
        body = {"appid": account["appid"], "latitude": 31.5}
        assert (await bench.control("POST", f"/phones/{phone['id']}/visits", body)).status == 200
        kinds = [one["kind"] for one in await bench.pushes(openid=openid)]
        assert kinds == (["subscribe", "LOCATION"] if account is curious else ["subscribe"])


async def test_the_screen_lists_chats_and_pages_messages(bench: Bench, account: dict[str, Any]) -> None:
    phone, openid = await bench.fan(account)
    for number in range(52):
        await bench.write(phone, account, f"第{number}条")
    await bench.say(openid, "在的")
    path, query = f"/phones/{phone['id']}/screen", {"appid": account["appid"]}
    screen = (await bench.control("GET", path, query=query)).attribute
    assert (len(screen["messages"]), screen["has_more"]) == (50, True)
    older = (await bench.control("GET", path, query={**query, "before": screen["messages"][0]["number"]})).attribute
    assert [one["number"] for one in older["messages"]] == [1, 2, 3]
    assert older["has_more"] is False
    (chat,) = screen["chats"]
    assert (chat["unread"], chat["last_text"], chat["is_following"]) == (1, "在的", True)
    await bench.control("PUT", f"/phones/{phone['id']}/reads", {"appid": account["appid"]})
    await send(bench, phone, account, kind="image", content={"sample": "car"})
    (chat,) = (await bench.control("GET", path)).attribute["chats"]
    assert (chat["unread"], chat["last_text"]) == (0, "[图片]")
    assert (await bench.control("GET", path, query={"appid": "wx1"})).status == 404
    assert (await bench.control("GET", "/phones/x/screen")).status == 404


async def poll(bench: Bench, after: int | None, phones: str = "", wait: int = 0) -> Any:
    query = {"phones": phones, "after": after, "wait": wait}
    return await bench.control("GET", "/phones/events", query=query, headers={"accept": "application/json"})


async def test_the_stream_carries_several_phones_from_any_number(bench: Bench, account: dict[str, Any]) -> None:
    await bench.host.settle()
    start = (await poll(bench, None)).attribute["number"]
    (first, openid), (second, _), (third, _) = [await bench.fan(account) for _ in range(3)]
    await bench.write(second, account)
    await bench.write(third, account)
    await bench.say(openid)
    await bench.delivered(5, appid=account["appid"])
    await bench.host.settle()
    both = f"{first['id']},{second['id']}"
    answer = (await poll(bench, start, both)).attribute
    seen = [(one["phone_id"], one["name"]) for one in answer["items"]]
    assert (first["id"], "follow_changed") in seen
    assert (second["id"], "message_added") in seen
    assert (second["id"], "push_changed") in seen
    assert third["id"] not in {phone for phone, _name in seen}
    message = next(one for one in answer["items"] if one["name"] == "message_added")["data"]
    assert message["message"]["content"] == {"content": "你好"}
    assert message["unread"] == 0
    middle = answer["items"][2]["number"]
    rest = (await poll(bench, middle, both)).attribute
    assert [one["number"] for one in rest["items"]] == [one["number"] for one in answer["items"][3:]]
    assert rest["number"] == answer["number"]
    menu = {"button": [{"type": "click", "name": "人工", "key": "human"}]}
    waiting = asyncio.create_task(poll(bench, answer["number"], both, 10))
    await bench.api("POST", "/cgi-bin/menu/create", menu)
    changed = (await waiting).attribute["items"]
    assert {one["phone_id"] for one in changed} == {first["id"], second["id"]}
    assert changed[0]["data"]["menu"]["button"][0]["key"] == "human"


async def test_a_number_that_cannot_be_continued_is_told(bench: Bench) -> None:
    answer = await poll(bench, 10**15)
    assert (answer.status, answer.error) == (409, "resync")
    stream = await bench.control(
        "GET", "/phones/events", query={"after": 10**15}, headers={"accept": "text/event-stream"}
    )
    assert stream.body.startswith(b"event: resync\n")
    for query in ({"after": "x"}, {"after": "-1"}, {"wait": "soon"}):
        answer = await bench.control("GET", "/phones/events", query=query)
        assert answer.status == 400


async def test_the_stream_is_written_live_and_ends_with_the_process(tmp_path: Path) -> None:
    async with bench_in(tmp_path) as own_bench:
        await watch_a_phone(own_bench)


async def watch_a_phone(own_bench: Bench) -> None:
    account = await own_bench.add_account()
    phone = await own_bench.add_phone()
    waiters = own_bench.host.contexts["emulator"].part(Waiters)
    async with serving(as_gateway(own_bench.host)) as address:
        port = int(address.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = (
            f"GET /emulator/phones/events?phones={phone['id']} HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n"
        )
        writer.write(head.encode())
        ready = await reader.readuntil(b"event: ready\n")
        assert b"text/event-stream" in ready
        await own_bench.follow(phone, account)
        frame = await reader.readuntil(b"\n\n")
        while b"event: message" not in frame:
            frame = await reader.readuntil(b"\n\n")
        data = json.loads(next(line for line in frame.split(b"\n") if line.startswith(b"data: "))[6:])
        assert (data["name"], data["phone_id"]) == ("follow_changed", phone["id"])
        assert data["data"]["chat"]["appid"] == account["appid"]
        assert len(waiters) == 1
        writer.close()

        async def is_gone() -> bool | None:
            return len(waiters) == 0 or None

        await until(is_gone)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head.encode())
        await reader.readuntil(b"event: ready\n")
        own_bench.host.live.publish(CLOSING)
        assert (await reader.read()).endswith(b"0\r\n\r\n")
        writer.close()
        refused = await own_bench.control("GET", "/phones/events")
        assert refused.status == 503


async def test_the_clock_moves_forward_only_and_stays_moved(tmp_path: Path) -> None:
    async with bench_in(tmp_path) as bench:
        moved: list[Any] = []
        bench.host.live.subscribe(CLOCK_MOVED, moved.append)
        before = clock.real_now()
        answer = (await bench.control("PUT", "/clock", {"advance_seconds": 3600})).attribute
        assert answer["offset_seconds"] == 3600
        assert clock.now() - before >= timedelta(seconds=3600)

        async def is_heard() -> bool | None:
            return bool(moved) or None

        await until(is_heard)
        at = (clock.real_now() + timedelta(days=3)).isoformat()
        assert (await bench.control("PUT", "/clock", {"at": at})).status == 200
        backwards: list[dict[str, Any]] = [{"at": before.isoformat()}, {"advance_seconds": -1}]
        for body in backwards:
            refused = await bench.control("PUT", "/clock", body)
            assert (refused.status, refused.error) == (409, "clock_backwards")
        unclear: list[dict[str, Any]] = [{}, {"at": at, "advance_seconds": 1}]
        for body in [*unclear, {"advance_seconds": 1e10}, {"at": "9999-01-01T00:00:00Z"}]:
            assert (await bench.control("PUT", "/clock", body)).status == 422
    assert clock.offset() == timedelta()
    async with bench_in(tmp_path) as bench:
        offset = (await bench.control("GET", "/clock")).attribute["offset_seconds"]
        assert timedelta(days=3) - timedelta(minutes=1) < timedelta(seconds=offset) <= timedelta(days=3)


async def test_stories_and_their_sign_in(tmp_path: Path) -> None:
    async with bench_in(tmp_path) as bench:
        await bench.add_account(kind="subscription_verified")
        account = await bench.add_account()
        (head,) = (await bench.control("GET", "/stories")).items
        story = (await bench.control("GET", f"/stories/{head['key']}")).attribute
        assert story["appid"] == account["appid"]
        assert len(story["steps"]) == head["step_count"]
        assert story["steps"][2]["act"]["message"]["content"] == {"content": "我的车刹车有异响"}
        assert (await bench.control("GET", "/stories/none")).error == "story_not_found"
        local = {"address": "127.0.0.1", "headers": {"host": "localhost:8000"}}
        assert (await bench.control("GET", "/story-session", **local)).error == "story_session_not_found"
        staff = [{"login": "zhao", "password": "pw", "role": "supervisor", "company": "安行"}]
        (tmp_path / "demo.json").write_text(json.dumps({"staff": staff}), "utf-8")
        answer = await bench.control("GET", "/story-session", **local)
        assert answer.attribute == {"login": "zhao", "password": "pw"}
        ipv6 = await bench.control("GET", "/story-session", address="::1", headers={"host": "[::1]:8000"})
        assert ipv6.status == 200
        for options in (
            {"address": "192.0.2.7", "headers": {"host": "localhost"}},
            {"address": "127.0.0.1", "headers": {"host": "evil.example"}},
            {"address": "127.0.0.1", "headers": {"host": "localhost", "x-forwarded-for": "192.0.2.7"}},
        ):
            assert (await bench.control("GET", "/story-session", **options)).status == 404


async def test_outside_a_demo_nothing_is_there(tmp_path: Path) -> None:
    async with Host([SERVICE], "sqlite", tmp_path) as host:
        rows = route_rows(SERVICE)
        assert len(rows) > 30
        for row in rows:
            path = row.pattern.replace("{", "").replace("}", "").replace("**", "x").replace("/events/x", "/events")
            answer = await host.request("emulator", row.method, path, body={} if row.method != "GET" else None)
            assert answer.status == 404, (row, answer)
            assert answer.error == "not_found"
