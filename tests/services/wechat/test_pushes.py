"""Every kind of message and event that WeChat's documents name: parsed, stored, told, none dropped."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from guanjia.contracts.wechat.callback import parse_body
from guanjia.services.wechat.rules.pushes import read_push
from tests.services.wechat.conftest import PUSHES, Desk

FILES = sorted(PUSHES.glob("*.xml"))
BODIES = {file: file.read_bytes() for file in FILES}
AT = datetime(2026, 3, 2, tzinfo=UTC)

CONTENTS: dict[str, Any] = {
    "text": {"content": "满意"},
    "image": {"pic_url": "http://mmbiz.qpic.cn/mmbiz_jpg/abc/0", "media_id": "media-1"},
    "voice": {
        "media_id": "media-2",
        "format": "amr",
        "recognition": "刹车有异响",
        "media_id_16k": "media-2-16k",
    },
    "video": {"media_id": "media-3", "thumb_media_id": "thumb-3"},
    "shortvideo": {"media_id": "media-4", "thumb_media_id": "thumb-4"},
    "location": {"latitude": 23.137466, "longitude": 113.352425, "scale": 20.0, "label": "广州市天河区"},
    "link": {
        "title": "保养手册",
        "description": "每 5000 公里",
        "url": "https://example.com/?a=1&b=2",
    },
    "file": {
        "Title": "发票.pdf",
        "Description": "",
        "FileKey": "key",
        "FileMd5": "d41d8cd98f00b204e9800998ecf8427e",
        "FileTotalLen": "42",
    },
    "hologram": {"Depth": "3", "Layers": {"item": [{"Name": "a"}]}},
}


@pytest.mark.parametrize("kind", CONTENTS)
def test_messages_in_our_words(kind: str) -> None:
    push = read_push(parse_body((PUSHES / f"{kind}.xml").read_bytes()), AT)
    assert (push.kind, push.content) == (kind, CONTENTS[kind])
    assert push.openid == "oOpenid"


def test_a_tap_on_a_menu_in_a_message() -> None:
    assert read_push(parse_body((PUSHES / "text.xml").read_bytes()), AT).menu_item_id == "5"


@pytest.mark.parametrize(
    ("name", "event", "key", "data"),
    [
        ("scan", "scan", "123123", {"Ticket": "TICKET"}),
        ("click", "click", "V1001", {}),
        (
            "pic_weixin",
            "pic_weixin",
            "6",
            {
                "SendPicsInfo": {
                    "Count": "1",
                    "PicList": {"item": [{"PicMd5Sum": "1b5f7c23b5bf75682a53e7b6d163e185"}]},
                }
            },
        ),
        (
            "subscribe_msg_popup",
            "subscribe_msg_popup_event",
            "",
            {
                "SubscribeMsgPopupEvent": {
                    "List": [{"TemplateId": "T1", "SubscribeStatusString": "accept", "PopupScene": "2"}]
                }
            },
        ),
    ],
)
def test_events_in_our_words(name: str, event: str, key: str, data: dict[str, Any]) -> None:
    push = read_push(parse_body((PUSHES / f"event_{name}.xml").read_bytes()), AT)
    assert (push.event, push.event_key) == (event, key)
    assert push.content.items() >= data.items()


@pytest.mark.anyio
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_each_push_is_acknowledged_stored_and_told(desk: Desk, file: Path) -> None:
    account = await desk.account()
    body = BODIES[file].replace(b"oOpenid", account.openid.encode())
    for _ in range(2):
        answer = await account.push(body)
        assert (answer.status, answer.body) == (200, b"success")
    assert len(await account.pushes()) == 1
    told = await account.events("message_received", "event_received")
    assert len(told) == 1
    name, data = told[0]
    if file.stem.startswith("event_"):
        assert (name, data["sent_at"]) == ("event_received", "2014-09-03T09:20:00Z")
        assert data["event"] == data["data"]["Event"].lower()
    else:
        assert (name, data["kind"]) == ("message_received", file.stem)
    assert len(await account.events("message_dispatched")) == 1
