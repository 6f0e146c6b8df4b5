"""Calls to ``wechat``."""

from __future__ import annotations

from typing import Any

import msgspec

from guanjia.contracts.wechat.providers import WechatAnnouncement
from guanjia.kit.calls import Calls, segment


class OutboundMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A customer-service message to a fan: ``kind`` and ``content`` as in ``ProviderReply``; an image may name a
    ``file`` of ``kit.files``. ``agent`` is the kf account shown, if any."""

    account_id: str
    openid: str
    kind: str
    content: dict[str, Any]
    agent: str = ""


class WechatClient:
    """Calls to ``wechat``."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def announce(self, service: str, digest: str, announcement: WechatAnnouncement) -> None:
        """Tell which providers ``service`` has; once per content."""
        path = f"/announcements/{segment(service)}/{segment(digest)}"
        await self._calls.request("wechat", "PUT", path, body=announcement, returns=dict)

    async def put_message(self, company_id: str, message_id: str, message: OutboundMessage) -> None:
        """Accept a message for sending; a repeat with the same id changes nothing. Its fate comes by the feed."""
        path = f"/messages/{segment(message_id)}"
        await self._calls.request("wechat", "PUT", path, body=message, company_id=company_id, returns=dict)

    async def show_typing(self, company_id: str, account_id: str, openid: str, is_typing: bool) -> None:
        """Show or hide "typing" on the fan's phone; may be lost."""
        body = {"account_id": account_id, "openid": openid, "is_typing": is_typing}
        await self._calls.request("wechat", "POST", "/typings", body=body, company_id=company_id, returns=dict)
