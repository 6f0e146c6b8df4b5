"""Messages on their way out: what is acceptable, customer-service JSON, and passive XML."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import quote

from guanjia.contracts.wechat.callback import build_xml
from guanjia.kit.errors import Invalid
from guanjia.services.wechat.rules.dispatching import TEXT_BYTES, shorten

LONGEST_MENU = 20
# What a reply needs: of each group one field.
_NEEDED: dict[str, list[tuple[str, ...]]] = {
    "text": [("content",)],
    "image": [("media_id", "file")],
    "voice": [("media_id", "file")],
    "news": [("title",), ("url",)],
    "menu": [("items",)],
}
UPLOAD_TYPES = {"image": "image", "voice": "voice"}


def check_message(kind: str, content: Mapping[str, Any]) -> None:
    """Invalid, with the field named, for a message that WeChat would refuse."""
    needed = _NEEDED.get(kind)
    if needed is None:
        raise Invalid(fields={"kind": "kind_unknown"})
    for names in needed:
        if not any(content.get(name) for name in names):
            raise Invalid(fields={f"content.{names[0]}": "field_missing"})
    for name, value in content.items():
        if name == "items":
            continue
        if not isinstance(value, str):
            raise Invalid(fields={f"content.{name}": "text_expected"})
        if len(value.encode("utf-8", "replace")) > TEXT_BYTES:
            raise Invalid(fields={f"content.{name}": "text_too_long"})
    if kind == "menu":
        _check_items(content["items"])


def _check_items(items: Any) -> None:
    if not isinstance(items, list) or not 1 <= len(items) <= LONGEST_MENU:
        raise Invalid(fields={"content.items": "menu_items_wrong"})
    for item in items:
        if not isinstance(item, dict) or not all(
            isinstance(item.get(name), str) and item[name] for name in ("id", "title")
        ):
            raise Invalid(fields={"content.items": "menu_items_wrong"})


def customer_message(
    openid: str, kind: str, content: Mapping[str, Any], agent: str = "", media_id: str = ""
) -> dict[str, Any]:
    """The JSON of ``message/custom/send``; ``media_id`` is that of an uploaded ``file``."""
    body: dict[str, Any] = {"touser": openid}
    if kind == "text":
        body |= {"msgtype": "text", "text": {"content": content["content"]}}
    elif kind in UPLOAD_TYPES:
        body |= {"msgtype": kind, kind: {"media_id": media_id or content["media_id"]}}
    elif kind == "news":
        body |= {
            "msgtype": "news",
            "news": {
                "articles": [
                    {
                        "title": content["title"],
                        "description": content.get("description", ""),
                        "url": content["url"],
                        "picurl": content.get("pic_url", ""),
                    }
                ]
            },
        }
    else:
        body |= {
            "msgtype": "msgmenu",
            "msgmenu": {
                "head_content": content.get("head", ""),
                "list": [{"id": item["id"], "content": item["title"]} for item in content["items"]],
                "tail_content": content.get("tail", ""),
            },
        }
    if agent:
        body["customservice"] = {"kf_account": agent}
    return body


def passive_fields(kind: str, content: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fields of a passive reply, or None when it can't be one (a file that was never uploaded)."""
    if kind == "text":
        return {"MsgType": "text", "Content": content["content"]}
    if kind in UPLOAD_TYPES:
        media_id = content.get("media_id")
        return {"MsgType": kind, kind.capitalize(): {"MediaId": media_id}} if media_id else None
    if kind == "news":
        article = {
            "Title": content["title"],
            "Description": content.get("description", ""),
            "PicUrl": content.get("pic_url", ""),
            "Url": content["url"],
        }
        return {"MsgType": "news", "ArticleCount": 1, "Articles": {"item": [article]}}
    # A menu has no passive form, but its links work in any text.
    lines = [content.get("head", "")]
    for item in content["items"]:
        target = f"msgmenucontent={quote(item['title'])}&msgmenuid={quote(item['id'])}"
        lines.append(f'<a href="weixin://bizmsgmenu?{target}">{escape(item["title"])}</a>')
    lines.append(content.get("tail", ""))
    return {"MsgType": "text", "Content": shorten("\n".join(filter(None, lines)))}


def passive_xml(fields: Mapping[str, Any], openid: str, original_id: str, created: int) -> bytes:
    """A passive reply from the account ``original_id`` to the fan ``openid``."""
    return build_xml({"ToUserName": openid, "FromUserName": original_id, "CreateTime": created, **fields})
