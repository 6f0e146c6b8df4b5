"""Customer-service messages: at most once, within window, quota and permission; WeChat's errors in our words."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from guanjia.kit.auth import Caller
from guanjia.kit.database import Transaction, new_id
from guanjia.services.wechat.actions.accounts import count_call
from guanjia.services.wechat.rules.interfaces import quota_day
from tests.conftest import FrozenClock
from tests.host import service_caller
from tests.services.wechat.conftest import Account, Desk, until

pytestmark = pytest.mark.anyio

SEND = "/cgi-bin/message/custom/send"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64


def sent_to(desk: Desk, account: Account) -> list[Any]:
    """The messages that reached the fan's phone."""
    return [call.body for call in desk.platform.of(SEND) if call.body["touser"] == account.openid]


async def failure(account: Account, message_id: str) -> dict[str, Any]:
    """Why a message was not sent, once that is known."""
    for data in await account.wait_for("message_failed"):
        if data["message_id"] == message_id:
            return data
    raise AssertionError("another message failed")


async def test_a_text_goes_out_once_and_unescaped(desk: Desk) -> None:
    account = await desk.account()
    await account.push()
    message_id = await account.put_message(content="您好😀 <b>")
    await account.put_message(message_id=message_id, content="您好😀 <b>")
    (sent,) = await account.wait_for("message_sent")
    assert sent["message_id"] == message_id
    assert sent_to(desk, account) == [{"touser": account.openid, "msgtype": "text", "text": {"content": "您好😀 <b>"}}]
    steps = (await account.call("GET", f"/message-paths/{message_id}")).items
    assert [step["name"] for step in steps] == ["routed", "sent"]


async def test_another_message_under_the_same_id_is_a_conflict(desk: Desk) -> None:
    account = await desk.account()
    await account.push()
    message_id = await account.put_message()
    body = {"account_id": account.id, "openid": account.openid, "kind": "text", "content": {"content": "别的"}}
    answer = await desk.host.request(
        "wechat", "PUT", f"/messages/{message_id}", caller=service_caller("chat", account.company_id), body=body
    )
    assert (answer.status, answer.error) == (409, "message_id_taken")


async def test_messages_to_a_fan_keep_their_order(desk: Desk) -> None:
    account = await desk.account()
    await account.push()
    for number in range(5):
        await account.put_message(content=str(number))
    await account.wait_for("message_sent", 5)
    assert [body["text"]["content"] for body in sent_to(desk, account)] == list("01234")


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        (
            "news",
            {"title": "保养", "url": "https://example.com/1", "pic_url": "https://example.com/1.jpg"},
            {
                "msgtype": "news",
                "news": {
                    "articles": [
                        {
                            "title": "保养",
                            "description": "",
                            "url": "https://example.com/1",
                            "picurl": "https://example.com/1.jpg",
                        }
                    ]
                },
            },
        ),
        (
            "menu",
            {"head": "满意吗", "items": [{"id": "5", "title": "满意"}], "tail": "谢谢"},
            {
                "msgtype": "msgmenu",
                "msgmenu": {
                    "head_content": "满意吗",
                    "list": [{"id": "5", "content": "满意"}],
                    "tail_content": "谢谢",
                },
            },
        ),
        ("voice", {"media_id": "m1"}, {"msgtype": "voice", "voice": {"media_id": "m1"}}),
    ],
)
async def test_each_kind_has_its_form(desk: Desk, kind: str, content: dict[str, Any], expected: Any) -> None:
    account = await desk.account()
    await account.push()
    await account.put_message(kind, **content)
    await account.wait_for("message_sent")
    assert sent_to(desk, account) == [{"touser": account.openid} | expected]


async def test_a_picture_is_uploaded_once_for_three_days(desk: Desk) -> None:
    account = await desk.account()
    await account.push()
    file = desk.host.files.store(PNG, "image/png")
    await account.put_message("image", file=file)
    await account.put_message("image", file=file)
    await account.wait_for("message_sent", 2)
    uploads = [call for call in desk.platform.of("/cgi-bin/media/upload") if call.upload == PNG]
    assert len(uploads) == 1
    first, second = sent_to(desk, account)
    assert first == second


async def test_a_picture_that_wechat_forgot_is_uploaded_again(desk: Desk) -> None:
    account = await desk.account()
    await account.push()
    file = desk.host.files.store(PNG, "image/png")
    await account.put_message("image", file=file)
    await account.wait_for("message_sent")
    desk.platform.refusals[SEND].append(40007)
    await account.put_message("image", file=file)
    await account.wait_for("message_sent", 2)
    assert len({body["image"]["media_id"] for body in sent_to(desk, account)}) == 2
    assert (await account.fan())["window"]["remaining"] == 3


