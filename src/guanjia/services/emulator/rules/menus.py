"""What a custom menu must look like, with WeChat's own code for each fault. Sizes are bytes of UTF-8."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from guanjia.services.emulator.rules.errors import WechatError

TOP_BUTTONS = 3
SUB_BUTTONS = 5
TOP_NAME = 16
SUB_NAME = 60
KEY = 128
URL = 1024
DOMAINS = 3

# type → the fields that it needs
TYPES: dict[str, tuple[str, ...]] = {
    "click": ("key",),
    "view": ("url",),
    "miniprogram": ("url", "appid", "pagepath"),
    "scancode_push": ("key",),
    "scancode_waitmsg": ("key",),
    "pic_sysphoto": ("key",),
    "pic_photo_or_album": ("key",),
    "pic_weixin": ("key",),
    "location_select": ("key",),
    "media_id": ("media_id",),
    "view_limited": ("media_id",),
    "article_id": ("article_id",),
    "article_view_limited": ("article_id",),
}
_FIELDS = ("type", "name", "key", "url", "media_id", "article_id", "appid", "pagepath")


def check_menu(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The buttons of a menu, only with the fields that WeChat keeps; WechatError names the first fault."""
    buttons = body.get("button")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= TOP_BUTTONS:
        raise WechatError(40016)
    checked = [_button(button, is_sub=False) for button in buttons]
    every = [leaf for button in checked for leaf in (button["sub_button"] or [button])]
    domains = {urlsplit(leaf["url"]).hostname for leaf in every if leaf.get("type") == "view"}
    if len(domains) > DOMAINS and "matchrule" in body:
        raise WechatError(65316)
    return checked


def _button(button: Any, *, is_sub: bool) -> dict[str, Any]:
    def fault(code: int) -> WechatError:
        # The codes of sub-buttons stand seven above those of the top row.
        return WechatError(code + 7 if is_sub else code)

    if not isinstance(button, dict):
        raise WechatError(65317)
    name = button.get("name")
    if not isinstance(name, str) or not 1 <= _size(name) <= (SUB_NAME if is_sub else TOP_NAME):
        raise fault(40018)
    below = button.get("sub_button")
    if isinstance(below, dict):
        below = below.get("list")  # the shape that get_current_selfmenu_info answers with
    if below and not is_sub:
        if not isinstance(below, list) or len(below) > SUB_BUTTONS:
            raise WechatError(40023)
        return {"name": name, "sub_button": [_button(one, is_sub=True) for one in below]}
    kind = button.get("type")
    if not isinstance(kind, str) or kind not in TYPES:
        is_capital = isinstance(kind, str) and kind.lower() in TYPES
        raise WechatError(65318) if is_capital else fault(40017)
    kept: dict[str, Any] = {}
    for field in _FIELDS:
        value = button.get(field)
        if value is not None:
            if not isinstance(value, str):
                raise WechatError(65317)
            kept[field] = value
    _check_fields(kind, kept, fault)
    kept["sub_button"] = []
    return kept


def _check_fields(kind: str, kept: dict[str, Any], fault: Any) -> None:
    for field in TYPES[kind]:
        value = kept.get(field, "")
        if field == "url":
            if not value or _size(value) > URL:
                raise fault(40020)
            if not value.lower().startswith(("http://", "https://")) and kind == "view":
                raise WechatError(40055)
            _host(value)
        elif field == "key":
            if not value or _size(value) > KEY:
                raise fault(40019)
        elif field in ("media_id", "article_id"):
            if not value:
                raise WechatError(40007)
        elif not value:
            raise WechatError(65317)


def _host(url: str) -> None:
    try:
        urlsplit(url).hostname  # noqa: B018 -- a broken IPv6 host raises when it is read
    except ValueError as error:
        raise WechatError(40055) from error


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def find_button(menu: list[dict[str, Any]] | None, key: str) -> dict[str, Any] | None:
    """The button whose key, url or page path is ``key``."""
    for button in menu or []:
        for leaf in button["sub_button"] or [button]:
            if key and key in (leaf.get("key"), leaf.get("url"), leaf.get("pagepath"), leaf.get("media_id")):
                found: dict[str, Any] = leaf
                return found
    return None


def self_menu(menu: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """The menu in the shape of get_current_selfmenu_info: sub-buttons under ``list``, none where there are none."""
    shown: list[dict[str, Any]] = []
    for button in menu or []:
        plain = {name: value for name, value in button.items() if name != "sub_button"}
        if button["sub_button"]:
            plain["sub_button"] = {"list": self_menu(button["sub_button"])}
        shown.append(plain)
    return shown
