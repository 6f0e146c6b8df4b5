"""Events of ``wechat``. The key of each is ``account_id:openid``, so that one fan's events keep their order."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from guanjia.contracts.wechat.providers import ProviderReply
from guanjia.kit.feed import Event

Outcome = Literal["handled", "human", "unhandled"]


class MessageReceived(Event, frozen=True, kw_only=True):
    """A fan sent a message; its push is on disk. ``kind`` is WeChat's MsgType, unknown ones included.

    ``content`` holds the kind's fields in snake_case: text {content}, image {pic_url, media_id}, voice {media_id,
    format, recognition}, video {media_id, thumb_media_id}, location {latitude, longitude, scale, label}, link
    {title, description, url}; anything else its raw fields. ``menu_item_id`` is set when a msgmenu item was tapped.
    The window is what ``WindowChanged`` tells of other pushes and of sends.
    """

    push_id: str
    account_id: str
    account_name: str
    openid: str
    fan_name: str
    kind: str
    content: dict[str, Any]
    menu_item_id: str = ""
    window_expires_at: datetime | None = None
    window_remaining: int = 0
    sent_at: datetime


class EventReceived(Event, frozen=True, kw_only=True):
    """A fan did something (subscribe, SCAN, CLICK, …). ``event`` is lower case; ``data`` the raw fields."""

    push_id: str
    account_id: str
    account_name: str
    openid: str
    fan_name: str
    event: str
    event_key: str
    data: dict[str, Any]
    sent_at: datetime


class MessageDispatched(Event, frozen=True, kw_only=True):
    """What the providers made of a message or event: answered (``replies`` are being sent under their ids), to be
    taken by a person (``group`` may name the group), or answered by nobody. Default and greeting replies of the
    account are among ``replies`` too."""

    push_id: str
    account_id: str
    openid: str
    outcome: Outcome
    provider: str = ""
    group: str = ""
    replies: list[ProviderReply] = []


class MediaStored(Event, frozen=True, kw_only=True):
    """The picture, voice or video of a message was fetched; ``file`` is an id of ``kit.files``."""

    push_id: str
    account_id: str
    openid: str
    file: str
    media_type: str
    size: int


class MediaFailed(Event, frozen=True, kw_only=True):
    """The media of a message could not be fetched; ``reason`` is a code that has words."""

    push_id: str
    account_id: str
    openid: str
    reason: str


class MessageSent(Event, frozen=True, kw_only=True):
    """WeChat took the message with our id ``message_id``."""

    message_id: str
    account_id: str
    openid: str


class MessageFailed(Event, frozen=True, kw_only=True):
    """WeChat refused the message, or (``is_unknown``) its answer was never seen; ``errcode`` 0: it was we."""

    message_id: str
    account_id: str
    openid: str
    reason: str
    errcode: int = 0
    is_unknown: bool = False


class WindowChanged(Event, frozen=True, kw_only=True):
    """How long, and how many more, customer-service messages may be sent to a fan. ``expires_at`` None: none."""

    account_id: str
    openid: str
    expires_at: datetime | None
    remaining: int


class FanChanged(Event, frozen=True, kw_only=True):
    """A fan followed, unfollowed or changed."""

    account_id: str
    account_name: str
    openid: str
    unionid: str
    name: str
    remark: str
    is_subscribed: bool
    subscribed_at: datetime | None
    subscribe_scene: str
    qr_scene: str
