"""Messages as a phone shows them: kinds and contents of the phone, from the msgtypes of WeChat's API."""

from __future__ import annotations

from typing import Any

# msgtype of the API → kind on the phone, where they differ
_KINDS = {"msgmenu": "menu", "miniprogrampage": "miniprogram"}


def text_in(fields: Any, name: str) -> str:
    """A text of an object of the API; empty when it is missing or something else."""
    value = fields.get(name) if isinstance(fields, dict) else None
    return value if isinstance(value, str) else ""


def bubble_of(msgtype: str, fields: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Kind and content on the phone of the object ``fields`` of a customer-service message."""
    kind = _KINDS.get(msgtype, msgtype)
    if msgtype == "text":
        return kind, {"content": text_in(fields, "content")}
    if msgtype in ("image", "voice"):
        return kind, {"media_id": text_in(fields, "media_id")}
    if msgtype == "video":
        names = ("media_id", "title", "description")
        return kind, {name: text_in(fields, name) for name in names}
    if msgtype == "music":
        url = text_in(fields, "musicurl") or text_in(fields, "hqmusicurl")
        return kind, {"title": text_in(fields, "title"), "description": text_in(fields, "description"), "url": url}
    if msgtype == "news":
        articles = fields.get("articles")
        return kind, {"articles": [article_of(one) for one in articles] if isinstance(articles, list) else []}
    if msgtype == "msgmenu":
        items = [one for one in fields.get("list") or [] if isinstance(one, dict)]
        return kind, {
            "head": text_in(fields, "head_content"),
            "items": [{"id": str(one.get("id", "")), "title": text_in(one, "content")} for one in items],
            "tail": text_in(fields, "tail_content"),
        }
    if msgtype == "miniprogrampage":
        return kind, {name: text_in(fields, name) for name in ("title", "appid", "pagepath")}
    if msgtype == "link":
        return kind, {name: text_in(fields, name) for name in ("title", "description", "url")}
    return kind, {name: value for name, value in fields.items() if isinstance(value, str)}


def article_of(fields: Any) -> dict[str, str]:
    """One article of a news message."""
    return {
        "title": text_in(fields, "title"),
        "description": text_in(fields, "description"),
        "url": text_in(fields, "url"),
        "pic_url": text_in(fields, "picurl"),
    }


def preview_of(content: dict[str, Any]) -> str:
    """What the chat list can quote of a message; empty for a picture and the like."""
    for name in ("content", "text", "title", "label", "head"):
        if value := text_in(content, name):
            return value.replace("\n", " ")[:200]
    articles = content.get("articles")
    return text_in(articles[0], "title")[:200] if isinstance(articles, list) and articles else ""
