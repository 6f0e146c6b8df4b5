"""What a push says: its fields as a ``Push``, unknown kinds and events included."""

from __future__ import annotations

import hashlib
import math
import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from guanjia.contracts.wechat.callback import Fields, MalformedBody, text_of

# 28 letters, digits, dashes and underscores are the rule; what could name nobody elsewhere is no sender.
_OPENID = re.compile(r"[!-~]{1,64}\Z")
_LAST_SECOND = 253402300799  # of the year 9999

# Of each known kind of message: WeChat's field → ours.
_CONTENTS: dict[str, dict[str, str]] = {
    "text": {"Content": "content"},
    "image": {"PicUrl": "pic_url", "MediaId": "media_id"},
    "voice": {
        "MediaId": "media_id",
        "Format": "format",
        "Recognition": "recognition",
        "MediaId16K": "media_id_16k",
    },
    "video": {"MediaId": "media_id", "ThumbMediaId": "thumb_media_id"},
    "shortvideo": {"MediaId": "media_id", "ThumbMediaId": "thumb_media_id"},
    "location": {
        "Location_X": "latitude",
        "Location_Y": "longitude",
        "Scale": "scale",
        "Label": "label",
    },
    "link": {"Title": "title", "Description": "description", "Url": "url"},
}
_OPTIONAL = {"Recognition", "MediaId16K"}
_NUMBERS = {"Location_X", "Location_Y", "Scale"}
_ENVELOPE = {"ToUserName", "FromUserName", "CreateTime", "MsgType", "MsgId"}
MEDIA_KINDS = frozenset({"image", "voice", "video", "shortvideo"})

# A message renews the long window; these renew the short one: menu taps of click and scan types, follow, scan.
TAP_EVENTS = frozenset(
    {
        "click",
        "subscribe",
        "scan",
        "scancode_push",
        "scancode_waitmsg",
        "pic_sysphoto",
        "pic_photo_or_album",
        "pic_weixin",
        "location_select",
    }
)


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery of WeChat. Messages have a ``kind`` and ``content``; events an ``event`` (lower case) and ``data``.

    ``dedupe`` is a digest of what a repeat has in common with the first delivery.
    """

    openid: str
    original_id: str
    kind: str
    event: str = ""
    event_key: str = ""
    content: dict[str, Any] = {}
    menu_item_id: str = ""
    sent_at: datetime
    dedupe: str

    @property
    def is_event(self) -> bool:
        return self.kind == "event"

    @property
    def text(self) -> str:
        """What keywords are looked for in: a text, or what WeChat understood of a voice."""
        if self.kind == "text":
            return str(self.content.get("content", ""))
        return str(self.content.get("recognition", "")) if self.kind == "voice" else ""


def read_push(fields: Fields, received_at: datetime) -> Push:
    """The push in ``fields``; MalformedBody when it names no sender or kind.

    ``received_at`` stands in for a time that can't be read.
    """
    openid, kind = text_of(fields, "FromUserName"), text_of(fields, "MsgType").lower()
    if not _OPENID.match(openid) or not kind:
        raise MalformedBody("no sender or kind")
    created = text_of(fields, "CreateTime")
    original_id = text_of(fields, "ToUserName")
    if kind == "event":
        event, key = text_of(fields, "Event"), text_of(fields, "EventKey")
        number = text_of(fields, "MsgID") or text_of(fields, "MsgId")
        return Push(
            openid=openid,
            original_id=original_id,
            kind=kind,
            event=event.lower(),
            event_key=key,
            content={
                name: value
                for name, value in fields.items()
                if name not in ("ToUserName", "FromUserName", "CreateTime", "MsgType", "EventKey")
            },
            sent_at=_moment(created, received_at),
            dedupe=_digest("event", openid, created, event, key, number),
        )
    number = text_of(fields, "MsgId")
    parts = (openid, number) if number else (openid, created, msgspec.json.encode(fields).decode())
    return Push(
        openid=openid,
        original_id=original_id,
        kind=kind,
        content=_content(kind, fields),
        menu_item_id=text_of(fields, "bizmsgmenuid"),
        sent_at=_moment(created, received_at),
        dedupe=_digest("message", *parts),
    )


def _content(kind: str, fields: Fields) -> dict[str, Any]:
    names = _CONTENTS.get(kind)
    if names is None:
        return {name: value for name, value in fields.items() if name not in _ENVELOPE}
    content: dict[str, Any] = {}
    for source, name in names.items():
        value = text_of(fields, source)
        if value or source not in _OPTIONAL:
            content[name] = _number(value) if source in _NUMBERS else value
    return content


def _number(text: str) -> float | str:
    """The number in ``text``, else the text itself."""
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def _moment(seconds: str, otherwise: datetime) -> datetime:
    if seconds.isascii() and seconds.isdigit() and len(seconds) <= 12 and int(seconds) <= _LAST_SECOND:
        return datetime.fromtimestamp(int(seconds), UTC)
    return otherwise


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\x00".join(parts).encode(), digest_size=16).hexdigest()
