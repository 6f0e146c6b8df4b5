"""Reading what a platform answers to a push, as tolerantly as WeChat does."""

from __future__ import annotations

from typing import Any

import msgspec

from guanjia.contracts.wechat import callback
from guanjia.services.emulator.rules.bubbles import bubble_of

TEXT_LIMIT = 2048


class BadAnswer(ValueError):
    """The answer is nothing that WeChat could show."""


class PassiveReply(msgspec.Struct, frozen=True, kw_only=True):
    """A reply to show: ``kind`` and ``content`` as on the phone; ``transfer`` shows nothing."""

    kind: str
    content: dict[str, Any]
    media_id: str = ""


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """Whose answer to which push it is."""

    appid: str
    original_id: str
    openid: str
    mode: str
    token: str
    aes_keys: tuple[str, ...]


def read_reply(body: bytes, recipient: Recipient) -> PassiveReply | None:
    """The reply in an answer with status 200, None for ``success`` or nothing; BadAnswer for anything else."""
    text = body.strip().removeprefix(b"\xef\xbb\xbf").strip()
    if text in (b"", b"success"):
        return None
    try:
        fields = callback.parse_xml(text)
        if "Encrypt" in fields:
            fields = callback.parse_xml(_open(fields, recipient))
        elif recipient.mode == "safe":
            raise BadAnswer("not encrypted")
    except callback.MalformedBody as error:
        raise BadAnswer("no XML") from error
    if callback.text_of(fields, "ToUserName").strip() != recipient.openid:
        raise BadAnswer("another recipient")
    if callback.text_of(fields, "FromUserName").strip() != recipient.original_id:
        raise BadAnswer("another sender")
    return _reply(fields)


def _open(fields: callback.Fields, recipient: Recipient) -> bytes:
    if recipient.mode == "plain":
        raise BadAnswer("encrypted in plain mode")
    sealed = callback.text_of(fields, "Encrypt").strip()
    times = (callback.text_of(fields, "TimeStamp").strip(), callback.text_of(fields, "Nonce").strip())
    if not callback.is_signed(callback.text_of(fields, "MsgSignature").strip(), recipient.token, *times, sealed):
        raise BadAnswer("wrong MsgSignature")
    for key in recipient.aes_keys:
        try:
            return callback.Cipher(key, recipient.appid).decrypt(sealed)
        except callback.Undecipherable:
            continue
    raise BadAnswer("undecipherable")


# MsgType → its element, and the names of its fields in the API
_ELEMENTS: dict[str, tuple[str, dict[str, str]]] = {
    "image": ("Image", {"MediaId": "media_id"}),
    "voice": ("Voice", {"MediaId": "media_id"}),
    "video": ("Video", {"MediaId": "media_id", "Title": "title", "Description": "description"}),
    "music": (
        "Music",
        {"Title": "title", "Description": "description", "MusicUrl": "musicurl", "HQMusicUrl": "hqmusicurl"},
    ),
}
_ARTICLE = {"Title": "title", "Description": "description", "PicUrl": "picurl", "Url": "url"}


def _reply(fields: callback.Fields) -> PassiveReply:
    kind = callback.text_of(fields, "MsgType").strip()
    if kind == "text":
        content = callback.text_of(fields, "Content")
        if not content or len(content.encode()) > TEXT_LIMIT:
            raise BadAnswer("no text, or too much")
        return _shown(kind, {"content": content})
    if kind in _ELEMENTS:
        element, names = _ELEMENTS[kind]
        found = _renamed(_inner(fields, element), names)
        if "media_id" in found and not found["media_id"].strip():
            raise BadAnswer("no MediaId")
        return _shown(kind, found)
    if kind == "news":
        items = [item for item in _inner(fields, "Articles").get("item", []) if isinstance(item, dict)]
        if not items:
            raise BadAnswer("no article")
        # Only one article is shown since 2018; further ones are dropped.
        return _shown(kind, {"articles": [_renamed(items[0], _ARTICLE)]})
    if kind == "transfer_customer_service":
        account = callback.text_of(_inner(fields, "TransInfo"), "KfAccount")
        return PassiveReply(kind="transfer", content={"kf_account": account})
    raise BadAnswer("unknown MsgType")


def _shown(kind: str, fields: dict[str, Any]) -> PassiveReply:
    shown, content = bubble_of(kind, fields)
    return PassiveReply(kind=shown, content=content, media_id=str(fields.get("media_id", "")).strip())


def _renamed(fields: callback.Fields, names: dict[str, str]) -> dict[str, str]:
    return {ours: callback.text_of(fields, theirs) for theirs, ours in names.items()}


def _inner(fields: callback.Fields, name: str) -> callback.Fields:
    value = fields.get(name)
    return value if isinstance(value, dict) else {}
