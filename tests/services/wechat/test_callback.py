"""The callback: verification, modes, refusals, dedupe. What is acknowledged is on disk, once."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any
from urllib.parse import urlencode

import pytest
from wechatpy.crypto import WeChatCrypto

from guanjia.contracts.wechat.callback import build_xml, parse_xml, sign
from guanjia.kit.calls import call_app
from guanjia.services.wechat.callback import build_callback
from guanjia.services.wechat.settings import Settings
from tests.services.wechat.conftest import KEY, OLD_KEY, Desk

pytestmark = pytest.mark.anyio


async def test_the_platform_verifies_the_address(desk: Desk) -> None:
    account = await desk.account()
    echo = "6823476123<b>"
    answer = await account.post(b"", account.signed(echostr=echo), "GET")
    assert (answer.status, answer.body) == (200, echo.encode())
    assert answer.headers["content-type"].startswith("text/plain")
    assert (await account.call("GET", f"/accounts/{account.id}")).attribute["verified_at"] is not None


async def test_a_verification_with_a_wrong_signature_is_refused(desk: Desk) -> None:
    account = await desk.account()
    query = account.signed(echostr="1")
    query["signature"] = "0" * 40
    answer = await account.post(b"", query, "GET")
    assert (answer.status, answer.body) == (403, b"")
    assert (await account.call("GET", f"/accounts/{account.id}")).attribute["verified_at"] is None


async def test_a_text_is_stored_and_told(desk: Desk) -> None:
    account = await desk.account()
    answer = await account.push(Content="我的车刹车有异响😀", CreateTime=1409735669)
    assert (answer.status, answer.body) == (200, b"success")
    names = [name for name, _data in await account.events()]
    assert names == ["fan_changed", "message_received", "message_dispatched"]
    ((_name, received),) = await account.events("message_received")
    assert received["content"] == {"content": "我的车刹车有异响😀"}
    assert received["sent_at"] == "2014-09-03T09:14:29Z"
    assert received["window_remaining"] == 5
    ((_name, dispatched),) = await account.events("message_dispatched")
    assert dispatched["outcome"] == "unhandled"
    assert dispatched["push_id"] == received["push_id"]


async def test_concurrent_deliveries_of_one_push_are_stored_once(desk: Desk) -> None:
    account = await desk.account()
    body = build_xml(account.fields())
    answers = await asyncio.gather(*(account.post(body, account.signed()) for _ in range(20)))
    assert {(answer.status, answer.body) for answer in answers} == {(200, b"success")}
    assert len(await account.pushes()) == 1
    assert len(await account.events("message_received")) == 1


async def test_one_message_id_of_two_fans_is_two_messages(desk: Desk) -> None:
    account = await desk.account()
    await account.push(MsgId=7)
    await account.push(MsgId=7, FromUserName="oAnother0123456789012345678")
    assert len(await account.pushes()) == 2


async def test_events_of_one_second_are_told_apart(desk: Desk) -> None:
    account = await desk.account()
    event: dict[str, Any] = {"MsgType": "event", "MsgId": "", "Content": "", "CreateTime": 1409735669}
    await account.push(**event, Event="subscribe", EventKey="")
    await account.push(**event, Event="LOCATION", Latitude="23.1", Longitude="113.3", Precision="40")
    await account.push(**event, Event="TEMPLATESENDJOBFINISH", MsgID="1", Status="success")
    await account.push(**event, Event="TEMPLATESENDJOBFINISH", MsgID="2", Status="success")
    await account.push(**event, Event="TEMPLATESENDJOBFINISH", MsgID="2", Status="success")
    assert [push["event"] for push in await account.pushes()] == [
        "subscribe",
        "location",
        "templatesendjobfinish",
        "templatesendjobfinish",
    ]


@pytest.mark.parametrize("key", [KEY, OLD_KEY])
async def test_safe_mode_takes_the_present_and_the_previous_key(desk: Desk, key: str) -> None:
    account = await desk.account(mode="safe", aes_key=KEY, previous_aes_key=OLD_KEY)
    body, query = account.sealed(build_xml(account.fields()), key)
    assert (await account.post(body, query)).body == b"success"
    assert len(await account.pushes()) == 1


async def test_another_library_is_understood_and_understands(desk: Desk) -> None:
    account = await desk.account(mode="safe", aes_key=KEY, kind="subscription_unverified")
    body = {"keywords": ["你好"], "reply": {"content": "您好😀"}}
    assert (await account.call("POST", "/keyword-replies", body)).status == 201
    theirs = WeChatCrypto(account.draft["token"], KEY, account.draft["appid"])
    sealed = theirs.encrypt_message(build_xml(account.fields()).decode(), "nonce", "1409735669")
    query = {"timestamp": "1409735669", "nonce": "nonce", "encrypt_type": "aes"}
    query["msg_signature"] = parse_xml(sealed.encode())["MsgSignature"]
    answer = await account.post(sealed.encode(), query)
    outer = parse_xml(answer.body)
    opened = theirs.decrypt_message(answer.body, outer["MsgSignature"], outer["TimeStamp"], outer["Nonce"])
    assert parse_xml(opened.encode() if isinstance(opened, str) else opened)["Content"] == "您好😀"


async def test_stale_timestamps_are_refused_where_that_is_wanted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    account = await desk.account()
    app = build_callback(desk.host.contexts["wechat"])
    monkeypatch.setattr(app, "_settings", Settings(timestamp_window_seconds=300))
    body = build_xml(account.fields())
    for timestamp, status in ((int(time.time()) - 301, 403), (int(time.time()) + 400, 403), (int(time.time()), 200)):
        query = account.signed(timestamp=str(timestamp), nonce="1")
        query["signature"] = sign(account.draft["token"], str(timestamp), "1")
        path = f"/callbacks/{account.id}"
        assert (await call_app(app, "POST", path, [], body, urlencode(query), 10)).status == status


async def test_safe_mode_refuses_a_plain_body_with_a_good_signature(desk: Desk) -> None:
    account = await desk.account(mode="safe", aes_key=KEY)
    assert (await account.push()).status == 403
    plain = build_xml(account.fields())
    query = account.signed(encrypt_type="aes")
    query["msg_signature"] = sign(account.draft["token"], query["timestamp"], query["nonce"], "")
    assert (await account.post(plain, query)).status == 403
    assert await account.pushes() == []


async def test_compat_mode_trusts_only_what_was_decrypted(desk: Desk) -> None:
    account = await desk.account(mode="compat", aes_key=KEY)
    body, query = account.sealed(
        build_xml(account.fields(Content="真")), FromUserName="oForged", MsgType="text", Content="假", MsgId=1
    )
    assert (await account.post(body, query)).body == b"success"
    ((_name, received),) = await account.events("message_received")
    assert received["content"] == {"content": "真"}
    assert (await account.push()).status == 403


async def test_the_signature_of_the_address_is_not_that_of_the_message(desk: Desk) -> None:
    account = await desk.account(mode="safe", aes_key=KEY)
    body, query = account.sealed(build_xml(account.fields()))
    query["msg_signature"] = query["signature"]
    assert (await account.post(body, query)).status == 403


async def test_all_failures_of_the_cipher_look_alike(desk: Desk) -> None:
    account = await desk.account(mode="safe", aes_key=KEY)
    message = build_xml(account.fields())
    good, _query = account.sealed(message)
    text = parse_xml(good)["Encrypt"]
    answers = []
    for sealed in (text[:-4], text[:-8] + "AAAAAAA=", "AAAA", "!", text[4:], "A" * 64):
        query = account.signed(encrypt_type="aes")
        query["msg_signature"] = sign(account.draft["token"], query["timestamp"], query["nonce"], sealed)
        answers.append(await account.post(build_xml({"Encrypt": sealed}), query))
    other = await desk.account(mode="safe", aes_key=KEY)
    foreign, query = other.sealed(message)
    answers.append(await account.post(foreign, query))
    assert {(answer.status, answer.body) for answer in answers} == {(403, b"")}
    assert await account.pushes() == []


async def test_forged_pushes_store_nothing_and_poison_nothing(desk: Desk) -> None:
    account = await desk.account()
    body = build_xml(account.fields())
    for query in ({}, account.signed() | {"signature": "x"}, account.signed() | {"nonce": "other"}):
        answer = await account.post(body, query)
        assert (answer.status, answer.body) == (403, b"")
    assert await account.pushes() == []
    assert (await account.post(body, account.signed())).body == b"success"
    assert len(await account.events("message_received")) == 1


async def test_a_parameter_given_twice_is_refused(desk: Desk) -> None:
    account = await desk.account()
    query = account.signed()
    text = "&".join(f"{name}={value}" for name, value in query.items())
    assert (await account.post(build_xml(account.fields()), text + "&signature=0")).status == 400


async def test_an_unknown_or_inactive_account_is_404(desk: Desk) -> None:
    account = await desk.account(is_active=False)
    assert (await account.push()).status == 404
    account.id = "nobody"
    assert (await account.push()).status == 404


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"<xml><MsgType>text",
        b"<xml></xml>",
        b"<xml><MsgType>text</MsgType></xml>",
        b"<xml><FromUserName>" + b"o" * 65 + b"</FromUserName><MsgType>text</MsgType></xml>",
        b"<xml><FromUserName> </FromUserName><MsgType>text</MsgType></xml>",
        b"<xml><FromUserName>o\xc2\xa0 o</FromUserName><MsgType>text</MsgType></xml>",
        b"<xml><FromUserName>\xff\xfe</FromUserName><MsgType>text</MsgType></xml>",
        b"<!DOCTYPE xml><xml><FromUserName>o</FromUserName><MsgType>text</MsgType></xml>",
        b'<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><xml><FromUserName>&c;</FromUserName></xml>',
        b"<a>" * 2000 + b"</a>" * 2000,
        b"[" * 50_000,
        b'{"FromUserName":' * 50 + b"1" + b"}" * 50,
        b'{"FromUserName": "o", "MsgType": ["text"]}',
    ],
)
async def test_malformed_bodies_are_400_and_store_nothing(desk: Desk, body: bytes) -> None:
    account = await desk.account()
    answer = await account.push(body)
    assert (answer.status, answer.body) == (400, b"")
    assert await account.pushes() == []


async def test_a_body_over_a_mebibyte_is_refused_unread(desk: Desk) -> None:
    account = await desk.account()
    assert (await account.push(Content="a" * 5_000_000)).status == 413


async def test_control_characters_are_dropped(desk: Desk) -> None:
    account = await desk.account()
    body = build_xml(account.fields(Content="AB")).replace(b"AB", b"A\x1d\x00\x10B\xef\xbf\xbf")
    assert (await account.push(body)).body == b"success"
    body = build_xml(account.fields()).replace(b"<MsgType>", b"<Note>x&#x1d;&#0;</Note><MsgType>")
    assert (await account.push(body)).body == b"success"
    texts = [data["content"]["content"] for _name, data in await account.events("message_received")]
    assert texts == ["AB", "你好"]


async def test_values_that_would_break_a_database_are_stored(desk: Desk) -> None:
    account = await desk.account()
    fields = account.fields(CreateTime="9" * 30, MsgId=str(2**70), MsgType="k" * 300, Content="x" * 200_000)
    assert (await account.push(fields)).body == b"success"
    assert (await account.push(MsgType="event", Event="e" * 300, EventKey="k" * 3000)).body == b"success"
    assert [push["kind"] for push in await account.pushes()] == ["k" * 40, "event"]


async def test_json_pushes_say_the_same_as_xml(desk: Desk) -> None:
    account = await desk.account()
    body = json.dumps(
        {
            "ToUserName": "gh_1",
            "FromUserName": account.openid,
            "CreateTime": 1409735669,
            "MsgType": "location",
            "Location_X": 23.137466,
            "Location_Y": 113.352425,
            "Scale": 20,
            "Label": "广州\x00\x1d",
            "MsgId": 2**63 - 1,
        }
    ).encode()
    assert (await account.push(body)).body == b"success"
    assert (await account.push(body)).body == b"success"
    ((_name, received),) = await account.events("message_received")
    assert received["content"] == {
        "latitude": 23.137466,
        "longitude": 113.352425,
        "scale": 20.0,
        "label": "广州",
    }


async def test_an_encrypted_json_push(desk: Desk) -> None:
    account = await desk.account(mode="safe", aes_key=KEY)
    fields = {"FromUserName": account.openid, "CreateTime": 1, "MsgType": "text", "Content": "好", "MsgId": 1}
    inner = json.dumps(fields, ensure_ascii=False)
    body, query = account.sealed(inner.encode())
    outer = b'{"ToUserName":"gh_1","Encrypt":"' + parse_xml(body)["Encrypt"].encode() + b'"}'
    assert (await account.post(outer, query)).body == b"success"
    ((_name, received),) = await account.events("message_received")
    assert received["content"] == {"content": "好"}


async def test_the_original_id_fills_itself_in(desk: Desk) -> None:
    account = await desk.account()
    await account.push()
    shown = (await account.call("GET", f"/accounts/{account.id}")).attribute
    assert shown["original_id"] == "gh_0123456789ab"
    assert shown["last_push_at"] is not None
