"""Pure rules: menus, bodies, windows, passive replies, formats."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanjia.contracts.wechat import callback
from guanjia.services.emulator.rules import bodies, formats, identity, interfaces, menus, replies, windows
from guanjia.services.emulator.rules.errors import WechatError, error_texts
from guanjia.services.emulator.rules.stories import choose_account, choose_person, load_stories

NOW = datetime(2026, 3, 2, tzinfo=UTC)
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
CLICK = {"type": "click", "name": "人工", "key": "human"}


def code_of(call: Any, *arguments: Any) -> int:
    with pytest.raises(WechatError) as caught:
        call(*arguments)
    return caught.value.errcode


@pytest.mark.parametrize(
    ("buttons", "errcode"),
    [
        ([], 40016),
        (None, 40016),
        ([CLICK] * 4, 40016),
        ([{**CLICK, "name": ""}], 40018),
        ([{**CLICK, "name": "一二三四五六"}], 40018),  # 18 bytes
        ([{**CLICK, "key": "k" * 129}], 40019),
        ([{**CLICK, "key": ""}], 40019),
        ([{"type": "view", "name": "a", "url": "http://a.cn/" + "x" * 1024}], 40020),
        ([{"type": "view", "name": "a", "url": "javascript:1"}], 40055),
        ([{"type": "view", "name": "a", "url": "http://[::1"}], 40055),
        ([{"type": "swim", "name": "a"}], 40017),
        ([{"type": "CLICK", "name": "a", "key": "b"}], 65318),
        ([{"type": "miniprogram", "name": "a", "url": "http://a.cn"}], 65317),
        ([{"type": "media_id", "name": "a"}], 40007),
        (["click"], 65317),
        ([{"name": "a", "sub_button": [CLICK] * 6}], 40023),
        ([{"name": "a", "sub_button": [{**CLICK, "type": "swim"}]}], 40024),
        ([{"name": "a", "sub_button": [{**CLICK, "name": "n" * 61}]}], 40025),
        ([{"name": "a", "sub_button": [{**CLICK, "key": "k" * 129}]}], 40026),
        ([{"name": "a", "sub_button": [{"type": "view", "name": "b"}]}], 40027),
    ],
)
def test_a_faulty_menu_is_refused_with_its_code(buttons: Any, errcode: int) -> None:
    assert code_of(menus.check_menu, {"button": buttons}) == errcode


def test_a_menu_at_its_limits_is_kept_with_empty_sub_buttons() -> None:
    top = {"name": "一二三四五1", "sub_button": [{**CLICK, "name": "二" * 20, "key": "k" * 128}] * 5}
    kept = menus.check_menu({"button": [top, {**CLICK, "extra": 1}]})
    assert kept[0]["sub_button"][0]["sub_button"] == []
    assert kept[1] == {**CLICK, "sub_button": []}
    assert menus.find_button(kept, "human") == kept[1]
    assert menus.find_button(kept, "nothing") is None
    assert menus.self_menu(kept)[1] == CLICK
    assert len(menus.self_menu(kept)[0]["sub_button"]["list"]) == 5


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        (b"", 44002),
        (b"  \n", 44002),
        ('{"a":"你好"}'.encode("gbk"), 47001),
        (b"{", 47001),
        (b"[]", 47001),
        (b'"text"', 47001),
        (b'{"a":NaN}', 47001),
        (b'{"a":"\\u0000"}', 47001),
        (b'{"a":"\\ud800"}', 47001),
        (b'{"a":"\x00"}', 47001),
        (b'{"a":' + b"[" * 80 + b"]" * 80 + b"}", 47001),
        (b'{"a":' + b"[" * 100_000, 47001),
        (b'{"a":' + b"9" * 5000 + b"}", 47001),
        (b'{"a":"' + b"x" * (1 << 20) + b'"}', 47001),
    ],
)
def test_a_body_that_is_no_object_is_refused(body: bytes, errcode: int) -> None:
    assert code_of(bodies.read_object, body) == errcode


def test_bodies_are_read_tolerantly_and_strictly() -> None:
    assert bodies.read_object('\ufeff{"a":"一\n二\t\x1d"}'.encode()) == {"a": "一\n二\t\x1d"}
    assert bodies.read_object(b'{"a":"\\u4f60"}') == {"a": "你"}
    assert code_of(lambda: bodies.read_object(b'{"a":"\\u4f60"}', is_strict=True)) == 40033


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(), st.lists, max_leaves=20))
def test_what_json_can_say_is_read_or_refused(value: Any) -> None:
    body = json.dumps({"a": value}, ensure_ascii=False).encode("utf-8", "surrogatepass")
    try:
        assert bodies.read_object(body) == {"a": value}
    except WechatError as error:
        assert error.errcode in (47001, 44002)


@given(st.binary(max_size=300), st.text(max_size=60))
def test_no_upload_breaks_the_form_reader(body: bytes, content_type: str) -> None:
    bodies.read_form(content_type, body)
    bodies.read_form("multipart/form-data; boundary=x", b"--x\r\n" + body)


def test_a_form_is_read_whatever_its_quotes() -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="media"; filename="a b.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    )
    body += b"\r\n1\n\r\n--x--\r\n"
    for content_type in ("multipart/form-data; boundary=x", 'multipart/form-data; boundary="x"', "text/plain"):
        part = bodies.read_form(content_type, body).file("media")
        assert part == bodies.Part(b"\r\n1\n", "a b.jpg")


def test_windows_are_chosen_by_what_ends_sooner() -> None:
    def both(message: int | None, left: int, event: int | None, event_left: int) -> windows.Windows:
        def until(seconds: int | None) -> datetime | None:
            return None if seconds is None else NOW + timedelta(seconds=seconds)

        return windows.Windows(until(message), left, until(event), event_left)

    table = [
        (both(None, 0, None, 0), 45015),
        (both(0, 5, None, 0), 45015),
        (both(1, 5, None, 0), "message"),
        (both(1, 0, None, 0), 45047),
        (both(9, 5, 1, 3), "event"),
        (both(9, 5, 1, 0), "message"),
        (both(9, 0, 1, 0), 45047),
        (both(None, 0, 1, 1), "event"),
    ]
    for given_windows, expected in table:
        assert windows.choose(given_windows, NOW) == expected


RECIPIENT = replies.Recipient(
    appid="wx2c2769f8efd9abc2",
    original_id="gh_1",
    openid="o1",
    mode="compat",
    token="QDG6eK",
    aes_keys=(KEY[:42] + "H", KEY),
)
HEAD = "<ToUserName><![CDATA[o1]]></ToUserName><FromUserName>gh_1</FromUserName><CreateTime>1409735669000</CreateTime>"


def reply_xml(rest: str) -> bytes:
    return f"\ufeff<xml>{HEAD}{rest}</xml>".encode()


@pytest.mark.parametrize(
    ("rest", "kind", "content"),
    [
        ("<MsgType>text</MsgType><Content>a&lt;b\n二</Content>", "text", {"content": "a<b\n二"}),
        ("<MsgType>image</MsgType><Image><MediaId>m</MediaId></Image>", "image", {"media_id": "m"}),
        ("<MsgType>voice</MsgType><Voice>\n<MediaId> m</MediaId>\n</Voice>", "voice", {"media_id": " m"}),
        (
            "<MsgType>video</MsgType><Video><MediaId>m</MediaId><Title>t</Title></Video>",
            "video",
            {"media_id": "m", "title": "t", "description": ""},
        ),
        (
            "<MsgType>music</MsgType><Music><Title>t</Title><MusicUrl>u</MusicUrl></Music>",
            "music",
            {"title": "t", "description": "", "url": "u"},
        ),
        (
            "<MsgType>news</MsgType><ArticleCount>2</ArticleCount><Articles><item><Title>t</Title><Url>u</Url></item>"
            "<item><Title>x</Title></item></Articles>",
            "news",
            {"articles": [{"title": "t", "description": "", "url": "u", "pic_url": ""}]},
        ),
        (
            "<MsgType>transfer_customer_service</MsgType><TransInfo><KfAccount>a@b</KfAccount></TransInfo>",
            "transfer",
            {"kf_account": "a@b"},
        ),
    ],
)
def test_passive_replies_are_read_tolerantly(rest: str, kind: str, content: dict[str, Any]) -> None:
    plain = reply_xml(rest)
    sealed = callback.build_encrypted(callback.Cipher(KEY, RECIPIENT.appid), "QDG6eK", plain, "1409735669000", "n")
    for body in (plain, sealed):
        reply = replies.read_reply(body, RECIPIENT)
        assert reply is not None
        assert (reply.kind, reply.content) == (kind, content)


@pytest.mark.parametrize("body", [b"", b" \n", b"success", b"\xef\xbb\xbfsuccess"])
def test_no_reply_is_no_reply(body: bytes) -> None:
    assert replies.read_reply(body, RECIPIENT) is None


@pytest.mark.parametrize(
    "body",
    [
        b"ok",
        b'{"errcode":0}',
        b"<html><body>502</body></html>",
        b'<!DOCTYPE xml [<!ENTITY a "b">]><xml><MsgType>text</MsgType></xml>',
        reply_xml("<MsgType>text</MsgType>"),
        reply_xml(f"<MsgType>text</MsgType><Content>{'x' * 2049}</Content>"),
        reply_xml("<MsgType>image</MsgType>"),
        reply_xml("<MsgType>news</MsgType><Articles></Articles>"),
        reply_xml("<MsgType>dance</MsgType>"),
        b"<xml><Encrypt>AAAA</Encrypt></xml>",
        reply_xml("<MsgType>text</MsgType><Content>a</Content>").replace(b"o1", b"o2"),
        reply_xml("<MsgType>text</MsgType><Content>a</Content>").replace(b"gh_1", b"gh_2"),
    ],
)
def test_bad_answers_are_told_apart(body: bytes) -> None:
    with pytest.raises(replies.BadAnswer):
        replies.read_reply(body, RECIPIENT)


def test_the_mode_decides_what_may_be_answered() -> None:
    plain = reply_xml("<MsgType>text</MsgType><Content>a</Content>")
    sealed = callback.build_encrypted(callback.Cipher(KEY, RECIPIENT.appid), "QDG6eK", plain, "1", "n")
    for mode, body in (("safe", plain), ("plain", sealed)):
        other = replies.Recipient(
            appid=RECIPIENT.appid, original_id="gh_1", openid="o1", mode=mode, token="QDG6eK", aes_keys=(KEY,)
        )
        with pytest.raises(replies.BadAnswer):
            replies.read_reply(body, other)
    forged = sealed.replace(b"<Nonce><![CDATA[n", b"<Nonce><![CDATA[m")
    with pytest.raises(replies.BadAnswer):
        replies.read_reply(forged, RECIPIENT)


@given(st.binary(max_size=200))
def test_no_answer_breaks_the_reply_reader(body: bytes) -> None:
    try:
        replies.read_reply(body, RECIPIENT)
    except replies.BadAnswer:
        return


@pytest.mark.parametrize(
    ("content", "declared", "expected"),
    [
        (b"#!AMR\n", "audio/amr", ("voice", "audio/amr", "amr")),
        (b"\x1aE\xdf\xa3webm", "audio/webm;codecs=opus", ("voice", "audio/webm", "webm")),
        (b"ID3\x03", "audio/mpeg", ("voice", "audio/mpeg", "mp3")),
        (b"OggS" + b"\x00" * 24 + b"Speex   ", "audio/ogg", ("voice", "audio/speex", "speex")),
        (b"OggS" + b"\x00" * 24 + b"OpusHead", "audio/ogg", ("voice", "audio/ogg", "ogg")),
        (b"\x00\x00\x00\x18ftypisom", "audio/mp4", ("voice", "audio/mp4", "m4a")),
        (b"\x00\x00\x00\x18ftypisom", "video/mp4", ("video", "video/mp4", "mp4")),
        (b"\xff\xd8\xff\xe0", "text/plain", ("image", "image/jpeg", "jpg")),
    ],
)
def test_the_format_is_what_the_bytes_say(content: bytes, declared: str, expected: tuple[str, str, str]) -> None:
    assert formats.of_phone(content, declared) == expected


def test_ids_have_wechats_spelling() -> None:
    openid = identity.openid_of("seed", "wx1")
    assert len(openid) == 28
    assert openid.startswith("o")
    assert openid == identity.openid_of("seed", "wx1") != identity.openid_of("seed", "wx2")
    numbers = [identity.new_number() for _ in range(1000)]
    assert len(set(numbers)) == 1000
    assert all(2**53 < number < 2**63 for number in numbers)


def test_every_permission_and_quota_names_known_kinds_and_paths() -> None:
    assert interfaces.may_call("service_verified", "/cgi-bin/qrcode/create")
    assert not interfaces.may_call("subscription_verified", "/cgi-bin/qrcode/create")
    assert interfaces.may_call("service_unverified", "/cgi-bin/menu/create")
    assert not interfaces.may_call("service_unverified", "/cgi-bin/message/custom/send")
    assert interfaces.may_call("subscription_unverified", "/cgi-bin/getcallbackip")
    quota = interfaces.quota_of("/cgi-bin/token")
    assert quota is not None
    assert quota.limit == 2000
    # 23:59 and 00:00 in China
    assert interfaces.china_day(datetime(2026, 3, 2, 15, 59, tzinfo=UTC)) == "2026-03-02"
    assert interfaces.china_day(datetime(2026, 3, 2, 16, 0, tzinfo=UTC)) == "2026-03-03"


def test_every_code_that_is_raised_has_words() -> None:
    assert all(text for text in error_texts().values())
    assert WechatError(12345).text == "system error"


def test_stories_have_both_languages_and_known_acts() -> None:
    acts = {"follow", "message", "presence", "pickup", "reply", "invite_rating", "tap_menu_item", "close"}
    for story in load_stories().values():
        assert all(story["title"][language] for language in ("zh-CN", "en"))
        for step in story["steps"]:
            assert all(step[name][language] for name in ("title", "text") for language in ("zh-CN", "en"))
            assert step["act"]["kind"] in acts
        assert choose_account(story, [("a", "subscription_verified"), ("b", "service_verified")]) == "b"
        assert choose_account(story, [("a", "subscription_verified")]) == "a"
        assert choose_account(story, [("a", "service_unverified")]) == ""


def test_the_storys_person_is_the_named_one_or_the_first_supervisor() -> None:
    agent = {"login": "a", "password": "1", "role": "agent"}
    boss = {"login": "b", "password": "2", "role": "supervisor"}
    assert choose_person([agent, boss]) == ("b", "2")
    assert choose_person([agent, boss, {"login": "c", "password": "3", "role": "story"}]) == ("c", "3")
    assert choose_person([agent, "x", {"role": "supervisor"}]) is None