@pytest.mark.parametrize(
    ("kind", "content", "field"),
    [
        ("text", {"content": ""}, "content.content"),
        ("text", {"content": "字" * 700}, "content.content"),
        ("text", {"content": 5}, "content.content"),
        ("image", {}, "content.media_id"),
        ("menu", {"items": [{"id": "1"}]}, "content.items"),
        ("song", {"content": "x"}, "kind"),
    ],
)
async def test_what_wechat_would_refuse_is_422(desk: Desk, kind: str, content: Any, field: str) -> None:
    account = await desk.account()
    body = {"account_id": account.id, "openid": account.openid, "kind": kind, "content": content}
    caller = service_caller("chat", account.company_id)
    answer = await desk.host.request("wechat", "PUT", f"/messages/{new_id()}", caller=caller, body=body)
    assert answer.status == 422
    assert list(answer.fields) == [field]


async def test_an_account_of_another_company_is_not_there(desk: Desk) -> None:
    account = await desk.account()
    body = {"account_id": account.id, "openid": account.openid, "kind": "text", "content": {"content": "x"}}
    caller = service_caller("chat", new_id())
    answer = await desk.host.request("wechat", "PUT", f"/messages/{new_id()}", caller=caller, body=body)
    assert answer.status == 404


async def test_an_account_without_the_interface_says_so(desk: Desk) -> None:
    account = await desk.account(kind="subscription_unverified")
    await account.push()
    message_id = await account.put_message()
    assert (await failure(account, message_id))["reason"] == "interface_not_allowed"
    assert sent_to(desk, account) == []


async def test_the_window_closes_after_48_hours(desk: Desk, frozen_clock: FrozenClock) -> None:
    account = await desk.account()
    await account.push()
    assert (await account.fan())["window"] == {"expires_at": "2026-03-04T09:00:00Z", "remaining": 5}
    frozen_clock.advance(hours=47, minutes=59)
    await account.put_message()
    await account.wait_for("message_sent")
    frozen_clock.advance(minutes=1)
    assert (await account.fan())["window"] == {"expires_at": None, "remaining": 0}
    assert (await failure(account, await account.put_message()))["reason"] == "window_closed"
    await account.push()
    assert (await account.fan())["window"]["remaining"] == 5


async def test_five_messages_and_no_more_until_the_fan_writes(desk: Desk) -> None:
    account = await desk.account()
    await account.push()
    for _ in range(5):
        await account.put_message()
    await account.wait_for("message_sent", 5)
    data = await failure(account, await account.put_message())
    assert (data["reason"], data["errcode"], data["is_unknown"]) == ("sends_used_up", 0, False)
    assert len(sent_to(desk, account)) == 5
    remaining = [data["remaining"] for _name, data in await account.events("window_changed")]
    assert remaining == [4, 3, 2, 1, 0]
    await account.push()
    await account.put_message()
    await account.wait_for("message_sent", 6)


async def test_a_tap_opens_a_minute_for_three_messages(desk: Desk, frozen_clock: FrozenClock) -> None:
    account = await desk.account()
    await account.push(MsgType="event", Event="CLICK", EventKey="help", MsgId="")
    assert (await account.fan())["window"] == {"expires_at": "2026-03-02T09:01:00Z", "remaining": 3}
    for _ in range(3):
        await account.put_message()
    await account.wait_for("message_sent", 3)
    assert (await failure(account, await account.put_message()))["reason"] == "sends_used_up"


async def test_a_tap_does_not_shorten_the_long_window(desk: Desk, frozen_clock: FrozenClock) -> None:
    account = await desk.account()
    await account.push()
    await account.push(MsgType="event", Event="CLICK", EventKey="help", MsgId="")
    for _ in range(8):
        await account.put_message()
    await account.wait_for("message_sent", 8)
    assert (await failure(account, await account.put_message()))["reason"] == "sends_used_up"


async def test_who_left_gets_nothing(desk: Desk) -> None:
    account = await desk.account()
    await account.push()
    await account.push(MsgType="event", Event="unsubscribe", EventKey="", MsgId="")
    assert (await failure(account, await account.put_message()))["reason"] == "fan_gone"


@pytest.mark.parametrize(
    ("errcode", "reason", "remaining"),
    [
        (45015, "window_closed", 0),
        (45047, "sends_used_up", 0),
        (48002, "fan_refuses", 5),
        (44004, "content_refused", 5),
        (48001, "interface_not_allowed", 5),
        (99999, "wechat_refused", 5),
    ],
)
async def test_refusals_in_our_words(desk: Desk, errcode: int, reason: str, remaining: int) -> None:
    account = await desk.account()
    await account.push()
    desk.platform.refusals[SEND].append(errcode)
    data = await failure(account, await account.put_message())
    assert (data["reason"], data["errcode"]) == (reason, errcode)
    assert (await account.fan())["window"]["remaining"] == remaining


async def test_an_unfollow_that_we_missed_is_learnt_from_a_refusal(desk: Desk) -> None:
    account = await desk.account()
    await account.push()
    desk.platform.refusals[SEND].append(43004)
    assert (await failure(account, await account.put_message()))["reason"] == "fan_gone"
    assert (await account.fan())["is_subscribed"] is False


async def test_a_busy_platform_is_tried_again(desk: Desk) -> None:
    account = await desk.account()
    await account.push()
    desk.platform.refusals[SEND].append(-1)
    await account.put_message()
    await account.wait_for("message_sent")
    assert len(sent_to(desk, account)) == 2
    assert (await account.fan())["window"]["remaining"] == 4


