"""Pushes to a platform: signatures and modes, three deliveries, order, restart, and what the phone shows of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from guanjia.contracts.wechat import callback
from tests.services.emulator.bench import AES_KEY, JPEG, Bench, bench_in, multipart, until
from tests.services.emulator.receiver import Received, Receiver

pytestmark = pytest.mark.anyio

NOTICE = "该公众号暂时无法提供服务，请稍后再试"


@pytest.fixture
async def quick(own_bench: Bench) -> AsyncIterator[Bench]:
    """Deliveries by a shortened clock."""
    await own_bench.control("PUT", "/faults", {"callback_timeout_seconds": 0.1})
    yield own_bench
    await own_bench.control("PUT", "/faults", {"callback_timeout_seconds": 5})


def check_signature(received: Received, token: str = "QDG6eK") -> None:
    query = received.query
    assert callback.is_signed(query["signature"], token, query["timestamp"], query["nonce"])


def passive(received: Received, rest: str, account: dict[str, Any]) -> bytes:
    to = received.query["openid"]
    head = f"<ToUserName>{to}</ToUserName><FromUserName>{account['original_id']}</FromUserName>"
    return f"<xml>{head}<CreateTime>1</CreateTime>{rest}</xml>".encode()


async def test_a_plain_push_is_signed_and_complete(own_bench: Bench, receiver: Receiver) -> None:
    account = await own_bench.add_account(callback_url=receiver.url)
    phone, openid = await own_bench.fan(account)
    message = await own_bench.write(phone, account, "a]]>b <c> 😀")
    first, second = await own_bench.delivered(2, openid=openid)
    assert [one["state"] for one in (first, second)] == ["delivered", "delivered"]
    assert second["message_id"] == message["id"]
    (delivery,) = second["tries"]
    assert (delivery["status"], delivery["verdict"], delivery["body"]) == (200, "success", "success")
    event, text = receiver.seen
    assert event.fields["Event"] == "subscribe"
    assert "MsgId" not in event.fields
    assert text.fields["Content"] == "a]]>b <c> 😀"
    assert text.fields["ToUserName"] == account["original_id"]
    assert text.fields["MsgId"] == second["msg_id"]
    assert text.query["openid"] == text.fields["FromUserName"] == openid
    for received in receiver.seen:
        check_signature(received)
        assert "encrypt_type" not in received.query
    assert event.query["nonce"] != text.query["nonce"]


@pytest.mark.parametrize("mode", ["compat", "safe"])
async def test_an_encrypted_push_hides_what_the_mode_hides(own_bench: Bench, receiver: Receiver, mode: str) -> None:
    account = await own_bench.add_account(callback_url=receiver.url, mode=mode)
    phone, openid = await own_bench.fan(account)
    await own_bench.write(phone, account, "刹车异响")
    await own_bench.delivered(2, openid=openid)
    received = receiver.seen[-1]
    check_signature(received)
    query, outer = received.query, received.fields
    assert query["encrypt_type"] == "aes"
    times = (query["timestamp"], query["nonce"])
    assert callback.is_signed(query["msg_signature"], "QDG6eK", *times, outer["Encrypt"])
    inner = callback.parse_xml(callback.Cipher(AES_KEY, account["appid"]).decrypt(outer["Encrypt"]))
    assert inner["Content"] == "刹车异响"
    if mode == "safe":
        assert set(outer) == {"ToUserName", "Encrypt"}
    else:
        assert {name: value for name, value in outer.items() if name != "Encrypt"} == inner


async def test_three_deliveries_then_the_user_is_told(quick: Bench, receiver: Receiver) -> None:
    account = await quick.add_account(callback_url=receiver.url)
    phone, openid = await quick.fan(account)
    await quick.delivered(1, openid=openid)
    receiver.seen.clear()
    receiver.never_answer()
    await quick.write(phone, account)
    push = (await quick.delivered(2, openid=openid))[1]
    assert push["state"] == "failed"
    assert [one["verdict"] for one in push["tries"]] == ["timeout"] * 3
    assert [one["status"] for one in push["tries"]] == [0] * 3
    assert [one["number"] for one in push["tries"]] == [1, 2, 3]
    assert all(one["latency_ms"] >= 100 for one in push["tries"])
    fields = [one.fields for one in receiver.seen]
    assert len(fields) == 3
    assert fields[0] == fields[1] == fields[2]
    assert len({one.query["nonce"] for one in receiver.seen}) == 3
    notice = (await quick.chat(phone, account))[-1]
    assert (notice["from"], notice["kind"]) == ("system", "notice")
    assert notice["content"] == {"code": "service_unavailable", "text": NOTICE}


async def test_a_second_delivery_may_succeed(quick: Bench, receiver: Receiver) -> None:
    account = await quick.add_account(callback_url=receiver.url)
    receiver.answer_with((500, b"broken"), (200, b""))
    phone, openid = await quick.fan(account)
    (push,) = await quick.delivered(1, openid=openid)
    assert push["state"] == "delivered"
    assert [(one["status"], one["verdict"]) for one in push["tries"]] == [(500, "bad_status"), (200, "success")]
    assert await quick.chat(phone, account) == []


async def test_a_refused_connection_counts_as_a_delivery(quick: Bench) -> None:
    account = await quick.add_account(callback_url="http://127.0.0.1:9/callback")
    phone, openid = await quick.fan(account)
    (push,) = await quick.delivered(1, openid=openid)
    assert [one["verdict"] for one in push["tries"]] == ["refused"] * 3
    assert (await quick.chat(phone, account))[-1]["kind"] == "notice"


async def test_an_unreadable_answer_is_final(quick: Bench, receiver: Receiver) -> None:
    account = await quick.add_account(callback_url=receiver.url)
    receiver.answer_with((200, b'{"errcode": 0}'))
    phone, openid = await quick.fan(account)
    (push,) = await quick.delivered(1, openid=openid)
    assert [one["verdict"] for one in push["tries"]] == ["bad_body"]
    assert (await quick.chat(phone, account))[-1]["kind"] == "notice"
    await quick.control("DELETE", f"/phones/{phone['id']}/follows/{account['appid']}")
    await quick.delivered(2, openid=openid)
    assert len(await quick.chat(phone, account)) == 1, "nobody is told of a failure after he left"


async def test_an_account_without_a_callback_stays_silent(own_bench: Bench) -> None:
    account = await own_bench.add_account()
    phone, openid = await own_bench.fan(account)
    (push,) = await own_bench.delivered(1, openid=openid)
    assert [one["verdict"] for one in push["tries"]] == ["not_configured"]
    assert await own_bench.chat(phone, account) == []


@pytest.mark.parametrize("mode", ["plain", "safe"])
async def test_passive_replies_are_shown(own_bench: Bench, receiver: Receiver, mode: str) -> None:
    account = await own_bench.add_account(callback_url=receiver.url, mode=mode)
    await own_bench.sign_in(account)
    body, content_type = multipart(JPEG)
    query = {"access_token": own_bench.token, "type": "image"}
    headers = {"content-type": content_type}
    answer = await own_bench.raw("POST", "/cgi-bin/media/upload", query=query, content=body, headers=headers)
    picture = answer.envelope["media_id"]
    rests = [
        "<MsgType>text</MsgType><Content><![CDATA[您好]]></Content>",
        f"<MsgType>image</MsgType><Image><MediaId>{picture}</MediaId></Image>",
        "<MsgType>transfer_customer_service</MsgType>",
        "<MsgType>image</MsgType><Image><MediaId>nobody's</MediaId></Image>",
    ]

    async def reply(received: Received) -> tuple[int, bytes]:
        xml = passive(received, rests.pop(0), account)
        if mode == "safe":
            cipher = callback.Cipher(AES_KEY, account["appid"])
            xml = callback.build_encrypted(cipher, "QDG6eK", xml, "1409735669123", "nonce")
        return 200, xml

    receiver.answer = reply
    phone, openid = await own_bench.fan(account)
    for count in range(1, 4):
        await own_bench.delivered(count, openid=openid)
        await own_bench.write(phone, account)
    pushes = await own_bench.delivered(4, openid=openid)
    assert [one["tries"][0]["verdict"] for one in pushes] == ["reply", "reply", "transfer", "bad_body"]
    shown = [one for one in await own_bench.chat(phone, account) if one["from"] != "user"]
    assert [one["kind"] for one in shown] == ["text", "image", "notice"]
    assert shown[0]["content"] == {"content": "您好"}
    assert shown[1]["media_url"].startswith("/files/")


async def test_one_fan_in_order_others_meanwhile(own_bench: Bench, receiver: Receiver) -> None:
    account = await own_bench.add_account(callback_url=receiver.url)
    phones = [await own_bench.fan(account) for _ in range(3)]
    await own_bench.delivered(3, appid=account["appid"])
    receiver.seen.clear()
    slow = phones[0][1]
    gate = asyncio.Event()

    async def answer(received: Received) -> tuple[int, bytes]:
        if received.query["openid"] == slow:
            await gate.wait()
        return 200, b"success"

    receiver.answer = answer
    for number in range(4):
        for phone, _openid in phones:
            await own_bench.write(phone, account, f"第{number}条")

    async def others_done() -> bool | None:
        return len([one for one in receiver.seen if one.query["openid"] != slow]) == 8 or None

    await until(others_done)
    assert len([one for one in receiver.seen if one.query["openid"] == slow]) == 1
    gate.set()
    await own_bench.delivered(15, appid=account["appid"])
    for _phone, openid in phones:
        texts = [one.fields["Content"] for one in receiver.seen if one.query["openid"] == openid]
        assert texts == ["第0条", "第1条", "第2条", "第3条"]


async def test_what_one_process_left_the_next_delivers(tmp_path: Path, receiver: Receiver) -> None:
    receiver.never_answer()
    async with bench_in(tmp_path) as bench:
        account = await bench.add_account(callback_url=receiver.url)
        phone, openid = await bench.fan(account)
        await bench.write(phone, account, "停电之前")

        async def asked() -> bool | None:
            return bool(receiver.seen) or None

        await until(asked)
    receiver.answer_with((200, b"success"))
    receiver.seen.clear()
    async with bench_in(tmp_path) as bench:
        pushes = await bench.delivered(2, openid=openid)
        assert [one["state"] for one in pushes] == ["delivered", "delivered"]
        assert [one.fields.get("Content") for one in receiver.seen] == [None, "停电之前"]


async def test_the_console_verifies_an_address(own_bench: Bench, receiver: Receiver) -> None:
    account = await own_bench.add_account()
    path = f"/accounts/{account['appid']}/callback"
    body = {"url": receiver.url, "token": "another9", "aes_key": AES_KEY, "mode": "safe"}
    refused = await own_bench.control("PUT", path, body)
    assert (refused.status, refused.error) == (422, "callback_verification_failed")
    assert refused.envelope["attribute"]["verdict"] == "bad_body"
    assert refused.envelope["attribute"]["body"] == "success"

    async def echo(received: Received) -> tuple[int, bytes]:
        check_signature(received, "another9")
        assert received.method == "GET"
        return 200, received.query["echostr"].encode()

    receiver.answer = echo
    verified = (await own_bench.control("PUT", path, body)).attribute
    assert verified["verified"] is True
    assert (verified["callback_url"], verified["mode"]) == (receiver.url, "safe")
    for change, field in (({"url": "ftp://a"}, "url"), ({"token": "a b"}, "token"), ({"aes_key": "x"}, "aes_key")):
        answer = await own_bench.control("PUT", path, {**body, **change})
        assert answer.status == 422
        assert list(answer.fields) == [field]
    unreachable = await own_bench.control("PUT", path, {**body, "url": "http://127.0.0.1:9/"})
    assert unreachable.envelope["attribute"]["verdict"] == "refused"
