"""Providers: how a service answers WeChat messages, events, menu keys and keywords (R-WX-19..21, A22).

A service announces its providers; ``wechat`` calls ``POST /SERVICE/providers/{name}`` with a ``ProviderRequest``,
2 seconds each, in rising ``order``, until one answers handled or human. Providers are idempotent by ``push_id``,
return replies and never call ``wechat`` meanwhile.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider wants to see. An empty list matches nothing; ``"*"`` in a list matches all.

    ``kinds`` are message kinds, ``events`` event names in lower case, ``menu_keys`` keys of CLICK events,
    ``keywords`` texts that the message contains. ``is_passive``: must answer within the callback.
    """

    name: str
    titles: dict[str, str]
    order: int = 100
    kinds: list[str] = []
    events: list[str] = []
    menu_keys: list[str] = []
    keywords: list[str] = []
    is_passive: bool = False


class WechatAnnouncement(msgspec.Struct, frozen=True, kw_only=True):
    """The providers of a service."""

    providers: list[Provider] = []


class ProviderReply(msgspec.Struct, frozen=True, kw_only=True):
    """One reply: ``kind`` text {content}, image {media_id or file}, news {title, description, url, pic_url},
    menu {head, items:[{id, title}], tail}. ``id`` is given by wechat when it accepts the reply."""

    kind: str
    content: dict[str, Any]
    id: str = ""


class ProviderRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A message (``kind``, ``content``) or an event (``event``, ``event_key``) of a fan."""

    push_id: str
    account_id: str
    openid: str
    fan_name: str = ""
    remark: str = ""
    kind: str = ""
    content: dict[str, Any] = {}
    event: str = ""
    event_key: str = ""


class ProviderAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """``pass``: not mine; ``handled``: answered by ``replies``; ``human``: a person shall take it, in ``group``."""

    outcome: Literal["pass", "handled", "human"]
    replies: list[ProviderReply] = []
    group: str = ""
