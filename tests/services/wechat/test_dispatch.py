"""Who answers a push: providers in order and isolated, then the account's own replies (A22, R-WX-09..11, 19..21)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from guanjia.contracts.wechat import Provider, ProviderAnswer, ProviderReply
from guanjia.contracts.wechat.callback import Cipher, build_xml, parse_xml, sign
from guanjia.services.wechat.passive import PassiveAnswers
from guanjia.services.wechat.settings import Settings
from tests.conftest import FrozenClock
from tests.services.wechat.conftest import KEY, OLD_KEY, Account, Desk, until
from tests.services.wechat.providers import PASS, crash, never

pytestmark = pytest.mark.anyio

SEND = "/cgi-bin/message/custom/send"
TITLES = {"zh-CN": "测试", "en": "Test"}


def says(text: str, outcome: Any = "handled") -> ProviderAnswer:
    return ProviderAnswer(outcome=outcome, replies=[ProviderReply(kind="text", content={"content": text})])


def provider(name: str, order: int = 100, **more: Any) -> Provider:
    return Provider(name=name, titles=TITLES, order=order, **more)


def texts(desk: Desk, account: Account) -> list[str]:
    return [call.body["text"]["content"] for call in desk.platform.of(SEND) if call.body["touser"] == account.openid]


async def keyword(account: Account, content: str, *keywords: str, **more: Any) -> str:
    body = {"keywords": list(keywords), "reply": {"content": content}, "account_id": account.id} | more
    answer = await account.call("POST", "/keyword-replies", body)
    assert answer.status == 201, answer.body
    return str(answer.attribute["id"])


async def test_the_first_provider_that_answers_ends_the_search(desk: Desk) -> None:
    account = await desk.account()
    async with desk.announced(
        provider("third", 30, kinds=["text"]),
        provider("first", 10, kinds=["text"]),
        provider("second", 20, keywords=["你好"]),
        provider("other", 5, kinds=["image"]),
    ) as script:
        script.answer("first", PASS)
        script.answer("second", says("来自第二个"))
        assert (await account.push()).body == b"success"
        (dispatched,) = await account.wait_for("message_dispatched")
        await account.wait_for("message_sent")
    assert script.names() == ["first", "second"]
    assert (dispatched["outcome"], dispatched["provider"]) == ("handled", "providers/second")
    assert texts(desk, account) == ["来自第二个"]
    (sent,) = await account.wait_for("message_sent")
    assert sent["message_id"] == dispatched["replies"][0]["id"]
    steps = (await account.call("GET", f"/message-paths/{dispatched['push_id']}")).items
    assert [step["name"] for step in steps] == ["stored", "routed", "sent"]


async def test_failures_of_a_provider_harm_nobody(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    account = await desk.account()
    _hurry(desk, monkeypatch)
    async with desk.announced(
        provider("crashing", 1, kinds=["*"]),
        provider("hanging", 2, kinds=["*"]),
        provider("babbling", 3, kinds=["*"]),
        provider("working", 4, kinds=["*"]),
    ) as script:
        script.answers |= {"crashing": crash, "hanging": never}
        script.answer(
            "babbling",
            ProviderAnswer(outcome="handled", replies=[ProviderReply(kind="song", content={})]),
        )
        script.answer("working", ProviderAnswer(outcome="human", group="维修"))
        await account.push()
        (dispatched,) = await account.wait_for("message_dispatched")
        failures = {item["name"]: item["failures"] for item in (await account.call("GET", "/providers")).items}
    assert (dispatched["outcome"], dispatched["group"]) == ("human", "维修")
    assert failures == {"crashing": 1, "hanging": 1, "babbling": 1, "working": 0}


async def test_events_and_menu_keys_find_their_provider(desk: Desk) -> None:
    account = await desk.account()
    async with desk.announced(provider("keys", menu_keys=["repair"]), provider("scans", events=["scan"])) as script:
        script.answer("keys", says("报修"))
        script.answer("scans", says("扫码"))
        event = {"MsgType": "event", "MsgId": "", "Content": ""}
        await account.push(**event, Event="CLICK", EventKey="repair")
        await account.push(**event, Event="SCAN", EventKey="42", Ticket="t")
        await account.push(**event, Event="CLICK", EventKey="nobody")
        dispatched = await account.wait_for("message_dispatched", 3)
        await account.wait_for("message_sent", 2)
    assert sorted(script.names()) == ["keys", "scans"]
    assert {data["outcome"] for data in dispatched} == {"handled", "unhandled"}
    assert texts(desk, account) == ["报修", "扫码"]
    assert script.asked[0][1].event_key == "repair"


async def test_nobody_to_ask_is_told_with_the_push(desk: Desk) -> None:
    account = await desk.account()
    async with desk.announced(provider("pictures", kinds=["image"])):
        await account.push()
        names = [name for name, _data in await account.events()]
    assert names[-2:] == ["message_received", "message_dispatched"]
    assert (await account.pushes())[0]["outcome"] == "unhandled"


async def test_keywords_with_variables(desk: Desk) -> None:
    account = await desk.account()
    await keyword(account, "{remark}您好，您说“{content}”。{account}", "刹车", "异响")
    await keyword(account, "营业时间 9:00", "营业时间", match="exact", account_id=None)
    await account.push(Content="我的车刹车有{name}异响")
    await account.push(Content="营业时间")
    await account.push(Content="营业时间是什么")
    dispatched = await account.wait_for("message_dispatched", 3)
    await account.wait_for("message_sent", 2)
    assert texts(desk, account) == [
        "朋友您好，您说“我的车刹车有{name}异响”。甲公司服务号",
        "营业时间 9:00",
    ]
    outcomes = {data["provider"]: data["outcome"] for data in dispatched}
    assert outcomes == {"keyword": "handled", "": "unhandled"}


async def test_keyword_replies_are_kept_by_their_company(desk: Desk) -> None:
    account, stranger = await desk.account(), await desk.account()
    reply_id = await keyword(account, "好", "好", account_id=None)
    assert [item["id"] for item in (await account.call("GET", "/keyword-replies")).items] == [reply_id]
    assert (await stranger.call("GET", "/keyword-replies")).items == []
    body = {"keywords": ["坏"], "reply": {"content": "坏"}}
    assert (await stranger.call("PUT", f"/keyword-replies/{reply_id}", body)).status == 404
    assert (await stranger.call("DELETE", f"/keyword-replies/{reply_id}")).status == 404
    foreign = body | {"account_id": account.id}
    assert (await stranger.call("POST", "/keyword-replies", foreign)).status == 422
    assert (await account.call("PUT", f"/keyword-replies/{reply_id}", body)).attribute["keywords"] == ["坏"]
    assert (await account.call("DELETE", f"/keyword-replies/{reply_id}")).status == 200
    await account.push(Content="坏")
    assert (await account.wait_for("message_dispatched"))[0]["outcome"] == "unhandled"


async def test_a_new_follower_is_greeted(desk: Desk) -> None:
    account = await desk.account(greeting={"text": "欢迎关注{account}", "is_on": True})
    event = {"MsgType": "event", "MsgId": "", "Content": "", "EventKey": "qrscene_42", "Ticket": "t"}
    await account.push(**event, Event="subscribe")
    await account.wait_for("message_sent")
    assert texts(desk, account) == ["欢迎关注甲公司服务号"]
    fan = await account.fan()
    assert (fan["is_subscribed"], fan["qr_scene"]) == (True, "42")


async def test_the_default_reply_is_no_chatter(desk: Desk, frozen_clock: FrozenClock) -> None:
    account = await desk.account(default_reply={"text": "稍后回复您", "is_on": True})
    await account.push()
    (dispatched,) = await account.wait_for("message_dispatched")
    await account.wait_for("message_sent")
    assert dispatched["outcome"] == "unhandled"
    assert len(dispatched["replies"]) == 1
    await account.push()
    frozen_clock.advance(minutes=59)
    await account.push()
    await account.wait_for("message_dispatched", 3)
    assert texts(desk, account) == ["稍后回复您"]
    await account.put_message(content="人工回复")
    await account.wait_for("message_sent", 2)
    frozen_clock.advance(minutes=2)
    await account.push()
    await account.wait_for("message_dispatched", 4)
    frozen_clock.advance(hours=1)
    await account.push()
    await account.wait_for("message_sent", 3)
    assert texts(desk, account) == ["稍后回复您", "人工回复", "稍后回复您"]


async def test_the_binding_text_is_answered(desk: Desk) -> None:
    account = await desk.account()
    await account.push(Content="平台对接")
    await account.wait_for("message_sent")
    assert texts(desk, account) == ["对接成功"]


@pytest.mark.parametrize("mode", ["plain", "compat", "safe"])
async def test_an_account_without_customer_messages_answers_passively(desk: Desk, mode: str) -> None:
    account = await desk.account(kind="subscription_unverified", mode=mode, aes_key=KEY, previous_aes_key=OLD_KEY)
    await keyword(account, "您好]]>{content}", "你好")
    message = build_xml(account.fields())
    if mode == "plain":
        answers = [await account.push(message) for _ in range(2)]
        fields = parse_xml(answers[0].body)
    else:
        answers = [await account.post(*account.sealed(message, OLD_KEY)) for _ in range(2)]
        outer = parse_xml(answers[0].body)
        token = account.draft["token"]
        assert outer["MsgSignature"] == sign(token, outer["TimeStamp"], outer["Nonce"], outer["Encrypt"])
        fields = parse_xml(Cipher(OLD_KEY, account.draft["appid"]).decrypt(outer["Encrypt"]))
    assert answers[0].body == answers[1].body
    assert fields["Content"] == "您好]]>你好"
    assert (fields["ToUserName"], fields["FromUserName"]) == (account.openid, "gh_0123456789ab")
    (dispatched,) = [data for _name, data in await account.events("message_dispatched")]
    (sent,) = [data for _name, data in await account.events("message_sent")]
    assert dispatched["outcome"] == "handled"
    assert sent["message_id"] == dispatched["replies"][0]["id"]
    assert texts(desk, account) == []
    steps = (await account.call("GET", f"/message-paths/{dispatched['push_id']}")).items
    assert [step["name"] for step in steps] == ["stored", "routed", "sent"]


async def test_providers_of_a_passive_account_are_waited_for(desk: Desk) -> None:
    account = await desk.account(kind="service_unverified")
    async with desk.announced(provider("slow", kinds=["text"])) as script:
        gate = asyncio.Event()

        async def wait(_request: Any) -> ProviderAnswer:
            await gate.wait()
            return ProviderAnswer(outcome="handled", replies=says("一").replies + says("二").replies)

        script.answers["slow"] = wait
        body = build_xml(account.fields())
        deliveries = [asyncio.create_task(account.push(body)) for _ in range(3)]
        await until(lambda: script.asked)
        gate.set()
        answers = await asyncio.gather(*deliveries)
    assert script.names() == ["slow"]
    assert len({answer.body for answer in answers}) == 1
    assert parse_xml(answers[0].body)["Content"] == "一"
    (failed,) = await account.wait_for("message_failed")
    assert failed["reason"] == "passive_only_one"


async def test_a_passive_provider_answers_within_the_callback(desk: Desk) -> None:
    account = await desk.account()
    async with desk.announced(provider("quick", kinds=["text"], is_passive=True)) as script:
        replies = says("一").replies + says("二").replies
        script.answer("quick", ProviderAnswer(outcome="handled", replies=replies))
        answer = await account.push()
    assert parse_xml(answer.body)["Content"] == "一"
    await account.wait_for("message_sent", 2)
    assert texts(desk, account) == ["二"]


async def test_a_passive_answer_that_is_late_is_listed_as_failed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    account = await desk.account(kind="service_unverified")
    async with desk.announced(provider("late", kinds=["text"])) as script:
        gate = asyncio.Event()

        async def wait(_request: Any) -> ProviderAnswer:
            await gate.wait()
            return says("太晚")

        script.answers["late"] = wait
        _hurry(desk, monkeypatch, passive_seconds=0.1, provider_seconds=10.0)
        body = build_xml(account.fields())
        assert (await account.push(body)).body == b"success"
        assert (await account.push(body)).body == b"success"
        gate.set()
        (failed,) = await account.wait_for("message_failed")
        (dispatched,) = await account.wait_for("message_dispatched")
        assert (await account.push(body)).body == b"success"
    assert failed["reason"] == "passive_too_late"
    assert dispatched["replies"][0]["id"] == failed["message_id"]
    steps = (await account.call("GET", f"/message-paths/{dispatched['push_id']}")).items
    assert [step["name"] for step in steps] == ["stored", "routed", "failed"]


async def test_a_push_left_waiting_by_a_crash_goes_to_a_person(desk: Desk, frozen_clock: FrozenClock) -> None:
    # Ids carry the machine's time, so the job looks back from it.
    frozen_clock.at = datetime.now(UTC)
    account = await desk.account(kind="service_unverified")
    async with desk.announced(provider("never", kinds=["text"])) as script:
        script.answers["never"] = never
        delivery = asyncio.create_task(account.push())
        await until(lambda: script.asked)
        await desk.host.contexts["wechat"].part(PassiveAnswers).close()
        assert (await delivery).body == b"success"
    assert (await account.pushes())[0]["outcome"] == "waiting"
    await desk.host.run_job("wechat", "waiting")
    assert await account.events("message_dispatched") == []
    frozen_clock.advance(minutes=2)
    await desk.host.run_job("wechat", "waiting")
    ((_name, dispatched),) = await account.events("message_dispatched")
    assert dispatched["outcome"] == "unhandled"


def _hurry(desk: Desk, monkeypatch: pytest.MonkeyPatch, **more: float) -> None:
    """Shorter waits, so that the test is not slow."""
    settings = Settings(**({"provider_seconds": 0.2} | more))  # type: ignore[arg-type]  # numbers all
    monkeypatch.setattr(desk.host.contexts["wechat"], "_settings", settings)
