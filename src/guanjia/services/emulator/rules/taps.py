"""What a tap on a menu button pushes."""

from __future__ import annotations

import hashlib
from typing import Any

# type of the button → Event of the push
TAP_EVENTS = {
    "click": "CLICK",
    "view": "VIEW",
    "miniprogram": "view_miniprogram",
    "scancode_push": "scancode_push",
    "scancode_waitmsg": "scancode_waitmsg",
    "pic_sysphoto": "pic_sysphoto",
    "pic_photo_or_album": "pic_photo_or_album",
    "pic_weixin": "pic_weixin",
    "location_select": "location_select",
}
SCANNED = "https://weixin.qq.com/r/emulated"


def menu_id_of(appid: str) -> int:
    """The MenuId of an account's default menu."""
    return int.from_bytes(hashlib.sha256(appid.encode()).digest()[:4], "big") | 0x10000000


def tap_fields(kind: str, button: dict[str, Any], appid: str) -> dict[str, Any]:
    """The event's fields after ``Event``."""
    if kind == "view":
        return {"EventKey": button["url"], "MenuId": menu_id_of(appid)}
    if kind == "miniprogram":
        return {"EventKey": button["pagepath"], "MenuId": menu_id_of(appid)}
    fields: dict[str, Any] = {"EventKey": button["key"]}
    if kind.startswith("scancode"):
        fields["ScanCodeInfo"] = {"ScanType": "qrcode", "ScanResult": SCANNED}
    elif kind.startswith("pic_"):
        digest = hashlib.md5(button["key"].encode(), usedforsecurity=False).hexdigest()
        fields["SendPicsInfo"] = {"Count": 1, "PicList": {"item": [{"PicMd5Sum": digest}]}}
    elif kind == "location_select":
        fields["SendLocationInfo"] = {
            "Location_X": "31.230400",
            "Location_Y": "121.473700",
            "Scale": "15",
            "Label": "上海市人民广场",
            "Poiname": "",
        }
    return fields
