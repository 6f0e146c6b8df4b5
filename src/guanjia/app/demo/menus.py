"""The demo accounts' bottom menus, as WeChat's ``menu/create`` takes them."""

from __future__ import annotations

from typing import Any

MENUS: dict[str, list[dict[str, Any]]] = {
    "car": [
        {
            "name": "服务大厅",
            "sub_button": [
                {"type": "click", "name": "预约保养", "key": "service_booking"},
                {"type": "click", "name": "服务网点", "key": "service_points"},
                {"type": "click", "name": "道路救援", "key": "rescue"},
            ],
        },
        {"type": "click", "name": "联系客服", "key": "human"},
        {
            "name": "我的",
            "sub_button": [
                {"type": "location_select", "name": "发送位置", "key": "send_location"},
                {"type": "pic_photo_or_album", "name": "拍照上传", "key": "send_photo"},
            ],
        },
    ],
    "home": [
        {"type": "click", "name": "我要报修", "key": "repair"},
        {"type": "click", "name": "我要投诉", "key": "complaint"},
        {"type": "click", "name": "联系前台", "key": "human"},
    ],
}
