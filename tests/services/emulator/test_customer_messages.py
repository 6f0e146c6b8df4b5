"""Customer-service messages: every kind, both windows by a moved clock, typing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import FrozenClock
from tests.services.emulator.bench import JPEG, Bench
from tests.services.emulator.test_interfaces import upload

pytestmark = pytest.mark.anyio

SEND = "/cgi-bin/message/custom/send"
TYPING = "/cgi-bin/message/custom/typing"


async def tap(bench: Bench, phone: dict[str, Any], account: dict[str, Any], key: str) -> None:
    body = {"appid": account["appid"], "key": key}
    assert (await bench.control("POST", f"/phones/{phone['id']}/taps", body)).status == 200


async def signed_in(bench: Bench) -> tuple[dict[str, Any], dict[str, Any], str]:
    account = await bench.add_account()
    await bench.sign_in(account)
    return (account, *await bench.fan(account))


async def test_a_follower_gets_three_messages_in_one_minute(bench: Bench, frozen_clock: FrozenClock) -> None:
    _account, _phone, openid = await signed_in(bench)
    assert [await bench.say(openid) for _ in range(4)] == [0, 0, 0, 45047]
    frozen_clock.advance(seconds=59)
    assert await bench.say(openid) == 45047
    frozen_clock.advance(seconds=1)
    assert await bench.say(openid) == 45015


async def test_a_message_opens_five_for_48_hours(bench: Bench, frozen_clock: FrozenClock) -> None:
    account, phone, openid = await signed_in(bench)
    await bench.write(phone, account)
    assert [await bench.say(openid) for _ in range(6)] == [0, 0, 0, 0, 0, 45047]
    await bench.write(phone, account)
    frozen_clock.advance(hours=47, minutes=59)
    await bench.sign_in(account)
    assert await bench.say(openid) == 0
    frozen_clock.advance(minutes=1)
    assert await bench.say(openid) == 45015


async def test_a_tap_opens_three_and_leaves_the_long_window(bench: Bench, frozen_clock: FrozenClock) -> None:
    account, phone, openid = await signed_in(bench)
    menu = {"button": [{"type": "click", "name": "人工", "key": "human"}]}
    await bench.api("POST", "/cgi-bin/menu/create", menu)
    await bench.write(phone, account)
    assert [await bench.say(openid) for _ in range(6)][-1] == 45047
    await tap(bench, phone, account, "human")
    assert [await bench.say(openid) for _ in range(4)] == [0, 0, 0, 45047]
    await bench.write(phone, account)
    await tap(bench, phone, account, "human")
    frozen_clock.advance(minutes=2)
    assert await bench.say(openid) == 0


async def test_nobody_is_written_to_after_he_left(bench: Bench, account: dict[str, Any]) -> None:
    phone, openid = await bench.fan(account)
    await bench.write(phone, account)
    await bench.control("DELETE", f"/phones/{phone['id']}/follows/{account['appid']}")
    assert await bench.say(openid) == 45015
    await bench.follow(phone, account)
    assert await bench.say(openid) == 0
    body = {"appid": account["appid"], "kind": "text", "content": {"content": "在吗"}}
    await bench.control("DELETE", f"/phones/{phone['id']}/follows/{account['appid']}")
    answer = await bench.control("POST", f"/phones/{phone['id']}/messages", body)
    assert (answer.status, answer.error) == (409, "not_following")


async def test_every_kind_is_shown_on_the_phone(bench: Bench, account: dict[str, Any]) -> None:
    picture = (await upload(bench, JPEG, "a.jpg", "image"))["media_id"]
    voice = (await upload(bench, b"#!AMR\nxx", "a.amr", "voice"))["media_id"]
    video = (await upload(bench, b"\x00\x00\x00\x18ftypisom", "a.mp4", "video"))["media_id"]
    article = {"title": "t", "description": "d", "url": "http://a.cn", "picurl": "http://a.cn/p"}
    kinds: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
        ("text", {"content": '您好 😀\n<a href="http://a.cn">看</a>'}, "text", {}),
        ("image", {"media_id": picture}, "image", {"media_id": picture}),
        ("voice", {"media_id": voice}, "voice", {"media_id": voice}),
        ("video", {"media_id": video, "title": "t"}, "video", {"title": "t"}),
        ("music", {"title": "t", "musicurl": "http://a.cn/m.mp3"}, "music", {"url": "http://a.cn/m.mp3"}),
        ("news", {"articles": [article]}, "news", {}),
        ("mpnewsarticle", {"article_id": "a1"}, "mpnewsarticle", {"article_id": "a1"}),
        (
            "msgmenu",
            {"head_content": "h", "list": [{"id": "5", "content": "满意"}, {"id": 1, "content": "差"}]},
            "menu",
            {"head": "h", "items": [{"id": "5", "title": "满意"}, {"id": "1", "title": "差"}], "tail": ""},
        ),
        ("wxcard", {"card_id": "c1"}, "wxcard", {"card_id": "c1"}),
        ("miniprogrampage", {"appid": "wx1", "pagepath": "p", "title": "t"}, "miniprogram", {"pagepath": "p"}),
        ("link", {"title": "t", "url": "http://a.cn", "description": "d"}, "link", {"title": "t"}),
    ]
    phone, openid = await bench.fan(account)
    for msgtype, fields, kind, expected in kinds:
        await bench.write(phone, account)
        answer = await bench.api("POST", SEND, {"touser": openid, "msgtype": msgtype, msgtype: fields})
        assert answer == {"errcode": 0, "errmsg": "ok"}, msgtype
        shown = (await bench.chat(phone, account))[-1]
        assert (shown["from"], shown["kind"]) == ("account", kind)
        assert {name: shown["content"][name] for name in expected} == expected
        assert bool(shown["media_url"]) == (msgtype in ("image", "voice", "video"))
    news = next(one for one in await bench.chat(phone, account) if one["kind"] == "news")
    assert news["content"]["articles"][0]["pic_url"] == "http://a.cn/p"


@pytest.mark.parametrize(
    ("message", "errcode"),
    [
        ({"touser": "nobody"}, 40003),
        ({"touser": 5}, 40003),
        ({"msgtype": "dance"}, 40008),
        ({"msgtype": ["text"]}, 40008),
        ({"text": {"content": ""}}, 44004),
        ({"text": "x"}, 44004),
        ({"text": {"content": 5}}, 47001),
        ({"text": {"content": "二" * 683}}, 45002),
        ({"msgtype": "image", "image": {"media_id": "none"}}, 40007),
        ({"msgtype": "image", "image": {}}, 40007),
        ({"msgtype": "voice", "voice": {"media_id": 7}}, 40007),
        ({"msgtype": "mpnews", "mpnews": {"media_id": "x"}}, 40007),
        ({"msgtype": "news", "news": {"articles": []}}, 45008),
        ({"msgtype": "news", "news": {"articles": [{}, {}]}}, 45008),
        ({"msgtype": "msgmenu", "msgmenu": {"list": []}}, 47001),
        ({"msgtype": "miniprogrampage", "miniprogrampage": {"appid": "wx1"}}, 47001),
    ],
)
async def test_faulty_messages_cost_nothing(
    bench: Bench, account: dict[str, Any], message: dict[str, Any], errcode: int
) -> None:
    _phone, openid = await bench.fan(account)
    body = {"touser": openid, "msgtype": "text", "text": {"content": "好"}, **message}
    assert (await bench.api("POST", SEND, body))["errcode"] == errcode
    assert [await bench.say(openid) for _ in range(4)] == [0, 0, 0, 45047]


async def test_a_medium_of_another_account_is_not_sent(bench: Bench, account: dict[str, Any]) -> None:
    foreign = (await upload(bench, JPEG, "a.jpg", "image"))["media_id"]
    other = await bench.add_account()
    await bench.sign_in(other)
    _phone, openid = await bench.fan(other)
    body = {"touser": openid, "msgtype": "image", "image": {"media_id": foreign}}
    assert (await bench.api("POST", SEND, body))["errcode"] == 40007


async def test_typing_is_shown_for_a_while(bench: Bench, frozen_clock: FrozenClock) -> None:
    account, phone, openid = await signed_in(bench)

    async def typing(command: str = "Typing") -> int:
        return int((await bench.api("POST", TYPING, {"touser": openid, "command": command}))["errcode"])

    async def is_shown() -> bool:
        query = {"appid": account["appid"]}
        return bool((await bench.control("GET", f"/phones/{phone['id']}/screen", query=query)).attribute["is_typing"])

    await bench.write(phone, account)
    assert [await typing(), await typing(), await typing("Dance")] == [0, 45081, 45072]
    assert await is_shown()
    assert await typing("CancelTyping") == 0
    assert not await is_shown()
    assert await typing() == 0
    frozen_clock.advance(seconds=15)
    assert not await is_shown()
    assert await typing() == 0
    assert await bench.say(openid) == 0
    assert not await is_shown()
    frozen_clock.advance(seconds=16)
    assert await typing() == 45080
