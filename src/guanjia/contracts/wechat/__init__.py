"""What others may know of ``wechat``: events, the providers that services announce, client, the callback's format."""

from guanjia.contracts.wechat.client import OutboundMessage, WechatClient
from guanjia.contracts.wechat.events import (
    EventReceived,
    FanChanged,
    MediaFailed,
    MediaStored,
    MessageDispatched,
    MessageFailed,
    MessageReceived,
    MessageSent,
    WindowChanged,
)
from guanjia.contracts.wechat.providers import (
    Provider,
    ProviderAnswer,
    ProviderReply,
    ProviderRequest,
    WechatAnnouncement,
)

__all__ = [
    "EventReceived",
    "FanChanged",
    "MediaFailed",
    "MediaStored",
    "MessageDispatched",
    "MessageFailed",
    "MessageReceived",
    "MessageSent",
    "OutboundMessage",
    "Provider",
    "ProviderAnswer",
    "ProviderReply",
    "ProviderRequest",
    "WechatAnnouncement",
    "WechatClient",
    "WindowChanged",
]
