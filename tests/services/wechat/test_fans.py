"""Fans: seen by their pushes, filled from WeChat's data, named by staff (R-WX-01)."""

from __future__ import annotations

import pytest

from tests.host import staff_caller
from tests.services.wechat.conftest import Desk, until

pytestmark = pytest.mark.anyio

EVENT = {"MsgType": "event", "MsgId": "", "Content": "", "EventKey": ""}


async def test_a_follower_is_filled_from_his_data(desk: Desk) -> None:
    account = await desk.account()
    desk.platform.fans[account.openid] = {
        "subscribe": 1,
        "openid": account.openid,
        "language": "zh_CN",
        "subscribe_time": 1409735669,
        "unionid": "oUnion",
        "remark": "王先生",
        "tagid_list": [2, 100],
        "subscribe_scene": "ADD_SCENE_QR_CODE",
        "qr_scene": 98765,
        "qr_scene_str": "",
    }
    await account.push(**EVENT, Event="subscribe")
    changed = await account.wait_for("fan_changed", 2)
    assert (changed[-1]["unionid"], changed[-1]["remark"]) == ("oUnion", "王先生")
    fan = await account.fan()
    assert (fan["tags"], fan["subscribe_scene"], fan["qr_scene"]) == ([2, 100], "ADD_SCENE_QR_CODE", "98765")
    assert fan["subscribed_at"] == "2014-09-03T09:14:29Z"


async def test_who_leaves_and_comes_back_stays_the_same_fan(desk: Desk) -> None:
    account = await desk.account()
    await account.push(**EVENT, Event="subscribe", CreateTime=1)
    await account.push(**EVENT, Event="unsubscribe", CreateTime=2)
    fan = await account.fan()
    assert (fan["is_subscribed"], fan["window"]["remaining"]) == (False, 0)
    await account.push(**EVENT, Event="subscribe", CreateTime=3)
    assert (await account.fan())["is_subscribed"] is True
    assert len((await account.call("GET", "/fans", account_id=account.id)).items) == 1


async def test_a_remark_is_written_here_and_there(desk: Desk) -> None:
    account = await desk.account()
    await account.push()
    path = f"/fans/{account.id}/{account.openid}"
    assert (await account.call("PATCH", path, {"remark": "李师傅 "})).attribute["remark"] == "李师傅"
    await until(lambda: desk.platform.of("/cgi-bin/user/info/updateremark"))
    call = desk.platform.of("/cgi-bin/user/info/updateremark")[-1]
    assert call.body == {"openid": account.openid, "remark": "李师傅"}
    assert (await account.wait_for("fan_changed", 2))[-1]["remark"] == "李师傅"
    assert [item["openid"] for item in (await account.call("GET", "/fans", q="李师")).items] == [account.openid]
    assert (await account.call("GET", "/fans", q="%")).items == []
    assert (await account.call("PATCH", path, {"remark": "长" * 30})).status == 422


async def test_an_account_without_remarks_says_so(desk: Desk) -> None:
    account = await desk.account(kind="subscription_unverified")
    await account.push()
    answer = await account.call("PATCH", f"/fans/{account.id}/{account.openid}", {"remark": "x"})
    assert (answer.status, answer.error) == (409, "interface_not_allowed")


async def test_fans_of_another_company_are_not_there(desk: Desk) -> None:
    account, stranger = await desk.account(), await desk.account()
    await account.push()
    path = f"/fans/{account.id}/{account.openid}"
    assert (await stranger.call("GET", path)).status == 404
    assert (await stranger.call("PATCH", path, {"remark": "x"})).status == 404
    assert (await stranger.call("GET", "/fans")).items == []
    assert (await stranger.call("GET", "/fans", account_id="no id")).status == 404


async def test_fans_come_in_pages(desk: Desk) -> None:
    account = await desk.account()
    for number in range(5):
        await account.push(FromUserName=f"oFan{number}")
    seen, cursor = [], None
    while True:
        answer = (await account.call("GET", "/fans", limit=2, cursor=cursor)).attribute
        seen += [item["openid"] for item in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break
    assert seen == [f"oFan{number}" for number in range(4, -1, -1)]


async def test_a_part_of_the_company_may_name_fans_but_not_change_accounts(desk: Desk) -> None:
    account = await desk.account()
    await account.push()
    account.caller = staff_caller(account.company_id, "018f0000-0000-7000-8000-000000000001")
    assert (await account.call("PATCH", f"/fans/{account.id}/{account.openid}", {"remark": "好"})).status == 200
    answer = await account.call("PATCH", f"/accounts/{account.id}", {"version": 1, "name": "x"})
    assert (answer.status, answer.error) == (403, "company_wide_only")
