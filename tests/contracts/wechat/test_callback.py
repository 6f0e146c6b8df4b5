"""WeChat's wire format against known answers, the libraries of others, and what a sender may try."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidSignatureException

from guanjia.contracts.wechat.callback import (
    Cipher,
    MalformedBody,
    Undecipherable,
    build_encrypted,
    build_xml,
    is_aes_key,
    is_signed,
    is_token,
    parse_body,
    parse_xml,
    sign,
    strip_illegal,
    text_of,
)

TOKEN = "QDG6eK"
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
APPID = "wx2c2769f8efd9abc2"
TIMESTAMP, NONCE = "1409735669", "1320562132"
MESSAGE = "<xml><Content><![CDATA[你好😀]]></Content></xml>".encode()
ENCRYPT = (
    "Q3stYC6hdFzMh9T8HCvyDOxmqMLzz3VJGHo5/ktgwJZJyL/F1SvtAK6QPGrqUux5Hl8W2Y0FJnNbB1YvqfeNLNj84Smv0H"
    "fpjQYx2Go2aJm1bL7j5cXEhI9Hh5SG/Ksj"
)
MSG_SIGNATURE = "6221c7560df2d444098a4647ae020a043519ac65"


def test_known_answers() -> None:
    cipher = Cipher(KEY, APPID)
    assert cipher.encrypt(MESSAGE, b"0123456789abcdef") == ENCRYPT
    assert cipher.decrypt(ENCRYPT) == MESSAGE
    assert sign(TOKEN, TIMESTAMP, NONCE, ENCRYPT) == MSG_SIGNATURE
    assert is_signed(MSG_SIGNATURE, TOKEN, TIMESTAMP, NONCE, ENCRYPT)


def test_the_reply_of_another_library_opens_and_ours_opens_there() -> None:
    theirs = WeChatCrypto(TOKEN, KEY, APPID)
    outer = parse_xml(theirs.encrypt_message(MESSAGE.decode(), NONCE, TIMESTAMP).encode())
    assert Cipher(KEY, APPID).decrypt(outer["Encrypt"]) == MESSAGE
    ours = build_encrypted(Cipher(KEY, APPID), TOKEN, MESSAGE, TIMESTAMP, NONCE)
    signature = parse_xml(ours)["MsgSignature"]
    opened = theirs.decrypt_message(ours, signature, TIMESTAMP, NONCE)
    assert opened in (MESSAGE, MESSAGE.decode())
    with pytest.raises(InvalidSignatureException):
        theirs.decrypt_message(ours, signature, TIMESTAMP, "other")


@given(st.binary(max_size=200), st.binary(min_size=16, max_size=16))
def test_whatever_is_encrypted_comes_back(message: bytes, random: bytes) -> None:
    cipher = Cipher(KEY, APPID)
    assert cipher.decrypt(cipher.encrypt(message, random)) == message


@given(st.text(max_size=80))
def test_what_was_never_encrypted_is_undecipherable(text: str) -> None:
    with pytest.raises(Undecipherable):
        Cipher(KEY, APPID).decrypt(text)


def test_another_key_or_appid_is_undecipherable() -> None:
    for cipher in (Cipher(KEY[::-1], APPID), Cipher(KEY, "wx0123456789abcdef")):
        with pytest.raises(Undecipherable):
            cipher.decrypt(ENCRYPT)


def test_spellings_of_the_last_character_are_one_key() -> None:
    for last in "GEFH":
        assert Cipher(KEY[:-1] + last, APPID).decrypt(ENCRYPT) == MESSAGE


@given(st.lists(st.text(max_size=10), min_size=2, max_size=3))
def test_a_signature_holds_for_its_parts_only(parts: list[str]) -> None:
    signature = sign(TOKEN, *parts)
    assert is_signed(signature, TOKEN, *parts)
    assert not is_signed(signature, TOKEN + "x", *parts)
    assert not is_signed("ä" + signature, TOKEN, *parts)


@pytest.mark.parametrize(("text", "is_right"), [("abc", True), ("ab", False), ("a" * 33, False), ("a-b", False)])
def test_tokens(text: str, is_right: bool) -> None:
    assert is_token(text) is is_right


@pytest.mark.parametrize(("text", "is_right"), [(KEY, True), (KEY + "\n", False), (KEY[1:], False)])
def test_aes_keys(text: str, is_right: bool) -> None:
    assert is_aes_key(text) is is_right


@given(st.text(), st.text())
def test_any_text_survives_xml_but_for_illegal_characters(one: str, other: str) -> None:
    fields = parse_xml(build_xml({"A": one, "B": {"C": other}}))
    # Line ends become newlines in every XML parser.
    assert fields == {"A": _lines(one), "B": {"C": _lines(other)}}


def _lines(text: str) -> str:
    return strip_illegal(text).replace("\r\n", "\n").replace("\r", "\n")


def test_an_item_is_a_list_even_alone() -> None:
    body = b"<xml><Articles><item><Title>1</Title></item></Articles></xml>"
    assert parse_body(body) == {"Articles": {"item": [{"Title": "1"}]}}
    twice = b"<xml><A>1</A><A>2</A><A>3</A></xml>"
    assert parse_body(twice) == {"A": ["1", "2", "3"]}


def test_replies_of_other_libraries_are_read_as_they_come() -> None:
    body = (
        b"\xef\xbb\xbf  <?xml version='1.0' encoding='gbk'?>\n<xml>\n  <MsgType>text</MsgType>"
        b"<Content>a &lt;b&gt; <![CDATA[&c]]></Content> <CreateTime>1409735669000</CreateTime></xml>\n"
    )
    assert parse_body(body) == {"MsgType": "text", "Content": "a <b> &c", "CreateTime": "1409735669000"}


def test_json_is_told_by_its_first_byte() -> None:
    body = b' \n{"MsgId": 9223372036854775807, "X": 1.10, "N": null, "T": true, "List": {"A": 1}}'
    assert parse_body(body) == {
        "MsgId": "9223372036854775807",
        "X": "1.10",
        "N": "",
        "T": "true",
        "List": [{"A": "1"}],
    }


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"text",
        b"<xml>",
        b"<xml>\xff</xml>",
        b"<xml>&unknown;</xml>",
        b"<!DOCTYPE xml><xml/>",
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml>&a;</xml>',
        b"<a>" * 17 + b"</a>" * 17,
        b"<xml>" + b"a" * 1024 * 1024 + b"</xml>",
        b"{",
        b'{"a": NaN',
        b'{"a":' * 17 + b"1" + b"}" * 17,
        b'{"a":' * 100_000,
        b'{"a": "\xff"}',
    ],
)
def test_what_wechat_would_never_send_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        parse_body(body)


@given(st.binary(max_size=100))
def test_no_body_does_worse_than_malformed(body: bytes) -> None:
    for start in (b"", b"<xml>", b"{"):
        try:
            fields = parse_body(start + body)
        except MalformedBody:
            continue
        assert text_of(fields, "MsgType") == "" or isinstance(fields["MsgType"], str)


@given(st.text(alphabet=string.printable + "\x00\x01\ud800\ufffe"))
def test_illegal_characters_are_stripped(text: str) -> None:
    stripped = strip_illegal(text)
    assert not set(stripped) & set("\x00\x01\ud800\ufffe\x0b\x0c")
    assert strip_illegal(stripped) == stripped
