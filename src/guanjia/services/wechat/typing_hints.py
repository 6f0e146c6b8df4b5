"""The sign "typing" on a fan's phone: a hint that may be lost, never worth a retry."""

from __future__ import annotations

import logging

from guanjia.kit.service import Context
from guanjia.services.wechat.api import Api, ApiFailure
from guanjia.services.wechat.registry import Account

log = logging.getLogger(__name__)


async def send_typing(context: Context, account: Account, openid: str, is_typing: bool) -> None:
    """Show or hide the sign; WeChat shows it for 15 seconds, and only within 30 of the fan's last word."""
    if not account.row.is_active or not account.secret or not account.may("customer_message"):
        return
    body = {"touser": openid, "command": "Typing" if is_typing else "CancelTyping"}
    try:
        await context.part(Api).call(account, "typing", "/cgi-bin/message/custom/typing", body=body)
    except ApiFailure as failure:
        log.debug("typing was not shown by account %s: %s", account.id, failure)