async def test_an_answer_that_never_came_is_unknown_and_not_repeated(desk: Desk) -> None:
    account = await desk.account()
    await account.push()
    desk.platform.cuts.add(SEND)
    try:
        data = await failure(account, await account.put_message())
    finally:
        desk.platform.cuts.clear()
    assert (data["reason"], data["is_unknown"]) == ("send_unknown", True)
    assert len(sent_to(desk, account)) == 1
    assert (await account.fan())["window"]["remaining"] == 4


async def test_a_platform_that_is_away_is_tried_until_it_is_back(desk: Desk) -> None:
    account = await desk.account(api_base_url="http://127.0.0.1:9")
    await account.push()
    await account.put_message()

    async def is_waiting() -> bool:
        letters = await desk.host.database("wechat").read(_attempts, account.id)
        return any(letters)

    await until(is_waiting)
    change = {"version": 1, "api_base_url": desk.platform.address}
    assert (await account.call("PATCH", f"/accounts/{account.id}", change)).status == 200
    await account.wait_for("message_sent")
    assert len(sent_to(desk, account)) == 1


def _attempts(reading: Any, account_id: str) -> list[int]:
    outgoing = reading.tables.outgoing
    rows = reading.rows(outgoing.select().where(outgoing.c.channel == "messages"))
    return [row.attempts for row in rows if row.body["account_id"] == account_id and row.code]


async def test_the_quota_stops_before_the_limit(desk: Desk, frozen_clock: FrozenClock) -> None:
    account = await desk.account()
    await account.push()
    quotas = await _quotas(account)
    assert quotas["customer_message"] == (0, 500_000)
    await account.put_message()
    await account.wait_for("message_sent")
    assert (await _quotas(account))["customer_message"] == (1, 500_000)
    day = quota_day(frozen_clock.now())

    def use_up(tx: Transaction) -> None:
        for _ in range(2):
            count_call(tx, account.company_id, account.id, "customer_message", day, 3)

    await desk.host.database("wechat").write(use_up)
    desk.platform.refusals[SEND].append(45009)
    assert (await failure(account, await account.put_message()))["reason"] == "quota_used_up"
    assert (await _quotas(account))["customer_message"] == (500_000, 500_000)
    calls = len(sent_to(desk, account))
    await account.put_message()
    await account.wait_for("message_failed", 2)
    assert len(sent_to(desk, account)) == calls
    # 17:00 in China now; at midnight there the counters begin anew.
    frozen_clock.advance(hours=7)
    await account.put_message()
    await account.wait_for("message_sent", 2)


async def test_concurrent_counts_never_pass_the_limit(desk: Desk) -> None:
    account = await desk.account()
    database = desk.host.database("wechat")

    async def count() -> bool:
        try:
            await database.write(count_call, account.company_id, account.id, "typing", "2026-03-02", 5)
        except Exception:
            return False
        return True

    counted = await asyncio.gather(*(count() for _ in range(20)))
    assert sum(counted) == 5


async def _quotas(account: Account) -> dict[str, tuple[int, int]]:
    items = (await account.call("GET", f"/accounts/{account.id}/quotas")).items
    return {item["interface"]: (item["used"], item["limit"]) for item in items}


async def test_dead_letters_are_listed_and_replayed(desk: Desk) -> None:
    account = await desk.account()
    await account.push()
    desk.platform.refusals[SEND].append(44004)
    message_id = await account.put_message()
    await failure(account, message_id)
    (letter,) = (await account.call("GET", "/dead-letters")).items
    assert (letter["id"], letter["channel"], letter["reason"]) == (message_id, "messages", "content_refused")
    assert letter["message"] == "微信不接受这条内容"
    steps = (await account.call("GET", f"/message-paths/{message_id}")).items
    assert [(step["name"], step["detail"]) for step in steps] == [("routed", "text"), ("failed", "content_refused")]
    stranger = Caller(kind="staff", id=new_id(), company_id=new_id(), subjects=())
    path = f"/dead-letters/{message_id}/replays"
    assert (await desk.host.request("wechat", "POST", path, caller=stranger)).status in (403, 404)
    assert (await account.call("POST", path)).status == 200
    await account.wait_for("message_sent")
    assert (await account.call("GET", "/dead-letters")).items == []
    assert (await account.call("POST", path)).error == "outgoing_not_resendable"


async def test_typing_is_shown_and_its_failure_is_none(desk: Desk) -> None:
    account = await desk.account()
    await account.push()
    body = {"account_id": account.id, "openid": account.openid, "is_typing": True}
    caller = service_caller("chat", account.company_id)
    for refusal in ([], [45080]):
        desk.platform.refusals["/cgi-bin/message/custom/typing"] += refusal
        answer = await desk.host.request("wechat", "POST", "/typings", caller=caller, body=body)
        assert answer.status == 200
    calls = [call.body for call in desk.platform.of("/cgi-bin/message/custom/typing")]
    assert {"touser": account.openid, "command": "Typing"} in calls
