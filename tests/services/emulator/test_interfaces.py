"""Menus, tags, groups, blacklist, followers, media, QR codes and template messages, in WeChat's wire format."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from tests.conftest import FrozenClock
from tests.services.emulator.bench import JPEG, Bench, multipart

pytestmark = pytest.mark.anyio

OK = {"errcode": 0, "errmsg": "ok"}
MENU: list[dict[str, Any]] = [
    {"type": "click", "name": "联系客服", "key": "human"},
    {"name": "我的", "sub_button": [{"type": "view", "name": "官网", "url": "http://a.cn/"}]},
]


async def code(bench: Bench, path: str, body: Any) -> int:
    return int((await bench.api("POST", path, body))["errcode"])


async def test_a_menu_is_made_shown_and_deleted(bench: Bench, account: dict[str, Any]) -> None:
    phone, _openid = await bench.fan(account)
    assert (await bench.api("GET", "/cgi-bin/menu/get"))["errcode"] == 46003
    assert (await bench.api("GET", "/cgi-bin/get_current_selfmenu_info"))["is_menu_open"] == 0
    assert await bench.api("POST", "/cgi-bin/menu/create", {"button": MENU}) == OK
    shown = await bench.api("GET", "/cgi-bin/menu/get")
    view = {"type": "view", "name": "官网", "url": "http://a.cn/", "sub_button": []}
    kept = [{**MENU[0], "sub_button": []}, {"name": "我的", "sub_button": [view]}]
    assert shown == {"menu": {"button": kept}}
    current = await bench.api("GET", "/cgi-bin/get_current_selfmenu_info")
    assert current["is_menu_open"] == 1
    assert current["selfmenu_info"]["button"][1]["sub_button"]["list"][0]["name"] == "官网"
    screen = (await bench.control("GET", f"/phones/{phone['id']}/screen")).attribute
    assert screen["chats"][0]["menu"] == {"button": kept}
    assert await code(bench, "/cgi-bin/menu/create", {"button": []}) == 40016
    assert await bench.api("GET", "/cgi-bin/menu/delete") == OK
    assert (await bench.api("GET", "/cgi-bin/menu/get"))["errcode"] == 46003


async def test_tags(bench: Bench, account: dict[str, Any]) -> None:
    people = [(await bench.fan(account))[1] for _ in range(3)]
    made = await bench.api("POST", "/cgi-bin/tags/create", {"tag": {"name": "车主 😀"}})
    assert made == {"tag": {"id": 100, "name": "车主 😀"}}
    assert await code(bench, "/cgi-bin/tags/create", {"tag": {"name": "车主 😀"}}) == 45157
    assert await code(bench, "/cgi-bin/tags/create", {"tag": {"name": "二" * 31}}) == 45158
    assert await code(bench, "/cgi-bin/tags/create", {"tag": {"name": 5}}) == 45157
    assert await code(bench, "/cgi-bin/tags/create", {"tag": "x"}) == 45157
    body: dict[str, Any] = {"tagid": 100, "openid_list": people[:2]}
    assert await bench.api("POST", "/cgi-bin/tags/members/batchtagging", body) == OK
    assert await bench.api("POST", "/cgi-bin/tags/members/batchtagging", body) == OK
    shown = await bench.api("GET", "/cgi-bin/tags/get")
    assert shown == {"tags": [{"id": 2, "name": "星标组", "count": 0}, {"id": 100, "name": "车主 😀", "count": 2}]}
    assert await bench.api("POST", "/cgi-bin/tags/getidlist", {"openid": people[0]}) == {"tagid_list": [100]}
    members = await bench.api("POST", "/cgi-bin/user/tag/get", {"tagid": 100, "next_openid": ""})
    assert members["count"] == 2
    assert sorted(members["data"]["openid"]) == sorted(people[:2])
    query = {"tagid": "100", "next_openid": members["next_openid"]}
    assert await bench.api("GET", "/cgi-bin/user/tag/get", query=query) == {"count": 0, "next_openid": ""}
    assert await code(bench, "/cgi-bin/tags/members/batchtagging", {**body, "tagid": 999}) == 45159
    assert await code(bench, "/cgi-bin/tags/members/batchtagging", {**body, "openid_list": []}) == 40032
    assert await code(bench, "/cgi-bin/tags/members/batchtagging", {**body, "openid_list": "x"}) == 40031
    assert await code(bench, "/cgi-bin/tags/members/batchtagging", {**body, "openid_list": ["o1"]}) == 40003
    assert await code(bench, "/cgi-bin/tags/members/batchtagging", {**body, "openid_list": people[:1] * 51}) == 40032
    assert await bench.api("POST", "/cgi-bin/tags/members/batchuntagging", {**body, "openid_list": people[:1]}) == OK
    assert await bench.api("POST", "/cgi-bin/tags/update", {"tag": {"id": 100, "name": "业主"}}) == OK
    assert await code(bench, "/cgi-bin/tags/update", {"tag": {"id": 1, "name": "业主"}}) == 45058
    assert await code(bench, "/cgi-bin/tags/delete", {"tag": {"id": 2}}) == 45058
    assert await code(bench, "/cgi-bin/tags/delete", {"tag": {"id": 7}}) == 45159
    assert await bench.api("POST", "/cgi-bin/tags/delete", {"tag": {"id": 100}}) == OK
    assert await bench.api("POST", "/cgi-bin/tags/getidlist", {"openid": people[1]}) == {"tagid_list": []}


async def test_a_fan_has_at_most_twenty_tags(bench: Bench, account: dict[str, Any]) -> None:
    _phone, openid = await bench.fan(account)
    for index in range(21):
        made = await bench.api("POST", "/cgi-bin/tags/create", {"tag": {"name": f"标签{index}"}})
        body = {"tagid": made["tag"]["id"], "openid_list": [openid]}
        expected = 45059 if index == 20 else 0
        assert await code(bench, "/cgi-bin/tags/members/batchtagging", body) == expected


async def test_legacy_groups(bench: Bench, account: dict[str, Any]) -> None:
    _phone, openid = await bench.fan(account)
    assert (await bench.api("POST", "/cgi-bin/groups/create", {"group": {"name": "老客户"}}))["group"]["id"] == 100
    assert await bench.api("POST", "/cgi-bin/groups/members/update", {"openid": openid, "to_groupid": 100}) == OK
    assert await bench.api("POST", "/cgi-bin/groups/getid", {"openid": openid}) == {"groupid": 100}
    groups = (await bench.api("GET", "/cgi-bin/groups/get"))["groups"]
    assert [(one["id"], one["count"]) for one in groups] == [(0, 0), (1, 0), (2, 0), (100, 1)]
    body: dict[str, Any] = {"openid_list": [openid], "to_groupid": 0}
    assert await bench.api("POST", "/cgi-bin/groups/members/batchupdate", body) == OK
    assert await code(bench, "/cgi-bin/groups/members/batchupdate", {**body, "to_groupid": 55}) == 40050
    assert await bench.api("POST", "/cgi-bin/groups/update", {"group": {"id": 100, "name": "新客户"}}) == OK
    assert await code(bench, "/cgi-bin/groups/update", {"group": {"id": 0, "name": "新客户"}}) == 45016
    assert await bench.api("POST", "/cgi-bin/groups/delete", {"group": {"id": 100}}) == OK
    assert await code(bench, "/cgi-bin/groups/delete", {"group": {"id": 100}}) == 40050


async def test_followers_are_listed_and_described(bench: Bench, account: dict[str, Any]) -> None:
    people = [await bench.fan(account) for _ in range(3)]
    listed = await bench.api("GET", "/cgi-bin/user/get")
    openids = [openid for _phone, openid in people]
    assert listed == {"total": 3, "count": 3, "data": {"openid": openids}, "next_openid": openids[-1]}
    rest = await bench.api("GET", "/cgi-bin/user/get", query={"next_openid": openids[-1]})
    assert rest == {"total": 3, "count": 0, "next_openid": ""}
    after = await bench.api("GET", "/cgi-bin/user/get", query={"next_openid": openids[0]})
    assert after["data"]["openid"] == openids[1:]
    remark = {"openid": openids[0], "remark": "三" * 30}
    assert await bench.api("POST", "/cgi-bin/user/info/updateremark", remark) == OK
    assert await code(bench, "/cgi-bin/user/info/updateremark", {**remark, "remark": "三" * 31}) == 40035
    info = await bench.api("GET", "/cgi-bin/user/info", query={"openid": openids[0], "lang": "en"})
    assert info["subscribe"] == 1
    assert info["remark"] == "三" * 30
    assert info["language"] == "en"
    assert info["unionid"] == people[0][0]["unionid"]
    assert "nickname" not in info
    await bench.control("DELETE", f"/phones/{people[0][0]['id']}/follows/{account['appid']}")
    gone = await bench.api("GET", "/cgi-bin/user/info", query={"openid": openids[0]})
    assert gone == {"subscribe": 0, "openid": openids[0], "tagid_list": []}
    body = {"user_list": [{"openid": openids[0]}, {"openid": openids[1], "lang": "zh_TW"}]}
    batch = await bench.api("POST", "/cgi-bin/user/info/batchget", body)
    assert [one["subscribe"] for one in batch["user_info_list"]] == [0, 1]
    assert await code(bench, "/cgi-bin/user/info/batchget", {"user_list": []}) == 40032
    assert await code(bench, "/cgi-bin/user/info/batchget", {"user_list": ["x"]}) == 40031
    assert (await bench.api("GET", "/cgi-bin/user/info", query={"openid": "o1"}))["errcode"] == 40003
    other = await bench.add_account()
    await bench.sign_in(other)
    assert (await bench.api("GET", "/cgi-bin/user/info", query={"openid": openids[1]}))["errcode"] == 40003


async def test_whoever_is_blocked_is_not_heard(bench: Bench, account: dict[str, Any]) -> None:
    phone, openid = await bench.fan(account)
    body = {"openid_list": [openid]}
    assert await bench.api("POST", "/cgi-bin/tags/members/batchblacklist", body) == OK
    assert await bench.api("POST", "/cgi-bin/tags/members/getblacklist", {"begin_openid": ""}) == {
        "total": 1,
        "count": 1,
        "data": {"openid": [openid]},
        "next_openid": openid,
    }
    await bench.write(phone, account)
    assert [one["kind"] for one in await bench.pushes(openid=openid)] == ["subscribe"]
    assert await bench.api("POST", "/cgi-bin/tags/members/batchunblacklist", body) == OK
    await bench.write(phone, account)
    assert [one["kind"] for one in await bench.pushes(openid=openid)] == ["subscribe", "text"]


async def upload(bench: Bench, content: bytes, name: str, kind: str, path: str = "/cgi-bin/media/upload") -> Any:
    body, content_type = multipart(content, name)
    query = {"access_token": bench.token, "type": kind}
    answer = await bench.raw("POST", path, query=query, content=body, headers={"content-type": content_type})
    assert answer.status == 200
    return answer.envelope


async def test_media_up_and_down(bench: Bench, account: dict[str, Any]) -> None:
    stored = await upload(bench, JPEG, "车.jpg", "image")
    assert set(stored) == {"type", "media_id", "created_at"}
    query = {"access_token": bench.token, "media_id": stored["media_id"]}
    answer = await bench.raw("GET", "/cgi-bin/media/get", query=query)
    assert answer.body == JPEG
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    video = await upload(bench, b"\x00\x00\x00\x18ftypisom", "a.mp4", "video")
    found = await bench.api("GET", "/cgi-bin/media/get", query={"media_id": video["media_id"]})
    assert found["video_url"].startswith("http://guanjia.test/files/")
    assert "thumb_media_id" in await upload(bench, JPEG, "a.jpg", "thumb")
    assert (await upload(bench, JPEG, "a.jpg", "", "/cgi-bin/media/uploadimg"))["url"].startswith("http://")
    await bench.sign_in(await bench.add_account())
    assert (await bench.api("GET", "/cgi-bin/media/get", query={"media_id": stored["media_id"]}))["errcode"] == 40007


@pytest.mark.parametrize(
    ("content", "kind", "errcode"),
    [
        (JPEG, "image2", 40004),
        (b"", "image", 44001),
        (b"hello", "image", 40113),
        (JPEG, "voice", 40005),
        (b"#!AMR\n" + b"x" * (2 << 20), "voice", 40010),
        (JPEG + b"x" * (64 << 10), "thumb", 40012),
    ],
)
async def test_faulty_uploads(bench: Bench, account: dict[str, Any], content: bytes, kind: str, errcode: int) -> None:
    assert (await upload(bench, content, "a", kind))["errcode"] == errcode


async def test_media_end_after_three_days(bench: Bench, frozen_clock: FrozenClock) -> None:
    await bench.sign_in(await bench.add_account())
    stored = await upload(bench, JPEG, "a.jpg", "image")
    frozen_clock.advance(days=3)
    await bench.sign_in(bench.account)
    answer = await bench.api("GET", "/cgi-bin/media/get", query={"media_id": stored["media_id"]})
    assert answer["errcode"] == 40007
    assert (await bench.api("GET", "/cgi-bin/media/get"))["errcode"] == 41006
    assert (await bench.api("POST", "/cgi-bin/media/upload", query={"type": "image"}))["errcode"] == 41005


async def test_a_code_is_drawn_scanned_and_ends(bench: Bench, frozen_clock: FrozenClock) -> None:
    account = await bench.add_account()
    await bench.sign_in(account)
    body = {"expire_seconds": 600, "action_name": "QR_SCENE", "action_info": {"scene": {"scene_id": 4711}}}
    made = await bench.api("POST", "/cgi-bin/qrcode/create", body)
    assert made["expire_seconds"] == 600
    picture = await bench.raw("GET", "/cgi-bin/showqrcode", query={"ticket": made["ticket"]})
    assert Image.open(io.BytesIO(picture.body)).format == "JPEG"
    assert (await bench.raw("GET", "/cgi-bin/showqrcode", query={"ticket": "none"})).status == 404
    (listed,) = [one for one in (await bench.control("GET", "/qrcodes")).items if one["appid"] == account["appid"]]
    assert listed["scene"] == "4711"
    phone = await bench.add_phone()
    openid = phone["openids"][account["appid"]]
    for text in (made["ticket"], made["url"]):
        answer = await bench.control("POST", f"/phones/{phone['id']}/scans", {"ticket": text})
        assert answer.attribute == {"appid": account["appid"]}
    first, second = await bench.pushes(openid=openid)
    assert (first["kind"], first["fields"]["EventKey"]) == ("subscribe", "qrscene_4711")
    assert first["fields"]["Ticket"] == made["ticket"]
    assert (second["kind"], second["fields"]["EventKey"]) == ("SCAN", "4711")
    info = await bench.api("GET", "/cgi-bin/user/info", query={"openid": openid})
    assert (info["subscribe_scene"], info["qr_scene"], info["qr_scene_str"]) == ("ADD_SCENE_QR_CODE", 4711, "")
    frozen_clock.advance(seconds=600)
    answer = await bench.control("POST", f"/phones/{phone['id']}/scans", {"ticket": made["ticket"]})
    assert answer.error == "code_not_found"
    scene = {"appid": account["appid"], "scene": "门店7"}
    assert (await bench.control("POST", f"/phones/{phone['id']}/scans", scene)).status == 200
    assert (await bench.pushes(openid=openid))[-1]["fields"]["EventKey"] == "门店7"


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        ({}, 40053),
        ({"action_name": "QR_SCENE"}, 40053),
        ({"action_name": "QR_SCENE", "action_info": {"scene": {"scene_id": 0}}}, 40053),
        ({"action_name": "QR_LIMIT_SCENE", "action_info": {"scene": {"scene_id": 100_001}}}, 40053),
        ({"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "x" * 65}}}, 40053),
        (
            {"action_name": "QR_STR_SCENE", "expire_seconds": 2_592_001, "action_info": {"scene": {"scene_str": "x"}}},
            40035,
        ),
        ({"action_name": "QR_STR_SCENE", "expire_seconds": "x", "action_info": {"scene": {"scene_str": "x"}}}, 40035),
    ],
)
async def test_faulty_codes(bench: Bench, account: dict[str, Any], body: dict[str, Any], errcode: int) -> None:
    assert await code(bench, "/cgi-bin/qrcode/create", body) == errcode


async def test_template_messages(bench: Bench, account: dict[str, Any]) -> None:
    phone, openid = await bench.fan(account)
    added = await bench.api("POST", "/cgi-bin/template/api_add_template", {"template_id_short": "TM00178"})
    assert added["errcode"] == 0
    listed = await bench.api("GET", "/cgi-bin/template/get_all_private_template")
    assert listed["template_list"][0]["template_id"] == added["template_id"]
    data = {"keyword1": {"value": "20260302001"}, "keyword2": {"value": "已派工"}}
    body = {"touser": openid, "template_id": added["template_id"], "data": data, "url": "http://a.cn/"}
    sent = await bench.api("POST", "/cgi-bin/message/template/send", body)
    assert (sent["errcode"], sent["errmsg"]) == (0, "ok")
    assert sent["msgid"] > 2**53
    (message,) = await bench.chat(phone, account)
    assert message["kind"] == "template"
    assert message["content"]["items"] == [
        {"name": "服务单号", "value": "20260302001"},
        {"name": "当前进度", "value": "已派工"},
    ]
    finished = (await bench.pushes(openid=openid))[-1]
    assert finished["kind"] == "TEMPLATESENDJOBFINISH"
    assert finished["fields"]["MsgID"] == sent["msgid"]
    assert await code(bench, "/cgi-bin/message/template/send", {**body, "template_id": "x"}) == 40037
    assert await code(bench, "/cgi-bin/message/template/send", {**body, "data": {}}) == 47003
    assert await code(bench, "/cgi-bin/message/template/send", {**body, "touser": "o1"}) == 40003
    await bench.control("DELETE", f"/phones/{phone['id']}/follows/{account['appid']}")
    assert await code(bench, "/cgi-bin/message/template/send", body) == 43004
    gone = {"template_id": added["template_id"]}
    assert await bench.api("POST", "/cgi-bin/template/del_private_template", gone) == OK
    assert await code(bench, "/cgi-bin/template/del_private_template", gone) == 40037


async def test_customer_service_accounts(bench: Bench, account: dict[str, Any]) -> None:
    body = {"kf_account": "wang@anxing", "nickname": "小王"}
    assert await bench.api("POST", "/customservice/kfaccount/add", body) == OK
    assert await code(bench, "/customservice/kfaccount/add", body) == 65406
    assert await code(bench, "/customservice/kfaccount/add", {**body, "kf_account": "x"}) == 65401
    assert await code(bench, "/customservice/kfaccount/add", {**body, "kf_account": "a@b", "nickname": ""}) == 65403
    assert await bench.api("POST", "/customservice/kfaccount/update", {**body, "nickname": "王宁"}) == OK
    (shown,) = (await bench.api("GET", "/cgi-bin/customservice/getkflist"))["kf_list"]
    assert (shown["kf_account"], shown["kf_nick"], shown["kf_id"]) == ("wang@anxing", "王宁", 1001)
    assert await bench.api("GET", "/cgi-bin/customservice/getonlinekflist") == {"kf_online_list": []}
    _phone, openid = await bench.fan(account)
    message = {"touser": openid, "msgtype": "text", "text": {"content": "好"}, "customservice": {"kf_account": "x@y"}}
    assert await code(bench, "/cgi-bin/message/custom/send", message) == 65401
    message["customservice"] = {"kf_account": "wang@anxing"}
    assert await code(bench, "/cgi-bin/message/custom/send", message) == 0
    query = {"kf_account": "wang@anxing"}
    assert await bench.api("GET", "/customservice/kfaccount/del", query=query) == OK
    assert (await bench.api("GET", "/customservice/kfaccount/del", query=query))["errcode"] == 65401
