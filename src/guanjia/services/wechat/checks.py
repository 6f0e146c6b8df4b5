"""Tries an account's credentials against WeChat."""

from __future__ import annotations

from guanjia.kit.errors import NotFound
from guanjia.kit.service import Context
from guanjia.services.wechat.api import Api, ApiFailure
from guanjia.services.wechat.registry import Registry
from guanjia.services.wechat.tokens import Tokens


async def check_credentials(context: Context, account_id: str) -> ApiFailure | None:
    """Fetch a token, then ask something that needs it; the first failure, or None when all is well."""
    account = context.part(Registry).account(account_id)
    if account is None:
        raise NotFound()
    api = context.part(Api)
    try:
        await context.part(Tokens).renew(account, api.fetch_token)
        await api.call(account, "callback_ip", "/cgi-bin/getcallbackip")
    except ApiFailure as failure:
        return failure
    return None
